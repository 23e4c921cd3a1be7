package world

import (
	"math"

	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// paintM lifts markings over the asphalt; patches lie a little lower.
const (
	paintM = 0.004
	patchM = 0.0025
	lineM  = 0.13
)

// lay draws a flat thing on the road between s0..s1 and d0..d1, in pieces that follow the road's mesh.
func (l *layout) lay(m *geom.Mesh, r *road, s0, s1, d0, d1, lift float64, id material.ID) {
	d0, d1 = math.Max(d0, d1), math.Min(d0, d1)
	if d0 > 0.1 && d1 < -0.1 { // over the crown
		l.lay(m, r, s0, s1, d0, 0, lift, id)
		d0 = 0
	}
	for s := s0; s < s1-0.01; {
		next := math.Min(s1, r.begin+meshStepM*(math.Floor((s-r.begin)/meshStepM+1e-6)+1))
		at := func(s, d float64) geom.Vec {
			p := r.ahead.at(s)
			x, y := p.offset(d)
			return geom.Vec{float32(x), float32(y), float32(l.land.at(x, y) + r.profile(d, r.crownShare(s)) + lift)}
		}
		m.Quad(at(s, d0), at(s, d1), at(next, d1), at(next, d0), id)
		s = next
	}
}

// line draws a marking along the road, dash of every period metres (0 = solid), outside of the junction.
func (l *layout) line(m *geom.Mesh, r *road, d, width, dash, period float64, id material.ID) {
	for _, span := range r.spans() {
		if period == 0 {
			l.lay(m, r, span[0], span[1], d-width/2, d+width/2, paintM, id)
			continue
		}
		for s := span[0] + 1; s+dash < span[1]; s += period {
			l.lay(m, r, s, s+dash, d-width/2, d+width/2, paintM, id)
		}
	}
}

// paint draws the markings, and what else makes asphalt worn: patches and manholes.
func (l *layout) paint(m *geom.Mesh, src *chance.Source) {
	centre := material.PaintLine
	if l.spec.Map.Kind != Highway && src.Chance(0.3) {
		centre = material.PaintLineYellow
	}
	for _, r := range l.roads() {
		dash, period := 3.0, 9.0
		if l.spec.Map.Kind == Highway {
			dash, period = 6, 18
		}
		switch {
		case r.median > 1:
			l.line(m, r, r.median, 0.15, 0, 0, material.PaintLine)
			l.line(m, r, -r.median, 0.15, 0, 0, material.PaintLine)
		case r.median > 0:
			l.line(m, r, 0.15, lineM, 0, 0, centre)
			l.line(m, r, -0.15, lineM, 0, 0, centre)
		default:
			l.line(m, r, 0, lineM, dash, period, centre)
		}
		for _, side := range []float64{-1, 1} {
			for i := 1; i < r.lanes; i++ {
				l.line(m, r, side*(r.median+float64(i)*r.lane), lineM, dash, period, material.PaintLine)
			}
			if r.strip > 0 {
				l.line(m, r, side*r.edge(), lineM, 0, 0, material.PaintLine)
			}
			if r.park > 0 {
				l.line(m, r, side*(r.edge()+r.strip), 0.1, 1.2, 2.4, material.PaintLine)
			}
		}
		for s := r.begin + src.Exp()*12; s < r.end-6; s += 4 + src.Exp()*14 {
			d := src.Between(-0.85, 0.85) * r.edge()
			if src.Chance(0.3) {
				l.lay(m, r, s, s+0.62, d-0.31, d+0.31, patchM+0.0005, material.Manhole)
			} else {
				l.lay(m, r, s, s+src.Between(0.8, 6), d-src.Between(0.3, 0.9), d+src.Between(0.2, 0.9), patchM, material.AsphaltPatch)
			}
		}
	}
	for i := range l.zebras {
		z := &l.zebras[i]
		for d := 0.5 - z.road.kerb; d < z.road.kerb-0.5; d += 1.1 {
			l.lay(m, z.road, z.s-zebraM/2, z.s+zebraM/2, d, d+0.5, paintM+0.001, material.PaintLine)
		}
	}
	for _, g := range l.signals {
		s, d0, d1 := g.line, -g.road.median, -g.road.edge()
		if g.route == g.road.back {
			s, d0, d1 = -g.line-0.4, g.road.median, g.road.edge()
		}
		l.lay(m, g.road, s, s+0.4, d0, d1, paintM+0.001, material.PaintLine)
	}
}
