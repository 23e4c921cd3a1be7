package world

import (
	"math"
)

// thinkTicks is how many ticks pass between two decisions of a driver.
const thinkTicks = 5

// crossing is a zebra during the simulation; busy while someone walks over it.
type crossing struct {
	zebra
	busy bool
}

// simulation steps the traffic. It is a function of the movers at its begin: everything happens in the order of the slice.
type simulation struct {
	l      *layout
	movers []*mover // the ego first
	zebras []crossing
	t      float64
	tick   int
	// The ego's plan.
	passed   *mover // whom it overtakes
	overtake int    // stages done
}

const (
	// spareTicks more are stored at both ends, because splines and differences reach beyond the moment asked for.
	spareTicks = 3
	// skipTicks are the warm-up's, which nobody sees.
	skipTicks = warmUpS/tickS - spareTicks
)

// run simulates from -marginS-warmUpS until duration + marginS and stores all but the warm-up.
func (s *simulation) run() {
	from := -marginS - warmUpS
	total := skipTicks + int(math.Ceil((s.l.duration.Seconds()+2*marginS)/tickS)) + 2*spareTicks + 1
	for _, m := range s.movers {
		m.groundAt = math.NaN()
		m.present = [2]float64{math.Inf(1), math.Inf(-1)}
		m.locate(s.l)
		m.places = make([]place, 0, total-skipTicks)
		m.ways = make([]float32, 0, total-skipTicks)
		m.braked = make([]bool, 0, total-skipTicks)
	}
	for s.tick = 0; s.tick < total; s.tick++ {
		s.t = from + float64(s.tick)*tickS
		if s.tick >= skipTicks {
			for _, m := range s.movers {
				m.record(s.l, s.t)
			}
		}
		s.think()
		for _, m := range s.movers {
			m.advance(tickS)
			m.locate(s.l)
		}
	}
}

// begin is the time of the first place stored.
func (s *simulation) begin() float64 {
	return -marginS - warmUpS + tickS*float64(skipTicks)
}

// think lets a fifth of the movers decide at each tick, so that every one decides ten times a second.
func (s *simulation) think() {
	if s.tick%thinkTicks == 0 {
		s.people()
	}
	for i, m := range s.movers {
		if i%thinkTicks != s.tick%thinkTicks {
			continue
		}
		var want float64
		switch m.role {
		case trailer:
			continue
		case crosser:
			want = m.stride(s.stepsOut(m))
		case walker:
			want = m.stride(m.room())
		case driver, rider:
			s.change(i, m)
			ahead := s.nearest(m, math.Max(20, 5*m.v))
			want = m.drive(s.stopLines(m, ahead))
			if i == 0 && s.t < 0 {
				want = (s.l.spec.Ego.StartMps - m.v) / (thinkTicks * tickS)
			}
		}
		// A jerk of 10 m/s³ is sporty, hard braking comes faster.
		up, down := 1.0, 1.0
		if want < -3 {
			down = 3
		}
		if m.role == walker || m.role == crosser {
			up, down = 2, 2
		}
		m.a = math.Max(m.a-down, math.Min(m.a+up, want))
		m.brake = m.a < -0.6 || m.v < 0.05 && m.a <= 0.05
	}
}
