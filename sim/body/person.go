package body

import (
	"math"

	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// dress is what somebody wears; no hair under a helmet.
type dress struct{ skin, hair, top, legs, shoes material.ID }

func (d *draft) dress() dress {
	w := dress{
		skin:  d.either(material.SkinLight, material.SkinLight, material.SkinMid, material.SkinMid, material.SkinDark),
		hair:  d.either(material.HairDark, material.HairDark, material.HairDark, material.HairFair, material.HairGrey),
		top:   d.either(material.ClothBlack, material.ClothBlack, material.ClothNavy, material.ClothGrey, material.ClothWhite, material.ClothRed, material.ClothGreen, material.ClothBeige, material.ClothBrown, material.ClothYellow),
		legs:  d.either(material.ClothJeans, material.ClothJeans, material.ClothBlack, material.ClothBlack, material.ClothNavy, material.ClothGrey, material.ClothBeige),
		shoes: d.either(material.Leather, material.Leather, material.ClothWhite, material.ClothBlack),
	}
	if d.Chance(0.05) { // somebody at work
		w.top = material.HighVisibility
	}
	return w
}

// joints are the points of a posed body; the left side is the first of each pair.
type joints struct {
	pelvis, chest, neck, head geom.Vec
	hip, knee, ankle, toe     [2]geom.Vec
	shoulder, elbow, hand     [2]geom.Vec
}

// limb appends a tapered tube between two joints.
func limb(m *geom.Mesh, a, b geom.Vec, ra, rb float32, id material.ID) { m.Tube(a, b, ra, rb, 6, id) }

// figure appends a body of height h, posed: torso, head with hair, limbs, hands and shoes.
func figure(m *geom.Mesh, j joints, h float32, w dress, stout float32) {
	s := h / 1.75
	trunk(m, j, s*stout, w)
	m.Ellipsoid(j.head, geom.Vec{0.095 * s, 0.078 * s, 0.118 * s}, 5, 8, nil, w.skin)
	if w.hair != material.None {
		m.Ellipsoid(j.head.Add(geom.Vec{-0.018 * s, 0, 0.030 * s}), geom.Vec{0.097 * s, 0.086 * s, 0.108 * s}, 4, 8, nil, w.hair)
	}
	limb(m, j.neck.Add(geom.Vec{0, 0, -0.04 * s}), j.head, 0.055*s, 0.05*s, w.skin)
	for i := range 2 {
		limb(m, j.hip[i], j.knee[i], 0.085*s*stout, 0.06*s, w.legs)
		limb(m, j.knee[i], j.ankle[i], 0.062*s, 0.045*s, w.legs)
		limb(m, j.ankle[i].Add(geom.Vec{-0.04 * s, 0, 0}), j.toe[i], 0.045*s, 0.035*s, w.shoes)
		limb(m, j.shoulder[i], j.elbow[i], 0.055*s*stout, 0.045*s, w.top)
		limb(m, j.elbow[i], j.hand[i], 0.045*s, 0.033*s, w.top)
		m.Ellipsoid(j.hand[i], geom.Vec{0.045 * s, 0.035 * s, 0.05 * s}, 3, 5, nil, w.skin)
	}
}

// trunk joins pelvis and shoulders by a loft along the spine.
func trunk(m *geom.Mesh, j joints, s float32, w dress) {
	const n = 8
	ring := func(c geom.Vec, rx, ry float32) [n]geom.Vec {
		var r [n]geom.Vec
		for k := range r {
			sin, cos := math.Sincos(2 * math.Pi * float64(k) / n)
			r[k] = c.Add(geom.Vec{rx * s * float32(cos), ry * s * float32(sin), 0})
		}
		return r
	}
	waist := j.pelvis.Lerp(j.chest, 0.5)
	rings := [][n]geom.Vec{
		ring(j.pelvis.Add(geom.Vec{0, 0, -0.08 * s}), 0.09, 0.14), ring(j.pelvis, 0.12, 0.17), ring(waist, 0.11, 0.145),
		ring(j.chest, 0.125, 0.185), ring(j.neck.Add(geom.Vec{0, 0, -0.05 * s}), 0.085, 0.16), ring(j.neck, 0.05, 0.06),
	}
	for i := range len(rings) - 1 {
		id := w.top
		if i == 0 {
			id = w.legs
		}
		for k := range n {
			l := (k + 1) % n
			m.Quad(rings[i][k], rings[i][l], rings[i+1][l], rings[i+1][k], id)
		}
	}
	low, high := rings[0], rings[len(rings)-1]
	m.Polygon(w.top, high[:]...)
	for i, k := 0, n-1; i < k; i, k = i+1, k-1 {
		low[i], low[k] = low[k], low[i]
	}
	m.Polygon(w.legs, low[:]...)
}

// upright places the joints of somebody who stands h tall, with hips at half of it.
func upright(h float32) joints {
	s := h / 1.75
	var j joints
	j.pelvis, j.chest = geom.Vec{0, 0, 0.93 * s}, geom.Vec{0.005, 0, 1.28 * s}
	j.neck, j.head = geom.Vec{0, 0, 1.48 * s}, geom.Vec{0.025 * s, 0, 1.62 * s}
	for i, side := range [2]float32{1, -1} {
		j.hip[i] = geom.Vec{0, side * 0.09 * s, 0.90 * s}
		j.knee[i] = geom.Vec{0.02 * s, side * 0.10 * s, 0.49 * s}
		j.ankle[i] = geom.Vec{0, side * 0.10 * s, 0.07 * s}
		j.toe[i] = geom.Vec{0.17 * s, side * 0.12 * s, 0.035 * s}
		j.shoulder[i] = geom.Vec{0, side * 0.19 * s, 1.42 * s}
		j.elbow[i] = geom.Vec{-0.03 * s, side * 0.25 * s, 1.13 * s}
		j.hand[i] = geom.Vec{0.06 * s, side * 0.26 * s, 0.87 * s}
	}
	return j
}

// swing turns a limb of two parts about its upper joint: angle of the upper part forward, bend of the lower part relative to it.
func swing(top geom.Vec, upper, lower float32, angle, bend float64) (middle, end geom.Vec) {
	s, c := math.Sincos(angle)
	middle = top.Add(geom.Vec{upper * float32(s), 0, -upper * float32(c)})
	s, c = math.Sincos(angle + bend)
	return middle, middle.Add(geom.Vec{lower * float32(s), 0, -lower * float32(c)})
}

// walkPhases is how many poses a double step has.
const walkPhases = 8

// doubleStep is how far somebody of height h comes with two steps: twice the way of a foot that stands, 1.44 m for 1.75 m.
func doubleStep(h float32) float32 {
	return 2 * (stride(h, 0).ankle[0][0] - stride(h, 0.5).ankle[0][0])
}

// stride poses the walk at a phase of 0..1 of a double step: thighs swing by a harmonic, knees bend while the leg comes forward, arms
// swing against the legs. Amplitudes as in walking at 1.4 m/s (D. Winter, Biomechanics and Motor Control of Human Movement): thigh
// about ±22 degrees, knee up to 60 degrees.
func stride(h float32, phase float64) joints {
	j := upright(h)
	s := h / 1.75
	lowest := float32(math.Inf(1))
	for i := range 2 {
		p := 2*math.Pi*phase + math.Pi*float64(i)
		thigh := 0.05 + 0.38*math.Cos(p)
		knee := -0.10 - 0.85*math.Max(0, math.Sin(p+math.Pi+0.35))
		j.knee[i], j.ankle[i] = swing(j.hip[i], 0.42*s, 0.42*s, thigh, knee)
		pitch := thigh + knee*0.6
		j.toe[i] = j.ankle[i].Add(geom.Vec{0.17 * s * float32(math.Cos(pitch)), 0, -0.035*s + 0.15*s*float32(math.Sin(pitch))})
		lowest = min(lowest, j.ankle[i][2]-0.07*s, j.toe[i][2]-0.035*s)
		arm := -0.42 * math.Cos(p)
		j.elbow[i], j.hand[i] = swing(j.shoulder[i], 0.29*s, 0.27*s, arm-0.05, 0.35)
		out := float32(0.05)
		if i == 1 {
			out = -out
		}
		j.elbow[i][1] += out * s
		j.hand[i][1] += 1.4 * out * s
	}
	drop := geom.Vec{0, 0, -lowest} // the standing foot is on the ground
	for _, p := range []*geom.Vec{&j.pelvis, &j.chest, &j.neck, &j.head} {
		*p = p.Add(drop)
	}
	for _, pair := range []*[2]geom.Vec{&j.hip, &j.knee, &j.ankle, &j.toe, &j.shoulder, &j.elbow, &j.hand} {
		pair[0], pair[1] = pair[0].Add(drop), pair[1].Add(drop)
	}
	return j
}

// walker is an adult or a child who walks; some carry a rucksack.
func walker(d *draft) {
	h := d.size[2]
	w := d.dress()
	stout := d.between(0.95, 1.2)
	pack := d.Chance(0.25)
	d.cycleM = doubleStep(h)
	packColour := d.either(material.ClothBlack, material.ClothNavy, material.ClothRed, material.ClothGrey)
	for k := range walkPhases {
		m := &geom.Mesh{}
		j := stride(h, float64(k)/walkPhases)
		figure(m, j, h, w, stout)
		if pack {
			rucksack(m, j, h, packColour)
		}
		d.phases = append(d.phases, m)
	}
	personScatterers(d)
}

func rucksack(m *geom.Mesh, j joints, h float32, id material.ID) {
	s := h / 1.75
	c := j.chest.Add(geom.Vec{-0.19 * s, 0, -0.04 * s})
	m.Ellipsoid(c, geom.Vec{0.10 * s, 0.14 * s, 0.22 * s}, 4, 6, nil, id)
}

// stander stands, with a phone, a bag, a pram's grip or hands down, and feet apart.
func stander(d *draft) {
	h := d.size[2]
	s := h / 1.75
	j := upright(h)
	w := d.dress()
	apart := d.between(0.02, 0.10) * s
	for i, side := range [2]float32{1, -1} {
		j.knee[i][1] += side * apart * 0.6
		j.ankle[i][1] += side * apart
		j.toe[i][1] += side * apart * 1.3
	}
	j.ankle[0][0] += 0.10 * s
	j.toe[0][0] += 0.10 * s
	switch d.IntN(3) {
	case 0: // looks at a phone
		for i, side := range [2]float32{1, -1} {
			j.elbow[i] = geom.Vec{0.08 * s, side * 0.24 * s, 1.15 * s}
			j.hand[i] = geom.Vec{0.30 * s, side * 0.06 * s, 1.22 * s}
		}
		d.Block(geom.Vec{0.31 * s, -0.04 * s, 1.22 * s}, geom.Vec{0.33 * s, 0.04 * s, 1.37 * s}, material.PlasticBlack)
	case 1: // points or waits for a lift
		j.elbow[1], j.hand[1] = swing(j.shoulder[1], 0.29*s, 0.27*s, 0.7, 0.5)
		rucksack(&d.Mesh, j, h, d.either(material.ClothBlack, material.ClothNavy, material.ClothRed))
	default: // carries a bag
		j.hand[0][0] += 0.05 * s
		c := j.hand[0].Add(geom.Vec{0, 0.03 * s, -0.25 * s})
		d.Block(c.Add(geom.Vec{-0.2 * s, -0.06 * s, -0.16 * s}), c.Add(geom.Vec{0.2 * s, 0.06 * s, 0.16 * s}), d.either(material.Leather, material.ClothBeige, material.ClothBlack))
	}
	figure(&d.Mesh, j, h, w, d.between(0.95, 1.25))
	personScatterers(d)
}
