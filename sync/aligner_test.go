package timesync

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fusiond/fusiond/sensors"
)

// at is a header of a stream whose sample arrives lag after its stamp.
func at(stream int, seq uint64, stamp, lag time.Duration) Header {
	return Header{Stream: stream, Seq: seq, Stamp: timeZero.Add(stamp), Received: timeZero.Add(stamp + lag)}
}

func newThree(t *testing.T, change func(*Config)) *recorder {
	t.Helper()
	c := three()
	if change != nil {
		change(&c)
	}
	a, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return newRecorder(t, a)
}

func TestManifest(t *testing.T) {
	r := newThree(t, nil)
	for k := range 2 {
		base := time.Duration(k) * 100 * ms
		r.add(at(1, uint64(k+1), base-10*ms, 5*ms))
		r.add(at(0, uint64(k+1), base, 8*ms))
		if k == 0 {
			r.add(at(2, 1, base+20*ms, 2*ms))
		}
	}
	r.a.Flush(timeZero.Add(130*ms), r)
	want := []*Set{
		{
			ID: 1, TimeBase: 1, Stamp: timeZero, Kind: Reference, Close: Complete,
			Opened: timeZero.Add(8 * ms), Closed: timeZero.Add(22 * ms),
			Members: []Member{
				{Present: true, Seq: 1, Stamp: timeZero, WaitNs: int64(14 * ms)},
				{Present: true, Seq: 1, Stamp: timeZero.Add(-10 * ms), AgeNs: int64(10 * ms), WaitNs: int64(27 * ms), NewestAgeNs: int64(10 * ms)},
				{Present: true, Seq: 1, Stamp: timeZero.Add(20 * ms), AgeNs: -int64(20 * ms), NewestAgeNs: -int64(20 * ms)},
			},
		},
		{
			ID: 2, TimeBase: 1, Stamp: timeZero.Add(100 * ms), Kind: Reference, Close: Flushed,
			Opened: timeZero.Add(108 * ms), Closed: timeZero.Add(130 * ms),
			Members: []Member{
				{Present: true, Seq: 2, Stamp: timeZero.Add(100 * ms), WaitNs: int64(22 * ms)},
				{Present: true, Seq: 2, Stamp: timeZero.Add(90 * ms), AgeNs: int64(10 * ms), WaitNs: int64(35 * ms), NewestAgeNs: int64(10 * ms)},
				{
					Present: true, Reused: true, Seq: 1, Stamp: timeZero.Add(20 * ms), AgeNs: int64(80 * ms),
					WaitNs: int64(108 * ms), NewestAgeNs: int64(80 * ms),
				},
			},
		},
	}
	if d := cmp.Diff(want, r.sets); d != "" {
		t.Errorf("sets differ (-want +got):\n%s", d)
	}
	if got := r.sets[0].Wait(); got != 14*ms {
		t.Errorf("got wait %v, want 14ms", got)
	}
}

// A rejected sample is counted by its reason, is chosen by no set, and the set that misses it says so.
func TestReject(t *testing.T) {
	for _, c := range []struct {
		reason  Fate
		absence Absence
	}{{Decode, AbsentDecode}, {Overrun, AbsentOverrun}} {
		t.Run(c.reason.String(), func(t *testing.T) {
			r := newThree(t, func(c *Config) { c.Streams[1].MaxAge = 10 * ms })
			r.add(at(1, 7, 0, 0))
			if !r.a.Reject(1, 7, c.reason, r) {
				t.Fatal("got false for a held sample")
			}
			if r.a.Reject(1, 7, c.reason, r) || r.a.Reject(1, 8, c.reason, r) {
				t.Error("got true for a sample that is not held")
			}
			r.add(at(0, 1, 0, 5*ms))
			r.a.Flush(timeZero.Add(6*ms), r)
			r.check()
			if got := r.a.Counters(1); got.Dropped[c.reason] != 1 || got.Used != 0 {
				t.Errorf("got %+v, want one %v", got, c.reason)
			}
			if got := r.sets[0].Members[1]; got.Absence != c.absence {
				t.Errorf("got %+v, want absent for %v", got, c.absence)
			}
		})
	}
}

