package timesync

import (
	"math"
	"sort"
	"strconv"
	"testing"
	"time"

	"github.com/fusiond/fusiond/sensors"
)

// three is a lidar, a camera and a radar at 10 Hz.
func three() Config {
	return Config{
		Streams: []StreamConfig{
			{Sensor: "lid", Period: 100 * ms}, {Sensor: "cam", Period: 100 * ms}, {Sensor: "rad", Period: 100 * ms},
		},
		References: []sensors.SensorID{"lid"},
	}
}

// clocks runs the three streams for a while; wrong gives what is added to the radar's stamp at a moment after the start.
func clocks(t *testing.T, c Config, seconds int, wrong func(time.Duration) time.Duration) *recorder {
	t.Helper()
	a, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder(t, a)
	for k := range 10 * seconds {
		at := time.Duration(k) * 100 * ms
		for i := range 3 {
			h := Header{Stream: i, Seq: uint64(k + 1), Stamp: timeZero.Add(at), Received: timeZero.Add(at + 5*ms)}
			if i == 2 {
				h.Stamp = h.Stamp.Add(wrong(at))
			}
			r.add(h)
		}
	}
	return r
}

func ppm(rate float64) func(time.Duration) time.Duration {
	return func(at time.Duration) time.Duration { return time.Duration(rate * 1e-6 * float64(at)) }
}

func TestDrift(t *testing.T) {
	for _, c := range []struct {
		name    string
		rate    float64
		seconds int
		fault   ClockFault
		ppm     int64
	}{
		{"fast", 2000, 40, ClockDrift, 2000},
		{"slow", -2000, 40, ClockDrift, -2000},
		{"fast, before three windows", 2000, 29, ClockSound, 0},
		{"just beyond the limit", 1010, 50, ClockDrift, 1010},
		{"just within the limit", 980, 50, ClockSound, 0},
		{"none", 0, 50, ClockSound, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := three()
			cfg.Clock.Window = 10 * time.Second
			r := clocks(t, cfg, c.seconds, ppm(c.rate))
			got := r.a.State(2)
			if got.Clock.Fault != c.fault || math.Abs(float64(got.Clock.DriftPpm-c.ppm)) > 25 {
				t.Errorf("got %+v, want %v of %d ppm", got.Clock, c.fault, c.ppm)
			}
			if bad := got.Condition == ClockBad; bad != (c.fault != ClockSound) {
				t.Errorf("got condition %v for %v", got.Condition, c.fault)
			}
			for i := range 2 {
				if s := r.a.State(i); s.Condition != Live || s.Clock.Fault != ClockSound {
					t.Errorf("stream %d is disturbed: %+v", i, s)
				}
			}
			if want := 10 * c.seconds; len(r.sets) < want-1 {
				t.Errorf("got %d sets, want %d", len(r.sets), want)
			}
		})
	}
}

// When the drift ends, the stream comes back after a calm window and the good stamps; at half the limit it does not.
func TestDriftHysteresis(t *testing.T) {
	cfg := three()
	cfg.Clock.Window, cfg.Clock.Readmit = 5*time.Second, 10
	for _, c := range []struct {
		name string
		then float64
		want Condition
	}{{"none left", 0, Live}, {"still 70 % of the limit", 700, ClockBad}} {
		t.Run(c.name, func(t *testing.T) {
			r := clocks(t, cfg, 45, func(at time.Duration) time.Duration {
				const turn = 25 * time.Second
				return ppm(2000)(min(at, turn)) + ppm(c.then)(max(at-turn, 0))
			})
			if got := r.a.State(2); got.Condition != c.want {
				t.Errorf("got %+v, want %v", got, c.want)
			}
			if c := r.a.Counters(2); c.Dropped[BadClock] == 0 {
				t.Errorf("the drift was never noticed: %+v", c)
			}
		})
	}
}

// All clocks drift alike: it is ours that drifts. Nobody is blamed.
func TestCommonDrift(t *testing.T) {
	cfg := three()
	cfg.Clock.Window = 5 * time.Second
	a, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder(t, a)
	for k := range 600 {
		at := timeZero.Add(time.Duration(k) * 100 * ms)
		for i := range 3 {
			r.add(Header{Stream: i, Seq: uint64(k + 1), Stamp: at, Received: at.Add(time.Duration(k)*300*time.Microsecond + 5*ms)})
		}
	}
	for i := range 3 {
		if s := a.State(i); s.Condition != Live || r.a.Counters(i).Dropped[BadClock] != 0 {
			t.Errorf("stream %d: got %+v, want live", i, s)
		}
	}
}

