package world

import "math"

// change decides about another lane. Drivers look every second and change when it gains them acceleration and costs the one behind
// them little (MOBIL: Kesting, Treiber, Helbing 2007); the ego follows its manoeuvre.
func (s *simulation) change(i int, m *mover) {
	if m.role != driver || m.lane < 0 || m.road == nil || m.shift.changing(m.s) {
		return
	}
	if i == 0 {
		s.egoChange(m)
		return
	}
	if (s.tick/thinkTicks+i)%10 != 0 || m.v < 4 || m.towing(s) || s.t < -marginS-2 {
		return
	}
	// Near an ego that is about to change lanes everyone keeps to theirs, or it might wait for its chance all day.
	ego := s.movers[0]
	if k := s.l.spec.Ego.Manoeuvre; (k == Overtake || k == LaneChange) && m.route == ego.route && math.Abs(m.s-ego.s) < 120 {
		return
	}
	for _, to := range []int{m.lane - 1, m.lane + 1} {
		if to >= 0 && to < m.road.lanes && !s.closed(m, to) && s.gain(m, to) > 0.5 && s.mayChange(m, to) {
			s.begins(m, to)
			return
		}
	}
}

// egoChange runs the ego's manoeuvre from time 0 on.
func (s *simulation) egoChange(m *mover) {
	if s.t < 0.5 {
		return
	}
	switch s.l.spec.Ego.Manoeuvre {
	case LaneChange:
		if s.overtake == 0 && s.mayChange(m, m.lane-1) {
			s.begins(m, m.lane-1)
			s.overtake = 1
		}
	case Overtake:
		switch s.overtake {
		case 0:
			if s.passed != nil && s.passed.rear()-m.front() < 3*m.v+12 && s.mayChange(m, m.lane-1) {
				s.begins(m, m.lane-1)
				s.overtake = 1
			}
		case 1:
			if m.rear() > s.passed.front()+6+0.3*m.v && s.mayChange(m, m.lane+1) {
				s.begins(m, m.lane+1)
				s.overtake = 2
			}
		}
	case Follow, Stop, TurnLeft, TurnRight:
	}
}

// begins starts the change: about four seconds long.
func (s *simulation) begins(m *mover, lane int) {
	m.lane = lane
	m.shift = shift{m.s, math.Max(25, 4*m.v), m.d, m.road.laneCentre(lane)}
}

func (m *mover) towing(s *simulation) bool {
	for _, o := range s.movers {
		if o.tow == m {
			return true
		}
	}
	return false
}

// closed tells whether a lane ends at a site or at lights soon, where nobody should change into it.
func (s *simulation) closed(m *mover, lane int) bool {
	l := s.l
	if m.road == l.main && m.route == l.main.ahead && l.site != nil && lane == l.site.lane {
		return true
	}
	return m.signal != nil && m.front() < m.signal.line+20 && m.front() > m.signal.line-60
}

// neighbours finds who would drive before and behind m in a lane of its route.
func (s *simulation) neighbours(m *mover, lane int) (ahead leader, behind *mover, gap float64) {
	ahead, gap = leader{gap: math.Inf(1)}, math.Inf(1)
	d, half := m.road.laneCentre(lane), m.width/2+sideClearanceM
	for _, o := range s.movers {
		if o == m || o.role == walker || math.Abs(o.now.x-m.now.x)+math.Abs(o.now.y-m.now.y) > 160 {
			continue
		}
		so, lo, hi, along, speed := s.seen(m, o, 120)
		if lo > d+half || hi < d-half {
			continue
		}
		if so > m.s+m.toCentre {
			if g := so - along - m.front(); g < ahead.gap {
				ahead = leader{g, speed}
			}
		} else if g := m.rear() - so - along; g < gap {
			behind, gap = o, g
		}
	}
	return ahead, behind, gap
}

// mayChange tells whether the gaps in the lane are safe for both.
func (s *simulation) mayChange(m *mover, lane int) bool {
	ahead, behind, gap := s.neighbours(m, lane)
	if ahead.gap < m.manner.gap+0.5*m.v+math.Max(0, m.v*m.v-ahead.speed*math.Abs(ahead.speed))/(2*3) {
		return false
	}
	if behind == nil {
		return true
	}
	return gap > 3+0.6*behind.v+math.Max(0, behind.v*behind.v-m.v*m.v)/(2*2)
}

// gain is what the lane offers in m/s² against the present one, less what the follower there would have to brake.
func (s *simulation) gain(m *mover, lane int) float64 {
	now := m.drive(s.nearest(m, math.Max(20, 5*m.v)))
	ahead, behind, gap := s.neighbours(m, lane)
	if ahead.gap <= 0 {
		return math.Inf(-1)
	}
	gain := m.drive(ahead) - now
	if behind != nil && behind.role == driver {
		if gap <= 0 {
			return math.Inf(-1)
		}
		gain += 0.3 * math.Min(0, behind.drive(leader{gap, m.v}))
	}
	return gain
}
