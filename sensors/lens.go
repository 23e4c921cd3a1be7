package sensors

import (
	"math"

	"gonum.org/v1/gonum/spatial/r3"
)

// Coefficients of Intrinsics.Distortion, in OpenCV's order (PinholeRadTan).
const (
	distK1 = iota
	distK2
	distP1
	distP2
	distK3
	distK4
	distK5
	distK6
)

// numKB4 is how many of Intrinsics.Distortion FisheyeKB4 uses.
const numKB4 = 4

// Lens inversion: the residual is in normalised image units (pixels over focal length), so 1e-10 is far below a
// thousandth of a pixel; the iterations are Newton's with halved steps and take about six on real lenses.
const (
	lensResidual   = 1e-10
	lensIterations = 64
	// lensSteps is how finely a lens is searched for a fold between the axis and a ray.
	lensSteps = 96
)

// Distorted reports whether the recorded image differs from a plain pinhole image, so that it needs undistortion. A
// fisheye image always does.
func (k *Intrinsics) Distorted() bool {
	return k.Model == FisheyeKB4 || k.Distortion != [8]float64{}
}

// Project maps p (metres, camera frame: x right, y down, z forward) to pixels of the recorded image; the centre of the
// top left pixel is (0, 0). It does not test against the image's size. ok is false behind the camera, for anything not
// finite, and beyond the lens model's valid field, where the polynomial folds outer rays back into the image. A fisheye
// may see rays behind its own plane.
//
// Sources: OpenCV's pinhole model with rational radial and tangential terms; Kannala and Brandt 2006 with four terms.
func (k *Intrinsics) Project(p r3.Vec) (u, v float64, ok bool) {
	var x, y float64
	switch k.Model {
	case PinholeRadTan:
		if !(p.Z > 0) {
			return 0, 0, false
		}
		x, y = p.X/p.Z, p.Y/p.Z
		if !k.radTanValid(x*x + y*y) {
			return 0, 0, false
		}
		x, y = k.radTan(x, y)
	case FisheyeKB4:
		r := math.Hypot(p.X, p.Y)
		theta := math.Atan2(r, p.Z)
		if (r == 0 && !(p.Z > 0)) || !k.kb4Valid(theta) {
			return 0, 0, false
		}
		if r > 0 {
			d, _ := k.kb4(theta)
			x, y = p.X/r*d, p.Y/r*d
		}
	default:
		return 0, 0, false
	}
	u, v = k.Fx*x+k.Cx, k.Fy*y+k.Cy
	return u, v, finite(u) && finite(v)
}

// Unproject returns the unit ray (camera frame) that Project maps to the pixel (u, v). ok is false when no ray of the
// model's valid field does, or the inversion does not converge to 1e-10 of a focal length.
func (k *Intrinsics) Unproject(u, v float64) (ray r3.Vec, ok bool) {
	x, y := (u-k.Cx)/k.Fx, (v-k.Cy)/k.Fy
	if !finite(x) || !finite(y) {
		return r3.Vec{}, false
	}
	switch k.Model {
	case PinholeRadTan:
		if k.Distortion != [8]float64{} {
			if x, y, ok = k.invertRadTan(x, y); !ok {
				return r3.Vec{}, false
			}
		}
		return r3.Unit(r3.Vec{X: x, Y: y, Z: 1}), true
	case FisheyeKB4:
		d := math.Hypot(x, y)
		if d == 0 {
			return r3.Vec{Z: 1}, true
		}
		theta, ok := k.invertKB4(d)
		if !ok {
			return r3.Vec{}, false
		}
		sin, cos := math.Sincos(theta)
		return r3.Vec{X: x / d * sin, Y: y / d * sin, Z: cos}, true
	}
	return r3.Vec{}, false
}

// radTan distorts normalised coordinates:
//
//	s = x² + y²,  g = (1 + k1 s + k2 s² + k3 s³) / (1 + k4 s + k5 s² + k6 s³)
//	x' = x g + 2 p1 x y + p2 (s + 2x²),  y' = y g + p1 (s + 2y²) + 2 p2 x y
func (k *Intrinsics) radTan(x, y float64) (xd, yd float64) {
	s := x*x + y*y
	n, _, d, _ := k.radial(s)
	p1, p2 := k.Distortion[distP1], k.Distortion[distP2]
	g := n / d
	return x*g + 2*p1*x*y + p2*(s+2*x*x), y*g + p1*(s+2*y*y) + 2*p2*x*y
}

// radial returns the numerator and denominator of the radial factor at s = r² and their derivatives by s.
func (k *Intrinsics) radial(s float64) (n, dn, d, dd float64) {
	c := &k.Distortion
	n = 1 + s*(c[distK1]+s*(c[distK2]+s*c[distK3]))
	dn = c[distK1] + s*(2*c[distK2]+s*3*c[distK3])
	d = 1 + s*(c[distK4]+s*(c[distK5]+s*c[distK6]))
	dd = c[distK4] + s*(2*c[distK5]+s*3*c[distK6])
	return n, dn, d, dd
}

