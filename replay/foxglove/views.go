package foxglove

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

// Topics of the views; SensorTopic makes those of sensors.
const (
	ObjectsTopic   = "/objects"
	TruthTopic     = "/truth"
	TransformTopic = "/tf"
)

// SensorTopic is the topic of a sensor's images or clouds.
func SensorTopic(modality sensors.Modality, sensor sensors.SensorID) string {
	return "/" + modality.String() + "/" + string(sensor)
}

// Views writes what viewers draw into a recording, beside the messages that it is made from. One goroutine uses it.
type Views struct {
	w              *replay.Writer
	transforms     *Transforms
	objects, truth Scene
	seq            map[string]uint32
	buf            []byte
}

// NewViews makes views over an open writer, which stays the caller's.
func NewViews(w *replay.Writer, rig *sensors.Rig) *Views {
	return &Views{w: w, transforms: NewTransforms(rig), seq: map[string]uint32{}}
}

// Objects writes an object list that was published at the given time: its boxes, and where the vehicle was at the set's time
// unless the list says that this is not known.
func (v *Views) Objects(l *fusionv1.ObjectList, received sensors.StampNs) error {
	stamp := sensors.StampNs(l.GetHeader().GetStamp())
	ego := l.GetLocalFromEgo()
	if l.GetEgoStale() {
		ego = nil
	}
	if tf, ok := v.transforms.Update(stamp, ego); ok {
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
