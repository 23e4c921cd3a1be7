package fusion

import (
	"math"

	"github.com/fusiond/fusiond/sensors"
)

// Opinion is what one member of a strategy that decides late says of a set by itself. Its memory is its maker's and valid as long as the
// Output that holds it.
type Opinion struct {
	// Modality is what the member looks through; shares are told by it.
	Modality sensors.Modality
	// Heat and Reg are maps to decode: see Decoder. Heat is nil for a member that gives Detections instead.
	Heat, Reg []float32
	// Detections in the ego frame at the set's time, best first, nothing suppressed yet.
	Detections []Detection
	Trust      Trust
}

// Trust is how far a member's word counts: weight(class, range) * Condition.
type Trust struct {
	// RangeM holds the upper ends of the range bins, ascending; what is farther counts as in the last one.
	RangeM []float64
	// Weight by class and range bin, at least 0; a class beyond the end has none.
	Weight [][]float64
	// Condition is reliability * exp(-AgeRate * age), 0..1.
	Condition float64
}

// AgeRate is how fast a late member's weight falls with its age, 1/s: the value that training starts the other fusers from, with which a
// word of 0.35 s ago counts half.
const AgeRate = 2

// condition is the part of trust that changes from set to set.
func condition(reliability, ageS float32) float64 {
	return float64(reliability) * math.Exp(-AgeRate*math.Max(float64(ageS), 0))
}

// At returns the weight for an object of a class at a horizontal distance from the ego origin, m.
func (t *Trust) At(class int, rangeM float64) float64 {
	if class >= len(t.Weight) {
		return 0
	}
	bin := 0
	for bin < len(t.RangeM)-1 && rangeM >= t.RangeM[bin] {
		bin++
	}
	return t.Weight[class][bin] * t.Condition
}
