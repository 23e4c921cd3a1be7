package body

import (
	"fmt"
	"math"
	"slices"

	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// Piece is a thing that stands in a street and never moves: its origin is where it meets the ground, z is up, and if it has a front
// it looks along x. The caller owns the mesh and may move and add it to the static one; points of scatterers and lamps are in the
// mesh's frame.
type Piece struct {
	Kind       string
	Mesh       *geom.Mesh
	Scatterers []Scatterer
	Lamps      []StreetLamp
}

// StreetLamp is a light that hangs over the street: it shines downwards with Lumen.
type StreetLamp struct {
	At    geom.Vec
	Lumen float32
}

// furniture lists the makers by name.
var furniture = []struct {
	kind string
	make func(*piece)
}{
	{"tree", broadleaf},
	{"poplar", poplar},
	{"conifer", conifer},
	{"bush", bush},
	{"hedge", hedge},
	{"lamp_pole", lampPole},
	{"traffic_light", trafficLight},
	{"sign", sign},
	{"bin", bin},
	{"bollard", bollard},
	{"bench", bench},
	{"hydrant", hydrant},
	{"bicycle_rack", bicycleRack},
	{"cabinet", cabinet},
	{"shelter", shelter},
	{"planter", planter},
}

// FurnitureKinds returns the kinds that Furniture makes.
func FurnitureKinds() []string {
	var names []string
	for _, f := range furniture {
		names = append(names, f.kind)
	}
	return names
}

// Furniture makes a piece of a kind; its size and details come from src. A kind that does not exist is a bug and panics.
func Furniture(src *chance.Source, kind string) *Piece {
	i := slices.IndexFunc(furniture, func(f struct {
		kind string
		make func(*piece)
	},
	) bool {
		return f.kind == kind
	})
	if i < 0 {
		panic(fmt.Sprintf("body: there is no furniture %q: see FurnitureKinds", kind))
	}
	p := &piece{draft: draft{Source: src}}
	furniture[i].make(p)
	return &Piece{Kind: kind, Mesh: &p.Mesh, Scatterers: p.scatterers, Lamps: p.street}
}

// piece is furniture in the making.
type piece struct {
	draft
	street []StreetLamp
}

func lampPole(p *piece) {
	h, reach := p.between(5.5, 9), p.between(0.8, 2.2)
	id := p.either(material.Steel, material.SteelDark, material.PoleGreen, material.SteelDark)
	p.Tube(geom.Vec{}, geom.Vec{0, 0, 0.9}, 0.12, 0.10, 8, id)
	p.Tube(geom.Vec{0, 0, 0.9}, geom.Vec{0, 0, h}, 0.085, 0.055, 8, id)
	p.Tube(geom.Vec{0, 0, h - 0.05}, geom.Vec{reach, 0, h + 0.25}, 0.045, 0.035, 6, id)
	head := geom.Vec{reach, 0, h + 0.22}
	p.Block(head.Add(geom.Vec{-0.1, -0.14, 0}), head.Add(geom.Vec{0.55, 0.14, 0.10}), material.PlasticGrey)
	p.Block(head.Add(geom.Vec{0, -0.11, -0.03}), head.Add(geom.Vec{0.5, 0.11, 0}), material.LampGlass)
	p.street = append(p.street, StreetLamp{head.Add(geom.Vec{0.25, 0, -0.05}), p.between(5000, 12000)})
	p.scatter(geom.Vec{0, 0, 1}, 3)
}

func trafficLight(p *piece) {
	h := p.between(2.9, 3.3)
	id := p.either(material.Steel, material.SteelDark, material.PoleGreen)
	p.Tube(geom.Vec{}, geom.Vec{0, 0, h}, 0.075, 0.065, 8, id)
	at := []geom.Vec{{0.14, 0, h - 0.9}}
	if p.Chance(0.5) { // an arm over the road, which is to the left of who faces the light
		arm := p.between(3.5, 6)
		p.Tube(geom.Vec{0, 0, h}, geom.Vec{0, 0, 5.8}, 0.075, 0.07, 8, id)
		p.Tube(geom.Vec{0, 0, 5.6}, geom.Vec{0, arm, 5.9}, 0.06, 0.04, 6, id)
		at = append(at, geom.Vec{0.12, arm - 0.2, 5.4})
	}
	lit := p.IntN(3)
	lamps := [3]material.ID{material.SignalGreen, material.SignalAmber, material.SignalRed}
	for _, c := range at {
		p.Block(c.Add(geom.Vec{-0.10, -0.17, -0.05}), c.Add(geom.Vec{0.10, 0.17, 0.95}), material.PlasticBlack)
		for k, lamp := range lamps {
			if k != lit {
				lamp = material.SignalOff
			}
			m := c.Add(geom.Vec{0.10, 0, 0.15 + 0.30*float32(k)})
			p.Tube(m, m.Add(geom.Vec{0.02, 0, 0}), 0.10, 0.10, 8, lamp)
			p.Block(m.Add(geom.Vec{0, -0.12, 0.11}), m.Add(geom.Vec{0.18, 0.12, 0.125}), material.PlasticBlack) // hood
		}
	}
	p.scatter(geom.Vec{0, 0, 1}, 2)
}

// sign is round, triangular, square or a board with an arrow, on one or two posts.
func sign(p *piece) {
	h := p.between(2.1, 2.6)
	face := func(c geom.Vec, r float32, n int, turn float64, id material.ID, back bool) {
		var ring []geom.Vec
		for k := range n {
			s, co := math.Sincos(turn + 2*math.Pi*float64(k)/float64(n))
			ring = append(ring, c.Add(geom.Vec{0, r * float32(co), r * float32(s)}))
		}
		if back {
			slices.Reverse(ring)
		}
		p.Polygon(id, ring...)
	}
	n, turn, r := 16, 0., float32(0.33)
	edge, middle := material.SignRed, material.SignWhite
	switch p.IntN(5) {
	case 0:
		n, turn, r = 3, math.Pi/2, 0.50
	case 1:
		edge, middle = material.SignBlue, material.SignBlue
	case 2: // stop
		n, turn, middle = 8, math.Pi/8, material.SignRed
	case 3:
		n, turn, r, edge, middle = 4, math.Pi/4, 0.45, material.SignBlue, material.SignWhite
	}
	c := geom.Vec{0.04, 0, h}
	face(c.Sub(geom.Vec{0.015, 0, 0}), r, n, turn, material.SignBack, true)
	face(c, r, n, turn, edge, false)
	face(c.Add(geom.Vec{0.004, 0, 0}), 0.74*r, n, turn, middle, false)
	p.Tube(geom.Vec{}, geom.Vec{0, 0, h + r*0.8}, 0.03, 0.03, 6, material.Steel)
	if p.Chance(0.25) {
		p.Block(geom.Vec{0.025, -0.3, h - r - 0.38}, geom.Vec{0.04, 0.3, h - r - 0.08}, material.SignWhite)
	}
	p.plate(geom.Vec{0, 0, h}, 4, 0, 0.3)
	p.scatter(geom.Vec{0, 0, 0.8}, -6)
}

func bin(p *piece) {
	if p.Chance(0.5) { // on wheels
		id := p.either(material.PlasticGreen, material.PlasticGrey, material.PlasticBlue, material.PlasticBlack, material.PlasticYellow)
		addHull(&p.Mesh, 0.08, 0.98, [3]float32{-0.24, 0.24, 0.22}, [3]float32{-0.34, 0.32, 0.29}, id)
		addHull(&p.Mesh, 0.98, 1.07, [3]float32{-0.36, 0.34, 0.30}, [3]float32{-0.34, 0.25, 0.27}, id)
		onBothSides(&p.Mesh, func(m *geom.Mesh) {
			m.Tube(geom.Vec{-0.22, 0.20, 0.10}, geom.Vec{-0.22, 0.26, 0.10}, 0.10, 0.10, 8, material.Tyre)
		})
	} else {
		id := p.either(material.SteelDark, material.PoleGreen, material.Steel)
		p.Tube(geom.Vec{}, geom.Vec{0, 0, 0.85}, 0.24, 0.27, 10, id)
		p.Tube(geom.Vec{0, 0, 0.95}, geom.Vec{0, 0, 1.05}, 0.28, 0.12, 10, id)
		p.Tube(geom.Vec{0, 0, 0.85}, geom.Vec{0, 0, 0.95}, 0.05, 0.05, 6, id)
	}
	p.scatter(geom.Vec{0, 0, 0.6}, -4)
}

func bollard(p *piece) {
	h, r := p.between(0.8, 1.05), p.between(0.06, 0.12)
	id := p.either(material.SteelDark, material.Steel, material.Concrete, material.PlasticBlack)
	p.Tube(geom.Vec{}, geom.Vec{0, 0, 0.8 * h}, r, r, 8, id)
	p.Tube(geom.Vec{0, 0, 0.8 * h}, geom.Vec{0, 0, 0.9 * h}, r, r, 8, material.ConeBand)
	p.Tube(geom.Vec{0, 0, 0.9 * h}, geom.Vec{0, 0, h}, r, 0.5*r, 8, id)
	p.scatter(geom.Vec{0, 0, 0.5}, -6)
}

func bench(p *piece) {
	w := p.between(0.75, 1.0)
	plank := p.either(material.Wood, material.Wood, material.SteelDark)
	for k := range 3 {
		x := -0.20 + 0.15*float32(k)
		p.Block(geom.Vec{x, -w, 0.42}, geom.Vec{x + 0.12, w, 0.46}, plank)
	}
	for k := range 2 {
		z := 0.58 + 0.16*float32(k)
		p.Block(geom.Vec{-0.27, -w, z}, geom.Vec{-0.23, w, z + 0.12}, plank)
	}
	for _, y := range []float32{-0.8, 0.8} {
		p.Block(geom.Vec{-0.25, y*w - 0.03, 0}, geom.Vec{0.22, y*w + 0.03, 0.42}, material.SteelDark)
		p.Block(geom.Vec{-0.29, y*w - 0.03, 0.42}, geom.Vec{-0.25, y*w + 0.03, 0.86}, material.SteelDark)
	}
	p.scatter(geom.Vec{0, 0, 0.4}, -4)
}

func hydrant(p *piece) {
	id := p.either(material.HydrantRed, material.HydrantRed, material.SignalAmber, material.Steel)
	p.Tube(geom.Vec{}, geom.Vec{0, 0, 0.06}, 0.20, 0.20, 8, id)
	p.Tube(geom.Vec{0, 0, 0.06}, geom.Vec{0, 0, 0.58}, 0.13, 0.13, 8, id)
	p.Ellipsoid(geom.Vec{0, 0, 0.58}, geom.Vec{0.15, 0.15, 0.16}, 4, 8, nil, id)
	p.Tube(geom.Vec{0, -0.22, 0.45}, geom.Vec{0, 0.22, 0.45}, 0.06, 0.06, 6, id)
	p.Tube(geom.Vec{0, 0, 0.40}, geom.Vec{0.22, 0, 0.40}, 0.07, 0.07, 6, id)
	p.scatter(geom.Vec{0, 0, 0.4}, -5)
}

// bicycleRack has hoops, and bicycles lean on some.
func bicycleRack(p *piece) {
	n := 3 + p.IntN(4)
	for k := range n {
		y := (float32(k) - float32(n-1)/2) * 0.8
		for _, x := range []float32{-0.35, 0.35} {
			p.Tube(geom.Vec{x, y, 0}, geom.Vec{x, y, 0.75}, 0.025, 0.025, 5, material.Steel)
		}
		p.Tube(geom.Vec{-0.37, y, 0.75}, geom.Vec{0.37, y, 0.75}, 0.025, 0.025, 5, material.Steel)
		if p.Chance(0.5) {
			b := &draft{Source: p.Source, size: geom.Vec{p.between(1.6, 1.8), 0.58, 1.05}}
			bicycle(b, b.size[0])
			b.Move(geom.Vec{p.between(-0.15, 0.15), y + 0.13, 0})
			p.Add(&b.Mesh)
		}
		p.scatter(geom.Vec{0, y, 0.5}, -4)
	}
}

func cabinet(p *piece) {
	w, h := p.between(0.35, 0.8), p.between(0.9, 1.4)
	c := straight(&p.Mesh, -0.2, 0.2, w, 0.05, h, p.either(material.PlasticGrey, material.PoleGreen, material.Steel))
	p.Block(geom.Vec{-0.22, -w - 0.02, 0}, geom.Vec{0.22, w + 0.02, 0.06}, material.Concrete)
	pane(&p.Mesh, c.front, 0.05, 0.48, 0.06, 0.92, material.PlasticGrey)
	pane(&p.Mesh, c.front, 0.52, 0.95, 0.06, 0.92, material.PlasticGrey)
	p.plate(geom.Vec{0.2, 0, 0.7}, 5, 0, 0.4)
}

// shelter is a bus stop: glass on three sides, a roof, a bench and a flag.
func shelter(p *piece) {
	w := p.between(1.6, 2.2)
	for _, c := range [][2]float32{{-0.6, -w}, {-0.6, w}, {0.6, -w}, {0.6, w}} {
		p.Block(geom.Vec{c[0] - 0.04, c[1] - 0.04, 0}, geom.Vec{c[0] + 0.04, c[1] + 0.04, 2.4}, material.SteelDark)
	}
	p.Block(geom.Vec{-0.75, -w - 0.15, 2.4}, geom.Vec{0.85, w + 0.15, 2.52}, material.PlasticGrey)
	p.Block(geom.Vec{-0.61, -w + 0.05, 0.25}, geom.Vec{-0.59, w - 0.05, 2.3}, material.Glass)
	p.Block(geom.Vec{-0.55, w - 0.01, 0.25}, geom.Vec{0.1, w + 0.01, 2.3}, material.Glass)
	p.Block(geom.Vec{-0.55, -w - 0.03, 0.25}, geom.Vec{0.55, -w + 0.03, 2.3}, p.either(material.SignBlue, material.SignYellow, material.FacadeOffice))
	p.Block(geom.Vec{-0.5, -w + 0.3, 0.42}, geom.Vec{-0.15, w - 0.5, 0.48}, material.Wood)
	for _, y := range []float32{-w, w} {
		p.scatter(geom.Vec{0, y, 1.2}, 4)
	}
}

func planter(p *piece) {
	r := p.between(0.35, 0.6)
	p.Tube(geom.Vec{}, geom.Vec{0, 0, 0.5}, 0.8*r, r, 10, p.either(material.Concrete, material.SteelDark, material.RoofTile))
	leaves(p, geom.Vec{0, 0, 0.75}, geom.Vec{r, r, 0.35}, 40, 0.22, p.either(material.LeavesLight, material.Leaves, material.LeavesDark))
	p.scatter(geom.Vec{0, 0, 0.4}, -8)
}
