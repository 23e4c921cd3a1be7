package pipeline

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/fusion"
	"github.com/fusiond/fusiond/internal/onnx"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sensors/condition"
	timesync "github.com/fusiond/fusiond/sync"
)

// Message is one input as it arrived. Data must not be modified while the Engine may look at it, which is until Close.
type Message struct {
	Sensor   sensors.SensorID
	Modality sensors.Modality
	Received sensors.StampNs
	Data     []byte
}

// Options of an Engine.
type Options struct {
	Rig     *sensors.Rig
	Package *encoders.Package
	Runtime *onnx.Runtime
	Align   timesync.Config
	Decode  fusion.DecodeConfig
	// Strategy names the package's fuser at the start, see UseStrategy; Network says how networks run.
	Strategy string
	Network  encoders.Options
	// Mask excludes sensors from fusion (not from giving the sets their times): for evaluation of subsets.
	Mask func(*sensors.Sensor) bool
	// ValidityNs is how long an object list may be used after its set's time.
	ValidityNs int64
	// HealthNs is the time between health messages, 0 for none.
	HealthNs int64
	// Clock gives nanoseconds for latencies; nil where no clock may run (event time): latencies are then zero.
	Clock func() int64
	// Sink receives every output in order, from one goroutine.
	Sink func(Output)
	// Capture, if set, takes the networks' inputs of each set instead of fusing them: no network is opened, and Sink gets nothing but
	// what is forwarded. Called from one goroutine, in order; the arguments are valid during the call.
	Capture func(*Capture)
	// Debug, if set, is offered maps of each set; see BusDebug.
	Debug Debug
	// Detections, if set, takes every set's detections as track.Refine leaves them, best first: what evaluation scores. Those of objects are
	// the objects as published; the others are too weak to be one, and make the tail of precision over recall. Valid during the call.
	Detections func(*fusionv1.SetManifest, []fusion.Detection)
	// Upstream, if set, adds what was received and dropped before messages reached the Engine to the streams of health.
	Upstream func(*fusionv1.Health)
	Version  string
	Log      *slog.Logger
}

// Engine turns messages into outputs. Its methods must be called from one goroutine.
type Engine struct {
	opt     Options
	streams []stream
	byName  map[sensors.SensorID]int
	aligner *timesync.Aligner
	ego     egoStream
	next    sensors.StampNs // of the next health message
	now     sensors.StampNs
	sets    uint64
	base    uint32 // the aligner's time base
	// strategy fuses the sets that close from now on.
	strategy string
	radar    bool // the package has a trained radar encoder and the rig a radar

	stage   stages
	cameras *worker
	lidars  *worker
	fuse    *fuser
}

// stream is one sensor of the rig inside the Engine.
type stream struct {
	*sensors.Sensor
	slot      int  // camera slot of the fuser, -1 for none
	masked    bool // never fused
	received  uint64
	malformed uint64
	// condition is what the newest judged sample is worth; judgedStamp belongs to a radar's.
	condition   condition.Condition
	judgedStamp sensors.StampNs
	judged      bool
	// records of samples that the aligner still holds, oldest first.
	records []*record
	scans   scanHistory // of a radar
}

// record is a sample that the aligner holds, and its encoding once started.
type record struct {
	seq    uint64
	sample sensors.Sample
	job    *job
	// condition of the sample; known when it is decoded, a radar's scan's from the start.
	condition condition.Condition
}

// New opens the networks and starts the goroutines. Close must be called.
func New(opt Options) (*Engine, error) {
	e := &Engine{opt: opt, byName: map[sensors.SensorID]int{}, strategy: opt.Strategy}
	if e.opt.Log == nil {
		e.opt.Log = slog.New(slog.DiscardHandler)
	}
	if err := e.addStreams(); err != nil {
		return nil, err
	}
	var err error
	if e.aligner, err = timesync.New(e.alignConfig()); err != nil {
		return nil, err
	}
	if err := e.openStages(); err != nil {
		return nil, errors.Join(err, e.closeStages())
	}
	return e, nil
}

func (e *Engine) addStreams() error {
	p, slots := e.opt.Package, 0
	trained := map[sensors.Modality]bool{
		sensors.Lidar: p.Encoders.Lidar.Trained, sensors.Radar: p.Encoders.Radar.Trained, sensors.Camera: p.Encoders.Camera.Trained,
	}
	for i := range e.opt.Rig.Sensors {
		s := stream{Sensor: &e.opt.Rig.Sensors[i], slot: -1}
		s.masked = !trained[s.Modality] || (e.opt.Mask != nil && e.opt.Mask(s.Sensor))
		if s.Modality == sensors.Camera {
			if slots == p.Encoders.Camera.Slots {
				return fmt.Errorf("rig %s: camera %s is one more than the model's %d: disable a camera or use another model package",
					e.opt.Rig.Vehicle, s.Name, slots)
			}
			s.slot = slots
			slots++
		}
		if s.Modality == sensors.Radar && !s.masked {
			e.radar = true
		}
		e.byName[s.Name] = i
		e.streams = append(e.streams, s)
	}
	return nil
}

