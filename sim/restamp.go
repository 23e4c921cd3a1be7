package sim

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// Restamp returns a copy of a sensor's message with another stamp; a sweep's begin and end move along.
func Restamp(m sensors.Modality, payload []byte, stamp sensors.StampNs) ([]byte, error) {
	var message interface {
		proto.Message
		GetHeader() *fusionv1.Header
	}
	switch m {
	case sensors.Camera:
		message = &fusionv1.CameraFrame{}
	case sensors.Lidar:
		message = &fusionv1.PointCloud{}
	case sensors.Radar:
		message = &fusionv1.RadarScan{}
	case sensors.Ego:
		message = &fusionv1.EgoMotion{}
	default:
		return nil, fmt.Errorf("there is no message of modality %s", m)
	}
	if err := proto.Unmarshal(payload, message); err != nil {
		return nil, err
	}
	header := message.GetHeader()
	if header == nil {
		return nil, fmt.Errorf("the message has no header")
	}
	by := int64(stamp) - header.GetStamp()
	header.Stamp = int64(stamp)
	if cloud, ok := message.(*fusionv1.PointCloud); ok {
		cloud.SweepStart += by
		cloud.SweepEnd += by
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(message)
}
