package world

import (
	"math"

	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// box2 is a rectangle in the plane, turned by a yaw: what must not overlap.
type box2 struct {
	x, y, cos, sin float64
	hl, hw         float64 // half length and half width
}

func newBox2(x, y, yaw, length, width float64) box2 {
	sin, cos := math.Sincos(yaw)
	return box2{x, y, cos, sin, length / 2, width / 2}
}

// overlaps tests two rectangles by their four axes.
func (a *box2) overlaps(b *box2) bool {
	dx, dy := b.x-a.x, b.y-a.y
	reach := a.hl + a.hw + b.hl + b.hw
	if math.Abs(dx) > reach || math.Abs(dy) > reach {
		return false
	}
	c, s := math.Abs(a.cos*b.cos+a.sin*b.sin), math.Abs(a.cos*b.sin-a.sin*b.cos)
	return math.Abs(dx*a.cos+dy*a.sin) < a.hl+b.hl*c+b.hw*s &&
		math.Abs(dy*a.cos-dx*a.sin) < a.hw+b.hl*s+b.hw*c &&
		math.Abs(dx*b.cos+dy*b.sin) < b.hl+a.hl*c+a.hw*s &&
		math.Abs(dy*b.cos-dx*b.sin) < b.hw+a.hl*s+a.hw*c
}

// plots collects what is built, so that nothing is built into something else.
type plots struct{ boxes []box2 }

// add takes the place if it is free.
func (p *plots) add(b box2) bool {
	for i := range p.boxes {
		if p.boxes[i].overlaps(&b) {
			return false
		}
	}
	p.boxes = append(p.boxes, b)
	return true
}

// roadsideClear tells whether a rectangle keeps out of all roads and pavements, by margin.
func (l *layout) roadsideClear(b *box2, margin float64) bool {
	for _, r := range l.roads() {
		for _, c := range [][2]float64{{-1, -1}, {0, -1}, {1, -1}, {-1, 1}, {0, 1}, {1, 1}, {-1, 0}, {1, 0}} {
			x, y := b.x+c[0]*b.hl*b.cos-c[1]*b.hw*b.sin, b.y+c[0]*b.hl*b.sin+c[1]*b.hw*b.cos
			s, d := r.ahead.project(x, y, r.begin-40, r.end+40)
			if s > r.begin-40 && s < r.end+40 && math.Abs(d) < r.outer()+margin {
				return false
			}
		}
	}
	return true
}

// buildings lines the roads with houses.
func (l *layout) buildings(m *geom.Mesh, src *chance.Source, taken *plots) []Reflector {
	var mirrors []Reflector
	sh := &shaper{mesh: m, cos: 1}
	suburb := l.spec.Map.Kind == Suburb
	for _, r := range l.roads() {
		for _, side := range []float64{-1, 1} {
			for s := r.begin + src.Between(0, 8); s < r.end; {
				width, depth, setback, gap := src.Between(10, 24), src.Between(9, 14), 0.3, 0.0
				switch {
				case suburb:
					width, depth, setback, gap = src.Between(8, 13), src.Between(7, 10), src.Between(4, 8), src.Between(4, 9)
				case l.spec.Map.Kind == Highway:
					width, depth, setback, gap = src.Between(15, 40), src.Between(12, 25), src.Between(15, 40), src.Between(5, 40)
				case src.Chance(0.25):
					setback = src.Between(0.5, 3)
				}
				if src.Chance(0.12) {
					gap += src.Between(3, 9) // a yard or a passage
				}
				at := s + width/2
				s += width + gap
				if !src.Chance(l.spec.Map.Buildings) {
					continue
				}
				b := newBuilding(src, width-0.05, depth, l.spec.Map.BuildingHeightM, suburb || src.Chance(0.15))
				p := r.ahead.at(at)
				d := side * (r.outer() + setback)
				b.x, b.y = p.offset(d)
				b.yaw = p.heading
				if side < 0 {
					b.yaw += math.Pi
				}
				// The box of the plot: its middle lies half a depth behind the front.
				sin, cos := math.Sincos(b.yaw)
				plot := newBox2(b.x-sin*depth/2, b.y+cos*depth/2, b.yaw, b.width, depth+0.2)
				if !l.roadsideClear(&plot, 0.2) || !taken.add(plot) {
					continue
				}
				b.z = l.height2(b.x, b.y)
				b.draw(sh)
				mirrors = append(mirrors, Reflector{
					Actor: -1, At: vec3(b.x, b.y, b.z+b.height/2), Normal: vec3(sin, -cos, 0), Along: vec3(cos, sin, 0),
					HalfLength: b.width / 2, HalfHeight: b.height / 2, LossDB: float64(material.Get(b.wall).RadarLossDB),
				})
			}
		}
	}
	return mirrors
}

// backdrop puts plain blocks behind the first row, where gaps and side streets show them.
func (l *layout) backdrop(m *geom.Mesh, src *chance.Source, taken *plots) {
	sh := &shaper{mesh: m, cos: 1}
	for _, r := range l.roads() {
		for _, side := range []float64{-1, 1} {
			for s := r.begin; s < r.end; s += src.Between(12, 34) {
				width, depth := src.Between(10, 30), src.Between(9, 16)
				d := side * (r.outer() + depth + src.Between(18, 70))
				if !src.Chance(math.Min(0.75, l.spec.Map.Buildings)) {
					continue
				}
				p := r.ahead.at(s)
				x, y := p.offset(d)
				yaw := p.heading + 0.15*src.Norm()
				plot := newBox2(x, y, yaw, width, depth)
				if !l.roadsideClear(&plot, 2) || !taken.add(plot) {
					continue
				}
				h := math.Max(3, l.spec.Map.BuildingHeightM*math.Exp(0.35*src.Norm()))
				f := sh.frame(x, y, l.height2(x, y), yaw)
				f.box(-width/2, -depth/2, -1.5, width/2, depth/2, h, pick(src, blocks), noBottom|noTop)
				f.roofOver(src, width, depth, h)
			}
		}
	}
}

var blocks = []material.ID{
	material.FacadeCream, material.FacadeGrey, material.FacadeBrick, material.FacadeOffice, material.FacadeCream, material.FacadeGrey,
}

// roofOver closes a block: flat, or with a ridge along x.
func (b *shaper) roofOver(src *chance.Source, width, depth, h float64) {
	w, d := width/2, depth/2
	if src.Chance(0.5) || h > 15 {
		b.quad([3]float64{-w, -d, h}, [3]float64{w, -d, h}, [3]float64{w, d, h}, [3]float64{-w, d, h}, material.Gravel)
		return
	}
	id := pick(src, []material.ID{material.RoofTile, material.RoofSlate})
	top := h + 0.4*depth
	b.quad([3]float64{-w, -d, h}, [3]float64{w, -d, h}, [3]float64{w, 0, top}, [3]float64{-w, 0, top}, id)
	b.quad([3]float64{w, d, h}, [3]float64{-w, d, h}, [3]float64{-w, 0, top}, [3]float64{w, 0, top}, id)
	b.triangle([3]float64{-w, d, h}, [3]float64{-w, -d, h}, [3]float64{-w, 0, top}, id)
	b.triangle([3]float64{w, -d, h}, [3]float64{w, d, h}, [3]float64{w, 0, top}, id)
}
