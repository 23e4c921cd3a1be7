package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/fusion"
	"github.com/fusiond/fusiond/fusion/mode"
	"github.com/fusiond/fusiond/fusion/track"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// fuseQueue bounds the sets that wait for fusion; with two, the Engine plans one set while the one before is fused.
const fuseQueue = 2

// fuseItem is one of: a set to fuse, a message to complete and pass on, an output to pass on, a strategy to fuse with from now on, a
// question whether all is done.
type fuseItem struct {
	plan     *plan
	health   *healthPlan
	output   *Output
	strategy fusion.Strategy
	done     chan struct{}
}

// fuser is the Engine's last stage: one goroutine ("fuse") that owns the tracker, the mode and the Sink.
type fuser struct {
	engine   *Engine
	queue    chan fuseItem
	done     chan struct{}
	strategy fusion.Strategy
	radar    *encoders.RadarEncoder
	decoder  *fusion.Decoder
	groups   []int
	lift     *encoders.LiftTable
	raster   *encoders.RadarRaster // in capture mode
	tracker  track.Tracker
	mode     *mode.Machine
	stats    *stageStats
	input    fusion.Input
	evidence fusion.Evidence
	shares   []fusion.Share
	state    mode.Mode
	reason   string
	panics   panics
	broken   bool // a stage has panicked too often
	timeBase uint32
	maps     []debugMap
	poses    []encoders.LiftCamera
}

func (f *fuser) loop() {
	defer close(f.done)
	f.state = mode.Init
	for item := range f.queue {
		switch {
		case item.plan != nil && f.engine.opt.Capture != nil:
			f.capture(item.plan)
		case item.plan != nil:
			f.set(item.plan)
		case item.health != nil:
			f.guardPublish(item.health.at, func() { f.sendHealth(item.health) })
		case item.output != nil:
			f.guardPublish(item.output.At, func() { f.engine.opt.Sink(*item.output) })
		case item.strategy != nil:
			f.use(item.strategy)
		case item.done != nil:
			close(item.done)
		}
	}
}

// set fuses one set and publishes its objects and manifest. Whatever fails, both are published: a set without objects says why.
func (f *fuser) set(p *plan) {
	t := newStopwatch(f.engine.clock)
	t.add("wait", p.wait)
	f.gather(p, t)
	out, err := f.fuse(p, t)
	objects, trackErr := f.track(p, out)
	t.lap("track")
	f.judge(p, errors.Join(err, trackErr))
	if f.broken {
		objects = nil
	}
	f.publish(p, t, objects, out)
	t.lap("publish")
	f.stats.add(t)
	f.release(p)
}

// gather waits for the encoders and takes out what they could not encode.
func (f *fuser) gather(p *plan, t *stopwatch) {
	for _, err := range p.undecoded {
		f.failed("decode", "sample dropped", p.closed, err)
	}
	wait := func(j *job) bool {
		<-j.done
		if !j.counted {
			j.counted = true
			t.add("decode", duration(j.decodeNs))
			t.add("encode", duration(j.encodeNs))
			if j.encodeErr != nil {
				f.failed("encode", "sample not encoded", p.closed, j.encodeErr)
			}
		}
		return j.encodeErr == nil
	}
	drop := func(id sensors.SensorID) {
		for _, member := range p.manifest.Members {
			if member.Stream == string(id) {
				absent(member, fusionv1.AbsenceReason_ABSENCE_REASON_DECODE)
			}
		}
	}
	if p.lidar != nil && !wait(p.lidar) {
		drop(p.lidarSensor)
		p.here[sensors.Lidar] = 0 // one that stands by cannot step in any more
		p.lidar.release()
		p.lidar = nil
	}
	for i := range p.cameras {
		c := &p.cameras[i]
		if c.job != nil && !wait(c.job) {
			drop(c.sensor)
			p.here[sensors.Camera]--
			c.job.release()
			*c = cameraInput{}
		}
	}
	t.mark()
}

// failed counts a stage's error at an event time, and its panic.
func (f *fuser) failed(stage, what string, at sensors.StampNs, err error) {
	f.stats.failed(stage, err)
	attrs := []any{"stage", stage, "at", int64(at), "error", err}
	if panicked := (*panicError)(nil); errors.As(err, &panicked) {
		f.panics.add(stage, at)
		attrs = append(attrs, "stack", string(panicked.stack))
	}
	f.engine.opt.Log.Error(what, attrs...)
}

// fuse runs the strategy; without any sensor there is nothing to fuse, and tracks coast.
func (f *fuser) fuse(p *plan, t *stopwatch) (out *fusion.Output, err error) {
	if p.here == [sensors.NumFused]int{} {
		return nil, nil
	}
	err = guard("fuse", func() (err error) {
		out, err = f.run(context.Background(), p, t)
		return err
	})
	if err != nil {
		f.failed("fuse", "set not fused", p.closed, err)
		return nil, err
	}
	return out, nil
}

