package effect

import (
	"math"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/timeline"
)

// Misaligned says whether the fault moves the sensor in its mount.
func Misaligned(f *timeline.Fault) bool {
	return f.RotateRad != [3]float64{} || f.ShiftM != [3]float64{}
}

// TruePose is where a sensor really sits when the rig says egoFromSensor: turned about its own axes (first x, then y, then z of the rig's
// sensor frame) and shifted in the vehicle's frame. A simulated sensor measures from here and its messages go by the rig.
func TruePose(egoFromSensor sensors.Pose, f *timeline.Fault) sensors.Pose {
	if !Misaligned(f) {
		return egoFromSensor
	}
	turn := sensors.Identity
	for i, a := range f.RotateRad {
		q := quat.Number{Real: math.Cos(a / 2)}
		switch s := math.Sin(a / 2); i {
		case 0:
			q.Imag = s
		case 1:
			q.Jmag = s
		default:
			q.Kmag = s
		}
		turn = sensors.Pose{Rotation: q}.Mul(turn)
	}
	out := egoFromSensor.Mul(turn)
	out.Translation = r3.Add(out.Translation, r3.Vec{X: f.ShiftM[0], Y: f.ShiftM[1], Z: f.ShiftM[2]})
	return out
}

// Misalignment maps what a well mounted sensor measured into what the misaligned one would have: p' = sensorFromEgo(true) egoFromSensor p.
// It turns recorded points and radar positions; a recorded picture can only be turned (Turn), not shifted.
func Misalignment(egoFromSensor sensors.Pose, f *timeline.Fault) sensors.Pose {
	if !Misaligned(f) {
		return sensors.Identity
	}
	return TruePose(egoFromSensor, f).Inverse().Mul(egoFromSensor)
}

// MovePoints applies a pose to points in place.
func MovePoints(points []sensors.Point, pose sensors.Pose) {
	if pose == sensors.Identity {
		return
	}
	m, t := pose.Matrix(), pose.Translation
	for i := range points {
		p := &points[i]
		x, y, z := float64(p.X), float64(p.Y), float64(p.Z)
		p.X = float32(m[0]*x + m[1]*y + m[2]*z + t.X)
		p.Y = float32(m[3]*x + m[4]*y + m[5]*z + t.Y)
		p.Z = float32(m[6]*x + m[7]*y + m[8]*z + t.Z)
	}
}

// Turn shows a picture as a camera turned in its mount would have taken it: each pixel looks along its ray turned by the misalignment's
// rotation (camera axes x right, y down, z forward) and takes the light that the recorded picture has there, bilinear; beyond its edges
// the edge is repeated. Pinhole pictures only. Distance is turned too (nearest).
func (c *Camera) Turn(m *Image, misalignment sensors.Pose) {
	if misalignment.Rotation == sensors.Identity.Rotation || m.W < 2 || m.H < 2 {
		return
	}
	c.room(len(m.RGB))
	copy(c.soft, m.RGB)
	if m.Distance != nil {
		copy(c.scratch, m.Distance)
	}
	r := misalignment.Inverse().Matrix()
	f := c.spec.FocalPx
	for v := range m.H {
		for u := range m.W {
			x, y := (float64(u)-c.spec.CentreX)/f, (float64(v)-c.spec.CentreY)/f
			z := r[6]*x + r[7]*y + r[8]
			if z <= 1e-3 {
				continue
			}
			su := min(max(c.spec.CentreX+f*(r[0]*x+r[1]*y+r[2])/z, 0), float64(m.W-1))
			sv := min(max(c.spec.CentreY+f*(r[3]*x+r[4]*y+r[5])/z, 0), float64(m.H-1))
			iu, iv := min(int(su), m.W-2), min(int(sv), m.H-2)
			a, b := float32(su-float64(iu)), float32(sv-float64(iv))
			i := v*m.W + u
			j := iv*m.W + iu
			for k := range 3 {
				top := c.soft[3*j+k] + a*(c.soft[3*j+3+k]-c.soft[3*j+k])
				low := c.soft[3*(j+m.W)+k] + a*(c.soft[3*(j+m.W)+3+k]-c.soft[3*(j+m.W)+k])
				m.RGB[3*i+k] = top + b*(low-top)
			}
			if m.Distance != nil {
				m.Distance[i] = c.scratch[int(sv+0.5)*m.W+int(su+0.5)]
			}
		}
	}
}
