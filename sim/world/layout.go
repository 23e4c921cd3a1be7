package world

import (
	"math"
	"time"

	"github.com/fusiond/fusiond/sim/chance"
)

const (
	viewM    = 150 // the map reaches this far from the ego's way
	armM     = 120 // and this far along the arms of a junction that it does not take
	cornerM  = 6   // radius of kerbs at a junction
	zebraM   = 3.6 // width of a crossing for pedestrians
	approach = 1.6 // m/s²: how gently the layout expects the ego to brake
)

// road is a stretch of road with both directions.
type road struct {
	section
	name       string
	ahead      *route // the centre line with rising s
	back       *route // the same driven the other way
	begin, end float64
	// gapAt and gap cut kerbs, pavements and what stands beside: around a junction, |s - gapAt| < gap. gap is 0 without one.
	gapAt, gap float64
}

// zebra is a crossing for pedestrians over a road at s of its line ahead.
type zebra struct {
	road *road
	s    float64
	// signal is the approach whose lights guard it, or nil.
	signal *signal
}

// layout is the map before it has any shape: lines, cross-sections and where things are.
type layout struct {
	spec     Spec
	key      chance.Key
	duration time.Duration
	land     land

	main, cross *road // cross is nil without a junction
	ego         *route
	egoD        float64 // the ego's lane, as an offset of its route
	egoFar      float64 // how far it drives at most
	zebras      []zebra
	signals     []*signal
	site        *site // nil without road works
	turn        *turn // of the ego; nil when it goes straight on
}

// roads lists the roads.
func (l *layout) roads() []*road {
	if l.cross == nil {
		return []*road{l.main}
	}
	return []*road{l.main, l.cross}
}

func newLayout(seed uint64, spec *Spec, duration time.Duration) *layout {
	l := &layout{spec: *spec, key: chance.Of(seed, "world"), duration: duration}
	src := l.key.With("layout").Source()
	start, target := spec.Ego.StartMps, spec.Ego.TargetMps
	l.egoFar = math.Max(start, target)*(duration.Seconds()+1) + 10
	l.land = newLand(src, spec.Map.SlopePercent/100)

	sec := sectionOf(&spec.Map, spec.Traffic.RidersPerKm > 0)
	end := l.egoFar + viewM
	junction := 0.0
	if spec.Map.Kind == Junction {
		junction = l.junctionAt(src, &sec)
		if m := spec.Ego.Manoeuvre; m == TurnLeft || m == TurnRight {
			end = junction + armM
		}
	}
	// Traffic lives beyond the map too, so that it can drive into it.
	beyond := 1.3*spec.Traffic.SpeedMps*(duration.Seconds()+warmUpS) + 60
	line := newRoute(-viewM-beyond, end+beyond, 0, 0, 0, 0, bend(src, &spec.Map))
	l.main = &road{section: sec, name: "main", ahead: line, back: line.reversed(), begin: -viewM, end: end}
	lane := l.egoLane()
	l.ego, l.egoD = line, sec.laneCentre(lane)
	if spec.Map.Kind == Junction {
		l.addCross(src, junction, beyond)
	}
	l.addLights(src)
	l.addSite(src)
	return l
}

// egoLane is the lane in which the ego starts, 0 the innermost.
func (l *layout) egoLane() int {
	m := &l.spec.Map
	switch l.spec.Ego.Manoeuvre {
	case TurnLeft:
		return 0
	case TurnRight, LaneChange, Overtake:
		if m.Kind == Construction {
			return m.Lanes - 2
		}
		return m.Lanes - 1
	case Follow, Stop:
	}
	if m.Kind == Construction && m.Lanes > 1 {
		return m.Lanes - 2
	}
	return m.Lanes / 2
}

// junctionAt is the s of the junction's middle: near enough to be reached, far enough to brake for.
func (l *layout) junctionAt(src *chance.Source, sec *section) float64 {
	box := sec.kerb + cornerM + 2*zebraM
	switch l.spec.Ego.Manoeuvre {
	case Stop, TurnLeft, TurnRight:
		return l.brakeM() + box
	case Follow, LaneChange, Overtake:
	}
	return box + 15 + src.Between(0.2, 0.7)*l.egoFar
}

// brakeM is how far ahead of the ego's start it must be able to stop.
func (l *layout) brakeM() float64 {
	v := math.Max(l.spec.Ego.StartMps, 3)
	return math.Max(18, 1.2*v+v*v/(2*approach)+8)
}

// bend is the curvature of a kind of road.
func bend(src *chance.Source, m *Map) func(s float64) float64 {
	side := 1.0
	if src.Chance(0.5) {
		side = -1
	}
	begin, radius, angle, ramp := src.Between(15, 50), src.Between(70, 150), src.Between(0.6, 1.3), 25.0
	switch m.Kind {
	case Junction:
		return func(float64) float64 { return 0 }
	case Highway:
		begin, radius, angle, ramp = src.Between(-100, 50), src.Between(700, 1500), src.Between(0.1, 0.4), 80
	case Street, Avenue, Suburb, Construction:
		if src.Chance(0.6) {
			return func(float64) float64 { return 0 }
		}
		begin, radius, angle = src.Between(-50, 60), src.Between(300, 700), src.Between(0.05, 0.35)
	case Curve:
	}
	length := math.Max(angle*radius-ramp, 1)
	return func(s float64) float64 {
		u := s - begin
		switch {
		case u <= 0 || u >= length+2*ramp:
			return 0
		case u < ramp:
			return side / radius * u / ramp
		case u > length+ramp:
			return side / radius * (length + 2*ramp - u) / ramp
		}
		return side / radius
	}
}

// addCross lays the other road of a junction, square to the main one, and the ego's way through it.
func (l *layout) addCross(src *chance.Source, junction, beyond float64) {
	park := 0.0
	if l.spec.Map.Parked > 0 && src.Chance(0.6) {
		park = 2.3
	}
	sec := newSection(0, 1, l.spec.Map.LaneWidthM, 0, park, cornerM)
	p := l.main.ahead.at(junction)
	far := math.Max(armM, l.egoFar-junction+viewM)
	from, to := -float64(armM), float64(armM)
	switch l.spec.Ego.Manoeuvre {
	case TurnLeft:
		to = far
	case TurnRight:
		from = -far
	case Follow, Stop, LaneChange, Overtake:
	}
	line := newRoute(from-beyond, to+beyond, 0, p.x, p.y, p.heading+math.Pi/2, func(float64) float64 { return 0 })
	l.cross = &road{section: sec, name: "cross", ahead: line, back: line.reversed(), begin: from, end: to, gap: l.main.kerb + cornerM}
	l.main.gapAt, l.main.gap = junction, sec.kerb+cornerM
	switch l.spec.Ego.Manoeuvre {
	case TurnLeft:
		l.turn = newTurn(l.main, l.cross, l.egoD, true)
	case TurnRight:
		l.turn = newTurn(l.main, l.cross, l.egoD, false)
	case Follow, Stop, LaneChange, Overtake:
		return
	}
	l.ego, l.egoD = l.turn.route, 0
}

// inGap tells whether s lies in the junction, or nearer to it than margin.
func (r *road) inGap(s, margin float64) bool { return r.gap > 0 && math.Abs(s-r.gapAt) < r.gap+margin }
