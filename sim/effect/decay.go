package effect

import "math"

const (
	decaySteps = 64 // a unit
	decayMost  = 40 // beyond, exp(-x) is 4e-18 or less
)

var decays = func() (t [decayMost*decaySteps + 1]float32) {
	for i := range t {
		t[i] = float32(math.Exp(-float64(i) / decaySteps))
	}
	return t
}()

// decay is exp(-x) for x >= 0 within 2e-7 of its value, for the loops over points and pixels; exactly 1 at 0, and 0 from 40 on. NaN and
// negative x count as 0.
func decay(x float32) float32 {
	if !(x > 0) {
		return 1
	}
	if x >= decayMost {
		return 0
	}
	i := int(x * decaySteps)
	f := x - float32(i)/decaySteps
	return decays[i] * (1 - f*(1-f*(0.5-f/6)))
}
