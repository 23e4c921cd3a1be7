package timesync

import (
	"math"
	"time"

	"github.com/fusiond/fusiond/sensors"
)

// ClockFault names what is wrong with a stream's clock.
type ClockFault uint8

// The faults. The size of a Diagnosis is the stream's clock minus the others': positive = its stamps lie ahead.
const (
	ClockSound        ClockFault = iota
	ClockEpoch                   // stamp before 2000 or after 2100
	ClockTAI                     // 37 s: TAI taken for UTC, or the reverse
	ClockWholeSeconds            // off by whole seconds
	ClockFuture                  // ahead of the others
	ClockBehind                  // behind the others
	ClockStep                    // jumped, or runs backwards
	ClockDrift                   // runs too fast or too slow
	ClockFrozen                  // repeats its stamp
)

var faultNames = [...]string{
	"sound", "epoch", "tai-utc", "whole-seconds", "future", "behind", "step", "drift", "frozen",
}

// String returns the name used in health messages.
func (f ClockFault) String() string { return nameOf(faultNames[:], int(f)) }

// Diagnosis says what is wrong with a clock, how much, and since when.
type Diagnosis struct {
	Fault ClockFault
	// Size is the offset or jump: positive when the stamps lie ahead.
	Size time.Duration
	// DriftPpm is the drift for ClockDrift: positive when the stream's clock runs fast.
	DriftPpm int64
	// Since is the arrival of the sample that made the stream excluded.
	Since sensors.StampNs
}

// timeBase is the offset (arrival - stamp) that the streams have in common: the median of their lower envelopes, in which each
// modality has one vote, shared by its streams: six cameras behind one switch are late together, and must not make a lidar look
// early. Only a stream that differs from the others can be called wrong. A new time base begins after Flush, after a pause of all streams
// (ClockConfig.Pause), when more than half of them have stepped (then it is the time itself that has moved: a recording starts
// over), and when the grid was started by a stream that turned out to be wrong.
type timeBase struct {
	number  uint32
	offset  int64
	updated sensors.StampNs
	// quorum: more than half of the streams had a vote.
	quorum bool
}

// Settings of the guards that nobody needs to change.
const (
	baseEvery   = 100 * time.Millisecond // how often the median is taken again
	baseSettles = time.Second            // until then, of two offsets, the smaller one is believed
	warmSamples = 5                      // before an envelope is good enough to measure a step against it
	taiMinusUTC = 37 * time.Second       // since 2017-01-01; no leap second has been announced since
	wholeSlack  = 200 * time.Millisecond // latencies differ; this much off is still "whole seconds"
	voteUnit    = 5040                   // a modality's vote: can be shared evenly by 1 to 10 streams, and nearly so by more
)

// clock is the guard's memory of one stream. Latency only ever adds to (arrival - stamp), so its minimum over some samples, the
// lower envelope, shows the clock:
//
//	arrival - stamp   .  :   .  .        .  '   .
//	                 ._.__.:_.__._'._   _._._.__._'   <- envelope: the step shows, single delays do not
type clock struct {
	offsets [8]int64 // of the latest samples
	samples int
	heard   sensors.StampNs
	// floor and previous are the envelopes of this window and of the one before; previousBase the time base at its end.
	floor, previous int64
	previousBase    int64
	calm            int // samples in the envelope
	windows         int
	windowStart     sensors.StampNs
	// slope is the drift in the last window, ppm, positive = fast; drifting when it was beyond the limit twice.
	slope    int64
	drifting bool
	// order is the newest believed stamp. suspect is set by a jump of the stamp: +1 forward, -1 back.
	order   sensors.StampNs
	suspect int

	strikes, good int
	bad, stepped  bool
	// agreed: found sound beside most of the others. From then on it is not called early unless it moves by itself: what has moved
	// away from it is late, and latency is no fault of a clock.
	agreed    bool
	diagnosis Diagnosis
}

// judge decides whether a stamp is to be believed: Used, or the fate of the sample. It excludes the stream after too many
// bad stamps in a row, and re-admits it after enough good ones.
func (a *Aligner) judge(s *stream, stamp sensors.StampNs, sink Sink) Fate {
	if s.config.Disabled {
		return Disabled
	}
	c, limits := &s.clock, &a.config.Clock
	fate, d := a.inspect(s, stamp)
	if d.Fault == ClockSound {
		c.strikes = 0
		if c.bad {
			if c.good++; c.good < limits.Readmit {
				return BadClock
			}
			c.bad, c.stepped, c.agreed, c.good, c.diagnosis = false, false, false, 0, Diagnosis{}
		}
		return Used
	}
	c.good = 0
	c.strikes++
	if c.bad {
		if fate == Reorder {
			c.order = 0 // it runs backwards again: follow
		}
		d.Since = c.diagnosis.Since
		c.diagnosis = d
		return BadClock
	}
	if c.strikes >= limits.Strikes {
		d.Since = a.now
		a.exclude(s, d, sink)
	}
	return fate
}

