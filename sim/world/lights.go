package world

import (
	"math"

	"github.com/fusiond/fusiond/sim/chance"
)

// Phase of a traffic light.
type Phase uint8

// The phases.
const (
	Red Phase = iota
	Amber
	Green
)

const (
	amberS  = 3.0
	allRedS = 2.0
	// stopBackM is from a stop line to the crossing behind it.
	stopBackM = 1.0
)

// signal guards one direction of a road.
type signal struct {
	road  *road
	route *route  // the direction that it guards
	line  float64 // s of the stop line in that direction
	// green from greenFrom to greenUntil, in seconds; amber follows for amberS.
	greenFrom, greenUntil float64
}

func (g *signal) phase(t float64) Phase {
	switch {
	case t < g.greenFrom || t >= g.greenUntil+amberS:
		return Red
	case t < g.greenUntil:
		return Green
	}
	return Amber
}

// redFor is how long the light stays red from t on, 0 when it is not.
func (g *signal) redFor(t float64) float64 {
	switch {
	case g.phase(t) != Red:
		return 0
	case t < g.greenFrom:
		return g.greenFrom - t
	}
	return math.Inf(1)
}

// addLights puts up signals and crossings. The phases serve the ego's manoeuvre: a red light that turns green for a stop, a green
// light of its own for a turn, else green.
func (l *layout) addLights(src *chance.Source) {
	never, ever := math.Inf(1), math.Inf(-1)
	// The light that the ego waits for turns green when it has stood for a while.
	opens := math.Max(0.6*l.duration.Seconds(), 4+math.Max(l.spec.Ego.StartMps, 3)/1.2)
	m := l.spec.Ego.Manoeuvre
	if l.cross != nil {
		for _, r := range l.roads() {
			for _, back := range []bool{false, true} {
				g := &signal{road: r, route: r.ahead, greenFrom: never, greenUntil: never}
				at := r.gapAt
				if back {
					g.route, at = r.back, -at
				}
				g.line = at - r.gap - 1 - zebraM - stopBackM
				switch {
				case m == Stop && r == l.main:
					g.greenFrom = opens
				case m == Stop:
					g.greenFrom, g.greenUntil = ever, opens-amberS-allRedS
				case r == l.main && (l.turn == nil || !back):
					g.greenFrom = ever
				}
				l.signals = append(l.signals, g)
				s := g.line + stopBackM + zebraM/2
				if back {
					s = -s
				}
				l.zebras = append(l.zebras, zebra{r, s, g})
			}
		}
		return
	}
	if m == Stop {
		s := l.brakeM() + stopBackM + zebraM/2
		ahead := &signal{road: l.main, route: l.main.ahead, line: s - zebraM/2 - stopBackM, greenFrom: opens, greenUntil: never}
		back := &signal{road: l.main, route: l.main.back, line: -s - zebraM/2 - stopBackM, greenFrom: opens, greenUntil: never}
		l.signals = append(l.signals, ahead, back)
		l.zebras = append(l.zebras, zebra{l.main, s, ahead})
		return
	}
	if l.spec.Map.Kind != Highway && l.spec.Traffic.CrossingPerMin > 0 {
		l.zebras = append(l.zebras, zebra{road: l.main, s: 30 + src.Between(0, 0.7)*l.egoFar})
	}
}
