package geom

import "math"

// Box is an axis-aligned box from Lo to Hi, both inside.
type Box struct{ Lo, Hi Vec }

// Nothing is the box that holds no point and that grows to what is put into it.
func Nothing() Box {
	inf := float32(math.Inf(1))
	return Box{Vec{inf, inf, inf}, Vec{-inf, -inf, -inf}}
}

// Empty tells whether the box holds no point.
func (b Box) Empty() bool { return b.Lo[0] > b.Hi[0] || b.Lo[1] > b.Hi[1] || b.Lo[2] > b.Hi[2] }

// Size returns the extents; that of an empty box means nothing.
func (b Box) Size() Vec { return b.Hi.Sub(b.Lo) }

// Centre returns the middle.
func (b Box) Centre() Vec { return b.Lo.Add(b.Hi).Scale(0.5) }

// Grow makes the box hold p.
func (b *Box) Grow(p Vec) {
	for i, x := range p {
		if x < b.Lo[i] {
			b.Lo[i] = x
		}
		if x > b.Hi[i] {
			b.Hi[i] = x
		}
	}
}

// Join makes the box hold o.
func (b *Box) Join(o Box) {
	for i := range 3 {
		if o.Lo[i] < b.Lo[i] {
			b.Lo[i] = o.Lo[i]
		}
		if o.Hi[i] > b.Hi[i] {
			b.Hi[i] = o.Hi[i]
		}
	}
}

// area is half the surface, which the surface-area heuristic compares.
func (b Box) area() float32 {
	if b.Empty() {
		return 0
	}
	s := b.Size()
	return s[0]*s[1] + s[1]*s[2] + s[2]*s[0]
}
