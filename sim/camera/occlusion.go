package camera

import (
	"math"

	"github.com/fusiond/fusiond/sim/geom"
)

// How much of the sky a surface sees is asked by one ray a pixel in one of 16 directions that cover its hemisphere, each pixel of a block
// of 4 x 4 another; a filter over the same block then has all 16. Method: interleaved sampling (A. Keller, W. Heidrich 2001) as for
// ambient occlusion in screen space.
const (
	block = 4
	// nearM is the length of these rays: what is farther is part of the surroundings.
	nearM = 8
	// bounced is the light that comes from a near thing, as a share of what came from the sky behind it.
	bounced = 0.22
)

// hemisphere holds 16 directions about z, dense as the cosine to z (Malley's method on a stratified disc), in an order in which
// neighbours differ much.
var hemisphere = func() (d [block * block]geom.Vec) {
	order := [block * block]int{0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5}
	for i, k := range order {
		u := (float64(k) + 0.5) / (block * block)
		turn := 2 * math.Pi * math.Mod(float64(k)*0.6180339887498949, 1)
		r := math.Sqrt(u)
		d[i] = geom.Vec{float32(r * math.Cos(turn)), float32(r * math.Sin(turn)), float32(math.Sqrt(1 - u))}
	}
	return d
}()

// freeSky asks one ray whether a surface sees past what is near: 1 or bounced.
func (f *Frame) freeSky(at, n geom.Vec, v *view) float32 {
	x, y := v.pixel%f.Image.W, v.pixel/f.Image.W
	d := hemisphere[(y+v.sample/2)%block*block+(x+v.sample)%block]
	u, w := tangents(n)
	dir := u.Scale(d[0]).Add(w.Scale(d[1])).Add(n.Scale(d[2]))
	r := geom.Ray{Origin: at, Dir: dir, Max: nearM, Time: v.time}
	if f.moment.Scene.Blocked(&r) {
		return bounced
	}
	return 1
}

// tangents returns two unit vectors across a unit vector (Duff et al. 2017).
func tangents(n geom.Vec) (u, v geom.Vec) {
	sign := float32(math.Copysign(1, float64(n[2])))
	a := -1 / (sign + n[2])
	b := n[0] * n[1] * a
	return geom.Vec{1 + sign*n[0]*n[0]*a, sign * b, -sign * n[0]}, geom.Vec{b, sign + n[1]*n[1]*a, -n[1]}
}

// addAmbient adds the light from around, with the share of free sky averaged over the neighbours on the same surface: 5 x 5 pixels of
// which the outer ones count half, so that each of the 16 directions counts the same.
func (f *Frame) addAmbient() {
	w, h := f.Image.W, f.Image.H
	weights := [5]float32{0.5, 1, 1, 1, 0.5}
	for y := range h {
		for x := range w {
			i := y*w + x
			a := &f.ambient[i]
			f.open[i] = 1
			if *a == (rgb{}) {
				continue
			}
			n, d, object := f.normal[i], f.Image.Distance[i], f.Object[i]
			sum, of := float32(0), float32(0)
			for v := max(y-2, 0); v <= min(y+2, h-1); v++ {
				for u := max(x-2, 0); u <= min(x+2, w-1); u++ {
					j := v*w + u
					if f.Object[j] != object || n.Dot(f.normal[j]) < 0.85 || abs(f.Image.Distance[j]-d) > 0.25*d {
						continue
					}
					k := weights[v-y+2] * weights[u-x+2]
					sum += k * f.free[j]
					of += k
				}
			}
			free := f.free[i]
			if of > 0 {
				free = sum / of
			}
			f.open[i] = free
			p := f.Image.RGB[3*i : 3*i+3 : 3*i+3]
			p[0] += free * a[0]
			p[1] += free * a[1]
			p[2] += free * a[2]
		}
	}
}

func abs(x float32) float32 { return float32(math.Abs(float64(x))) }
