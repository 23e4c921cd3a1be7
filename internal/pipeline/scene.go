package pipeline

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // decoders of image.Decode
	_ "image/png"

	"github.com/fusiond/fusiond/internal/render"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	timesync "github.com/fusiond/fusiond/sync"
)

// sceneWindow is how far around a set its members and the ego motion are looked for, ns.
const sceneWindow = sensors.StampNs(1e9)

// Scene gathers what a picture of one set shows: the objects as published, the members of the set out of the recording, and
// the ground truth (may be nil).
func Scene(r *replay.Reader, rig *sensors.Rig, list *fusionv1.ObjectList, truth *fusionv1.TruthFrame) (render.Scene, error) {
	stamp := sensors.StampNs(list.Header.GetStamp())
	s := render.Scene{Objects: list, Truth: truth, Body: rig.Body}
	// chosen is the stamp of a member's sample; a camera that was left out for its condition is drawn as well, to show why.
	chosen := func(m *fusionv1.Member) (sensors.StampNs, bool) {
		if m == nil || !m.Present && !leftOut(m) {
			return 0, false
		}
		if leftOut(m) {
			return stamp - sensors.StampNs(m.NewestAgeNs), true
		}
		return sensors.StampNs(m.Stamp), true
	}
	wanted := map[sensors.SensorID]*fusionv1.Member{}
	for _, m := range list.Manifest.GetMembers() {
		wanted[sensors.SensorID(m.Stream)] = m
	}
	var ego sensors.EgoHistory
	found := map[sensors.SensorID]sensors.Sample{}
	o := replay.Options{From: max(stamp-sceneWindow, 1), To: stamp + sceneWindow, Inputs: true, Retain: true}
	for m, err := range r.Messages(o) {
		if err != nil {
			return s, err
		}
		topic := replay.ParseTopic(m.Topic)
		isEgo := topic.Modality == sensors.Ego
		if at, ok := chosen(wanted[topic.Sensor]); !isEgo && (!ok || at != m.Stamp) {
			continue
		}
		sample, err := sensors.Parse(topic.Modality, m.Data, sensors.Meta{Sensor: topic.Sensor, Modality: topic.Modality, Received: m.Received})
		switch {
		case err != nil && isEgo:
			continue // the daemon went on without it as well
		case err != nil:
			return s, err
		case isEgo:
			ego.Add(sample.(*sensors.EgoMotion)) //nolint:forcetypeassert // Parse gives what the modality says
		default:
			found[topic.Sensor] = sample
		}
	}
	for i := range rig.Sensors {
		sensor := &rig.Sensors[i]
		switch sensor.Modality {
		case sensors.Camera:
			view, err := cameraView(sensor, wanted[sensor.Name], found[sensor.Name], stamp, &ego)
			if err != nil {
				return s, err
			}
			s.Cameras = append(s.Cameras, view)
		case sensors.Lidar:
			if cloud, ok := found[sensor.Name].(*sensors.PointCloud); ok && s.Points == nil {
				points, err := scenePoints(cloud, sensor, stamp, &ego)
				if err != nil {
					return s, err
				}
				s.Points = points
			}
		case sensors.Radar, sensors.Ego:
		}
	}
	return s, nil
}

// leftOut tells a camera whose picture is worth nothing.
func leftOut(m *fusionv1.Member) bool {
	return m != nil && m.Modality == fusionv1.Modality_MODALITY_CAMERA && m.Absence == fusionv1.AbsenceReason_ABSENCE_REASON_UNRELIABLE
}

func cameraView(s *sensors.Sensor, m *fusionv1.Member, sample sensors.Sample, stamp sensors.StampNs, ego *sensors.EgoHistory) (render.CameraView, error) {
	v := render.CameraView{Name: s.Name, Intrinsics: s.Intrinsics, CameraFromEgo: s.EgoFromSensor.Inverse()}
	frame, ok := sample.(*sensors.CameraFrame)
	switch {
	case m != nil && !m.Present && !leftOut(m):
		v.Reason = absenceWord(m.Absence)
		return v, nil
	case !ok:
		v.Reason = "not in the recording"
		return v, nil
	case frame.Encoding != sensors.JPEG && frame.Encoding != sensors.PNG:
		v.Reason = "raw images are not drawn"
		return v, nil
	}
	img, _, err := image.Decode(bytes.NewReader(frame.Data))
	if err != nil {
		return v, fmt.Errorf("draw camera %s at %d: %w", s.Name, frame.Stamp, err)
	}
	v.Image = img
	if motion, ok := ego.Between(stamp, frame.Stamp); ok {
		v.CameraFromEgo = v.CameraFromEgo.Mul(motion)
	}
	return v, nil
}

// egoPoses is an EgoHistory as the motion compensation asks it.
type egoPoses struct{ *sensors.EgoHistory }

// At implements timesync.EgoLookup.
func (e egoPoses) At(stamp sensors.StampNs) (sensors.Pose, bool) {
	state, _, ok := e.EgoHistory.At(stamp)
	return state.LocalFromEgo, ok
}

// scenePoints returns a sweep in the ego frame at the set's time.
func scenePoints(c *sensors.PointCloud, s *sensors.Sensor, stamp sensors.StampNs, ego *sensors.EgoHistory) ([]sensors.Point, error) {
	points, _ := c.AppendPoints(nil)
	if c.Deskewed {
		for i := range points {
			points[i].T = 0
		}
	}
	mount := s.EgoFromSensor
	if motion, ok := ego.Between(c.Stamp, stamp); ok && c.Deskewed {
		mount = motion.Mul(mount)
	}
	if _, err := timesync.Deskew(points, points, mount, c.Stamp, egoPoses{ego}); err != nil {
		return nil, err
	}
	return points, nil
}
