package timesync

import "github.com/fusiond/fusiond/sensors"

// held is a sample that a set may still choose.
type held struct {
	seq             uint64
	stamp, received sensors.StampNs
	// lateNs is how long after its set's closing the sample came; 0 when it was in time.
	lateNs int64
	used   bool
}

// stream is the state of one stream: its held samples in a ring, strictly increasing in stamp, and its book-keeping.
type stream struct {
	config StreamConfig
	index  int
	// rank is the place among the references, 0 = first; -1 for all others.
	rank int

	ring        []held // capacity is a power of two
	first, size int

	seen bool
	// last and arrival are stamp and arrival of the newest sample that passed the guards.
	last, arrival sensors.StampNs
	// revived counts as an arrival for idleness alone: the stream is expected back, see Aligner.revive.
	revived sensors.StampNs
	// served is the newest stamp that is member of a set.
	served sensors.StampNs
	// rejected is the newest sample that the caller took back, and why; overflowed the newest that was pushed out: the reasons
	// if a set misses them.
	rejected    sensors.StampNs
	rejectedWhy Absence
	overflowed  sensors.StampNs
	// shift is stamp minus set time when this stream leads the grid; see grid.go.
	shift int64

	clock    clock
	counters Counters
	rate     rateMeter
}

func newStream(config StreamConfig, index, capacity int) stream {
	return stream{config: config, index: index, rank: -1, ring: make([]held, capacity)}
}

// at returns the i-th held sample, 0 = oldest.
func (s *stream) at(i int) *held { return &s.ring[(s.first+i)&(len(s.ring)-1)] }

// idleAt is the moment from which the stream counts as idle: 1.5 periods after its last sample, or after the start.
func (s *stream) idleAt(start sensors.StampNs) sensors.StampNs {
	from := start
	if s.seen {
		from = max(s.arrival, s.revived)
	}
	return from.Add(s.config.Period + s.config.Period/2)
}

// trusted reports whether the stream may be used at all.
func (s *stream) trusted() bool { return !s.config.Disabled && !s.clock.bad }

// reach is the latest set time that could still choose a sample of this stamp, as far as its successor tells:
//
//	no successor       stamp ............ + max(tolerance, max age)
//	successor near     stamp ....|.... next        up to the middle (which itself goes to the earlier one)
//	successor far      stamp ..tol........(..tol.. next       until the successor comes within tolerance, or max age
//
// It grows from each sample to the next, so that samples always leave oldest first.
func (s *stream) reach(stamp sensors.StampNs, next sensors.StampNs, hasNext bool) sensors.StampNs {
	tolerance, maxAge := s.config.Tolerance, s.config.MaxAge
	if !hasNext {
		return stamp.Add(max(tolerance, maxAge))
	}
	if next.Sub(stamp) <= 2*tolerance {
		return stamp + (next-stamp)/2
	}
	return max(stamp.Add(tolerance), min(stamp.Add(maxAge), next.Add(-tolerance)-1))
}

// reachOf is the reach of the i-th held sample.
func (s *stream) reachOf(i int) sensors.StampNs {
	if i+1 < s.size {
		return s.reach(s.at(i).stamp, s.at(i+1).stamp, true)
	}
	return s.reach(s.at(i).stamp, 0, false)
}

// push appends a sample, which must be newer than all held ones; the ring must not be full.
func (s *stream) push(h held) {
	*s.at(s.size) = h
	s.size++
}

// leave removes the oldest sample with the given fate, or Used if a set used it.
func (s *stream) leave(fate Fate, sink Sink) {
	h := *s.at(0)
	s.first = (s.first + 1) & (len(s.ring) - 1)
	s.size--
	if h.used {
		fate = Used
	}
	if fate == Overflow {
		s.overflowed = h.stamp
	}
	s.count(h.seq, fate, h.lateNs, sink)
}

// release lets go of all samples that no set from horizon on can choose.
func (s *stream) release(horizon sensors.StampNs, sink Sink) {
	for s.size > 0 && s.reachOf(0) < horizon {
		s.leave(s.unusedFate(), sink)
	}
}

// unusedFate is what to call the oldest sample if no set has used it.
func (s *stream) unusedFate() Fate {
	if s.at(0).lateNs > 0 {
		return Late
	}
	return Unmatched
}

// empty lets go of everything; samples that no set used get the given fate.
func (s *stream) empty(unused Fate, sink Sink) {
	for s.size > 0 {
		s.leave(unused, sink)
	}
}

// remove takes the sample of that number out of the ring, wherever it is.
func (s *stream) remove(seq uint64) (held, bool) {
	for i := range s.size {
		if s.at(i).seq != seq {
			continue
		}
		h := *s.at(i)
		for ; i+1 < s.size; i++ {
			*s.at(i) = *s.at(i + 1)
		}
		s.size--
		return h, true
	}
	return held{}, false
}
