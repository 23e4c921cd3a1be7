package geom

import (
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/material"
)

// Ray asks what lies ahead of Origin along Dir, a unit vector, up to Max metres, at a Time in the scene's interval (0 its begin,
// 1 its end). A ray that leaves a surface starts a millimetre or more above it, or hits it again.
type Ray struct {
	Origin, Dir Vec
	Max         float32
	Time        float32
}

// Hit is the first surface on a ray.
type Hit struct {
	Distance float32
	// Normal is a unit vector in the scene's axes, on the side of the ray's origin; Front says that this is the outside.
	Normal   Vec
	Front    bool
	Material material.ID
	// Object is that of the instance; Static for the rest of the world.
	Object int32
	// Local is the point in the object's frame at the ray's time (the scene's frame for static things): what patterns stick to.
	Local Vec
}

// Static is the Object of what does not move.
const Static = -1

// Instance puts a solid into a scene, on its way through the interval: worldFromObject at Time 0 and 1, relative to the scene's
// origin.
type Instance struct {
	Solid      *Solid
	Start, End sensors.Pose
	Object     int32
}

// Scene is what the sensors see: a static solid and moving instances of solids. Cast and Blocked may be called from many
// goroutines at once, but not together with Reset.
type Scene struct {
	static *Solid
	top    builder // over the instances
	moving []moving
}

type moving struct {
	solid  *Solid
	motion motion
	object int32
}

// NewScene makes a scene; static may be nil. It keeps no reference to the slice.
func NewScene(static *Solid, instances []Instance) *Scene {
	s := &Scene{static: static}
	s.Reset(instances)
	return s
}

// Reset replaces the instances: for the next interval. It allocates only when there are more of them than ever before.
func (s *Scene) Reset(instances []Instance) {
	s.moving, s.top.boxes = s.moving[:0], s.top.boxes[:0]
	for _, in := range instances {
		if in.Solid == nil || in.Solid.box.Empty() {
			continue
		}
		m := newMotion(in.Start, in.End)
		s.moving = append(s.moving, moving{in.Solid, m, in.Object})
		s.top.boxes = append(s.top.boxes, m.cover(in.Solid.box))
	}
	s.top.build()
}

// Cast finds the nearest surface on the ray and describes it in h, which it leaves alone when there is none. It allocates nothing.
func (s *Scene) Cast(r *Ray, h *Hit) bool {
	var b beam
	b.set(r.Origin, r.Dir, r.Max)
	found, owner := -1, -1
	if s.static != nil {
		found = s.static.nearest(&b)
	}
	if len(s.top.nodes) > 0 {
		if tri, who := s.nearestMoving(&b, r.Time); tri >= 0 {
			found, owner = tri, who
		}
	}
	if found < 0 {
		return false
	}
	h.Distance = b.max
	point, dir, solid := r.Origin.Add(r.Dir.Scale(b.max)), r.Dir, s.static
	h.Object = Static
	var rows [3]Vec
	if owner >= 0 {
		m := &s.moving[owner]
		var t Vec
		rows, t = m.motion.at(r.Time)
		point, dir = rotateBack(&rows, point.Sub(t)), rotateBack(&rows, dir)
		solid, h.Object = m.solid, m.object
	}
	tri := &solid.triangles[found]
	n := tri.edge1.Cross(tri.edge2).Unit()
	h.Front = n.Dot(dir) <= 0
	if !h.Front {
		n = n.Scale(-1)
	}
	if owner >= 0 {
		n = rotate(&rows, n)
	}
	h.Normal, h.Local, h.Material = n, point, tri.material
	return true
}

// Blocked tells whether anything lies on the ray: for shadows and lines of sight. It allocates nothing.
func (s *Scene) Blocked(r *Ray) bool {
	var b beam
	b.set(r.Origin, r.Dir, r.Max)
	if s.static != nil && s.static.blocked(&b) {
		return true
	}
	return len(s.top.nodes) > 0 && s.blockedMoving(&b, r.Time)
}

// within makes the beam of a moving solid's frame.
func (m *moving) within(b, local *beam, time float32) {
	rows, t := m.motion.at(time)
	local.set(
		rotateBack(&rows, Vec{b.ox - t[0], b.oy - t[1], b.oz - t[2]}), rotateBack(&rows, Vec{b.dx, b.dy, b.dz}), b.max)
}

// nearestMoving returns the nearest triangle of an instance before b.max, which it shortens, and the instance.
func (s *Scene) nearestMoving(b *beam, time float32) (tri, who int) {
	tri, who = -1, -1
	var stack [stackSize]waiting
	var local beam
	top, ref := 0, uint32(0)
	for {
		if ref&leafBit != 0 {
			first, end := leafItems(ref)
			for i := first; i < end; i++ {
				k := s.top.order[i]
				m := &s.moving[k]
				m.within(b, &local, time)
				if f := m.solid.nearest(&local); f >= 0 {
					b.max, tri, who = local.max, f, int(k)
				}
			}
		} else {
			n := &s.top.nodes[ref]
			near0, ok0 := b.enter(&n.lo[0], &n.hi[0])
			near1, ok1 := b.enter(&n.lo[1], &n.hi[1])
			if ok1 && (!ok0 || near1 < near0) {
				if ok0 {
					stack[top] = waiting{n.child[0], near0}
					top++
				}
				ref = n.child[1]
				continue
			}
			if ok0 {
				if ok1 {
					stack[top] = waiting{n.child[1], near1}
					top++
				}
				ref = n.child[0]
				continue
			}
		}
		for {
			if top == 0 {
				return tri, who
			}
			top--
			if stack[top].near <= b.max {
				break
			}
		}
		ref = stack[top].ref
	}
}

// blockedMoving tells whether an instance lies on the beam.
func (s *Scene) blockedMoving(b *beam, time float32) bool {
	var stack [stackSize]uint32
	var local beam
	top, ref := 1, uint32(0)
	for top > 0 {
		top--
		ref = stack[top]
		if ref&leafBit != 0 {
			first, end := leafItems(ref)
			for i := first; i < end; i++ {
				m := &s.moving[s.top.order[i]]
				m.within(b, &local, time)
				if m.solid.blocked(&local) {
					return true
				}
			}
			continue
		}
		n := &s.top.nodes[ref]
		for c := range 2 {
			if _, ok := b.enter(&n.lo[c], &n.hi[c]); ok {
				stack[top] = n.child[c]
				top++
			}
		}
	}
	return false
}
