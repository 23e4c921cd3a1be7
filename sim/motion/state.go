package motion

import (
	"math"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sim/chance"
)

// The error state. Three numbers each from position, attitude, bias; the others one.
const (
	position = 0 // local axes, m
	attitude = 3 // about local axes, rad
	bias     = 6 // ego axes, rad/s
	scale    = 9 // scale, slip, side, rise: shares of the speed
	slip     = 10
	side     = 11
	rise     = 12
	fix      = 13 // east, north of GNSS, m
	course   = 15 // of GNSS, rad
	size     = 16
)

type vector [size]float64

type matrix [size][size]float64

// term is one entry of a step's matrix beside the identity: x[to] += gain * x[from].
type term struct {
	to, from int
	gain     float64
}

// step is one period's linear equation: x <- (I + terms) x, decayed, + white. white has the sd of independent noise by ego axis (rate and
// speed) that enters attitude and position through the rotation, and drive the sd of what drives each state itself.
type step struct {
	terms       []term
	keep        vector // factor of the state itself, 1 for an integral
	rotation    [9]float64
	dt          float64
	rate, speed float64 // sd of a sample's white noise, rad/s and m/s
	drive       vector
}

// plan writes the step of a period that begins in the true state s into out, whose memory is used again.
func (p *Spec) plan(out *step, s *State, dt float64) {
	out.terms, out.dt = out.terms[:0], dt
	out.rotation = s.WorldFromEgo.Matrix()
	for i := range out.keep {
		out.keep[i] = 1
	}
	out.drive = vector{}
	speed := r3.Norm(s.Velocity)
	v := s.WorldFromEgo.Rotate(s.Velocity)
	// e x v
	for _, c := range [...]term{{0, 1, v.Z}, {0, 2, -v.Y}, {1, 0, -v.Z}, {1, 2, v.X}, {2, 0, v.Y}, {2, 1, -v.X}} {
		out.terms = append(out.terms, term{position + c.to, attitude + c.from, dt * c.gain})
	}
	for row := range 3 {
		r := out.rotation[3*row : 3*row+3]
		forward := dt * speed * r[0]
		out.terms = append(out.terms, term{position + row, scale, forward}, term{position + row, slip, forward},
			term{position + row, side, dt * speed * r[1]}, term{position + row, rise, dt * speed * r[2]})
		for axis := range 3 {
			out.terms = append(out.terms, term{attitude + row, bias + axis, dt * r[axis]})
		}
	}
	out.keep[attitude], out.keep[attitude+1] = 1-dt/p.LevelS, 1-dt/p.LevelS
	if p.PullM > 0 {
		pull := dt * speed / p.PullM
		out.keep[position], out.keep[position+1], out.keep[attitude+2] = 1-pull, 1-pull, 1-pull
		out.terms = append(out.terms, term{position, fix, pull}, term{position + 1, fix + 1, pull}, term{attitude + 2, course, pull})
	}
	markov := func(i int, sd, timeS float64) {
		out.keep[i] = math.Exp(-dt / timeS)
		out.drive[i] = sd * math.Sqrt(1-out.keep[i]*out.keep[i])
	}
	markov(slip, p.SlipShare, p.SlipS)
	markov(side, p.SideShare, p.SlipS)
	markov(rise, p.RiseShare, p.SlipS)
	markov(fix, p.GNSSM, p.GNSSS)
	markov(fix+1, p.GNSSM, p.GNSSS)
	markov(course, p.GNSSHeadingRad, p.GNSSS)
	for axis := range 3 {
		out.drive[bias+axis] = p.GyroWalk * math.Sqrt(dt)
	}
	out.rate, out.speed = p.white(speed)
}

// white is the sd of the white noise of a sample at a speed.
func (p *Spec) white(speed float64) (rate, noise float64) {
	return p.GyroNoise / math.Sqrt(p.Period.Seconds()), p.WheelNoiseMps * math.Min(1, speed)
}

// initial are the standard deviations at the start, where the local frame is tied to the vehicle.
func (p *Spec) initial() vector {
	var sd vector
	for axis := range 3 {
		sd[bias+axis] = p.GyroBias
	}
	level := p.LevelS * p.GyroBias // what a bias has made of roll and pitch long ago
	sd[attitude], sd[attitude+1] = level, level
	sd[scale], sd[slip], sd[side], sd[rise] = p.WheelScale, p.SlipShare, p.SideShare, p.RiseShare
	sd[fix], sd[fix+1], sd[course] = p.GNSSM, p.GNSSM, p.GNSSHeadingRad
	return sd
}

// apply advances the error by a step; rate and speed are the white errors of the sample at its begin.
func (s *step) apply(x *vector, rate, speed r3.Vec, src *chance.Source) {
	old := *x
	for i := range x {
		x[i] *= s.keep[i]
	}
	for _, t := range s.terms {
		x[t.to] += t.gain * old[t.from]
	}
	for row := range 3 {
		r := s.rotation[3*row : 3*row+3]
		x[attitude+row] += s.dt * (r[0]*rate.X + r[1]*rate.Y + r[2]*rate.Z)
		x[position+row] += s.dt * (r[0]*speed.X + r[1]*speed.Y + r[2]*speed.Z)
	}
	for i, sd := range s.drive {
		if sd > 0 {
			x[i] += sd * src.Norm()
		}
	}
}

// spread advances the covariance by a step: P <- F P F' + Q.
func (s *step) spread(p *matrix) {
	old := *p
	for i := range p {
		for j := range p[i] {
			p[i][j] *= s.keep[i]
		}
	}
	for _, t := range s.terms {
		for j := range p[t.to] {
			p[t.to][j] += t.gain * old[t.from][j]
		}
	}
	old = *p
	for i := range p {
		for j := range p[i] {
			p[i][j] *= s.keep[j]
		}
		for _, t := range s.terms {
			p[i][t.to] += t.gain * old[i][t.from]
		}
	}
	for axis := range 3 { // white noise is the same in all axes, and so not changed by the rotation
		p[attitude+axis][attitude+axis] += s.dt * s.dt * s.rate * s.rate
		p[position+axis][position+axis] += s.dt * s.dt * s.speed * s.speed
	}
	for i, sd := range s.drive {
		p[i][i] += sd * sd
	}
}
