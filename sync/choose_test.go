package timesync

import (
	"testing"
	"time"
)

// A stream with a tolerance of 20 ms and a max age of 50 ms, holding samples at the given stamps.
func holding(stamps ...time.Duration) *stream {
	s := newStream(StreamConfig{Period: 100 * ms, Tolerance: 20 * ms, MaxAge: 50 * ms}, 0, 16)
	for i, at := range stamps {
		s.push(held{seq: uint64(i + 1), stamp: timeZero.Add(at)}) //nolint:gosec // few
	}
	return &s
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		name   string
		stamps []time.Duration
		seq    uint64 // 0 = none
	}{
		{"nothing", nil, 0},
		{"exactly then", []time.Duration{-5 * ms, 0, 5 * ms}, 2},
		{"nearer before", []time.Duration{-9 * ms, 10 * ms}, 1},
		{"nearer after", []time.Duration{-10 * ms, 9 * ms}, 2},
		{"tie", []time.Duration{-10 * ms, 10 * ms}, 1},
		{"at tolerance after", []time.Duration{20 * ms}, 1},
		{"beyond tolerance after", []time.Duration{20*ms + 1}, 0},
		{"at tolerance before", []time.Duration{-20 * ms}, 1},
		{"beyond it: the older one", []time.Duration{-20*ms - 1}, 1},
		{"the older one though the later is nearer", []time.Duration{-40 * ms, 21 * ms}, 1},
		{"at max age", []time.Duration{-50 * ms}, 1},
		{"beyond max age", []time.Duration{-50*ms - 1}, 0},
		{"the newest older one", []time.Duration{-49 * ms, -30 * ms}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			var seq uint64
			if h := holding(c.stamps...).choose(timeZero); h != nil {
				seq = h.seq
			}
			if seq != c.seq {
				t.Errorf("got seq %d, want %d", seq, c.seq)
			}
		})
	}
}

// reach is the last set time at which choose still takes the first of two samples: found by trying.
func TestReach(t *testing.T) {
	for _, gap := range []time.Duration{0, 10 * ms, 11 * ms, 39 * ms, 40 * ms, 41 * ms, 55 * ms, 69 * ms, 70 * ms, 71 * ms, 90 * ms, 300 * ms} {
		for _, maxAge := range []time.Duration{10 * ms, 20 * ms, 50 * ms} {
			s := holding(0)
			if gap > 0 {
				s = holding(0, gap)
			}
			s.config.MaxAge = maxAge
			last := time.Duration(-1)
			for at := time.Duration(0); at <= 400*ms; at += ms / 2 {
				if h := s.choose(timeZero.Add(at)); h != nil && h.seq == 1 {
					last = at
				}
			}
			got := s.reachOf(0).Sub(timeZero)
			if got < last || got >= last+ms/2 {
				t.Errorf("next sample after %v, max age %v: got reach %v, but it is chosen until %v", gap, maxAge, got, last)
			}
		}
	}
}

func TestSettled(t *testing.T) {
	for _, c := range []struct {
		name string
		last time.Duration // newest stamp; the set is at 0, period 100 ms, tolerance 60 ms, no jitter
		held bool          // the newest sample is still held
		want bool
	}{
		{"a sample at the set's time", 0, true, true},
		{"there, but rejected", 0, false, true},
		{"after it", 30 * ms, true, true},
		{"in hand as near as the next one", -50 * ms, true, true},
		{"in hand farther", -51 * ms, true, false},
		{"in hand nearer", -49 * ms, true, true},
		{"nearer, but rejected", -49 * ms, false, false},
		{"next one beyond tolerance", -39 * ms, false, true},
		{"next one at tolerance", -40 * ms, false, false},
		{"in hand beyond tolerance", -61 * ms, true, false},
		{"overdue", -130 * ms, true, false},
		{"1.5 periods behind", -150 * ms, true, false},
		{"farther behind", -150*ms - 1, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := three()
			cfg.Streams[1].Tolerance = 60 * ms
			a, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			s := &a.streams[1]
			s.config.Jitter = 0
			a.now = timeZero
			s.seen, s.last, s.arrival = true, timeZero.Add(c.last), a.now
			if c.held {
				s.push(held{stamp: s.last})
			}
			if got := a.settled(s, timeZero); got != c.want {
				t.Errorf("got settled %v, want %v", got, c.want)
			}
		})
	}
}

// A set never counts its wait from earlier than the set before it does: they close in order.
func TestOpenedInOrder(t *testing.T) {
	a, err := New(three())
	if err != nil {
		t.Fatal(err)
	}
	a.started, a.now, a.start = true, timeZero, timeZero
	a.push(openSet{stamp: timeZero, opened: timeZero}, &nowhere{})
	a.push(openSet{stamp: timeZero.Add(100 * ms), opened: timeZero.Add(-30 * ms)}, &nowhere{})
	if got := a.open[1].opened; got != timeZero {
		t.Errorf("got opened %v before the set ahead", got.Sub(timeZero))
	}
}

// A stream whose clock drifts is refused from the very sample that shows it.
func TestDriftIsRefusedAtOnce(t *testing.T) {
	a, err := New(three())
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder(t, a)
	r.add(at(0, 1, 0, 5*ms))
	a.streams[0].clock.drifting = true
	r.add(at(0, 2, 100*ms, 5*ms))
	if got := a.Counters(0).Dropped[BadClock]; got != 1 {
		t.Errorf("got %d samples refused, want 1", got)
	}
}