// exclude puts a stream with a bad clock aside, or begins a new time base when most clocks have stepped.
func (a *Aligner) exclude(s *stream, d Diagnosis, sink Sink) {
	c := &s.clock
	c.bad, c.diagnosis = true, d
	c.order, c.suspect = 0, 0 // what was believed so far may have been wrong
	s.empty(BadClock, sink)
	if d.Fault != ClockStep {
		return
	}
	c.stepped = true
	c.samples, c.calm, c.windows = 0, 0, 0
	stepped, heard := 0, 0
	for i := range a.streams {
		o := &a.streams[i].clock
		if a.speaks(o) {
			heard++
			if o.stepped {
				stepped++
			}
		}
	}
	if 2*stepped > heard {
		a.restart(sink)
	}
}

// inspect judges a single stamp; fate is what a sample gets whose stamp is not sound.
func (a *Aligner) inspect(s *stream, stamp sensors.StampNs) (fate Fate, d Diagnosis) {
	c, limits := &s.clock, &a.config.Clock
	if stamp < firstDate || stamp > lastDate {
		return BadClock, Diagnosis{Fault: ClockEpoch, Size: saturatingSub(stamp, a.now)}
	}
	offset := int64(a.now - stamp)
	first := c.samples == 0
	c.offsets[c.samples%len(c.offsets)] = offset
	c.samples++
	c.heard = a.now
	if first || a.now.Sub(a.base.updated) >= baseEvery {
		a.updateBase()
	}

	step := max(limits.MaxStep, 2*s.config.Jitter)
	ahead := time.Duration(c.envelope() - offset) // of where its envelope says it should be
	warm := c.calm >= warmSamples

	// The order of the stream's own stamps.
	if c.order != 0 && stamp == c.order {
		return Duplicate, Diagnosis{Fault: ClockFrozen}
	}
	if c.order != 0 && stamp < c.order {
		if warm && ahead < -step {
			c.suspect = -1
		}
		return Reorder, Diagnosis{Fault: ClockStep, Size: ahead}
	}

	// Against the others: one stamp cannot be early by latency; for "too late" the envelope must be.
	lead := time.Duration(a.base.offset - offset)
	lag := time.Duration(c.recent() - a.base.offset)
	if lead > limits.MaxLead || lag > limits.MaxLag {
		a.updateBase() // perhaps it is the others that have moved
		lead = time.Duration(a.base.offset - offset)
		lag = time.Duration(c.recent() - a.base.offset)
	}
	if lead > limits.MaxLead && (!c.agreed || ahead > step) {
		return BadClock, Diagnosis{Fault: classify(lead), Size: lead}
	}
	if lag > limits.MaxLag {
		return BadClock, Diagnosis{Fault: classify(-lag), Size: -lag}
	}

	// Against itself: a step shows in the stamps alone and in (arrival - stamp); a delay only in the second.
	if warm {
		jump := stamp.Sub(c.order) - s.config.Period
		if c.suspect == 0 && jump > step && ahead > step && !recovers(s.config, jump, ahead, lead) {
			c.suspect = 1
		} else if c.suspect == 0 && jump < -step && ahead < -step {
			c.suspect = -1
		}
		if time.Duration(c.suspect)*ahead > step {
			return BadClock, Diagnosis{Fault: ClockStep, Size: ahead}
		}
		c.suspect = 0
	}

	c.order = stamp
	c.agreed = c.agreed || warm && a.base.quorum
	a.noteEnvelope(c, offset)
	if c.drifting {
		return BadClock, Diagnosis{Fault: ClockDrift, Size: -lag, DriftPpm: c.slope}
	}
	return Used, Diagnosis{}
}

// recovers reports whether a jump ahead is only the end of a congestion in which samples were lost: by whole periods, and
// towards the others (lead is what the stamp is ahead of them, lead - ahead what it would be without the jump).
func recovers(config StreamConfig, jump, ahead, lead time.Duration) bool {
	off := jump - jump.Round(config.Period)
	before := lead - ahead
	return max(off, -off) <= 2*config.Jitter && max(lead, -lead) < max(before, -before)
}