// radTanValid reports whether the distorted radius grows, without a pole, all the way from the axis to r² = s.
func (k *Intrinsics) radTanValid(s float64) bool {
	if k.Distortion == [8]float64{} {
		return finite(s)
	}
	if !finite(s) {
		return false
	}
	// A bound that holds for most rays and needs no search: slope and denominator stay positive even when every positive
	// coefficient counts as zero. With n = sum of a_i s^i and d = sum of b_j s^j, the slope of r n/d by r, times d², is
	// n d + 2 s (n' d - n d') = sum of a_i b_j (1 + 2i - 2j) s^(i+j).
	c := &k.Distortion
	n, d := [4]float64{1, c[distK1], c[distK2], c[distK3]}, [4]float64{1, c[distK4], c[distK5], c[distK6]}
	var slope [7]float64
	for i, a := range n {
		for j, b := range d {
			slope[i+j] += a * b * float64(1+2*i-2*j)
		}
	}
	if stayPositive(slope[1:], s) && stayPositive(d[1:], s) {
		return true
	}
	// Equal steps of the ray's angle, so that far-off rays are searched as finely as near ones.
	limit := math.Atan(math.Sqrt(s))
	for i := 1; i <= lensSteps; i++ {
		t := s
		if i < lensSteps {
			r := math.Tan(limit * float64(i) / lensSteps)
			t = r * r
		}
		n, dn, d, dd := k.radial(t)
		if !(d > 0) || !(n*d+2*t*(dn*d-n*dd) > 0) {
			return false
		}
	}
	return true
}

// stayPositive reports whether 1 + c[0] s + c[1] s² + ... > 0 follows for all of [0, s] from the negative terms alone.
func stayPositive(c []float64, s float64) bool {
	sum, power := 1.0, s
	for _, v := range c {
		sum += min(0, v) * power
		power *= s
	}
	return sum > 0
}

// invertRadTan finds the undistorted (x, y) by Newton's method in two dimensions with halved steps.
func (k *Intrinsics) invertRadTan(xd, yd float64) (x, y float64, ok bool) {
	p1, p2 := k.Distortion[distP1], k.Distortion[distP2]
	residual := func(x, y float64) (ex, ey, e float64) {
		a, b := k.radTan(x, y)
		ex, ey = xd-a, yd-b
		return ex, ey, math.Hypot(ex, ey)
	}
	// The axis is always in the valid field and the way from there is the one that cannot jump over a fold.
	ex, ey, e := residual(0, 0)
	for range lensIterations {
		if e < 1e-15 {
			break
		}
		s := x*x + y*y
		n, dn, d, dd := k.radial(s)
		g := n / d
		dg := (dn*d - n*dd) / (d * d) // by s
		a := g + 2*x*x*dg + 2*p1*y + 6*p2*x
		b := 2*x*y*dg + 2*p1*x + 2*p2*y
		c := g + 2*y*y*dg + 6*p1*y + 2*p2*x
		det := a*c - b*b
		if !(det > 0) {
			return 0, 0, false
		}
		sx, sy := (c*ex-b*ey)/det, (a*ey-b*ex)/det
		better := false
		for step := 1.0; step > 1e-4; step /= 2 {
			nx, ny := x+step*sx, y+step*sy
			fx, fy, f := residual(nx, ny)
			if f < e && k.radTanValid(nx*nx+ny*ny) {
				x, y, ex, ey, e, better = nx, ny, fx, fy, f, true
				break
			}
		}
		if !better {
			break
		}
	}
	return x, y, e < lensResidual && k.radTanValid(x*x+y*y)
}

// kb4 returns the distorted angle theta (1 + k1 theta² + k2 theta⁴ + k3 theta⁶ + k4 theta⁸) and its slope.
func (k *Intrinsics) kb4(theta float64) (d, slope float64) {
	c, s := &k.Distortion, theta*theta
	d = theta * (1 + s*(c[0]+s*(c[1]+s*(c[2]+s*c[3]))))
	slope = 1 + s*(3*c[0]+s*(5*c[1]+s*(7*c[2]+s*9*c[3])))
	return d, slope
}

// kb4Valid reports whether the distorted angle grows all the way from the axis to theta.
func (k *Intrinsics) kb4Valid(theta float64) bool {
	c, s := &k.Distortion, theta*theta
	if !(theta >= 0 && theta <= math.Pi) {
		return false
	}
	if 1+s*(3*min(0, c[0])+s*(5*min(0, c[1])+s*(7*min(0, c[2])+s*9*min(0, c[3])))) > 0 {
		return true
	}
	for i := 1; i <= lensSteps; i++ {
		if _, slope := k.kb4(theta * float64(i) / lensSteps); !(slope > 0) {
			return false
		}
	}
	return true
}

// invertKB4 finds theta for a distorted angle by Newton's method from the axis with halved steps.
func (k *Intrinsics) invertKB4(target float64) (theta float64, ok bool) {
	d, slope := k.kb4(0)
	e := target - d
	for range lensIterations {
		if math.Abs(e) < 1e-15 {
			break
		}
		better := false
		for step := e / slope; math.Abs(step) > 1e-17; step /= 2 {
			next := theta + step
			nd, ns := k.kb4(next)
			if math.Abs(target-nd) < math.Abs(e) && k.kb4Valid(next) {
				theta, e, slope, better = next, target-nd, ns, true
				break
			}
		}
		if !better {
			break
		}
	}
	return theta, math.Abs(e) < lensResidual && k.kb4Valid(theta)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
