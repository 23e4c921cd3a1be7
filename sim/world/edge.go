package world

import (
	"math"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

func vec3(x, y, z float64) r3.Vec { return r3.Vec{X: x, Y: y, Z: z} }

// edges closes the gaps between houses with walls, fences and hedges, or lines a highway with rails. It returns mirrors for radars
// and points that scatter.
func (l *layout) edges(m *geom.Mesh, src *chance.Source, taken *plots) ([]Reflector, []Clutter) {
	if l.spec.Map.Kind == Highway {
		return l.rails(m, src)
	}
	const piece = 3.0
	sh := &shaper{mesh: m, cos: 1}
	var mirrors []Reflector
	kinds := []int{0, 0, 1, 2, 3}
	if l.spec.Map.Kind == Suburb {
		kinds = []int{0, 1, 1, 2, 2, 3}
	}
	for _, r := range l.roads() {
		for _, side := range []float64{-1, 1} {
			left, kind, height, id := 0, 0, 0.0, material.None
			for s := r.begin; s+piece < r.end; s += piece {
				if left == 0 {
					left, kind = 3+src.IntN(8), kinds[src.IntN(len(kinds))]
					height, id = src.Between(0.9, 2.1), pick(src, walls)
					if src.Chance(0.3) {
						kind = -1 // open
					}
				}
				left--
				if kind < 0 || r.inGap(s+piece/2, 1.5*piece) || l.spec.Map.Kind == Suburb && src.Chance(0.12) {
					continue
				}
				p := r.ahead.at(s + piece/2)
				x, y := p.offset(side * (r.outer() + 0.4))
				// A little longer than a piece, so that bends leave no slits; what is taken is a little shorter.
				if b := newBox2(x, y, p.heading, piece-0.3, 0.3); !l.roadsideClear(&b, 0.1) || !taken.add(b) {
					continue
				}
				f := sh.frame(x, y, l.height2(x, y), p.heading)
				const h = piece/2 + 0.03
				switch kind {
				case 0: // wall with a coping
					f.box(-h, -0.1, -0.4, h, 0.1, height, id, noBottom)
					f.box(-h, -0.14, height, h, 0.14, height+0.06, material.Concrete, noBottom)
				case 1: // fence of boards
					for k := -7; k <= 7; k++ {
						f.box(float64(k)*0.2-0.07, -0.012, 0.05, float64(k)*0.2+0.07, 0.012, 0.65*height+0.3, material.Wood, noBottom|noTop)
					}
					f.box(-h, 0.012, 0.35, h, 0.05, 0.42, material.Wood, noBottom)
				case 2: // hedge, cut by hand
					x0 := -h
					for x0 < h-0.05 {
						x1 := math.Min(h, x0+src.Between(0.3, 0.7))
						out := src.Between(0.22, 0.36)
						f.box(x0, -out, -0.2, x1, out, height+src.Between(-0.1, 0.1), pick(src, leaves), noBottom)
						x0 = x1
					}
				case 3: // railing
					f.box(-h, -0.02, 0.95, h, 0.02, 1.0, material.SteelDark, 0)
					f.box(-h, -0.02, 0.12, h, 0.02, 0.16, material.SteelDark, 0)
					for k := -6; k <= 6; k++ {
						f.box(float64(k)*0.23-0.012, -0.012, -0.1, float64(k)*0.23+0.012, 0.012, 0.95, material.SteelDark, noBottom|noTop)
					}
				}
				if kind == 0 && height > 1.2 {
					n := r3.Vec{X: side * p.sin, Y: -side * p.cos}
					mirrors = append(mirrors, Reflector{
						Actor: -1, At: vec3(x, y, f.z+height/2), Normal: n, Along: vec3(p.cos, p.sin, 0),
						HalfLength: piece / 2, HalfHeight: height / 2, LossDB: float64(material.Get(id).RadarLossDB),
					})
				}
			}
		}
	}
	return mirrors, nil
}

var leaves = []material.ID{material.Leaves, material.Leaves, material.LeavesLight, material.LeavesDark}

// rails draws guard rails at both edges and in the median of a highway, and noise barriers behind some of it.
func (l *layout) rails(m *geom.Mesh, src *chance.Source) ([]Reflector, []Clutter) {
	const postM, mirrorM = 4.0, 20.0
	var mirrors []Reflector
	var posts []Clutter
	sh := &shaper{mesh: m, cos: 1}
	r := l.main
	for _, rail := range []struct{ d, face float64 }{
		{-(r.kerb + 0.7), 1}, {-0.35, -1}, {0.35, 1}, {r.kerb + 0.7, -1},
	} {
		z := r.profile(rail.d, 1)
		d, f := rail.d, 0.08*rail.face
		// The two waves of the beam, seen from the road; drawn from both sides by the caster.
		rims := []rim{{d, z + 0.75, 0}, {d + f, z + 0.7, 0}, {d + f, z + 0.66, 0}, {d, z + 0.6, 0}, {d + f, z + 0.54, 0}, {d + f, z + 0.5, 0}, {d, z + 0.45, 0}}
		ids := make([]material.ID, len(rims)-1)
		for i := range ids {
			ids[i] = material.Steel
		}
		l.sweep(m, r, r.begin, r.end, rims, ids)
		for s := r.begin; s < r.end; s += postM {
			p := r.ahead.at(s)
			x, y := p.offset(d - 0.06*rail.face)
			g := sh.frame(x, y, l.land.at(x, y)+z, p.heading)
			g.box(-0.05, -0.04, -0.3, 0.05, 0.04, 0.72, material.Steel, noBottom)
			posts = append(posts, Clutter{At: vec3(x, y, g.z+0.4), RCSdBsm: -6 + 3*src.Norm()})
		}
		for s := r.begin + mirrorM/2; s < r.end; s += mirrorM {
			p := r.ahead.at(s)
			x, y := p.offset(d)
			mirrors = append(mirrors, Reflector{
				Actor: -1, At: vec3(x, y, l.land.at(x, y)+z+0.6), Normal: vec3(-rail.face*p.sin, rail.face*p.cos, 0), Along: vec3(p.cos, p.sin, 0),
				HalfLength: mirrorM / 2, HalfHeight: 0.15, LossDB: 3,
			})
		}
	}
	for _, side := range []float64{-1, 1} {
		for s := r.begin + src.Exp()*60; s < r.end; s += 40 + src.Exp()*150 {
			end := math.Min(r.end, s+src.Between(30, 120))
			d := side * (r.kerb + 4)
			z := r.profile(d, 1)
			rims := []rim{{d, z - 0.5, 0}, {d, z + 3.5, 0}, {d + side*0.2, z + 3.5, 0}, {d + side*0.2, z - 0.5, 0}}
			id := pick(src, []material.ID{material.Concrete, material.Wood, material.RenderGreen})
			l.sweep(m, r, s, end, rims, []material.ID{id, material.Concrete, id})
			for u := s; u < end; u += mirrorM {
				p := r.ahead.at(u)
				x, y := p.offset(d)
				mirrors = append(mirrors, Reflector{
					Actor: -1, At: vec3(x, y, l.land.at(x, y)+z+1.7), Normal: vec3(side*p.sin, -side*p.cos, 0), Along: vec3(p.cos, p.sin, 0),
					HalfLength: mirrorM / 2, HalfHeight: 1.7, LossDB: float64(material.Get(id).RadarLossDB),
				})
			}
			s = end
		}
	}
	return mirrors, posts
}
