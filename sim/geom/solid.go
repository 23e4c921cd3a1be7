package geom

import "github.com/fusiond/fusiond/sim/material"

// Solid is a mesh with its hierarchy: immutable and shared by any number of instances and goroutines.
type Solid struct {
	tree
	triangles []triangle // in the order of the leaves
}

// triangle is a corner and two edges, with its material: 40 bytes.
type triangle struct {
	corner, edge1, edge2 Vec
	material             material.ID
}

// NewSolid builds the hierarchy over a mesh and keeps no reference to it. Triangles without area can not be hit and are left out.
// Indices that are out of range are a bug of whoever made the mesh, and panic. Cost: O(n log n), about 2 us a triangle.
func NewSolid(m *Mesh) *Solid {
	var b builder
	all := make([]triangle, 0, len(m.Triangles))
	b.boxes = make([]Box, 0, len(m.Triangles))
	for i, t := range m.Triangles {
		p, q, r := m.Corners[t[0]], m.Corners[t[1]], m.Corners[t[2]]
		e1, e2 := q.Sub(p), r.Sub(p)
		if n := e1.Cross(e2); !(n.Dot(n) > 0) {
			continue
		}
		box := Nothing()
		box.Grow(p)
		box.Grow(q)
		box.Grow(r)
		b.boxes = append(b.boxes, box)
		all = append(all, triangle{p, e1, e2, m.Materials[i]})
	}
	b.build()
	s := &Solid{tree: tree{nodes: append([]node(nil), b.nodes...), box: b.box}, triangles: make([]triangle, len(all))}
	for i, k := range b.order {
		s.triangles[i] = all[k]
	}
	return s
}

// Bounds returns the box that just encloses the triangles; empty for an empty mesh.
func (s *Solid) Bounds() Box { return s.box }

// Triangles returns how many triangles can be hit.
func (s *Solid) Triangles() int { return len(s.triangles) }