// Rejecting a member while its set is being closed: dropped instead of used, and not reused by the next set.
func TestRejectWhileClosing(t *testing.T) {
	r := newThree(t, nil)
	r.reject = func(s *Set) {
		if m := s.Members[1]; m.Present && m.Seq == 1 && !r.a.Reject(1, 1, Decode, r) {
			t.Error("got false for a member of the set that closes")
		}
	}
	r.add(at(1, 1, 0, 0))
	r.add(at(0, 1, 0, 5*ms))
	r.add(at(0, 2, 100*ms, 5*ms))
	r.a.Flush(timeZero.Add(200*ms), r)
	r.check()
	if got := r.a.Counters(1); got.Dropped[Decode] != 1 || got.Used != 0 {
		t.Errorf("got %+v, want one decode and none used", got)
	}
	if len(r.sets) != 2 || !r.sets[0].Members[1].Present || r.sets[1].Members[1].Present {
		t.Errorf("got sets %+v, want the rejected sample in the first one only", r.sets)
	}
}

func TestUsable(t *testing.T) {
	r := newThree(t, func(c *Config) { c.Streams[2].Disabled = true })
	usable := func(stream int, stamp time.Duration, want bool) {
		t.Helper()
		if got := r.a.Usable(stream, timeZero.Add(stamp)); got != want {
			t.Errorf("stream %d, stamp %v: got usable %v, want %v", stream, stamp, got, want)
		}
	}
	usable(1, -time.Hour, true) // before anything is known
	if r.a.Usable(1, 5) {
		t.Error("a stamp of 1970 is usable")
	}
	usable(2, 0, false) // disabled
	r.add(at(1, 1, 0, 0))
	r.add(at(0, 1, 0, 60*ms)) // after max wait nobody waits for a stream never seen: closes at once
	if len(r.sets) != 1 {
		t.Fatalf("got %d sets, want 1", len(r.sets))
	}
	// The next set is at 50 ms or later; max age is 150 ms.
	usable(1, -101*ms, false)
	usable(1, -100*ms, true)
	usable(1, 100*ms, true)
}

// Add says whether the sample is held.
func TestAddKept(t *testing.T) {
	r := newThree(t, nil)
	r.add(at(1, 1, 0, 0)) // the recorder compares what Add returns with what left
	r.add(at(1, 2, 0, 1*ms))
	if got := r.a.Counters(1); got.Dropped[Duplicate] != 1 || got.Pending != 1 {
		t.Errorf("got %+v, want one duplicate and one pending", got)
	}
}

// Lateness is measured from the closing of the set that would have chosen the sample.
func TestLateness(t *testing.T) {
	r := newThree(t, func(c *Config) { c.Streams[1].MaxAge = 40 * ms })
	r.add(at(1, 1, 0, 0))
	r.add(at(0, 1, 0, 0))
	r.a.Tick(timeZero.Add(60*ms), r)
	r.add(at(0, 2, 100*ms, 0)) // waits for the camera until 150 ms, when it is idle
	r.a.Tick(timeZero.Add(150*ms), r)
	if len(r.sets) != 2 {
		t.Fatalf("got %d sets, want 2", len(r.sets))
	}
	r.add(at(1, 2, 100*ms, 73*ms))
	r.add(at(1, 3, 180*ms, 20*ms))
	r.add(at(0, 3, 200*ms, 0))
	r.a.Flush(timeZero.Add(300*ms), r)
	got := r.a.Counters(1)
	if got.Dropped[Late] != 1 || got.LateMaxNs != int64(23*ms) || got.LateSumNs != int64(23*ms) {
		t.Errorf("got %+v, want one late by 23ms", got)
	}
}

func TestState(t *testing.T) {
	r := newThree(t, func(c *Config) { c.Streams[2].Disabled = true })
	r.add(at(0, 1, 0, 5*ms))
	r.add(at(2, 1, 0, 5*ms))
	conditions := func(want ...Condition) {
		t.Helper()
		for i, w := range want {
			if got := r.a.State(i).Condition; got != w {
				t.Errorf("stream %d: got %v, want %v", i, got, w)
			}
		}
	}
	conditions(Live, NeverSeen, Off)
	r.a.Tick(timeZero.Add(155*ms-1), r)
	conditions(Live, NeverSeen, Off)
	r.a.Tick(timeZero.Add(155*ms), r)
	conditions(Idle, NeverSeen, Off)
	for k := range 30 {
		r.add(at(0, uint64(k+2), 200*ms+time.Duration(k)*100*ms, 5*ms))
	}
	got := r.a.State(0)
	if got.LastStamp != timeZero.Add(3100*ms) || got.LastReceived != timeZero.Add(3105*ms) || got.RateHz < 9.7 || got.RateHz > 10 {
		t.Errorf("got %+v, want the last sample's stamps and nearly 10 Hz (one sample was missing)", got)
	}
}

