package effect

import (
	"math"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

// groundM is how far from the ground plane a recorded point may lie and still count as road.
const groundM = 0.25

// AppendReturns turns recorded points into returns, one each and in order. egoFromSensor turns the points' frame into the vehicle's (its
// origin on the ground): points whose height there is within 0.25 m of 0 and which are seen from above count as ground. A point at the
// sensor's origin becomes a beam without a return.
func AppendReturns(dst []Return, points []sensors.Point, egoFromSensor sensors.Pose) []Return {
	m := egoFromSensor.Matrix()
	var rot [9]float32
	for i, v := range m {
		rot[i] = float32(v)
	}
	height := float32(egoFromSensor.Translation.Z)
	for i := range points {
		p := &points[i]
		r := Return{Range: pointRange(p), Intensity: p.Intensity, Beam: p.Ring}
		if r.Range > 0 {
			x, y, z := p.X/r.Range, p.Y/r.Range, p.Z/r.Range
			r.Dir = [3]float32{rot[0]*x + rot[1]*y + rot[2]*z, rot[3]*x + rot[4]*y + rot[5]*z, rot[6]*x + rot[7]*y + rot[8]*z}
			above := height + r.Range*r.Dir[2]
			r.Ground = r.Dir[2] < 0 && above < groundM && above > -groundM
		}
		dst = append(dst, r)
	}
	return dst
}

// Place writes a return's range and intensity into the point that AppendReturns made it from, along the point's own ray. A point whose
// range did not change keeps its coordinates bit for bit.
func (r *Return) Place(p *sensors.Point) {
	if was := pointRange(p); was > 0 && was != r.Range {
		s := r.Range / was
		p.X, p.Y, p.Z = p.X*s, p.Y*s, p.Z*s
	}
	p.Intensity = r.Intensity
}

func pointRange(p *sensors.Point) float32 {
	x, y, z := float64(p.X), float64(p.Y), float64(p.Z)
	return float32(math.Sqrt(x*x + y*y + z*z))
}

// PlumeOf is the spray behind a labelled box, for NewPlume: centre, size (width, length, height: the nuScenes order) and yaw in vehicle
// axes, the speed over ground in the direction of its yaw, and the sensor's place in the vehicle.
func PlumeOf(centre, size r3.Vec, yaw, speedMps, strength float64, sensor r3.Vec) (Plume, bool) {
	c, s := math.Cos(yaw), math.Sin(yaw)
	width, length, height := size.X, size.Y, size.Z
	rear := [3]float32{
		float32(centre.X - length/2*c - sensor.X), float32(centre.Y - length/2*s - sensor.Y), float32(centre.Z - height/2 - sensor.Z),
	}
	return NewPlume(rear, [2]float32{float32(c), float32(s)}, float32(speedMps), float32(width), float32(height), float32(strength))
}
