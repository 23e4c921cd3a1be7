package radar

import (
	"math"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sim/body"
	"github.com/fusiond/fusiond/sim/geom"
)

func wide(v geom.Vec) r3.Vec   { return r3.Vec{X: float64(v[0]), Y: float64(v[1]), Z: float64(v[2])} }
func narrow(v r3.Vec) geom.Vec { return geom.Vec{float32(v.X), float32(v.Y), float32(v.Z)} }

// velocity of a point of the target given in its own frame: that of the origin and spin x arm.
func (t *Target) velocity(at r3.Vec) r3.Vec {
	return r3.Add(t.Velocity, t.WorldFromObject.Rotate(r3.Cross(t.Spin, at)))
}

// pointID names a scattering centre, a wall's point or a ghost from cycle to cycle.
func pointID(kind Kind, object int32, index int) uint64 {
	return uint64(kind)<<56 | uint64(uint32(object))<<24 | uint64(uint32(index))&(1<<24-1)
}

// wrongSide is the cosine between a scatterer's facing and the direction to the radar below which its own body hides it.
const wrongSide = -0.2

// targets appends the scattering centres that the radar may see, and second bounces.
func (r *Radar) targets() {
	c := &r.cycle
	for i := range c.m.Targets {
		t := &c.m.Targets[i]
		c.clear = append(c.clear, false)
		if !r.inReach(t) {
			continue
		}
		towards := t.WorldFromObject.Inverse().Apply(c.worldFromSensor.Translation) // the radar in the object's frame
		under := c.key.At(tagUnder).At(uint64(t.ID)).Chance(r.spec.UnderShare)
		best := -1
		var bestPoint point
		for k := range t.Scatterers {
			s := &t.Scatterers[k]
			at := wide(s.At)
			dir := narrow(r3.Sub(towards, at)).Unit()
			if s.Facing != (geom.Vec{}) && s.Facing.Dot(dir) < wrongSide {
				continue
			}
			p := point{rcs: float64(s.Seen(dir)), object: t.ID, kind: True, id: pointID(True, t.ID, k)}
			world := t.WorldFromObject.Apply(at)
			c.observe(&p, r.glint(t, at, p.id), t.velocity(at))
			if !r.strong(&p) {
				continue
			}
			switch c.look(c.from, c.scene(world), t.ID, under) {
			case open:
				c.clear[i] = true
				if best < 0 || p.rcs > bestPoint.rcs {
					best, bestPoint = k, p
				}
			case vehicle:
				p.rcs -= r.spec.UnderLossDB
			default:
				continue
			}
			r.points = append(r.points, p)
		}
		if best >= 0 {
			r.bounce(t, &t.Scatterers[best], &bestPoint, towards)
		}
	}
}

// glint is where the phase centre of a scatterer of the target, given in its frame, is in this cycle, in the world. Everything around it that
// returns a little moves it; the range rate does not follow (the phase of each part turns with the body).
func (r *Radar) glint(t *Target, at r3.Vec, id uint64) r3.Vec {
	if r.spec.GlintShare > 0 {
		key := r.cycle.key.At(tagGlint).At(id)
		at.X += r.spec.GlintShare * float64(t.Size[0]) * key.At(0).Norm()
		at.Y += r.spec.GlintShare * float64(t.Size[1]) * key.At(1).Norm()
	}
	return t.WorldFromObject.Apply(at)
}

// inReach is a quick test of the target's middle, with room for its size.
func (r *Radar) inReach(t *Target) bool {
	q := r.cycle.sensorFromWorld.Apply(t.WorldFromObject.Translation)
	room := 0.6*float64(t.Size.Norm()) + 1
	flat := math.Hypot(q.X, q.Y)
	for i := range r.spec.Waves {
		w := &r.spec.Waves[i]
		if flat < room || flat-room < w.MaxRangeM && math.Abs(math.Atan2(q.Y, q.X)) < w.HalfFieldRad+math.Asin(math.Min(1, room/flat)) {
			return true
		}
	}
	return false
}

// squareCos: a second bounce needs a face that looks at the ego within 20 degrees.
const squareCos = 0.94

// bounce appends the second bounce between a target's best side and the ego: twice the range and range rate in the same direction,
// BounceLossDB less power.
func (r *Radar) bounce(t *Target, s *body.Scatterer, p *point, towards r3.Vec) {
	if s.Facing == (geom.Vec{}) || !r.cycle.ghosts.At(tagBounce).At(uint64(t.ID)).Chance(r.spec.BounceShare) {
		return
	}
	dir := narrow(r3.Sub(towards, wide(s.At)))
	dir[2] = 0
	if s.Facing.Dot(dir.Unit()) < squareCos {
		return
	}
	g := *p
	g.kind, g.id = Bounce, pointID(Bounce, t.ID, 0)
	g.rangeM *= 2
	g.rate *= 2
	g.rcs += 40*math.Log10(2) - r.spec.BounceLossDB // as much power from twice as far is a larger cross section
	if r.strong(&g) {
		r.points = append(r.points, g)
	}
}
