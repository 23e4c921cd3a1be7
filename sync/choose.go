package timesync

import (
	"math/bits"
	"time"

	"github.com/fusiond/fusiond/sensors"
)

// around returns the newest held sample before t and the oldest one at or after t; nil where there is none.
func (s *stream) around(t sensors.StampNs) (before, after *held) {
	for i := range s.size {
		h := s.at(i)
		if h.stamp >= t {
			return before, h
		}
		before = h
	}
	return before, nil
}

// nearer returns the one nearer to t; the earlier one of a tie, nil of two nils.
func nearer(t sensors.StampNs, before, after *held) *held {
	if before == nil || after != nil && after.stamp.Sub(t) < t.Sub(before.stamp) {
		return after
	}
	return before
}

func distance(a, b sensors.StampNs) time.Duration { return max(a.Sub(b), b.Sub(a)) }

// choose returns the stream's member for a set at t:
//
//	      tol       tol
//	---b---[----b----t----a--]---     the nearer of b and a within tolerance, b in a tie
//	---b---[---------t-------]-a-     neither within tolerance: b, if not older than max age; its age tells
//
// nil when there is neither.
func (s *stream) choose(t sensors.StampNs) *held {
	if !s.trusted() {
		return nil
	}
	before, after := s.around(t)
	if h := nearer(t, before, after); h != nil && distance(h.stamp, t) <= s.config.Tolerance {
		return h
	}
	if before != nil && t.Sub(before.stamp) <= s.config.MaxAge {
		return before
	}
	return nil
}

// absence says why a stream has no member in a set at t that closes now.
func (a *Aligner) absence(s *stream, t sensors.StampNs) Absence {
	switch {
	case s.config.Disabled:
		return AbsentDisabled
	case s.clock.bad || s.clock.strikes > 0:
		return AbsentClock
	case s.rejected != 0 && distance(s.rejected, t) <= s.config.Tolerance:
		return s.rejectedWhy
	case s.overflowed != 0 && s.overflowed.Add(s.config.Tolerance) >= t:
		return AbsentOverrun // what was pushed out reached up to here
	case !a.live(s):
		return AbsentIdle
	case s.last < t && s.last.Add(s.config.Period-s.config.Tolerance) <= t:
		return AbsentLate // the next one was due for this set
	}
	return AbsentTolerance
}

// settled reports whether a set at t need not wait for the stream: it is out, or nothing that can still arrive would be chosen.
// Stamps grow within a stream, so that is certain once a sample at or after t has come; before that the next stamp is predicted.
func (a *Aligner) settled(s *stream, t sensors.StampNs) bool {
	if !s.trusted() || a.now >= a.waitUntil(s) {
		return true
	}
	if !s.seen {
		return false
	}
	if s.last >= t {
		return true
	}
	if t.Sub(s.last) > s.config.Period+s.config.Period/2 && s.revived <= s.arrival {
		return true // so far behind that no sample in time can be hoped for, unless the stream is expected back
	}
	after := s.last.Add(s.config.Period - s.config.Jitter).Sub(t)
	if after > s.config.Tolerance {
		return true
	}
	inHand := s.size > 0 && s.at(s.size-1).stamp == s.last && t.Sub(s.last) <= s.config.Tolerance
	return inHand && t.Sub(s.last) <= after
}

// waitUntil is the moment from which no set waits for a stream: when it is idle; if it was never seen, MaxWait after the start.
func (a *Aligner) waitUntil(s *stream) sensors.StampNs {
	if !s.seen {
		return a.start.Add(a.config.MaxWait)
	}
	return s.idleAt(a.start)
}

// settle looks again at the given streams (one bit each) in all open sets that wait for them.
func (a *Aligner) settle(streams uint64) {
	for i := range a.open {
		o := &a.open[i]
		for w := o.waiting & streams; w != 0; w &= w - 1 {
			n := bits.TrailingZeros64(w)
			if a.settled(&a.streams[n], o.stamp) {
				o.waiting &^= 1 << uint(n) //nolint:gosec // below 64
			}
		}
	}
}

// closeComplete closes the newest set that waits for nobody, and before it all older ones.
func (a *Aligner) closeComplete(sink Sink) {
	n := len(a.open)
	for n > 0 && a.open[n-1].waiting != 0 {
		n--
	}
	for ; n > 0; n-- {
		reason := Complete
		if a.open[0].waiting != 0 {
			reason = Overtaken
		}
		a.closeOldest(reason, sink)
	}
}

// closeOldest closes the oldest open set and lets go of the samples that no later set can use. A set without a single member is a
// set all the same: it is what tells that everything is gone.
func (a *Aligner) closeOldest(reason CloseReason, sink Sink) {
	o := a.open[0]
	a.open = a.open[:copy(a.open, a.open[1:])]
	a.lastID++
	a.set.ID, a.set.TimeBase = a.lastID, a.base.number
	a.set.Stamp, a.set.Kind, a.set.Reference = o.stamp, o.kind, o.reference
	a.set.Close, a.set.Opened, a.set.Closed = reason, o.opened, a.now
	for i := range a.streams {
		a.set.Members[i] = a.member(&a.streams[i], o.stamp)
	}
	a.closed.note(o.stamp, a.now)
	sink.Closed(&a.set)
	horizon := a.horizon()
	for i := range a.streams {
		a.streams[i].release(horizon, sink)
	}
}

// member chooses and describes a stream's part in a set at t, and marks the chosen sample as used.
func (a *Aligner) member(s *stream, t sensors.StampNs) Member {
	m := Member{NewestAgeNs: -1}
	if s.seen {
		m.NewestAgeNs = int64(t - s.last)
	}
	h := s.choose(t)
	if h == nil {
		m.Absence = a.absence(s, t)
		return m
	}
	m.Present, m.Reused = true, h.used
	m.Seq, m.Stamp = h.seq, h.stamp
	m.AgeNs, m.WaitNs = int64(t-h.stamp), int64(a.now-h.received)
	h.used = true
	s.served = h.stamp
	return m
}

// history remembers the latest closed sets, to say how late a sample came.
type history struct {
	sets [8]struct{ stamp, closed sensors.StampNs }
	n    int
}

func (h *history) note(stamp, closed sensors.StampNs) {
	e := &h.sets[h.n%len(h.sets)]
	e.stamp, e.closed = stamp, closed
	h.n++
}

// lateness is how long after its set closed a sample of this stamp came; 0 when no closed set would have chosen it.
func (a *Aligner) lateness(s *stream, stamp sensors.StampNs) int64 {
	next := a.grid.last.Add(a.grid.period)
	if len(a.open) > 0 {
		next = a.open[0].stamp
	}
	for i := a.closed.n - 1; i >= 0 && i >= a.closed.n-len(a.closed.sets); i-- {
		c := a.closed.sets[i%len(a.closed.sets)]
		away := distance(stamp, c.stamp)
		oldest := i == 0 || i == a.closed.n-len(a.closed.sets)
		if away > s.config.Tolerance && !(oldest && stamp < c.stamp) {
			continue
		}
		if next.Sub(stamp) <= away || s.seen && distance(s.last, c.stamp) <= away {
			return 0 // the next set is nearer, or the sample before it was
		}
		return max(int64(a.now-c.closed), 1)
	}
	return 0
}
