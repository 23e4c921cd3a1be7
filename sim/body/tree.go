package body

import (
	"math"

	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// leaves appends n small quadrilaterals, each a bunch of leaves of about size metres, to the shell of an ellipsoid: most in its outer
// third, hanging a little, so that beams and light find their way between them to what is behind.
func leaves(p *piece, centre, radii geom.Vec, n int, size float32, id material.ID) {
	for range n {
		out := p.direction()
		r := float32(math.Pow(p.Float64(), 0.3))
		c := centre.Add(out.Mul(radii).Scale(r))
		// The bunch faces outwards, more or less.
		normal := out.Add(p.direction().Scale(0.9)).Unit()
		if normal == (geom.Vec{}) {
			normal = geom.Vec{0, 0, 1}
		}
		up := geom.Vec{0, 0, 1}
		u := up.Cross(normal)
		if u.Norm() < 0.1 {
			u = geom.Vec{1, 0, 0}
		}
		u = u.Unit()
		v := normal.Cross(u)
		a, b := size*p.between(0.35, 0.75), size*p.between(0.35, 0.75)
		skew := p.between(-0.3, 0.3) * a
		p.Quad(c.Sub(u.Scale(a)).Sub(v.Scale(b)), c.Add(u.Scale(a+skew)).Sub(v.Scale(b)), c.Add(u.Scale(a)).Add(v.Scale(b)),
			c.Sub(u.Scale(a+skew)).Add(v.Scale(b)), id)
	}
}

// direction is uniform over the sphere.
func (p *piece) direction() geom.Vec {
	z := p.Between(-1, 1)
	s, c := math.Sincos(p.Between(0, 2*math.Pi))
	r := math.Sqrt(1 - z*z)
	return geom.Vec{float32(r * c), float32(r * s), float32(z)}
}

// crown appends a dark core, which stands for what is dense inside, and the leaves around it.
func crown(p *piece, centre, radii geom.Vec, n int, size float32, id material.ID) {
	bump := func(d geom.Vec) float32 {
		return 1 + 0.15*float32(math.Sin(float64(5*d[0]+3*d[2]+centre[0]))+math.Sin(float64(6*d[1]-2*d[2]+centre[1])))
	}
	p.Ellipsoid(centre, radii.Scale(0.62), 5, 7, bump, id)
	leaves(p, centre, radii, n, size, id)
}

// leafColour is green, but for a few.
func (p *piece) leafColour() material.ID {
	return p.either(material.Leaves, material.Leaves, material.LeavesLight, material.LeavesDark, material.Leaves, material.LeavesLight, material.LeavesAutumn)
}

// broadleaf has a trunk that forks into a crown of two to four lobes.
func broadleaf(p *piece) {
	h := p.between(5, 12)
	bark := p.either(material.Bark, material.Bark, material.Bark, material.BarkBirch)
	id := p.leafColour()
	fork := h * p.between(0.25, 0.38)
	r := 0.012*h + 0.06
	lean := geom.Vec{p.between(-0.03, 0.03) * h, p.between(-0.03, 0.03) * h, 0}
	top := geom.Vec{0, 0, fork}.Add(lean)
	p.Tube(geom.Vec{}, geom.Vec{0, 0, 0.15 * h}.Add(lean.Scale(0.4)), 1.3*r, r, 7, bark)
	p.Tube(geom.Vec{0, 0, 0.15 * h}.Add(lean.Scale(0.4)), top, r, 0.8*r, 7, bark)
	lobes := 2 + p.IntN(3)
	wide := p.between(0.20, 0.30) * h
	for k := range lobes {
		s, c := math.Sincos(2*math.Pi*float64(k)/float64(lobes) + p.Between(0, 1.5))
		off := p.between(0.3, 0.55) * wide
		centre := geom.Vec{top[0] + off*float32(c), top[1] + off*float32(s), h*0.66 + p.between(-0.08, 0.08)*h}
		p.Tube(top, centre, 0.55*r, 0.2*r, 5, bark)
		crown(p, centre, geom.Vec{wide * p.between(0.65, 0.9), wide * p.between(0.65, 0.9), 0.27 * h}, 130/lobes, 0.10*wide+0.55, id)
	}
	p.scatter(geom.Vec{0, 0, 1}, -2)
	p.scatter(geom.Vec{top[0], top[1], fork * 1.4}, -6)
}

func poplar(p *piece) {
	h := p.between(8, 15)
	p.Tube(geom.Vec{}, geom.Vec{0, 0, 0.5 * h}, 0.22, 0.12, 7, material.Bark)
	id := p.either(material.Leaves, material.LeavesLight)
	r := p.between(0.08, 0.11) * h
	crown(p, geom.Vec{0, 0, 0.58 * h}, geom.Vec{r, r, 0.42 * h}, 130, 0.9, id)
	p.scatter(geom.Vec{0, 0, 1}, -2)
}

// conifer has tiers of boughs, each a ragged cone.
func conifer(p *piece) {
	h := p.between(5, 13)
	p.Tube(geom.Vec{}, geom.Vec{0, 0, 0.9 * h}, 0.018*h+0.05, 0.03, 6, material.Bark)
	tiers := 5
	wide := p.between(0.17, 0.24) * h
	for k := range tiers {
		s := float32(k) / float32(tiers)
		z, r := h*(0.12+0.80*s), wide*(1-0.85*s)
		tip := geom.Vec{0, 0, min(h, z+0.30*h)}
		const n = 9
		at := func(i int) geom.Vec {
			ragged := 1 - 0.25*float32(i%2)
			sin, cos := math.Sincos(2*math.Pi*float64(i%(2*n))/(2*n) + float64(k))
			return geom.Vec{r * ragged * float32(cos), r * ragged * float32(sin), z + 0.04*h*float32(i%2)}
		}
		under := geom.Vec{0, 0, z + 0.06*h}
		for i := range 2 * n {
			p.Polygon(material.LeavesDark, at(i), at(i+1), tip)
			p.Polygon(material.LeavesDark, at(i+1), at(i), under)
		}
	}
	p.scatter(geom.Vec{0, 0, 1}, -3)
}

func bush(p *piece) {
	r := p.between(0.4, 1.1)
	crown(p, geom.Vec{0, 0, 0.62 * r}, geom.Vec{r, r * p.between(0.8, 1.2), 0.75 * r}, 60, 0.22+0.2*r, p.leafColour())
	p.scatter(geom.Vec{0, 0, 0.5}, -12)
}

// hedge is 4 m of a clipped hedge along y.
func hedge(p *piece) {
	h, t := p.between(0.8, 1.9), p.between(0.25, 0.45)
	id := p.either(material.Leaves, material.LeavesDark)
	p.Block(geom.Vec{-t, -2, 0}, geom.Vec{t, 2, h}, id)
	for range 90 {
		c := geom.Vec{t * p.between(-1, 1), p.between(-2, 2), h * p.between(0.05, 1)}
		if p.Chance(0.7) { // on a face
			c[0] = t * float32(1-2*p.IntN(2)) * 1.05
		} else {
			c[2] = h * 1.03
		}
		u, v := p.direction().Scale(0.14), p.direction().Scale(0.14)
		p.Quad(c, c.Add(u), c.Add(u).Add(v), c.Add(v), id)
	}
	p.scatter(geom.Vec{0, 0, 0.5}, -8)
}
