package sensors

import (
	"math"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// Pose is a rigid transform: p_target = Rotation * p_source + Translation. Name variables targetFromSource.
type Pose struct {
	// Rotation is a unit quaternion (gonum's order: Real = w, Imag = x, Jmag = y, Kmag = z).
	Rotation quat.Number
	// Translation is in metres, in the target frame.
	Translation r3.Vec
}

// Identity maps every point to itself.
var Identity = Pose{Rotation: quat.Number{Real: 1}}

// Rotate applies the rotation alone: for velocities and directions.
func (p Pose) Rotate(v r3.Vec) r3.Vec { return r3.Rotation(p.Rotation).Rotate(v) }

// Apply maps a point from the source into the target frame.
func (p Pose) Apply(v r3.Vec) r3.Vec { return r3.Add(p.Rotate(v), p.Translation) }

// Mul composes: aFromB.Mul(bFromC) = aFromC.
func (p Pose) Mul(q Pose) Pose {
	return Pose{Rotation: normalise(quat.Mul(p.Rotation, q.Rotation)), Translation: p.Apply(q.Translation)}
}

// Inverse returns sourceFromTarget.
func (p Pose) Inverse() Pose {
	inv := Pose{Rotation: quat.Conj(p.Rotation)}
	inv.Translation = r3.Scale(-1, inv.Rotate(p.Translation))
	return inv
}

// Matrix returns the rotation matrix, row-major.
func (p Pose) Matrix() [9]float64 {
	w, x, y, z := p.Rotation.Real, p.Rotation.Imag, p.Rotation.Jmag, p.Rotation.Kmag
	return [9]float64{
		1 - 2*(y*y+z*z), 2 * (x*y - z*w), 2 * (x*z + y*w),
		2 * (x*y + z*w), 1 - 2*(x*x+z*z), 2 * (y*z - x*w),
		2 * (x*z - y*w), 2 * (y*z + x*w), 1 - 2*(x*x+y*y),
	}
}

// Yaw is the heading of the rotated x axis, counter-clockwise from the target's x axis, in (-pi, pi].
func (p Pose) Yaw() float64 {
	w, x, y, z := p.Rotation.Real, p.Rotation.Imag, p.Rotation.Jmag, p.Rotation.Kmag
	return math.Atan2(2*(x*y+w*z), 1-2*(y*y+z*z))
}

// FromYaw is a rotation about z by yaw radians and then a translation.
func FromYaw(yaw float64, translation r3.Vec) Pose {
	return Pose{Rotation: quat.Number{Real: math.Cos(yaw / 2), Kmag: math.Sin(yaw / 2)}, Translation: translation}
}

// Interpolate returns the pose at share s (0 = p, 1 = q) of the way: linear in translation, slerp in rotation along the
// shorter arc. s outside [0, 1] goes on in the same straight line and rotation; see Advance for a constant twist.
func (p Pose) Interpolate(q Pose, s float64) Pose {
	d := quat.Mul(quat.Conj(p.Rotation), q.Rotation)
	if d.Real < 0 {
		d = quat.Scale(-1, d)
	}
	v := r3.Vec{X: d.Imag, Y: d.Jmag, Z: d.Kmag}
	n := r3.Norm(v)
	rot := p.Rotation
	if n > 0 {
		half := s * math.Atan2(n, d.Real)
		v = r3.Scale(math.Sin(half)/n, v)
		rot = quat.Mul(p.Rotation, quat.Number{Real: math.Cos(half), Imag: v.X, Jmag: v.Y, Kmag: v.Z})
	}
	t := r3.Add(p.Translation, r3.Scale(s, r3.Sub(q.Translation, p.Translation)))
	return Pose{Rotation: normalise(rot), Translation: t}
}

// Advance moves p for dt seconds (which may be negative) with a constant twist in its own source axes: linear velocity v in
// m/s and angular velocity w in rad/s, so localFromEgo.Advance(v, w, dt) is the ego pose dt later. Method: exponential map
// of SE(3), with phi = w dt and a = |phi|:
//
//	R = exp([phi]),  t = (I + (1 - cos a)/a² [phi] + (a - sin a)/a³ [phi]²) v dt
func (p Pose) Advance(v, w r3.Vec, dt float64) Pose {
	phi := r3.Scale(dt, w)
	a := r3.Norm(phi)
	// Series below 1e-3 rad: the next terms are under 1e-14 relative.
	half, b, c := 0.5-a*a/48, 0.5-a*a/24, 1./6-a*a/120
	if a > 1e-3 {
		// (1 - cos a)/2 as a square of the half angle's sine: the difference itself would cancel.
		half = math.Sin(a/2) / a
		b, c = 2*half*half, (a-math.Sin(a))/(a*a*a)
	}
	t := r3.Scale(dt, v)
	cross := r3.Cross(phi, t)
	t = r3.Add(t, r3.Add(r3.Scale(b, cross), r3.Scale(c, r3.Cross(phi, cross))))
	rot := quat.Number{Real: math.Cos(a / 2), Imag: half * phi.X, Jmag: half * phi.Y, Kmag: half * phi.Z}
	return p.Mul(Pose{Rotation: rot, Translation: t})
}

// TwistTo is the inverse of Advance: the constant velocities, in p's source axes, that carry p to q in dt seconds, dt not
// zero, along the shorter arc. Method: logarithm of SE(3),
//
//	v dt = (I - [phi]/2 + (1 - a sin a / (2 (1 - cos a)))/a² [phi]²) t
func (p Pose) TwistTo(q Pose, dt float64) (v, w r3.Vec) {
	d := p.Inverse().Mul(q)
	r := d.Rotation
	if r.Real < 0 {
		r = quat.Scale(-1, r)
	}
	axis := r3.Vec{X: r.Imag, Y: r.Jmag, Z: r.Kmag}
	n := r3.Norm(axis)
	a := 2 * math.Atan2(n, r.Real)
	scale, c := 2.0, 1./12
	if n > 0 {
		scale = a / n
	}
	if a > 1e-3 {
		// a sin a / (2 (1 - cos a)) = a/2 cot a/2, which does not cancel.
		c = (1 - a/2/math.Tan(a/2)) / (a * a)
	}
	phi := r3.Scale(scale, axis)
	cross := r3.Cross(phi, d.Translation)
	t := r3.Add(d.Translation, r3.Add(r3.Scale(-0.5, cross), r3.Scale(c, r3.Cross(phi, cross))))
	return r3.Scale(1/dt, t), r3.Scale(1/dt, phi)
}

// Proto returns the pose as a message.
func (p Pose) Proto() *fusionv1.Pose {
	return &fusionv1.Pose{
		Position: &fusionv1.Vector3{X: p.Translation.X, Y: p.Translation.Y, Z: p.Translation.Z},
		Rotation: &fusionv1.Quaternion{
			W: p.Rotation.Real, X: p.Rotation.Imag, Y: p.Rotation.Jmag, Z: p.Rotation.Kmag,
		},
	}
}

// PoseFromProto reads a message; a missing or zero rotation, or anything not finite, is not ok. The quaternion is normalised.
func PoseFromProto(m *fusionv1.Pose) (p Pose, ok bool) {
	r, t := m.GetRotation(), m.GetPosition()
	q := quat.Number{Real: r.GetW(), Imag: r.GetX(), Jmag: r.GetY(), Kmag: r.GetZ()}
	n := quat.Abs(q)
	p = Pose{Rotation: quat.Scale(1/n, q), Translation: r3.Vec{X: t.GetX(), Y: t.GetY(), Z: t.GetZ()}}
	sum := n + t.GetX() + t.GetY() + t.GetZ()
	return p, n > 1e-6 && !math.IsNaN(sum) && !math.IsInf(sum, 0)
}

func normalise(q quat.Number) quat.Number { return quat.Scale(1/quat.Abs(q), q) }