// Our clock must not run backwards; if it does, time stands still.
func TestReceivedBackwards(t *testing.T) {
	r := newThree(t, nil)
	r.add(at(0, 1, 0, 5*ms))
	r.add(Header{Stream: 0, Seq: 2, Stamp: timeZero.Add(100 * ms), Received: 5})
	r.add(Header{Stream: 0, Seq: 3, Stamp: timeZero.Add(200 * ms), Received: -1 << 63})
	r.add(Header{Stream: 0, Seq: 4, Stamp: timeZero.Add(300 * ms), Received: 1<<63 - 1})
	r.a.Flush(0, r)
	r.check()
	if got := r.a.now; got != lastDate {
		t.Errorf("got now %d, want it bounded to %d", got, lastDate)
	}
}

// A silence of any length costs the sets of the pause and no more: then the aligner asks for no tick before the next arrival, which
// begins a new time base. One arrival after it all gives the same sets as ticks on the way.
func TestLongSilence(t *testing.T) {
	for _, c := range []struct {
		name  string
		pause time.Duration // 0 = default
		sets  int           // of the virtual clock: the k-th is made 1.5 + k-1 periods of 100 ms after the only sample
	}{
		{"default", 0, 19},
		{"on the dot", 1950 * ms, 18},
		{"a moment longer", 1950*ms + 1, 19},
		{"a minute", time.Minute, 599},
		{"shorter than three periods", 100 * ms, 2},
	} {
		for _, ticks := range []bool{false, true} {
			r := newThree(t, func(cfg *Config) { cfg.Clock.Pause = c.pause })
			r.add(at(0, 1, 0, 5*ms))
			if _, ok := r.a.Deadline(); !ok {
				t.Errorf("%s: no deadline while a set is open", c.name)
			}
			if ticks {
				r.a.Tick(timeZero.Add(2*time.Minute), r)
				if due, ok := r.a.Deadline(); ok {
					t.Errorf("%s: got a deadline at %v after a silence of two minutes", c.name, due)
				}
			}
			r.add(at(0, 2, 50*time.Minute, 5*ms))
			r.a.Flush(timeZero.Add(50*time.Minute+5*ms), r)
			last := r.sets[len(r.sets)-1]
			if got := len(r.sets) - 2; got != c.sets || last.TimeBase != 2 || last.Reference != 0 {
				t.Errorf("%s, ticks %v: got %d virtual sets and the last one %+v, want %d and one of the lidar in base 2",
					c.name, ticks, got, last, c.sets)
			}
			for k, s := range r.sets[1 : len(r.sets)-1] {
				want := timeZero.Add(time.Duration(k+1) * 100 * ms)
				if s.Kind != Virtual || s.Stamp != want || s.Closed != want.Add(55*ms) || s.Members[0].NewestAgeNs != int64(s.Stamp-timeZero) ||
					k > 0 && s.Members[0].Absence != AbsentIdle {
					t.Fatalf("%s: got %+v, want a virtual set at %v, closed half a period after its sample was due, the lidar idle", c.name, s, want)
				}
			}
		}
	}
}

// More open sets than there is room for: the oldest one closes.
func TestOpenSetsAreBounded(t *testing.T) {
	c := three()
	c.MaxWait = 10 * time.Second
	c.Streams[0].Period, c.Streams[1].Period, c.Streams[2].Period = 10*ms, 10*time.Second, 10*time.Second
	a, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder(t, a)
	r.add(at(1, 1, -6*time.Second, 5999*ms))
	for k := range 200 {
		r.add(at(0, uint64(k+1), time.Duration(k)*10*ms, 0))
	}
	if len(a.open) != maxOpen || len(r.sets) != 200-maxOpen || r.sets[0].Close != Overtaken {
		t.Errorf("got %d open and %d closed, the first as %v; want %d, %d, overtaken",
			len(a.open), len(r.sets), r.sets[0].Close, maxOpen, 200-maxOpen)
	}
	a.Flush(timeZero.Add(2*time.Second), r)
	r.check()
}

