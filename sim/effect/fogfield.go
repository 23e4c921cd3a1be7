package effect

import (
	"math"

	"github.com/fusiond/fusiond/sim/chance"
)

// Fog is not the same everywhere: its extinction is multiplied by a lognormal field of mean 1.
const (
	patchSD    = 0.3 // of the logarithm
	patchM     = 20  // distance over which patches forget each other
	fieldRays  = 128
	fieldSteps = 41
	fieldStepM = 5
)

// FogField is how thick fog is along the directions around one place, relative to its mean. The patches stay where they are while the
// vehicle drives. Use At first; then Mean is safe for concurrent use.
type FogField struct {
	key  chance.Key
	here float64
	mean [fieldRays][fieldSteps]float32 // from the place to that distance
}

// NewFogField makes the field of a key; At must be called before use.
func NewFogField(key chance.Key) *FogField { return &FogField{key: key} }

// At moves the field's table to a place in the local frame; yaw turns vehicle axes into the local frame's.
func (f *FogField) At(x, y, yaw float64) {
	f.here = f.factor(x, y)
	for i := range f.mean {
		c, s := diamondDirection(4 * float64(i) / fieldRays)
		norm := math.Hypot(c, s)
		c, s = c/norm, s/norm
		c, s = c*math.Cos(yaw)-s*math.Sin(yaw), s*math.Cos(yaw)+c*math.Sin(yaw)
		sum, before := 0.0, f.here
		f.mean[i][0] = float32(before)
		for j := 1; j < fieldSteps; j++ {
			r := float64(j * fieldStepM)
			next := f.factor(x+r*c, y+r*s)
			sum += (before + next) / 2
			f.mean[i][j], before = float32(sum/float64(j)), next
		}
	}
}

// Here is the factor at the place itself.
func (f *FogField) Here() float64 { return f.here }

// Mean is the mean factor between the place and a point at distanceM (200 m at most) in a direction in vehicle axes. The optical depth
// of the fog is extinction * distance * Mean.
func (f *FogField) Mean(x, y, distanceM float32) float32 {
	a := diamondAngle(x, y) * (fieldRays / 4)
	i := int(a)
	a -= float32(i)
	s := min(distanceM/fieldStepM, fieldSteps-1)
	j := min(int(s), fieldSteps-2)
	s -= float32(j)
	near, far := &f.mean[i%fieldRays], &f.mean[(i+1)%fieldRays]
	return (1-a)*(near[j]+s*(near[j+1]-near[j])) + a*(far[j]+s*(far[j+1]-far[j]))
}

// factor is the lognormal field at a point: a lattice of independent normal numbers, joined smoothly and brought to unit variance.
func (f *FogField) factor(x, y float64) float64 {
	x, y = x/patchM, y/patchM
	ix, iy := math.Floor(x), math.Floor(y)
	sx, sy := smooth(x-ix), smooth(y-iy)
	value, variance := 0.0, 0.0
	for dx := range 2 {
		for dy := range 2 {
			w := (1 - sx + float64(dx)*(2*sx-1)) * (1 - sy + float64(dy)*(2*sy-1))
			cell := f.key.At(uint64(int64(ix) + int64(dx))).At(uint64(int64(iy) + int64(dy))) //nolint:gosec // negative cells keep their bits
			value, variance = value+w*cell.Norm(), variance+w*w
		}
	}
	return math.Exp(patchSD*value/math.Sqrt(variance) - patchSD*patchSD/2)
}

func smooth(s float64) float64 { return s * s * (3 - 2*s) }

// diamondAngle is a stand-in for the angle of a direction, 0..4 counter-clockwise from x: no trigonometry.
func diamondAngle(x, y float32) float32 {
	n := max(x, -x) + max(y, -y)
	if n == 0 {
		return 0
	}
	switch {
	case y >= 0 && x >= 0:
		return y / n
	case y >= 0:
		return 1 - x/n
	case x < 0:
		return 2 - y/n
	default:
		return 3 + x/n
	}
}

// diamondDirection is the inverse of diamondAngle; not a unit vector.
func diamondDirection(a float64) (x, y float64) {
	switch {
	case a < 1:
		return 1 - a, a
	case a < 2:
		return 1 - a, 2 - a
	case a < 3:
		return a - 3, 2 - a
	default:
		return a - 3, a - 4
	}
}
