package pipeline

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/fusiond/fusiond/fusion"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	timesync "github.com/fusiond/fusiond/sync"
)

// carStrategy runs a real network and puts one car into its output, at rest in the ego frame.
type carStrategy struct {
	fusion.Strategy
	heads   int
	classes int
	closed  *int
}

func (s *carStrategy) Fuse(ctx context.Context, in *fusion.Input) (*fusion.Output, error) {
	out, err := s.Strategy.Fuse(ctx, in)
	if err != nil {
		return nil, err
	}
	plane := s.heads * s.heads
	car := fusion.Output{Heat: make([]float32, s.classes*plane), Reg: make([]float32, 10*plane), Mass: out.Mass, Attention: out.Attention}
	at := 3*s.heads/4*s.heads + s.heads/2 // ahead
	car.Heat[at] = 0.9
	for i, v := range []float32{0.5, 0.5, 0.8, 1.5, 0.6, 0.5, 0, 1, 10, 0} {
		car.Reg[i*plane+at] = v
	}
	return &car, nil
}

func (s *carStrategy) Close() error {
	*s.closed++
	return s.Strategy.Close()
}

// strategyChange is what a test does before a message: it asks for a strategy, which the package has or not.
type strategyChange struct {
	before int
	name   string
}

// changeRun is what came out of an Engine whose strategy changed.
type changeRun struct {
	conditionRun
	last   []uint64 // of each change, the last set that closed before it
	errs   []error
	closed int
}

// runChanges sends messages through an Engine and changes its strategy meanwhile. cars puts a car into every set.
func runChanges(t *testing.T, opt Options, messages []Message, changes []strategyChange, cars bool) (run changeRun) {
	t.Helper()
	opt.HealthNs = 1e8
	opt.Sink = func(o Output) { run.put(t, o) }
	e, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	wrap := func(s fusion.Strategy) fusion.Strategy {
		if !cars {
			return s
		}
		return &carStrategy{s, opt.Package.BEV().Heads, len(opt.Package.Classes), &run.closed}
	}
	e.fuse.strategy = wrap(e.fuse.strategy)
	for i, m := range messages {
		for _, c := range changes {
			if c.before != i {
				continue
			}
			before := e.Strategy()
			s, err := e.OpenStrategy(c.name)
			if err != nil {
				run.errs = append(run.errs, err)
				continue
			}
			if previous := e.UseStrategy(m.Received, wrap(s)); previous != before || e.Strategy() != c.name {
				t.Errorf("change from %s to %s: previous %s, present %s", before, c.name, previous, e.Strategy())
			}
			run.last = append(run.last, e.Sets())
		}
		e.Message(m)
	}
	run.base = e.base
	e.Flush()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return run
}

func (r *conditionRun) put(t *testing.T, o Output) {
	switch m := o.Message.(type) {
	case *fusionv1.ObjectList:
		r.lists = append(r.lists, m)
	case *fusionv1.Health:
		r.healths = append(r.healths, m)
	}
	var err error
	if _, r.bytes, err = o.AppendPayload(r.bytes); err != nil {
		t.Error(err)
	}
}

// changeSets is the length of a drive in sets, strategySets that of each strategy in it, and shotMessages are those of one set.
const changeSets, strategySets, shotMessages = 40, 8, 13

// allStrategies changes to every strategy of the package in turn, and back to the first. The changes come in the middle of a set.
func allStrategies(opt *Options) (names []string, changes []strategyChange) {
	names = slices.Sorted(maps.Keys(opt.Package.Fusers))
	names = append(names, names[0])
	for i, name := range names[1:] {
		changes = append(changes, strategyChange{(i+1)*strategySets*shotMessages + 5, name})
	}
	return names, changes
}

