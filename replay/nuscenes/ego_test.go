package nuscenes

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

// circle is a drive at constant speed and yaw rate, with poses at the given times and noise on each position.
func circle(speed, yawRate, noise float64, seconds ...float64) *egoTrack {
	rng := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // repeatable on purpose
	var poses []egoPose
	for _, s := range seconds {
		yaw := yawRate * s
		p := r3.Vec{X: speed * s}
		if yawRate != 0 {
			p = r3.Vec{X: speed / yawRate * math.Sin(yaw), Y: speed / yawRate * (1 - math.Cos(yaw))}
		}
		p.X += noise * rng.NormFloat64()
		p.Y += noise * rng.NormFloat64()
		poses = append(poses, egoPose{stamp: 1e18 + sensors.StampNs(math.Round(s*1e9)), globalFromEgo: sensors.FromYaw(yaw, p)})
	}
	return newEgoTrack(poses)
}

func steps(from, to, step float64) []float64 {
	var out []float64
	for s := from; s < to; s += step {
		out = append(out, s)
	}
	return out
}

func TestTwist(t *testing.T) {
	for _, tc := range []struct {
		name           string
		track          *egoTrack
		speed, yawRate float64
		tolerance      float64 // m/s; of a parabola through a circle, or of the noise after smoothing
	}{
		{"standing", circle(0, 0, 0, steps(0, 2, 0.02)...), 0, 0, 1e-9},
		{"straight", circle(15, 0, 0, steps(0, 2, 0.02)...), 15, 0, 1e-6},
		{"turning", circle(10, 0.5, 0, steps(0, 2, 0.01)...), 10, 0.5, 0.02},
		{"turning, 2 cm noise at 100 Hz", circle(10, 0.5, 0.02, steps(0, 2, 0.01)...), 10, 0.5, 0.5},
		{"sparse poses, 2 Hz", circle(10, 0, 0, steps(0, 4, 0.5)...), 10, 0, 1e-6},
		{"two poses", circle(10, 0, 0, 0, 0.1), 10, 0, 1e-6},
		{"one pose", circle(10, 0, 0, 0), 0, 0, 1e-9},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for i, p := range tc.track.given {
				if len(tc.track.given) > 20 && (i < 16 || i > len(tc.track.given)-16) && tc.tolerance > 1e-3 {
					continue // one-sided fits at the ends are noisier
				}
				v, w, _ := tc.track.twist(p)
				if !near(v.X, tc.speed, tc.tolerance) || !near(v.Y, 0, tc.tolerance) || !near(w.Z, tc.yawRate, 1e-3) {
					t.Errorf("pose %d: velocity %v, turning %v; want %g m/s ahead, %g rad/s", i, v, w, tc.speed, tc.yawRate)
				}
			}
		})
	}
}

func TestEgoTrack(t *testing.T) {
	tr := circle(10, 0, 0, 0.2, 0, 0.01, 0.2, 0.05, 1.5) // not in order, one stamp twice, a hole of 1.3 s
	if len(tr.given) != 5 {
		t.Fatalf("%d poses, want 5", len(tr.given))
	}
	var between int
	for i, s := range tr.states() {
		if s.between {
			between++
		}
		if i > 0 {
			step := s.stamp - tr.states()[i-1].stamp
			if step > egoStep && step < egoHole {
				t.Errorf("step of %d ns", step)
			}
		}
	}
	if between != 1+7 { // 10..50 ms: one; 50..200 ms: seven; nothing in the hole
		t.Errorf("%d poses in between, want 8", between)
	}
	for _, tc := range []struct {
		s, x float64
		ok   bool
	}{{0.03, 0.3, true}, {0.2, 2, true}, {-1, 0, false}, {9, 15, false}, {0.5, 2, false}, {1.2, 15, false}} {
		p, ok := tr.at(1e18 + sensors.StampNs(math.Round(tc.s*1e9)))
		if !near(p.Translation.X, tc.x, 1e-6) || ok != tc.ok {
			t.Errorf("at %g s: x %g, %t; want %g, %t", tc.s, p.Translation.X, ok, tc.x, tc.ok)
		}
	}
	if _, ok := newEgoTrack(nil).at(1); ok {
		t.Error("a track without poses knows where it is")
	}
}
