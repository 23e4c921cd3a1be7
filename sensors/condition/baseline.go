package condition

import "math"

// Baselines hold what a stream usually gives. They learn the mean of the first samples, then follow: quickly towards the better side,
// for a stream cannot be better than it is, slowly towards the worse, and ten times slower still while an alarm stands. So nothing is
// kept for ever: a change that stays (another country, an emptier road, a sensor that was replaced) is the normal after some minutes.
const (
	warmSamples = 5
	betterS     = 2.0
	worseS      = 60.0
	alarmedS    = 600.0
)

// baseline is the usual value of a figure of which more is better.
type baseline struct {
	value float64
	n     int
}

// ready reports that enough samples were seen to judge others by.
func (b *baseline) ready() bool { return b.n >= warmSamples }

// learn takes a sample's figure; p are the steps of this sample.
func (b *baseline) learn(v float64, p *pace) {
	if b.n < warmSamples {
		b.n++
		b.value += (v - b.value) / float64(b.n)
		return
	}
	if v > b.value {
		b.value += (v - b.value) * p.better
	} else {
		b.value += (v - b.value) * p.worse
	}
}

// missing is the share of the usual that v lacks, 0..1; 0 before the baseline is ready.
func (b *baseline) missing(v float64) float64 {
	if !b.ready() || !(b.value > 0) {
		return 0
	}
	return min(max(1-v/b.value, 0), 1)
}

// pace is how far baselines go in one sample.
type pace struct{ better, worse float64 }

func paceOf(dt float64, alarmed bool) pace {
	worse := worseS
	if alarmed {
		worse = alarmedS
	}
	return pace{better: 1 - math.Exp(-dt/betterS), worse: 1 - math.Exp(-dt/worse)}
}
