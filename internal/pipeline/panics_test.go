package pipeline

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/fusion"
	"github.com/fusiond/fusiond/fusion/track"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
	timesync "github.com/fusiond/fusiond/sync"
)

// TestVerdict: when panics make a stage broken, and when it is trusted again.
func TestVerdict(t *testing.T) {
	const minute = time.Minute
	tests := []struct {
		name   string
		panics []time.Duration
		at     time.Duration
		broken bool
	}{
		{"none", nil, 0, false},
		{"two", []time.Duration{0, 1}, 1, false},
		{"three at once", []time.Duration{5, 5, 5}, 5, true},
		{"three just within a minute", []time.Duration{0, 1, minute - 1}, minute - 1, true},
		{"three in just a minute", []time.Duration{0, 1, minute}, minute, false},
		{"the last three of four", []time.Duration{0, minute - 1, minute, minute + 1}, minute + 1, true},
		{"the minute after is not over", []time.Duration{0, 1, 2}, minute + 1, true},
		{"a minute without one", []time.Duration{0, 1, 2}, minute + 2, false},
		{"one more keeps it broken", []time.Duration{0, 1, 2, minute}, minute + 3, true},
	}
	for _, tt := range tests {
		p := panics{}
		for _, at := range tt.panics {
			p.add("fuse", sensors.StampNs(at))
			p.verdict(sensors.StampNs(at))
		}
		got := p.verdict(sensors.StampNs(tt.at))
		if (got != "") != tt.broken || tt.broken && got != "stage fuse panicked 3 times within a minute" {
			t.Errorf("%s: verdict %q, want broken %v", tt.name, got, tt.broken)
		}
	}
	p := panics{}
	for _, stage := range []string{"fuse", "track", "encode", "fuse", "track", "encode"} {
		p.add(stage, 0)
	}
	if got := p.verdict(0); got != "" {
		t.Errorf("two panics each of three stages: %q, want none broken", got)
	}
}

// faultyStrategy panics in the calls named, from 1.
type faultyStrategy struct {
	fusion.Strategy
	calls, from, to int
}

func (s *faultyStrategy) Fuse(ctx context.Context, in *fusion.Input) (*fusion.Output, error) {
	if s.calls++; s.calls >= s.from && s.calls <= s.to {
		panic("made fault")
	}
	return s.Strategy.Fuse(ctx, in)
}

// fakeTracker always sees one car; it panics in the updates named, from 1.
type fakeTracker struct {
	log               []string
	updates, from, to int
}

func (f *fakeTracker) Reset() { f.log = append(f.log, "reset") }

func (f *fakeTracker) Update(stamp sensors.StampNs, _ sensors.Pose, _ []fusion.Detection) []track.Object {
	f.log = append(f.log, "update")
	if f.updates++; f.updates >= f.from && f.updates <= f.to {
		panic(errors.New("made fault"))
	}
	return []track.Object{{ID: 1, Source: -1, Born: stamp, Seen: stamp, Detection: fusion.Detection{Scores: []float32{0.5}}}}
}

// panicRun is what came out of an Engine with a fault in it.
type panicRun struct {
	lists  []*fusionv1.ObjectList
	stages map[string]*fusionv1.StageHealth
	drops  uint64 // of the camera, as undecodable
	bytes  []byte // of all outputs
}

// runFaulty sends messages through an Engine that breaks has prepared; mend makes it fit to be closed.
func runFaulty(t *testing.T, messages []Message, sink func(Output), breaks func(*Engine) (mend func())) panicRun {
	t.Helper()
	return runFaultyWith(t, testOptions(t), messages, sink, breaks)
}

