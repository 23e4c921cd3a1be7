package world

import (
	"math"

	"github.com/fusiond/fusiond/sim/body"
)

// role says which rules a mover obeys.
type role uint8

const (
	driver  role = iota // follows its lane, lights and distances
	rider               // keeps to the strip beside the lanes
	walker              // keeps to its track of a pavement
	crosser             // waits at a crossing and walks over it
	trailer             // is drawn by another
)

// mover is one that moves along a route during the simulation. Its tracked point, at s, is the rear axle of a vehicle, which moves
// along its heading: the kinematic bicycle model on a given path.
type mover struct {
	role   role
	body   *body.Body // nil for the ego
	length float64
	width  float64
	height float64
	// toCentre is from the tracked point forward to the middle of the box.
	toCentre float64

	road  *road // where route is ahead or back of it; nil on a way through the junction
	route *route

	s, v, a float64
	wish    float64 // the speed that the driver wishes
	manner  manner
	shift   shift
	lane    int     // of a driver; -1 on a turn
	stopAt  float64 // s that the front does not pass, +Inf without one
	signal  *signal
	tow     *mover // what a trailer hangs on
	behind  float64
	zebra   *zebra  // of a crosser
	startAt float64 // s from which a crosser looks for its chance
	started bool
	ahead   *mover // of a walker: who walks before it on its track
	brake   bool

	// At this tick.
	now      place
	cos, sin float64
	d        float64
	ground   [3]float64 // height, pitch, roll
	groundAt float64    // s for which ground holds, NaN at first

	places  []place
	ways    []float32 // travelled
	braked  []bool
	present [2]float64 // first and last time on the map; the first is +Inf if never

	category string
	dropped  bool
}

// manner of driving: the parameters of the intelligent driver model (Treiber, Hennecke, Helbing 2000).
type manner struct {
	headway float64 // s
	accel   float64 // m/s²
	brake   float64 // comfortable, m/s²
	gap     float64 // at standstill, m
	side    float64 // m/s² in curves
}

// shift is a change of the offset from d0 to d1 over s0..s0+length, with a continuous curvature.
type shift struct{ s0, length, d0, d1 float64 }

// at returns d and its derivative by s.
func (h *shift) at(s float64) (d, slope float64) {
	if h.length == 0 {
		return h.d1, 0
	}
	u := math.Max(0, math.Min(1, (s-h.s0)/h.length))
	d = h.d0 + (h.d1-h.d0)*u*u*u*(10+u*(6*u-15))
	return d, (h.d1 - h.d0) * 30 * u * u * (1 - u) * (1 - u) / h.length
}

// changing tells whether the shift is under way at s.
func (h *shift) changing(s float64) bool { return h.length > 0 && s < h.s0+h.length }

// front and rear are the s of the box's ends.
func (m *mover) front() float64 { return m.s + m.toCentre + m.length/2 }
func (m *mover) rear() float64  { return m.s + m.toCentre - m.length/2 }

// advance moves by dt seconds: constant acceleration, never backwards.
func (m *mover) advance(dt float64) {
	if m.tow != nil {
		m.s, m.v, m.a, m.shift, m.brake = m.tow.s-m.behind, m.tow.v, m.tow.a, m.tow.shift, m.tow.brake
		return
	}
	way := m.v*dt + m.a*dt*dt/2
	v := m.v + m.a*dt
	if v <= 0 {
		way, v = 0, 0
		if m.a < 0 {
			way = m.v * m.v / (-2 * m.a)
			m.a = 0
		}
	}
	p := m.route.at(m.s)
	d, slope := m.shift.at(m.s)
	m.s += way / math.Hypot(1-p.curvature*d, slope)
	m.v = v
}

// locate brings now up to date.
func (m *mover) locate(l *layout) {
	p := m.route.at(m.s)
	d, slope := m.shift.at(m.s)
	x, y := p.offset(d)
	yaw := p.heading + math.Atan2(slope, 1-p.curvature*d)
	m.d = d
	m.sin, m.cos = math.Sincos(yaw)
	m.now.x, m.now.y, m.now.yaw = x+m.toCentre*m.cos, y+m.toCentre*m.sin, yaw
	if m.groundAt != m.s {
		m.stand(l, d)
		m.groundAt = m.s
	}
	m.now.z, m.now.pitch, m.now.roll = m.ground[0]+m.height/2, m.ground[1], m.ground[2]
}

// stand finds the ground under a vehicle's wheels, or under the feet of who walks.
func (m *mover) stand(l *layout, d float64) {
	switch m.role {
	case walker:
		m.ground = [3]float64{m.heightAt(l, m.s, d, m.now.x, m.now.y), 0, 0}
		return
	case crosser: // who steps off the kerb does not fall
		r := m.zebra.road
		c := math.Abs(m.s - waitM - r.kerb)
		u := math.Max(0, math.Min(1, (c-r.kerb+0.35)/0.7))
		u *= u * (3 - 2*u)
		z := l.land.at(m.now.x, m.now.y)
		m.ground = [3]float64{z + (1-u)*r.profile(math.Min(c, r.kerb), r.crownShare(m.zebra.s)) + u*r.height, 0, 0}
		return
	case driver, rider, trailer:
	}
	base, half := math.Max(1.5*m.toCentre, 0.5*m.length), 0.4*m.width
	at := func(along, left float64) float64 {
		x, y := m.now.x+(along-m.toCentre)*m.cos-left*m.sin, m.now.y+(along-m.toCentre)*m.sin+left*m.cos
		return m.heightAt(l, m.s+along, d+left, x, y)
	}
	front, left, right := at(base, 0), at(0, half), at(0, -half)
	rear := (left + right) / 2
	tilt := (front - rear) / base
	m.ground = [3]float64{rear + tilt*m.toCentre, -math.Atan(tilt), math.Atan((left - right) / (2 * half))}
}

func (m *mover) heightAt(l *layout, s, d, x, y float64) float64 {
	switch {
	case m.road == nil:
		return l.height2(x, y)
	case m.route == m.road.back:
		return l.height(m.road, -s, -d, x, y)
	}
	return l.height(m.road, s, d, x, y)
}

// onMap tells whether m is where the map is drawn.
func (m *mover) onMap(l *layout) bool {
	inside := func(r *road, s float64) bool { return s > r.begin+m.length && s < r.end-m.length }
	switch {
	case m.role == crosser:
		return true
	case m.road == nil: // a way through the junction, whose roads are straight
		p := l.main.ahead.at(l.main.gapAt)
		dx, dy := m.now.x-p.x, m.now.y-p.y
		return inside(l.main, l.main.gapAt+dx*p.cos+dy*p.sin) && inside(l.cross, dy*p.cos-dx*p.sin)
	case m.route == m.road.back:
		return inside(m.road, -m.s)
	}
	return inside(m.road, m.s)
}

// record stores this tick.
func (m *mover) record(l *layout, t float64) {
	if m.onMap(l) {
		m.present[0], m.present[1] = math.Min(m.present[0], t), t
	}
	m.places = append(m.places, m.now)
	m.ways = append(m.ways, float32(m.s))
	m.braked = append(m.braked, m.brake)
}
