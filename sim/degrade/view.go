package degrade

import (
	"math"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

// gridWidth is about how many cells of depth a picture is wide: lidars do not say more.
const gridWidth = 320

// view is how a camera looks at the world, for pictures of one size. It is immutable.
type view struct {
	sensor *sensors.Sensor
	k      sensors.Intrinsics // for pictures of w x h
	w, h   int
	// The depth grid: gw x gh cells of step x step pixels.
	step, gw, gh int
	// rays are the unit directions of the cells' middles in ego axes, zero where the lens sees nothing; ground is the inverse distance of
	// the plane under the vehicle along them, 1/m, 0 from the horizon up.
	rays   [][3]float32
	ground []float32
	// rim is the cosine of the largest angle from the axis that is in the picture.
	rim     float32
	horizon float64 // row
	ahead   bool    // the camera looks forward, within 45 degrees
}

func newView(s *sensors.Sensor, w, h int) *view {
	v := &view{sensor: s, w: w, h: h, k: *s.Intrinsics}
	sx, sy := float64(w)/float64(v.k.Width), float64(h)/float64(v.k.Height)
	v.k.Width, v.k.Height = w, h
	v.k.Fx, v.k.Fy = v.k.Fx*sx, v.k.Fy*sy
	v.k.Cx, v.k.Cy = (v.k.Cx+0.5)*sx-0.5, (v.k.Cy+0.5)*sy-0.5
	v.step = max(1, int(math.Round(float64(w)/gridWidth)))
	v.gw, v.gh = (w+v.step-1)/v.step, (h+v.step-1)/v.step
	v.rays, v.ground = make([][3]float32, v.gw*v.gh), make([]float32, v.gw*v.gh)
	v.rim = 1
	height := float32(s.EgoFromSensor.Translation.Z)
	for i := range v.rays {
		x := (float64(i%v.gw)+0.5)*float64(v.step) - 0.5
		y := (float64(i/v.gw)+0.5)*float64(v.step) - 0.5
		ray, ok := v.k.Unproject(x, y)
		if !ok {
			continue
		}
		v.rim = min(v.rim, float32(ray.Z))
		r := s.EgoFromSensor.Rotate(ray)
		v.rays[i] = [3]float32{float32(r.X), float32(r.Y), float32(r.Z)}
		if height > 0 && r.Z < 0 {
			v.ground[i] = float32(-r.Z) / height
		}
	}
	v.rim -= 0.02 // the corners lie outside the outermost middles
	v.horizon = v.horizonRow()
	v.ahead = s.EgoFromSensor.Rotate(r3.Vec{Z: 1}).X > math.Sqrt2/2
	return v
}

// horizonRow is the row in which the horizon lies straight ahead of the lens.
func (v *view) horizonRow() float64 {
	ahead := v.sensor.EgoFromSensor.Rotate(r3.Vec{Z: 1})
	ahead.Z = 0
	if _, y, ok := v.k.Project(v.sensor.EgoFromSensor.Inverse().Rotate(ahead)); ok {
		return y
	}
	return v.k.Cy
}

// cell projects a point of the camera's frame into the grid.
func (v *view) cell(p [3]float32, plain bool) (i int, ok bool) {
	var x, y float32
	if plain {
		x, y = float32(v.k.Fx)*p[0]/p[2]+float32(v.k.Cx), float32(v.k.Fy)*p[1]/p[2]+float32(v.k.Cy)
	} else {
		u, w, ok := v.k.Project(r3.Vec{X: float64(p[0]), Y: float64(p[1]), Z: float64(p[2])})
		if !ok {
			return 0, false
		}
		x, y = float32(u), float32(w)
	}
	x, y = x+0.5, y+0.5
	if !(x >= 0 && y >= 0 && x < float32(v.w) && y < float32(v.h)) {
		return 0, false
	}
	return int(y)/v.step*v.gw + int(x)/v.step, true
}

// seen says whether a point may be in the picture at all, and gives its squared distance. Nearer than half a metre is the vehicle.
func (v *view) seen(p [3]float32) (square float32, ok bool) {
	if p[2] <= 0 && v.rim >= 0 {
		return 0, false
	}
	square = p[0]*p[0] + p[1]*p[1] + p[2]*p[2]
	return square, square > 0.25 && (v.rim < 0 && p[2] > v.rim*float32(math.Sqrt(float64(square))) || p[2] > 0 && p[2]*p[2] > v.rim*v.rim*square)
}
