package body

import (
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// lorryPaint is mostly white.
func (d *draft) lorryPaint() material.ID {
	return d.either(material.CarWhite, material.CarWhite, material.CarWhite, material.CarBlue, material.CarRed, material.CarSilver,
		material.CarGreen, material.CarYellow, material.CarGrey)
}

// cab appends a lorry's cab between x0 and x1 on height z0..z1, with windscreen, windows, lamps, grille, bumper and mirrors.
func cab(d *draft, x0, x1, half, z0, z1, rake float32, paint material.ID) {
	m := &d.Mesh
	belt := z0 + 0.46*(z1-z0)
	down := straight(m, x0, x1, half, z0, belt, paint)
	up := addHull(m, belt, z1, [3]float32{x0, x1, half}, [3]float32{x0, x1 - rake, half * 0.95}, paint)
	pane(m, up.front, 0.05, 0.95, 0.06, 0.80, material.GlassDark)
	for _, f := range []face{up.left, up.right} {
		ahead := f[0][1] > 0 // the left face begins in front
		u0, u1 := float32(0.10), float32(0.62)
		if !ahead {
			u0, u1 = 0.38, 0.90
		}
		pane(m, f, u0, u1, 0.02, 0.72, material.GlassDark)
	}
	pane(m, down.front, 0.15, 0.85, 0.35, 0.95, material.PlasticBlack)
	bumper := straight(m, x1-0.25, x1+0.06, half*0.99, z0-0.22, z0+0.22*(belt-z0), d.either(paint, material.PlasticGrey, material.PlasticBlack))
	pane(m, bumper.front, 0.40, 0.60, 0.25, 0.55, material.PlateWhite)
	for _, u := range [2]float32{0.04, 0.82} {
		p := pane(m, bumper.front, u, u+0.14, 0.35, 0.85, material.HeadLamp)
		d.lamps = append(d.lamps, Lamp{p.centre(), geom.Vec{1, 0, -0.03}.Unit(), Head, 15000})
	}
	onBothSides(m, func(m *geom.Mesh) {
		m.Block(geom.Vec{x1 - 0.16, half, belt + 0.05}, geom.Vec{x1 - 0.04, half + 0.17, belt + 0.62}, material.PlasticBlack)
		m.Block(geom.Vec{x1 - 0.55, half - 0.05, z0 - 0.25}, geom.Vec{x1 - 0.1, half + 0.01, z0}, material.PlasticBlack) // steps
	})
}

// rearLamps appends tail lamps, plate and a bumper bar at the end x, at height z.
func rearLamps(d *draft, x, half, z float32) {
	bar := straight(&d.Mesh, x, x+0.10, half*0.97, z-0.12, z+0.06, material.SteelDark)
	for _, u := range [2]float32{0.02, 0.84} {
		p := pane(&d.Mesh, bar.rear, u, u+0.14, 0.15, 0.85, material.TailLamp)
		d.lamps = append(d.lamps, Lamp{p.centre(), geom.Vec{-1, 0, 0}, Tail, 8}, Lamp{p.centre(), geom.Vec{-1, 0, 0}, Brake, 110})
	}
	pane(&d.Mesh, bar.rear, 0.42, 0.58, 0.1, 0.9, material.PlateWhite)
}

// axles appends wheels at the given x; behind the first of a lorry they are double.
func axles(d *draft, half, radius float32, single int, xs ...float32) {
	for i, x := range xs {
		width := float32(0.55)
		if i < single {
			width = 0.32
		}
		wheel(&d.Mesh, x, half, radius, width, 0, 12)
	}
}

// frame appends the beams under a lorry.
func frame(d *draft, x0, x1, z0, z1 float32) {
	d.Block(geom.Vec{x0, -0.45, z0}, geom.Vec{x1, 0.45, z1}, material.Underbody)
}

// boxTruck has a cab and a high box, on two axles.
func boxTruck(d *draft) {
	l, w, h := d.size[0], d.size[1], d.size[2]
	half := w/2 - 0.17
	paint, load := d.lorryPaint(), d.either(material.CarWhite, material.CarWhite, material.CarWhite, material.TarpBlue, material.TarpGrey, material.TarpRed, material.CarYellow)
	radius := 0.36 + 0.015*l
	front, back := l/2-0.06, -l/2
	cabLength := 1.55 + 0.06*l
	deck := radius*2 + 0.12
	frame(d, back+0.1, front-0.3, radius, deck)
	cab(d, front-cabLength, front, half*0.95, radius+0.10, min(h-0.35, deck+1.75), 0.28, paint)
	box := straight(&d.Mesh, back, front-cabLength-0.10, w/2-0.03, deck, h, load)
	sideMarks(d, box, d.either(material.CarBlue, material.CarRed, material.CarGreen, load))
	pane(&d.Mesh, box.rear, 0.04, 0.495, 0.03, 0.96, load)
	pane(&d.Mesh, box.rear, 0.505, 0.96, 0.03, 0.96, load)
	rearLamps(d, back+0.02, half, deck-0.25)
	onBothSides(&d.Mesh, func(m *geom.Mesh) { // under-run guard
		m.Block(geom.Vec{back + 0.36*l, half - 0.06, radius * 0.8}, geom.Vec{front - cabLength - 0.3, half, deck - 0.1}, material.PlasticGrey)
	})
	axles(d, half+0.06, radius, 1, front-0.30*cabLength-0.55, back+0.24*l)
	lorryScatterers(d, back, front, half, deck, h)
}

// sideMarks lays a coloured field and retro-reflecting tape on a box.
func sideMarks(d *draft, box hull, colour material.ID) {
	for _, f := range []face{box.left, box.right} {
		pane(&d.Mesh, f, 0.15, 0.85, 0.45, 0.75, colour)
		pane(&d.Mesh, f, 0.02, 0.98, 0.01, 0.03, material.TapeRedWhite)
	}
	pane(&d.Mesh, box.rear, 0.02, 0.98, 0.005, 0.025, material.TapeRedWhite)
}

// tipper carries an open trough with sloping ends.
func tipper(d *draft) {
	l, w, h := d.size[0], d.size[1], d.size[2]
	half := w/2 - 0.17
	paint := d.either(material.MachineOrange, material.CarYellow, material.CarWhite, material.CarRed, material.CarBlue)
	trough := d.either(material.ContainerRust, material.CarGrey, material.MachineOrange, material.CarBlue)
	front, back, radius := l/2-0.06, -l/2, float32(0.5)
	deck := float32(1.15)
	frame(d, back+0.2, front-0.3, radius, deck)
	cab(d, front-1.9, front, half*0.96, 0.62, h-0.15, 0.15, paint)
	x0, x1, top := back, front-2.05, h*0.86
	addHull(&d.Mesh, deck, top, [3]float32{x0 + 0.5, x1, half * 0.92}, [3]float32{x0, x1, half + 0.14}, trough)
	d.Ellipsoid(geom.Vec{(x0 + x1) / 2, 0, top - 0.05}, geom.Vec{0.46 * (x1 - x0), 0.8 * half, d.between(0.1, 0.4)}, 4, 8, nil, material.Gravel)
	d.Block(geom.Vec{x1, -half, top - 0.05}, geom.Vec{x1 + 0.7, half, h}, trough) // shield over the cab
	onBothSides(&d.Mesh, func(m *geom.Mesh) {                                     // ribs
		for k := range 4 {
			x := x0 + 0.7 + float32(k)*(x1-x0-0.9)/3
			m.Block(geom.Vec{x - 0.06, half, deck + 0.2}, geom.Vec{x + 0.06, half + 0.16, top - 0.02}, trough)
		}
	})
	rearLamps(d, back+0.3, half, 0.95)
	axles(d, half+0.07, radius, 1, front-1.35, back+2.5, back+1.25)
	lorryScatterers(d, back, front, half, deck, top)
}

// tractor pulls trailers: a tall cab, a fifth wheel, nothing behind.
func tractor(d *draft) {
	l, w, h := d.size[0], d.size[1], d.size[2]
	half := w/2 - 0.17
	paint := d.lorryPaint()
	front, back, radius := l/2-0.06, -l/2, float32(0.5)
	frame(d, back, front-0.4, 0.55, 1.0)
	bonnet := float32(0)
	if d.Chance(0.4) { // with a bonnet, as in America
		bonnet = 1.5
		nose := straight(&d.Mesh, front-bonnet, front, half*0.80, 0.75, 0.55*h, paint)
		pane(&d.Mesh, nose.front, 0.12, 0.88, 0.15, 0.95, material.Chrome)
		onBothSides(&d.Mesh, func(m *geom.Mesh) {
			m.Block(geom.Vec{front - 1.2, half * 0.72, 0.55}, geom.Vec{front + 0.03, half, 1.1}, paint) // wings
			m.Tube(geom.Vec{front - 3.7, half * 0.8, 0.9}, geom.Vec{front - 3.7, half * 0.8, h}, 0.08, 0.08, 6, material.Chrome)
		})
	}
	cab(d, front-bonnet-2.2, front-bonnet, half*0.97, 0.70, h-0.55, 0.18, paint)
	addHull(&d.Mesh, h-0.57, h, [3]float32{front - bonnet - 2.2, front - bonnet - 0.2, half * 0.9}, [3]float32{front - bonnet - 2.2, front - bonnet - 1.1, half * 0.8}, paint)
	d.Tube(geom.Vec{back + 1.3, 0, 1.0}, geom.Vec{back + 1.3, 0, 1.12}, 0.5, 0.5, 8, material.SteelDark)
	onBothSides(&d.Mesh, func(m *geom.Mesh) { // tanks
		m.Tube(geom.Vec{back + 2.4, half - 0.33, 0.75}, geom.Vec{back + 3.5, half - 0.33, 0.75}, 0.30, 0.30, 8, material.Chrome)
	})
	rearLamps(d, back, half, 0.95)
	axles(d, half+0.05, radius, 1, front-0.85, back+1.9, back+0.75)
	lorryScatterers(d, back, front, half, 0.9, h)
}

// boxTrailer is a long box or curtain on three axles.
func boxTrailer(d *draft) {
	l, w, h := d.size[0], d.size[1], d.size[2]
	skin := d.either(material.CarWhite, material.CarWhite, material.TarpBlue, material.TarpRed, material.TarpGrey, material.TarpGreen)
	deck := float32(1.15)
	frame(d, -l/2+0.2, l/2-1.2, 0.75, deck)
	box := straight(&d.Mesh, -l/2, l/2, w/2-0.02, deck, h, skin)
	sideMarks(d, box, d.either(skin, material.CarBlue, material.CarRed, material.CarWhite))
	pane(&d.Mesh, box.rear, 0.03, 0.495, 0.03, 0.97, material.CarWhite)
	pane(&d.Mesh, box.rear, 0.505, 0.97, 0.03, 0.97, material.CarWhite)
	trailerGear(d, l, w/2-0.06, deck)
	lorryScatterers(d, -l/2, l/2, w/2-0.02, deck, h)
}

// containerTrailer is a skeleton with a container, whose long ones are corrugated.
func containerTrailer(d *draft) {
	l, w, h := d.size[0], d.size[1], d.size[2]
	skin := d.either(material.ContainerRust, material.CarBlue, material.TarpGreen, material.CarGrey, material.CarWhite, material.MachineOrange)
	deck := float32(1.2)
	frame(d, -l/2+0.1, l/2-0.1, 0.85, deck)
	x0, x1, half := -l/2+0.15, l/2, w/2-0.06
	straight(&d.Mesh, x0, x1, half, deck, h, skin)
	onBothSides(&d.Mesh, func(m *geom.Mesh) {
		n := int((x1 - x0) / 0.6)
		for k := range n {
			x := x0 + (float32(k)+0.5)*(x1-x0)/float32(n)
			m.Quad(geom.Vec{x + 0.16, half + 0.03, deck + 0.15}, geom.Vec{x - 0.16, half + 0.03, deck + 0.15},
				geom.Vec{x - 0.16, half + 0.03, h - 0.12}, geom.Vec{x + 0.16, half + 0.03, h - 0.12}, skin)
		}
	})
	trailerGear(d, l, half, deck)
	lorryScatterers(d, -l/2, l/2, half, deck, h)
}

// trailerGear appends what is under a trailer.
func trailerGear(d *draft, l, half, deck float32) {
	rearLamps(d, -l/2, half, deck-0.25)
	axles(d, half+0.05, 0.5, 0, -l/2+1.2, -l/2+2.5, -l/2+3.8)
	onBothSides(&d.Mesh, func(m *geom.Mesh) {
		m.Block(geom.Vec{l/2 - 2.9, half - 0.5, 0.05}, geom.Vec{l/2 - 2.75, half - 0.35, deck}, material.SteelDark) // legs
		if l > 11 {
			m.Block(geom.Vec{-l/2 + 4.7, half - 0.06, 0.5}, geom.Vec{l/2 - 3.5, half, 0.95}, material.PlasticGrey) // guard
		}
	})
}

// cityBus has a row of windows, doors on the right and a sign above the windscreen.
func cityBus(d *draft) {
	l, w, h := d.size[0], d.size[1], d.size[2]
	half := w/2 - 0.16
	paint := d.either(material.CarWhite, material.CarRed, material.CarBlue, material.CarGreen, material.CarYellow, material.CarSilver)
	skirt := d.either(paint, paint, material.CarGrey, material.CarWhite)
	floor := float32(0.34)
	belt := 0.38 * h
	x0, x1 := -l/2+0.03, l/2-0.03
	down := straight(&d.Mesh, x0, x1, half, floor, belt, skirt)
	up := addHull(&d.Mesh, belt, h-0.22, [3]float32{x0, x1, half}, [3]float32{x0 + 0.05, x1 - 0.12, half * 0.97}, paint)
	addHull(&d.Mesh, h-0.23, h, [3]float32{x0 + 0.1, x1 - 0.15, half * 0.95}, [3]float32{x0 + 0.8, x1 - 2, half * 0.75}, material.PlasticGrey)
	pane(&d.Mesh, up.front, 0.04, 0.96, 0.02, 0.78, material.GlassDark)
	pane(&d.Mesh, up.front, 0.15, 0.85, 0.82, 0.97, material.PlasticBlack)
	pane(&d.Mesh, up.rear, 0.10, 0.90, 0.25, 0.85, material.GlassDark)
	pane(&d.Mesh, down.rear, 0.12, 0.88, 0.25, 0.75, material.PlasticBlack)
	n := max(4, int(l/1.5))
	for _, f := range []face{up.left, up.right} {
		for k := range n {
			u0, u1 := (float32(k)+0.05)/float32(n), (float32(k)+0.95)/float32(n)
			pane(&d.Mesh, f, u0*0.97+0.015, u1*0.97+0.015, 0.05, 0.82, material.GlassDark)
		}
	}
	for _, u := range []float32{0.86, 0.50} { // doors
		pane(&d.Mesh, down.right, u, u+1.2/l, 0.02, 1, material.GlassDark)
	}
	for _, u := range [2]float32{0.03, 0.81} {
		p := pane(&d.Mesh, down.front, u, u+0.16, 0.30, 0.55, material.HeadLamp)
		r := pane(&d.Mesh, down.rear, u+0.02, u+0.12, 0.40, 0.85, material.TailLamp)
		d.lamps = append(d.lamps, Lamp{p.centre(), geom.Vec{1, 0, -0.03}.Unit(), Head, 15000},
			Lamp{r.centre(), geom.Vec{-1, 0, 0}, Tail, 8}, Lamp{r.centre(), geom.Vec{-1, 0, 0}, Brake, 110})
	}
	pane(&d.Mesh, down.front, 0.41, 0.59, 0.08, 0.22, material.PlateWhite)
	pane(&d.Mesh, down.rear, 0.41, 0.59, 0.08, 0.20, material.PlateWhite)
	onBothSides(&d.Mesh, func(m *geom.Mesh) { // mirrors
		m.Block(geom.Vec{x1 - 0.10, half, belt + 0.55}, geom.Vec{l / 2, half + 0.16, belt + 1.0}, material.PlasticBlack)
	})
	for _, x := range []float32{x1 - 0.22*l, x0 + 0.26*l} {
		wheel(&d.Mesh, x, half+0.012, 0.47, 0.3, 1.12, 12)
	}
	lorryScatterers(d, x0, x1, half, floor, h)
}
