package world

import "math"

// room is the free way of a walker: to who walks before it, or to the end of its pavement.
func (m *mover) room() float64 {
	room := m.stopAt - m.front()
	if m.ahead != nil {
		room = math.Min(room, m.ahead.rear()-m.front()-0.5)
	}
	return room
}

// waitM is how far from the kerb a crosser waits.
const waitM = 0.5

// stride decides a walker's acceleration: it stops gently before the end of the room.
func (m *mover) stride(room float64) float64 {
	wish := m.wish
	if room < 2 {
		wish = math.Min(wish, math.Sqrt(math.Max(0, 1.2*room)))
	}
	return math.Max(-3, math.Min(1.5, 2.5*(wish-m.v)))
}

// stepsOut lets a crosser begin when nobody comes, and returns its room.
func (s *simulation) stepsOut(m *mover) float64 {
	if !m.started {
		m.started = s.t >= m.startAt && s.safe(m)
	}
	if !m.started {
		return 0
	}
	return m.stopAt - m.front()
}

// safe tells whether every driver who comes towards the crossing can stop comfortably, and the light stays red for long enough.
func (s *simulation) safe(m *mover) bool {
	z := m.zebra
	if z.signal != nil && z.signal.redFor(s.t) < 2*z.road.kerb/m.wish+2 {
		return false
	}
	for _, o := range s.movers {
		if o.role != driver && o.role != trailer && o.role != rider {
			continue
		}
		sz := z.s
		switch {
		case o.road == z.road && o.route == z.road.back:
			sz = -sz
		case o.road != z.road:
			// On another way: keep off when it is near at all.
			p := z.road.ahead.at(z.s)
			if math.Hypot(o.now.x-p.x, o.now.y-p.y) < 12+4*o.v {
				return false
			}
			continue
		}
		if dist := sz - zebraM/2 - o.front(); dist > -o.length-zebraM-1 && dist < 3+o.v*0.7+o.v*o.v/(2*1.8) {
			if o.v > 0.3 || dist < 0.3 {
				return false
			}
		}
	}
	return true
}

// people brings the crossings up to date.
func (s *simulation) people() {
	for i := range s.zebras {
		s.zebras[i].busy = false
	}
	for _, m := range s.movers {
		if m.role != crosser || !m.started || m.front() >= m.stopAt-0.3 {
			continue
		}
		for i := range s.zebras {
			if z := &s.zebras[i]; z.road == m.zebra.road && z.s == m.zebra.s {
				z.busy = true
			}
		}
	}
}
