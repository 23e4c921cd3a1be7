package timesync

import (
	"fmt"
	"math"
	"math/bits"
	"time"

	"github.com/fusiond/fusiond/sensors"
)

// Limits inside which a stamp is believed to be a date: 2000-01-01 and 2100-01-01 UTC.
const (
	firstDate sensors.StampNs = 946_684_800e9
	lastDate  sensors.StampNs = 4_102_444_800e9
)

// maxOpen bounds the sets that are open at once. When one more opens, the oldest closes as overtaken.
const maxOpen = 32

// Aligner decides which samples belong together. It is a pure state machine over arrivals and ticks: the same calls give the
// same sets, and additional ticks change nothing. Not safe for concurrent use. It allocates nothing after New.
type Aligner struct {
	config     Config
	streams    []stream
	references []int // stream indices, best first, without the disabled ones

	now     sensors.StampNs // of the event being handled; never runs backwards
	start   sensors.StampNs // first arrival of this time base
	heard   sensors.StampNs // latest arrival of any stream that is not disabled
	started bool

	base   timeBase
	grid   grid
	open   []openSet // oldest first
	closed history
	lastID uint64
	set    Set // handed to the sink, reused
}

// openSet is a set whose members may still improve.
type openSet struct {
	stamp     sensors.StampNs
	kind      Kind
	reference int
	opened    sensors.StampNs
	waiting   uint64 // bit i: stream i may still send something better
}

// New returns an aligner, or every fault of the configuration in one error.
func New(config Config) (*Aligner, error) {
	config = config.withDefaults()
	if err := config.check(); err != nil {
		return nil, fmt.Errorf("configure alignment: %w", err)
	}
	a := &Aligner{config: config, open: make([]openSet, 0, maxOpen)}
	a.set.Members = make([]Member, len(config.Streams))
	for i, sc := range config.Streams {
		a.streams = append(a.streams, newStream(sc, i, 0))
	}
	for _, name := range config.References {
		for i := range a.streams {
			if s := &a.streams[i]; s.config.Sensor == name && !s.config.Disabled {
				s.rank = len(a.references)
				a.references = append(a.references, i)
			}
		}
	}
	a.grid.period = gridPeriod(a)
	for i := range a.streams {
		a.streams[i].ring = make([]held, a.capacity(&a.streams[i]))
	}
	return a, nil
}

// gridPeriod is the first reference's period; without one that of the first stream that is not disabled.
func gridPeriod(a *Aligner) time.Duration {
	if len(a.references) > 0 {
		return a.streams[a.references[0]].config.Period
	}
	for i := range a.streams {
		if !a.streams[i].config.Disabled {
			return a.streams[i].config.Period
		}
	}
	return a.streams[0].config.Period
}

// capacity is twice the samples that a stream sends while the oldest useful one is held, as a power of two from 16 to 256.
func (a *Aligner) capacity(s *stream) int {
	span := 2*a.grid.period + a.config.MaxWait + max(s.config.MaxAge, s.config.Tolerance)
	n := min(max(2*int(span/s.config.Period), 16), 256)
	return 1 << bits.Len(uint(n-1)) //nolint:gosec // 16 to 256
}

// Add takes one arrival. It first does what was due before h.Received (as Tick would), so arrivals must come in order of
// Received; an earlier one counts as arriving now. h.Stream must be an index of Config.Streams. It reports whether the sample
// is held on return, that is, whether a set that is still to close can choose it. Cost: O(streams) at most, O(1) usually.
func (a *Aligner) Add(h Header, sink Sink) (kept bool) {
	a.advance(h.Received, sink)
	s := &a.streams[h.Stream]
	s.counters.Received++
	if !s.config.Disabled {
		a.wake(sink)
	}
	stamp := corrected(h.Stamp, s.config.CorrectOffset)
	fate := a.judge(s, stamp, sink)
	if fate == Used && a.misplaced() {
		a.restart(sink)
		fate = a.judge(s, stamp, sink) // as the first one of the new time base
	}
	if fate == Used && stamp < s.served {
		fate = Reorder // put back by its clock's repair: sets must not cross
	}
	if fate != Used {
		s.count(h.Seq, fate, 0, sink)
	} else {
		a.accept(s, held{seq: h.Seq, stamp: stamp, received: a.now}, sink)
		a.lead(s, stamp, sink)
		kept = true
	}
	a.settle(uint64(1) << uint(s.index)) //nolint:gosec // below 64
	a.closeComplete(sink)
	a.advance(a.now, sink)
	s.release(a.horizon(), sink)
	return kept && s.size > 0 // the newest leaves last
}

// accept holds a sample that passed the guards.
func (a *Aligner) accept(s *stream, h held, sink Sink) {
	h.lateNs = a.lateness(s, h.stamp)
	if s.size == len(s.ring) {
		s.leave(Overflow, sink)
	}
	if s.seen && h.stamp > s.last {
		s.rate.note(h.stamp.Sub(s.last))
	}
	if s.seen && a.now >= s.idleAt(a.start) {
		a.revive(s)
	}
	s.seen, s.last, s.arrival = true, h.stamp, a.now
	s.push(h)
}

