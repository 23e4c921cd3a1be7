package world

import "math"

// stepM is the distance between a route's nodes.
const stepM = 0.5

// node of a route.
type node struct {
	x, y, heading, curvature float64
	cos, sin                 float64 // of heading
}

// route is a smooth line in the plane by arc length: the centre line of a road in one direction, or a way through a junction. Its
// s may begin below zero. Curvature is continuous and linear between nodes.
type route struct {
	begin float64 // s of the first node
	nodes []node
	bends bool // enough for drivers to slow down
}

// bendsFrom is the curvature from which a driver at 30 m/s slows down.
const bendsFrom = 1. / 600

// point of a route; left is +90 degrees from the heading.
type point struct{ x, y, heading, curvature, cos, sin float64 }

// end is the s of the last node.
func (r *route) end() float64 { return r.begin + stepM*float64(len(r.nodes)-1) }

// newRoute integrates a curvature over s in [begin, end] so that it passes through x, y with a heading at s = anchor.
func newRoute(begin, end, anchor, x, y, heading float64, curvature func(s float64) float64) *route {
	n := int(math.Ceil((end-begin)/stepM)) + 1
	r := &route{begin: begin, nodes: make([]node, n)}
	at := int(math.Round((anchor - begin) / stepM))
	r.begin = anchor - float64(at)*stepM
	for i := range r.nodes {
		r.nodes[i].curvature = curvature(r.begin + float64(i)*stepM)
	}
	r.nodes[at].x, r.nodes[at].y, r.nodes[at].heading = x, y, heading
	for i := at + 1; i < n; i++ {
		r.nodes[i].follow(&r.nodes[i-1], stepM)
	}
	for i := at - 1; i >= 0; i-- {
		r.nodes[i].follow(&r.nodes[i+1], -stepM)
	}
	for i := range r.nodes {
		r.nodes[i].sin, r.nodes[i].cos = math.Sincos(r.nodes[i].heading)
		r.bends = r.bends || math.Abs(r.nodes[i].curvature) > bendsFrom
	}
	return r
}

// follow puts b a step behind a. Curvature is linear between them, so the heading is exact; the position is by Simpson's rule.
func (b *node) follow(a *node, step float64) {
	middle := a.heading + step*(3*a.curvature+b.curvature)/8
	b.heading = a.heading + step*(a.curvature+b.curvature)/2
	b.x = a.x + step*(math.Cos(a.heading)+4*math.Cos(middle)+math.Cos(b.heading))/6
	b.y = a.y + step*(math.Sin(a.heading)+4*math.Sin(middle)+math.Sin(b.heading))/6
}

// at returns the point at s; beyond the ends the route goes on straight. Between nodes: cubic Hermite.
func (r *route) at(s float64) point {
	u := (s - r.begin) / stepM
	last := len(r.nodes) - 1
	switch {
	case u <= 0:
		return r.nodes[0].straight(u * stepM)
	case u >= float64(last):
		return r.nodes[last].straight((u - float64(last)) * stepM)
	}
	i := int(u)
	u -= float64(i)
	a, b := &r.nodes[i], &r.nodes[i+1]
	h00, h10, h11 := (1+2*u)*(1-u)*(1-u), u*(1-u)*(1-u)*stepM, u*u*(u-1)*stepM
	h01 := 1 - h00
	p := point{
		x:         h00*a.x + h10*a.cos + h01*b.x + h11*b.cos,
		y:         h00*a.y + h10*a.sin + h01*b.y + h11*b.sin,
		heading:   a.heading + stepM*u*(a.curvature+u*(b.curvature-a.curvature)/2),
		curvature: a.curvature + u*(b.curvature-a.curvature),
	}
	p.sin, p.cos = math.Sincos(p.heading)
	return p
}

// straight goes on s metres along the heading.
func (b *node) straight(s float64) point {
	return point{x: b.x + s*b.cos, y: b.y + s*b.sin, heading: b.heading, cos: b.cos, sin: b.sin}
}

// offset returns the position d metres to the left of the point.
func (p *point) offset(d float64) (x, y float64) { return p.x - d*p.sin, p.y + d*p.cos }

// reversed is the same line driven the other way, with s counted from s' = -s.
func (r *route) reversed() *route {
	n := len(r.nodes)
	out := &route{begin: -r.end(), nodes: make([]node, n), bends: r.bends}
	for i, a := range r.nodes {
		a.heading += math.Pi
		a.curvature, a.cos, a.sin = -a.curvature, -a.cos, -a.sin
		out.nodes[n-1-i] = a
	}
	return out
}

// project returns s and d of a place, searching s in [from, to] coarsely and then finely. Where the line bends around the place the
// nearest of the coarse steps decides.
func (r *route) project(x, y, from, to float64) (s, d float64) {
	const coarse = 8 // nodes
	last := len(r.nodes) - 1
	lo := min(max(int((from-r.begin)/stepM), 0), last)
	hi := min(max(int(math.Ceil((to-r.begin)/stepM)), 0), last)
	best, at := math.Inf(1), lo
	for i := lo; ; i += coarse {
		i = min(i, hi)
		dx, dy := x-r.nodes[i].x, y-r.nodes[i].y
		if q := dx*dx + dy*dy; q < best {
			best, at = q, i
		}
		if i == hi {
			break
		}
	}
	s = r.begin + float64(at)*stepM
	// Newton's steps on the tangent: the line is almost straight over a coarse step.
	for range 4 {
		p := r.at(s)
		dx, dy := x-p.x, y-p.y
		along := dx*p.cos + dy*p.sin
		d = dy*p.cos - dx*p.sin
		scale := 1 - p.curvature*d
		if scale < 0.3 {
			scale = 0.3
		}
		s += along / scale
		if math.Abs(along) < 1e-4 {
			break
		}
	}
	return s, d
}
