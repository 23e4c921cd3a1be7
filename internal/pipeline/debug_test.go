package pipeline

import (
	"context"
	"log/slog"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/fusiond/fusiond/internal/bus"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

const testLimit = 20 * time.Second

func waitFor(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(testLimit)
	for !cond() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s: not within %v", what, testLimit)
		}
	}
}

// countingDebug counts the maps made; without a Debug behind it, it wants everything.
type countingDebug struct {
	Debug
	made int
}

func (c *countingDebug) Wanted(name string) bool { return c.Debug == nil || c.Debug.Wanted(name) }

func (c *countingDebug) Put(m *fusionv1.BevMap) {
	c.made++
	if c.Debug != nil {
		c.Debug.Put(m)
	}
}

// debugRig is an Engine with debug output over a real server, driven set by set; the maps' clock is the sets'.
type debugRig struct {
	t        *testing.T
	engine   *Engine
	debug    *BusDebug
	count    *countingDebug
	bus      *bus.Bus
	messages []Message
	nowNs    atomic.Int64
	done     chan struct{}
	lists    map[uint64]*fusionv1.ObjectList
}

func newDebugRig(t *testing.T, sets int) *debugRig {
	ctx, cancel := context.WithTimeout(context.Background(), testLimit)
	t.Cleanup(cancel)
	opt := testOptions(t)
	b, err := bus.Open(ctx, bus.Config{Embedded: bus.EmbeddedInProcess}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r := &debugRig{t: t, bus: b, done: make(chan struct{}, 1), lists: map[uint64]*fusionv1.ObjectList{}}
	if r.debug, err = NewBusDebug(b, "made", r.nowNs.Load, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	r.count = &countingDebug{Debug: r.debug}
	opt.Debug, opt.HealthNs = r.count, 0
	opt.Sink = func(o Output) {
		if l, ok := o.Message.(*fusionv1.ObjectList); ok {
			r.lists[l.SetId] = l
		}
		if o.Message == nil {
			r.done <- struct{}{}
		}
	}
	if r.engine, err = New(opt); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, err := range []error{r.engine.Close(), r.debug.Close(), b.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	d := newMadeDrive(t)
	d.drive(start, start, 0, sets)
	r.messages = d.messages
	return r
}

// step fuses the next set, waits until its maps are sent, and lets 100 ms pass.
func (r *debugRig) step() {
	r.t.Helper()
	if len(r.messages) < setMessages {
		r.t.Fatal("the made drive is over")
	}
	for _, m := range r.messages[:setMessages] {
		r.engine.Message(m)
	}
	r.messages = r.messages[setMessages:]
	r.engine.Forward(Output{Name: "truth"})
	<-r.done
	waitFor(r.t, "maps are sent", func() bool { return r.debug.interest.Stats().Published == uint64(r.count.made) }) //nolint:gosec // a count
	r.nowNs.Add(100e6)
}

// unheard waits until no map is wanted.
func (r *debugRig) unheard() {
	r.t.Helper()
	waitFor(r.t, "nobody listens", func() bool {
		for i := range r.engine.fuse.maps {
			if r.debug.Wanted(r.engine.fuse.maps[i].name) {
				return false
			}
		}
		return true
	})
}

// TestDebugOnlyWhenHeard: nobody listens, and one probe a second and map is made; somebody comes, and has every map within 1.5 s; goes, and
// the maps are not made any more.
func TestDebugOnlyWhenHeard(t *testing.T) {
	r := newDebugRig(t, 60)
	maps := 3 + len(r.engine.opt.Package.Classes)
	for r.count.made == 0 {
		r.step()
	}
	r.unheard()
	for range 9 {
		r.step()
	}
	if r.count.made != maps {
		t.Fatalf("%d maps made in the first second, want %d probes", r.count.made, maps)
	}
	r.step()
	if r.count.made != 2*maps {
		t.Fatalf("%d maps made after a second, want %d probes", r.count.made, 2*maps)
	}
	r.unheard()

	got := make(chan *fusionv1.BevMap, 1024)
	sub, err := r.bus.Subscribe("av.made.debug.>", func(m *bus.Message) {
		b := &fusionv1.BevMap{}
		if err := proto.Unmarshal(m.Data, b); err != nil || m.Name != b.Name || m.Schema != "fusion.v1.BevMap" {
			t.Errorf("map %q on %s of schema %s: %v", b.Name, m.Subject, m.Schema, err)
		}
		got <- b
	})
	if err != nil {
		t.Fatal(err)
	}
	came := r.nowNs.Load()
	for r.count.made < 4*maps {
		r.step()
	}
	if waited := time.Duration(r.nowNs.Load() - came); waited > 1500*time.Millisecond {
		t.Errorf("two sets of maps took %v, want at most 1.5 s", waited)
	}
	before := r.count.made
	for range 3 {
		r.step()
	}
	if n := r.count.made - before; n != 3*maps {
		t.Errorf("%d maps made in three sets that somebody listens to, want %d", n, 3*maps)
	}
	r.check(got, 5*maps)

	if err := sub.Close(); err != nil {
		t.Fatal(err)
	}
	for range 11 { // a probe finds that nobody is there
		r.step()
	}
	r.unheard()
	before = r.count.made
	for range 5 {
		r.step()
	}
	if n := r.count.made - before; n > maps {
		t.Errorf("%d maps made in half a second after the last listener went, want at most %d probes", n, maps)
	}
	if n := r.debug.dropped.Load(); n != 0 {
		t.Errorf("%d maps dropped, want 0", n)
	}
}

// check takes n maps: attention adds up to 1 in every cell, since the lidar sees them all; nothing rests on the radar that is not there.
func (r *debugRig) check(got <-chan *fusionv1.BevMap, n int) {
	t, grid := r.t, r.engine.opt.Package.BEV()
	sums, names := map[uint64][]float64{}, map[string]int{}
	for range n {
		var m *fusionv1.BevMap
		select {
		case m = <-got:
		case <-time.After(testLimit):
			t.Fatalf("%v, want %d maps", names, n)
		}
		names[m.Name]++
		cells := grid.Heads
		if len(m.Name) > 10 && m.Name[:10] == "attention." {
			cells = grid.Tokens
		}
		list := r.lists[m.SetId]
		if list == nil || m.Header.Stamp != list.Header.Stamp || int(m.Rows) != cells || m.Cols != m.Rows || len(m.Values) != cells*cells ||
			math.Abs(float64(m.CellM)*float64(cells)-2*grid.RangeM) > 1e-3 {
			t.Fatalf("map %s of set %d at %d: %d x %d cells of %g m with %d values", m.Name, m.SetId, m.Header.Stamp, m.Rows, m.Cols, m.CellM, len(m.Values))
		}
		if sums[m.SetId] == nil {
			sums[m.SetId] = make([]float64, grid.Tokens*grid.Tokens)
		}
		for i, v := range m.Values {
			if v < 0 || v > 1 || m.Name == "attention."+sensors.Radar.String() && v != 0 {
				t.Fatalf("map %s: value %g in cell %d", m.Name, v, i)
			}
			if cells == grid.Tokens {
				sums[m.SetId][i] += float64(v)
			}
		}
	}
	for name, count := range names {
		if count != n/(3+len(r.engine.opt.Package.Classes)) {
			t.Errorf("%d maps %s of %v", count, name, names)
		}
	}
	for set, sum := range sums {
		for i, s := range sum {
			if math.Abs(s-1) > 1e-5 { // a softmax in float32
				t.Fatalf("set %d, cell %d: attention adds up to %g, want 1", set, i, s)
			}
		}
	}
}

// TestDebugChangesNothing: maps are beside the outputs, whose bytes stay the same.
func TestDebugChangesNothing(t *testing.T) {
	d := newMadeDrive(t)
	d.drive(start, start, 0, 3)
	count := &countingDebug{}
	with := runFaulty(t, d.messages, nil, func(e *Engine) func() {
		e.opt.Debug = count
		return nil
	})
	without := runFaulty(t, d.messages, nil, func(*Engine) func() { return nil })
	if string(with.bytes) != string(without.bytes) {
		t.Error("maps changed the bytes of the outputs")
	}
	if want := len(with.lists) * (3 + 10); count.made != want {
		t.Errorf("%d maps of %d sets, want %d", count.made, len(with.lists), want)
	}
}

// TestDebugNeverWaits: with nobody sending, the queue fills and the rest is dropped and counted.
func TestDebugNeverWaits(t *testing.T) {
	d := &BusDebug{log: slog.New(slog.DiscardHandler), queue: make(chan *fusionv1.BevMap, debugQueue)}
	for range debugQueue + 5 {
		d.Put(&fusionv1.BevMap{})
	}
	if n := d.dropped.Load(); n != 5 {
		t.Errorf("%d maps dropped, want 5", n)
	}
}
