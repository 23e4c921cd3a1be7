package world

import (
	"math"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

const (
	tickS   = 0.02 // the traffic's step
	warmUpS = 3.0  // the traffic drives this long before the first moment that can be asked for, at -1 s
	marginS = 1.0  // what can be asked for before 0 and after the duration
)

// place is where a body is and how it stands: of its box's centre, or of the ego's rear axle on the ground. Pitch turns about the
// y axis (positive: nose down), roll about the x axis (positive: left side up).
type place struct{ x, y, z, yaw, pitch, roll float64 }

// track is a body's way: places every tickS from begin on; a single one for what stands still. Between them it is a Catmull-Rom
// spline (cubic Hermite with central differences as slopes): position, velocity and angles are continuous, and the velocity is
// exactly the derivative of the position.
type track struct {
	begin  float64
	places []place
}

// still is the track of something that never moves.
func still(p place) track { return track{places: []place{p}} }

// rates are the derivatives of a place by time.
type rates place

// at returns the place and its rates at t seconds; beyond the ends the nearest interval goes on at its constant end.
func (k *track) at(t float64) (place, rates) {
	last := len(k.places) - 1
	if last == 0 {
		return k.places[0], rates{}
	}
	u := math.Max(0, math.Min((t-k.begin)/tickS, float64(last)))
	i := min(int(u), last-1)
	u -= float64(i)
	a, b := &k.places[i], &k.places[i+1]
	z, c := &k.places[max(i-1, 0)], &k.places[min(i+2, last)]
	// Weights of the four places, and their derivatives.
	w := [4]float64{u * (-1 + u*(2-u)) / 2, 1 + u*u*(-5+3*u)/2, u * (1 + u*(4-3*u)) / 2, u * u * (u - 1) / 2}
	d := [4]float64{(-1 + u*(4-3*u)) / 2, u * (-10 + 9*u) / 2, (1 + u*(8-9*u)) / 2, u * (3*u - 2) / 2}
	mix := func(w *[4]float64, z, a, b, c float64) float64 { return w[0]*z + w[1]*a + w[2]*b + w[3]*c }
	p := place{
		mix(&w, z.x, a.x, b.x, c.x), mix(&w, z.y, a.y, b.y, c.y), mix(&w, z.z, a.z, b.z, c.z),
		mix(&w, z.yaw, a.yaw, b.yaw, c.yaw), mix(&w, z.pitch, a.pitch, b.pitch, c.pitch), mix(&w, z.roll, a.roll, b.roll, c.roll),
	}
	r := rates{
		mix(&d, z.x, a.x, b.x, c.x), mix(&d, z.y, a.y, b.y, c.y), mix(&d, z.z, a.z, b.z, c.z),
		mix(&d, z.yaw, a.yaw, b.yaw, c.yaw), mix(&d, z.pitch, a.pitch, b.pitch, c.pitch), mix(&d, z.roll, a.roll, b.roll, c.roll),
	}
	r = rates{r.x / tickS, r.y / tickS, r.z / tickS, r.yaw / tickS, r.pitch / tickS, r.roll / tickS}
	return p, r
}

// pose is worldFromBody: yaw, then pitch, then roll.
func (p *place) pose() sensors.Pose {
	sy, cy := math.Sincos(p.yaw / 2)
	sp, cp := math.Sincos(p.pitch / 2)
	sr, cr := math.Sincos(p.roll / 2)
	q := quat.Mul(quat.Number{Real: cy, Kmag: sy}, quat.Mul(quat.Number{Real: cp, Jmag: sp}, quat.Number{Real: cr, Imag: sr}))
	return sensors.Pose{Rotation: q, Translation: r3.Vec{X: p.x, Y: p.y, Z: p.z}}
}

// spin is the angular velocity in the body's axes (Euler's kinematic equations of yaw, pitch, roll).
func (p *place) spin(r *rates) r3.Vec {
	sr, cr := math.Sincos(p.roll)
	sp, cp := math.Sincos(p.pitch)
	return r3.Vec{X: r.roll - r.yaw*sp, Y: r.pitch*cr + r.yaw*cp*sr, Z: r.yaw*cp*cr - r.pitch*sr}
}
