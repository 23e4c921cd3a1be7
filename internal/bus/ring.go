package bus

// Ring is a queue of bounded size that keeps the latest: a push into a full ring overwrites the oldest item and counts it.
// Not safe for concurrent use. It allocates only when made, and lets go of an item as soon as it is popped.
type Ring[T any] struct {
	items    []T
	head     int // index of the oldest item
	length   int
	overruns uint64
}

// NewRing returns an empty ring of n items; n below one counts as one.
func NewRing[T any](n int) *Ring[T] { return &Ring[T]{items: make([]T, max(n, 1))} }

// DefaultRingSize is how many messages of a kind wait at most: 2 camera frames, 2 lidar sweeps, 4 radar scans and 256 ego
// motions (more than a second at 200 Hz). Outputs and control are not meant for rings; they get 16.
func DefaultRingSize(k Kind) int {
	switch k {
	case KindCamera, KindLidar:
		return 2
	case KindRadar:
		return 4
	case KindEgo:
		return 256
	default:
		return 16
	}
}

// Push adds v as the newest item. It reports whether the oldest one was overwritten.
func (r *Ring[T]) Push(v T) (overrun bool) {
	if r.length == len(r.items) {
		r.items[r.head] = v
		r.head = r.next(r.head)
		r.overruns++
		return true
	}
	tail := r.head + r.length
	if tail >= len(r.items) {
		tail -= len(r.items)
	}
	r.items[tail] = v
	r.length++
	return false
}

// Pop removes the oldest item.
func (r *Ring[T]) Pop() (v T, ok bool) {
	if r.length == 0 {
		return v, false
	}
	var zero T
	v, r.items[r.head] = r.items[r.head], zero
	r.head = r.next(r.head)
	r.length--
	return v, true
}

// Oldest returns a pointer to the item that Pop would give, or nil; it is valid until the next Push or Pop.
func (r *Ring[T]) Oldest() *T {
	if r.length == 0 {
		return nil
	}
	return &r.items[r.head]
}

// Len is the number of items waiting.
func (r *Ring[T]) Len() int { return r.length }

// Cap is the most that can wait.
func (r *Ring[T]) Cap() int { return len(r.items) }

// Overruns is how many items were overwritten since the ring was made.
func (r *Ring[T]) Overruns() uint64 { return r.overruns }

func (r *Ring[T]) next(i int) int {
	if i++; i == len(r.items) {
		return 0
	}
	return i
}