// track decodes the fuser's output, if there is one, and updates the tracks.
func (f *fuser) track(p *plan, out *fusion.Output) (objects []track.Object, err error) {
	var dets []fusion.Detection
	err = guard("track", func() error {
		if out != nil {
			dets = f.decoder.Detections(out, f.groups)
		}
		if p.timeBase != f.timeBase {
			f.timeBase = p.timeBase
			f.tracker.Reset()
		}
		objects = f.tracker.Update(p.stamp, p.localFromEgo, dets)
		return nil
	})
	if f.engine.opt.Detections != nil {
		if err == nil {
			track.Refine(dets, objects)
		}
		f.engine.opt.Detections(p.manifest, dets)
	}
	if err != nil {
		f.failed("track", "set not tracked", p.closed, err)
		f.tracker.Reset() // who knows what it was in the middle of
		return nil, err
	}
	return objects, nil
}

// judge updates the mode. A stage that keeps panicking overrules everything: nothing that rests on it can be relied on.
func (f *fuser) judge(p *plan, err error) {
	f.state, f.reason = f.mode.Update(f.modeEvidence(p, err))
	if err != nil {
		f.reason = "set not fused: " + err.Error()
	}
	reason := f.panics.verdict(p.closed)
	if f.broken = reason != ""; f.broken {
		f.state, f.reason = mode.FailSilent, reason
	}
}

// publish sends manifest and objects, and the maps that somebody wants to see.
func (f *fuser) publish(p *plan, t *stopwatch, objects []track.Object, out *fusion.Output) {
	f.guardPublish(p.closed, func() {
		list := f.objectList(p, objects, out)
		t.finish(list, p.startNs)
		f.engine.opt.Sink(Output{Name: ManifestOutput, Stamp: p.stamp, At: p.closed, Message: p.manifest})
		f.engine.opt.Sink(Output{Name: ObjectsOutput, Stamp: p.stamp, At: p.closed, Message: list})
		f.sendDebug(p, out)
	})
}

// guardPublish is guard for what makes and sends outputs.
func (f *fuser) guardPublish(at sensors.StampNs, send func()) {
	err := guard("publish", func() error {
		send()
		return nil
	})
	if err != nil {
		f.failed("publish", "output lost", at, err)
	}
}

// run builds the lifting table, encodes the radars, and runs the fusion network.
func (f *fuser) run(ctx context.Context, p *plan, t *stopwatch) (*fusion.Output, error) {
	in := &f.input
	*in = fusion.Input{Tables: in.Tables[:0], Lift: f.lift, SetFromSweep: p.setFromSweep, Sightings: in.Sightings[:0]}
	f.evidence = fusion.Evidence{Cameras: f.evidence.Cameras[:0], Slot: f.lift.Slot, Lidar: p.lidarSensor, Radars: p.radars}
	f.poses = f.poses[:0]
	for i := range p.cameras {
		c := &p.cameras[i]
		var tokens *encoders.Tokens
		if c.job != nil {
			tokens = c.job.tokens
		}
		in.Tables = append(in.Tables, tokens)
		in.Sightings = c.appendSightings(in.Sightings)
		f.poses = append(f.poses, c.lift)
		f.evidence.Cameras = append(f.evidence.Cameras, c.sensor)
	}
	if p.lidar != nil {
		in.Lidar, in.Points = p.lidar.tokens, p.lidar.points
	}
	f.lift.Build(f.poses)
	if f.radar != nil && len(p.radars) > 0 {
		tokens, err := f.radar.Encode(ctx, p.returns)
		if err != nil {
			return nil, fmt.Errorf("encode radar: %w", err)
		}
		in.Radar = tokens
		defer func() {
			if err := f.radar.Pool().Put(tokens); err != nil {
				f.engine.opt.Log.Error("free tokens", "error", err)
			}
		}()
	}
	for m, r := range p.reliability() {
		in.Reliability[m], in.AgeS[m] = float32(r), float32(p.ageS[m])
	}
	t.lap("encode")
	out, err := f.strategy.Fuse(ctx, in)
	t.lap("fuse")
	if err != nil {
		return nil, err
	}
	f.evidence.Attention = out.Attention
	return out, nil
}

func (f *fuser) modeEvidence(p *plan, err error) mode.Evidence {
	ev := mode.Evidence{Fitted: p.fitted, Present: p.here}
	if err != nil {
		ev.Present = [sensors.NumFused]int{}
	}
	ev.Weak = weak(p.manifest)
	for _, m := range p.manifest.Members {
		switch why := memberWord(m); {
		case m.Absence == fusionv1.AbsenceReason_ABSENCE_REASON_DISABLED || m.Absence == fusionv1.AbsenceReason_ABSENCE_REASON_NOT_FITTED:
		case m.Absence == fusionv1.AbsenceReason_ABSENCE_REASON_UNRELIABLE || m.Present && !m.Standby && m.Reliability < usableReliability:
			ev.Unreliable = append(ev.Unreliable, m.Stream+" "+why)
		case !m.Present:
			ev.Absent = append(ev.Absent, m.Stream+" "+why)
		}
	}
	return ev
}

func (f *fuser) release(p *plan) {
	if p.lidar != nil {
		p.lidar.release()
	}
	for i := range p.cameras {
		if j := p.cameras[i].job; j != nil {
			j.release()
		}
	}
}
