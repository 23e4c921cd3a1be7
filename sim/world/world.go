// Package world makes the places and the traffic that the simulator's sensors see: a procedural map as one static solid, and
// actors and the ego vehicle with their ways through it. A world is a pure function of seed, Spec and duration: no clock, no
// goroutine; a World is immutable and may be read from many goroutines.
//
// The world frame: x along the road at the ego's start, y to its left, z up, metres; the ego's rear axle crosses the line x = 0 at
// time 0. The map reaches 150 m beyond the ego's way and lies within 1 km of the origin, so that float32 resolves a tenth of a millimetre.
// Traffic keeps to the right.
package world

import (
	"fmt"
	"math"
	"time"

	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// World is one map with its traffic over a duration.
type World struct {
	layout    *layout
	static    *geom.Solid
	actors    []Actor
	ego       track
	egoBraked []bool
	mirrors   []Reflector
	clutter   []Clutter
	lamps     []Lamp
	lights    []Light
}

// New makes the world of a seed. The error is a *SpecError with all faults.
func New(seed uint64, spec Spec, duration time.Duration) (*World, error) {
	return NewFrom(NewBodies(), seed, spec, duration)
}

// NewFrom is New with a stock of bodies to share with other worlds. The world is the same.
func NewFrom(bodies *Bodies, seed uint64, spec Spec, duration time.Duration) (*World, error) {
	w, m, err := assemble(bodies, seed, spec, duration)
	if err != nil {
		return nil, err
	}
	w.static = geom.NewSolid(m)
	return w, nil
}

// assemble makes a world but for the hierarchy over its mesh, which takes half of the time.
func assemble(bodies *Bodies, seed uint64, spec Spec, duration time.Duration) (*World, *geom.Mesh, error) {
	if err := spec.Validate(duration); err != nil {
		return nil, nil, err
	}
	l := newLayout(seed, &spec, duration)
	w, m := &World{layout: l}, &geom.Mesh{}
	w.populate(l, bodies, w.build(l, m))
	return w, m, nil
}

// build draws what does not move and bears no label. It returns the places on the ground that are taken.
func (w *World) build(l *layout, m *geom.Mesh) plots {
	src := l.key.With("map").Source()
	asphalt := pick(src, []material.ID{material.AsphaltNew, material.AsphaltWorn, material.AsphaltWorn})
	pavement := pick(src, []material.ID{material.Paving, material.Paving, material.PavingRed, material.AsphaltPatch})
	verge := pick(src, []material.ID{material.Paving, material.Grass, material.Gravel, material.Paving})
	if k := l.spec.Map.Kind; k == Suburb || k == Highway {
		verge = pick(src, []material.ID{material.Grass, material.Grass, material.GrassDry})
	}
	l.ground(m, asphalt, pavement, verge)
	l.paint(m, l.key.With("paint").Source())
	var taken plots
	w.mirrors = l.buildings(m, l.key.With("buildings").Source(), &taken)
	l.backdrop(m, l.key.With("backdrop").Source(), &taken)
	walls, posts := l.edges(m, l.key.With("edges").Source(), &taken)
	w.mirrors = append(w.mirrors, walls...)
	w.clutter = append(posts, l.roadClutter(l.key.With("clutter").Source())...)
	var standing plots
	w.lights = l.signalHeads(m, &standing)
	f := &furnisher{l: l, src: l.key.With("furniture").Source(), mesh: m, plots: &taken, taken: &standing}
	f.all()
	w.clutter, w.lamps = append(w.clutter, f.clutter...), f.lamps
	return standing
}

// populate makes the actors: first those who stand, then those who move around them.
func (w *World) populate(l *layout, stock *Bodies, taken plots) {
	bodies := &palette{stock, l.key}
	still := &scenery{l: l, bodies: bodies, src: l.key.With("standing").Source(), taken: taken}
	still.works()
	still.parked()
	still.pavements()

	c := &cast{l: l, bodies: bodies, src: l.key.With("traffic").Source()}
	c.all()
	sim := &simulation{l: l, movers: c.movers, passed: c.passed}
	for _, z := range l.zebras {
		sim.zebras = append(sim.zebras, crossing{zebra: z})
	}
	sim.settle(still.taken.boxes)
	w.ego, w.egoBraked = egoTrack(l.key, sim.movers[0], sim.begin()), sim.movers[0].braked

	w.actors = still.actors
	for _, m := range sim.movers[1:] {
		if math.IsInf(m.present[0], 1) {
			continue
		}
		w.actors = append(w.actors, Actor{
			Category: m.category, Body: m.body, track: track{sim.begin(), m.places}, ways: m.ways, braked: m.braked,
			rider: m.body.Rider, present: m.present,
		})
	}
	count := map[string]int{}
	for i := range w.actors {
		a := &w.actors[i]
		a.ID = int32(i) //nolint:gosec // some hundreds
		count[a.Category]++
		a.Instance = fmt.Sprintf("%s-%03d", a.Category, count[a.Category])
		w.mirrors = append(w.mirrors, sides(a)...)
	}
}

// Static returns the map: roads, buildings and furniture, in world coordinates.
func (w *World) Static() *geom.Solid { return w.static }

// Actors returns what bears labels, by ID. The slice belongs to the world.
func (w *World) Actors() []Actor { return w.actors }

// Reflectors returns the mirrors for radars; the slice belongs to the world.
func (w *World) Reflectors() []Reflector { return w.mirrors }

// Clutter returns the standing points that radars see beside the actors; the slice belongs to the world.
func (w *World) Clutter() []Clutter { return w.clutter }

// Lamps returns the street lamps; the slice belongs to the world.
func (w *World) Lamps() []Lamp { return w.lamps }

// Lights returns the traffic lights; the slice belongs to the world.
func (w *World) Lights() []Light { return w.lights }

// GroundHeight is the height of road, pavement or land at a place.
func (w *World) GroundHeight(x, y float64) float64 { return w.layout.height2(x, y) }

// Spec returns what the world was made of.
func (w *World) Spec() Spec { return w.layout.spec }

// Duration returns how long the drive is; states exist for a second more at both ends.
func (w *World) Duration() time.Duration { return w.layout.duration }
