package world

import (
	"math"
	"sort"
)

const (
	// trackM is between two tracks of a pavement, firstTrackM from the kerb to the first: poles and bins stand before it.
	trackM      = 0.85
	firstTrackM = 1.75
)

// tracks returns the distances from the centre line on which people walk; who stands, stands behind them.
func (r *road) tracks() []float64 {
	var out []float64
	for d := r.kerb + firstTrackM; d < r.outer()-1.1 || len(out) == 0; d += trackM {
		out = append(out, d)
	}
	return out
}

// walkers fill the tracks: all of one track walk the same way, so that they only have to mind who is ahead.
func (c *cast) walkers() {
	per := c.l.spec.Traffic.PedestriansPer100M
	if per == 0 {
		return
	}
	for _, r := range c.l.roads() {
		if r.walk == 0 {
			continue
		}
		all := r.tracks()
		for _, side := range []float64{-1, 1} {
			for k, d := range all {
				c.track(r, side*d, (k+c.src.IntN(2))%2 == 0, 100*float64(len(all))/(0.75*per))
			}
		}
	}
}

func (c *cast) track(r *road, d float64, back bool, mean float64) {
	for _, span := range r.spans() {
		route, from, to, off := r.ahead, span[0], span[1], d
		if back {
			route, from, to, off = r.back, -span[1], -span[0], -d
		}
		var line []*mover
		for s := from + 1 + c.src.Exp()*mean; s < to-2; s += 1.6 + c.src.Exp()*math.Max(0.1, mean-1.6) {
			m := newMover(walker, c.bodies.pick(c.src, Pedestrian, true), Pedestrian)
			m.route, m.road, m.shift = route, r, shift{d1: off}
			m.s, m.wish, m.stopAt = s, math.Max(0.7, 1.35+0.2*c.src.Norm()), to-0.5
			m.v = m.wish
			line = append(line, m)
		}
		sort.Slice(line, func(i, j int) bool { return line[i].s < line[j].s })
		for i, m := range line {
			if i+1 < len(line) {
				m.ahead = line[i+1]
			}
		}
		c.movers = append(c.movers, line...)
	}
}

// crossers wait at the crossings: each in a lane of its own, from either side.
func (c *cast) crossers() {
	l := c.l
	const slots = 4
	for i := range l.zebras {
		z := &l.zebras[i]
		n := c.src.Poisson(l.spec.Traffic.CrossingPerMin * (l.duration.Seconds() + 4) / 60)
		if z.signal != nil && l.spec.Traffic.PedestriansPer100M > 0 {
			n = c.src.IntN(slots)
		}
		first := c.src.IntN(slots)
		for k := range min(n, slots) {
			off := (float64((first+k)%slots)-1.5)*0.88 + z.s
			p := z.road.ahead.at(off)
			side := 1.0
			if c.src.Chance(0.5) {
				side = -1
			}
			x, y := p.offset(side * (z.road.kerb + waitM))
			m := newMover(crosser, c.bodies.pick(c.src, Pedestrian, true), Pedestrian)
			way := 2 * (z.road.kerb + waitM)
			m.route = newRoute(0, way, 0, x, y, p.heading-side*math.Pi/2, func(float64) float64 { return 0 })
			m.zebra, m.wish, m.stopAt = z, math.Max(0.9, 1.4+0.2*c.src.Norm()), way+m.length/2
			m.startAt = c.src.Between(-3, 0.7*l.duration.Seconds())
			c.movers = append(c.movers, m)
		}
	}
}
