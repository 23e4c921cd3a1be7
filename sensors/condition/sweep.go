package condition

import (
	"math"
	"math/bits"

	"github.com/fusiond/fusiond/sensors"
)

const (
	maxRings   = 256
	numSectors = 64
	// nearM and faint: a return closer than 3 m and below a tenth of full scale is what drops and flakes give. Hahner's fog peaks at 1.6 m
	// whatever its density; retro-reflectors aside, things that stand so close give more.
	nearM = 3
	faint = 0.1
	// scatterShare of a sector's returns that are near and faint, and at least scatterMin, make it a direction with back-scatter.
	scatterShare = 0.02
	scatterMin   = 3
	// reachQuantile of the ranges is how far the lidar sees.
	reachQuantile = 0.99
	// Returns from these distances tell the loss of light on the way, 2 alpha R: near enough that there are some in dense fog, far enough
	// that they show it. Reflectors count as white: there are few, and they would decide the mean.
	middleNearM, middleFarM = 8, 25
	middleCap               = 0.3
	// steep is the sine of the angle below the sensor's horizontal from which a ring meets the ground within ten times the mounting height.
	steep = 0.1
)

// sweep is what is measured in one cloud.
type sweep struct {
	n, below int // all returns, and those below steep
	hash     uint64
	ring     [maxRings]uint32
	down     [maxRings]uint32 // of the ring's returns, those below steep
	sector   [numSectors]uint32
	near     [numSectors]uint32
	ranges   rangeHistogram
	reachM   float64
	scatter  float64 // share of the directions with back-scatter
	// middle is the mean intensity of the returns from middleNearM to middleFarM, each counted up to middleCap; 0 without any.
	middle   float64
	occupied int // directions with any return
}

// take measures a cloud in the sensor's frame.
func (s *sweep) take(points []sensors.Point) {
	*s = sweep{n: len(points)}
	var light float32
	lit, hash, graded := 0, uint64(len(points)), false
	for i := range points {
		p := &points[i]
		r2 := p.X*p.X + p.Y*p.Y + p.Z*p.Z
		s.ranges[rangeBin(r2)]++
		ring := min(p.Ring, maxRings-1)
		s.ring[ring]++
		if p.Z < 0 && p.Z*p.Z > steep*steep*r2 {
			s.down[ring]++
			s.below++
		}
		at := sectorOf(p.X, p.Y)
		s.sector[at]++
		graded = graded || p.Intensity > 0
		if r2 < nearM*nearM && p.Intensity < faint {
			s.near[at]++
		}
		if r2 > middleNearM*middleNearM && r2 < middleFarM*middleFarM {
			light += min(p.Intensity, middleCap)
			lit++
		}
		v := uint64(math.Float32bits(p.X)) ^ uint64(math.Float32bits(p.Y))<<21 ^ uint64(math.Float32bits(p.Z))<<32
		hash = bits.RotateLeft64(hash, 5) ^ v // cheap: it must tell a sweep from the next one's noise, not from an enemy's
	}
	s.reachM = s.ranges.quantile(reachQuantile)
	s.hash = hash
	if lit > 0 {
		s.middle = float64(light) / float64(lit)
	}
	scattered := 0
	for i, n := range s.sector {
		if n > 0 {
			s.occupied++
		}
		if k := s.near[i]; k >= scatterMin && float64(k) >= scatterShare*float64(n) {
			scattered++
		}
	}
	if s.occupied > 0 && graded { // without intensities, what is faint cannot be told
		s.scatter = float64(scattered) / float64(s.occupied)
	}
}

// sectorOf numbers the direction by a measure that grows with the azimuth and needs no arc tangent: the walk along the square
// |x| + |y| = 1. Sectors are 3.6 to 7.2 degrees wide.
func sectorOf(x, y float32) int {
	ax, ay := x, y
	if ax < 0 {
		ax = -ax
	}
	if ay < 0 {
		ay = -ay
	}
	sum := ax + ay
	if !(sum > 0) {
		return 0
	}
	t := y / sum
	switch {
	case x < 0:
		t = 2 - t
	case y < 0:
		t += 4
	}
	// t is 0..4; NaN and rounding stay inside.
	if at := int(t * (numSectors / 4)); at >= 0 && at < numSectors {
		return at
	}
	return 0
}

// rangeHistogram counts squared ranges in steps of 1/16 octave of range: by the upper bits of the number itself.
type rangeHistogram [1 << 11]uint32

const rangeShift = 20 // leaves 8 bits of exponent and 3 of mantissa; the sign is always 0

func rangeBin(squared float32) uint32 { return math.Float32bits(squared) >> rangeShift & (1<<11 - 1) }

// quantile is the range in metres that the share q does not exceed, to 2 %; 0 without entries.
func (h *rangeHistogram) quantile(q float64) float64 {
	n := uint32(0)
	for _, c := range h {
		n += c
	}
	if n == 0 {
		return 0
	}
	left := int64(math.Ceil(q * float64(n)))
	for i, c := range h {
		if left -= int64(c); left <= 0 {
			middle := float64(math.Float32frombits(uint32(i)<<rangeShift | 1<<(rangeShift-1))) //nolint:gosec // 2048 bins
			if r := math.Sqrt(middle); r < math.MaxFloat32 {
				return r
			}
			break
		}
	}
	return 0
}
