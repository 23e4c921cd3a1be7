package body

import (
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

func (d *draft) machinePaint() material.ID {
	return d.either(material.MachineYellow, material.MachineYellow, material.MachineOrange, material.CarYellow)
}

// beamOf appends a square bar from a to b, wide across and thick in the plane of the boom.
func beamOf(m *geom.Mesh, a, b geom.Vec, wide, thickA, thickB float32, id material.ID) {
	along := b.Sub(a).Unit()
	up := geom.Vec{-along[2], 0, along[0]} // the boom lies in the plane y = const
	side := geom.Vec{0, wide / 2, 0}
	ring := func(c geom.Vec, t float32) [4]geom.Vec {
		u := up.Scale(t / 2)
		return [4]geom.Vec{c.Sub(u).Sub(side), c.Add(u).Sub(side), c.Add(u).Add(side), c.Sub(u).Add(side)}
	}
	r, s := ring(a, thickA), ring(b, thickB)
	m.Quad(r[0], r[1], r[2], r[3], id)
	m.Quad(s[3], s[2], s[1], s[0], id)
	for i := range 4 {
		j := (i + 1) % 4
		m.Quad(r[j], r[i], s[i], s[j], id)
	}
}

// glazed appends a cabin with windows all round.
func glazed(d *draft, x0, x1, y0, y1, z0, z1 float32, paint material.ID) {
	part := &geom.Mesh{}
	h := addHull(part, z0, z1, [3]float32{x0, x1, (y1 - y0) / 2}, [3]float32{x0, x1 - 0.12, (y1 - y0) / 2}, paint)
	for _, f := range []face{h.front, h.left, h.right, h.rear} {
		pane(part, f, 0.08, 0.92, 0.30, 0.93, material.GlassDark)
	}
	part.Move(geom.Vec{0, (y0 + y1) / 2, 0})
	d.Add(part)
}

// excavator: tracks, a turning house with a cabin on its left, and an arm in three parts, folded more or less.
func excavator(d *draft) {
	l, w, h := d.size[0], d.size[1], d.size[2]
	paint := d.machinePaint()
	half := w / 2
	rear := -l / 2
	onBothSides(&d.Mesh, func(m *geom.Mesh) { // tracks: rounded at both ends
		y0, y1 := half-0.55, half
		long := min(0.62*l, 4.2)
		m.Block(geom.Vec{rear + 0.55, y0, 0.02}, geom.Vec{rear + long - 0.15, y1, 0.82}, material.Tyre)
		for _, x := range []float32{rear + 0.5, rear + long - 0.2} {
			m.Tube(geom.Vec{x, y0, 0.42}, geom.Vec{x, y1, 0.42}, 0.42, 0.42, 10, material.SteelDark)
		}
	})
	x0, x1 := rear, rear+min(0.58*l, 3.7)
	d.Block(geom.Vec{rear + 0.8, -half + 0.5, 0.4}, geom.Vec{x1 - 0.4, half - 0.5, 1.0}, material.SteelDark)
	house := straight(&d.Mesh, x0, x1-1.2, half-0.1, 0.95, 0.66*h, paint)
	pane(&d.Mesh, house.rear, 0.1, 0.9, 0.35, 0.9, material.PlasticBlack)
	pane(&d.Mesh, house.left, 0.3, 0.9, 0.4, 0.85, material.PlasticBlack)
	d.Block(geom.Vec{x1 - 1.3, -half + 0.15, 0.95}, geom.Vec{x1 - 0.1, -0.2, 0.55 * h}, paint)
	glazed(d, x1-1.5, x1, 0.15, half-0.12, 0.95, h*0.93, paint)
	reach := l / 2
	foot := geom.Vec{x1 - 0.7, -0.05, 1.4}
	elbow := geom.Vec{foot[0] + d.between(0.40, 0.55)*(reach-foot[0]), -0.05, h - 0.22}
	wrist := geom.Vec{reach - 0.35, -0.05, h * d.between(0.42, 0.70)}
	tip := geom.Vec{reach - d.between(0.4, 0.9), -0.05, d.between(0.4, 0.9)}
	beamOf(&d.Mesh, foot, elbow, 0.40, 0.55, 0.42, paint)
	beamOf(&d.Mesh, elbow, wrist, 0.34, 0.42, 0.34, paint)
	beamOf(&d.Mesh, wrist, tip, 0.28, 0.30, 0.24, paint)
	beamOf(&d.Mesh, foot.Add(geom.Vec{0.5, 0, -0.1}), foot.Lerp(elbow, 0.7).Add(geom.Vec{0, 0, -0.3}), 0.14, 0.14, 0.10, material.Chrome)
	bucket(&d.Mesh, tip, 0.45)
	machineScatterers(d, x0, x1, half, h)
}

// bucket hangs at p.
func bucket(m *geom.Mesh, p geom.Vec, half float32) {
	part := &geom.Mesh{}
	addHull(part, -0.40, 0.12, [3]float32{-0.45, 0.05, half}, [3]float32{-0.15, 0.35, half}, material.SteelDark)
	part.Move(p)
	m.Add(part)
}

// loader: four large wheels, a cabin in the middle, a bucket before it.
func loader(d *draft) {
	l, w, h := d.size[0], d.size[1], d.size[2]
	paint := d.machinePaint()
	half, rear, front := w/2-0.05, -l/2, l/2
	radius := 0.105*l + 0.06
	d.Block(geom.Vec{rear + 0.1, -half * 0.62, 0.55}, geom.Vec{front - 1.5, half * 0.62, 1.15}, material.SteelDark)
	bonnet := addHull(&d.Mesh, 0.8, 0.62*h, [3]float32{rear, rear + 0.42*l, half * 0.66}, [3]float32{rear + 0.15, rear + 0.40*l, half * 0.6}, paint)
	pane(&d.Mesh, bonnet.rear, 0.12, 0.88, 0.15, 0.85, material.PlasticBlack)
	for _, u := range [2]float32{0.02, 0.86} {
		p := pane(&d.Mesh, bonnet.rear, u, u+0.12, 0.7, 0.9, material.TailLamp)
		d.lamps = append(d.lamps, Lamp{p.centre(), geom.Vec{-1, 0, 0}, Tail, 7})
	}
	glazed(d, rear+0.36*l, rear+0.62*l, -half*0.62, half*0.62, 1.1, h-0.06, paint)
	d.Block(geom.Vec{rear + 0.35*l, -half * 0.66, h - 0.1}, geom.Vec{rear + 0.60*l, half * 0.66, h}, paint)
	lift := d.between(0.35, 0.9)
	onBothSides(&d.Mesh, func(m *geom.Mesh) {
		y := half * 0.45
		beamOf(m, geom.Vec{rear + 0.62*l, y, 1.35}, geom.Vec{front - 0.75, y, lift}, 0.18, 0.38, 0.26, paint)
		beamOf(m, geom.Vec{rear + 0.60*l, y * 0.6, 1.6}, geom.Vec{front - 0.85, y * 0.6, lift + 0.35}, 0.10, 0.14, 0.10, material.Chrome)
		for _, x := range []float32{rear + 0.24*l, rear + 0.68*l} {
			m.Block(geom.Vec{x - radius, half * 0.6, 2*radius + 0.02}, geom.Vec{x + radius, half, 2*radius + 0.10}, paint) // mudguards
		}
	})
	part := &geom.Mesh{}
	addHull(part, lift-0.35, lift+0.55, [3]float32{front - 0.75, front, half}, [3]float32{front - 0.85, front - 0.35, half}, material.SteelDark)
	d.Add(part)
	for _, x := range []float32{rear + 0.24*l, rear + 0.68*l} {
		wheel(&d.Mesh, x, half, radius, 0.5, 0, 14)
	}
	d.lamps = append(d.lamps, Lamp{geom.Vec{rear + 0.62*l, half * 0.5, h * 0.6}, geom.Vec{1, 0, -0.05}.Unit(), Head, 9000},
		Lamp{geom.Vec{rear + 0.62*l, -half * 0.5, h * 0.6}, geom.Vec{1, 0, -0.05}.Unit(), Head, 9000})
	machineScatterers(d, rear, front-0.8, half, h)
}
