package timesync

import (
	"time"

	"github.com/fusiond/fusiond/sensors"
)

// Counters account for every sample of a stream: Received = Used + sum of Dropped + Pending, at any moment.
type Counters struct {
	Received, Used uint64
	// Dropped is indexed by Fate; Dropped[Used] is always 0.
	Dropped [NumFates]uint64
	// Pending samples are held: a set may still choose them, or choose them again.
	Pending uint64
	// LateSumNs and LateMaxNs are over the samples counted Late: how long after its set's closing each came.
	LateSumNs, LateMaxNs int64
}

// DroppedTotal is the sum of Dropped.
func (c *Counters) DroppedTotal() uint64 {
	var sum uint64
	for _, n := range c.Dropped {
		sum += n
	}
	return sum
}

// count books a sample's fate and tells the sink.
func (s *stream) count(seq uint64, fate Fate, lateNs int64, sink Sink) {
	if fate == Used {
		s.counters.Used++
	} else {
		s.counters.Dropped[fate]++
	}
	if fate == Late {
		s.counters.LateSumNs += lateNs
		s.counters.LateMaxNs = max(s.counters.LateMaxNs, lateNs)
	}
	sink.Left(s.index, seq, fate)
}

// Condition is a stream's state in one word.
type Condition uint8

// The conditions.
const (
	NeverSeen Condition = iota
	Live
	Idle
	ClockBad
	Off // disabled by configuration
)

var conditionNames = [...]string{"never", "live", "idle", "clock", "disabled"}

// String returns the name used in health messages.
func (c Condition) String() string { return nameOf(conditionNames[:], int(c)) }

// State is what health says about a stream.
type State struct {
	Condition Condition
	// LastStamp and LastReceived belong to the newest sample that passed the guards; 0 = none.
	LastStamp, LastReceived sensors.StampNs
	// RateHz is the mean over about the last eight intervals between stamps; 0 = not known.
	RateHz float64
	// Clock is the guard's diagnosis; its Fault stays readable until the stream is trusted again.
	Clock Diagnosis
	// Offset is the lower envelope of (arrival - stamp) minus the time base: latency, clock offset or both.
	Offset time.Duration
}

// Counters returns the stream's account.
func (a *Aligner) Counters(stream int) Counters {
	s := &a.streams[stream]
	c := s.counters
	c.Pending = uint64(s.size) //nolint:gosec // a ring's fill
	return c
}

// State returns the stream's state at the latest moment that Add or Tick named.
func (a *Aligner) State(stream int) State {
	s := &a.streams[stream]
	st := State{LastStamp: s.last, LastReceived: s.arrival, RateHz: s.rate.hz(), Clock: s.clock.diagnosis}
	if s.clock.samples > 0 {
		st.Offset = time.Duration(s.clock.recent() - a.base.offset)
	}
	switch {
	case s.config.Disabled:
		st.Condition = Off
	case s.clock.bad:
		st.Condition = ClockBad
	case !s.seen:
		st.Condition = NeverSeen
	case a.now >= s.idleAt(a.start):
		st.Condition = Idle
	default:
		st.Condition = Live
	}
	return st
}

// TimeBase returns the common offset of all streams (arrival - stamp) and how many time bases there were. Near zero for live
// sensors; anything constant is accepted: a recorded drive that is played today has an offset of years.
func (a *Aligner) TimeBase() (offset time.Duration, bases uint32) {
	return time.Duration(a.base.offset), a.base.number
}

// rateMeter is an exponential mean of the intervals between stamps, with a memory of about eight.
type rateMeter struct{ meanNs float64 }

func (r *rateMeter) note(interval time.Duration) {
	if r.meanNs == 0 {
		r.meanNs = float64(interval)
		return
	}
	r.meanNs += (float64(interval) - r.meanNs) / 8
}

func (r *rateMeter) hz() float64 {
	if r.meanNs <= 0 {
		return 0
	}
	return float64(time.Second) / r.meanNs
}
