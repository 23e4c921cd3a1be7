package condition

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

// circles is a sweep of 20 rings of 400 points: ten on the ground, ten on walls 10 m away, where keep says so.
func circles(keep func(ring int, az float64) bool, shift float32) []sensors.Point {
	var points []sensors.Point
	for ring := range 20 {
		for i := range 400 {
			az := 2 * math.Pi * float64(i) / 400
			if !keep(ring, az) {
				continue
			}
			r, z := 5+float64(ring), float32(-1.8)
			if ring >= 10 {
				r, z = 10, float32(ring-10)*0.3
			}
			points = append(points, sensors.Point{
				X: float32(r * math.Cos(az)), Y: float32(r * math.Sin(az)), Z: z + shift, Intensity: 0.3, Ring: uint16(ring), //nolint:gosec // 20
			})
		}
	}
	return points
}

// TestMissingReturnsAreExplainedOnce holds what counts as few returns: not those of lost rings or covered directions, which have a
// reason of their own, and not those from above the ground, which a change of scene takes away.
func TestMissingReturnsAreExplainedOnce(t *testing.T) {
	tests := []struct {
		name string
		keep func(ring int, az float64) bool
		want Reason
	}{
		{"all there", func(int, float64) bool { return true }, None},
		{"half of the rings", func(ring int, _ float64) bool { return ring%2 == 1 }, BeamsLost},
		{"half of the directions", func(_ int, az float64) bool { return az < math.Pi }, Blocked},
		{"no walls", func(ring int, _ float64) bool { return ring < 10 }, None},
		{"half of the points", func(_ int, az float64) bool { return int(az*400/(2*math.Pi)+0.5)%2 == 0 }, FewReturns},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := NewLidar(sensors.Pose{Rotation: sensors.Identity.Rotation, Translation: r3.Vec{Z: 1.8}})
			for i := range 12 {
				keep := tt.keep
				if i < 8 {
					keep = tests[0].keep
				}
				l.Update(circles(keep, 1e-4*float32(i)), sensors.StampNs(i)*1e8)
			}
			for r := None + 1; r < numReasons; r++ {
				got, want := l.levels.level[r], r == tt.want
				if want && got < enter || !want && got > 0 {
					t.Errorf("%v: got level %.2f, want only %v raised", r, got, tt.want)
				}
			}
		})
	}
}

// TestGround finds the slope and height of a ground that is partly hidden by things that stand on it.
func TestGround(t *testing.T) {
	const deg = math.Pi / 180
	tests := []struct {
		name                         string
		pitchDeg, rollDeg, heightM   float64
		standing, whole              float64 // share of the points of each cell, and of the cells, that are on things
		wantPitch, wantRoll, wantTop float64
	}{
		{"flat", 0, 0, 0, 0, 0, 0, 0, 0},
		{"sloped", 2, 1, 0.1, 0, 0, 2, 1, 0.1},
		{"things on it", 2, -1, 0.1, 0.4, 0, 2, 1, 0.1},
		{"vehicles on a third of it", 1, 0, 0, 0.2, 0.33, 1, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGround(sensors.Pose{Rotation: sensors.Identity.Rotation, Translation: r3.Vec{X: 1, Z: 1.8}})
			var points []sensors.Point
			k := 0
			for x := -14.9; x < 15; x += 0.15 {
				for y := -3.5; y < 3.6; y += 0.1 {
					z := math.Tan(tt.pitchDeg*deg)*x + math.Tan(tt.rollDeg*deg)*y + tt.heightM
					cell := int((x+15)/3)*4 + int((y+3.6)/1.8)
					if k++; float64(k*7%100) < 100*tt.standing || float64(cell*37%100) < 100*tt.whole {
						z += 0.3 + 0.4*math.Abs(math.Sin(float64(k)))
					}
					points = append(points, sensors.Point{X: float32(x - 1), Y: float32(y), Z: float32(z - 1.8)})
				}
			}
			if !g.take(points, 0.1) {
				t.Fatal("got no plane")
			}
			pitch, roll := g.tiltDeg()
			if math.Abs(pitch-tt.wantPitch) > 0.2 || math.Abs(roll-tt.wantRoll) > 0.4 || math.Abs(g.heightM()-tt.wantTop) > 0.05 {
				t.Errorf("got pitch %.2f, roll %.2f degrees, height %.3f m, want %g, %g, %g", pitch, roll, g.heightM(), tt.wantPitch, tt.wantRoll, tt.wantTop)
			}
		})
	}
	g := newGround(sensors.Identity)
	if g.take(circles(func(int, float64) bool { return true }, 0)[:150], 0.1) {
		t.Error("one ring: got a plane, want too little ground")
	}
}