// A machine that was busy at the start delivers everything late, and then in time: no clock has stepped.
func TestBusyStart(t *testing.T) {
	for _, busy := range []time.Duration{100 * ms, 400 * ms, 900 * ms} {
		a, err := New(three())
		if err != nil {
			t.Fatal(err)
		}
		r := newRecorder(t, a)
		for k := range 50 {
			at := timeZero.Add(time.Duration(k) * 100 * ms)
			received := max(at.Add(5*ms), timeZero.Add(busy+time.Second)) // a backlog, delivered at once
			if k < 10 {
				received = at.Add(busy)
			}
			for i := range 3 {
				r.add(Header{Stream: i, Seq: uint64(k + 1), Stamp: at, Received: received})
			}
		}
		for i := range 3 {
			if s, c := a.State(i), a.Counters(i); s.Condition != Live || c.Dropped[BadClock]+c.Dropped[Reorder] != 0 {
				t.Errorf("busy for %v: stream %d: got %+v, %+v, want live and no clock blamed", busy, i, s, c)
			}
		}
	}
}

// One stream was congested from the start and lost samples; then it is in time again. That looks like a step of four periods.
// A clock that really leaps by four periods is told by where it goes: away from the others.
func TestEndOfCongestion(t *testing.T) {
	for _, c := range []struct {
		name   string
		before time.Duration // the radar's delay in the first second
		leap   time.Duration // of its clock after that, in which 4 samples are missing
		want   Condition
	}{
		{"recovers", 400 * ms, 0, Live},
		{"leaps ahead by two periods", 5 * ms, 200 * ms, ClockBad},
		{"recovers, but leaps by a third of a period", 400 * ms, 33 * ms, ClockBad},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newThree(t, nil)
			var hs []Header
			for k := range 30 {
				stamp := time.Duration(k) * 100 * ms
				hs = append(hs, at(0, uint64(k+1), stamp, 5*ms), at(1, uint64(k+1), stamp, 5*ms))
				switch {
				case k < 10:
					hs = append(hs, at(2, uint64(k+1), stamp, c.before))
				case k >= 14:
					hs = append(hs, at(2, uint64(k+1), stamp+c.leap, 5*ms-c.leap))
				}
			}
			sort.SliceStable(hs, func(i, j int) bool { return hs[i].Received < hs[j].Received })
			for _, h := range hs {
				r.add(h)
			}
			if got := r.a.State(2); got.Condition != c.want {
				t.Errorf("got %+v, want %v", got, c.want)
			}
		})
	}
}

