package sensors

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"
)

// rotationTolerance is how far a quaternion's length may be from 1, and any element of R R' from the identity's: enough
// for numbers written with four decimals. What is accepted is made exact.
const rotationTolerance = 1e-3

func (r *rigReader) pose(e entry) Pose {
	o, ok := r.object(e, "translation", "rotation", "rotation_matrix")
	if !ok {
		return Identity
	}
	p := Identity
	if t, ok := r.numbers(o.get("translation"), 3, 3, maxMountM, "numbers", "give [x, y, z] in metres, ego frame"); ok {
		p.Translation = r3.Vec{X: t[0], Y: t[1], Z: t[2]}
	}
	q, m := o.get("rotation"), o.get("rotation_matrix")
	switch {
	case q.present() && m.present():
		r.fault(m.line, m.field, "rotation and rotation_matrix", "one of them", "remove one of the two")
	case m.present():
		p.Rotation = r.matrix(m)
	default:
		p.Rotation = r.quaternion(q)
	}
	return p
}

func (r *rigReader) quaternion(e entry) quat.Number {
	const cure = "give the unit quaternion [w, x, y, z] that rotates sensor axes into ego axes"
	v, ok := r.numbers(e, 4, 4, 1+rotationTolerance, "numbers", cure)
	if !ok {
		return Identity.Rotation
	}
	q := quat.Number{Real: v[0], Imag: v[1], Jmag: v[2], Kmag: v[3]}
	n := quat.Abs(q)
	if math.Abs(n-1) > rotationTolerance {
		r.fault(e.line, e.field, fmt.Sprintf("length %.6g", n), fmt.Sprintf("length 1 within %g", rotationTolerance), cure)
		return Identity.Rotation
	}
	if math.Abs(n-1) > 1e-14 { // what YAML wrote stays as it is, bit for bit
		q = normalise(q)
	}
	return q
}

func (r *rigReader) matrix(e entry) quat.Number {
	const cure = "give the rotation from sensor axes into ego axes; its columns are the sensor's axes in the ego frame"
	rows, ok := r.list(e, 3, 3, "rows", cure)
	if !ok {
		return Identity.Rotation
	}
	var m [9]float64
	for i, row := range rows {
		v, good := r.numbers(row, 3, 3, 1+rotationTolerance, "numbers", cure)
		if ok = ok && good; good {
			copy(m[3*i:], v)
		}
	}
	if !ok {
		return Identity.Rotation
	}
	worst := 0.0
	for i := range 3 {
		for j := range 3 {
			d := m[3*i]*m[3*j] + m[3*i+1]*m[3*j+1] + m[3*i+2]*m[3*j+2]
			if i == j {
				d--
			}
			worst = max(worst, math.Abs(d))
		}
	}
	if worst > rotationTolerance {
		r.fault(e.line, e.field, fmt.Sprintf("R R' off the identity by %.3g", worst),
			fmt.Sprintf("an orthonormal matrix within %g", rotationTolerance), cure)
		return Identity.Rotation
	}
	det := m[0]*(m[4]*m[8]-m[5]*m[7]) - m[1]*(m[3]*m[8]-m[5]*m[6]) + m[2]*(m[3]*m[7]-m[4]*m[6])
	if det < 0 {
		r.fault(e.line, e.field, "determinant -1 (a mirror image)", "determinant +1", "flip the axis that points the wrong way")
		return Identity.Rotation
	}
	return quatFromMatrix(m)
}

// quatFromMatrix turns a row-major rotation matrix into a unit quaternion with w >= 0 (Shepperd's method: divide by the
// largest component).
func quatFromMatrix(m [9]float64) quat.Number {
	var q quat.Number
	switch t := m[0] + m[4] + m[8]; {
	case t >= m[0] && t >= m[4] && t >= m[8]:
		q = quat.Number{Real: 1 + t, Imag: m[7] - m[5], Jmag: m[2] - m[6], Kmag: m[3] - m[1]}
	case m[0] >= m[4] && m[0] >= m[8]:
		q = quat.Number{Real: m[7] - m[5], Imag: 1 + m[0] - m[4] - m[8], Jmag: m[1] + m[3], Kmag: m[2] + m[6]}
	case m[4] >= m[8]:
		q = quat.Number{Real: m[2] - m[6], Imag: m[1] + m[3], Jmag: 1 - m[0] + m[4] - m[8], Kmag: m[5] + m[7]}
	default:
		q = quat.Number{Real: m[3] - m[1], Imag: m[2] + m[6], Jmag: m[5] + m[7], Kmag: 1 - m[0] - m[4] + m[8]}
	}
	if q.Real < 0 {
		q = quat.Scale(-1, q)
	}
	return normalise(q)
}
