package degrade

import (
	"bytes"
	"fmt"
	"math"

	"gonum.org/v1/gonum/spatial/r3"
	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/timeline"
)

// frameJob is what a worker must know to degrade a picture.
type frameJob struct {
	sensor *sensors.Sensor
	sample *sensors.CameraFrame // a view into the message
	sweeps []glance
	place  place
	motion sensors.EgoState // zero pose and velocity when not known
}

// frame degrades a camera's message.
func (w *worker) frame(j *job) error {
	f := j.frame
	if err := w.picture.read(f.sample); err != nil {
		return &unreadableError{err}
	}
	v := w.tools.view(f.sensor, w.picture.w, w.picture.h)
	m := &w.image
	m.W, m.H = w.picture.w, w.picture.h
	m.RGB = grown(m.RGB, len(w.picture.codes))
	effect.Decode(m.RGB, w.picture.codes)
	distance, patch, road := m.Distance, m.Patch, m.Road // memory that stays with the worker
	m.Distance, m.Patch, m.Road = nil, nil, nil
	if needsDepth(&j.conditions) {
		m.Distance, m.Patch, m.Road = distance, patch, road
		field := w.fog(f.place, &j.conditions.Weather)
		w.depth.complete(m, v, w.picture.codes, f.sweeps, field, j.conditions.WetMm > 0)
		distance, patch, road = m.Distance, m.Patch, m.Road
		if field == nil {
			m.Patch = nil
		}
		if j.conditions.WetMm == 0 {
			m.Road = nil
		}
	}
	tool := w.tools.camera(v)
	if j.conditions.RotateRad != [3]float64{} {
		if f.sensor.Intrinsics.Model != sensors.PinholeRadTan {
			return fmt.Errorf("turn a picture of %s: its lens is a fisheye: leave rotate out for it", f.sensor.Name)
		}
		tool.Turn(m, effect.Misalignment(f.sensor.EgoFromSensor, &j.conditions.Fault))
	}
	scene := f.scene(v, &j.conditions.Weather)
	if m.Distance != nil {
		scene.Airlight = airlight(m, v.step)
	}
	tool.Apply(m, &j.conditions, scene, j.key, j.index)
	w.tools.giveCamera(v, tool)
	effect.Encode(w.picture.codes, m.RGB)
	m.Distance, m.Patch, m.Road = distance, patch, road
	return w.writeFrame(j)
}

func (w *worker) writeFrame(j *job) error {
	message := &fusionv1.CameraFrame{}
	if err := proto.Unmarshal(j.Data, message); err != nil {
		return err
	}
	data, err := w.picture.write(j.frame.sample.Encoding)
	if err != nil {
		return fmt.Errorf("encode the picture: %w", err)
	}
	message.Data = data
	if j.payload, err = (proto.MarshalOptions{Deterministic: true}).Marshal(message); err != nil {
		return err
	}
	j.changed = !bytes.Equal(j.payload, j.Data)
	return nil
}

// scene is what the picture does not say. The recorded picture has its own sun; where the time line moves it, glare comes from there.
func (f *frameJob) scene(v *view, w *timeline.Weather) *effect.CameraScene {
	sensorFromEgo := f.sensor.EgoFromSensor.Inverse()
	velocity := sensorFromEgo.Rotate(r3.Add(f.motion.Velocity, r3.Cross(f.motion.AngularVelocity, f.sensor.EgoFromSensor.Translation)))
	down := sensorFromEgo.Rotate(r3.Vec{Z: -1})
	s := &effect.CameraScene{
		Velocity: [3]float64{velocity.X, velocity.Y, velocity.Z}, Down: [3]float64{down.X, down.Y, down.Z}, Relight: true,
	}
	usual := timeline.Clear()
	if w.SunAzimuthRad == usual.SunAzimuthRad && w.SunElevationRad == usual.SunElevationRad || w.SunElevationRad < 0 {
		return s
	}
	sin, cos := math.Sincos(w.SunElevationRad)
	sa, ca := math.Sincos(w.SunAzimuthRad)
	sun := sensorFromEgo.Rotate(f.motion.LocalFromEgo.Inverse().Rotate(vec(cos*ca, cos*sa, sin)))
	if x, y, ok := v.k.Project(sun); ok {
		s.Sun, s.HasSun = [2]float64{x, y}, true
	}
	return s
}
