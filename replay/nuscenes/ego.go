package nuscenes

import (
	"math"
	"slices"
	"sort"
	"time"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// Ego motion is made from every ego pose that a scene's files refer to: each file has its own. Poses of equal time are
// one. Where neighbours are more than 20 ms apart, poses are put between them at equal steps (linear, slerp), so that the
// stream has at least 50 Hz; across holes of more than half a second nothing is invented. Velocity, yaw rate and
// acceleration are those of a least-squares parabola over the poses given within 0.15 s (longer where they are sparse):
// central differences, smoothed, because neighbouring poses are milliseconds apart and good to centimetres only.
const (
	egoStep    = sensors.StampNs(20 * time.Millisecond)
	egoHole    = sensors.StampNs(500 * time.Millisecond)
	egoWindowS = 0.15
	egoLeast   = 5 // poses in a fit
)

// Standard deviations that the stream states: nuScenes' poses are good to a few centimetres; interpolated ones and
// velocities are guesses on top of that.
const (
	givenPoseSdM, givenPoseSdRad   = 0.02, 0.002
	betweenPoseSdM, betweenSdRad   = 0.05, 0.005
	velocitySdMps, turnRateSdRadps = 0.1, 0.01
)

// egoTrack is the ego motion of a scene.
type egoTrack struct {
	given []egoPose // by stamp, no stamp twice
	// period is the times of given in seconds from the first.
	seconds []float64
}

// newEgoTrack sorts poses and drops repeated stamps; of those the first in the input stays.
func newEgoTrack(poses []egoPose) *egoTrack {
	slices.SortStableFunc(poses, func(a, b egoPose) int { return int(min(max(a.stamp-b.stamp, -1), 1)) })
	poses = slices.CompactFunc(poses, func(a, b egoPose) bool { return a.stamp == b.stamp })
	t := &egoTrack{given: poses, seconds: make([]float64, len(poses))}
	for i, p := range poses {
		t.seconds[i] = float64(p.stamp-poses[0].stamp) * 1e-9
	}
	return t
}

// at returns the pose at a time: interpolated, or the nearest one outside the track or inside a hole. ok says that it is
// not the latter.
func (t *egoTrack) at(stamp sensors.StampNs) (p sensors.Pose, ok bool) {
	n := len(t.given)
	if n == 0 {
		return sensors.Identity, false
	}
	i := sort.Search(n, func(i int) bool { return t.given[i].stamp >= stamp })
	switch {
	case i == n:
		return t.given[n-1].globalFromEgo, false
	case t.given[i].stamp == stamp:
		return t.given[i].globalFromEgo, true
	case i == 0:
		return t.given[0].globalFromEgo, false
	}
	a, b := t.given[i-1], t.given[i]
	s := float64(stamp-a.stamp) / float64(b.stamp-a.stamp)
	if b.stamp-a.stamp > egoHole {
		if s > 0.5 {
			a = b
		}
		return a.globalFromEgo, false
	}
	return a.globalFromEgo.Interpolate(b.globalFromEgo, s), true
}

// egoState is one message of the stream.
type egoState struct {
	egoPose
	between bool // not given, interpolated
}

// states lists the stream: the poses given and those between them.
func (t *egoTrack) states() []egoState {
	var out []egoState
	for i, p := range t.given {
		if i > 0 {
			a := t.given[i-1]
			gap := p.stamp - a.stamp
			if parts := (gap + egoStep - 1) / egoStep; gap <= egoHole {
				for k := sensors.StampNs(1); k < parts; k++ {
					stamp := a.stamp + gap*k/parts
					pose := a.globalFromEgo.Interpolate(p.globalFromEgo, float64(stamp-a.stamp)/float64(gap))
					out = append(out, egoState{egoPose: egoPose{stamp: stamp, globalFromEgo: pose}, between: true})
				}
			}
		}
		out = append(out, egoState{egoPose: p})
	}
	return out
}

// twist fits velocity, angular velocity and acceleration, in ego axes, at a state. Fewer than two poses give zeros.
func (t *egoTrack) twist(s egoPose) (velocity, angular, acceleration r3.Vec) {
	at := float64(s.stamp-t.given[0].stamp) * 1e-9
	lo := sort.SearchFloat64s(t.seconds, at-egoWindowS)
	hi := sort.Search(len(t.seconds), func(i int) bool { return t.seconds[i] > at+egoWindowS })
	for hi-lo < egoLeast && (lo > 0 || hi < len(t.seconds)) { // sparse poses: take the nearest ones
		before, after := math.Inf(1), math.Inf(1)
		if lo > 0 {
			before = at - t.seconds[lo-1]
		}
		if hi < len(t.seconds) {
			after = t.seconds[hi] - at
		}
		if before <= after {
			lo--
		} else {
			hi++
		}
	}
	egoFromGlobal := s.globalFromEgo.Inverse()
	var fit parabola
	for i := lo; i < hi; i++ {
		p := egoFromGlobal.Mul(t.given[i].globalFromEgo) // small: seen from the state's own frame
		fit.add(t.seconds[i]-at, p.Translation, rotationVector(p.Rotation))
	}
	return fit.solve()
}

// rotationVector is axis times angle; exact for the identity.
func rotationVector(q quat.Number) r3.Vec {
	if q.Real < 0 {
		q = quat.Scale(-1, q)
	}
	v := r3.Vec{X: q.Imag, Y: q.Jmag, Z: q.Kmag}
	n := r3.Norm(v)
	if n == 0 {
		return r3.Vec{}
	}
	return r3.Scale(2*math.Atan2(n, q.Real)/n, v)
}

// parabola is a running least-squares fit of y = c0 + c1 t + c2 t² for six components (three of translation, three of
// rotation) with equal weights.
type parabola struct {
	s [5]float64    // sums of t^0 .. t^4
	y [3][6]float64 // sums of t^k y
}

func (f *parabola) add(t float64, position, rotation r3.Vec) {
	y := [6]float64{position.X, position.Y, position.Z, rotation.X, rotation.Y, rotation.Z}
	w := 1.0
	for k := range f.s {
		f.s[k] += w
		if k < len(f.y) {
			for i := range y {
				f.y[k][i] += w * y[i]
			}
		}
		w *= t
	}
}

// solve returns c1 of both and twice c2 of the translation. With fewer than three points, or points too close together
// for a parabola, a line is fitted; with fewer than two the motion is zero.
func (f *parabola) solve() (velocity, angular, acceleration r3.Vec) {
	n, s1, s2, s3, s4 := f.s[0], f.s[1], f.s[2], f.s[3], f.s[4]
	det := n*(s2*s4-s3*s3) - s1*(s1*s4-s3*s2) + s2*(s1*s3-s2*s2)
	line := n*s2 - s1*s1
	var slope, curve [6]float64
	for i := range slope {
		y0, y1, y2 := f.y[0][i], f.y[1][i], f.y[2][i]
		switch {
		case n >= 3 && det > 1e-9*n*s2*s4:
			// Cramer's rule on the normal equations.
			slope[i] = (n*(y1*s4-s3*y2) - y0*(s1*s4-s3*s2) + s2*(s1*y2-y1*s2)) / det
			curve[i] = (n*(s2*y2-s3*y1) - s1*(s1*y2-s2*y1) + y0*(s1*s3-s2*s2)) / det
		case n >= 2 && line > 1e-12*n*s2:
			slope[i] = (n*y1 - s1*y0) / line
		}
	}
	return r3.Vec{X: slope[0], Y: slope[1], Z: slope[2]}, r3.Vec{X: slope[3], Y: slope[4], Z: slope[5]},
		r3.Vec{X: 2 * curve[0], Y: 2 * curve[1], Z: 2 * curve[2]}
}

// message builds the stream's message. The local frame is the folder's global frame.
func (t *egoTrack) message(s egoState) *fusionv1.EgoMotion {
	velocity, angular, acceleration := t.twist(s.egoPose)
	sdM, sdRad := givenPoseSdM, givenPoseSdRad
	if s.between {
		sdM, sdRad = betweenPoseSdM, betweenSdRad
	}
	return &fusionv1.EgoMotion{
		Header:             &fusionv1.Header{Stamp: int64(s.stamp), Sensor: string(sensors.EgoStream)},
		LocalFromEgo:       s.globalFromEgo.Proto(),
		LinearVelocity:     vector(velocity),
		AngularVelocity:    vector(angular),
		LinearAcceleration: vector(acceleration),
		PoseCovariance:     diagonal(sdM, sdRad),
		TwistCovariance:    diagonal(velocitySdMps, turnRateSdRadps),
	}
}

// diagonal is a row-major 6x6 matrix with the squares of the two standard deviations, three times each.
func diagonal(first, second float64) []float64 {
	m := make([]float64, 36)
	for i := range 3 {
		m[7*i], m[7*(i+3)] = first*first, second*second
	}
	return m
}

func vector(v r3.Vec) *fusionv1.Vector3 { return &fusionv1.Vector3{X: v.X, Y: v.Y, Z: v.Z} }
