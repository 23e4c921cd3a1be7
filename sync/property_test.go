package timesync

import (
	"fmt"
	"sort"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fusiond/fusiond/sensors"
)

// drawRig draws 2 to 5 streams with the same period and any phase. Their deadline is generous, so that arrivals can be re-timed.
func drawRig(t *rapid.T) Config {
	period := rapid.SampledFrom([]time.Duration{50 * ms, 100 * ms}).Draw(t, "period")
	c := Config{MaxWait: 2 * period}
	n := rapid.IntRange(2, 5).Draw(t, "streams")
	for i := range n {
		c.Streams = append(c.Streams, StreamConfig{
			Sensor: sensors.SensorID(fmt.Sprint("s", i)), Period: period, Jitter: period / 10,
			Phase: time.Duration(rapid.Int64Range(0, int64(period)-1).Draw(t, "phase")),
		})
	}
	c.References = []sensors.SensorID{"s0"}
	return c
}

// drawStamps draws what the sensors measure: each stream at its period and phase, with jitter, sometimes losing one sample.
func drawStamps(t *rapid.T, c Config, n int, lose bool) []Header {
	var hs []Header
	for i, s := range c.Streams {
		lost := -1
		if lose && i > 0 {
			lost = rapid.IntRange(2, 2*n).Draw(t, "lost")
		}
		for k := range n {
			if k == lost {
				continue
			}
			jitter := rapid.Int64Range(0, int64(s.Jitter)/2).Draw(t, "jitter")
			hs = append(hs, Header{
				Stream: i, Seq: uint64(k + 1), Stamp: timeZero.Add(time.Duration(k)*s.Period + s.Phase + time.Duration(jitter)),
			})
		}
	}
	return hs
}

// arrive delays each sample by up to window, keeping each stream's own order, and sorts by arrival.
func arrive(t *rapid.T, hs []Header, window time.Duration) []Header {
	out := append([]Header(nil), hs...)
	for i := range out {
		h := &out[i]
		h.Received = h.Stamp.Add(time.Duration(rapid.Int64Range(0, int64(window)).Draw(t, "delay")))
		if i > 0 && out[i-1].Stream == h.Stream {
			h.Received = max(h.Received, out[i-1].Received)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Received < out[j].Received })
	return out
}

// content is what of a set must not depend on arrival.
func content(sets []*Set, from, to sensors.StampNs) (out []string) {
	for _, s := range sets {
		if s.Stamp < from || s.Stamp > to {
			continue
		}
		line := fmt.Sprint(s.Stamp-timeZero, s.Kind)
		for _, m := range s.Members {
			line += fmt.Sprint(" ", m.Present, m.Seq)
		}
		out = append(out, line)
	}
	return out
}

func run(t testing.TB, c Config, hs []Header, after time.Duration) *recorder {
	t.Helper()
	a, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder(t, a)
	r.feed(hs, after)
	return r
}

// Within the window (less than the slack of the idle rule, half a period, less the jitter) the sets do not depend on when
// samples arrive, nor on the order in which different streams do. The first sets may: a stream that was never seen is not
// waited for.
func TestArrivalDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := drawRig(rt)
		period := c.Streams[0].Period
		hs := drawStamps(rt, c, 8, false)
		window := period/2 - 2*c.Streams[0].Jitter
		from, to := timeZero.Add(3*period), timeZero.Add(7*period)
		want := content(run(t, c, arrive(rt, hs, 0), time.Second).sets, from, to)
		got := content(run(t, c, arrive(rt, hs, window), time.Second).sets, from, to)
		if d := cmp.Diff(want, got); d != "" {
			rt.Fatalf("sets differ (-in time +re-timed):\n%s", d)
		}
		if len(got) < 3 {
			rt.Fatalf("got %d sets, want at least 3", len(got))
		}
	})
}

// Every member is the nearest sample of its stream, found by looking at all samples; arrivals within the window.
func TestMembersAreNearest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := drawRig(rt)
		period := c.Streams[0].Period
		hs := arrive(rt, drawStamps(rt, c, 8, true), period/2-2*c.Streams[0].Jitter)
		r := run(t, c, hs, time.Second)
		for _, s := range r.sets {
			if s.Stamp < timeZero.Add(3*period) {
				continue
			}
			for i, m := range s.Members {
				var best *Header
				for j := range hs {
					if h := &hs[j]; h.Stream == i && (best == nil || distance(h.Stamp, s.Stamp) < distance(best.Stamp, s.Stamp) ||
						distance(h.Stamp, s.Stamp) == distance(best.Stamp, s.Stamp) && h.Stamp < best.Stamp) {
						best = h
					}
				}
				tolerance := r.a.config.Streams[i].Tolerance
				if lost(hs, i, best.Seq-1) {
					continue // nobody waits for the first sample after a hole
				}
				if distance(best.Stamp, s.Stamp) <= tolerance && (!m.Present || m.Seq != best.Seq) {
					rt.Fatalf("set %d at %v, stream %d: got %+v, want seq %d", s.ID, s.Stamp.Sub(timeZero), i, m, best.Seq)
				}
				if distance(best.Stamp, s.Stamp) > tolerance && m.Present && (m.AgeNs < 0 || m.AgeNs > int64(period+period/2)) {
					rt.Fatalf("set %d, stream %d: %+v is not within tolerance, nor an older one within max age", s.ID, i, m)
				}
			}
		}
	})
}

