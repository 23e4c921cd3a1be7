package sim

import (
	"cmp"
	"container/heap"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/effect"
)

// sequencer turns shots, in the order of their stamps, into messages in the order of their arrival.
type sequencer struct {
	drive    *Drive
	emit     func(replay.Message) error
	streams  []*effect.Messages
	events   []effect.Event
	arrivals arrivals
	order    uint64
	latest   []*taken // of each sensor, for the ground truth
	truth    *truthMaker
	next     int // the next message of the ego motion
	ego      []replay.Message
}

func newSequencer(d *Drive, emit func(replay.Message) error) (*sequencer, error) {
	q := &sequencer{drive: d, emit: emit, latest: make([]*taken, len(d.sensors)), truth: newTruthMaker(d)}
	for i := range d.sensors {
		q.streams = append(q.streams, effect.NewMessages(d.sensors[i].key))
	}
	var err error
	q.ego, err = d.egoMotion()
	return q, err
}

// put takes the next shot. Whatever can arrive before anything still to come is emitted.
func (q *sequencer) put(t *taken) error {
	d := q.drive
	s := &d.sensors[t.shot.sensor]
	if err := q.pass(stampAt(t.shot.stamp)); err != nil {
		return err
	}
	q.latest[t.shot.sensor] = t
	key := s.key.With("transfer").At(t.shot.index)
	e := effect.Event{Stamp: stampAt(t.shot.stamp), Payload: t.payload}
	e.Received = e.Stamp.Add(time.Duration(s.model.Transfer) + time.Duration(float64(s.model.Jitter)*key.Exp()))
	if !key.At(1).Chance(s.model.Drop) {
		q.events = q.streams[t.shot.sensor].Append(q.events[:0], t.shot.index, e, &t.conditions.Fault)
		for _, e := range q.events {
			if err := q.send(s, t.shot.index, e); err != nil {
				return err
			}
		}
	}
	if q.truth.reference == t.shot.sensor {
		return q.sendTruth(t.shot.stamp)
	}
	return nil
}

func (q *sequencer) send(s *sensor, index uint64, e effect.Event) error {
	if e.Restamped && !e.Flipped {
		var err error
		if e.Payload, err = Restamp(s.Modality, e.Payload, e.Stamp); err != nil {
			return fmt.Errorf("stamp message %d of %s anew: %w", index, s.Name, err)
		}
	}
	q.push(replay.Message{
		Topic: replay.SensorTopic(q.drive.rig.Vehicle, s.Modality, s.Name), Schema: schemaOf(s.Modality), Stamp: e.Stamp, Received: e.Received,
		Seq: uint32(index + 1), Data: e.Payload, //nolint:gosec // recordings number modulo 2^32
	})
	return nil
}

func (q *sequencer) sendTruth(at time.Duration) error {
	frame := q.truth.frame(at, q.latest)
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(frame)
	if err != nil {
		return err
	}
	q.push(replay.Message{
		Topic: replay.TruthTopic(q.drive.rig.Vehicle), Schema: string(frame.ProtoReflect().Descriptor().FullName()), Stamp: stampAt(at),
		Received: stampAt(at), Seq: uint32(q.truth.frames), Data: data, //nolint:gosec // few
	})
	return nil
}

// pass emits what arrives before now: nothing that is still to come can arrive earlier than its own stamp.
func (q *sequencer) pass(now sensors.StampNs) error {
	for q.next < len(q.ego) && q.ego[q.next].Received < now {
		q.push(q.ego[q.next])
		q.next++
	}
	for len(q.arrivals) > 0 && q.arrivals[0].Received < now {
		if err := q.emit(heap.Pop(&q.arrivals).(arrival).Message); err != nil { //nolint:forcetypeassert // it holds nothing else
			return err
		}
	}
	return nil
}

func (q *sequencer) finish() error {
	const ever = sensors.StampNs(1<<63 - 1)
	return q.pass(ever)
}

func (q *sequencer) push(m replay.Message) {
	q.order++
	heap.Push(&q.arrivals, arrival{m, q.order})
}

// arrival is a message on its way; order breaks ties.
type arrival struct {
	replay.Message
	order uint64
}

// arrivals is a heap by arrival.
type arrivals []arrival

func (a arrivals) Len() int      { return len(a) }
func (a arrivals) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a arrivals) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(a[i].Received, a[j].Received), cmp.Compare(a[i].order, a[j].order)) < 0
}
func (a *arrivals) Push(x any) { *a = append(*a, x.(arrival)) } //nolint:forcetypeassert // as above
func (a *arrivals) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	*a = (*a)[:last]
	return x
}

var schemas = map[sensors.Modality]string{
	sensors.Camera: string((&fusionv1.CameraFrame{}).ProtoReflect().Descriptor().FullName()),
	sensors.Lidar:  string((&fusionv1.PointCloud{}).ProtoReflect().Descriptor().FullName()),
	sensors.Radar:  string((&fusionv1.RadarScan{}).ProtoReflect().Descriptor().FullName()),
	sensors.Ego:    string((&fusionv1.EgoMotion{}).ProtoReflect().Descriptor().FullName()),
}

func schemaOf(m sensors.Modality) string { return schemas[m] }
