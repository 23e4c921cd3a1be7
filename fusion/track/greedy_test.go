package track

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/fusion"
	"github.com/fusiond/fusiond/sensors"
)

// still is an ego that does not move; at is the stamp of a set of ten a second.
var still = sensors.Pose{Rotation: quat.Number{Real: 1}}

func at(set int) sensors.StampNs { return sensors.StampNs(1e18 + int64(set)*1e8) }

// TestGreedy: a car at 10 m/s over ground, seen from an ego that drives and turns, keeps its id, position and speed; it coasts through three
// missing detections and ends after half a second; a new car gets a new id.
func TestGreedy(t *testing.T) {
	g := NewGreedy(DefaultGreedyConfig([]string{"car"}))
	const dt = 0.1
	var last []Object
	at := func(i int) (sensors.StampNs, sensors.Pose, fusion.Detection) {
		s := float64(i) * dt
		ego := sensors.FromYaw(0.1*s, r3.Vec{X: 5 * s})
		car, vel := r3.Vec{X: 20 + 10*s, Y: 3}, r3.Vec{X: 10}
		inv := ego.Inverse()
		p, v := inv.Apply(car), inv.Rotate(vel)
		return sensors.StampNs(1e18 + s*1e9), ego, fusion.Detection{Score: 0.8, X: p.X, Y: p.Y, Length: 4, Width: 2, Height: 1.5, Yaw: inv.Yaw(), Vx: v.X, Vy: v.Y}
	}
	for i := range 30 {
		stamp, ego, d := at(i)
		dets := []fusion.Detection{d}
		if i >= 20 && i < 23 {
			dets = nil
		}
		last = g.Update(stamp, ego, dets)
		if len(last) != 1 || last[0].ID != 1 {
			t.Fatalf("set %d: objects %+v, want track 1 alone", i, last)
		}
		// Without noise the filter follows exactly, also while it coasts.
		if e := math.Hypot(last[0].X-d.X, last[0].Y-d.Y); e > 1e-6 {
			t.Errorf("set %d: off by %g m", i, e)
		}
		if coasting := last[0].Source < 0; coasting != (len(dets) == 0) {
			t.Errorf("set %d: coasting %v", i, coasting)
		}
	}
	for i := 30; i < 36; i++ {
		stamp, ego, _ := at(i)
		last = g.Update(stamp, ego, nil)
	}
	if len(last) != 0 {
		t.Errorf("track lives %d sets after its last detection", 6)
	}
	stamp, ego, d := at(36)
	if last = g.Update(stamp, ego, []fusion.Detection{d}); len(last) != 1 || last[0].ID != 2 {
		t.Errorf("new car: %+v, want id 2", last)
	}
	stamp, ego, _ = at(0)
	if last = g.Update(stamp, ego, nil); len(last) != 0 {
		t.Errorf("time ran back: %+v, want no track", last)
	}
}

// TestScores: a track tells the class scores of its latest detection, also while it coasts, whatever the detector does with its memory.
func TestScores(t *testing.T) {
	g := NewGreedy(DefaultGreedyConfig([]string{"car", "truck"}))
	scores := make([]float32, 2)
	steps := []struct {
		name string
		seen []float32 // nil: not detected
		want []float32
	}{
		{"born", []float32{0.8, 0.1}, []float32{0.8, 0.1}},
		{"seen again", []float32{0.6, 0.3}, []float32{0.6, 0.3}},
		{"coasts", nil, []float32{0.6, 0.3}},
	}
	for i, s := range steps {
		var dets []fusion.Detection
		if s.seen != nil {
			copy(scores, s.seen)
			dets = []fusion.Detection{{Score: float64(s.seen[0]), Length: 4, Width: 2, Height: 1.5, Scores: scores}}
		}
		out := g.Update(sensors.StampNs(1e18+i*1e8), sensors.Identity, dets)
		clear(scores) // the detector's memory is its own
		if len(out) != 1 || out[0].ID != 1 || !slices.Equal(out[0].Scores, s.want) {
			t.Errorf("%s: %+v, want track 1 with scores %v", s.name, out, s.want)
		}
	}
}

// TestReset: no track outlives a reset, whatever the stamps say, and no id is given twice.
func TestReset(t *testing.T) {
	g := NewGreedy(DefaultGreedyConfig([]string{"car"}))
	car := []fusion.Detection{{Score: 0.8, Length: 4, Width: 2, Height: 1.5}}
	g.Update(1e18, sensors.Identity, car)
	g.Reset()
	if out := g.Update(1e18+1e8, sensors.Identity, nil); len(out) != 0 {
		t.Errorf("after a reset: %+v, want no track", out)
	}
	g.Reset()
	// Earlier than before: after a reset that is no step back.
	if out := g.Update(9e17, sensors.Identity, car); len(out) != 1 || out[0].ID != 2 {
		t.Errorf("new track: %+v, want id 2", out)
	}
}

// TestGuessedSpeed: a parked car that the network takes for one at 2 m/s in every set, seen with 0.2 m of noise, is known to stand within a
// second; one that brakes from 15 m/s at 4 m/s^2 is followed within 1 m and 2.5 m/s although the network says 15 m/s until the end.
func TestGuessedSpeed(t *testing.T) {
	tests := []struct {
		name         string
		at           func(s float64) (x, v float64)
		guess, speed float64
		off          float64 // largest error of position, m
	}{
		{"parked", func(float64) (float64, float64) { return 12, 0 }, 2, 0.5, 0.5},
		{"brakes", func(s float64) (float64, float64) { return 15*s - 2*s*s, 15 - 4*s }, 15, 2.5, 1},
	}
	for _, tt := range tests {
		g := NewGreedy(DefaultGreedyConfig([]string{"car"}))
		r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // noise
		for i := range 35 {
			s := float64(i) / 10
			x, v := tt.at(s)
			o := g.Update(at(i), still, []fusion.Detection{{
				Score: 0.8, X: x + 0.2*r.NormFloat64(), Y: 0.2 * r.NormFloat64(), Length: 4, Width: 2, Height: 1.5, Vx: tt.guess,
			}})
			if len(o) != 1 {
				t.Fatalf("%s, %g s: %d objects, want 1", tt.name, s, len(o))
			}
			if i < 10 {
				continue
			}
			if off, speed := math.Abs(o[0].X-x), math.Hypot(o[0].Vx-v, o[0].Vy); off > tt.off || speed > tt.speed {
				t.Errorf("%s, %g s: off by %.2f m and %.2f m/s, want at most %g and %g", tt.name, s, off, speed, tt.off, tt.speed)
			}
		}
	}
}
