package world

import (
	"math"

	"github.com/fusiond/fusiond/sim/body"
	"github.com/fusiond/fusiond/sim/chance"
)

// stock-still actors: parked vehicles, people who stand, cones, barriers and machines.
type scenery struct {
	l      *layout
	bodies *palette
	src    *chance.Source
	taken  plots
	actors []Actor
}

// put places a body on the ground if its place is free, with room to spare all around.
func (c *scenery) put(b *body.Body, class string, x, y, yaw, room float64) bool {
	if !c.taken.add(newBox2(x, y, yaw, float64(b.Size[0])+2*room, float64(b.Size[1])+2*room)) {
		return false
	}
	sin, cos := math.Sincos(yaw)
	half, side := 0.35*float64(b.Size[0]), 0.4*float64(b.Size[1])
	at := func(u, v float64) float64 { return c.l.height2(x+u*cos-v*sin, y+u*sin+v*cos) }
	z := at(0, 0)
	p := place{x: x, y: y, yaw: yaw}
	if class != Pedestrian && class != TrafficCone && class != Bicycle && class != Motorcycle {
		front, back, left, right := at(half, 0), at(-half, 0), at(0, side), at(0, -side)
		p.pitch, p.roll = -math.Atan((front-back)/(2*half)), math.Atan((left-right)/(2*side))
		z = (front + back + left + right) / 4
	}
	p.z = z + float64(b.Size[2])/2
	c.actors = append(c.actors, Actor{Category: class, Body: b, track: still(p), parked: true, rider: b.Rider, present: [2]float64{math.Inf(-1), math.Inf(1)}})
	return true
}

// parkedClasses are what stands in parking places.
func (c *scenery) parkedClass() string {
	heavy := c.l.spec.Traffic.Heavy
	switch u := c.src.Float64(); {
	case u < 0.09*heavy:
		return Truck
	case u < 0.09*heavy+0.025:
		return Motorcycle
	case u < 0.105*heavy+0.025:
		return Trailer
	}
	return Car
}

// parked fills the parking places at both edges of the roads: small gaps, nobody parks quite straight.
func (c *scenery) parked() {
	l := c.l
	for _, r := range l.roads() {
		if r.park == 0 {
			continue
		}
		for _, side := range []float64{-1, 1} {
			for s := r.begin + c.src.Between(0, 5); s < r.end-5; {
				class := c.parkedClass()
				b := c.bodies.pick(c.src, class, false)
				length := float64(b.Size[0])
				at := s + length/2
				taken := c.src.Chance(l.spec.Map.Parked) && float64(b.Size[1]) < r.park-0.1
				s += length + 0.35 + c.src.Exp()*0.5
				if !taken || r.inGap(at, length/2+6) || c.nearZebra(r, at, length/2+2.5) || side < 0 && r == l.main && l.site.closes(at-length/2, at+length/2) {
					continue
				}
				p := r.ahead.at(at)
				// The near wheels stand a hand from the kerb.
				d := r.kerb - 0.18 - float64(b.Size[1])/2 + 0.08*c.src.Norm()
				d = math.Min(d, r.kerb-0.1-float64(b.Size[1])/2)
				yaw := p.heading + math.Max(-0.06, math.Min(0.06, 0.018*c.src.Norm()))
				if side > 0 {
					yaw += math.Pi
				}
				if class == Car && c.src.Chance(0.04) {
					yaw += math.Pi
				}
				x, y := p.offset(side * d)
				c.put(b, class, x, y, yaw, 0.1)
			}
		}
	}
}

// nearZebra tells whether a crossing of the road lies within margin of s.
func (c *scenery) nearZebra(r *road, s, margin float64) bool {
	for i := range c.l.zebras {
		if z := &c.l.zebras[i]; z.road == r && math.Abs(z.s-s) < zebraM/2+margin {
			return true
		}
	}
	return false
}

