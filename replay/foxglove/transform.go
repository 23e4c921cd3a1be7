package foxglove

import (
	"math"
	"time"

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

// mountsEvery repeats where the sensors are, for viewers that start in the middle.
const mountsEvery = sensors.StampNs(time.Second)

// Transforms makes the messages of TransformTopic of one recording.
type Transforms struct {
	rig    *sensors.Rig
	mounts sensors.StampNs // when the mounts were last said, 0 = never
}

// NewTransforms makes Transforms for a rig.
func NewTransforms(rig *sensors.Rig) *Transforms { return &Transforms{rig: rig} }

// Update returns where the vehicle is, unless that is nil, and once a second where its sensors are. ok is false when there is
// nothing to say. Stamps should ascend.
func (t *Transforms) Update(stamp sensors.StampNs, localFromEgo *fusionv1.Pose) (m *foxglovepb.FrameTransforms, ok bool) {
	m = &foxglovepb.FrameTransforms{}
	if localFromEgo != nil {
		m.Transforms = append(m.Transforms, EgoTransform(stamp, localFromEgo))
	}
	if t.mounts == 0 || stamp-t.mounts >= mountsEvery {
		t.mounts = stamp
		m.Transforms = append(m.Transforms, MountTransforms(stamp, t.rig)...)
	}
	return m, len(m.Transforms) > 0
}

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
