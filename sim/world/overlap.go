package world

import "math"

// roomM is kept between any two bodies by the check; it also covers what they do between two of the ticks that it looks at.
const (
	roomM      = 0.06
	checkTicks = 4
)

// box is m's at a stored tick.
func (m *mover) box(i int, room float64) box2 {
	p := &m.places[i]
	sin, cos := math.Sincos(p.yaw)
	return box2{p.x, p.y, cos, sin, m.length/2 + room, m.width/2 + room}
}

// collide marks movers that touch another body while both are on the map, the later one of each pair, and tells whether there were
// any. Drivers avoid what they see; this catches what the rules do not cover, so that no drive shows it.
func (s *simulation) collide(standing []box2) bool {
	n, touched := len(s.movers), false
	if n == 0 {
		return false
	}
	boxes := make([]box2, n)
	here := make([]bool, n)
	begin := s.begin()
	for i := 0; i < len(s.movers[0].places); i += checkTicks {
		t := begin + float64(i)*tickS
		for k, m := range s.movers {
			if here[k] = k == 0 || t >= m.present[0]-0.2 && t <= m.present[1]+0.2; here[k] {
				boxes[k] = m.box(i, roomM)
			}
		}
		for k, m := range s.movers {
			if !here[k] || m.dropped {
				continue
			}
			for j := range k {
				if o := s.movers[j]; here[j] && !o.dropped && m.tow != o && boxes[k].overlaps(&boxes[j]) {
					m.dropped, touched = true, true
					break
				}
			}
			if i > 0 && m.places[i] == m.places[i-checkTicks] {
				continue
			}
			for j := range standing {
				if k > 0 && boxes[k].overlaps(&standing[j]) {
					m.dropped, touched = true, true
					break
				}
			}
		}
	}
	return touched
}

// settle runs the traffic, takes out who touched somebody, and runs it again until nobody does.
func (s *simulation) settle(standing []box2) {
	start := make([]mover, len(s.movers))
	for i, m := range s.movers {
		start[i] = *m
	}
	passed := s.passed
	for {
		s.run()
		if !s.collide(standing) {
			return
		}
		var rest []*mover
		var again []mover
		for _, m := range s.movers {
			gone := m.dropped || m.tow != nil && m.tow.dropped
			for _, o := range s.movers {
				gone = gone || o.tow == m && o.dropped // a truck goes with its trailer
			}
			m.dropped = gone
		}
		for i, m := range s.movers {
			if m.dropped {
				continue
			}
			init := start[i]
			for init.ahead != nil && init.ahead.dropped {
				init.ahead = init.ahead.ahead
			}
			rest, again = append(rest, m), append(again, init)
		}
		for i, m := range rest {
			*m = again[i]
		}
		s.movers, start = rest, again
		s.overtake, s.passed = 0, passed
		if passed != nil && passed.dropped {
			s.passed = nil
		}
	}
}
