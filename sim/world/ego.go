package world

import (
	"math"
	"time"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
)

// EgoState is the ego vehicle at one time: the middle of its rear axle, on the ground.
type EgoState struct {
	// WorldFromEgo has the pitch and roll of the body, as sensors on it have.
	WorldFromEgo sensors.Pose
	// Velocity, Spin (angular velocity) and Acceleration (of the origin against the world, without gravity) in ego axes, m/s, rad/s, m/s².
	Velocity, Spin, Acceleration r3.Vec
	// Braking lights its brake lamps.
	Braking bool
}

// Ego returns the ego at t in [-1 s, duration + 1 s].
func (w *World) Ego(t time.Duration) EgoState {
	sec := t.Seconds()
	p, r := w.ego.at(sec)
	pose := p.pose()
	back := pose.Inverse()
	// Central difference of the velocity over two ticks: it is smooth, the spline's own second derivative is not.
	_, r0 := w.ego.at(sec - tickS)
	_, r1 := w.ego.at(sec + tickS)
	acc := r3.Vec{X: (r1.x - r0.x) / (2 * tickS), Y: (r1.y - r0.y) / (2 * tickS), Z: (r1.z - r0.z) / (2 * tickS)}
	i := min(max(int((sec-w.ego.begin)/tickS+0.5), 0), len(w.egoBraked)-1)
	return EgoState{
		WorldFromEgo: pose, Velocity: back.Rotate(r3.Vec{X: r.x, Y: r.y, Z: r.z}), Spin: p.spin(&r),
		Acceleration: back.Rotate(acc), Braking: w.egoBraked[i],
	}
}

// The body on its springs, as a compact car's: gradients of pitch and roll, natural frequency and damping.
const (
	pitchPerMps2 = 0.0028 // rad per m/s² of acceleration, nose up
	rollPerMps2  = 0.0085 // rad per m/s² to the side, outwards
	springHz     = 1.5
	springDamp   = 0.35
)

// egoTrack turns the ego's places as a mover into the track of its rear axle with the body's motion on its springs: a damped
// oscillator that the acceleration drives, and the vibration of the road, which grows with the speed.
func egoTrack(key chance.Key, m *mover, begin float64) track {
	n := len(m.places)
	out := track{begin: begin, places: make([]place, n)}
	src := key.With("ego", "vibration").Source()
	var waves [6]struct{ hz, phase, pitch, roll, heave float64 }
	for i := range waves {
		w := &waves[i]
		w.hz = 1.1 + 1.3*float64(i) + src.Between(0, 0.8)
		w.phase = src.Between(0, 2*math.Pi)
		size := 1 / (1 + float64(i))
		w.pitch, w.roll, w.heave = 0.0006*size*src.Norm(), 0.0007*size*src.Norm(), 0.0015*size*src.Norm()
	}
	speed := func(i int) (v, yaw float64) {
		a, b := &m.places[max(i-1, 0)], &m.places[min(i+1, n-1)]
		dt := tickS * float64(min(i+1, n-1)-max(i-1, 0))
		return math.Hypot(b.x-a.x, b.y-a.y) / dt, (b.yaw - a.yaw) / dt
	}
	const omega = 2 * math.Pi * springHz
	var pitch, pitchRate, roll, rollRate float64
	v, yawRate := speed(0)
	for i := range n {
		p := m.places[i]
		next, nextYaw := speed(min(i+1, n-1))
		accel := (next - v) / tickS
		side := v * yawRate
		// Semi-implicit Euler: stable for a spring of this frequency at this step.
		pitchRate += tickS * (omega*omega*(-pitchPerMps2*accel-pitch) - 2*springDamp*omega*pitchRate)
		rollRate += tickS * (omega*omega*(rollPerMps2*side-roll) - 2*springDamp*omega*rollRate)
		pitch += tickS * pitchRate
		roll += tickS * rollRate
		v, yawRate = next, nextYaw
		t := float64(i) * tickS
		shake := math.Min(1, v/15)
		sin, cos := math.Sincos(p.yaw)
		rear := place{
			x: p.x - m.toCentre*cos, y: p.y - m.toCentre*sin, z: p.z - m.height/2 + m.toCentre*math.Tan(p.pitch),
			yaw: p.yaw, pitch: p.pitch + pitch, roll: p.roll + roll,
		}
		for _, w := range waves {
			s := shake * math.Sin(2*math.Pi*w.hz*t+w.phase)
			rear.pitch += w.pitch * s
			rear.roll += w.roll * s
			rear.z += w.heave * s
		}
		out.places[i] = rear
	}
	return out
}
