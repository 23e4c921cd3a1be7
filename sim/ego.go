package sim

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/motion"
)

// egoMotion is what the vehicle sends of its own motion, in the order of arrival, faults of the stream and its clock included.
func (d *Drive) egoMotion() ([]replay.Message, error) {
	truth := func(at time.Duration) motion.State {
		s := d.world.Ego(at)
		return motion.State{WorldFromEgo: s.WorldFromEgo, Velocity: s.Velocity, Spin: s.Spin, Acceleration: s.Acceleration}
	}
	key := d.key.With("sensor", string(sensors.EgoStream))
	samples, err := motion.Estimate(truth, 0, d.scenario.Duration, motion.Default(), key)
	if err != nil {
		return nil, err
	}
	faults := effect.NewMessages(key)
	var events []effect.Event
	var out []replay.Message
	for i := range samples {
		index := uint64(i) //nolint:gosec // an index
		at := samples[i].Time
		m := samples[i].Proto()
		m.Header = &fusionv1.Header{Stamp: int64(stampAt(at)), Sensor: string(sensors.EgoStream), Clock: fusionv1.Clock_CLOCK_SYNCHRONISED}
		payload, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
		if err != nil {
			return nil, err
		}
		e := effect.Event{Stamp: stampAt(at), Payload: payload}
		e.Received = e.Stamp.Add(time.Duration(egoModel.Transfer) + time.Duration(float64(egoModel.Jitter)*key.With("transfer").At(index).Exp()))
		c := d.scenario.Timeline.Conditions(sensors.EgoStream, sensors.Ego, at)
		events = faults.Append(events[:0], index, e, &c.Fault)
		for _, e := range events {
			if e.Restamped && !e.Flipped {
				if e.Payload, err = Restamp(sensors.Ego, e.Payload, e.Stamp); err != nil {
					return nil, fmt.Errorf("stamp ego motion %d anew: %w", i, err)
				}
			}
			out = append(out, replay.Message{
				Topic: replay.EgoTopic(d.rig.Vehicle), Schema: schemaOf(sensors.Ego), Stamp: e.Stamp, Received: e.Received,
				Seq: uint32(index + 1), Data: e.Payload, //nolint:gosec // recordings number modulo 2^32
			})
		}
	}
	slices.SortStableFunc(out, func(a, b replay.Message) int { return int(a.Received - b.Received) })
	return out, nil
}
