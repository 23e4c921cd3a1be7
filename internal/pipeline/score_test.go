package pipeline

import (
	"testing"

	"github.com/fusiond/fusiond/fusion"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// TestScorerFrames: which ground-truth frames are scored, and with how many predictions.
func TestScorerFrames(t *testing.T) {
	frame := func(stamp int64, points uint32) *fusionv1.TruthFrame {
		return &fusionv1.TruthFrame{Header: &fusionv1.Header{Stamp: stamp}, Objects: []*fusionv1.TruthObject{
			{Class: "car", Size: &fusionv1.Vector3{X: 4, Y: 2, Z: 1.5}, LidarPoints: points}, {Class: "", LidarPoints: points},
		}}
	}
	const ms = int64(1e6)
	truth := &Truth{frames: []*fusionv1.TruthFrame{
		frame(100*ms, 5), // a set of the reference
		frame(200*ms, 0), // a set of the virtual clock
		frame(300*ms, 0), // no set, nothing to score
		frame(400*ms, 5), // no set: its car is missed
		frame(500*ms, 5), // outside the bounds
	}}
	s := NewScorer(truth, []string{"car"}, 0, 450*1e6)
	set := func(stamp int64, kind fusionv1.SetKind) {
		s.Add(&fusionv1.SetManifest{Header: &fusionv1.Header{Stamp: stamp}, Kind: kind},
			[]fusion.Detection{{Score: 0.5, Length: 4, Width: 2, Height: 1.5}})
	}
	set(101*ms, fusionv1.SetKind_SET_KIND_REFERENCE) // 1 ms off counts as the same moment
	set(200*ms, fusionv1.SetKind_SET_KIND_VIRTUAL)
	set(150*ms, fusionv1.SetKind_SET_KIND_REFERENCE) // no ground truth there
	samples, without := s.Samples()
	if len(samples) != 2 || without != 2 {
		t.Fatalf("%d samples and %d frames without a sweep, want 2 and 2", len(samples), without)
	}
	for i, want := range []int{1, 0} {
		if got := len(samples[i].Predictions); got != want || len(samples[i].GroundTruth) != 1 {
			t.Errorf("sample %d: %d predictions and %d boxes, want %d and 1", i, got, len(samples[i].GroundTruth), want)
		}
	}
}