// revive is called when a stream comes back from silence. Streams that fell silent together have a common cause, such as a cable or
// a gap in a recording, and are expected back together: those that stopped when s did, each before the other's next sample was due,
// are not idle for another half period, so that they are members of the first set, and a better reference that arrives a moment
// after a worse one still gives it its time.
func (a *Aligner) revive(s *stream) {
	for i := range a.streams {
		r := &a.streams[i]
		if r != s && r.seen && r.arrival <= s.arrival.Add(s.config.Period) && s.arrival <= r.arrival.Add(r.config.Period) {
			r.revived = a.now.Add(-r.config.Period)
		}
	}
}

// Tick does what is due at or before now. Only the moments that Deadline names matter; any other Tick changes nothing.
func (a *Aligner) Tick(now sensors.StampNs, sink Sink) { a.advance(now, sink) }

// Deadline returns the next moment at which Tick would do something; false when only an arrival can.
func (a *Aligner) Deadline() (sensors.StampNs, bool) {
	next := sensors.StampNs(math.MaxInt64)
	if len(a.open) > 0 {
		next = a.open[0].opened.Add(a.config.MaxWait)
		var waiting uint64
		for i := range a.open {
			waiting |= a.open[i].waiting
		}
		for ; waiting != 0; waiting &= waiting - 1 {
			next = min(next, a.waitUntil(&a.streams[bits.TrailingZeros64(waiting)]))
		}
	}
	if a.started && !a.grid.asleep {
		next = min(next, a.overdueAt())
	}
	return next, next != math.MaxInt64
}

// advance handles, in order, everything due at or before now, each at its own moment.
func (a *Aligner) advance(now sensors.StampNs, sink Sink) {
	now = min(max(now, a.now), lastDate)
	for {
		due, ok := a.Deadline()
		if !ok || due > now {
			break
		}
		a.now = max(a.now, due)
		a.settle(^uint64(0))
		a.closeComplete(sink)
		for len(a.open) > 0 && a.open[0].opened.Add(a.config.MaxWait) <= a.now {
			a.closeOldest(Deadline, sink)
		}
		if !a.grid.asleep && a.overdueAt() <= a.now {
			a.overdue(sink)
			a.closeComplete(sink)
		}
	}
	a.now = now
}

// Flush ends the streams at now: what was due is done, open sets close, every sample leaves. Virtual sets for times that are
// not yet overdue are not made; Tick a little later first to have them. Afterwards the aligner starts afresh, with a new time base.
func (a *Aligner) Flush(now sensors.StampNs, sink Sink) {
	a.advance(now, sink)
	a.restart(sink)
	a.started = false
}

// restart closes and lets go of everything and begins a new time base at this moment.
func (a *Aligner) restart(sink Sink) {
	for len(a.open) > 0 {
		a.closeOldest(Flushed, sink)
	}
	for i := range a.streams {
		s := &a.streams[i]
		s.release(math.MaxInt64, sink)
		s.seen, s.last, s.arrival, s.revived, s.served, s.shift = false, 0, 0, 0, 0, 0
		s.rejected, s.overflowed = 0, 0
		s.clock, s.rate = clock{}, rateMeter{}
	}
	a.grid = grid{period: a.grid.period}
	a.closed = history{}
	a.base = timeBase{number: a.base.number + 1}
	a.start = a.now
}

// wake notes an arrival: the first one starts the aligner, and one after a pause of all streams starts a new time base. After a
// shorter silence the grid is awake, unless it never ran: then the first reference is given its 1.5 periods once more.
func (a *Aligner) wake(sink Sink) {
	switch {
	case !a.started:
		a.started = true
		a.start = a.now
		a.base.number = max(a.base.number, 1)
	case a.grid.asleep && a.now.Sub(a.heard) >= a.pause():
		a.restart(sink)
	case a.grid.asleep:
		a.start = a.now
	}
	a.grid.asleep = false
	a.heard = a.now
}

// Usable reports whether a set that is still to close could choose a sample of this stream and stamp: whether encoding it is
// worth anything.
func (a *Aligner) Usable(stream int, stamp sensors.StampNs) bool {
	s := &a.streams[stream]
	stamp = corrected(stamp, s.config.CorrectOffset)
	return s.trusted() && stamp >= firstDate && stamp <= lastDate && s.reach(stamp, 0, false) >= a.horizon()
}

// Reject takes back a held sample that turned out to be useless; reason is Decode or Overrun. It is counted as dropped for
// that reason even if a closed set holds it (the set is not changed), sink.Left is called, and no set chooses it again. It
// reports false, and does nothing, when the sample has left already.
func (a *Aligner) Reject(stream int, seq uint64, reason Fate, sink Sink) bool {
	s := &a.streams[stream]
	h, ok := s.remove(seq)
	if !ok {
		return false
	}
	s.rejected, s.rejectedWhy = h.stamp, AbsentDecode
	if reason != Decode {
		reason, s.rejectedWhy = Overrun, AbsentOverrun
	}
	s.count(seq, reason, 0, sink)
	return true
}

// corrected adds the configured offset; stamps that are no dates are left alone, so that nothing wraps around.
func corrected(stamp sensors.StampNs, offset time.Duration) sensors.StampNs {
	if stamp < -lastDate || stamp > lastDate {
		return stamp
	}
	return stamp.Add(offset)
}