// Most of a rig's streams are late, as behind a congested switch. The others are in time, and nobody may call them early.
func TestLateMajority(t *testing.T) {
	type late map[sensors.Modality]time.Duration
	const at = 3 * time.Second // when streams become late that were not from the start
	for _, c := range []struct {
		name        string
		radars      int
		first, then late
		step        time.Duration // of the lidar's clock, at 2 s
	}{
		{"all cameras, from the start", 0, late{sensors.Camera: 400 * ms}, late{sensors.Camera: 400 * ms}, 0},
		{"all cameras, from the start, with radars", 2, late{sensors.Camera: 400 * ms}, late{sensors.Camera: 400 * ms}, 0},
		{"all cameras, later", 2, late{}, late{sensors.Camera: 400 * ms}, 0},
		{"all cameras, later, no radars", 0, late{}, late{sensors.Camera: 400 * ms}, 0},
		{"all but the lidar, later", 2, late{}, late{sensors.Camera: 400 * ms, sensors.Radar: 380 * ms}, 0},
		{"all but the lidar, which was early before", 2, late{}, late{sensors.Camera: 400 * ms, sensors.Radar: 380 * ms}, 300 * ms},
		{"none, the lidar is early", 2, late{}, late{}, 300 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := Config{References: []sensors.SensorID{"lid"}}
			add := func(name string, m sensors.Modality) {
				config.Streams = append(config.Streams, StreamConfig{Sensor: sensors.SensorID(name), Modality: m, Period: 100 * ms})
			}
			add("lid", sensors.Lidar)
			for i := range 6 {
				add("cam"+strconv.Itoa(i), sensors.Camera)
			}
			for i := range c.radars {
				add("rad"+strconv.Itoa(i), sensors.Radar)
			}
			var hs []Header
			for k := range 400 { // longer than the envelopes remember
				stamp := time.Duration(k) * 100 * ms
				for i := range config.Streams {
					m := config.Streams[i].Modality
					delay, early := c.first[m], time.Duration(0)
					if stamp >= at {
						delay = c.then[m]
					}
					if m == sensors.Lidar && stamp >= 2*time.Second {
						early = c.step
					}
					received := timeZero.Add(stamp + delay + 5*ms + time.Duration(i)*ms)
					hs = append(hs, Header{Stream: i, Seq: uint64(k + 1), Stamp: timeZero.Add(stamp + early), Received: received})
				}
			}
			sort.SliceStable(hs, func(i, j int) bool { return hs[i].Received < hs[j].Received })
			a, err := New(config)
			if err != nil {
				t.Fatal(err)
			}
			r := newRecorder(t, a)
			for _, h := range hs {
				r.add(h)
			}
			for i := range config.Streams {
				bad := a.Counters(i).Dropped[BadClock]
				if want := i == 0 && c.step != 0; bad > 0 != want {
					t.Errorf("%s: %d samples dropped for a bad clock, want some: %v", config.Streams[i].Sensor, bad, want)
				}
			}
		})
	}
}

// The deviation that is reported, and the time base of a recording that is played.
func TestOffsets(t *testing.T) {
	a, err := New(three())
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder(t, a)
	const years = 3 * 365 * 24 * time.Hour
	for k := range 30 {
		for i := range 3 {
			at := timeZero.Add(time.Duration(k) * 100 * ms)
			r.add(Header{Stream: i, Seq: uint64(k + 1), Stamp: at, Received: at.Add(years + time.Duration(i)*20*ms)})
		}
	}
	if offset, bases := a.TimeBase(); offset != years+20*ms || bases != 1 {
		t.Errorf("got time base %v, number %d, want %v, 1", offset, bases, years+20*ms)
	}
	for i, want := range []time.Duration{-20 * ms, 0, 20 * ms} {
		if got := a.State(i).Offset; got != want {
			t.Errorf("stream %d: got offset %v, want %v", i, got, want)
		}
	}
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		ahead time.Duration
		want  ClockFault
	}{
		{37 * time.Second, ClockTAI},
		{-37 * time.Second, ClockTAI},
		{37*time.Second + 150*ms, ClockTAI},
		{37*time.Second - 250*ms, ClockFuture},
		{time.Second, ClockWholeSeconds},
		{-850 * ms, ClockWholeSeconds},
		{3600*time.Second - 100*ms, ClockWholeSeconds},
		{18*time.Second + 150*ms, ClockWholeSeconds},
		{1500 * ms, ClockFuture},
		{-1500 * ms, ClockBehind},
		{260 * ms, ClockFuture},
		{100 * ms, ClockFuture},
		{-750 * ms, ClockBehind},
	} {
		if got := classify(c.ahead); got != c.want {
			t.Errorf("classify(%v): got %v, want %v", c.ahead, got, c.want)
		}
	}
}

// Dates at and around the limits, and stamps that would wrap around.
func TestEpoch(t *testing.T) {
	for _, c := range []struct {
		name  string
		stamp sensors.StampNs
		sound bool
	}{
		{"first date", firstDate, true},
		{"before it", firstDate - 1, false},
		{"last date", lastDate, true},
		{"after it", lastDate + 1, false},
		{"smallest", math.MinInt64, false},
		{"largest", math.MaxInt64, false},
		{"none", 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := New(three())
			if err != nil {
				t.Fatal(err)
			}
			r := newRecorder(t, a)
			r.add(Header{Stream: 0, Seq: 1, Stamp: c.stamp, Received: c.stamp})
			if got := a.Counters(0).Dropped[BadClock] == 0; got != c.sound {
				t.Errorf("stamp %d: got believed %v, want %v", c.stamp, got, c.sound)
			}
		})
	}
}
