package world

import (
	"math"

	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// shaper adds parts to a mesh in a frame of its own: x along, y to the left, z up, turned by a yaw and moved to an origin.
type shaper struct {
	mesh     *geom.Mesh
	x, y, z  float64
	cos, sin float64
}

// frame returns a shaper for the same mesh at a place.
func (b *shaper) frame(x, y, z, yaw float64) *shaper {
	sin, cos := math.Sincos(yaw)
	return &shaper{b.mesh, x, y, z, cos, sin}
}

func (b *shaper) vec(x, y, z float64) geom.Vec {
	return geom.Vec{float32(b.x + x*b.cos - y*b.sin), float32(b.y + x*b.sin + y*b.cos), float32(b.z + z)}
}

// quad adds a, b, c, d, counter-clockwise seen from outside.
func (b *shaper) quad(p, q, r, s [3]float64, id material.ID) {
	b.mesh.Quad(b.vec(p[0], p[1], p[2]), b.vec(q[0], q[1], q[2]), b.vec(r[0], r[1], r[2]), b.vec(s[0], s[1], s[2]), id)
}

// triangle adds three corners.
func (b *shaper) triangle(p, q, r [3]float64, id material.ID) {
	m := b.mesh
	i := uint32(len(m.Corners)) //nolint:gosec // meshes are far smaller
	m.Corners = append(m.Corners, b.vec(p[0], p[1], p[2]), b.vec(q[0], q[1], q[2]), b.vec(r[0], r[1], r[2]))
	m.Triangles = append(m.Triangles, [3]uint32{i, i + 1, i + 2})
	m.Materials = append(m.Materials, id)
}

// Faces of a box that may be left out.
const (
	noBottom = 1 << iota
	noBack   // the face at high y
	noTop
)

// box adds a box between two corners.
func (b *shaper) box(x0, y0, z0, x1, y1, z1 float64, id material.ID, without int) {
	b.quad([3]float64{x0, y0, z0}, [3]float64{x1, y0, z0}, [3]float64{x1, y0, z1}, [3]float64{x0, y0, z1}, id)
	if without&noBack == 0 {
		b.quad([3]float64{x1, y1, z0}, [3]float64{x0, y1, z0}, [3]float64{x0, y1, z1}, [3]float64{x1, y1, z1}, id)
	}
	b.quad([3]float64{x0, y1, z0}, [3]float64{x0, y0, z0}, [3]float64{x0, y0, z1}, [3]float64{x0, y1, z1}, id)
	b.quad([3]float64{x1, y0, z0}, [3]float64{x1, y1, z0}, [3]float64{x1, y1, z1}, [3]float64{x1, y0, z1}, id)
	if without&noTop == 0 {
		b.quad([3]float64{x0, y0, z1}, [3]float64{x1, y0, z1}, [3]float64{x1, y1, z1}, [3]float64{x0, y1, z1}, id)
	}
	if without&noBottom == 0 {
		b.quad([3]float64{x0, y1, z0}, [3]float64{x1, y1, z0}, [3]float64{x1, y0, z0}, [3]float64{x0, y0, z0}, id)
	}
}

// wall adds an upright rectangle that faces low y.
func (b *shaper) wall(x0, x1, y, z0, z1 float64, id material.ID) {
	b.quad([3]float64{x0, y, z0}, [3]float64{x1, y, z0}, [3]float64{x1, y, z1}, [3]float64{x0, y, z1}, id)
}
