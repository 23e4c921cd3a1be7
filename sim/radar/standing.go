package radar

import (
	"math"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sim/geom"
)

// standing appends the fixed points of the world that are in sight.
func (r *Radar) standing() {
	c := &r.cycle
	for i := range c.m.Clutter {
		k := &c.m.Clutter[i]
		p := point{rcs: k.RCSdBsm, object: geom.Static, kind: Standing, id: pointID(Standing, geom.Static, i)}
		r.stand(&p, k.At)
	}
}

func (r *Radar) stand(p *point, at r3.Vec) {
	c := &r.cycle
	c.observe(p, at, r3.Vec{})
	if r.strong(p) && c.look(c.from, c.scene(at), geom.Static, false) == open {
		r.points = append(r.points, *p)
	}
}

const (
	wallStepM   = 2.0 // one point of a wall's front (window, door, pipe, joint) every so far, up to wallHighM
	wallHighM   = 3.0
	wallReachM  = 120.0
	wallRCS     = -4.0 // mean and spread of such a point, dBsm, for a wall of 6 dB loss (a project default)
	wallSpread  = 6.0
	wallMinHalf = 0.5  // lower mirrors (rails) are chains of posts, which are clutter already
	specularRCS = 20.0 // of the spot that is square to the radar, less the loss of the surface
)

// walls appends what the fronts of standing mirrors return: scattered points along them, and the spot that is square to the radar.
func (r *Radar) walls() {
	c := &r.cycle
	sensor := c.worldFromSensor.Translation
	for i := range c.m.Mirrors {
		w := &c.m.Mirrors[i]
		if w.Actor >= 0 {
			continue
		}
		d := r3.Sub(sensor, w.At)
		along, height := r3.Dot(d, w.Along), r3.Dot(d, w.Normal)
		beyond := math.Max(0, math.Abs(along)-w.HalfLength)
		if math.Hypot(beyond, height) > wallReachM {
			continue
		}
		out := r3.Scale(math.Copysign(0.05, height), w.Normal)
		if math.Abs(along) < w.HalfLength && math.Abs(d.Z) < w.HalfHeight {
			foot := r3.Add(r3.Add(w.At, out), r3.Add(r3.Scale(along, w.Along), r3.Vec{Z: d.Z}))
			p := point{rcs: specularRCS - 2*w.LossDB, object: geom.Static, kind: Standing, id: pointID(Standing, -2, i)}
			r.stand(&p, foot)
		}
		if w.HalfHeight < wallMinHalf {
			continue
		}
		key := c.m.World.At(tagWall).At(uint64(i))
		for k := range int(2 * w.HalfLength / wallStepM) {
			at := key.At(uint64(k))
			s := wallStepM*(float64(k)+at.At(0).Float64()) - w.HalfLength
			z := math.Min(2*w.HalfHeight, 0.2+(wallHighM-0.2)*at.At(1).Float64()) - w.HalfHeight
			place := r3.Add(r3.Add(w.At, out), r3.Add(r3.Scale(s, w.Along), r3.Vec{Z: z}))
			p := point{
				rcs: wallRCS - (w.LossDB - 6) + wallSpread*at.At(2).Norm(), object: geom.Static, kind: Standing,
				id: pointID(Standing, -3, i<<10|k&1023),
			}
			r.stand(&p, place)
		}
	}
}
