package fusion

import (
	"math"

	"github.com/fusiond/fusiond/sensors"
)

// Detection is one decoded box in the ego frame at the set's time.
type Detection struct {
	// Class indexes the model's class list; Score is its probability, 0..1.
	Class int
	Score float64
	// X, Y, Z is the centre, m.
	X, Y, Z float64
	// Length lies along the heading; m.
	Length, Width, Height float64
	// Yaw of the length axis, counter-clockwise from ego x, (-pi, pi].
	Yaw float64
	// Vx, Vy over ground in ego axes, m/s.
	Vx, Vy float64
	// Row, Col is the head's cell that holds the peak.
	Row, Col int
	// Scores holds what each class has in that cell, 0..1, by class index; not normalised over classes. It is a view into the memory of
	// whoever made the detection and valid as long as the detection: copy what must last. nil when nobody knows.
	Scores []float32
	// By is how much of the detection each modality decided, adding up to 1, where a strategy knows it; all zero where the attention map
	// tells instead.
	By [sensors.NumFused]float64
}

// Corners returns the box's corners in the x-y plane, counter-clockwise, starting front left.
func (d *Detection) Corners() [4][2]float64 {
	s, c := math.Sincos(d.Yaw)
	l, w := d.Length/2, d.Width/2
	at := func(a, b float64) [2]float64 { return [2]float64{d.X + a*c - b*s, d.Y + a*s + b*c} }
	return [4][2]float64{at(l, w), at(-l, w), at(-l, -w), at(l, -w)}
}