// classify names a constant offset by its size.
func classify(ahead time.Duration) ClockFault {
	size := max(ahead, -ahead)
	fraction := (size + wholeSlack) % time.Second
	switch {
	case size >= taiMinusUTC-wholeSlack && size <= taiMinusUTC+wholeSlack:
		return ClockTAI
	case size >= time.Second-wholeSlack && fraction <= 2*wholeSlack:
		return ClockWholeSeconds
	case ahead > 0:
		return ClockFuture
	}
	return ClockBehind
}

// recent is the envelope over the latest samples.
func (c *clock) recent() int64 {
	low := int64(math.MaxInt64)
	for i := range min(c.samples, len(c.offsets)) {
		low = min(low, c.offsets[i])
	}
	return low
}

// envelope is the lower envelope over this window and the one before.
func (c *clock) envelope() int64 {
	if c.windows > 0 {
		return min(c.floor, c.previous)
	}
	return c.floor
}

// noteEnvelope takes a sound offset into the envelope, and measures the drift at the end of each window.
func (a *Aligner) noteEnvelope(c *clock, offset int64) {
	window := a.config.Clock.Window
	age := a.now.Sub(c.windowStart)
	switch {
	case c.calm == 0 || age >= 2*window: // begin, or begin again after a silence
		c.windowStart, c.floor, c.windows = a.now, offset, 0
	case age >= window:
		if c.windows > 0 {
			moved := (c.floor - a.base.offset) - (c.previous - c.previousBase)
			slope := -int64(float64(moved) / float64(window) * 1e6)
			limit := a.config.Clock.MaxDriftPpm
			if c.drifting {
				limit /= 2
			}
			same := slope > limit && c.slope > limit || slope < -limit && c.slope < -limit
			c.drifting = same
			c.slope = slope
		}
		c.previous, c.previousBase = c.floor, a.base.offset
		c.windowStart, c.floor = a.now, offset
		c.windows++
	default:
		c.floor = min(c.floor, offset)
	}
	c.calm++
}

// speaks reports whether a stream has lately sent anything with a date in it.
func (a *Aligner) speaks(c *clock) bool {
	return c.heard != 0 && a.now.Sub(c.heard) < a.config.Clock.Pause
}

// updateBase takes the median of the envelopes of all streams that speak, each modality with one vote in all. Of two middle ones it
// takes the one that is nearer to the base so far; at the start, the one nearer to no offset at all.
func (a *Aligner) updateBase() {
	type vote struct {
		offset int64
		weight int
	}
	var sorted [maxStreams]vote
	var speak [math.MaxUint8 + 1]int // streams of each modality
	n, enabled := 0, 0
	for i := range a.streams {
		s := &a.streams[i]
		if !s.config.Disabled {
			enabled++
		}
		if s.clock.samples > 0 && a.speaks(&s.clock) {
			speak[s.config.Modality]++
		}
	}
	total := 0
	for i := range a.streams {
		s := &a.streams[i]
		if s.clock.samples == 0 || !a.speaks(&s.clock) {
			continue
		}
		v := vote{s.clock.recent(), voteUnit / speak[s.config.Modality]}
		at := n
		for ; at > 0 && sorted[at-1].offset > v.offset; at-- {
			sorted[at] = sorted[at-1]
		}
		sorted[at] = v
		total += v.weight
		n++
	}
	a.base.updated, a.base.quorum = a.now, 2*n > enabled
	if n == 0 {
		return
	}
	known := a.base.offset
	if a.now.Sub(a.start) < baseSettles {
		known = 0
	}
	// low is the first that half of the votes reach, high the first that more than half do.
	sum, low, high := 0, sorted[0].offset, sorted[0].offset
	for i, reached := 0, false; i < n && 2*sum <= total; i++ {
		sum += sorted[i].weight
		high = sorted[i].offset
		if !reached && 2*sum >= total {
			reached, low = true, high
		}
	}
	if known-low <= high-known {
		a.base.offset = low
	} else {
		a.base.offset = high
	}
}

// saturatingSub is a - b without wrapping around.
func saturatingSub(a, b sensors.StampNs) time.Duration {
	d := a - b
	if (a < b) != (d < 0) {
		if a < b {
			return math.MinInt64
		}
		return math.MaxInt64
	}
	return time.Duration(d)
}