// A flush is an end; what comes after is a new beginning, in a new time base, and ids go on.
func TestFlushAndAgain(t *testing.T) {
	r := newThree(t, nil)
	r.feed([]Header{at(0, 1, 0, 5*ms), at(0, 2, 100*ms, 5*ms)}, 149*ms)
	first := len(r.sets)
	r.feed([]Header{at(0, 3, 0, 5*time.Second), at(0, 4, 100*ms, 5*time.Second)}, 149*ms)
	if first != 2 || len(r.sets) != 4 || r.sets[2].TimeBase <= r.sets[1].TimeBase || r.sets[2].Stamp != r.sets[0].Stamp {
		t.Errorf("got %d and then %d sets, want 2 and 4, the same times in a later time base", first, len(r.sets))
	}
}

func TestNames(t *testing.T) {
	var all []string
	for f := range NumFates {
		all = append(all, f.String())
	}
	for f := range NumAbsences {
		all = append(all, f.String())
	}
	for _, s := range []interface{ String() string }{Reference, Virtual, Complete, Deadline, Overtaken, Flushed, Off, ClockFrozen} {
		all = append(all, s.String())
	}
	if s := strings.Join(all, " "); strings.Contains(s, "unknown") {
		t.Errorf("a value without a name: %s", s)
	}
	if got := Fate(99).String(); got != "unknown(99)" {
		t.Errorf("got %q", got)
	}
}

func TestConfigFromRig(t *testing.T) {
	rig := &sensors.Rig{Sensors: []sensors.Sensor{
		{Name: "CAM", Modality: sensors.Camera, RateHz: 12, PhaseNs: int64(200 * ms)},
		{Name: "TOP", Modality: sensors.Lidar, RateHz: 20},
		{Name: "RAD", Modality: sensors.Radar},
		{Name: "FRONT", Modality: sensors.Lidar, RateHz: 10},
	}}
	c := ConfigFromRig(rig)
	if d := cmp.Diff([]sensors.SensorID{"TOP", "FRONT"}, c.References); d != "" {
		t.Errorf("references (-want +got):\n%s", d)
	}
	var periods []time.Duration
	for _, s := range c.Streams {
		periods = append(periods, s.Period)
	}
	if d := cmp.Diff([]time.Duration{83333333, 50 * ms, 100 * ms, 100 * ms}, periods); d != "" {
		t.Errorf("periods (-want +got):\n%s", d)
	}
	if _, err := New(c); err != nil {
		t.Error(err)
	}
	rig.Sensors = rig.Sensors[:1]
	if d := cmp.Diff([]sensors.SensorID{"CAM"}, ConfigFromRig(rig).References); d != "" {
		t.Errorf("without a lidar: references (-want +got):\n%s", d)
	}
}

// Every fault of a configuration is named, all at once.
func TestConfigFaults(t *testing.T) {
	c := three()
	c.Streams[0].Period = 0
	c.Streams[1].Sensor = "lid"
	c.Streams[2].Tolerance, c.Streams[2].MaxAge, c.Streams[2].Jitter = -1, time.Hour, time.Second
	c.References = []sensors.SensorID{"lid", "lid", "nobody"}
	c.MaxWait, c.Clock.Strikes = -1, -1
	_, err := New(c)
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{
		"stream 0 (lid): period is 0s", "stream 1 (lid): name is empty or used twice", "stream 2 (rad): tolerance", "stream 2 (rad): max age",
		"stream 2 (rad): jitter", `reference "lid"`, `reference "nobody"`, "max wait", "strikes",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant it to name %q", err, want)
		}
	}
	for name, c := range map[string]Config{"no streams": {}, "65 streams": {Streams: make([]StreamConfig, 65)}} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), "streams: list 1 to 64") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// With all streams disabled there is nothing to do but to count.
func TestAllDisabled(t *testing.T) {
	r := newThree(t, func(c *Config) {
		for i := range c.Streams {
			c.Streams[i].Disabled = true
		}
	})
	for _, h := range []Header{at(0, 1, 0, 0), at(1, 1, 0, 0), at(2, 1, 0, 0)} {
		r.add(h)
		if due, ok := r.a.Deadline(); ok {
			t.Errorf("got a deadline at %v, want none", due)
		}
	}
	r.a.Flush(timeZero.Add(time.Minute), r)
	r.check()
	for i := range 3 {
		if got := r.a.Counters(i); got.Dropped[Disabled] != 1 {
			t.Errorf("stream %d: got %+v, want one disabled", i, got)
		}
	}
	if len(r.sets) != 0 {
		t.Errorf("got %d sets, want none", len(r.sets))
	}
}
