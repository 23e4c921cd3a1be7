package degrade

import (
	"bytes"
	"math"

	"gonum.org/v1/gonum/spatial/r3"
	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/effect"
)

// scanJob is what a worker must know to degrade a radar's cycle.
type scanJob struct {
	sensor *sensors.Sensor
	sample *sensors.RadarScan
	motion sensors.EgoState
}

// scan degrades a radar's message.
func (w *worker) scan(j *job) error {
	s := j.scan
	message := &fusionv1.RadarScan{}
	if err := proto.Unmarshal(j.Data, message); err != nil {
		return err
	}
	spec := effect.RadarSpec{MaxRangeRateMps: s.sample.MaxRangeRateMps}
	if fov := s.sensor.AzimuthFovRad; fov > 0 && fov < math.Pi {
		spec.HalfFieldRad = fov / 2
	}
	mount := s.sensor.EgoFromSensor
	velocity := mount.Inverse().Rotate(r3.Add(s.motion.Velocity, r3.Cross(s.motion.AngularVelocity, mount.Translation)))
	w.clean = effect.AppendDetections(w.clean[:0], s.sample.Detections)
	w.detections = effect.NewRadar(spec).Apply(append(w.detections[:0], w.clean...), &j.conditions, velocity.X, j.key, j.index)
	if effect.Misaligned(&j.conditions.Fault) {
		moved := effect.Misalignment(mount, &j.conditions.Fault)
		for i := range w.detections {
			turn(&w.detections[i], moved)
		}
	}
	if cartesian := len(message.Points) > 0; cartesian {
		message.Points = w.points(message.Points)
	} else {
		message.Detections = w.polar(message.Detections)
	}
	var err error
	if j.payload, err = (proto.MarshalOptions{Deterministic: true}).Marshal(message); err != nil {
		return err
	}
	j.changed = !bytes.Equal(j.payload, j.Data)
	return nil
}

// turn moves a detection by a misalignment; its range rate stays what was measured.
func turn(d *effect.Detection, moved sensors.Pose) {
	p := moved.Apply(d.Position())
	if r := r3.Norm(p); r > 0 {
		d.RangeM, d.AzimuthRad, d.ElevationRad = r, math.Atan2(p.Y, p.X), math.Asin(min(max(p.Z/r, -1), 1))
	}
}

// polar writes the detections back; fields that no effect changed keep their bits.
func (w *worker) polar(in []*fusionv1.RadarDetection) []*fusionv1.RadarDetection {
	out := make([]*fusionv1.RadarDetection, 0, len(w.detections))
	for i := range w.detections {
		d := &w.detections[i]
		if d.Fate == effect.Lost {
			continue
		}
		m, was := &fusionv1.RadarDetection{}, effect.Detection{RangeM: math.NaN(), AzimuthRad: math.NaN(), RCSdBsm: math.NaN()}
		if d.Source >= 0 {
			m, was = in[d.Source], w.clean[d.Source]
		}
		if d.RangeM != was.RangeM {
			m.RangeM = float32(d.RangeM)
		}
		if d.AzimuthRad != was.AzimuthRad {
			m.AzimuthRad = float32(d.AzimuthRad)
		}
		if m.ElevationRad != nil && d.ElevationRad != was.ElevationRad {
			m.ElevationRad = proto.Float32(float32(d.ElevationRad))
		}
		if d.Source < 0 {
			m.RangeRateMps = float32(d.RangeRateMps)
		}
		weaken(&m.RcsDbsm, &m.SnrDb, d, &was)
		out = append(out, m)
	}
	return out
}

// points is polar for Cartesian messages: radial velocities turn with the line of sight.
func (w *worker) points(in []*fusionv1.RadarPoint) []*fusionv1.RadarPoint {
	out := make([]*fusionv1.RadarPoint, 0, len(w.detections))
	for i := range w.detections {
		d := &w.detections[i]
		if d.Fate == effect.Lost {
			continue
		}
		m, was := &fusionv1.RadarPoint{}, effect.Detection{RangeM: math.NaN(), RCSdBsm: math.NaN()}
		if d.Source >= 0 {
			m, was = in[d.Source], w.clean[d.Source]
		}
		if d.RangeM != was.RangeM || d.AzimuthRad != was.AzimuthRad || d.ElevationRad != was.ElevationRad {
			p := d.Position()
			m.X, m.Y, m.Z = float32(p.X), float32(p.Y), float32(p.Z)
			sin, cos := math.Sincos(d.AzimuthRad)
			m.Vx, m.Vy = float32(d.RangeRateMps*cos), float32(d.RangeRateMps*sin)
		}
		weaken(&m.RcsDbsm, &m.SnrDb, d, &was)
		out = append(out, m)
	}
	return out
}

func weaken(rcs *float32, snr **float32, d, was *effect.Detection) {
	if d.RCSdBsm != was.RCSdBsm {
		*rcs = float32(d.RCSdBsm)
	}
	if d.SNRdB != was.SNRdB && !math.IsNaN(d.SNRdB) {
		*snr = proto.Float32(float32(d.SNRdB))
	}
}