func lost(hs []Header, stream int, seq uint64) bool {
	for _, h := range hs {
		if h.Stream == stream && h.Seq == seq {
			return false
		}
	}
	return true
}

// drawChaos draws any stream of headers at all: what must hold then is checked by the recorder at every step.
func drawChaos(t *rapid.T) (Config, []Header) {
	n := rapid.IntRange(1, 5).Draw(t, "streams")
	c := Config{
		MaxWait: time.Duration(rapid.Int64Range(1, 200).Draw(t, "wait")) * ms,
		Clock: ClockConfig{
			Readmit: rapid.IntRange(1, 4).Draw(t, "readmit"), Window: 300 * ms,
			Pause: time.Duration(rapid.Int64Range(100, 2000).Draw(t, "pause")) * ms,
		},
	}
	// All streams fall silent within two seconds, and come back together, more or less.
	silence := time.Duration(rapid.Int64Range(0, 3000).Draw(t, "silence")) * ms
	for i := range n {
		s := StreamConfig{
			Sensor:   sensors.SensorID(fmt.Sprint("s", i)),
			Period:   time.Duration(rapid.Int64Range(5, 150).Draw(t, "period")) * ms,
			Phase:    time.Duration(rapid.Int64Range(-150, 150).Draw(t, "phase")) * ms,
			Disabled: rapid.IntRange(0, 9).Draw(t, "disabled") == 0,
		}
		c.Streams = append(c.Streams, s)
		if rapid.Bool().Draw(t, "reference") {
			c.References = append(c.References, s.Sensor)
		}
	}
	jumps := []time.Duration{0, 0, 0, 0, 0, ms, -ms, 30 * ms, -30 * ms, 300 * ms, -300 * ms, time.Second, 37 * time.Second, -37 * time.Second}
	var hs []Header
	for i := range c.Streams {
		at, skew := timeZero.Add(time.Duration(rapid.Int64Range(0, 100).Draw(t, "begin"))*ms), time.Duration(0)
		silent := rapid.IntRange(0, 20).Draw(t, "silent")
		for k := range rapid.IntRange(0, 30).Draw(t, "samples") {
			if rapid.IntRange(0, 3).Draw(t, "odd") == 0 {
				skew += rapid.SampledFrom(jumps).Draw(t, "skew")
				at = at.Add(time.Duration(rapid.Int64Range(0, 500).Draw(t, "hole")) * ms)
			}
			if k == silent {
				at = max(at, timeZero.Add(2*time.Second)).Add(silence)
			}
			delay := time.Duration(rapid.Int64Range(0, 80).Draw(t, "delay")) * ms
			hs = append(hs, Header{Stream: i, Seq: uint64(k + 1), Stamp: at.Add(skew), Received: at.Add(delay)})
			at = at.Add(c.Streams[i].Period)
		}
	}
	sort.SliceStable(hs, func(i, j int) bool { return hs[i].Received < hs[j].Received })
	return c, hs
}

// Whatever comes: samples leave once with a reason, accounts are right at any moment, sets never cross or run backwards, ids
// have no gaps, nobody waits too long, and memory is bounded (all in recorder).
func TestChaos(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c, hs := drawChaos(rt)
		run(t, c, hs, time.Duration(rapid.Int64Range(0, 3000).Draw(rt, "after"))*ms)
	})
}

