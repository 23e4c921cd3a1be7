package sensors

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"
	"pgregory.net/rapid"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

func drawVec(t *rapid.T, limit float64, name string) r3.Vec {
	c := rapid.Float64Range(-limit, limit)
	return r3.Vec{X: c.Draw(t, name+".x"), Y: c.Draw(t, name+".y"), Z: c.Draw(t, name+".z")}
}

func drawPose(t *rapid.T) Pose {
	return Pose{Rotation: drawRotation(t), Translation: drawVec(t, 100, "t")}
}

// apart is how far two poses put points within 10 m of the origin apart, at most.
func apart(a, b Pose) float64 {
	d := 0.0
	for _, p := range []r3.Vec{{}, {X: 10}, {Y: 10}, {Z: 10}} {
		d = max(d, r3.Norm(r3.Sub(a.Apply(p), b.Apply(p))))
	}
	return d
}

// Tolerance: a few roundings at 200 m.
const poseTolerance = 1e-12

func TestPoseAlgebra(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, p := drawPose(t), drawPose(t), drawVec(t, 100, "p")
		if d := r3.Norm(r3.Sub(a.Mul(b).Apply(p), a.Apply(b.Apply(p)))); d > poseTolerance {
			t.Fatalf("Mul then Apply is %g off Apply twice", d)
		}
		if d := apart(a.Inverse().Mul(a), Identity); d > poseTolerance {
			t.Fatalf("Inverse().Mul is %g off the identity", d)
		}
		m := a.Matrix()
		q := r3.Add(a.Translation, r3.Vec{
			X: m[0]*p.X + m[1]*p.Y + m[2]*p.Z, Y: m[3]*p.X + m[4]*p.Y + m[5]*p.Z, Z: m[6]*p.X + m[7]*p.Y + m[8]*p.Z,
		})
		if d := r3.Norm(r3.Sub(q, a.Apply(p))); d > poseTolerance {
			t.Fatalf("Matrix is %g off Apply", d)
		}
		if got, ok := PoseFromProto(a.Proto()); !ok || apart(got, a) > poseTolerance {
			t.Fatalf("PoseFromProto(Proto()) = %v, %v, want %v", got, ok, a)
		}
		if d := max(apart(a.Interpolate(b, 0), a), apart(a.Interpolate(b, 1), b)); d > poseTolerance {
			t.Fatalf("Interpolate is %g off at its ends", d)
		}
	})
}

func TestPoseWorkedExamples(t *testing.T) {
	// A lidar that looks to the left (its x axis is ego's y), 1 m ahead and 2 m up.
	egoFromLidar := FromYaw(math.Pi/2, r3.Vec{X: 1, Z: 2})
	if got, want := egoFromLidar.Apply(r3.Vec{X: 5, Y: 1}), (r3.Vec{X: 0, Y: 5, Z: 2}); r3.Norm(r3.Sub(got, want)) > 1e-15 {
		t.Errorf("Apply = %v, want %v", got, want)
	}
	for _, yaw := range []float64{0, 1, -3, math.Pi} {
		if got := FromYaw(yaw, r3.Vec{}).Yaw(); math.Abs(got-yaw) > 1e-15 {
			t.Errorf("Yaw = %v, want %v", got, yaw)
		}
	}
	// Half way of a quarter turn, along the shorter arc even when the quaternion has the other sign.
	b := FromYaw(math.Pi/2, r3.Vec{X: 2})
	b.Rotation = quat.Scale(-1, b.Rotation)
	got := Identity.Interpolate(b, 0.5)
	if math.Abs(got.Yaw()-math.Pi/4) > 1e-15 || got.Translation != (r3.Vec{X: 1}) {
		t.Errorf("half way = yaw %v at %v, want %v at 1, 0, 0", got.Yaw(), got.Translation, math.Pi/4)
	}
	if _, ok := PoseFromProto(&fusionv1.Pose{Rotation: &fusionv1.Quaternion{W: 1e-7}}); ok {
		t.Error("PoseFromProto took a rotation of length 1e-7")
	}
}

// A quarter of a circle of radius 20 m, driven at 10 m/s: known in closed form.
func TestAdvanceOnACircle(t *testing.T) {
	const v, w = 10, 0.5
	dt := math.Pi / 2 / w
	got := Identity.Advance(r3.Vec{X: v}, r3.Vec{Z: w}, dt)
	want := FromYaw(math.Pi/2, r3.Vec{X: v / w, Y: v / w})
	if d := apart(got, want); d > 1e-13 {
		t.Errorf("Advance = %+v, want %+v, %g off", got, want, d)
	}
}

// Advance by dt in one step or in many is the same; TwistTo finds the twist again, through both of their series.
func TestAdvanceAndTwistTo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, v := drawPose(t), drawVec(t, 30, "v")
		w := r3.Scale(math.Pow(10, rapid.Float64Range(-6, 0).Draw(t, "scale")), drawVec(t, 1, "w"))
		dt := rapid.Float64Range(0.01, 1.5).Draw(t, "dt")
		if rapid.Bool().Draw(t, "back") {
			dt = -dt
		}
		once, many := p.Advance(v, w, dt), p
		const steps = 64
		for range steps {
			many = many.Advance(v, w, dt/steps)
		}
		if d := apart(once, many); d > 1e-10 {
			t.Fatalf("one step and %d steps are %g m apart", steps, d)
		}
		gv, gw := p.TwistTo(once, dt)
		// A few roundings of positions at 200 m, 3e-14 m each, over the shortest time, 10 ms.
		if d := max(r3.Norm(r3.Sub(gv, v)), 10*r3.Norm(r3.Sub(gw, w))); d > 1e-10 {
			t.Fatalf("TwistTo = %v, %v, want %v, %v: %g off", gv, gw, v, w, d)
		}
	})
}

// The formulas and their series agree where one takes over from the other, and neither loses digits there: at rest in the
// origin the twist comes back to a few roundings of 30 m/s.
func TestTwistNearTheSeries(t *testing.T) {
	v, axis := r3.Vec{X: 1, Y: 1, Z: 30}, r3.Unit(r3.Vec{X: 2, Y: 2, Z: 1})
	for _, angle := range []float64{0, 1e-12, 1e-6, 9.9e-4, 1e-3, 1.01e-3, 2e-3, 0.01, 0.1, 1, 3} {
		w := r3.Scale(angle, axis)
		gv, gw := Identity.TwistTo(Identity.Advance(v, w, 1), 1)
		if d := max(r3.Norm(r3.Sub(gv, v)), r3.Norm(r3.Sub(gw, w))); d > 1e-13 {
			t.Errorf("at %g rad: TwistTo = %v, %v, want %v, %v: %g off", angle, gv, gw, v, w, d)
		}
	}
}
