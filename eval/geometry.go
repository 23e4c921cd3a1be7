package eval

import "math"

// The products below are rounded by explicit conversions, so that no compiler fuses them with the sum: distances
// decide matches by strict comparison and must be the same bits on every machine.

// planeDistance is the distance of two points in the ground plane, m.
func planeDistance(a, b *[3]float64) float64 {
	dx, dy := a[0]-b[0], a[1]-b[1]
	return math.Sqrt(float64(dx*dx) + float64(dy*dy))
}

// velocityDistance is the norm of the velocity difference, m/s; NaN if any component is unknown.
func velocityDistance(a, b *[2]float64) float64 {
	dx, dy := a[0]-b[0], a[1]-b[1]
	return math.Sqrt(float64(dx*dx) + float64(dy*dy))
}

// scaleError is 1 - IoU of two boxes put on the same centre with the same heading.
func scaleError(truth, pred *[3]float64) float64 {
	vt, vp, both := 1.0, 1.0, 1.0
	for i := range truth {
		vt *= truth[i]
		vp *= pred[i]
		both *= min(truth[i], pred[i])
	}
	return 1 - both/(vt+vp-both)
}

// rotationMatrix returns the matrix of the quaternion w, x, y, z after bringing it to unit length.
func rotationMatrix(q *[4]float64) [3][3]float64 {
	n := math.Sqrt(q[0]*q[0] + q[1]*q[1] + q[2]*q[2] + q[3]*q[3])
	w, x, y, z := q[0]/n, q[1]/n, q[2]/n, q[3]/n
	return [3][3]float64{
		{1 - 2*(y*y+z*z), 2 * (x*y - z*w), 2 * (x*z + y*w)},
		{2 * (x*y + z*w), 1 - 2*(x*x+z*z), 2 * (y*z - x*w)},
		{2 * (x*z - y*w), 2 * (y*z + x*w), 1 - 2*(x*x+y*y)},
	}
}

// yaw is the heading of the rotated x axis, counter-clockwise from +x, rad, in (-pi, pi].
func yaw(q *[4]float64) float64 {
	r := rotationMatrix(q)
	return math.Atan2(r[1][0], r[0][0])
}

// yawError is the smallest turn between two headings that repeat after period, rad, in [0, period/2].
func yawError(truth, pred, period float64) float64 {
	d := math.Mod(truth-pred+period/2, period)
	if d < 0 { // math.Mod keeps the sign of its first argument
		d += period
	}
	return math.Abs(d - period/2)
}

// contains reports whether p lies in the rack, faces included. It measures p from one corner along the three edges
// that meet there: p is inside if each projection lies between the two ends of its edge.
func (r *BikeRack) contains(p *[3]float64) bool {
	m := rotationMatrix(&r.Rotation)
	half := [3]float64{r.Size[1] / 2, r.Size[0] / 2, r.Size[2] / 2} // along box x (length), y (width), z (height)
	var corner [3]float64
	for i := range corner {
		corner[i] = r.Translation[i] + m[i][0]*half[0] + m[i][1]*half[1] + m[i][2]*half[2]
	}
	for axis := range half {
		along, length := 0.0, 0.0
		for i := range corner {
			edge := -2 * half[axis] * m[i][axis]
			along += edge * (p[i] - corner[i])
			length += edge * edge
		}
		if !(along >= 0 && along <= length) {
			return false
		}
	}
	return true
}