// pavements get people who stand before the houses, alone and in groups, and bicycles at the kerb.
func (c *scenery) pavements() {
	l := c.l
	if l.spec.Map.Kind == Highway {
		return
	}
	for _, r := range l.roads() {
		for _, side := range []float64{-1, 1} {
			for _, span := range r.spans() {
				if per := l.spec.Traffic.PedestriansPer100M; per > 0 {
					mean := 100 / (0.25 * per / 1.6)
					for s := span[0] + c.src.Exp()*mean; s < span[1]-3; s += 4 + c.src.Exp()*mean {
						c.group(r, s, side)
					}
				}
				for s := span[0] + c.src.Exp()*60; s < span[1]-3; s += 3 + c.src.Exp()*90 {
					if c.nearZebra(r, s, 2) {
						continue
					}
					p := r.ahead.at(s)
					x, y := p.offset(side * (r.kerb + 0.65))
					class := Bicycle
					if c.src.Chance(0.1) {
						class = Motorcycle
					}
					yaw := p.heading + 0.1*c.src.Norm()
					if c.src.Chance(0.5) {
						yaw += math.Pi
					}
					c.put(c.bodies.pick(c.src, class, false), class, x, y, yaw, 0.03)
				}
			}
		}
	}
}

// standM is how far from the pavement's end people stand.
const standM = 0.2

func (c *scenery) group(r *road, s, side float64) {
	all := r.tracks()
	if r.outer()-standM-all[len(all)-1] < 0.8 {
		return // no room beside those who walk
	}
	n := 1
	if c.src.Chance(0.35) {
		n = 2 + c.src.IntN(2)
	}
	for k := range n {
		at := s + 0.85*float64(k)
		if c.nearZebra(r, at, 2) {
			continue
		}
		p := r.ahead.at(at)
		x, y := p.offset(side * (r.outer() - standM))
		// They look at the street, or at each other.
		yaw := p.heading - side*math.Pi/2 + 0.5*c.src.Norm()
		c.put(c.bodies.pick(c.src, Pedestrian, false), Pedestrian, x, y, yaw, 0.02)
	}
}

// works furnishes the site: cones along the taper, barriers or cones along the traffic, machines, and people at work.
func (c *scenery) works() {
	l, w := c.l, c.l.site
	if w == nil {
		return
	}
	r := l.main
	at := func(s, d float64) (x, y, yaw float64) {
		p := r.ahead.at(s)
		x, y = p.offset(-d)
		return x, y, p.heading
	}
	for s := w.begin - w.taper; s < w.begin; s += 2 {
		x, y, yaw := at(s, w.innerAt(s)+0.25)
		c.put(c.bodies.pick(c.src, TrafficCone, false), TrafficCone, x, y, yaw+c.src.Between(-1, 1), 0)
	}
	barriers := c.src.Chance(0.65)
	for s := w.begin + 1.5; s < w.end; {
		b := c.bodies.pick(c.src, TrafficCone, false)
		class, step := TrafficCone, 4.0
		if barriers {
			b = c.bodies.pick(c.src, Barrier, false)
			class, step = Barrier, float64(b.Size[1])+0.25+c.src.Exp()*0.3
		}
		x, y, yaw := at(s, w.inner+0.35)
		// A barrier's long side is its width: it stands across its heading.
		c.put(b, class, x, y, yaw-math.Pi/2+0.04*c.src.Norm(), 0)
		s += step
	}
	width := w.outer - w.inner
	for s := w.begin + 5; s < w.end-5; s += 7 + c.src.Exp()*6 {
		if b := c.bodies.pick(c.src, Machine, false); float64(b.Size[1]) < width-1 && c.src.Chance(math.Min(0.5*c.l.spec.Traffic.Heavy, 1)) {
			x, y, yaw := at(s, w.inner+0.75+(width-0.75)/2)
			c.put(b, Machine, x, y, yaw+0.05*c.src.Norm(), 0.1)
			continue
		}
		if width < 1.6 {
			continue
		}
		x, y, yaw := at(s, c.src.Between(w.inner+1.1, w.outer-0.4))
		c.put(c.bodies.pick(c.src, Pedestrian, false), Pedestrian, x, y, yaw+c.src.Between(-3, 3), 0.02)
	}
}
