package pipeline

import (
	"context"
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

// fuseItem is one of: a set to fuse, a message to complete and pass on, an output to pass on, a question whether all is done.
type fuseItem struct {
	plan   *plan
	health *healthPlan
	output *Output
	done   chan struct{}
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
			f.sendHealth(item.health)
		case item.output != nil:
			f.engine.opt.Sink(*item.output)
		case item.done != nil:
			close(item.done)
		}
	}
}

// set fuses one set and publishes its objects and manifest. Whatever fails, both are published: a set without objects says why.
func (f *fuser) set(p *plan) {
	e, t := f.engine, newStopwatch(f.engine.clock)
	t.add("wait", p.wait)
	ctx := context.Background()
	f.gather(p, t)
	var objects []track.Object
	var out *fusion.Output
	err := guard("fuse", func() (err error) {
		if p.here == [sensors.NumFused]int{} {
			return nil // nothing to fuse: tracks coast
		}
		out, err = f.run(ctx, p, t)
		return err
	})
	if err != nil {
		f.stats.failed("fuse", err)
		e.opt.Log.Error("set not fused", "set", p.manifest.SetId, "error", err)
		out = nil
	}
	var dets []fusion.Detection
	if out != nil {
		dets = fusion.Suppress(f.decoder.Decode(out.Heat, out.Reg), f.groups, e.opt.Decode.OverlapIoU)
	}
	if e.opt.Detections != nil {
		e.opt.Detections(p.manifest, dets)
	}
	objects = f.tracker.Update(p.stamp, p.localFromEgo, dets)
	t.lap("track")
	f.state, f.reason = f.mode.Update(f.modeEvidence(p, err))
	list := f.objectList(p, objects, out)
	t.finish(list, p.startNs)
	f.emit(p, list)
	t.lap("publish")
	f.stats.add(t)
	f.release(p)
}

// gather waits for the encoders and takes out what they could not encode.
func (f *fuser) gather(p *plan, t *stopwatch) {
	wait := func(j *job) bool {
		<-j.done
		t.add("decode", duration(j.decodeNs))
		t.add("encode", duration(j.encodeNs))
		if j.encodeErr != nil {
			f.stats.failed("encode", j.encodeErr)
			f.engine.opt.Log.Error("sample not encoded", "set", p.manifest.SetId, "error", j.encodeErr)
			return false
		}
		return true
	}
	drop := func(id sensors.SensorID, m sensors.Modality) {
		p.here[m]--
		for _, member := range p.manifest.Members {
			if member.Stream == string(id) {
				absent(member, fusionv1.AbsenceReason_ABSENCE_REASON_DECODE)
			}
		}
	}
	if p.lidar != nil && !wait(p.lidar) {
		drop(p.lidarSensor, sensors.Lidar)
		p.lidar.release()
		p.lidar = nil
	}
	for i := range p.cameras {
		c := &p.cameras[i]
		if c.job != nil && !wait(c.job) {
			drop(c.sensor, sensors.Camera)
			c.job.release()
			*c = cameraInput{}
		}
	}
	t.mark()
}

// run builds the lifting table, encodes the radars, and runs the fusion network.
func (f *fuser) run(ctx context.Context, p *plan, t *stopwatch) (*fusion.Output, error) {
	in := &f.input
	*in = fusion.Input{Tables: in.Tables[:0], Lift: f.lift, SetFromSweep: p.setFromSweep}
	f.evidence = fusion.Evidence{Cameras: f.evidence.Cameras[:0], Slot: f.lift.Slot, Lidar: p.lidarSensor, Radars: p.radars}
	f.poses = f.poses[:0]
	for i := range p.cameras {
		c := &p.cameras[i]
		var tokens *encoders.Tokens
		if c.job != nil {
			tokens = c.job.tokens
		}
		in.Tables = append(in.Tables, tokens)
		f.poses = append(f.poses, c.lift)
		f.evidence.Cameras = append(f.evidence.Cameras, c.sensor)
	}
	if p.lidar != nil {
		in.Lidar = p.lidar.tokens
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
	for m := range sensors.NumFused {
		// Nothing measures a sensor's condition yet: a sensor that is present is taken at its word.
		in.Reliability[m], in.AgeS[m] = 1, float32(p.ageS[m])
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
	for _, m := range p.manifest.Members {
		if !m.Present && m.Absence != fusionv1.AbsenceReason_ABSENCE_REASON_DISABLED &&
			m.Absence != fusionv1.AbsenceReason_ABSENCE_REASON_NOT_FITTED {
			ev.Absent = append(ev.Absent, m.Stream+" "+absenceWord(m.Absence))
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
