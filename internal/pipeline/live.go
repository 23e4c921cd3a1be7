package pipeline

import (
	"context"
	"log/slog"
	"time"

	"github.com/fusiond/fusiond/internal/bus"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

// Live drives an Engine from NATS and timers until ctx ends; then it takes what has arrived, flushes the Engine and returns.
// It runs in the caller's goroutine. tap, if set, sees every message in the order the Engine does. control, if set, gets what the
// process itself put among the messages (bus.Ingest.Insert), in its place, after tap.
//
// clock must be the ingest's: a message that arrived by a deadline is then always taken before the deadline is told to the Engine, as
// Process does, so that a recording of the messages gives the same sets.
func Live(ctx context.Context, in *bus.Ingest, e *Engine, clock func() int64, tap, control func(bus.Message)) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	drain := func() {
		for {
			m, ok := in.TryReceive()
			if !ok {
				return
			}
			if tap != nil {
				tap(m)
			}
			if m.Kind != bus.KindControl {
				e.Message(fromBus(m))
			} else if control != nil {
				control(m)
			}
		}
	}
	for {
		// When nothing is open, look again when the first message comes, or in a second for the first health message.
		wait := time.Second
		if d, ok := e.Deadline(); ok {
			wait = max(time.Duration(int64(d)-clock()), 0)
		}
		timer.Reset(wait)
		select {
		case <-in.Ready():
			drain()
		case <-timer.C:
			at := clock() // first: what has arrived by then is there to be drained
			drain()
			e.Tick(sensors.StampNs(at))
		case <-ctx.Done():
			drain()
			e.Flush()
			return
		}
	}
}

var modalities = map[bus.Kind]sensors.Modality{
	bus.KindLidar: sensors.Lidar, bus.KindRadar: sensors.Radar, bus.KindCamera: sensors.Camera, bus.KindEgo: sensors.Ego,
}

func fromBus(m bus.Message) Message {
	return Message{
		Sensor: sensors.SensorID(m.Name), Modality: modalities[m.Kind], Received: sensors.StampNs(m.Received), Data: m.Data,
	}
}

// InputSubjects lists what a daemon of this rig subscribes to.
func InputSubjects(vehicle string, rig *sensors.Rig) []bus.Subject {
	out := []bus.Subject{bus.EgoSubject(vehicle)}
	for i := range rig.Sensors {
		s := &rig.Sensors[i]
		switch s.Modality {
		case sensors.Camera:
			out = append(out, bus.CameraSubject(vehicle, string(s.Name)))
		case sensors.Lidar:
			out = append(out, bus.LidarSubject(vehicle, string(s.Name)))
		case sensors.Radar:
			out = append(out, bus.RadarSubject(vehicle, string(s.Name)))
		case sensors.Ego:
		}
	}
	return out
}

// Upstream adds what happened before messages reached the Engine to a health message, so that received = used + dropped +
// pending holds from the socket on. The Engine's own figures count what was delivered to it.
func Upstream(b *bus.Bus, in *bus.Ingest) func(*fusionv1.Health) {
	return func(h *fusionv1.Health) {
		stats := in.Stats()
		byName := map[string]*fusionv1.StreamHealth{}
		for _, s := range h.Streams {
			byName[s.Stream] = s
		}
		for i := range stats.Streams {
			st := &stats.Streams[i]
			subject, err := bus.ParseSubject(st.Subject)
			if err != nil {
				continue // only parsed subjects become streams
			}
			name := subject.Name
			if subject.Kind == bus.KindEgo {
				name = string(sensors.EgoStream)
			}
			s, ok := byName[name]
			if !ok {
				continue
			}
			// Messages that the ring gave out since the Engine last counted are on their way: pending.
			s.Pending += st.Pending + (st.Delivered - s.Received)
			s.Received, s.Gaps, s.MissingHeaders = st.Received, st.Gaps, st.MissingHeaders
			for _, reason := range bus.Reasons() {
				s.Dropped = addDrop(s.Dropped, reason.String(), st.Dropped[reason])
			}
		}
		unknown := stats.UnknownUnnamed
		for _, u := range stats.Unknown {
			unknown += u.Dropped
		}
		if unknown > 0 { // sensors that the rig does not have, all together: the log names them
			h.Streams = append(h.Streams, &fusionv1.StreamHealth{
				Stream: "unknown", State: "unknown", Received: unknown, Dropped: addDrop(nil, bus.ReasonUnknown.String(), unknown),
			})
		}
		bs := b.Stats()
		h.ClientDropped = stats.SlowConsumer
		h.SlowConsumers = bs.In.SlowConsumers + bs.Out.SlowConsumers + bs.Control.SlowConsumers
		h.Reconnects = bs.In.Reconnects + bs.Out.Reconnects + bs.Control.Reconnects
	}
}

// BusSink publishes outputs; tap, if set, sees each with its payload. A message that cannot be sent is counted by the bus and
// logged: perception goes on.
func BusSink(b *bus.Bus, vehicle string, log *slog.Logger, tap func(replay.Message)) func(Output) {
	seq := map[string]uint32{}
	return func(o Output) {
		schema, payload, err := o.AppendPayload(nil)
		if err == nil {
			err = b.Publish("av."+vehicle+"."+o.Name, schema, payload)
		}
		if err != nil {
			log.Error("output not published", "output", o.Name, "error", err)
			return
		}
		if tap != nil {
			seq[o.Name]++
			tap(replay.Message{
				Topic: "av." + vehicle + "." + o.Name, Schema: schema, Stamp: o.Stamp, Received: o.At, Seq: seq[o.Name], Data: payload,
			})
		}
	}
}
