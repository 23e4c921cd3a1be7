package world

import "math"

// leader is what a driver must not run into: the free way up to it and its speed along the driver's way.
type leader struct{ gap, speed float64 }

// sideClearanceM is kept to what is passed; anticipateS is how long ahead a driver foresees someone's steps towards the lane.
const (
	sideClearanceM = 0.1
	anticipateS    = 1.0
)

// nearest looks for the next body on m's planned way within reach, m's route being what counts and not the lane of the other: so
// crossing and turning traffic, people and vehicles that change lanes are seen by the same rule.
func (s *simulation) nearest(m *mover, reach float64) leader {
	best := leader{gap: math.Inf(1)}
	for _, o := range s.movers {
		if o == m || o.tow == m || m.tow == o || o.role == walker {
			continue
		}
		far := reach + o.length
		if dx, dy := o.now.x-m.now.x, o.now.y-m.now.y; dx*dx+dy*dy > far*far || dx*m.cos+dy*m.sin < -6 {
			continue
		}
		so, lo, hi, along, speed := s.seen(m, o, reach)
		d, _ := m.shift.at(so - m.toCentre)
		half := m.width/2 + sideClearanceM
		if lo > d+half || hi < d-half || so < m.s+m.toCentre {
			continue
		}
		if gap := math.Max(so-along-m.front(), 0.05); gap < best.gap {
			best = leader{gap, speed}
		}
	}
	return best
}

// seen is where o is on m's route: the s of its middle, the offsets that it takes up soon, its half length along the route and its
// speed along it.
func (s *simulation) seen(m, o *mover, reach float64) (so, lo, hi, along, speed float64) {
	if m.route == o.route {
		so = o.s + o.toCentre
		reachD := o.width/2 + o.length/2*math.Abs(math.Sin(o.now.yaw-m.route.at(o.s).heading))
		lo, hi = o.d-reachD, o.d+reachD
		if o.shift.changing(o.s) {
			lo, hi = math.Min(lo, o.shift.d1-o.width/2), math.Max(hi, o.shift.d1+o.width/2)
		}
		return so, lo, hi, o.length / 2, o.v
	}
	so, d := m.route.project(o.now.x, o.now.y, m.s-8, m.s+reach+8)
	sin, cos := math.Sincos(o.now.yaw - m.route.at(so).heading)
	along = math.Abs(cos)*o.length/2 + math.Abs(sin)*o.width/2
	across := math.Abs(sin)*o.length/2 + math.Abs(cos)*o.width/2
	lo, hi = d-across, d+across
	if side := o.v * sin * anticipateS; side > 0 {
		hi += side
	} else {
		lo += side
	}
	return so, lo, hi, along, o.v * cos
}

// stopLines adds lights and crossings to what is ahead.
func (s *simulation) stopLines(m *mover, ahead leader) leader {
	stop := func(at float64) {
		if gap := at - m.front(); gap < ahead.gap {
			ahead = leader{gap: math.Max(gap, 0.05)}
		}
	}
	if g := m.signal; g != nil && m.front() < g.line+0.5 {
		need := m.v * m.v / (2 * math.Max(g.line-m.front(), 0.1))
		if p := g.phase(s.t); p == Red || p == Amber && need < 3.2 {
			stop(g.line + m.manner.gap - 0.4)
		}
	}
	if m.front() < m.stopAt {
		stop(m.stopAt)
	}
	if m.road == nil && m.lane < 0 {
		return ahead // whoever turns sees people as bodies
	}
	for i := range s.zebras {
		z := &s.zebras[i]
		if !z.busy || z.road != m.road {
			continue
		}
		at := z.s - zebraM/2 - stopBackM
		if m.route == m.road.back {
			at = -z.s - zebraM/2 - stopBackM
		}
		if gap := at - m.front(); gap > -stopBackM && m.v*m.v/(2*math.Max(gap, 0.1)) < 5 {
			stop(at + m.manner.gap - 0.4)
		}
	}
	return ahead
}

// drive decides the acceleration by the improved intelligent driver model (Treiber, Kesting 2013, chapter 11): free driving up to the
// wished speed, which curves lower, and the gap to the leader.
func (m *mover) drive(ahead leader) float64 {
	n := &m.manner
	wish := math.Max(math.Min(m.wish, m.curveSpeed()), 0.01)
	free := n.accel * (1 - math.Pow(m.v/wish, 4))
	if m.v > wish {
		free = -n.brake * (1 - math.Pow(wish/m.v, 4*n.accel/n.brake))
	}
	if math.IsInf(ahead.gap, 1) {
		return free
	}
	want := n.gap + math.Max(0, m.v*n.headway+m.v*(m.v-ahead.speed)/(2*math.Sqrt(n.accel*n.brake)))
	z := want / ahead.gap
	var acc float64
	switch {
	case m.v > wish && z < 1:
		acc = free
	case m.v > wish:
		acc = free + n.accel*(1-z*z)
	case z >= 1:
		acc = n.accel * (1 - z*z)
	case free <= 0:
		acc = 0
	default:
		acc = free * (1 - math.Pow(z, 2*n.accel/free))
	}
	return math.Max(acc, -8)
}

// curveSpeed is the speed now that lets the driver take the curves ahead with manner.side and brake for them comfortably.
func (m *mover) curveSpeed() float64 {
	if !m.route.bends {
		return math.Inf(1)
	}
	const brake, step = 1.2, 4 // m/s²; nodes
	best := math.Inf(1)
	first, last := int((m.s-m.route.begin)/stepM), len(m.route.nodes)-1
	for i := max(first, 0); i <= min(last, first+int((m.v*m.v/(2*brake)+6)/stepM)); i += step {
		if k := math.Abs(m.route.nodes[i].curvature); k > 1e-4 {
			best = math.Min(best, m.manner.side/k+2*brake*stepM*float64(i-first))
		}
	}
	return math.Sqrt(best)
}
