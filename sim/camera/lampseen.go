package camera

import (
	"math"

	"github.com/fusiond/fusiond/sim/geom"
)

// lampBlurPx is the radius in pixels over which a lens spreads a point.
const lampBlurPx = 0.8

// drawLamps draws the lamps that the camera sees: a disc of their size, or of a pixel or so when they are farther, that holds their
// light. Whether something stands before them is told by the distances of the pixels.
func (f *Frame) drawLamps() {
	w, h := f.Image.W, f.Image.H
	middle := f.openAt.Lerp(f.closeAt, 0.5)
	for i := range f.lamps {
		l := &f.lamps[i]
		if l.Hidden {
			continue
		}
		to := l.At.Sub(middle)
		d := to.Norm()
		if d < 0.3 {
			continue
		}
		x, y, ok := f.project(to)
		if !ok {
			continue
		}
		pixel := f.camera.pixelRad
		radius := max(l.RadiusM/d/pixel, lampBlurPx)
		if x < -radius || y < -radius || x > float32(w)+radius || y > float32(h)+radius {
			continue
		}
		cd := l.candela(to.Scale(-1 / d))
		if cd <= 0 {
			continue
		}
		var sum float32
		box := [4]int{
			max(int(x-2*radius), 0), min(int(x+2*radius)+1, w-1), max(int(y-2*radius), 0), min(int(y+2*radius)+1, h-1),
		}
		spread := func(u, v int) float32 {
			dx, dy := float32(u)-x, float32(v)-y
			return exp(-(dx*dx + dy*dy) / (radius * radius))
		}
		for v := box[2]; v <= box[3]; v++ {
			for u := box[0]; u <= box[1]; u++ {
				sum += spread(u, v)
			}
		}
		// Irradiance cd/d2 over the solid angle of a pixel is luminance; a white in full sun has fullSunLux / pi.
		e := math.Pi * cd / (d * d * pixel * pixel) / fullSunLux / max(sum, 0.5*radius*radius)
		for v := box[2]; v <= box[3]; v++ {
			for u := box[0]; u <= box[1]; u++ {
				j := v*w + u
				if f.Image.Distance[j] < d-0.4 {
					continue
				}
				k := e * spread(u, v)
				for c := range 3 {
					f.Image.RGB[3*j+c] += k * l.Color[c]
				}
			}
		}
	}
}

// project returns the pixel of a direction from the camera in the middle of the exposure.
func (f *Frame) project(to geom.Vec) (x, y float32, ok bool) {
	var p [3]float64
	for k := range 3 {
		for i := range 3 {
			p[k] += float64(to[i]) * float64(f.openRows[i][k]+f.closeRows[i][k]) / 2
		}
	}
	u, v, ok := f.camera.intrinsics.Project(vec64(p))
	return float32(u), float32(v), ok && u > -1e4 && u < 1e4 && v > -1e4 && v < 1e4
}