// alignConfig disables masked streams, except those that give the sets their times.
func (e *Engine) alignConfig() timesync.Config {
	cfg := e.opt.Align
	cfg.Streams = append([]timesync.StreamConfig(nil), cfg.Streams...)
	reference := map[sensors.SensorID]bool{}
	for _, id := range cfg.References {
		reference[id] = true
	}
	for i := range cfg.Streams {
		if e.streams[i].masked && !reference[cfg.Streams[i].Sensor] {
			cfg.Streams[i].Disabled = true
		}
	}
	return cfg
}

// Message takes one input. It returns after everything that the message decides is decided; encoding and fusion go on.
func (e *Engine) Message(m Message) {
	e.advance(m.Received)
	if m.Modality == sensors.Ego {
		e.ego.add(m, e.opt.Log)
		return
	}
	index, ok := e.byName[m.Sensor]
	if !ok || e.streams[index].Modality != m.Modality {
		return // shells check the rig against the source, the bus counts unknown subjects: this is a stream that came later
	}
	s := &e.streams[index]
	s.received++
	seq := s.received
	sample, err := sensors.Parse(m.Modality, m.Data, sensors.Meta{
		Sensor: m.Sensor, Modality: m.Modality, Seq: seq, Received: m.Received,
	})
	if err != nil {
		s.malformed++
		e.opt.Log.Error("sample dropped", "sensor", m.Sensor, "seq", seq, "reason", "malformed", "error", err)
		return
	}
	r := &record{seq: seq, sample: sample}
	if scan, ok := sample.(*sensors.RadarScan); ok {
		r.condition = e.judgeScan(index, scan)
		s.scans.add(scan)
	}
	s.records = append(s.records, r)
	stamp := sample.Head().Stamp
	e.aligner.Add(timesync.Header{Stream: index, Seq: seq, Stamp: stamp, Received: m.Received}, (*engineSink)(e))
	if _, base := e.aligner.TimeBase(); base != e.base {
		if e.base != 0 {
			e.ego.restart()
		}
		e.base = base
	}
	if r.job == nil && e.eager(index) && s.record(seq) == r && e.aligner.Usable(index, stamp) {
		e.start(index, r)
	}
}

// Tick tells the Engine that it is now: sets whose deadline passed close.
func (e *Engine) Tick(now sensors.StampNs) {
	e.advance(now)
	e.aligner.Tick(now, (*engineSink)(e))
}

// advance delivers every deadline up to now, in order, at its own time: how often a shell calls Tick does not matter.
func (e *Engine) advance(now sensors.StampNs) {
	for {
		d, ok := e.Deadline()
		if !ok || d > now {
			break
		}
		e.now = max(e.now, d)
		if e.opt.HealthNs > 0 && d == e.next {
			e.sendHealth()
			e.next = e.next.Add(duration(e.opt.HealthNs))
			continue
		}
		e.aligner.Tick(d, (*engineSink)(e))
		if again, ok := e.aligner.Deadline(); ok && again <= d {
			break // nothing more to do at d: never loop on a deadline that stays
		}
	}
	if now > e.now {
		e.now = now
	}
	if e.opt.HealthNs > 0 && e.next == 0 {
		e.next = now.Add(duration(e.opt.HealthNs))
	}
}

// Deadline returns when Tick must be called next if no message comes.
func (e *Engine) Deadline() (sensors.StampNs, bool) {
	d, ok := e.aligner.Deadline()
	if e.opt.HealthNs > 0 && e.next > 0 && (!ok || e.next < d) {
		return e.next, true
	}
	return d, ok
}

// Forward hands an output to the Sink in order with the Engine's own.
func (e *Engine) Forward(o Output) { e.fuse.queue <- fuseItem{output: &o} }

// Flush closes the open sets and returns when every output has reached the Sink.
func (e *Engine) Flush() {
	e.aligner.Flush(e.now, (*engineSink)(e))
	if e.opt.HealthNs > 0 {
		e.sendHealth()
	}
	done := make(chan struct{})
	e.fuse.queue <- fuseItem{done: done}
	<-done
}

// Close stops the goroutines and frees the networks. Outputs of sets that are still open are not made: Flush first.
func (e *Engine) Close() error { return e.closeStages() }

// Sets is the number of sets closed so far.
func (e *Engine) Sets() uint64 { return e.sets }

// eager tells whether samples of a stream are encoded on arrival: all but masked ones, radars (they share a raster that needs
// the set's time) and lidars that stand by while a preferred one lives.
func (e *Engine) eager(index int) bool {
	s := &e.streams[index]
	if s.masked || s.Modality == sensors.Radar {
		return false
	}
	if s.Modality == sensors.Lidar {
		for i := range index {
			if o := &e.streams[i]; o.Modality == sensors.Lidar && !o.masked && e.aligner.State(i).Condition == timesync.Live {
				return false
			}
		}
	}
	return true
}

// engineSink is the Engine as the aligner sees it.
type engineSink Engine

// Closed plans the fusion of a set and queues it.
func (s *engineSink) Closed(set *timesync.Set) { (*Engine)(s).plan(set) }

// Left forgets a sample: its job is released, and freed when no plan holds it any more.
func (s *engineSink) Left(index int, seq uint64, _ timesync.Fate) {
	st := &s.streams[index]
	for i, r := range st.records {
		if r.seq == seq {
			if r.job != nil {
				r.job.release()
			}
			st.records = slices.Delete(st.records, i, i+1)
			return
		}
	}
}