// TestStrategyChanges: every strategy of the package in one drive. Nothing starts over: set ids have no gap, time does not run back, the
// car keeps its id, and each set says who fused it. A second run, on one core, gives the same bytes.
func TestStrategyChanges(t *testing.T) {
	opt := threeOptions(t)
	names, changes := allStrategies(&opt)
	if len(names) < 5 {
		t.Fatalf("the package has %v, want four strategies", names)
	}
	opt.Strategy = names[0]
	d := newMadeDrive(t)
	d.shoot(d.soundShots(changeSets))
	run := runChanges(t, opt, d.messages, changes, true)
	checkUnbroken(t, &run.conditionRun, changeSets)
	if run.closed != len(names) {
		t.Errorf("%d strategies closed, want %d", run.closed, len(names))
	}
	used := 0 // index of names
	for i, l := range run.lists {
		for used < len(run.last) && l.SetId > run.last[used] {
			used++
		}
		if l.Strategy != names[used] {
			t.Errorf("set %d was fused by %s, want %s", l.SetId, l.Strategy, names[used])
		}
		if i < 3 {
			continue // not confirmed yet
		}
		if len(l.Objects) != 1 || l.Objects[0].Id != run.lists[3].Objects[0].Id || l.Objects[0].UnseenNs != 0 {
			t.Fatalf("set %d by %s has the objects %v, want the car of set 4, seen", l.SetId, l.Strategy, l.Objects)
		}
	}
	if used != len(names)-1 {
		t.Errorf("the last set was fused by %s, want the change back to %s", names[used], names[len(names)-1])
	}
	if h := run.healths[len(run.healths)-1]; h.Strategy != names[0] {
		t.Errorf("health names %s at the end, want %s", h.Strategy, names[0])
	}
	before := runtime.GOMAXPROCS(1)
	again := runChanges(t, opt, d.messages, changes, true)
	runtime.GOMAXPROCS(before)
	if !bytes.Equal(run.bytes, again.bytes) {
		t.Error("a second run, on one core, gave other bytes")
	}
}

// TestChangeAfterDeadline: a set whose deadline has passed when the change comes is fused by the strategy before, though nobody had told
// the Engine the time since.
func TestChangeAfterDeadline(t *testing.T) {
	opt := threeOptions(t)
	d := newMadeDrive(t)
	shots := d.soundShots(8)
	shots[5].picture = nil // set 6 waits for it until its deadline
	d.shoot(shots)
	sweep := sensors.StampNs(start + 5*100e6 + 5*10e6)
	const later = 7 * shotMessages // no message in between
	messages := slices.DeleteFunc(slices.Clone(d.messages), func(m Message) bool {
		return m.Received > sweep && m.Received < d.messages[later].Received
	})
	at := slices.IndexFunc(messages, func(m Message) bool { return m.Received > sweep })
	run := runChanges(t, opt, messages, []strategyChange{{at, "early"}}, false)
	by := map[sensors.StampNs]string{}
	for _, l := range run.lists {
		by[sensors.StampNs(l.Header.Stamp)] = l.Strategy
	}
	if by[sweep] != "attention" || run.lists[len(run.lists)-1].Strategy != "early" {
		t.Errorf("strategies by time: %v, want attention at %d and early at the end", by, sweep)
	}
}

