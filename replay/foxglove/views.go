package foxglove

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	foxglovepb "github.com/fusiond/fusiond/proto/foxglove"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

// Topics of the views; those of sensors are made of modality and name.
const (
	ObjectsTopic   = "/objects"
	TruthTopic     = "/truth"
	TransformTopic = "/tf"
)

// mountsEvery repeats where the sensors are, for viewers that start in the middle.
const mountsEvery = sensors.StampNs(time.Second)

// Views writes what viewers draw into a recording, beside the messages that it is made from. One goroutine uses it.
type Views struct {
	w              *replay.Writer
	rig            *sensors.Rig
	objects, truth Scene
	mounts         sensors.StampNs // when the mounts were last written, 0 = never
	seq            map[string]uint32
	buf            []byte
}

// NewViews makes views over an open writer, which stays the caller's.
func NewViews(w *replay.Writer, rig *sensors.Rig) *Views {
	return &Views{w: w, rig: rig, seq: map[string]uint32{}}
}

// Objects writes an object list that was published at the given time: its boxes, and where the vehicle was at the set's time
// unless the list says that this is not known.
func (v *Views) Objects(l *fusionv1.ObjectList, received sensors.StampNs) error {
	stamp := sensors.StampNs(l.GetHeader().GetStamp())
	tf := &foxglovepb.FrameTransforms{}
	if !l.GetEgoStale() && l.GetLocalFromEgo() != nil {
		tf.Transforms = append(tf.Transforms, EgoTransform(stamp, l.GetLocalFromEgo()))
	}
	if v.mounts == 0 || stamp-v.mounts >= mountsEvery {
		v.mounts = stamp
		tf.Transforms = append(tf.Transforms, MountTransforms(stamp, v.rig)...)
	}
	if len(tf.Transforms) > 0 {
		if err := v.write(TransformTopic, stamp, received, tf); err != nil {
			return err
		}
	}
	return v.write(ObjectsTopic, stamp, received, v.objects.Update(stamp, ObjectEntities(l)))
}

// Truth writes the boxes of a frame of ground truth.
func (v *Views) Truth(f *fusionv1.TruthFrame, received sensors.StampNs) error {
	stamp := sensors.StampNs(f.GetHeader().GetStamp())
	return v.write(TruthTopic, stamp, received, v.truth.Update(stamp, TruthEntities(f)))
}

func (v *Views) write(topic string, stamp, received sensors.StampNs, m proto.Message) error {
	var err error
	if v.buf, err = (proto.MarshalOptions{Deterministic: true}).MarshalAppend(v.buf[:0], m); err != nil {
		return fmt.Errorf("encode view %s: %w", topic, err)
	}
	v.seq[topic]++
	return v.w.Write(replay.Message{
		Topic: topic, Schema: string(m.ProtoReflect().Descriptor().FullName()), Stamp: stamp, Received: received,
		Seq: v.seq[topic], Data: v.buf,
	})
}