// A total silence within the pause leaves no hole: each time of the grid has its one set, of the lidar where there is a sweep and
// of the virtual clock where there is none, on the same time base. After the last sample there are as many as are due by the end
// of the pause or by Flush, whichever is first.
func TestSetsThroughSilence(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := drawRig(rt)
		period, phase := c.Streams[0].Period, c.Streams[0].Phase
		from := rapid.IntRange(3, 8).Draw(rt, "from")
		to := from + rapid.IntRange(0, int(2*time.Second/period)-3).Draw(rt, "silent periods")
		const n = 50
		var hs []Header
		for _, h := range drawStamps(rt, c, n, false) {
			if k := int(h.Seq) - 1; k < from || k >= to { //nolint:gosec // few
				hs = append(hs, h)
			}
		}
		hs = arrive(rt, hs, period/2-2*c.Streams[0].Jitter)
		after := time.Duration(rapid.Int64Range(0, 4000).Draw(rt, "after")) * ms
		r := run(t, c, hs, after)

		var lead, heard sensors.StampNs // arrivals of the last sweep, and of the last sample
		for _, h := range hs {
			heard = h.Received
			if h.Stream == 0 {
				lead = h.Received
			}
		}
		want := n
		for due := lead.Add(period + period/2); due <= heard.Add(after) && due < heard.Add(2*time.Second); due = due.Add(period) {
			want++
		}
		if len(r.sets) != want {
			rt.Fatalf("silent from %d to %d, flushed after %v: got %d sets, want %d", from, to, after, len(r.sets), want)
		}
		for k, s := range r.sets {
			slot := timeZero.Add(phase + time.Duration(k)*period)
			kind := Reference
			if k >= from && k < to || k >= n {
				kind = Virtual
			}
			if s.Kind != kind || s.TimeBase != 1 || distance(s.Stamp, slot) > c.Streams[0].Jitter {
				rt.Fatalf("set %d: got %v at %v in base %d, want %v at %v in base 1",
					s.ID, s.Kind, s.Stamp.Sub(timeZero), s.TimeBase, kind, slot.Sub(timeZero))
			}
			if k > from+2 && k < to-1 || k > n+2 {
				for i, m := range s.Members {
					if m.Absence != AbsentIdle || s.Close != Complete {
						rt.Fatalf("set %d: got %+v of stream %d, closed as %v, want idle and complete", s.ID, m, i, s.Close)
					}
				}
			}
		}
	})
}

// A disabled stream is as if it were not there.
func TestDisabledChangesNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c, hs := drawChaos(rt)
		var enabled []Header
		for _, h := range hs {
			if !c.Streams[h.Stream].Disabled {
				enabled = append(enabled, h)
			}
		}
		end := 10 * time.Second
		want, got := play(t, c, enabled, end), play(t, c, hs, end)
		if d := cmp.Diff(want.sets, got.sets); d != "" {
			rt.Fatalf("sets differ (-without what disabled streams send +with):\n%s", d)
		}
	})
}

// play adds headers and flushes at a given moment after timeZero.
func play(t testing.TB, c Config, hs []Header, end time.Duration) *recorder {
	t.Helper()
	a, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder(t, a)
	for _, h := range hs {
		r.add(h)
	}
	a.Flush(timeZero.Add(end), r)
	r.check()
	return r
}

// Ticks at other moments than Deadline's change nothing, be there many or none.
func TestTicksDoNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c, hs := drawChaos(rt)
		want := run(t, c, hs, time.Second)
		a, err := New(c)
		if err != nil {
			rt.Fatal(err)
		}
		r := newRecorder(t, a)
		now := timeZero
		tickTo := func(to sensors.StampNs) {
			for now < to {
				now = min(to, now.Add(time.Duration(rapid.Int64Range(1, 60).Draw(rt, "tick"))*ms))
				r.a.Tick(now, r)
				r.check()
				if due, ok := a.Deadline(); ok && rapid.Bool().Draw(rt, "exact") && due < to {
					now = due
					r.a.Tick(due, r)
				}
			}
		}
		var end sensors.StampNs
		for _, h := range hs {
			tickTo(h.Received)
			r.add(h)
			end = max(end, h.Received)
		}
		tickTo(end.Add(time.Second))
		r.a.Flush(end.Add(time.Second), r)
		if d := cmp.Diff(want.sets, r.sets); d != "" {
			rt.Fatalf("sets differ (-without ticks +with):\n%s", d)
		}
		if d := cmp.Diff(want.left, r.left, cmp.AllowUnexported(leaving{})); d != "" {
			rt.Fatalf("fates differ (-without ticks +with):\n%s", d)
		}
	})
}

// A tick at a moment that Deadline did not name puts nothing out; at the one it names, waiting ends.
func TestDeadlineIsTheNextMoment(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c, hs := drawChaos(rt)
		a, err := New(c)
		if err != nil {
			rt.Fatal(err)
		}
		r := newRecorder(t, a)
		for _, h := range hs {
			if due, ok := a.Deadline(); ok && due > a.now+1 {
				before := len(r.sets) + len(r.left)
				a.Tick(min(due-1, max(h.Received, a.now)), r)
				if h.Received > due-1 && len(r.sets)+len(r.left) != before {
					rt.Fatalf("something left before the deadline %v", due)
				}
			}
			r.add(h)
		}
		a.Flush(a.now, r)
	})
}
