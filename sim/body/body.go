// Package body makes the things that drives are full of: vehicles, people, riders, cones and barriers as meshes with materials, lamps
// and radar scatterers, and the furniture of streets. Sizes follow what was measured on real roads; shapes differ from one to the
// next. Everything comes from a chance.Source: the same source gives the same body. Pure: no clock, no goroutine.
package body

import (
	"fmt"
	"math"
	"slices"

	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// Body is one object. It is immutable once made and may be shared.
type Body struct {
	// Class is one of the ten detection classes of nuScenes, Shape one of Shapes(Class).
	Class, Shape string
	// Size is the length (along x), width (y) and height of the box that just encloses the mesh in all its phases. As in nuScenes a
	// barrier stands across its length: its width is the long side.
	Size geom.Vec
	// Solid has its origin in the centre of that box, x forward, y left, z up.
	Solid *geom.Solid
	// Phases are the poses of one double step of somebody who walks, or of one turn of the cranks, evenly spaced: Phases[0] is Solid.
	// One entry for everything that does not move within itself.
	Phases []*geom.Solid
	// CycleM is how far the body goes while Phases run through once, in metres; 0 when there is but one.
	CycleM float32
	// Rider says that somebody sits on the cycle.
	Rider      bool
	Scatterers []Scatterer
	Lamps      []Lamp
}

// Scatterer is a point that returns radar waves.
type Scatterer struct {
	At geom.Vec // object frame
	// RCSdBsm is the mean cross section seen from its best side, in dB over one square metre.
	RCSdBsm float32
	// Facing is the horizontal unit vector of that side; zero for a point that is the same from all sides.
	Facing geom.Vec
	// WidthRad is how far from Facing the cross section has fallen by 3 dB.
	WidthRad float32
}

// scatterFloor is how far a scatterer falls at most when it is seen from a wrong side, in dB.
const scatterFloor = 25

// Seen returns the mean cross section in dBsm for a radar in the direction of the unit vector towards, in the object frame. It falls with
// the square of the angle off Facing: 3 dB at WidthRad, 25 dB at most.
func (s Scatterer) Seen(towards geom.Vec) float32 {
	if s.Facing == (geom.Vec{}) {
		return s.RCSdBsm
	}
	flat := geom.Vec{towards[0], towards[1], 0}.Unit()
	angle := float32(math.Acos(float64(max(-1, min(1, flat.Dot(s.Facing)))))) / s.WidthRad
	return s.RCSdBsm - min(scatterFloor, 3*angle*angle)
}

// LampKind says when a lamp is lit.
type LampKind uint8

// The kinds of lamps.
const (
	Head  LampKind = iota // at night
	Tail                  // at night
	Brake                 // while braking
)

// Lamp is a light of a vehicle.
type Lamp struct {
	At, Dir geom.Vec // object frame; Dir is the middle of its beam
	Kind    LampKind
	// Candela in the middle of the beam. Dipped head lamps have 10,000 to 30,000, tail lamps 4 to 12 and brake lamps 60 to 185
	// (UN ECE regulations 112 and 7).
	Candela float32
}

// New makes a body of a class. Its shape and size follow the class's published distribution. A class that does not exist is a bug
// and panics: see Classes.
func New(src *chance.Source, class string) *Body {
	return pick(src, class).draw(src)
}

// pick draws a kind by its share.
func pick(src *chance.Source, class string) *kind {
	at, kinds := src.Float64(), kindsOf(class)
	i := 0
	for at -= kinds[0].share; at >= 0 && i < len(kinds)-1; at -= kinds[i].share {
		i++
	}
	return &kinds[i]
}

// NewShape is New with a given shape: for a world that wants a rider, or a van.
func NewShape(src *chance.Source, class, shape string) *Body {
	kinds := kindsOf(class)
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.shape == shape })
	if i < 0 {
		panic(fmt.Sprintf("body: class %s has no shape %q: see Shapes", class, shape))
	}
	return kinds[i].draw(src)
}

// Classes returns the ten detection classes of nuScenes, by name.
func Classes() []string {
	var names []string
	for i, k := range catalogue {
		if i == 0 || k.class != catalogue[i-1].class {
			names = append(names, k.class)
		}
	}
	return names
}

// Shapes returns the shapes of a class; nil for a class that does not exist.
func Shapes(class string) []string {
	var names []string
	for _, k := range catalogue {
		if k.class == class {
			names = append(names, k.shape)
		}
	}
	return names
}

func kindsOf(class string) []kind {
	first := slices.IndexFunc(catalogue, func(k kind) bool { return k.class == class })
	if first < 0 {
		panic(fmt.Sprintf("body: there is no class %q: see Classes", class))
	}
	end := first
	for end < len(catalogue) && catalogue[end].class == class {
		end++
	}
	return catalogue[first:end]
}

// draw makes one body of the kind: it draws a size, lets the maker build about that, and fits the result into it.
func (k *kind) draw(src *chance.Source) *Body {
	size := k.size(src)
	d := &draft{Source: src, size: size}
	k.make(d)
	b := &Body{Class: k.class, Shape: k.shape, Size: size, CycleM: d.cycleM, Rider: d.rider, Lamps: d.lamps, Scatterers: d.scatterers}
	all := d.Bounds()
	for _, p := range d.phases {
		all.Join(p.Bounds())
	}
	// What was built stands on the ground and is off by some per cent: centre it and stretch it into its size.
	fit := func(v geom.Vec) geom.Vec {
		for i, s := range all.Size() {
			v[i] = (v[i] - (all.Lo[i]+all.Hi[i])/2) * (size[i] / s)
		}
		return v
	}
	solid := func(m *geom.Mesh) *geom.Solid {
		whole := &geom.Mesh{}
		whole.Add(&d.Mesh)
		whole.Add(m)
		for i, p := range whole.Corners {
			whole.Corners[i] = fit(p)
		}
		return geom.NewSolid(whole)
	}
	if len(d.phases) == 0 {
		d.phases = []*geom.Mesh{{}}
	}
	for _, p := range d.phases {
		b.Phases = append(b.Phases, solid(p))
	}
	b.Solid = b.Phases[0]
	for i := range b.Lamps {
		b.Lamps[i].At = fit(b.Lamps[i].At)
	}
	for i := range b.Scatterers {
		b.Scatterers[i].At = fit(b.Scatterers[i].At)
	}
	return b
}

// draft is a body in the making: on the ground (z = 0), x forward, centred in y and about centred in x.
type draft struct {
	*chance.Source
	geom.Mesh
	size       geom.Vec // wanted
	phases     []*geom.Mesh
	cycleM     float32
	rider      bool
	lamps      []Lamp
	scatterers []Scatterer
}

// either picks a material.
func (d *draft) either(ids ...material.ID) material.ID { return ids[d.IntN(len(ids))] }

// between is uniform in float32.
func (d *draft) between(low, high float64) float32 { return float32(d.Between(low, high)) }
