package sensors

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"
	"pgregory.net/rapid"
)

// The range rates are worked out by hand: rdot = (v_target - v_sensor) . u.
func TestCompensatedRadial(t *testing.T) {
	front := Pose{Rotation: Identity.Rotation, Translation: r3.Vec{X: 3.5, Z: 0.5}}
	left := FromYaw(math.Pi/2, r3.Vec{X: 3.5, Y: 0.9, Z: 0.5})
	rear := FromYaw(math.Pi, r3.Vec{X: -1})
	half := math.Sqrt(0.5)
	for _, tt := range []struct {
		name     string
		d        RadarDetection
		mount    Pose
		v, w     r3.Vec
		want     float64
		wantDir  r3.Vec
		tolerate float64
	}{
		{
			"5 m/s towards a wall",
			RadarDetection{Position: r3.Vec{X: 20}, RangeRateMps: -5},
			front,
			r3.Vec{X: 5},
			r3.Vec{},
			0,
			r3.Vec{X: 1},
			1e-12,
		},
		{
			"50 m/s towards a wall",
			RadarDetection{Position: r3.Vec{X: 150}, RangeRateMps: -50},
			front,
			r3.Vec{X: 50},
			r3.Vec{},
			0,
			r3.Vec{X: 1},
			1e-12,
		},
		{
			"50 m/s past a post at 45 degrees",
			RadarDetection{Position: r3.Vec{X: 10, Y: 10}, RangeRateMps: -50 * half},
			front,
			r3.Vec{X: 50},
			r3.Vec{},
			0,
			r3.Vec{X: half, Y: half},
			1e-12,
		},
		{
			"5 m/s behind a car at 50 m/s",
			RadarDetection{Position: r3.Vec{X: 80}, RangeRateMps: 45},
			front,
			r3.Vec{X: 5},
			r3.Vec{},
			50,
			r3.Vec{X: 1},
			1e-12,
		},
		{
			"50 m/s, oncoming at 5 m/s",
			RadarDetection{Position: r3.Vec{X: 80}, RangeRateMps: -55},
			front,
			r3.Vec{X: 50},
			r3.Vec{},
			-5,
			r3.Vec{X: 1},
			1e-12,
		},
		{
			"overtaken: rear radar, 5 m/s, other at 8 m/s",
			RadarDetection{Position: r3.Vec{X: 30}, RangeRateMps: -3},
			rear,
			r3.Vec{X: 5},
			r3.Vec{},
			-8,
			r3.Vec{X: -1},
			1e-12,
		},
		{
			// Turning left at 0.2 rad/s carries the radar, 3.5 m ahead, to the left at 0.7 m/s: a wall there comes nearer.
			"turning, side radar",
			RadarDetection{Position: r3.Vec{X: 12}, RangeRateMps: -0.7},
			left,
			r3.Vec{X: 5},
			r3.Vec{Z: 0.2},
			0,
			r3.Vec{Y: 1},
			1e-12,
		},
		{"no direction", RadarDetection{RangeRateMps: 3}, front, r3.Vec{X: 5}, r3.Vec{}, 3, r3.Vec{}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, dir := CompensatedRadial(tt.d, tt.mount, tt.v, tt.w)
			if math.Abs(got-tt.want) > tt.tolerate || r3.Norm(r3.Sub(dir, tt.wantDir)) > 1e-12 {
				t.Errorf("CompensatedRadial = %v along %v, want %v along %v", got, dir, tt.want, tt.wantDir)
			}
		})
	}
}

// Whatever the mounting and the motion, a fixed point has no radial velocity of its own. The range rate is taken from two
// positions of the sensor 1 ms apart, so it is good to about acceleration times that.
func TestCompensatedRadialOfFixedPoints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mount := Pose{Rotation: drawRotation(t), Translation: drawVec(t, 3, "mount")}
		v, w := drawVec(t, 50, "v"), drawVec(t, 0.5, "w")
		point := r3.Add(r3.Vec{X: 60}, drawVec(t, 30, "point"))
		const dt = 1e-3
		seen := func(dt float64) r3.Vec {
			return Identity.Advance(v, w, dt).Mul(mount).Inverse().Apply(point)
		}
		rate := (r3.Norm(seen(dt)) - r3.Norm(seen(-dt))) / (2 * dt)
		got, _ := CompensatedRadial(RadarDetection{Position: seen(0), RangeRateMps: rate}, mount, v, w)
		if math.Abs(got) > 1e-4 {
			t.Fatalf("fixed point %v moves at %v m/s", point, got)
		}
	})
}

func TestFilterUsable(t *testing.T) {
	s, err := ParseRadarScan(marshal(t, polarMessage()), Meta{})
	if err != nil {
		t.Fatal(err)
	}
	got := s.FilterUsable(nil)
	if len(s.Detections) != 3 || len(got) != 2 || got[0].Position.X != 20 || !got[1].Ambiguous {
		t.Errorf("FilterUsable of %+v = %+v, want the first two", s.Detections, got)
	}
	dst := make([]RadarDetection, 0, 3)
	if n := testing.AllocsPerRun(100, func() { s.FilterUsable(dst) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
