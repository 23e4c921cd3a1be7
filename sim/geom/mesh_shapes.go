package geom

import (
	"math"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/material"
)

// Transform moves the mesh by targetFromMesh.
func (m *Mesh) Transform(targetFromMesh sensors.Pose) {
	mo := newMotion(targetFromMesh, targetFromMesh)
	for i, p := range m.Corners {
		m.Corners[i] = rotate(&mo.matrix, p).Add(mo.start)
	}
}

// Move shifts the mesh by d.
func (m *Mesh) Move(d Vec) {
	for i, p := range m.Corners {
		m.Corners[i] = p.Add(d)
	}
}

// Stretch scales the mesh along its axes, about its origin; s has positive components.
func (m *Mesh) Stretch(s Vec) {
	for i, p := range m.Corners {
		m.Corners[i] = p.Mul(s)
	}
}

// Mirror appends the mesh's image in the plane y = 0, with outsides outside: for the other side of a vehicle.
func (m *Mesh) Mirror() {
	base := uint32(len(m.Corners))
	for _, p := range m.Corners[:base] {
		m.Corners = append(m.Corners, Vec{p[0], -p[1], p[2]})
	}
	for i, t := range m.Triangles[:len(m.Triangles):len(m.Triangles)] {
		m.Triangles = append(m.Triangles, [3]uint32{base + t[0], base + t[2], base + t[1]})
		m.Materials = append(m.Materials, m.Materials[i])
	}
}

// Bounds returns the box that just encloses the triangles.
func (m *Mesh) Bounds() Box {
	b := Nothing()
	for _, t := range m.Triangles {
		for _, i := range t {
			b.Grow(m.Corners[i])
		}
	}
	return b
}

// Polygon appends a flat convex polygon, corners counter-clockwise seen from outside.
func (m *Mesh) Polygon(id material.ID, corners ...Vec) {
	base := uint32(len(m.Corners))
	m.Corners = append(m.Corners, corners...)
	for i := uint32(2); i < uint32(len(corners)); i++ {
		m.Triangles = append(m.Triangles, [3]uint32{base, base + i - 1, base + i})
		m.Materials = append(m.Materials, id)
	}
}

// Hexahedron appends six faces between a lower and an upper ring of four corners, both counter-clockwise seen from above.
func (m *Mesh) Hexahedron(low, high [4]Vec, id material.ID) {
	m.Quad(low[3], low[2], low[1], low[0], id)
	m.Quad(high[0], high[1], high[2], high[3], id)
	for i := range 4 {
		j := (i + 1) % 4
		m.Quad(low[i], low[j], high[j], high[i], id)
	}
}

// Block appends an axis-aligned box.
func (m *Mesh) Block(lo, hi Vec, id material.ID) {
	m.Hexahedron(
		[4]Vec{{lo[0], lo[1], lo[2]}, {hi[0], lo[1], lo[2]}, {hi[0], hi[1], lo[2]}, {lo[0], hi[1], lo[2]}},
		[4]Vec{{lo[0], lo[1], hi[2]}, {hi[0], lo[1], hi[2]}, {hi[0], hi[1], hi[2]}, {lo[0], hi[1], hi[2]}}, id)
}

// Tube appends a frustum from a to b with radii ra and rb and n sides; ends with a radius of 0 are points, others are closed.
func (m *Mesh) Tube(a, b Vec, ra, rb float32, n int, id material.ID) {
	u, v := across(b.Sub(a).Unit())
	ring := func(c Vec, r float32, k int) Vec {
		s, co := math.Sincos(2 * math.Pi * float64(k%n) / float64(n))
		return c.Add(u.Scale(r * float32(co))).Add(v.Scale(r * float32(s)))
	}
	for k := range n {
		a0, a1, b0, b1 := ring(a, ra, k), ring(a, ra, k+1), ring(b, rb, k), ring(b, rb, k+1)
		switch {
		case ra == 0:
			m.Polygon(id, a, b1, b0)
		case rb == 0:
			m.Polygon(id, a0, a1, b)
		default:
			m.Quad(a0, a1, b1, b0, id)
		}
		if ra > 0 {
			m.Polygon(id, a, a1, a0)
		}
		if rb > 0 {
			m.Polygon(id, b, b0, b1)
		}
	}
}

// Ellipsoid appends a closed shell of rings*sides*2 - 2*sides triangles; bump, if not nil, scales the radius by direction.
func (m *Mesh) Ellipsoid(centre, radii Vec, rings, sides int, bump func(Vec) float32, id material.ID) {
	at := func(i, k int) Vec {
		st, ct := math.Sincos(math.Pi * float64(i) / float64(rings))
		if i == rings {
			st = 0
		}
		sp, cp := math.Sincos(2 * math.Pi * float64(k%sides) / float64(sides))
		d := Vec{float32(st * cp), float32(st * sp), float32(ct)}
		r := radii
		if bump != nil {
			r = r.Scale(bump(d))
		}
		return centre.Add(d.Mul(r))
	}
	for i := range rings {
		for k := range sides {
			switch i {
			case 0:
				m.Polygon(id, at(0, k), at(1, k), at(1, k+1))
			case rings - 1:
				m.Polygon(id, at(i, k), at(rings, k), at(i, k+1))
			default:
				m.Quad(at(i, k), at(i+1, k), at(i+1, k+1), at(i, k+1), id)
			}
		}
	}
}

// across returns two unit vectors that make a right-handed system u, v, w with the unit vector w.
func across(w Vec) (u, v Vec) {
	u = Vec{1, 0, 0}
	if abs(w[0]) > 0.9 {
		u = Vec{0, 1, 0}
	}
	v = w.Cross(u).Unit()
	return v.Cross(w), v
}
