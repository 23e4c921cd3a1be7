package foxglove

import (
	"math"

	"google.golang.org/protobuf/types/known/timestamppb"

	foxglovepb "github.com/fusiond/fusiond/proto/foxglove"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// The frames of the transforms, besides one a sensor by its name.
const (
	// LocalFrame is the continuous frame of the ego motion.
	LocalFrame = "local"
	// EgoFrame is the rear axle's centre on the ground; x forward, y left, z up.
	EgoFrame = "ego"
)

// EgoTransform says where the vehicle is: local -> ego.
func EgoTransform(stamp sensors.StampNs, localFromEgo *fusionv1.Pose) *foxglovepb.FrameTransform {
	return transform(LocalFrame, EgoFrame, stamp, localFromEgo)
}

// MountTransforms say where the rig's sensors are: ego -> each sensor, in the rig's order.
func MountTransforms(stamp sensors.StampNs, rig *sensors.Rig) []*foxglovepb.FrameTransform {
	out := make([]*foxglovepb.FrameTransform, 0, len(rig.Sensors))
	for i := range rig.Sensors {
		s := &rig.Sensors[i]
		out = append(out, transform(EgoFrame, string(s.Name), stamp, s.EgoFromSensor.Proto()))
	}
	return out
}

// transform maps points of child into parent.
func transform(parent, child string, stamp sensors.StampNs, p *fusionv1.Pose) *foxglovepb.FrameTransform {
	return &foxglovepb.FrameTransform{
		Timestamp: timestamp(stamp), ParentFrameId: parent, ChildFrameId: child,
		Translation: vector(p.GetPosition()), Rotation: quaternion(p.GetRotation()),
	}
}

func timestamp(s sensors.StampNs) *timestamppb.Timestamp {
	return &timestamppb.Timestamp{Seconds: int64(s / 1e9), Nanos: int32(s % 1e9)} //nolint:gosec // below 1e9; stamps are not negative
}

func vector(v *fusionv1.Vector3) *foxglovepb.Vector3 {
	return &foxglovepb.Vector3{X: v.GetX(), Y: v.GetY(), Z: v.GetZ()}
}

// quaternion turns (w, x, y, z) into (x, y, z, w).
func quaternion(q *fusionv1.Quaternion) *foxglovepb.Quaternion {
	return &foxglovepb.Quaternion{X: q.GetX(), Y: q.GetY(), Z: q.GetZ(), W: q.GetW()}
}

// yawRotation is the rotation by yaw (rad, counter-clockwise from x) about z.
func yawRotation(yaw float64) *foxglovepb.Quaternion {
	sin, cos := math.Sincos(yaw / 2)
	return &foxglovepb.Quaternion{Z: sin, W: cos}
}
