package body

import (
	"math"

	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// station is half a cross section of a hull at x: points (y >= 0, z) from the middle below, round the left side, to the middle above.
type station struct {
	x    float32
	half [][2]float32
}

func (s station) at(j int) geom.Vec { return geom.Vec{s.x, s.half[j][0], s.half[j][1]} }

// loft joins stations, rear first, into a hull that is the same left and right. All have the same number of points. name gives the
// material between stations i and i+1, points j and j+1; the ends are closed with the materials rear and front.
func loft(m *geom.Mesh, stations []station, name func(i, j int) material.ID, rear, front material.ID) {
	side := &geom.Mesh{}
	for i := range len(stations) - 1 {
		a, b := stations[i], stations[i+1]
		for j := range len(a.half) - 1 {
			side.Quad(b.at(j), a.at(j), a.at(j+1), b.at(j+1), name(i, j))
		}
	}
	var tail, nose []geom.Vec
	first, last := stations[0], stations[len(stations)-1]
	for j := range first.half {
		tail = append(tail, first.at(len(first.half)-1-j))
		nose = append(nose, last.at(j))
	}
	side.Polygon(rear, tail...)
	side.Polygon(front, nose...)
	side.Mirror()
	m.Add(side)
}

// face is a flat or slightly bent quadrilateral, seen from outside: lower left, lower right, upper right, upper left.
type face [4]geom.Vec

// at returns the point at share u of the way to the right and v of the way up.
func (f face) at(u, v float32) geom.Vec { return f[0].Lerp(f[1], u).Lerp(f[3].Lerp(f[2], u), v) }

func (f face) normal() geom.Vec { return f[2].Sub(f[0]).Cross(f[3].Sub(f[1])).Unit() }

// proud is how far a pane stands before its face, so that rays meet it first.
const proud = 0.012

// pane lays a rectangle on a face, between shares u0..u1 and v0..v1, and returns it.
func pane(m *geom.Mesh, f face, u0, u1, v0, v1 float32, id material.ID) face {
	n := f.normal().Scale(proud)
	p := face{f.at(u0, v0).Add(n), f.at(u1, v0).Add(n), f.at(u1, v1).Add(n), f.at(u0, v1).Add(n)}
	m.Quad(p[0], p[1], p[2], p[3], id)
	return p
}

// centre of a face.
func (f face) centre() geom.Vec { return f.at(0.5, 0.5) }

// hull is a hexahedron whose faces can be furnished.
type hull struct{ front, rear, left, right, top face }

// addHull appends a hexahedron of given lower and upper rectangles, x0..x1 and half width w, which may differ: for raked ends.
func addHull(m *geom.Mesh, z0, z1 float32, low, high [3]float32, id material.ID) hull {
	ring := func(z float32, r [3]float32) [4]geom.Vec {
		return [4]geom.Vec{{r[0], -r[2], z}, {r[1], -r[2], z}, {r[1], r[2], z}, {r[0], r[2], z}}
	}
	l, h := ring(z0, low), ring(z1, high)
	m.Hexahedron(l, h, id)
	return hull{
		front: face{l[1], l[2], h[2], h[1]}, rear: face{l[3], l[0], h[0], h[3]},
		left: face{l[2], l[3], h[3], h[2]}, right: face{l[0], l[1], h[1], h[0]}, top: face{h[0], h[1], h[2], h[3]},
	}
}

// straight is addHull with the same rectangle below and above.
func straight(m *geom.Mesh, x0, x1, halfWidth, z0, z1 float32, id material.ID) hull {
	r := [3]float32{x0, x1, halfWidth}
	return addHull(m, z0, z1, r, r, id)
}

// wheel appends a tyre with its rim on the left side, its outer face at y, and its image on the right. An arch of its shade is drawn on
// the body behind when arch is above 0: the factor of its radius to the wheel's.
func wheel(m *geom.Mesh, x, y, radius, width, arch float32, n int) {
	w := &geom.Mesh{}
	w.Tube(geom.Vec{x, y - width, radius}, geom.Vec{x, y, radius}, radius, radius, n, material.Tyre)
	disc := func(y, r float32, from, to float64, id material.ID) {
		var ring []geom.Vec
		for k := range n {
			s, c := math.Sincos(from + (to-from)*float64(k)/float64(n-1))
			ring = append(ring, geom.Vec{x - r*float32(c), y, radius + r*float32(s)})
		}
		w.Polygon(id, ring...)
	}
	turn := 2 * math.Pi * float64(n-1) / float64(n)
	disc(y+0.006, 0.66*radius, 0, turn, material.Rim)
	if arch > 0 {
		disc(y-0.010, arch*radius, -0.25, math.Pi+0.25, material.PlasticBlack)
	}
	w.Mirror()
	m.Add(w)
}

// onBothSides appends what make appends, and its image on the other side.
func onBothSides(m *geom.Mesh, build func(*geom.Mesh)) {
	side := &geom.Mesh{}
	build(side)
	side.Mirror()
	m.Add(side)
}