func runFaultyWith(t *testing.T, opt Options, messages []Message, sink func(Output), breaks func(*Engine) (mend func())) panicRun {
	t.Helper()
	opt.HealthNs = 0
	var run panicRun
	opt.Sink = func(o Output) {
		if sink != nil {
			sink(o)
		}
		if l, ok := o.Message.(*fusionv1.ObjectList); ok {
			run.lists = append(run.lists, l)
		}
		var err error
		if _, run.bytes, err = o.AppendPayload(run.bytes); err != nil {
			t.Error(err)
		}
	}
	e, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	mend := breaks(e) // the goroutines see it with the first message
	for _, m := range messages {
		e.Message(m)
	}
	e.Flush()
	for _, s := range e.Streams() {
		for _, d := range s.Dropped {
			if s.Stream == "FRONT" && d.Reason == "decode" {
				run.drops = d.Count
			}
		}
	}
	run.stages = map[string]*fusionv1.StageHealth{}
	for _, s := range e.fuse.stats.health() {
		run.stages[s.Stage] = s
		health, err := proto.MarshalOptions{Deterministic: true}.Marshal(s)
		if err != nil {
			t.Error(err)
		}
		run.bytes = append(run.bytes, health...)
	}
	if mend != nil {
		mend()
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return run
}

// TestPanics: a panic anywhere costs its sample or set and is counted; the third within a minute silences the objects until a minute has
// passed without one.
func TestPanics(t *testing.T) {
	oneCar := func(e *Engine) { e.fuse.tracker = &fakeTracker{} }
	faulty := func(from, to int) func(*Engine) func() {
		return func(e *Engine) func() {
			oneCar(e)
			e.fuse.strategy = &faultyStrategy{Strategy: e.fuse.strategy, from: from, to: to}
			return nil
		}
	}
	lists := 0
	tests := []struct {
		name   string
		breaks func(*Engine) func()
		sink   func(Output)
		stage  string
		errors uint64
		text   string
		// sets published, and the first without objects because the stage is broken, from 1; 0 for none.
		sets, silent int
		drops        uint64
	}{
		{name: "strategy, three", breaks: faulty(2, 4), stage: "fuse", errors: 3, text: "fuse panicked: made fault", sets: 6, silent: 4},
		{name: "strategy, two", breaks: faulty(2, 3), stage: "fuse", errors: 2, text: "fuse panicked: made fault", sets: 6},
		{name: "tracker", breaks: func(e *Engine) func() {
			e.fuse.tracker = &fakeTracker{from: 1, to: 3}
			return nil
		}, stage: "track", errors: 3, text: "track panicked: made fault", sets: 6, silent: 3},
		{name: "camera decoder", breaks: func(e *Engine) func() {
			oneCar(e)
			whole := e.stage.cameras[1]
			e.stage.cameras[1] = nil
			return func() { e.stage.cameras[1] = whole }
		}, stage: "decode", errors: 6, text: "decode panicked: runtime error: invalid memory address", sets: 6, silent: 3, drops: 6},
		{name: "lidar encoder", breaks: func(e *Engine) func() {
			oneCar(e)
			return breakLidars(e)
		}, stage: "encode", errors: 6, text: "encode panicked: runtime error: invalid memory address", sets: 6, silent: 3},
		{name: "sink", breaks: func(e *Engine) func() {
			oneCar(e)
			return nil
		}, sink: func(o Output) {
			if o.Name == ObjectsOutput {
				if lists++; lists <= 3 {
					panic("made fault")
				}
			}
		}, stage: "publish", errors: 3, text: "publish panicked: made fault", sets: 3, silent: 1},
	}
	d := newMadeDrive(t)
	d.drive(start, start, 0, 6)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run := runFaulty(t, d.messages, tt.sink, tt.breaks)
			if s := run.stages[tt.stage]; s.Errors != tt.errors || !strings.HasPrefix(s.LastError, tt.text) && !strings.Contains(s.LastError, ": "+tt.text) {
				t.Errorf("stage %s: %d errors, last %q, want %d, %q", tt.stage, s.Errors, s.LastError, tt.errors, tt.text)
			}
			if strings.Contains(run.stages[tt.stage].LastError, "goroutine") {
				t.Errorf("health holds a stack: %q", run.stages[tt.stage].LastError)
			}
			for name, s := range run.stages {
				if name != tt.stage && s.Errors != 0 {
					t.Errorf("stage %s: %d errors, want 0: %s", name, s.Errors, s.LastError)
				}
			}
			if len(run.lists) != tt.sets || run.drops != tt.drops {
				t.Errorf("%d lists and %d pictures dropped, want %d and %d", len(run.lists), run.drops, tt.sets, tt.drops)
			}
			reason := "stage " + tt.stage + " panicked 3 times within a minute"
			for i, l := range run.lists {
				silent := tt.silent > 0 && i+1 >= tt.silent
				if got := l.Mode == fusionv1.Mode_MODE_FAIL_SILENT && l.ModeReason == reason; got != silent {
					t.Errorf("list %d: %v, %q, want silent %v", i+1, l.Mode, l.ModeReason, silent)
				}
				if silent && len(l.Objects) > 0 {
					t.Errorf("list %d: %d objects while silent", i+1, len(l.Objects))
				}
				if !silent && len(l.Objects) == 0 && tt.stage != "track" {
					t.Errorf("list %d: no object while not silent", i+1)
				}
			}
		})
	}
	t.Run("same bytes", func(t *testing.T) {
		if a, b := runFaulty(t, d.messages, nil, faulty(2, 4)), runFaulty(t, d.messages, nil, faulty(2, 4)); !bytes.Equal(a.bytes, b.bytes) {
			t.Error("two runs with the same panics gave other bytes")
		}
	})
	t.Run("a minute later", func(t *testing.T) {
		d := newMadeDrive(t)
		d.drive(start, start, 0, 4)
		d.drive(start+62e9, start+62e9, 620, 3)
		run := runFaulty(t, d.messages, nil, faulty(1, 3))
		spoke, last := false, run.lists[len(run.lists)-1]
		for _, l := range run.lists {
			silent := strings.HasPrefix(l.ModeReason, "stage fuse panicked")
			at := l.Header.Stamp - start
			if want := at >= 250e6 && at < 60e9; silent != want {
				t.Errorf("list at %v: %v, %q, want silent %v", time.Duration(at), l.Mode, l.ModeReason, want)
			}
			spoke = spoke || at > 62e9 && len(l.Objects) == 1
		}
		if !spoke {
			t.Errorf("still silent a minute later: %v, %q", last.Mode, last.ModeReason)
		}
	})
}

