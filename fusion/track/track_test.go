package track

import (
	"math"
	"testing"

	"github.com/fusiond/fusiond/fusion"
)

// TestRefine: a detection becomes its object, one without an object counts less, a coasting object changes nothing, and the order follows.
func TestRefine(t *testing.T) {
	dets := []fusion.Detection{{Score: 0.9, X: 10}, {Score: 0.8, X: 20}, {Score: 0.2, X: 30}}
	objects := []Object{
		{ID: 1, Source: 1, Detection: fusion.Detection{Score: 0.85, X: 20.5, Vx: 3}},
		{ID: 2, Source: -1, Detection: fusion.Detection{X: 40}},
	}
	Refine(dets, objects)
	want := []fusion.Detection{{Score: 0.85, X: 20.5, Vx: 3}, {Score: 0.9 * FirstLook, X: 10}, {Score: 0.2 * FirstLook, X: 30}}
	for i, w := range want {
		if math.Abs(dets[i].Score-w.Score) > 1e-9 || dets[i].X != w.X || dets[i].Vx != w.Vx {
			t.Errorf("detection %d: %+v, want %+v", i, dets[i], w)
		}
	}
}

// TestScoreGrows: what is seen again and again is believed for its score; what is seen once is not yet, nor what has faded.
func TestScoreGrows(t *testing.T) {
	g := NewGreedy(DefaultGreedyConfig([]string{"car"}))
	var scores []float64
	for _, seen := range []float64{0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.1, 0} {
		var dets []fusion.Detection
		if seen > 0 {
			dets = []fusion.Detection{{Score: seen, X: 10, Length: 4, Width: 2, Height: 1.5}}
		}
		scores = append(scores, g.Update(at(len(scores)), still, dets)[0].Score)
	}
	for i := 1; i < 8; i++ {
		if scores[i] <= scores[i-1] || scores[i] > 0.8 {
			t.Errorf("scores %v: want them to rise towards 0.8", scores[:8])
		}
	}
	if math.Abs(scores[0]-0.8*FirstLook) > 1e-9 || scores[7] < 0.75 || scores[8] < 0.3 || scores[8] > 0.7 || scores[9] != 0 {
		t.Errorf("scores %v: want %g first, near 0.8 at the eighth, between both after a weak ninth, 0 while coasting", scores, 0.8*FirstLook)
	}
}
