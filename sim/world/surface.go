package world

import (
	"math"

	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// meshStepM is the length of a piece of road along it.
const meshStepM = 2.0

// rim is a corner of a cross-section: offset, height over the land, and the share of the road's crown in it.
type rim struct {
	d, z  float64
	crown float64 // height that fades towards a junction
}

// sweep draws a surface through rims from s0 to s1; ids has a material for each pair of rims. Rims go from left (high d) to right.
func (l *layout) sweep(m *geom.Mesh, r *road, s0, s1 float64, rims []rim, ids []material.ID) {
	if s1-s0 < 1e-6 {
		return
	}
	n := int(math.Ceil((s1 - s0) / meshStepM))
	base := uint32(len(m.Corners)) //nolint:gosec // meshes are far smaller
	for i := range n + 1 {
		s := s0 + (s1-s0)*float64(i)/float64(n)
		p := r.ahead.at(s)
		share := r.crownShare(s)
		for _, k := range rims {
			x, y := p.offset(k.d)
			m.Corners = append(m.Corners, geom.Vec{float32(x), float32(y), float32(l.land.at(x, y) + k.z + share*k.crown)})
		}
	}
	w := uint32(len(rims)) //nolint:gosec // a dozen
	for i := range uint32(n) {
		for j := range w - 1 {
			a := base + i*w + j // left, near; its right neighbour is a+1, far ones are a row on
			m.Triangles = append(m.Triangles, [3]uint32{a, a + 1, a + w + 1}, [3]uint32{a, a + w + 1, a + w})
			m.Materials = append(m.Materials, ids[j], ids[j])
		}
	}
}

// mirror appends the rims of the right side to those of the left: they are symmetric.
func mirror(left []rim, ids []material.ID) ([]rim, []material.ID) {
	n, k := len(left), len(ids)
	for i := n - 1; i >= 0; i-- {
		if left[i].d != 0 {
			left = append(left, rim{-left[i].d, left[i].z, left[i].crown})
		}
	}
	for i := k - 1; i >= 0; i-- {
		ids = append(ids, ids[i])
	}
	return left, ids
}

// ground draws roads, kerbs, pavements and the land beside them.
func (l *layout) ground(m *geom.Mesh, asphalt, pavement, verge material.ID) {
	for _, r := range l.roads() {
		sec := &r.section
		out := math.Min(viewM, sec.kerb+110)
		crownAt := func(d float64) float64 { return crown * (sec.kerb - d) }
		lane := []rim{{sec.kerb, 0, 0}}
		if inner := sec.edge(); inner < sec.kerb-0.5 {
			lane = append(lane, rim{inner, 0, crownAt(inner)})
		}
		lane = append(lane, rim{0, 0, crownAt(0)})
		ids := make([]material.ID, len(lane)-1)
		for i := range ids {
			ids[i] = asphalt
		}
		rims, mats := mirror(lane, ids)
		var side []rim
		var sideMats []material.ID
		if sec.walk > 0 {
			top := sec.profile(sec.outer(), 0)
			side = []rim{
				{out, top - 0.02, 0},
				{sec.outer() + 15, top - 0.02, 0},
				{sec.outer(), top - 0.02, 0},
				{sec.outer(), top, 0},
				{sec.kerb + 0.16, sec.height + walkFall*0.16, 0},
				{sec.kerb + 0.02, sec.height, 0},
				{sec.kerb, 0, 0},
			}
			sideMats = []material.ID{verge, verge, material.Kerb, pavement, material.Kerb, material.Kerb}
		} else {
			side = []rim{{out, sec.profile(out, 0), 0}, {sec.kerb + 25, sec.profile(sec.kerb+25, 0), 0}, {sec.kerb + 1, sec.profile(sec.kerb+1, 0), 0}, {sec.kerb, 0, 0}}
			sideMats = []material.ID{verge, verge, material.Gravel}
		}
		right := make([]rim, len(side))
		rightMats := make([]material.ID, len(sideMats))
		for i, k := range side {
			right[len(side)-1-i] = rim{-k.d, k.z, k.crown}
		}
		for i, id := range sideMats {
			rightMats[len(sideMats)-1-i] = id
		}
		for _, span := range r.spans() {
			l.sweep(m, r, span[0], span[1], side, sideMats)
			l.sweep(m, r, span[0], span[1], right, rightMats)
		}
		if r == l.cross { // the main road's asphalt fills the junction's middle
			l.sweep(m, r, r.begin, -l.main.kerb, rims, mats)
			l.sweep(m, r, l.main.kerb, r.end, rims, mats)
			continue
		}
		l.sweep(m, r, r.begin, r.end, rims, mats)
	}
	if l.cross != nil {
		l.corners(m, asphalt, pavement)
	}
}

// spans are the stretches of a road outside of the junction.
func (r *road) spans() [][2]float64 {
	if r.gap == 0 {
		return [][2]float64{{r.begin, r.end}}
	}
	return [][2]float64{{r.begin, r.gapAt - r.gap}, {r.gapAt + r.gap, r.end}}
}

// corners draws the rounded kerbs of the junction: asphalt outside of the arc, pavement within.
func (l *layout) corners(m *geom.Mesh, asphalt, pavement material.ID) {
	const steps = 8
	p := l.main.ahead.at(l.main.gapAt)
	at := func(u, v, z float64) geom.Vec { // u along the main road, v to its left, from the middle
		x, y := p.x+u*p.cos-v*p.sin, p.y+u*p.sin+v*p.cos
		return geom.Vec{float32(x), float32(y), float32(l.land.at(x, y) + z)}
	}
	for _, su := range []float64{-1, 1} {
		for _, sv := range []float64{-1, 1} {
			cu, cv := su*(l.cross.kerb+cornerM), sv*(l.main.kerb+cornerM)
			tip := at(su*l.cross.kerb, sv*l.main.kerb, 0)
			tri := func(a, b, c geom.Vec, id material.ID) {
				if su*sv < 0 { // keeps the order of corners
					b, c = c, b
				}
				i := uint32(len(m.Corners)) //nolint:gosec // meshes are far smaller
				m.Corners = append(m.Corners, a, b, c)
				m.Triangles = append(m.Triangles, [3]uint32{i, i + 1, i + 2})
				m.Materials = append(m.Materials, id)
			}
			for i := range steps {
				s0, c0 := math.Sincos(math.Pi / 2 * float64(i) / steps)
				s1, c1 := math.Sincos(math.Pi / 2 * float64(i+1) / steps)
				low := func(s, c, r, z float64) geom.Vec { return at(cu-su*r*c, cv-sv*r*s, z) }
				a, b := low(s0, c0, cornerM, 0), low(s1, c1, cornerM, 0)
				ah, bh := low(s0, c0, cornerM-0.02, kerbHeightM), low(s1, c1, cornerM-0.02, kerbHeightM)
				ai, bi := low(s0, c0, cornerM-0.16, kerbHeightM), low(s1, c1, cornerM-0.16, kerbHeightM)
				tri(tip, a, b, asphalt)
				tri(a, ah, bh, material.Kerb)
				tri(a, bh, b, material.Kerb)
				tri(ah, ai, bi, material.Kerb)
				tri(ah, bi, bh, material.Kerb)
				tri(at(cu, cv, kerbHeightM+walkFall*3), bi, ai, pavement)
			}
		}
	}
}