// breakCameras and breakLidars make every encoding panic.
func breakCameras(e *Engine) (mend func()) {
	whole := e.stage.camera
	e.stage.camera = &encoders.CameraEncoder{}
	return func() { e.stage.camera = whole }
}

func breakLidars(e *Engine) (mend func()) {
	whole := e.stage.lidar
	e.stage.lidar = &encoders.LidarEncoder{}
	return func() { e.stage.lidar = whole }
}

// TestErrorOfReusedSample: a picture that cannot be encoded is absent from every set that chose it, and counted once.
func TestErrorOfReusedSample(t *testing.T) {
	d := newMadeDrive(t)
	picture := noiseJPEG(t, d.rng)
	for i := range int64(60) {
		at := start + i*10e6
		d.ego(at, at, float64(i)*0.1)
		if i == 3 {
			d.picture(at, at, picture)
		}
		if i%10 == 5 {
			d.sweep(at, at, 16, randomPoints(d.rng, 2000))
		}
	}
	run := runFaulty(t, d.messages, nil, breakCameras)
	chosen := 0
	for _, l := range run.lists {
		for _, m := range l.Manifest.Members {
			if m.Present && m.Modality == fusionv1.Modality_MODALITY_CAMERA {
				t.Errorf("set %d: the picture is present", l.SetId)
			}
			if m.Absence == fusionv1.AbsenceReason_ABSENCE_REASON_DECODE {
				chosen++
			}
		}
	}
	if got := run.stages["encode"].Errors; got != 1 || chosen < 2 {
		t.Errorf("%d errors of one picture that %d sets chose, want 1 and at least 2", got, chosen)
	}
}

// TestStandbyCannotStepIn: when the preferred sweep cannot be encoded, the one that stands by was not encoded either: nothing is there to
// be fused, and the list says so.
func TestStandbyCannotStepIn(t *testing.T) {
	opt := testOptions(t)
	rear := opt.Rig.Sensors[0]
	rear.Name = "REAR"
	opt.Rig.Sensors = append(opt.Rig.Sensors, rear)
	opt.Align = timesync.ConfigFromRig(opt.Rig)
	d := newMadeDrive(t)
	for i := range int64(40) {
		at := start + i*10e6
		d.ego(at, at, float64(i)*0.1)
		if i%10 == 5 {
			points := randomPoints(d.rng, 2000)
			d.sweep(at, at, 16, points)
			d.sweepOf("REAR", at, at, 16, points)
		}
	}
	strategy := &faultyStrategy{}
	run := runFaultyWith(t, opt, d.messages, nil, func(e *Engine) func() {
		strategy.Strategy = e.fuse.strategy
		e.fuse.strategy = strategy
		return breakLidars(e)
	})
	standby := 0
	for _, l := range run.lists {
		for _, m := range l.Manifest.Members {
			if m.Standby {
				standby++
			}
		}
		if lidar := l.Modalities[sensors.Lidar]; lidar.Present || l.Mode != fusionv1.Mode_MODE_FAIL_SILENT {
			t.Errorf("set %d: lidar present %v, mode %v, want absent and silent", l.SetId, lidar.Present, l.Mode)
		}
	}
	if strategy.calls != 0 || standby < 3 {
		t.Errorf("fused %d times with %d sweeps standing by, want 0 and at least 3", strategy.calls, standby)
	}
}

// TestTrackerStartsOver: after a panic the tracker may be in the middle of anything, so its tracks are dropped.
func TestTrackerStartsOver(t *testing.T) {
	d := newMadeDrive(t)
	d.drive(start, start, 0, 4)
	tracker := &fakeTracker{from: 2, to: 2}
	runFaulty(t, d.messages, nil, func(e *Engine) func() {
		e.fuse.tracker = tracker
		return nil
	})
	// The first reset belongs to the first time base.
	if got, want := strings.Join(tracker.log[:5], " "), "reset update update reset update"; got != want {
		t.Errorf("tracker calls: got %q, want %q", got, want)
	}
}
