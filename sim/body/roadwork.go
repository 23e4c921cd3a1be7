package body

import (
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// banded appends a cone or post from the foot radius at z0 to the tip radius at z1, with bands that return light between the shares.
func banded(m *geom.Mesh, z0, z1, foot, tip float32, n int, shares [][2]float32, colour material.ID) {
	from := float32(0)
	part := func(a, b float32, id material.ID) {
		r := func(s float32) float32 { return foot + s*(tip-foot) }
		m.Tube(geom.Vec{0, 0, z0 + a*(z1-z0)}, geom.Vec{0, 0, z0 + b*(z1-z0)}, r(a), r(b), n, id)
	}
	for _, s := range shares {
		part(from, s[0], colour)
		part(s[0], s[1], material.ConeBand)
		from = s[1]
	}
	part(from, 1, colour)
}

// cone is the common cone with one or two bands.
func cone(d *draft) {
	w, h := d.size[0]/2, d.size[2]
	d.Block(geom.Vec{-w, -w, 0}, geom.Vec{w, w, 0.05}, d.either(material.ConeBase, material.ConeBase, material.ConeOrange))
	bands := [][2]float32{{0.55, 0.75}}
	if d.Chance(0.6) {
		bands = [][2]float32{{0.35, 0.50}, {0.62, 0.80}}
	}
	banded(&d.Mesh, 0.05, h, 0.78*w, 0.04, 12, bands, material.ConeOrange)
	d.scatter(geom.Vec{0, 0, h / 3}, -15)
}

// post is a flexible delineator on a foot.
func post(d *draft) {
	w, h := d.size[0]/2, d.size[2]
	d.Tube(geom.Vec{}, geom.Vec{0, 0, 0.08}, w, 0.8*w, 10, material.ConeBase)
	banded(&d.Mesh, 0.08, h, 0.06, 0.05, 8, [][2]float32{{0.55, 0.68}, {0.78, 0.91}}, material.ConeOrange)
	d.scatter(geom.Vec{0, 0, h / 2}, -16)
}

// drum is a channelling drum with four bands.
func drum(d *draft) {
	w, h := d.size[0]/2, d.size[2]
	d.Tube(geom.Vec{}, geom.Vec{0, 0, 0.09}, w, w, 10, material.ConeBase)
	banded(&d.Mesh, 0.09, h-0.06, 0.92*w, 0.75*w, 12, [][2]float32{{0.22, 0.38}, {0.60, 0.76}}, material.ConeOrange)
	d.Block(geom.Vec{-0.03, -0.1, h - 0.07}, geom.Vec{0.03, 0.1, h}, material.ConeOrange)
	d.scatter(geom.Vec{0, 0, h / 2}, -13)
}

// concreteBarrier has the profile of a Jersey wall, along y.
func concreteBarrier(d *draft) {
	t, w, h := d.size[0]/2, d.size[1]/2, d.size[2]
	jersey(&d.Mesh, t, w, h, 0.30, d.either(material.BarrierConcrete, material.BarrierConcrete, material.BarrierWhite))
	if d.Chance(0.3) {
		for _, x := range []float32{-1, 1} {
			d.Block(geom.Vec{x*0.34*t - 0.02, -0.06, h - 0.16}, geom.Vec{x*0.34*t + 0.02, 0.06, h - 0.06}, material.SignYellow)
		}
	}
	for _, y := range []float32{-0.8, 0, 0.8} {
		d.scatter(geom.Vec{0, y * w, h / 2}, -2) // three make 3
	}
}

// jersey appends a wall along y whose foot is 2 t and whose crown 2 t top thick.
func jersey(m *geom.Mesh, t, w, h, top float32, id material.ID) {
	profile := []geom.Vec{{t, 0, 0}, {t, 0, 0.09 * h}, {0.55 * t, 0, 0.40 * h}, {top * t, 0, h}, {-top * t, 0, h}, {-0.55 * t, 0, 0.40 * h}, {-t, 0, 0.09 * h}, {-t, 0, 0}}
	at := func(i int, y float32) geom.Vec { return geom.Vec{profile[i][0], y, profile[i][2]} }
	n := len(profile)
	for i := range n {
		k := (i + 1) % n
		m.Quad(at(i, -w), at(i, w), at(k, w), at(k, -w), id)
	}
	for k := range n/2 - 1 { // ends, as strips between left and right
		m.Quad(at(n-1-k, -w), at(k, -w), at(k+1, -w), at(n-2-k, -w), id)
		m.Quad(at(k, w), at(n-1-k, w), at(n-2-k, w), at(k+1, w), id)
	}
}

// plasticBarrier is filled with water, orange or white, with hollows for the fork.
func plasticBarrier(d *draft) {
	t, w, h := d.size[0]/2, d.size[1]/2, d.size[2]
	colour := d.either(material.BarrierOrange, material.BarrierOrange, material.BarrierWhite, material.ConeOrange)
	jersey(&d.Mesh, t, w, h, 0.42, colour)
	for _, y := range []float32{-0.45, 0.45} {
		for _, x := range []float32{-1, 1} {
			d.Block(geom.Vec{x*0.62*t - 0.03, y*w - 0.22, 0.12}, geom.Vec{x*0.62*t + 0.03, y*w + 0.22, 0.25}, material.PlasticBlack)
		}
	}
	for _, y := range []float32{-0.7, 0.7} {
		d.scatter(geom.Vec{0, y * w, h / 2}, -1)
	}
}

// boardBarrier is a striped board on two feet, with a lamp.
func boardBarrier(d *draft) {
	t, w, h := d.size[0]/2, d.size[1]/2, d.size[2]
	for _, y := range []float32{-0.78, 0.78} {
		d.Block(geom.Vec{-t, y*w - 0.10, 0}, geom.Vec{t, y*w + 0.10, 0.10}, material.ConeBase)
		d.Block(geom.Vec{-0.025, y*w - 0.025, 0.1}, geom.Vec{0.025, y*w + 0.025, h - 0.15}, material.Steel)
	}
	for _, z := range []float32{0.30, 0.62} {
		d.Block(geom.Vec{-0.02, -w, z*h - 0.01}, geom.Vec{0.02, w, (z+0.22)*h + 0.01}, material.BarrierStripe)
	}
	d.Tube(geom.Vec{0, -0.78 * w, h - 0.15}, geom.Vec{0, -0.78 * w, h}, 0.08, 0.08, 8, material.SignalAmber)
	for _, y := range []float32{-0.78, 0.78} {
		d.scatter(geom.Vec{0, y * w, h / 2}, 2)
	}
}
