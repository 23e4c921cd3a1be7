package timesync

import (
	"math"
	"time"

	"github.com/fusiond/fusiond/sensors"
)

// grid is the row of times for which sets are made.
//
//	first reference   x----x----x----x- (gone) ----------------x----x- (gone) -------------------
//	second reference  -y----y----y----y----y----y- (gone) ---------------------------------------
//	any other         z----z----z----z----z----z----z----z-----z----z- (gone) -------------------
//	sets              S----S----S----S----S----S----v----v-----S----S----v----v----v----v  asleep
//	                                      |    |    |    |     |         '----'----'----'- all silent: on for Clock.Pause
//	                                      |    |    |    |     '- the grid locks to the first reference again
//	                                      |    |    '----'------- virtual clock, at last + k periods
//	                                      '----'----------------- second reference, less its shift: the grid stays put
//
// A time of the grid is overdue half a period after the reference's sample should have come, which is 1.5 periods after the one
// before: the moment the reference counts as idle.
//
// When all streams fall silent, sets without members say so, at the same phase and period, and each closes at once, for nobody is
// waited for. After the pause the grid sleeps, so that a parked vehicle does not publish for ever; the last set is one like those
// before. Whatever comes then begins a new time base (Aligner.wake).
type grid struct {
	period time.Duration
	// running is false until the first time is known; asleep when nothing will be made before the next arrival.
	running, asleep bool
	// last is the newest time of the grid; arrival is when its reference sample came, or should have.
	last, arrival sensors.StampNs
	// leader is the stream that gave last; -1 for the virtual clock.
	leader int
}

// maxFill bounds how many skipped times are made up for when a reference returns earlier than its gap was noticed.
const maxFill = 8

// overdueAt is the moment when the next time of the grid is given by somebody else than the first reference.
func (a *Aligner) overdueAt() sensors.StampNs {
	if !a.grid.running {
		return a.start.Add(a.grid.period + a.grid.period/2)
	}
	return a.grid.arrival.Add(a.grid.period + a.grid.period/2)
}

// pause is how long all streams must be silent for the grid to fall asleep: long enough for two sets that say so, however slow
// the grid.
func (a *Aligner) pause() time.Duration { return max(a.config.Clock.Pause, 3*a.grid.period) }

// misplaced reports whether the grid lies where no stream's clock is: it was started by a stream that came first and turned out
// to be wrong, or all clocks have moved. Then a new time base begins.
func (a *Aligner) misplaced() bool {
	off := time.Duration(int64(a.grid.arrival-a.grid.last) - a.base.offset)
	return a.grid.running && max(off, -off) > a.config.Clock.MaxLag+a.grid.period
}

// horizon is the earliest time that a set which is still to close can have.
func (a *Aligner) horizon() sensors.StampNs {
	switch {
	case len(a.open) > 0:
		return a.open[0].stamp
	case a.grid.running:
		return a.grid.last.Add(a.grid.period / 2)
	}
	return math.MinInt64
}

// lead opens the set that a new sample of a reference stands for, if that reference leads, and before it the sets of times
// that were skipped.
func (a *Aligner) lead(s *stream, stamp sensors.StampNs, sink Sink) {
	if s.rank < 0 || !a.mayLead(s) {
		return
	}
	at, shift, ok := a.place(s, stamp)
	if !ok {
		return
	}
	half := a.grid.period / 2
	if a.grid.running && at.Sub(a.grid.last) <= maxFill*a.grid.period+half {
		for at.Sub(a.grid.last) >= a.grid.period+half {
			a.fill(min(a.now, a.grid.arrival.Add(a.grid.period)), sink)
		}
	}
	if a.grid.running && at.Sub(a.grid.last) < half {
		return // that time has its set
	}
	s.shift = shift
	a.push(openSet{stamp: at, kind: Reference, reference: s.index, opened: a.now}, sink)
	a.grid.arrival = a.now
}

// mayLead reports whether every better reference is out: not trusted or idle.
func (a *Aligner) mayLead(s *stream) bool {
	for _, i := range a.references[:s.rank] {
		if r := &a.streams[i]; r.trusted() && a.now < r.idleAt(a.start) {
			return false
		}
	}
	return true
}

