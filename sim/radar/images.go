package radar

import (
	"math"

	"gonum.org/v1/gonum/spatial/r3"
)

// imageReachM is how far from the mirror's middle a target, and from the radar a mirror, may be.
const imageReachM = 120

// mirrorImages appends the ghosts of targets in mirrors. With the plane through a with normal n, the image of a point p that moves with
// v, in a mirror that moves with v_w, is p' = p - 2 ((p - a).n) n and moves with v' = v - 2 ((v - v_w).n) n. The way there and back over
// the mirror gives the image's own range, direction and range rate with two reflections' loss; one way direct and one over the mirror
// gives the mean of both ranges and rates in the direction of either, with one reflection's loss.
func (r *Radar) mirrorImages() {
	c := &r.cycle
	for i := range c.m.Mirrors {
		w := c.m.Mirrors[i] // in the world's frame from here on
		var moving r3.Vec
		if w.Actor >= 0 {
			t := c.target(w.Actor)
			if t == nil {
				continue
			}
			moving = t.velocity(w.At)
			w.At, w.Normal, w.Along = t.WorldFromObject.Apply(w.At), t.WorldFromObject.Rotate(w.Normal), t.WorldFromObject.Rotate(w.Along)
		}
		d := r3.Sub(c.worldFromSensor.Translation, w.At)
		if r3.Norm(d) > imageReachM+w.HalfLength {
			continue
		}
		height := r3.Dot(d, w.Normal)
		key := c.ghosts.At(uint64(i))
		for k := range c.m.Targets {
			t := &c.m.Targets[k]
			e := r3.Sub(t.WorldFromObject.Translation, w.At)
			if t.ID == w.Actor || math.Abs(e.X)+math.Abs(e.Y) > 2*imageReachM || r3.Dot(e, w.Normal)*height <= 0 ||
				!key.At(uint64(t.ID)).Chance(r.spec.GhostShare) {
				continue
			}
			r.image(&w, i, moving, k)
		}
	}
}

func (c *cycle) target(id int32) *Target {
	for i := range c.m.Targets {
		if c.m.Targets[i].ID == id {
			return &c.m.Targets[i]
		}
	}
	return nil
}

// image appends the ghosts of one target in one mirror, if the wave finds its way.
func (r *Radar) image(w *Mirror, number int, moving r3.Vec, index int) {
	c := &r.cycle
	t := &c.m.Targets[index]
	spot, ok := w.spot(c.worldFromSensor.Translation, t.WorldFromObject.Translation)
	if !ok || len(t.Scatterers) == 0 {
		return
	}
	seen := t.WorldFromObject.Inverse().Apply(spot)
	best, rcs := 0, math.Inf(-1)
	for k := range t.Scatterers {
		s := &t.Scatterers[k]
		if v := float64(s.Seen(narrow(r3.Sub(seen, wide(s.At))).Unit())); v > rcs {
			best, rcs = k, v
		}
	}
	at := wide(t.Scatterers[best].At)
	place, v := t.WorldFromObject.Apply(at), t.velocity(at)
	spot, ok = w.spot(c.worldFromSensor.Translation, place)
	if !ok {
		return
	}
	loss := math.Max(3, w.LossDB)
	ghost := point{rcs: rcs - 2*loss, object: t.ID, kind: Image, id: pointID(Image, t.ID, number)}
	mirrored := r3.Sub(place, r3.Scale(2*r3.Dot(r3.Sub(place, w.At), w.Normal), w.Normal))
	c.observe(&ghost, mirrored, r3.Sub(v, r3.Scale(2*r3.Dot(r3.Sub(v, moving), w.Normal), w.Normal)))

	direct := point{rcs: rcs}
	c.observe(&direct, place, v)
	half := ghost
	half.kind, half.id = HalfImage, pointID(HalfImage, t.ID, number)
	half.rangeM, half.rate = (direct.rangeM+ghost.rangeM)/2, (direct.rate+ghost.rate)/2
	half.rcs = rcs - loss + 40*math.Log10(half.rangeM/math.Sqrt(direct.rangeM*ghost.rangeM)) // the power of R1² R2² at the mean range
	if c.ghosts.At(tagHalf).At(half.id).Chance(0.5) {
		half.azimuth, half.elevation = direct.azimuth, direct.elevation
	}

	image, halfway := r.strong(&ghost), c.clear[index] && r.strong(&half)
	if !image && !halfway {
		return
	}
	front := r3.Add(spot, r3.Scale(math.Copysign(0.1, r3.Dot(r3.Sub(place, w.At), w.Normal)), w.Normal))
	if c.look(c.from, c.scene(front), w.Actor, false) != open || c.look(c.scene(front), c.scene(place), t.ID, false) != open {
		return
	}
	if image {
		r.points = append(r.points, ghost)
	}
	if halfway {
		r.points = append(r.points, half)
	}
}

// spot is where a wave from a to b on the same side meets the mirror; ok is false when that is off its edges.
func (w *Mirror) spot(a, b r3.Vec) (p r3.Vec, ok bool) {
	ha, hb := r3.Dot(r3.Sub(a, w.At), w.Normal), r3.Dot(r3.Sub(b, w.At), w.Normal)
	if ha*hb <= 0 {
		return p, false
	}
	image := r3.Sub(b, r3.Scale(2*hb, w.Normal))
	p = r3.Add(a, r3.Scale(ha/(ha+hb), r3.Sub(image, a)))
	d := r3.Sub(p, w.At)
	return p, math.Abs(r3.Dot(d, w.Along)) <= w.HalfLength && math.Abs(d.Z) <= w.HalfHeight
}
