package bus

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The ring against a plain slice.
func TestRingModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 8).Draw(t, "size")
		r := NewRing[int](size)
		var model []int
		var overruns uint64
		for i, push := range rapid.SliceOf(rapid.Bool()).Draw(t, "pushes") {
			if push {
				want := len(model) == size
				if want {
					model = model[1:]
					overruns++
				}
				model = append(model, i)
				if got := r.Push(i); got != want {
					t.Fatalf("push %d: overrun %v, want %v", i, got, want)
				}
			} else {
				oldest := r.Oldest()
				got, ok := r.Pop()
				if ok != (len(model) > 0) || (oldest != nil) != ok {
					t.Fatalf("pop %d: %v, oldest %v with %d items", i, ok, oldest, len(model))
				}
				if ok {
					if got != model[0] {
						t.Fatalf("pop %d: got %d, want %d", i, got, model[0])
					}
					model = slices.Delete(model, 0, 1)
				}
			}
			if r.Len() != len(model) || r.Overruns() != overruns || r.Cap() != size {
				t.Fatalf("len %d, overruns %d, cap %d; want %d, %d, %d", r.Len(), r.Overruns(), r.Cap(), len(model), overruns, size)
			}
		}
	})
}

func TestRingReleasesItems(t *testing.T) {
	r := NewRing[[]byte](2)
	r.Push(make([]byte, 1))
	r.Push(make([]byte, 1))
	r.Pop()
	r.Pop()
	for i, b := range r.items {
		if b != nil {
			t.Errorf("slot %d still holds its item", i)
		}
	}
}

func TestRingSizes(t *testing.T) {
	for _, tc := range []struct {
		kind Kind
		want int
	}{{KindCamera, 2}, {KindLidar, 2}, {KindRadar, 4}, {KindEgo, 256}, {KindObjects, 16}} {
		if got := NewRing[int](DefaultRingSize(tc.kind)).Cap(); got != tc.want {
			t.Errorf("%v: got %d, want %d", tc.kind, got, tc.want)
		}
	}
	if got := NewRing[int](0).Cap(); got != 1 {
		t.Errorf("size 0: got %d, want 1", got)
	}
}
