package geom

// beam is a ray in the frame of a tree, with what the box tests need. Components stand alone, because the compiler keeps arrays
// in memory and scalars in registers: this doubles the speed.
type beam struct {
	ox, oy, oz float32 // origin
	dx, dy, dz float32 // direction
	ix, iy, iz float32 // its inverse
	max        float32
}

// tiny stands for a zero component of a direction: its inverse is finite, so that no 0 * Inf makes a NaN when the ray lies in
// a plane of a box.
const tiny = 1e-30

func inverse(d float32) float32 {
	if d > -tiny && d < tiny {
		return 1 / tiny
	}
	return 1 / d
}

func (b *beam) set(origin, dir Vec, most float32) {
	b.ox, b.oy, b.oz = origin[0], origin[1], origin[2]
	b.dx, b.dy, b.dz = dir[0], dir[1], dir[2]
	b.ix, b.iy, b.iz = inverse(dir[0]), inverse(dir[1]), inverse(dir[2])
	b.max = most
}

// slack widens boxes by the rounding of a few float32 operations.
const slack = 1 + 5e-7

// enter returns where the beam enters the box and whether it does so before max.
func (b *beam) enter(lo, hi *Vec) (float32, bool) {
	x0, x1 := (lo[0]-b.ox)*b.ix, (hi[0]-b.ox)*b.ix
	if b.ix < 0 {
		x0, x1 = x1, x0
	}
	y0, y1 := (lo[1]-b.oy)*b.iy, (hi[1]-b.oy)*b.iy
	if b.iy < 0 {
		y0, y1 = y1, y0
	}
	z0, z1 := (lo[2]-b.oz)*b.iz, (hi[2]-b.oz)*b.iz
	if b.iz < 0 {
		z0, z1 = z1, z0
	}
	x0, x1 = max(x0, y0, z0), min(x1, y1, z1)
	return x0, x1 >= 0 && x0 <= x1*slack && x0 <= b.max
}

// edgeSlack lets neighbouring triangles overlap by a hair, so that no ray slips through a shared edge.
const edgeSlack = 2e-6

// hit returns the distance at which the beam crosses the triangle, from either side, within (0, max].
// Method: T. Möller, B. Trumbore, Fast, Minimum Storage Ray/Triangle Intersection, Journal of Graphics Tools 1997.
func (b *beam) hit(t *triangle) (float32, bool) {
	ax, ay, az := t.edge1[0], t.edge1[1], t.edge1[2]
	cx, cy, cz := t.edge2[0], t.edge2[1], t.edge2[2]
	dx, dy, dz := b.dx, b.dy, b.dz
	px, py, pz := dy*cz-dz*cy, dz*cx-dx*cz, dx*cy-dy*cx
	det := ax*px + ay*py + az*pz
	if det == 0 {
		return 0, false
	}
	inv := 1 / det
	sx, sy, sz := b.ox-t.corner[0], b.oy-t.corner[1], b.oz-t.corner[2]
	u := (sx*px + sy*py + sz*pz) * inv
	if u < -edgeSlack || u > 1+edgeSlack {
		return 0, false
	}
	qx, qy, qz := sy*az-sz*ay, sz*ax-sx*az, sx*ay-sy*ax
	v := (dx*qx + dy*qy + dz*qz) * inv
	if v < -edgeSlack || u+v > 1+edgeSlack {
		return 0, false
	}
	d := (cx*qx + cy*qy + cz*qz) * inv
	return d, d > 0 && d <= b.max
}

// waiting is a child that the traversal has yet to visit.
type waiting struct {
	ref  uint32
	near float32
}

// nearest returns the index of the first triangle on the beam and shortens b.max to its distance; -1 when there is none.
func (s *Solid) nearest(b *beam) int {
	found := -1
	if len(s.nodes) == 0 {
		return found
	}
	var stack [stackSize]waiting
	top := 0
	ref := uint32(0)
	for {
		if ref&leafBit == 0 {
			n := &s.nodes[ref]
			near0, ok0 := b.enter(&n.lo[0], &n.hi[0])
			near1, ok1 := b.enter(&n.lo[1], &n.hi[1])
			switch {
			case ok0 && ok1:
				if near0 <= near1 {
					stack[top] = waiting{n.child[1], near1}
					ref = n.child[0]
				} else {
					stack[top] = waiting{n.child[0], near0}
					ref = n.child[1]
				}
				top++
				continue
			case ok0:
				ref = n.child[0]
				continue
			case ok1:
				ref = n.child[1]
				continue
			}
		} else {
			first, end := leafItems(ref)
			for i := first; i < end; i++ {
				if d, ok := b.hit(&s.triangles[i]); ok {
					b.max, found = d, int(i)
				}
			}
		}
		for {
			if top == 0 {
				return found
			}
			top--
			if stack[top].near <= b.max {
				break
			}
		}
		ref = stack[top].ref
	}
}

// blocked tells whether any triangle lies on the beam.
func (s *Solid) blocked(b *beam) bool {
	if len(s.nodes) == 0 {
		return false
	}
	var stack [stackSize]uint32
	top := 0
	ref := uint32(0)
	for {
		if ref&leafBit == 0 {
			n := &s.nodes[ref]
			_, ok0 := b.enter(&n.lo[0], &n.hi[0])
			_, ok1 := b.enter(&n.lo[1], &n.hi[1])
			if ok0 {
				ref = n.child[0]
				if ok1 {
					stack[top] = n.child[1]
					top++
				}
				continue
			}
			if ok1 {
				ref = n.child[1]
				continue
			}
		} else {
			first, end := leafItems(ref)
			for i := first; i < end; i++ {
				if _, ok := b.hit(&s.triangles[i]); ok {
					return true
				}
			}
		}
		if top == 0 {
			return false
		}
		top--
		ref = stack[top] //nolint:gosec // G602 does not see that top is at least 0 and below the size
	}
}