// TestStrategyRefused: a strategy that the package has not is refused with the names of those it has, and no bit changes.
func TestStrategyRefused(t *testing.T) {
	opt := threeOptions(t)
	d := newMadeDrive(t)
	d.shoot(d.soundShots(6))
	want := runChanges(t, opt, d.messages, nil, false)
	got := runChanges(t, opt, d.messages, []strategyChange{{20, "best"}, {40, ""}}, false)
	if len(got.errs) != 2 {
		t.Fatalf("errors %v, want two", got.errs)
	}
	for _, text := range append(slices.Sorted(maps.Keys(opt.Package.Fusers)), `"best"`) {
		if !strings.Contains(got.errs[0].Error(), text) {
			t.Errorf("got error %q, want one that names %s", got.errs[0], text)
		}
	}
	if !bytes.Equal(want.bytes, got.bytes) {
		t.Error("a refused change changed the outputs")
	}
	opt.Capture = func(*Capture) {}
	opt.Sink = func(Output) {}
	e, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.OpenStrategy("early"); err == nil || !strings.Contains(err.Error(), "captures") {
		t.Errorf("an engine that captures: got error %v, want one that says so", err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// TestRecordedChanges: a recording of the messages and the changes among them gives the same bytes as the run that it recorded.
func TestRecordedChanges(t *testing.T) {
	opt := threeOptions(t)
	names, changes := allStrategies(&opt)
	opt.Strategy, opt.Log = names[0], slog.New(slog.DiscardHandler)
	d := newMadeDrive(t)
	d.shoot(d.soundShots(changeSets))
	want := runChanges(t, opt, d.messages, changes, false)
	tests := []struct {
		name    string
		apply   bool
		changes []strategyChange
		same    bool
		err     string
	}{
		{name: "applied", apply: true, changes: changes, same: true},
		{name: "passed over", changes: changes},
		{name: "a strategy that the package has not", apply: true, changes: []strategyChange{{20, "best"}}, err: "best"},
		{name: "bytes that are no message", apply: true, changes: []strategyChange{{20, "\xff"}}, err: "read strategy change"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := replay.Open(recordChanges(t, opt.Rig, d.messages, tt.changes))
			if err != nil {
				t.Fatal(err)
			}
			var got conditionRun
			o := opt
			o.HealthNs, o.Sink = 1e8, func(out Output) { got.put(t, out) }
			e, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			err = Process(context.Background(), r, e, ProcessOptions{Changes: tt.apply})
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got error %v, want %q", err, tt.err)
			}
			if same := bytes.Equal(want.bytes, got.bytes); same != tt.same {
				t.Errorf("the same bytes: %v, want %v", same, tt.same)
			}
			for _, err := range []error{e.Close(), r.Close()} {
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// recordChanges writes messages as a daemon records them. The name "\xff" gives bytes that are no message.
func recordChanges(t *testing.T, rig *sensors.Rig, messages []Message, changes []strategyChange) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "changes.mcap")
	w, err := replay.Create(file, replay.WriterOptions{Rig: rig})
	if err != nil {
		t.Fatal(err)
	}
	write := func(topic, schema string, at sensors.StampNs, data []byte) {
		if err := w.Write(replay.Message{Topic: topic, Schema: schema, Stamp: at, Received: at, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	schemas := map[sensors.Modality]string{
		sensors.Lidar: "fusion.v1.PointCloud", sensors.Radar: "fusion.v1.RadarScan", sensors.Camera: "fusion.v1.CameraFrame",
	}
	for i, m := range messages {
		for _, c := range changes {
			if c.before != i {
				continue
			}
			data := []byte{0xff}
			if c.name != "\xff" {
				if data, err = proto.Marshal(&fusionv1.StrategyChange{Strategy: c.name}); err != nil {
					t.Fatal(err)
				}
			}
			write("av.made.ctl.strategy", ChangeSchema, m.Received, data)
		}
		if m.Modality == sensors.Ego {
			write(replay.EgoTopic("made"), "fusion.v1.EgoMotion", m.Received, m.Data)
		} else {
			write(replay.SensorTopic("made", m.Modality, m.Sensor), schemas[m.Modality], m.Received, m.Data)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file
}

// BenchmarkStrategyChange opens a fuser of the shipped package, puts it in and closes the one before, with nothing to fuse.
func BenchmarkStrategyChange(b *testing.B) {
	opt := testOptions(b)
	opt.HealthNs, opt.Sink = 0, func(Output) {}
	e, err := New(opt)
	if err != nil {
		b.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(opt.Package.Fusers))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s, err := e.OpenStrategy(names[i%len(names)])
		if err != nil {
			b.Fatal(err)
		}
		e.UseStrategy(sensors.StampNs(start), s)
		e.Flush()
	}
	if err := e.Close(); err != nil {
		b.Error(err)
	}
}

// TestChangeToMembers: foreign detectors are opened when the strategy that takes them comes, see from then on, and stop when it goes.
func TestChangeToMembers(t *testing.T) {
	opt := testOptions(t)
	photos := photographs(t)
	opt.Package = memberPackage(t)
	opt.Rig.Sensors[1].Intrinsics = &sensors.Intrinsics{Width: 1920, Height: 1080, Fx: 1970, Fy: 1970, Cx: 959.5, Cy: 539.5}
	opt.Align = timesync.ConfigFromRig(opt.Rig)
	d := newMadeDrive(t)
	const phase = 5 // sets of each strategy
	for i := range 40 * phase {
		now := start + int64(i)*10e6
		d.ego(now, now, 0)
		switch i % 10 {
		case 3:
			d.add("FRONT", sensors.Camera, now, &fusionv1.CameraFrame{
				Header: &fusionv1.Header{Stamp: now, Sensor: "FRONT"}, Encoding: fusionv1.ImageEncoding_IMAGE_ENCODING_JPEG,
				Width: 1920, Height: 1080, Data: photos[i/10%2],
			})
		case 5:
			d.sweep(now, now, 16, rear(d))
		}
	}
	names := []string{"attention", fusion.LateStrategy, "attention", fusion.LateStrategy}
	var changes []strategyChange
	for i, name := range names[1:] {
		changes = append(changes, strategyChange{(i + 1) * phase * setMessages, name})
	}
	seen := map[string]int{}
	run := runChanges(t, opt, d.messages, changes, false)
	for _, l := range run.lists {
		for _, o := range l.Objects {
			if o.Class == "car" && o.Center.X > 13 && o.Center.X < 16 && o.Center.Y*o.Center.Y < 0.25 && o.Score > 0.6 && o.UnseenNs == 0 {
				seen[l.Strategy]++
			}
		}
	}
	if seen[fusion.LateStrategy] < 2*(phase-2) || seen["attention"] != 0 {
		t.Errorf("the car ahead is seen %v times, want it in most of the %d sets of late, and in no other", seen, 2*phase)
	}
	again := runChanges(t, opt, d.messages, changes, false)
	if !bytes.Equal(run.bytes, again.bytes) {
		t.Error("a second run gave other bytes")
	}
}
