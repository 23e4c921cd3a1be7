package body

import (
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// line is the side view of a car: shares of its length (-0.5 rear, 0.5 front) and of its height.
type line struct {
	tail, deckX, deck     float32 // top of the tail; where the rear window begins
	roofRear, roofFront   float32 // x
	cowlX, cowl, nose     float32 // where the windscreen begins; the bonnet's front edge
	rearAxle, frontAxle   float32 // x
	wheel                 float32 // radius in metres
	clearance             float32 // metres
	lean                  float32 // half width of the roof to that of the belt
	pillar                float32 // x of the middle pillar
	rearGlass, cladding   bool    // windows behind the middle pillar; black sills
	bed                   bool    // open behind the cabin
	secondPillar, secondX float32 // half width and x of a pillar behind, 0: none
}

var (
	sedanLine = line{
		tail: 0.63, deckX: -0.385, deck: 0.68, roofRear: -0.20, roofFront: 0.085, cowlX: 0.255, cowl: 0.645, nose: 0.50,
		rearAxle: -0.285, frontAxle: 0.305, wheel: 0.325, clearance: 0.17, lean: 0.77, pillar: -0.035, rearGlass: true,
	}
	hatchbackLine = line{
		tail: 0.63, deckX: -0.475, deck: 0.64, roofRear: -0.385, roofFront: 0.10, cowlX: 0.27, cowl: 0.625, nose: 0.50,
		rearAxle: -0.325, frontAxle: 0.305, wheel: 0.315, clearance: 0.16, lean: 0.79, pillar: -0.05, rearGlass: true,
		secondPillar: 0.03, secondX: -0.29,
	}
	suvLine = line{
		tail: 0.625, deckX: -0.475, deck: 0.635, roofRear: -0.42, roofFront: 0.075, cowlX: 0.23, cowl: 0.62, nose: 0.53,
		rearAxle: -0.295, frontAxle: 0.305, wheel: 0.365, clearance: 0.21, lean: 0.81, pillar: -0.045, rearGlass: true, cladding: true,
		secondPillar: 0.022, secondX: -0.255,
	}
	vanLine = line{
		tail: 0.535, deckX: -0.486, deck: 0.54, roofRear: -0.465, roofFront: 0.22, cowlX: 0.355, cowl: 0.545, nose: 0.43,
		rearAxle: -0.295, frontAxle: 0.325, wheel: 0.335, clearance: 0.17, lean: 0.86, pillar: 0.075, rearGlass: true,
		secondPillar: 0.02, secondX: -0.19,
	}
	pickupLine = line{
		tail: 0.60, deckX: -0.125, deck: 0.63, roofRear: -0.09, roofFront: 0.105, cowlX: 0.225, cowl: 0.635, nose: 0.57,
		rearAxle: -0.295, frontAxle: 0.315, wheel: 0.40, clearance: 0.25, lean: 0.80, pillar: 0.005, rearGlass: true, cladding: true,
		bed: true,
	}
)

func sedan(d *draft)     { car(d, sedanLine) }
func hatchback(d *draft) { car(d, hatchbackLine) }
func suv(d *draft)       { car(d, suvLine) }
func pickup(d *draft)    { car(d, pickupLine) }

// van is a minibus or, as often, a panel van.
func van(d *draft) {
	l := vanLine
	l.rearGlass = d.Chance(0.6)
	car(d, l)
}

// paints and how many cars of a hundred wear them: Axalta, Global Automotive Color Popularity Report 2022 (white 34, black 21, grey 19,
// blue 8, red 5, green 1); silver and the rest share what is left.
var paints = []struct {
	id    material.ID
	share float64
}{
	{material.CarWhite, 34},
	{material.CarBlack, 21},
	{material.CarGrey, 19},
	{material.CarBlue, 8},
	{material.CarSilver, 8},
	{material.CarRed, 5},
	{material.CarBrown, 1.3},
	{material.CarBeige, 1.2},
	{material.CarGreen, 1},
	{material.CarYellow, 0.8},
	{material.CarOrange, 0.7},
}

func (d *draft) paint() material.ID {
	total := 0.0
	for _, p := range paints {
		total += p.share
	}
	at := d.Float64() * total
	for _, p := range paints {
		if at -= p.share; at < 0 {
			return p.id
		}
	}
	return paints[0].id
}

// car builds a passenger car along a line, with some freedom in where its edges are.
func car(d *draft, s line) {
	for _, x := range []*float32{&s.deckX, &s.roofRear, &s.roofFront, &s.cowlX} {
		*x += d.between(-0.008, 0.008)
	}
	rise := d.between(-0.012, 0.012)
	s.tail, s.deck = s.tail+rise, s.deck+rise
	s.cowl += d.between(-0.012, 0.012)
	s.nose += d.between(-0.015, 0.015)
	s.wheel *= d.between(0.97, 1.05)
	paint := d.paint()
	mirror := d.between(0.075, 0.10)
	half := d.size[1]/2 - mirror
	lower(d, s, paint, half)
	cabin(d, s, paint, half)
	l, h := d.size[0], d.size[2]
	for _, x := range []float32{s.rearAxle, s.frontAxle} {
		wheel(&d.Mesh, x*l, half+0.014, s.wheel, 0.21, 1.17, 10)
	}
	onBothSides(&d.Mesh, func(m *geom.Mesh) { // mirrors
		x, z := (s.cowlX-0.045)*l, s.cowl*h+0.02
		arm := geom.Vec{x, half * 0.95, z}
		m.Hexahedron(
			[4]geom.Vec{arm.Add(geom.Vec{-0.06, 0, 0}), arm.Add(geom.Vec{0.04, 0, 0}), {x + 0.02, half + mirror, z + 0.01}, {x - 0.09, half + mirror, z + 0.01}},
			[4]geom.Vec{arm.Add(geom.Vec{-0.06, 0, 0.10}), arm.Add(geom.Vec{0.04, 0, 0.10}), {x + 0.02, half + mirror, z + 0.14}, {x - 0.09, half + mirror, z + 0.14}}, paint)
	})
	seats(d, s, half)
	carScatterers(d, s, half)
}

// lower builds the body below the windows, with its lamps and plates.
func lower(d *draft, s line, paint material.ID, half float32) {
	l, h := d.size[0], d.size[2]
	bottom, belt := s.clearance, (s.deck+s.cowl)/2
	ring := func(x, zb, zt, wb, wm, wt, crown float32) station {
		zb, zt = max(zb, 0.05), zt*h
		return station{x * l, [][2]float32{
			{0, zb}, {wb * half, zb}, {wm * half, zb + 0.40*(zt-zb)}, {wm * half * 0.99, zb + 0.80*(zt-zb)}, {wt * half, zt}, {0, zt + crown},
		}}
	}
	bedded := func(x, floor float32) station {
		r := ring(x, bottom, s.deck, 0.95, 1, 0.98, 0)
		r.half[4] = [2]float32{0.88 * half, s.deck * h}
		r.half[5] = [2]float32{0, floor}
		return r
	}
	stations := []station{
		ring(-0.5, bottom+0.14, 0.94*s.tail, 0.80, 0.86, 0.78, 0),
		ring(-0.482, bottom+0.08, s.tail, 0.88, 0.95, 0.87, 0.01),
		ring(-0.43, bottom+0.03, max(s.tail, s.deck-0.02), 0.92, 0.99, 0.93, 0.015),
		ring(max(s.deckX, -0.40), bottom, s.deck, 0.95, 1, 0.94, 0.02),
		ring(s.roofFront-0.1, bottom, belt, 0.95, 1, 0.94, 0.02),
		ring(s.cowlX, bottom, s.cowl, 0.95, 1, 0.93, 0.03),
		ring(0.40, bottom+0.01, s.nose+0.35*(s.cowl-s.nose), 0.92, 0.985, 0.88, 0.03),
		ring(0.465, bottom+0.05, s.nose, 0.87, 0.94, 0.80, 0.025),
		ring(0.5, bottom+0.10, 0.88*s.nose, 0.78, 0.84, 0.72, 0),
	}
	if s.deckX < -0.43 { // the rear window begins behind the third station
		stations[2].half[4][1], stations[2].half[5][1] = s.deck*h, s.deck*h+0.02
	}
	if s.bed {
		stations = append([]station{
			ring(-0.5, bottom+0.10, s.tail, 0.90, 0.95, 0.92, 0), ring(-0.485, bottom+0.06, s.deck, 0.93, 0.98, 0.97, 0),
			bedded(-0.48, 0.42*h), bedded(s.deckX-0.012, 0.42*h), ring(s.deckX, bottom, s.deck, 0.95, 1, 0.94, 0.02),
		}, stations[4:]...)
	}
	inside := s.deckX * l
	loft(&d.Mesh, stations, func(i, j int) material.ID {
		switch a, b := stations[i].x, stations[i+1].x; {
		case j == 0:
			return material.Underbody
		case j == 1 && s.cladding:
			return material.PlasticBlack
		case j == 4 && a >= inside-0.01*l && b <= s.cowlX*l+0.01:
			return material.Interior
		case j == 4 && s.bed && i == 2:
			return material.PlasticBlack
		}
		return paint
	}, paint, paint)
	ends(d, stations, half)
}

// ends puts lamps, plates and grille on the nose and the tail.
func ends(d *draft, stations []station, half float32) {
	grille := d.either(material.PlasticBlack, material.PlasticBlack, material.Chrome)
	n := len(stations) - 1
	nose, tail := stations[n], stations[0]
	front := endFace(nose, 0.84*half, true)
	rear := endFace(tail, 0.84*half, false)
	pane(&d.Mesh, front, 0.20, 0.80, 0.60, 0.86, grille)
	pane(&d.Mesh, front, 0.12, 0.88, 0.10, 0.30, material.PlasticBlack)
	plate := d.either(material.PlateWhite, material.PlateWhite, material.PlateYellow)
	u := 0.26 / (1.68 * half)
	pane(&d.Mesh, front, 0.5-u, 0.5+u, 0.38, 0.56, plate)
	pane(&d.Mesh, rear, 0.5-u, 0.5+u, 0.45, 0.63, plate)
	pane(&d.Mesh, rear, 0.05, 0.95, 0.02, 0.24, material.PlasticBlack)
	for _, side := range [2][2]float32{{0.02, 0.24}, {0.76, 0.98}} {
		f := pane(&d.Mesh, front, side[0], side[1], 0.70, 0.95, material.HeadLamp)
		r := pane(&d.Mesh, rear, side[0], side[1], 0.66, 0.98, material.TailLamp)
		d.lamps = append(d.lamps,
			Lamp{f.centre(), geom.Vec{1, 0, -0.02}.Unit(), Head, 15000}, Lamp{r.centre(), geom.Vec{-1, 0, 0}, Tail, 7},
			Lamp{r.centre(), geom.Vec{-1, 0, 0}, Brake, 100})
	}
	onBothSides(&d.Mesh, func(m *geom.Mesh) { // the lamps go round the corners
		wrap(m, stations[n-1], stations[n], 3, 0.25, 1, 0.0, 0.9, material.HeadLamp)
		wrap(m, stations[0], stations[1], 3, 0, 0.9, 0.0, 0.95, material.TailLamp)
	})
}

// endFace is the upright rectangle of the nose or tail on which things are laid.
func endFace(end station, half float32, front bool) face {
	lo, hi := end.half[1][1], end.half[4][1]
	narrow := end.half[4][0] / end.half[2][0]
	f := face{{end.x, -half, lo}, {end.x, half, lo}, {end.x, half * narrow, hi}, {end.x, -half * narrow, hi}}
	if !front {
		f = face{f[1], f[0], f[3], f[2]}
	}
	return f
}

// wrap lays a pane on the left side of a loft, between stations a (rear) and b and points j and j+1; u runs forward.
func wrap(m *geom.Mesh, a, b station, j int, u0, u1, v0, v1 float32, id material.ID) {
	f := face{b.at(j), a.at(j), a.at(j + 1), b.at(j + 1)}
	pane(m, f, 1-u1, 1-u0, v0, v1, id)
}

// cabin builds windows, pillars and roof.
func cabin(d *draft, s line, paint material.ID, half float32) {
	l, h := d.size[0], d.size[2]
	belt := (s.deck + s.cowl) / 2
	foot := func(x, z float32) station {
		z *= h
		return station{x * l, [][2]float32{{0.92 * half, z - 0.03}, {0.91 * half, z}, {0.90 * half, z}, {0.82 * half, z + 0.01}, {0, z + 0.025}}}
	}
	roof := func(x, drop float32) station {
		top := h*(1-drop) - 0.02
		return station{x * l, [][2]float32{
			{0.93 * half, belt*h - 0.03}, {0.92 * half, belt*h + 0.04}, {(s.lean + 0.05) * half, top - 0.09}, {(s.lean - 0.03) * half, top - 0.015}, {0, top + 0.02},
		}}
	}
	const thin = 0.011 // half a pillar
	stations := []station{foot(s.deckX, s.deck), roof(s.roofRear, 0.012)}
	names := []material.ID{paint, 0}
	side := material.Glass
	if !s.rearGlass {
		side = paint
	}
	if s.secondPillar > 0 {
		stations = append(stations, roof(s.secondX-s.secondPillar/2, 0.003), roof(s.secondX+s.secondPillar/2, 0.002))
		names = append(names[:1], side, paint, side)
	} else {
		names[1] = side
	}
	stations = append(stations, roof(s.pillar-thin, 0), roof(s.pillar+thin, 0), roof(s.roofFront, 0.015), foot(s.cowlX, s.cowl))
	names = append(names, material.PlasticBlack, material.Glass, material.Glass)
	last := len(stations) - 2
	loft(&d.Mesh, stations, func(i, j int) material.ID {
		switch {
		case j == 1:
			return names[i]
		case j == 3 && i == last, j == 3 && i == 0 && s.rearGlass:
			return material.Glass
		}
		return paint
	}, paint, paint)
}

// seats fill the cabin, which one sees through the windows: two in front and a bench.
func seats(d *draft, s line, half float32) {
	l, h := d.size[0], d.size[2]
	belt := (s.deck + s.cowl) / 2 * h
	back := func(x, y0, y1, top float32) {
		d.Block(geom.Vec{x, y0, belt - 0.05}, geom.Vec{x + 0.12, y1, top}, material.Interior)
	}
	x := (s.roofFront - 0.10) * l
	top := belt + 0.62*(h-belt)
	for _, y := range []float32{-0.48, 0.48} {
		back(x, y*half-0.14, y*half+0.14, top)
	}
	if s.rearGlass && !s.bed {
		back(x-0.85, -0.7*half, 0.7*half, top-0.08)
	}
}
