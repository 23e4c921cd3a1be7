package motion

import (
	"fmt"
	"time"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
)

// State is the true motion of the ego vehicle, whose frame has its origin on the ground in the middle of the rear axle.
type State struct {
	WorldFromEgo sensors.Pose
	// Velocity and Acceleration (without gravity) of the origin and Spin in ego axes: m/s, m/s², rad/s.
	Velocity, Spin, Acceleration r3.Vec
}

// Sample is one estimate.
type Sample struct {
	// Time of validity, on the trajectory's time line.
	Time time.Duration
	// LocalFromEgo is the pose in a continuous local frame, which agrees with the world's at the first sample but for roll and pitch.
	LocalFromEgo sensors.Pose
	// Velocity and Acceleration of the origin and Spin in ego axes.
	Velocity, Spin, Acceleration r3.Vec
	// PoseCovariance of (x, y, z, roll, pitch, yaw), in local axes: the true rotation is turned by the last three about them. TwistCovariance
	// of (velocity, spin) in ego axes. Row-major.
	PoseCovariance, TwistCovariance [36]float64
}

// maxSamples bounds a drive: a day at 100 Hz is 8.6 million.
const maxSamples = 1 << 20

// Estimate returns the estimates from from to to (both inside), a period apart. truth is asked at the times of the samples, in their order.
// The same arguments give the same samples; a longer drive begins with the samples of a shorter one.
func Estimate(truth func(time.Duration) State, from, to time.Duration, spec Spec, key chance.Key) ([]Sample, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	n := int((to-from)/spec.Period) + 1
	if to < from || n > maxSamples {
		return nil, fmt.Errorf("ego motion from %s to %s: want an ascending interval of at most %d samples", from, to, maxSamples)
	}
	src := key.Source()
	var x vector
	var p matrix
	for i, sd := range spec.initial() {
		x[i], p[i][i] = sd*src.Norm(), sd*sd
	}
	accelerometer := r3.Scale(spec.AccelerometerBias, normal(src))
	out := make([]Sample, n)
	var s step
	for i := range out {
		t := from + time.Duration(i)*spec.Period
		now := truth(t)
		rate, speed := spec.white(r3.Norm(now.Velocity))
		rateNoise, speedNoise := r3.Scale(rate, normal(src)), r3.Scale(speed, normal(src))
		o := &out[i]
		o.Time = t
		o.LocalFromEgo, o.PoseCovariance = pose(&now, &x), poseCovariance(&p)
		v := r3.Norm(now.Velocity)
		o.Velocity = r3.Add(now.Velocity, r3.Add(speedNoise, r3.Scale(v, r3.Vec{X: x[scale] + x[slip], Y: x[side], Z: x[rise]})))
		o.Spin = r3.Add(now.Spin, r3.Add(rateNoise, r3.Vec{X: x[bias], Y: x[bias+1], Z: x[bias+2]}))
		o.TwistCovariance = twistCovariance(&p, v, rate, speed)
		o.Acceleration = r3.Add(now.Acceleration, r3.Add(accelerometer, r3.Scale(spec.AccelerometerNoise, normal(src))))
		spec.plan(&s, &now, spec.Period.Seconds())
		s.apply(&x, rateNoise, speedNoise, src)
		s.spread(&p)
	}
	return out, nil
}

func normal(src *chance.Source) r3.Vec { return r3.Vec{X: src.Norm(), Y: src.Norm(), Z: src.Norm()} }

// pose is the true one with the error: Exp(e) R, p_true + p.
func pose(s *State, x *vector) sensors.Pose {
	e := r3.Vec{X: x[attitude], Y: x[attitude+1], Z: x[attitude+2]}
	q := quat.Mul(quat.Exp(quat.Number{Imag: e.X / 2, Jmag: e.Y / 2, Kmag: e.Z / 2}), s.WorldFromEgo.Rotation)
	return sensors.Pose{
		Rotation:    quat.Scale(1/quat.Abs(q), q),
		Translation: r3.Add(s.WorldFromEgo.Translation, r3.Vec{X: x[position], Y: x[position+1], Z: x[position+2]}),
	}
}

func poseCovariance(p *matrix) (out [36]float64) {
	for i := range 6 {
		for j := range 6 {
			out[6*i+j] = p[i][j]
		}
	}
	return out
}

// twistCovariance of dv = v (scale + slip, side, rise) + noise and dw = bias + noise.
func twistCovariance(p *matrix, v, rate, speed float64) (out [36]float64) {
	parts := [6][]int{{scale, slip}, {side}, {rise}, {bias}, {bias + 1}, {bias + 2}}
	for i, a := range parts {
		for j, b := range parts {
			sum := 0.0
			for _, k := range a {
				for _, l := range b {
					sum += p[k][l]
				}
			}
			if i < 3 {
				sum *= v
			}
			if j < 3 {
				sum *= v
			}
			out[6*i+j] = sum
		}
		noise := speed
		if i >= 3 {
			noise = rate
		}
		out[7*i] += noise * noise
	}
	return out
}

// Proto returns the sample as a message without header, which is the caller's.
func (s *Sample) Proto() *fusionv1.EgoMotion {
	return &fusionv1.EgoMotion{
		LocalFromEgo: s.LocalFromEgo.Proto(), LinearVelocity: vector3(s.Velocity), AngularVelocity: vector3(s.Spin),
		LinearAcceleration: vector3(s.Acceleration),
		PoseCovariance:     append([]float64(nil), s.PoseCovariance[:]...), TwistCovariance: append([]float64(nil), s.TwistCovariance[:]...),
	}
}

func vector3(v r3.Vec) *fusionv1.Vector3 { return &fusionv1.Vector3{X: v.X, Y: v.Y, Z: v.Z} }
