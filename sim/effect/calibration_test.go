package effect

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/timeline"
)

func vecWithin(t *testing.T, what string, got, want r3.Vec, tol float64) {
	t.Helper()
	if r3.Norm(r3.Sub(got, want)) > tol {
		t.Errorf("%s: got %v, want %v +-%g", what, got, want, tol)
	}
}

func TestTruePose(t *testing.T) {
	// A sensor that looks to the left: its x is the vehicle's y.
	rig := sensors.Pose{Rotation: quat.Number{Real: math.Sqrt2 / 2, Kmag: math.Sqrt2 / 2}, Translation: r3.Vec{X: 1, Y: 2, Z: 3}}
	for _, c := range []struct {
		name string
		f    timeline.Fault
		in   r3.Vec // in the sensor's true frame
		want r3.Vec // in the vehicle
	}{
		{"none", timeline.Fault{}, r3.Vec{X: 10}, r3.Vec{X: 1, Y: 12, Z: 3}},
		{"shift in the vehicle", timeline.Fault{ShiftM: [3]float64{0.5, 0, -0.1}}, r3.Vec{X: 10}, r3.Vec{X: 1.5, Y: 12, Z: 2.9}},
		{"90 degrees about its z", timeline.Fault{RotateRad: [3]float64{0, 0, math.Pi / 2}}, r3.Vec{X: 10}, r3.Vec{X: -9, Y: 2, Z: 3}},
		{"90 degrees about its x", timeline.Fault{RotateRad: [3]float64{math.Pi / 2, 0, 0}}, r3.Vec{Y: 10}, r3.Vec{X: 1, Y: 2, Z: 13}},
		{"90 degrees about its y", timeline.Fault{RotateRad: [3]float64{0, math.Pi / 2, 0}}, r3.Vec{X: 10}, r3.Vec{X: 1, Y: 2, Z: -7}},
		{"first x, then y", timeline.Fault{RotateRad: [3]float64{math.Pi / 2, math.Pi / 2, 0}}, r3.Vec{Y: 10}, r3.Vec{X: 1, Y: 12, Z: 3}},
	} {
		vecWithin(t, c.name, TruePose(rig, &c.f).Apply(c.in), c.want, 1e-12)
	}
}

// TestMisalignment: a point measured well, moved by the misalignment and read by the true pose, is where it was.
func TestMisalignment(t *testing.T) {
	rig := sensors.Pose{Rotation: quat.Number{Real: 0.8, Imag: 0.36, Jmag: 0.48}, Translation: r3.Vec{X: 1, Y: 2, Z: 3}}
	f := timeline.Fault{RotateRad: [3]float64{0.01, -0.02, 0.03}, ShiftM: [3]float64{0.1, 0.2, -0.3}}
	p := r3.Vec{X: 20, Y: -7, Z: 2}
	moved := Misalignment(rig, &f).Apply(p)
	vecWithin(t, "in the vehicle", TruePose(rig, &f).Apply(moved), rig.Apply(p), 1e-9)
	if d := r3.Norm(r3.Sub(moved, p)); d < 0.3 || d > 1.5 {
		t.Errorf("a point at 21 m moved by %g m", d)
	}
	points := []sensors.Point{{X: 20, Y: -7, Z: 2, Intensity: 0.5}}
	MovePoints(points, Misalignment(rig, &f))
	vecWithin(t, "points", r3.Vec{X: float64(points[0].X), Y: float64(points[0].Y), Z: float64(points[0].Z)}, moved, 1e-5)
	same := []sensors.Point{{X: 0.1, Y: 0.2, Z: 0.3}}
	MovePoints(same, Misalignment(rig, &timeline.Fault{}))
	if same[0] != (sensors.Point{X: 0.1, Y: 0.2, Z: 0.3}) {
		t.Errorf("no misalignment moved a point to %+v", same[0])
	}
}

// TestTurn: a camera turned to the right by 0.1 rad about its y axis (which points down) sees what was right of the middle in the
// middle: focal length times tan(0.1) pixels.
func TestTurn(t *testing.T) {
	spec := CameraSpec{FocalPx: 200, CentreX: 50, CentreY: 30}
	m := even(101, 61, 0, 10)
	u := 50 + int(math.Round(200*math.Tan(0.1)))
	m.RGB[3*(30*101+u)], m.Distance[30*101+u] = 1, 77
	before := m.clone()
	c := NewCamera(spec)
	c.Turn(m, Misalignment(sensors.Identity, &timeline.Fault{}))
	if !slices.Equal(m.RGB, before.RGB) {
		t.Error("no misalignment changed the picture")
	}
	c.Turn(m, Misalignment(sensors.Identity, &timeline.Fault{RotateRad: [3]float64{0, 0.1, 0}}))
	if got := m.RGB[3*(30*101+50)]; got < 0.8 || m.Distance[30*101+50] != 77 {
		t.Errorf("in the middle: light %g at %g m, want the lamp at 77 m", got, m.Distance[30*101+50])
	}
}
