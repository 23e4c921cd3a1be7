package world

import (
	"math"

	"github.com/fusiond/fusiond/sim/chance"
)

// land is the height of the ground before anything is built: an inclined plane, waves of a few centimetres, as roads have, and long ones
// of a few decimetres: over 50 m a street is seldom one plane.
type land struct {
	slope float64
	waves [longWaves + 5]wave
}

const longWaves = 2

type wave struct{ kx, ky, phase, amplitude float64 }

func newLand(src *chance.Source, slope float64) land {
	l := land{slope: slope}
	for i := range longWaves {
		// Of 1 % at the steepest, each.
		length := src.Between(100, 260)
		sin, cos := math.Sincos(src.Between(0, 2*math.Pi))
		k := 2 * math.Pi / length
		l.waves[i] = wave{k * cos, k * sin, src.Between(0, 2*math.Pi), src.Between(0.002, 0.01) / k}
	}
	for i := longWaves; i < len(l.waves); i++ {
		// 20 m and longer: over the 2 m between corners of the road's mesh such a wave bends by less than a millimetre.
		k := 2 * math.Pi / src.Between(20, 70)
		sin, cos := math.Sincos(src.Between(0, 2*math.Pi))
		l.waves[i] = wave{k * cos, k * sin, src.Between(0, 2*math.Pi), src.Between(0.003, 0.011)}
	}
	return l
}

func (l *land) at(x, y float64) float64 {
	z := l.slope * x
	for i := range l.waves {
		w := &l.waves[i]
		z += w.amplitude * math.Sin(w.kx*x+w.ky*y+w.phase)
	}
	return z
}

// crownShare flattens a road towards the junction: 0 in it, 1 from 15 m before it.
func (r *road) crownShare(s float64) float64 {
	if r.gap == 0 {
		return 1
	}
	u := (math.Abs(s-r.gapAt) - r.gap) / 15
	switch {
	case u <= 0:
		return 0
	case u >= 1:
		return 1
	}
	return u * u * (3 - 2*u)
}

// height of a road's surface and of what lies beside it at s, d; x and y are of the same place.
func (l *layout) height(r *road, s, d, x, y float64) float64 {
	if r.inGap(s, 0) && math.Abs(d) > r.kerb {
		return l.height2(x, y)
	}
	return l.land.at(x, y) + r.profile(d, r.crownShare(s))
}

// height2 is height for a place of which nothing is known.
func (l *layout) height2(x, y float64) float64 {
	z := l.land.at(x, y)
	s, d := l.main.ahead.project(x, y, l.main.begin-viewM, l.main.end+viewM)
	if !l.main.inGap(s, 0) || math.Abs(d) <= l.main.kerb {
		return z + l.main.profile(d, l.main.crownShare(s))
	}
	// Beside the main road in the junction's gap: the other road, whose s is this d.
	c := math.Abs(s - l.main.gapAt)
	if c <= l.cross.kerb {
		return z + l.cross.profile(c, l.cross.crownShare(d))
	}
	if u, v := c-l.cross.kerb, math.Abs(d)-l.main.kerb; u < cornerM && v < cornerM &&
		math.Hypot(cornerM-u, cornerM-v) > cornerM {
		return z // outside the rounded kerb: asphalt
	}
	return z + l.cross.profile(c, 0)
}
