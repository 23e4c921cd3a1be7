package replay

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"syscall"
)

// Bounds of a recorder's queue when none are given: half a second of a well-equipped vehicle.
const (
	defaultQueueMessages = 4096
	defaultQueueBytes    = 64 << 20
)

// RecorderState is what health shows.
type RecorderState string

// The states of a Recorder.
const (
	// Recording: all is well, or messages are being dropped because the disk is slow: see the counters.
	Recording RecorderState = "recording"
	// DiskFull and Failed: the recording ended early; the error says more.
	DiskFull RecorderState = "disk_full"
	Failed   RecorderState = "failed"
	// Stopped: Close was called and the recording is whole.
	Stopped RecorderState = "stopped"
)

// RecorderHealth is a recorder's account: Offered = Written + Overflow + Refused + AfterEnd + Lost + Queued.
type RecorderHealth struct {
	State RecorderState `json:"state"`
	// Err is why the recording ended early, nil otherwise. LastRefusal is the last message that was refused.
	Err         error `json:"-"`
	LastRefusal error `json:"-"`
	// Offered messages; Written ones are in the recording; Overflow did not fit in the queue; Refused ones cannot be
	// recorded (too large, unknown schema); AfterEnd came when the recording had ended; Lost were written into a chunk
	// that never reached the disk.
	Offered, Written, Overflow, Refused, AfterEnd, Lost uint64
	// Queued messages and bytes wait now.
	Queued      int
	QueuedBytes int64
	// Bytes have gone to the file.
	Bytes int64
}

// Recorder is a tap: it takes messages from any goroutine, never blocks and never fails its caller. One goroutine of its
// own writes them; Close stops it and waits for it. What does not fit in the queue is dropped (the newest) and counted.
// When the disk is full the recording ends, recoverable, and everything after is counted.
type Recorder struct {
	w        *Writer
	maxQueue int
	maxBytes int64

	mu     sync.Mutex
	wake   *sync.Cond // queue not empty, or closing
	queue  []Message
	health RecorderHealth
	closed bool
	done   chan struct{}
}

// RecorderOptions bound the queue; zero values mean 4096 messages and 64 MiB.
type RecorderOptions struct {
	QueueMessages int
	QueueBytes    int64
}

// NewRecorder starts recording into w, which it owns from now on.
func NewRecorder(w *Writer, o RecorderOptions) *Recorder {
	r := &Recorder{
		w: w, maxQueue: cmp.Or(o.QueueMessages, defaultQueueMessages), maxBytes: cmp.Or(o.QueueBytes, defaultQueueBytes),
		health: RecorderHealth{State: Recording}, done: make(chan struct{}),
	}
	r.wake = sync.NewCond(&r.mu)
	go r.run()
	return r
}

// Record offers a message and reports whether it was queued. m.Data is kept until it is written: it must not be modified.
func (r *Recorder) Record(m Message) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := &r.health
	h.Offered++
	n := int64(len(m.Data))
	switch {
	case r.closed || h.State != Recording:
		h.AfterEnd++
		return false
	case len(r.queue) >= r.maxQueue || h.QueuedBytes+n > r.maxBytes:
		h.Overflow++
		return false
	}
	r.queue = append(r.queue, m)
	h.QueuedBytes += n
	r.wake.Signal()
	return true
}

// Health returns the account as of now.
func (r *Recorder) Health() RecorderHealth {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.health
	h.Queued = len(r.queue)
	return h
}

// Close writes what is queued, finishes the recording and returns why it ended early, if it did. Calling it again gives
// the same answer.
func (r *Recorder) Close() error {
	r.mu.Lock()
	r.closed = true
	r.wake.Broadcast()
	r.mu.Unlock()
	<-r.done
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.health.Err
}

func (r *Recorder) run() {
	defer close(r.done)
	for {
		m, ok := r.take()
		if !ok {
			break
		}
		r.write(m)
	}
	err := r.w.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.end(err)
		return
	}
	r.health.State, r.health.Bytes = Stopped, r.w.Bytes()
}

// take waits for the next message; not ok when the recorder is closed and the queue is empty, or the recording has ended.
func (r *Recorder) take() (Message, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.queue) == 0 && !r.closed && r.health.State == Recording {
		r.wake.Wait()
	}
	if len(r.queue) == 0 || r.health.State != Recording {
		return Message{}, false
	}
	m := r.queue[0]
	r.queue[0] = Message{}
	r.queue = r.queue[1:]
	return m, true
}

func (r *Recorder) write(m Message) {
	err := r.w.Write(m)
	r.mu.Lock()
	defer r.mu.Unlock()
	h := &r.health
	h.QueuedBytes -= int64(len(m.Data))
	h.Bytes = r.w.Bytes()
	switch {
	case err == nil:
		h.Written++
	case r.w.Err() == nil: // the message, not the file
		h.Refused++
		h.LastRefusal = err
	default:
		h.Lost++
		r.end(err)
	}
}

// end notes why the recording ended and accounts for what will not be written. The caller holds mu.
func (r *Recorder) end(err error) {
	h := &r.health
	if h.Err != nil {
		return
	}
	h.Err, h.State = err, Failed
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		h.State = DiskFull
	}
	var we *WriteError
	if errors.As(err, &we) { // accepted by the writer, but in a chunk that is lost
		lost := min(we.Lost, h.Written)
		h.Written -= lost
		h.Lost += lost
	}
	h.AfterEnd += uint64(len(r.queue))
	r.queue, h.QueuedBytes = nil, 0
}

// String says how the recorder does in one line.
func (h RecorderHealth) String() string {
	s := fmt.Sprintf("%s: %d written, %d overflow, %d refused, %d after the end, %d lost, %d queued, %d bytes",
		h.State, h.Written, h.Overflow, h.Refused, h.AfterEnd, h.Lost, h.Queued, h.Bytes)
	if h.Err != nil {
		s += ": " + h.Err.Error()
	}
	return s
}
