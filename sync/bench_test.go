package timesync

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"testing"
	"time"

	"github.com/fusiond/fusiond/sensors"
)

// nowhere is a sink that only counts.
type nowhere struct{ sets, left int }

func (n *nowhere) Closed(*Set)            { n.sets++ }
func (n *nowhere) Left(int, uint64, Fate) { n.left++ }

// busyRig is six cameras at 10 Hz, a lidar at 10 Hz and five radars at 13 Hz.
func busyRig() Config {
	var c Config
	for i := range 12 {
		s := StreamConfig{Sensor: sensors.SensorID(fmt.Sprint("s", i)), Period: 100 * ms}
		if i > 6 {
			s.Period = time.Second / 13
		}
		c.Streams = append(c.Streams, s)
	}
	c.References = []sensors.SensorID{"s6"}
	return c
}

// busyHeaders is one round of 10 seconds; replaying it shifted by 10 s each time goes on for ever.
func busyHeaders() (hs []Header, round time.Duration) {
	round = 10 * time.Second
	rng := rand.New(rand.NewPCG(9, 9))
	for i, s := range busyRig().Streams {
		for k := range int(round / s.Period) {
			at := timeZero.Add(time.Duration(k)*s.Period + time.Duration(i)*7*ms + time.Duration(rng.Int64N(int64(ms))))
			hs = append(hs, Header{Stream: i, Stamp: at, Received: at.Add(5*ms + time.Duration(rng.Int64N(int64(3*ms))))})
		}
	}
	sort.SliceStable(hs, func(i, j int) bool { return hs[i].Received < hs[j].Received })
	return hs, round
}

// feeder adds a busy vehicle's headers one at a time.
type feeder struct {
	a      *Aligner
	hs     []Header
	round  time.Duration
	n      int
	offset time.Duration
	seq    uint64
	sink   nowhere
}

func newFeeder(t testing.TB) *feeder {
	a, err := New(busyRig())
	if err != nil {
		t.Fatal(err)
	}
	f := &feeder{a: a}
	f.hs, f.round = busyHeaders()
	return f
}

func (f *feeder) next() {
	h := f.hs[f.n]
	f.seq++
	h.Seq = f.seq
	h.Stamp, h.Received = h.Stamp.Add(f.offset), h.Received.Add(f.offset)
	f.a.Add(h, &f.sink)
	if f.n++; f.n == len(f.hs) {
		f.n = 0
		f.offset += f.round
	}
}

func TestAddAllocatesNothing(t *testing.T) {
	f := newFeeder(t)
	if got := testing.AllocsPerRun(20_000, f.next); got != 0 {
		t.Errorf("got %v allocations a sample, want 0", got)
	}
	if f.sink.sets < 1000 {
		t.Errorf("got %d sets, want at least 1000: nothing was measured", f.sink.sets)
	}
}

func TestSilenceAllocatesNothing(t *testing.T) {
	c := busyRig()
	c.Clock.Pause = time.Hour
	a, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	var sink nowhere
	now := timeZero
	a.Add(Header{Stream: 6, Seq: 1, Stamp: now, Received: now}, &sink)
	got := testing.AllocsPerRun(1000, func() {
		now = now.Add(100 * ms)
		a.Tick(now, &sink)
	})
	if got != 0 || sink.sets < 900 {
		t.Errorf("got %v allocations and %d sets, want none a tick and at least 900 sets", got, sink.sets)
	}
}

func BenchmarkAlign12Streams(b *testing.B) {
	f := newFeeder(b)
	b.ReportAllocs()
	for b.Loop() {
		f.next()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Msamples/s")
	b.ReportMetric(float64(f.sink.sets)/float64(b.N), "sets/sample")
}
