package condition

import (
	"math"

	"github.com/fusiond/fusiond/sensors"
)

// The hysteresis in time, the same for every monitor. A level a reason, 0..1, follows the severities of the samples:
//
//	rise   to the smaller one of the last two severities, at once: one odd sample raises nothing, two do
//	fall   towards the severity with time constant releaseS of the stamps
//
// A reason is raised when its level reaches enter and leaves when it is below leave: after a fault of severity 1 has gone it stays
// for ln(1/leave) = 1.9 s (the field's practice: in on two samples in a row, out after one to two seconds).
const (
	releaseS = 1.0
	enter    = 0.30
	leave    = 0.15
	// preferred is by how much another reason must be worse than the named one to be named instead.
	preferred = 0.10
	// maxGapS bounds the time that one sample stands for: after a pause of the stream, levels go on from where they were.
	maxGapS = 1.0
)

// nothing is a level without a name, beside those of the reasons: there is nothing to see at all. What it comes with is named: a flat
// picture as Blocked, a sweep without points as FewReturns.
const (
	nothing   = numReasons
	numLevels = numReasons + 1
)

// partly is what a fault costs at most that leaves a part of the data as good as ever: what is near in fog, the other beams and
// directions of a lidar, what the dirt does not cover. Fused with the weight of such a part, half of the beams of a lidar still beat
// the cameras by far; weighed as nothing, they cost half of what was found.
const partly = 0.75

// costs of the reasons at level 1. The severity of BackScatter says itself what it costs.
var costs = [numLevels]float64{
	Frozen: 1, Blocked: partly, BeamsLost: partly, Dark: 1, Glare: partly, Fog: partly, BackScatter: 1, Blur: partly,
	Interference: partly, FewReturns: partly, Miscalibrated: partly, nothing: 1,
}

// severities of one sample by reason, each 0..1, and the measures behind them.
type severities struct {
	of    [numLevels]float64
	value [numReasons]float64
	onset [numReasons]float64
}

// set enters a reason whose severity grows from 0 at onset to 1 at full; full may be below onset. A value that is NaN counts as good.
func (s *severities) set(r Reason, value, onset, full float64) {
	s.of[r], s.value[r], s.onset[r] = ramp(value, onset, full), value, onset
}

// ramp is 0 at from, 1 at to, linear between, NaN 0.
func ramp(v, from, to float64) float64 {
	x := (v - from) / (to - from)
	if !(x > 0) {
		return 0
	}
	return min(x, 1)
}

// levels is the hysteresis of one stream.
type levels struct {
	level, last [numLevels]float64
	active      [numReasons]bool
	named       Reason
	clock       ticker
}

// update takes the severities of the sample that comes dt seconds after the one before.
func (l *levels) update(s *severities, modality sensors.Modality, dt float64) Condition {
	fall := 1 - math.Exp(-dt/releaseS)
	good := 1.0
	for r := None + 1; r < numLevels; r++ {
		now := s.of[r]
		rise := min(now, l.last[r])
		if r == Frozen {
			rise = now // it takes several samples by itself
		}
		l.last[r] = now
		if rise > l.level[r] {
			l.level[r] = rise
		} else {
			l.level[r] += (rise - l.level[r]) * fall
		}
		good *= 1 - costs[r]*l.level[r]
	}
	for r := None + 1; r < numReasons; r++ {
		l.active[r] = l.level[r] >= enter || l.active[r] && l.level[r] >= leave
	}
	if !l.active[l.named] {
		l.named = None
	}
	for r := None + 1; r < numReasons; r++ {
		if l.active[r] && (l.named == None || l.level[r] > l.level[l.named]+preferred) {
			l.named = r
		}
	}
	c := Condition{Reliability: good, Reason: l.named, Modality: modality}
	if l.named != None {
		c.Value, c.Onset = s.value[l.named], s.onset[l.named]
	}
	return c
}

// alarmed reports whether any reason is raised: then baselines must not take the fault for the normal.
func (l *levels) alarmed() bool { return l.named != None }

// ticker turns stamps into time that never runs back.
type ticker struct {
	last sensors.StampNs
	some bool
}

// step returns the seconds since the step before, 0 at first and for stamps that do not advance.
func (t *ticker) step(stamp sensors.StampNs) float64 {
	if !t.some {
		t.some, t.last = true, stamp
		return 0
	}
	// Unsigned: stamps far apart overflow otherwise.
	if stamp <= t.last {
		t.last = stamp
		return 0
	}
	dt := float64(uint64(stamp)-uint64(t.last)) * 1e-9 //nolint:gosec // two's complement difference of stamp > last
	t.last = stamp
	return min(dt, maxGapS)
}
