//go:build cgo

package camera

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

// retina holds, for each pixel of a camera's recorded image, where its ray meets the plane z = 1; NaN where it does not.
type retina struct {
	w, h int
	at   [][2]float64
}

func newRetina(k *sensors.Intrinsics) retina {
	r := retina{w: k.Width, h: k.Height, at: make([][2]float64, 0, k.Width*k.Height)}
	for row := range k.Height {
		for col := range k.Width {
			p := [2]float64{math.NaN(), math.NaN()}
			if ray, ok := k.Unproject(float64(col), float64(row)); ok && ray.Z > 0.05 {
				p = [2]float64{ray.X / ray.Z, ray.Y / ray.Z}
			}
			r.at = append(r.at, p)
		}
	}
	return r
}

// paint renders a scene on the plane z = 1 through the camera's own lens; what the lens model does not reach is black.
func (r retina) paint(scene func(x, y float64) float64) *sensors.CameraFrame {
	return rgbFrame(r.w, r.h, func(col, row int) [3]float64 {
		p := r.at[row*r.w+col]
		if math.IsNaN(p[0]) {
			return [3]float64{}
		}
		g := scene(p[0], p[1])
		return [3]float64{g, g, g}
	})
}

func everyLens(w, h int) map[string]*sensors.Intrinsics {
	rational := lens(w, h, sensors.PinholeRadTan)
	rational.Distortion = [8]float64{0.4, 0.02, 0.0004, 0.0007, -0.003, 0.7, 0.06, -0.004}
	return map[string]*sensors.Intrinsics{
		"pinhole":            pinhole(w, h, 0.55*float64(w)),
		"pinhole, odd size":  pinhole(w-3, h-7, 0.55*float64(w)),
		"radial, tangential": lens(w, h, sensors.PinholeRadTan),
		"rational":           rational,
		"fisheye":            lens(w, h, sensors.FisheyeKB4),
	}
}

// centre is the centre of mass of the red plane of a row within reach of u.
func centre(picture []uint8, v View, row int, u, reach float64) float64 {
	var sum, moment float64
	for x := int(math.Ceil(u - reach)); x <= int(u+reach); x++ {
		g := float64(picture[row*v.Width+x])
		sum, moment = sum+g, moment+g*float64(x)
	}
	return moment / sum
}

// TestLinesComeBackStraight renders bright lines x = a + b*y of the plane z = 1 through each lens. In the view each must
// lie, in every row, where View says. 0.12 of a pixel is allowed: 8-bit levels, 1/32-pixel tables, the lens within one
// line's width. In the recorded images the same lines are bent by several pixels.
func TestLinesComeBackStraight(t *testing.T) {
	const tolerance = 0.12
	for name, k := range everyLens(960, 540) {
		p := newPreprocessor(t, k, 256, 96)
		v, r := p.View(), newRetina(k)
		for _, line := range []struct{ a, b float64 }{{-0.7, 0}, {-0.4, 0.2}, {0.03, -0.5}, {0.72, 0}} {
			sigma := 1.3 / v.Fx // a line about three view pixels wide
			f := r.paint(func(x, y float64) float64 {
				d := (x - line.a - line.b*y) / sigma
				return 250 * math.Exp(-d*d/2)
			})
			for encoding, f := range map[string]*sensors.CameraFrame{"rgb8": f, "jpeg": asJPEG(t, f, 95)} {
				got := process(t, p, f)
				worst, rows, bent := 0.0, 0, 0.0
				for row := range v.Height {
					y := (float64(row) - v.Cy) / v.Fy
					x := line.a + line.b*y
					u := v.Fx*x + v.Cx
					a, b, ok := k.Project(r3.Vec{X: x, Y: y, Z: 1})
					if !ok || u < 8 || u > float64(v.Width-9) || a < 16 || a > float64(k.Width-17) || b < 8 || b > float64(k.Height-9) {
						continue // the line is not wholly in the picture here
					}
					rows++
					worst = math.Max(worst, math.Abs(centre(got, v, row, u, 6)-u))
					bent = math.Max(bent, math.Abs(a-(k.Fx*x+k.Cx)))
				}
				what := fmt.Sprintf("%s, %s, line x = %g %+g y", name, encoding, line.a, line.b)
				if rows < v.Height/2 {
					t.Errorf("%s: only %d rows can be compared", what, rows)
				}
				if worst > tolerance {
					t.Errorf("%s: got %.3f pixels off, want %.2f at most", what, worst, tolerance)
				}
				if k.Distorted() && math.Abs(line.a) > 0.6 && bent < 5 {
					t.Errorf("%s: the lens moves it by %.1f pixels only: too little to test anything", what, bent)
				}
			}
		}
	}
}

// TestPointLandsWhereViewSays puts a small lamp at 3D points and looks for it in the picture.
func TestPointLandsWhereViewSays(t *testing.T) {
	const tolerance = 0.12
	for name, k := range everyLens(960, 540) {
		p := newPreprocessor(t, k, 256, 96)
		v, r := p.View(), newRetina(k)
		for _, point := range []r3.Vec{{X: 0.5, Y: 0.2, Z: 12}, {X: -7, Y: 1, Z: 11}, {X: 5, Y: 1.1, Z: 8}} {
			lamp := r3.Scale(1/point.Z, point)
			sigma := 1.3 / v.Fx
			f := r.paint(func(x, y float64) float64 {
				return 250 * math.Exp(-((x-lamp.X)*(x-lamp.X)+(y-lamp.Y)*(y-lamp.Y))/(2*sigma*sigma))
			})
			got := process(t, p, f)
			var sum, atU, atV float64
			for i, g := range got[:v.Width*v.Height] {
				if !near(i, v, lamp) {
					continue // black, or Fill where the camera sees nothing
				}
				sum += float64(g)
				atU += float64(g) * float64(i%v.Width)
				atV += float64(g) * float64(i/v.Width)
			}
			wantU, wantV := v.Fx*lamp.X+v.Cx, v.Fy*lamp.Y+v.Cy
			if du, dv := atU/sum-wantU, atV/sum-wantV; math.Hypot(du, dv) > tolerance {
				t.Errorf("%s: lamp at %v: got (%.2f, %.2f), want (%.2f, %.2f) within %g", name, point, atU/sum, atV/sum, wantU, wantV, tolerance)
			}
		}
	}
}

// near says whether view pixel i is within 8 pixels of where the ray p is seen.
func near(i int, v View, p r3.Vec) bool {
	return math.Hypot(float64(i%v.Width)-v.Fx*p.X-v.Cx, float64(i/v.Width)-v.Fy*p.Y-v.Cy) < 8
}