// place finds the time of the grid that a reference's sample stands for. The first reference, and whichever starts the grid,
// sets it at its own stamp. Any other takes over without moving the grid: its shift against the grid is measured once, at the
// take-over (unless the one in use still fits), and from then on the grid follows its clock. Not ok: it stands for none.
func (a *Aligner) place(s *stream, stamp sensors.StampNs) (at sensors.StampNs, shift int64, ok bool) {
	g := &a.grid
	switch {
	case !g.running:
		return stamp, 0, true
	case s.rank == 0:
		return stamp, 0, true
	}
	shift = s.shift
	if g.leader != s.index {
		if off := int64(stamp-g.slot(stamp-sensors.StampNs(shift))) - shift; max(off, -off) > int64(s.config.Jitter) {
			shift = int64(stamp - g.slot(stamp))
		}
	}
	at = stamp - sensors.StampNs(shift)
	return at, shift, at.Sub(g.last) >= g.period*3/4
}

// slot is the time of the grid, after the last one, that is nearest to t.
func (g *grid) slot(t sensors.StampNs) sensors.StampNs {
	n := (t.Sub(g.last) + g.period/2) / g.period
	return g.last.Add(max(n, 1) * g.period)
}

// overdue gives the next time of the grid without its first reference. Without a live stream a grid that does not run yet has no
// time to give, and one that runs goes on for the pause.
func (a *Aligner) overdue(sink Sink) {
	switch {
	case !a.anyLive() && (!a.grid.running || a.now.Sub(a.heard) >= a.pause()):
		a.grid.asleep = true
	case !a.grid.running:
		a.anchor(sink)
	default:
		a.fill(a.grid.arrival.Add(a.grid.period), sink)
	}
}

// fill opens the set of the next time of the grid: from the best live reference that has a sample there, or else from the
// virtual clock. opened is when the sample should have come.
func (a *Aligner) fill(opened sensors.StampNs, sink Sink) {
	slot := a.grid.last.Add(a.grid.period)
	next := openSet{stamp: slot, kind: Virtual, reference: -1, opened: opened}
	for _, i := range a.references {
		s := &a.streams[i]
		if !a.live(s) {
			continue
		}
		before, after := s.around(slot.Add(time.Duration(s.shift)))
		h := nearer(slot.Add(time.Duration(s.shift)), before, after)
		if h == nil || distance(h.stamp, slot.Add(time.Duration(s.shift))) > a.grid.period/2 {
			continue
		}
		if at, shift, ok := a.place(s, h.stamp); ok && distance(at, slot) < a.grid.period/2 {
			s.shift = shift
			next.stamp, next.kind, next.reference = at, Reference, i
			break
		}
	}
	a.push(next, sink)
	a.grid.arrival = opened
}

// anchor starts the grid when the first reference did not come in the first 1.5 periods: at the newest sample of the next one
// that is alive, else where a reference would be if the first live stream keeps its nominal phase to it.
func (a *Aligner) anchor(sink Sink) {
	for _, i := range a.references {
		if s := &a.streams[i]; a.live(s) && s.size > 0 {
			a.push(openSet{stamp: s.last, kind: Reference, reference: i, opened: a.now}, sink)
			a.grid.arrival = s.arrival
			return
		}
	}
	for i := range a.streams {
		s := &a.streams[i]
		if !a.live(s) {
			continue
		}
		back := s.config.Phase%a.grid.period + 2*a.grid.period // some earlier time of that grid, see skip
		a.grid.running, a.grid.leader = true, -1
		a.grid.last, a.grid.arrival = s.last.Add(-back), s.arrival.Add(-back)
		a.grid.skip(a.now)
		return
	}
}

// skip passes over all times that are overdue at now without making sets for them.
func (g *grid) skip(now sensors.StampNs) {
	behind := now.Sub(g.arrival) - g.period - g.period/2
	if behind < 0 {
		return
	}
	n := behind/g.period + 1
	g.last, g.arrival = g.last.Add(n*g.period), g.arrival.Add(n*g.period)
}

// push opens a set and moves the grid to it. No set waits for longer than MaxWait, and they close in order of time, so a set
// cannot have been opened before the one ahead of it.
func (a *Aligner) push(o openSet, sink Sink) {
	if len(a.open) == cap(a.open) {
		a.closeOldest(Overtaken, sink)
	}
	if n := len(a.open); n > 0 {
		o.opened = max(o.opened, a.open[n-1].opened)
	}
	for i := range a.streams {
		if !a.settled(&a.streams[i], o.stamp) {
			o.waiting |= 1 << uint(i) //nolint:gosec // below 64
		}
	}
	a.open = append(a.open, o)
	a.grid.running, a.grid.last, a.grid.leader = true, o.stamp, o.reference
}

// live reports whether a stream is trusted and not idle.
func (a *Aligner) live(s *stream) bool {
	return s.trusted() && s.seen && a.now < s.idleAt(a.start)
}

func (a *Aligner) anyLive() bool {
	for i := range a.streams {
		if a.live(&a.streams[i]) {
			return true
		}
	}
	return false
}
