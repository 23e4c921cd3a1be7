package world

import (
	"math"

	"github.com/fusiond/fusiond/sim/body"
	"github.com/fusiond/fusiond/sim/chance"
)

// The ego's body: a compact car whose rear axle is egoRearM before its rear end.
const (
	EgoLengthM = 4.3
	EgoWidthM  = 1.8
	EgoHeightM = 1.55
	egoRearM   = 0.85
)

// cast makes the movers: the ego first, then everyone in the order of roads, directions and lanes.
type cast struct {
	l      *layout
	bodies *palette
	src    *chance.Source
	movers []*mover
	passed *mover // whom the ego overtakes
}

func (c *cast) all() {
	c.ego()
	for _, r := range c.l.roads() {
		for _, back := range []bool{false, true} {
			for lane := range r.lanes {
				c.lane(r, back, lane)
			}
			if r.strip > 0 && c.l.spec.Traffic.RidersPerKm > 0 {
				c.riders(r, back)
			}
		}
	}
	if c.l.spec.Map.Kind != Highway {
		c.walkers()
		c.crossers()
	}
}

func (c *cast) ego() {
	l, e := c.l, &c.l.spec.Ego
	m := &mover{
		role: driver, length: EgoLengthM, width: EgoWidthM, height: EgoHeightM, toCentre: EgoLengthM/2 - egoRearM,
		route: l.ego, lane: l.egoLane(), shift: shift{d1: l.egoD}, s: -e.StartMps * (marginS + warmUpS), v: e.StartMps, wish: e.TargetMps,
		stopAt: math.Inf(1), manner: manner{headway: 1.3, accel: 1.6, brake: 1.8, gap: 2.5, side: 2.2},
	}
	if l.turn == nil {
		m.road = l.main
	} else {
		m.lane = -1
	}
	c.light(m, l.main.ahead)
	c.movers = append(c.movers, m)
}

// light finds the signal of a direction, if its line is still ahead.
func (c *cast) light(m *mover, direction *route) {
	for _, g := range c.l.signals {
		if g.route == direction && m.front() < g.line {
			m.signal = g
		}
	}
}

// vehicles are the classes of ordinary moving traffic with their shares; the rest are cars.
var vehicles = []struct {
	class string
	share float64
	heavy bool
}{{Truck, 0.13, true}, {Bus, 0.06, true}, {Motorcycle, 0.05, false}, {Trailer, 0.04, true}}

// machineShare of the traffic is construction vehicles on their way, for each unit of heavy traffic above the ordinary.
const machineShare = 0.03

func (c *cast) class() string {
	u := c.src.Float64()
	for _, v := range vehicles {
		share := v.share
		if v.heavy {
			share *= c.l.spec.Traffic.Heavy
		}
		if u < share {
			return v.class
		}
		u -= share
	}
	if u < machineShare*(c.l.spec.Traffic.Heavy-1) {
		return Machine
	}
	return Car
}

// vehicle makes a driver with a body, without a place.
func (c *cast) vehicle(class string) *mover {
	t := &c.l.spec.Traffic
	b := c.bodies.pick(c.src, class, true)
	m := newMover(driver, b, class)
	spread := 1 + t.SpeedSpread*c.src.Norm()
	switch class {
	case Truck, Bus:
		spread -= 0.08
	case Machine:
		spread -= 0.35
	}
	m.wish = t.SpeedMps * math.Max(0.6, math.Min(1.35, spread))
	m.manner = manner{c.src.Between(1, 1.6), c.src.Between(1.2, 2), c.src.Between(1.6, 2.4), c.src.Between(1.8, 3), c.src.Between(1.8, 2.8)}
	return m
}

func newMover(r role, b *body.Body, class string) *mover {
	m := &mover{
		role: r, body: b, category: class, length: float64(b.Size[0]), width: float64(b.Size[1]), height: float64(b.Size[2]),
		stopAt: math.Inf(1),
	}
	if r != walker && r != crosser {
		m.toCentre = 0.28 * m.length // half the wheelbase
	}
	return m
}

// lane fills one lane of one direction with traffic, upstream of the map too.
func (c *cast) lane(r *road, back bool, lane int) {
	l := c.l
	route, sign := r.ahead, 1.0
	if back {
		route, sign = r.back, -1
	}
	if r == l.main && !back && l.site != nil && l.site.lane == lane || l.spec.Traffic.VehiclesPerKm == 0 {
		return
	}
	end := math.Max(sign*r.begin, sign*r.end)
	mean := 1000 / l.spec.Traffic.VehiclesPerKm
	own := r == l.main && !back
	if own && l.spec.Ego.Manoeuvre == Overtake && lane == l.egoLane() {
		c.slow(r, lane)
	}
	for s := route.begin + c.src.Exp()*mean/2; s < end; {
		class := c.class()
		pull := class == Trailer
		if pull {
			class = Truck
		}
		m := c.vehicle(class)
		if m.width+0.3 > r.lane {
			m, pull = c.vehicle(Car), false
		}
		m.route, m.road, m.lane, m.shift = route, r, lane, shift{d1: r.laneCentre(lane)}
		m.s, m.v = s, m.wish
		var t *mover
		if pull {
			t = newMover(trailer, c.bodies.pick(c.src, Trailer, true), Trailer)
			m.s += t.length + hitchM
		}
		room := m.manner.gap + 1.1*m.wish
		s = m.front() + room + c.src.Exp()*math.Max(1, mean-room-m.length)
		c.light(m, route)
		if !c.placed(m, r, back, own, t) {
			continue
		}
		if g := m.signal; g != nil && r == l.main && l.cross != nil && t == nil && class != Bus &&
			lane == r.lanes-1 && g.greenFrom < 0 && g.greenUntil > 60 && m.front() < g.line-5 && c.src.Chance(0.3) {
			c.right(m, back)
		}
		m.v = math.Min(m.v, m.curveSpeed())
		c.movers = append(c.movers, m)
		if t != nil {
			t.tow, t.wish = m, m.wish
			t.toCentre = 0.15 * t.length
			t.behind = m.length/2 - m.toCentre + hitchM + t.length/2 + t.toCentre
			t.route, t.road, t.lane, t.shift, t.s, t.v = m.route, m.road, m.lane, m.shift, m.s-t.behind, m.v
			c.movers = append(c.movers, t)
		}
	}
}

