package body

import (
	"math"

	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// hoop appends a bicycle's wheel in the plane y = 0: a tyre as a flat ring, seen from both sides, hub and spokes.
func hoop(m *geom.Mesh, x, radius, tyre float32, n int, id material.ID) {
	at := func(r float32, k int, y float32) geom.Vec {
		s, c := math.Sincos(2 * math.Pi * float64(k%n) / float64(n))
		return geom.Vec{x + r*float32(c), y, radius + r*float32(s)}
	}
	in := radius - 2*tyre
	for k := range n {
		// A band with a roof-shaped section: two sides meet at the outer edge.
		m.Quad(at(radius, k, 0), at(radius, k+1, 0), at(in, k+1, -tyre), at(in, k, -tyre), id)
		m.Quad(at(in, k, tyre), at(in, k+1, tyre), at(radius, k+1, 0), at(radius, k, 0), id)
		m.Quad(at(in, k, -tyre), at(in, k+1, -tyre), at(in, k+1, tyre), at(in, k, tyre), material.Rim)
	}
	m.Tube(geom.Vec{x, -0.04, radius}, geom.Vec{x, 0.04, radius}, 0.025, 0.025, 5, material.Chrome)
	for k := 0; k < n; k += 2 { // every spoke stands for three
		a, b := at(0.02, k, 0), at(in, k, 0)
		side := geom.Vec{b[2] - a[2], 0, a[0] - b[0]}.Unit().Scale(0.003)
		near := geom.Vec{0, 0.0002, 0} // seen from both sides
		m.Quad(a.Sub(side).Add(near), b.Sub(side).Add(near), b.Add(side).Add(near), a.Add(side).Add(near), material.Chrome)
		m.Quad(a.Add(side).Sub(near), b.Add(side).Sub(near), b.Sub(side).Sub(near), a.Sub(side).Sub(near), material.Chrome)
	}
}

// pipe is a thin tube of four sides.
func pipe(m *geom.Mesh, a, b geom.Vec, r float32, id material.ID) { m.Tube(a, b, r, r, 4, id) }

// bicycle appends frame, wheels, saddle and bars for a length l, and returns saddle, bars and cranks.
func bicycle(d *draft, l float32) (saddle, bars, cranks geom.Vec) {
	m := &d.Mesh
	paint := d.either(material.CarBlack, material.CarRed, material.CarBlue, material.CarSilver, material.CarGreen, material.CarWhite, material.CarOrange)
	r := float32(0.34)
	x0, x1 := -l/2+r, l/2-r
	hoop(m, x0, r, 0.020, 14, material.Tyre)
	hoop(m, x1, r, 0.020, 14, material.Tyre)
	cranks = geom.Vec{x0 + 0.44, 0, 0.28}
	seat, head := geom.Vec{x0 + 0.30, 0, 0.80}, geom.Vec{x1 - 0.16, 0, 0.86}
	for _, p := range [][2]geom.Vec{
		{cranks, seat},
		{seat.Add(geom.Vec{0.02, 0, -0.06}), head},
		{cranks, head.Add(geom.Vec{0.02, 0, -0.08})},
		{geom.Vec{x0, 0.05, r}, cranks},
		{geom.Vec{x0, 0.05, r}, seat.Add(geom.Vec{0.01, 0, -0.08})},
		{geom.Vec{x0, -0.05, r}, cranks},
		{geom.Vec{x0, -0.05, r}, seat.Add(geom.Vec{0.01, 0, -0.08})},
		{geom.Vec{x1, 0.05, r}, head},
		{geom.Vec{x1, -0.05, r}, head},
	} {
		pipe(m, p[0], p[1], 0.018, paint)
	}
	pipe(m, seat, seat.Add(geom.Vec{-0.02, 0, 0.12}), 0.014, material.Chrome)
	saddle = seat.Add(geom.Vec{-0.03, 0, 0.14})
	m.Hexahedron(
		[4]geom.Vec{saddle.Add(geom.Vec{-0.14, -0.08, -0.03}), saddle.Add(geom.Vec{0.13, -0.02, -0.02}), saddle.Add(geom.Vec{0.13, 0.02, -0.02}), saddle.Add(geom.Vec{-0.14, 0.08, -0.03})},
		[4]geom.Vec{saddle.Add(geom.Vec{-0.14, -0.08, 0.03}), saddle.Add(geom.Vec{0.13, -0.02, 0.02}), saddle.Add(geom.Vec{0.13, 0.02, 0.02}), saddle.Add(geom.Vec{-0.14, 0.08, 0.03})}, material.Leather)
	pipe(m, head, head.Add(geom.Vec{-0.02, 0, 0.16}), 0.015, material.Chrome)
	bars = head.Add(geom.Vec{-0.02, 0, 0.16})
	reach := d.size[1]/2 - 0.01
	pipe(m, bars.Add(geom.Vec{-0.06, -reach, 0.01}), bars, 0.014, material.PlasticBlack)
	pipe(m, bars, bars.Add(geom.Vec{-0.06, reach, 0.01}), 0.014, material.PlasticBlack)
	m.Tube(cranks.Add(geom.Vec{0, -0.05, 0}), cranks.Add(geom.Vec{0, -0.04, 0}), 0.09, 0.09, 8, material.SteelDark)
	// Reflectors and a mudguard; the rear one is what headlights find.
	m.Block(geom.Vec{x0 - 0.22, -0.03, 2*r + 0.02}, geom.Vec{x0 - 0.20, 0.03, 2*r + 0.07}, material.TailLamp)
	m.Block(geom.Vec{x1 - 0.10, -0.03, 0.88}, geom.Vec{x1 - 0.07, 0.03, 0.94}, material.HeadLamp)
	if d.Chance(0.4) {
		m.Block(geom.Vec{x0 - 0.30, -0.07, 2*r + 0.08}, geom.Vec{x0 + 0.18, 0.07, 2*r + 0.10}, material.SteelDark) // rack
	}
	d.lamps = append(d.lamps, Lamp{geom.Vec{x0 - 0.22, 0, 2*r + 0.05}, geom.Vec{-1, 0, 0}, Tail, 4}, Lamp{geom.Vec{x1 - 0.07, 0, 0.91}, geom.Vec{1, 0, -0.05}.Unit(), Head, 150})
	return saddle, bars, cranks
}

func bicycleParked(d *draft) {
	bicycle(d, d.size[0])
	cycleScatterers(d, -5)
}

// crankPhases is how many poses a turn of the cranks has.
const crankPhases = 6

// crankM is how far a bicycle goes in a turn of its cranks: a wheel of 2.1 m with a ratio of 2.4.
const crankM = 5

// bicycleRidden has a rider who leans forward and treads.
func bicycleRidden(d *draft) {
	saddle, bars, cranks := bicycle(d, d.size[0])
	d.rider, d.cycleM = true, crankM
	w := d.dress()
	helmet := material.None
	if d.Chance(0.5) {
		helmet = d.either(material.Helmet, material.CarBlack, material.CarRed, material.CarBlue)
	}
	stout := d.between(0.95, 1.15)
	lean := d.Between(0.35, 0.75)
	for k := range crankPhases {
		m := &geom.Mesh{}
		seated(m, saddle, bars, lean, d.size[1]/2-0.03, func(i int) geom.Vec {
			a := 2*math.Pi*float64(k)/crankPhases + math.Pi*float64(i)
			y := float32(0.13)
			if i == 1 {
				y = -y
			}
			return cranks.Add(geom.Vec{0.17 * float32(math.Cos(a)), y, 0.17 * float32(math.Sin(a))})
		}, w, stout, helmet)
		d.phases = append(d.phases, m)
	}
	cycleScatterers(d, -4) // with the rider's it makes -2
	personScatterers(d)
}

// seated poses a rider on a saddle with hands on the bars and feet where foot says; helmet may be None.
func seated(m *geom.Mesh, saddle, bars geom.Vec, lean float64, reach float32, foot func(i int) geom.Vec, w dress, stout float32, helmet material.ID) {
	const h = 1.72
	s := float32(h / 1.75)
	var j joints
	sin, cos := math.Sincos(lean)
	up := geom.Vec{float32(sin), 0, float32(cos)}
	j.pelvis = saddle.Add(geom.Vec{0, 0, 0.10 * s})
	j.chest, j.neck = j.pelvis.Add(up.Scale(0.33*s)), j.pelvis.Add(up.Scale(0.52*s))
	j.head = j.neck.Add(geom.Vec{0.05 * s, 0, 0.13 * s})
	for i, side := range [2]float32{1, -1} {
		j.hip[i] = j.pelvis.Add(geom.Vec{0, side * 0.09 * s, -0.02 * s})
		f := foot(i)
		j.ankle[i] = f.Add(geom.Vec{-0.06 * s, 0, 0.07 * s})
		j.toe[i] = f.Add(geom.Vec{0.11 * s, 0, 0.03 * s})
		j.knee[i] = bend(j.hip[i], j.ankle[i], 0.43*s, geom.Vec{1, 0, 0.3})
		j.shoulder[i] = j.neck.Add(geom.Vec{-0.02 * s, side * 0.18 * s, -0.05 * s})
		j.hand[i] = bars.Add(geom.Vec{-0.05, side * reach * 0.93, 0.03})
		j.elbow[i] = bend(j.shoulder[i], j.hand[i], 0.29*s, geom.Vec{-0.3, side * 0.6, -0.6})
	}
	if helmet != material.None {
		w.hair = material.None
		m.Ellipsoid(j.head.Add(geom.Vec{-0.01, 0, 0.035 * s}), geom.Vec{0.125 * s, 0.105 * s, 0.105 * s}, 4, 8, nil, helmet)
	}
	figure(m, j, h, w, stout)
}

// bend returns the middle joint of a limb of two parts of length part between a and b, bent towards a direction.
func bend(a, b geom.Vec, part float32, towards geom.Vec) geom.Vec {
	mid := a.Lerp(b, 0.5)
	half := b.Sub(a).Norm() / 2
	out := float32(math.Sqrt(float64(max(1e-4, part*part-half*half))))
	along := b.Sub(a).Unit()
	side := towards.Sub(along.Scale(towards.Dot(along))).Unit()
	return mid.Add(side.Scale(out))
}

// motorcycle appends a machine of length l and returns saddle, bars and pegs.
func motorcycle(d *draft, l float32) (saddle, bars, pegs geom.Vec) {
	m := &d.Mesh
	paint := d.either(material.CarBlack, material.CarBlack, material.CarRed, material.CarBlue, material.CarWhite, material.CarGrey, material.CarOrange, material.CarGreen)
	r := float32(0.31)
	x0, x1 := -l/2+r, l/2-r
	for _, x := range []float32{x0, x1} {
		wheel(m, x, 0.07, r, 0.07, 0, 12)
	}
	m.Hexahedron( // engine
		[4]geom.Vec{{-0.30, -0.17, 0.22}, {0.30, -0.17, 0.22}, {0.30, 0.17, 0.22}, {-0.30, 0.17, 0.22}},
		[4]geom.Vec{{-0.28, -0.15, 0.60}, {0.26, -0.15, 0.58}, {0.26, 0.15, 0.58}, {-0.28, 0.15, 0.60}}, material.SteelDark)
	m.Ellipsoid(geom.Vec{0.14, 0, 0.76}, geom.Vec{0.32, 0.15, 0.15}, 5, 8, nil, paint) // tank
	m.Hexahedron(                                                                      // seat and tail
		[4]geom.Vec{{-0.80, -0.08, 0.72}, {-0.05, -0.13, 0.62}, {-0.05, 0.13, 0.62}, {-0.80, 0.08, 0.72}},
		[4]geom.Vec{{-0.82, -0.07, 0.82}, {-0.05, -0.13, 0.76}, {-0.05, 0.13, 0.76}, {-0.82, 0.07, 0.82}}, material.Leather)
	onBothSides(m, func(m *geom.Mesh) {
		pipe(m, geom.Vec{x1, 0.10, r}, geom.Vec{x1 - 0.24, 0.10, 0.88}, 0.03, material.Chrome)             // fork
		pipe(m, geom.Vec{x0, 0.11, r}, geom.Vec{-0.25, 0.11, 0.42}, 0.035, material.SteelDark)             // swing arm
		limb(m, geom.Vec{x0 - 0.05, 0.17, 0.38}, geom.Vec{0.1, 0.17, 0.28}, 0.05, 0.04, material.Chrome)   // exhaust
		pipe(m, geom.Vec{x1 - 0.26, 0.02, 0.96}, geom.Vec{x1 - 0.40, 0.36, 1.00}, 0.017, material.Leather) // bars
		m.Block(geom.Vec{x1 - 0.36, 0.25, 1.06}, geom.Vec{x1 - 0.33, d.size[1]/2 - 0.01, 1.14}, material.PlasticBlack)
	})
	m.Hexahedron( // cowl with lamp
		[4]geom.Vec{{x1 - 0.30, -0.12, 0.78}, {x1 - 0.10, -0.09, 0.80}, {x1 - 0.10, 0.09, 0.80}, {x1 - 0.30, 0.12, 0.78}},
		[4]geom.Vec{{x1 - 0.32, -0.10, 1.14}, {x1 - 0.20, -0.07, 1.00}, {x1 - 0.20, 0.07, 1.00}, {x1 - 0.32, 0.10, 1.14}}, paint)
	m.Tube(geom.Vec{x1 - 0.13, 0, 0.88}, geom.Vec{x1 - 0.08, 0, 0.88}, 0.08, 0.08, 8, material.HeadLamp)
	m.Hexahedron( // front mudguard
		[4]geom.Vec{{x1 - 0.25, -0.08, 2*r - 0.04}, {x1 + 0.2, -0.08, 2*r - 0.04}, {x1 + 0.2, 0.08, 2*r - 0.04}, {x1 - 0.25, 0.08, 2*r - 0.04}},
		[4]geom.Vec{{x1 - 0.2, -0.06, 2*r + 0.04}, {x1 + 0.12, -0.06, 2*r + 0.04}, {x1 + 0.12, 0.06, 2*r + 0.04}, {x1 - 0.2, 0.06, 2*r + 0.04}}, paint)
	m.Block(geom.Vec{-0.85, -0.08, 0.74}, geom.Vec{-0.81, 0.08, 0.80}, material.TailLamp)
	m.Block(geom.Vec{-0.86, -0.11, 0.50}, geom.Vec{-0.845, 0.11, 0.66}, material.PlateWhite)
	d.lamps = append(d.lamps, Lamp{geom.Vec{x1 - 0.08, 0, 0.88}, geom.Vec{1, 0, -0.02}.Unit(), Head, 12000},
		Lamp{geom.Vec{-0.85, 0, 0.77}, geom.Vec{-1, 0, 0}, Tail, 6}, Lamp{geom.Vec{-0.85, 0, 0.77}, geom.Vec{-1, 0, 0}, Brake, 80})
	return geom.Vec{-0.22, 0, 0.76}, geom.Vec{x1 - 0.36, 0, 1.0}, geom.Vec{-0.10, 0.20, 0.34}
}

func motorcycleParked(d *draft) {
	motorcycle(d, d.size[0])
	cycleScatterers(d, 2)
}

func motorcycleRidden(d *draft) {
	saddle, bars, pegs := motorcycle(d, d.size[0])
	d.rider = true
	w := d.dress()
	w.top = d.either(material.Leather, material.Leather, material.ClothBlack, material.ClothRed, material.HighVisibility)
	helmet := d.either(material.Helmet, material.CarBlack, material.CarBlack, material.CarRed, material.CarSilver)
	seated(&d.Mesh, saddle, bars, d.Between(0.2, 0.6), d.size[1]/2-0.05, func(i int) geom.Vec {
		p := pegs
		if i == 1 {
			p[1] = -p[1]
		}
		return p
	}, w, 1.1, helmet)
	cycleScatterers(d, 4)
}
