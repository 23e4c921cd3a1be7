package timesync

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/fusiond/fusiond/sensors"
)

// EgoLookup gives the vehicle's pose in a continuous local frame. ok is false where it is not known (well enough).
type EgoLookup interface {
	At(stamp sensors.StampNs) (localFromEgo sensors.Pose, ok bool)
}

// ErrNoEgo is the cause when the ego motion does not cover a sweep.
var ErrNoEgo = errors.New("ego motion not known")

// Knots of the motion over a sweep.
const (
	knotSpacing = 5 * time.Millisecond
	maxSkewBack = 500 * time.Millisecond // point times before the stamp that are believed
	maxSkewFore = 100 * time.Millisecond // and after it
	maxKnots    = int((maxSkewBack+maxSkewFore)/knotSpacing) + 2
)

// knot is egoAtStampFromSensorAt(t) as rows [R | t], and the change to the next knot.
type knot struct{ row, step [12]float32 }

// Deskew moves each point to where it was, in the ego frame at stamp, when it was measured: with the motion of the vehicle
// between the point's own T (seconds relative to stamp) and stamp. Things that move themselves are not compensated.
//
//	p_ego(stamp) = localFromEgo(stamp)⁻¹ · localFromEgo(stamp + T) · egoFromSensor · p_sensor
//
// The product of the poses is taken exactly at knots 5 ms apart and interpolated linearly between, entry by entry. Error bound:
// (|ω|² r + |a|) h²/8 with h = 5 ms, ω the rate of turn, r the distance and a the acceleration: 0.3 mm at 100 m for 1 rad/s, plus
// float32 rounding (about 0.02 mm at 100 m): as good as a screw motion.
//
// dst needs len(points); it may be points itself, and nothing else may share memory. Intensity, T and Ring are copied.
// Times beyond [-0.5 s, 0.1 s] are no sweep: they are taken as the nearer end and counted in outliers; NaN as 0 (counted too).
// When every T is 0 the cloud is de-skewed already: points are only transformed, and ego is not asked (it may be nil).
// On error dst is untouched. No allocation but for the error.
func Deskew(dst, points []sensors.Point, egoFromSensor sensors.Pose, stamp sensors.StampNs, ego EgoLookup) (outliers int, err error) {
	dst = dst[:len(points)]
	low, high, outliers := span(points)
	var knots [maxKnots]knot
	if low == 0 && high == 0 {
		knots[0].row = matrix32(egoFromSensor)
		applyKnots(dst, points, &knots, 0, 0)
		return outliers, nil
	}
	localFromEgo, ok := ego.At(stamp)
	if !ok {
		return outliers, fmt.Errorf("deskew sweep at %d: %w at its stamp", stamp, ErrNoEgo)
	}
	egoFromLocal := localFromEgo.Inverse()
	n := int(math.Ceil(float64(high-low)/knotSpacing.Seconds())) + 1
	for i := range n {
		at := stamp.Add(time.Duration(float64(low)*1e9) + time.Duration(i)*knotSpacing)
		then, ok := ego.At(at)
		if !ok {
			return outliers, fmt.Errorf("deskew sweep at %d: %w %v from its stamp", stamp, ErrNoEgo, at.Sub(stamp))
		}
		knots[i].row = matrix32(egoFromLocal.Mul(then).Mul(egoFromSensor)) //nolint:gosec // span bounds n by maxKnots
	}
	for i := range n - 1 {
		for j := range knots[i].row {
			knots[i].step[j] = knots[i+1].row[j] - knots[i].row[j]
		}
	}
	applyKnots(dst, points, &knots, low, float32(1/knotSpacing.Seconds()))
	return outliers, nil
}

// span returns the range of believed point times, and how many times are not believed.
func span(points []sensors.Point) (low, high float32, outliers int) {
	if len(points) == 0 {
		return 0, 0, 0
	}
	low, high = float32(math.Inf(1)), float32(math.Inf(-1))
	for i := range points {
		t := points[i].T
		if !(t >= -float32(maxSkewBack)/1e9 && t <= float32(maxSkewFore)/1e9) {
			outliers++
			t = believed(t)
		}
		low, high = min(low, t), max(high, t)
	}
	return low, high, outliers
}

// believed clamps a point's time; NaN is 0.
func believed(t float32) float32 {
	if t != t {
		return 0
	}
	return min(max(t, -float32(maxSkewBack)/1e9), float32(maxSkewFore)/1e9)
}

// applyKnots transforms every point by the interpolated motion at its time: knot index and fraction are (T - low) * perSecond.
func applyKnots(dst, points []sensors.Point, knots *[maxKnots]knot, low, perSecond float32) {
	for i := range points {
		p := &points[i]
		u := (p.T - low) * perSecond
		if !(u >= 0 && u < float32(maxKnots-1)) {
			u = min(max((believed(p.T)-low)*perSecond, 0), float32(maxKnots-1))
		}
		k := &knots[int(u)]
		f := u - float32(int(u))
		m, d := &k.row, &k.step
		x, y, z := p.X, p.Y, p.Z
		q := &dst[i]
		intensity, t, ring := p.Intensity, p.T, p.Ring
		q.X = (m[0]+f*d[0])*x + (m[1]+f*d[1])*y + (m[2]+f*d[2])*z + (m[3] + f*d[3])
		q.Y = (m[4]+f*d[4])*x + (m[5]+f*d[5])*y + (m[6]+f*d[6])*z + (m[7] + f*d[7])
		q.Z = (m[8]+f*d[8])*x + (m[9]+f*d[9])*y + (m[10]+f*d[10])*z + (m[11] + f*d[11])
		q.Intensity, q.T, q.Ring = intensity, t, ring
	}
}

// matrix32 returns a pose as rows [R | t].
func matrix32(p sensors.Pose) [12]float32 {
	r, t := p.Matrix(), p.Translation
	return [12]float32{
		float32(r[0]), float32(r[1]), float32(r[2]), float32(t.X),
		float32(r[3]), float32(r[4]), float32(r[5]), float32(t.Y),
		float32(r[6]), float32(r[7]), float32(r[8]), float32(t.Z),
	}
}
