package pipeline

import (
	"cmp"
	"slices"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
	timesync "github.com/fusiond/fusiond/sync"
)

// healthPlan is the Engine's half of a health message, taken at its event time; the fuse goroutine adds the rest in order.
type healthPlan struct {
	message *fusionv1.Health
	at      sensors.StampNs
}

func (e *Engine) sendHealth() {
	if e.opt.Capture != nil {
		return
	}
	m := &fusionv1.Health{
		Header:  &fusionv1.Header{Stamp: int64(e.now), Sensor: "fusiond"},
		Version: e.opt.Version, Model: e.opt.Package.Label(), RigRevision: e.opt.Rig.Revision, Strategy: e.strategy,
		Providers: []string{"lidar=" + e.stage.lidar.Provider().String(), "camera=" + e.stage.camera.Provider().String()},
		Streams:   e.Streams(), Sets: e.sets,
	}
	if e.opt.Upstream != nil {
		e.opt.Upstream(m)
	}
	e.fuse.queue <- fuseItem{health: &healthPlan{m, e.now}}
}

func (f *fuser) sendHealth(h *healthPlan) {
	h.message.Mode, h.message.ModeReason, h.message.Stages = modes[f.state], f.reason, f.stats.health()
	f.engine.opt.Sink(Output{Name: HealthOutput, Stamp: h.at, At: h.at, Message: h.message})
}

// Streams tells the state and the account of every stream: received = used + dropped + pending.
func (e *Engine) Streams() []*fusionv1.StreamHealth {
	out := make([]*fusionv1.StreamHealth, 0, len(e.streams)+1)
	for i := range e.streams {
		s := &e.streams[i]
		state, counters := e.aligner.State(i), e.aligner.Counters(i)
		h := &fusionv1.StreamHealth{
			Stream: string(s.Name), Modality: s.Modality.Proto(), State: state.Condition.String(), RateHz: state.RateHz,
			Clock: clockDiagnosis(state.Clock), Received: s.received, Used: counters.Used, Pending: counters.Pending,
			Reliability: float32(s.condition.Reliability), ReliabilityReason: s.condition.String(),
		}
		if state.LastReceived > 0 {
			h.AgeNs, h.LatencyNs = int64(e.now-state.LastStamp), int64(state.LastReceived-state.LastStamp)
		}
		for reason := range counters.Dropped {
			h.Dropped = addDrop(h.Dropped, timesync.Fate(reason).String(), counters.Dropped[reason]) //nolint:gosec // few reasons
		}
		h.Dropped = addDrop(h.Dropped, "malformed", s.malformed)
		out = append(out, h)
	}
	g := &e.ego
	h := &fusionv1.StreamHealth{
		Stream: string(sensors.EgoStream), Modality: fusionv1.Modality_MODALITY_EGO, State: "never",
		Received: g.received, Used: g.received - g.malformed - g.clock, Reliability: 1,
		Dropped: addDrop(addDrop(nil, "malformed", g.malformed), "clock", g.clock),
	}
	if g.last != nil {
		h.State, h.AgeNs, h.LatencyNs = "live", int64(e.now-g.last.Stamp), int64(g.last.Received-g.last.Stamp)
		if h.AgeNs > egoIdleNs {
			h.State = "idle"
		}
	}
	return append(out, h)
}

// egoIdleNs is the age at which ego motion cannot be extrapolated any more and counts as idle.
const egoIdleNs = 150e6

// addDrop counts n under a reason, sorted, without zeros.
func addDrop(drops []*fusionv1.DropCount, reason string, n uint64) []*fusionv1.DropCount {
	if n == 0 {
		return drops
	}
	i, found := slices.BinarySearchFunc(drops, reason, func(d *fusionv1.DropCount, r string) int { return cmp.Compare(d.Reason, r) })
	if found {
		drops[i].Count += n
		return drops
	}
	return slices.Insert(drops, i, &fusionv1.DropCount{Reason: reason, Count: n})
}
