package encoders

import (
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

// RadarMotion places one radar scan in a set.
type RadarMotion struct {
	// EgoFromSensor is the mounting. Velocity and AngularVelocity are the ego's at the scan's stamp, ego axes.
	EgoFromSensor             sensors.Pose
	Velocity, AngularVelocity r3.Vec
	// SetFromScan maps the ego frame at the scan's stamp into the ego frame at the set's time.
	SetFromScan sensors.Pose
	// AgeS is the set's time minus the scan's stamp, s.
	AgeS float64
}

// AppendReturns appends the usable detections of a scan, moved into the ego frame at the set's time: by the ego motion, and
// along the line of sight by their own compensated radial velocity, which is all of their motion that a radar sees.
func AppendReturns(dst []RadarReturn, scan *sensors.RadarScan, m RadarMotion) []RadarReturn {
	for i := range scan.Detections {
		d := &scan.Detections[i]
		if d.Invalid {
			continue
		}
		speed, direction := sensors.CompensatedRadial(*d, m.EgoFromSensor, m.Velocity, m.AngularVelocity)
		v := r3.Scale(speed, direction)
		p := r3.Add(m.EgoFromSensor.Apply(d.Position), r3.Scale(m.AgeS, v))
		p, v = m.SetFromScan.Apply(p), m.SetFromScan.Rotate(v)
		dst = append(dst, RadarReturn{X: p.X, Y: p.Y, RCSdBsm: d.RCSdBsm, Vx: v.X, Vy: v.Y, AgeS: m.AgeS})
	}
	return dst
}