// hitchM is between a truck and its trailer: wide enough that their corners keep apart in bends.
const hitchM = 1.0

// right sends a driver of the main road around the corner to the right.
func (c *cast) right(m *mover, back bool) {
	from, to := *c.l.main, *c.l.cross
	if back { // everything turned by half a turn
		from.ahead, from.back, from.gapAt = from.back, from.ahead, -from.gapAt
		to.ahead, to.back = to.back, to.ahead
	}
	m.route, m.road, m.lane, m.shift = newTurn(&from, &to, m.shift.d1, false).route, nil, -1, shift{}
}

// placed tells whether a new driver stands where it may, and slows it down for a red light.
func (c *cast) placed(m *mover, r *road, back, own bool, t *mover) bool {
	l, e := c.l, &c.l.spec.Ego
	rear := m.rear()
	if t != nil {
		rear -= t.length + hitchM
	}
	if r.gap > 0 {
		at := r.gapAt
		if back {
			at = -at
		}
		if m.front() > at-r.gap-zebraM-4 && rear < at+r.gap+zebraM {
			return false
		}
	}
	for _, z := range l.zebras {
		s := z.s
		if back {
			s = -s
		}
		if z.road == r && m.front() > s-zebraM && rear < s+zebraM {
			return false
		}
	}
	if g := m.signal; g != nil && g.phase(-marginS-warmUpS) == Red {
		m.v = math.Min(m.v, math.Sqrt(2*1.2*math.Max(0, g.line-m.front()-1)))
	}
	if !own {
		return true
	}
	ego := c.movers[0]
	drift := math.Max(0, e.StartMps-l.spec.Traffic.SpeedMps*0.8) * (marginS + warmUpS)
	free := func(lane int, behind, ahead float64) bool {
		return m.lane != lane || m.front() < ego.rear()-behind || rear > ego.front()+ahead
	}
	lane := l.egoLane()
	ok := free(lane, 6+1.2*m.wish+math.Max(0, m.wish-e.StartMps)*4, 8+1.8*e.StartMps+drift)
	closing := math.Max(0, m.wish-e.StartMps) * 10 // what comes from behind while the ego gets ready
	switch e.Manoeuvre {
	case LaneChange:
		ok = ok && free(lane-1, 30+1.5*m.wish+closing, 30+2*e.StartMps+drift)
	case Overtake:
		ok = ok && free(lane-1, 40+1.5*m.wish+closing, 150) && free(lane, 20, 180)
	case Follow, Stop, TurnLeft, TurnRight:
	}
	return ok
}

// slow puts the vehicle that the ego overtakes into its lane.
func (c *cast) slow(r *road, lane int) {
	ego := c.movers[0]
	m := c.vehicle(pick(c.src, []string{Car, Truck, Truck, Bus}))
	m.route, m.road, m.lane, m.shift = r.ahead, r, lane, shift{d1: r.laneCentre(lane)}
	m.wish = 0.5 * math.Max(c.l.spec.Ego.StartMps, c.l.spec.Ego.TargetMps)
	m.v = m.wish
	lead := math.Max(0, c.l.spec.Ego.StartMps-m.wish) * (marginS + warmUpS)
	m.s = ego.front() + 15 + 2.2*c.l.spec.Ego.StartMps + lead + m.length
	c.passed = m
	c.light(m, r.ahead)
	c.movers = append(c.movers, m)
}

// riders fill a strip with bicycles.
func (c *cast) riders(r *road, back bool) {
	l := c.l
	route, sign := r.ahead, 1.0
	if back {
		route, sign = r.back, -1
	}
	if !back && l.site != nil && l.site.inner < r.edge()+r.strip {
		return // the site takes the strip away
	}
	end, mean := math.Max(sign*r.begin, sign*r.end), 1000/l.spec.Traffic.RidersPerKm
	begin := math.Min(sign*r.begin, sign*r.end) - 40
	for s := begin + c.src.Exp()*mean; s < end; s += 6 + c.src.Exp()*math.Max(1, mean-6) {
		m := newMover(rider, c.bodies.pick(c.src, Bicycle, true), Bicycle)
		m.route, m.road, m.shift = route, r, shift{d1: r.stripCentre() + c.src.Between(-0.15, 0.15)}
		m.s, m.wish = s, c.src.Between(3.5, 6.5)
		m.v = m.wish
		m.manner = manner{1, 1, 1.5, 1.2, 2}
		c.light(m, route)
		if c.placed(m, r, back, false, nil) {
			c.movers = append(c.movers, m)
		}
	}
}
