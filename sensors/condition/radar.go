package condition

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

// Radar judges the scans of one radar. It gives Frozen, Blocked, Interference and FewReturns. The radar equation tells the two causes of
// weak echoes apart: SNR + 40 log10(range) - RCS is a constant of the sensor.
//
//	Frozen        the same detections with another stamp
//	Interference  that constant has fallen: the noise is louder, targets are as ever (needs detections with an SNR)
//	Blocked       it has not, but all targets look small: the wave is weakened, by dirt, snow or water on the radome
//	FewReturns    far fewer detections than usual
//
// All but Frozen are judged against what the radar usually gives. Not safe for concurrent use.
type Radar struct {
	levels levels
	hash   uint64
	have   bool
	same   int

	count baseline
	// budget is the constant of the radar equation above, size the median RCS, both dB, shifted so that they are positive.
	budget, size       baseline
	smoothN            float64
	smoothB, smoothR   float64
	budgets, sizes     []float64
	someB, someR, some bool
}

// The thresholds of radars; clear and faulty figures are from simulated drives (five radars, 13 Hz), for want of a real one with radar.
const (
	// Medians over the detections, smoothed over radarS, stay within 2 (budget) and 3 dB (size) of the usual. 12 dB of noise halve the
	// range: the fourth power.
	noiseOnsetDB, noiseFullDB = 3, 15
	sizeOnsetDB, sizeFullDB   = 5, 20
	// The number of detections varies by a third.
	radarFewOnset, radarFewFull = 0.50, 0.95
	radarS                      = 0.25
	// Medians of fewer detections say nothing.
	radarSome = 8
	// frozenDetections equal in all numbers do not come by chance.
	frozenDetections = 3
	// shiftDB makes figures in dB positive for the baselines.
	shiftDB = 200
)

// maxJudged bounds the detections whose medians are taken: more than any radar gives.
const maxJudged = 1024

// NewRadar makes the monitor of a radar.
func NewRadar() *Radar {
	return &Radar{budgets: make([]float64, 0, maxJudged), sizes: make([]float64, 0, maxJudged)}
}

// Update judges the scan of stamp; detections that the sensor disowns do not count. The monitor keeps no reference to them.
func (r *Radar) Update(detections []sensors.RadarDetection, stamp sensors.StampNs) Condition {
	dt := r.levels.clock.step(stamp)
	n, hash := r.take(detections)
	p := paceOf(dt, r.levels.alarmed())
	follow := 1 - math.Exp(-dt/radarS)
	var s severities

	smooth(&r.smoothN, float64(n), &r.some, follow)
	missing := r.count.missing(r.smoothN)
	s.set(FewReturns, missing, radarFewOnset, radarFewFull)
	s.of[nothing] = ramp(missing, radarFewFull, 1)
	r.count.learn(r.smoothN, &p)
	if len(r.budgets) >= radarSome {
		smooth(&r.smoothB, median(r.budgets)+shiftDB, &r.someB, follow)
		s.set(Interference, r.budget.below(r.smoothB), noiseOnsetDB, noiseFullDB)
		r.budget.learn(r.smoothB, &p)
	}
	if len(r.sizes) >= radarSome {
		smooth(&r.smoothR, median(r.sizes)+shiftDB, &r.someR, follow)
		s.set(Blocked, r.size.below(r.smoothR), sizeOnsetDB, sizeFullDB)
		r.size.learn(r.smoothR, &p)
	}
	if r.have && hash == r.hash && n >= frozenDetections {
		r.same = min(r.same+1, 1<<20)
	} else {
		r.same = 0
	}
	r.hash, r.have = hash, true
	s.set(Frozen, float64(r.same+1), frozenRepeats, frozenRepeats+1)
	return r.levels.update(&s, sensors.Radar, dt)
}

// take collects the figures of the usable detections.
func (r *Radar) take(detections []sensors.RadarDetection) (n int, hash uint64) {
	r.budgets, r.sizes = r.budgets[:0], r.sizes[:0]
	for i := range detections {
		d := &detections[i]
		if d.Invalid {
			continue
		}
		n++
		for _, v := range [...]float64{d.Position.X, d.Position.Y, d.RangeRateMps, d.RCSdBsm} {
			hash = (hash ^ math.Float64bits(v)) * 0x9E3779B97F4A7C15
			hash ^= hash >> 29
		}
		if n > maxJudged || !(math.Abs(d.RCSdBsm) < shiftDB/2) {
			continue
		}
		r.sizes = append(r.sizes, d.RCSdBsm)
		if far := r3.Norm(d.Position); far > 0.1 && far < 1e4 && math.Abs(d.SNRdB) < shiftDB/2 {
			r.budgets = append(r.budgets, d.SNRdB+40*math.Log10(far)-d.RCSdBsm)
		}
	}
	return n, hash
}

// below is by how much v is under the usual; 0 before that is known.
func (b *baseline) below(v float64) float64 {
	if !b.ready() {
		return 0
	}
	return max(b.value-v, 0)
}

func smooth(to *float64, v float64, some *bool, follow float64) {
	if !*some {
		*to, *some = v, true
		return
	}
	*to += (v - *to) * follow
}

// median sorts v, which is not empty.
func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
