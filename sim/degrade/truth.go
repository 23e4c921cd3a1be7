package degrade

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// truthFrame is a frame of ground truth that waits for the sweeps of its stamp.
type truthFrame struct {
	stamp   sensors.StampNs
	frame   *fusionv1.TruthFrame // nil when it cannot be read
	views   []lidarView          // in the rig's order of the lidars
	counted bool
}

// lidarView is what a lidar gets of the frame's objects.
type lidarView struct {
	sensor        sensors.SensorID
	clean, sensed []uint32
}

func newTruthFrame(data []byte, stamp sensors.StampNs, rig *sensors.Rig) *truthFrame {
	t := &truthFrame{stamp: stamp}
	f := &fusionv1.TruthFrame{}
	if proto.Unmarshal(data, f) != nil {
		return t
	}
	t.frame = f
	for _, s := range rig.Of(sensors.Lidar) {
		t.views = append(t.views, lidarView{sensor: s.Name})
	}
	return t
}

// take enters what a sweep gave.
func (t *truthFrame) take(s *sweepJob) {
	for i := range t.views {
		if v := &t.views[i]; v.sensor == s.cloud.sensor.Name {
			v.clean, v.sensed = s.clean, s.sensed
			t.counted = true
		}
	}
}

// message is the frame with its points counted anew: every lidar that has a sweep at its stamp gets a view of every object, and the
// object's lidar points are those that the lidars together still get. Where there is no sweep at all the recorded numbers stay.
func (t *truthFrame) message() ([]byte, error) {
	for i, o := range t.frame.GetObjects() {
		if !t.counted {
			break
		}
		o.LidarPoints = 0
		for _, v := range t.views {
			if v.clean == nil {
				continue
			}
			o.LidarPoints += v.sensed[i]
			setView(o, string(v.sensor), v.sensed[i], v.clean[i])
		}
	}
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(t.frame)
	if err != nil {
		return nil, fmt.Errorf("write ground truth at %d: %w", t.stamp, err)
	}
	return data, nil
}

// setView enters a view; what an earlier degradation or the simulator noted as clean stays.
func setView(o *fusionv1.TruthObject, sensor string, sensed, clean uint32) {
	for _, v := range o.GetViews() {
		if v.GetSensor() == sensor {
			v.Points = sensed
			v.CleanPoints = max(v.CleanPoints, clean)
			return
		}
	}
	o.Views = append(o.Views, &fusionv1.SensorView{
		Sensor: sensor, Modality: fusionv1.Modality_MODALITY_LIDAR, Points: sensed, CleanPoints: clean,
	})
}
