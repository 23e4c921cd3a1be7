// Package geom is the simulator's geometry: triangle meshes, bounding-volume hierarchies and the one ray caster that serves
// cameras, lidars and radars, so that they agree about the world. Pure: no clock, no goroutine, no chance.
package geom

import "github.com/fusiond/fusiond/sim/material"

// Mesh is a triangle soup. Triangles are seen from both sides; their order of corners gives the normal (counter-clockwise seen
// from outside). Triangles and Materials have the same length.
type Mesh struct {
	// Corners in the mesh's own frame: for objects the centre of the box, x forward, y left, z up, metres.
	Corners   []Vec
	Triangles [][3]uint32
	Materials []material.ID
}

// Add appends other, moved by nothing; use Transform before.
func (m *Mesh) Add(other *Mesh) {
	base := uint32(len(m.Corners)) //nolint:gosec // meshes are far smaller
	m.Corners = append(m.Corners, other.Corners...)
	for _, t := range other.Triangles {
		m.Triangles = append(m.Triangles, [3]uint32{base + t[0], base + t[1], base + t[2]})
	}
	m.Materials = append(m.Materials, other.Materials...)
}

// Quad appends two triangles with corners a, b, c, d in counter-clockwise order seen from outside.
func (m *Mesh) Quad(a, b, c, d Vec, id material.ID) {
	i := uint32(len(m.Corners)) //nolint:gosec // as above
	m.Corners = append(m.Corners, a, b, c, d)
	m.Triangles = append(m.Triangles, [3]uint32{i, i + 1, i + 2}, [3]uint32{i, i + 2, i + 3})
	m.Materials = append(m.Materials, id, id)
}
