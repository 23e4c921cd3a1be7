package camera

import (
	"math"

	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

const (
	// closedFilmMm is the water film that covers the texture of a road.
	closedFilmMm = 1.0
	// wetDiffuse is what it leaves of the diffuse reflectance (Lekner and Dorf 1988: about half for dark, rough surfaces).
	wetDiffuse = 0.5
	waterF0    = 0.02 // ((1.33 - 1)/(1.33 + 1))^2
	// sharpGloss is the gloss from which a surface shows the sun and things around as a mirror does: glass, paint, metal.
	sharpGloss = 0.05
	maxPanes   = 3
	// insideM behind a pane is the inside of a vehicle, which gets insideFree of the light from around.
	insideM, insideFree = 2.5, 0.3
	// darkFree is the share of the light from around where that is too little to ask a ray for: below faintSkyLux.
	darkFree, faintSkyLux = 0.7, 20
	// leafM is the size of leaves.
	leafM = 0.14
	// glowing things brighter than this in a mirror are lamps, whose glints are made apart.
	lampEmission = 5e-4
)

// view is one ray of a pixel.
type view struct {
	origin, dir geom.Vec
	time        float32
	pixel       int
	sample      int
}

// seen is what a ray brings: light that is there for certain, and light from all around that the surface would have with nothing near it,
// with the share that is free.
type seen struct {
	light, ambient rgb
	free           float32
	distance       float32
	object         int32
	normal         geom.Vec
}

// trace follows a ray to the first surface, and through panes to what is behind. near asks for the share of free sky too.
func (f *Frame) trace(v *view, near bool) seen {
	r := geom.Ray{Origin: v.origin, Dir: v.dir, Max: farM, Time: v.time}
	var h geom.Hit
	if !f.moment.Scene.Cast(&r, &h) {
		return seen{light: f.skyLight(v.dir), free: 1, distance: float32(math.Inf(1)), object: Sky}
	}
	out := f.surface(&r, &h, v, h.Distance, near)
	out.distance, out.object, out.normal = h.Distance, h.Object, h.Normal
	way, left := h.Distance, material.Get(h.Material).Clear
	for pane := 1; left > 0.1; pane++ {
		// On through the glass.
		r.Origin = r.Origin.Add(r.Dir.Scale(h.Distance + 2e-3))
		if !f.moment.Scene.Cast(&r, &h) {
			add(&out.light, f.skyLight(v.dir), left)
			break
		}
		way += h.Distance
		behind := f.surface(&r, &h, v, way, false)
		through := material.Get(h.Material).Clear
		if pane == maxPanes {
			through = 0
		}
		add(&out.light, behind.light, left)
		if h.Distance < insideM { // a seat, not the street: little sky reaches it
			add(&out.ambient, behind.ambient, left*insideFree)
		} else {
			add(&out.ambient, behind.ambient, left)
		}
		left *= through
	}
	return out
}

func (f *Frame) skyLight(dir geom.Vec) rgb {
	if dir[2] < 0 {
		return f.day.below
	}
	c := f.day.sky(dir, true)
	if f.day.bright {
		if disc := f.day.disc(dir, f.camera.pixelRad); disc > 0 {
			add(&c, f.day.direct, disc)
		}
	}
	return c
}

// surface lights what a ray has hit at distance way from the camera. near asks for the share of free sky too.
func (f *Frame) surface(r *geom.Ray, h *geom.Hit, v *view, way float32, near bool) seen {
	m := material.Get(h.Material)
	n, cos := h.Normal, max(-r.Dir.Dot(h.Normal), 0.02)
	off := n.Scale(2e-3 + 2e-5*way) // rays start above the surface
	at := r.Origin.Add(r.Dir.Scale(h.Distance)).Add(off)
	// A pixel covers an ellipse that is longer on slanted surfaces: take its geometric mean.
	width := way * f.camera.pixelRad / float32(math.Sqrt(float64(cos)))
	albedo := material.Color(h.Material, h.Local, n, width)
	out := seen{free: 1}
	if m.Pattern == material.Foliage && width < leafM {
		n = leaf(n, h.Local, 1-width/leafM)
	}
	wet := float32(0)
	if f.wet > 0 && h.Object == geom.Static && n[2] > 0.8 {
		wet = f.puddle(h.Local)
		add(&albedo, albedo, -wet*(1-wetDiffuse))
	}
	opaque := 1 - m.Clear
	shadow := true // of the sun
	if f.day.bright {
		toSun := n.Dot(f.day.sun)
		through := float32(0) // leaves let some light through
		if m.Pattern == material.Foliage {
			through = 0.35
		}
		if lit := max(toSun, through*max(-toSun, 0.3)); lit > 0 {
			s := geom.Ray{Origin: at, Dir: f.day.sun, Max: farM, Time: r.Time}
			if h.Normal.Dot(f.day.sun) < 0 { // through the leaf
				s.Origin = at.Add(off.Scale(-2))
			}
			if shadow = f.moment.Scene.Blocked(&s); !shadow {
				for i := range 3 {
					out.light[i] = albedo[i] * f.day.direct[i] * lit * opaque
				}
			}
		}
	}
	f.lampLight(&out.light, &albedo, m, at, n, r.Dir)
	around := f.day.ambient(n)
	for i := range 3 {
		out.ambient[i] = albedo[i] * (around[i] + f.glow[i]) * opaque
		out.light[i] += m.Emission[i]
	}
	switch {
	case f.faint:
		out.free = darkFree
	case near:
		out.free = f.freeSky(at, n, v)
	}
	switch {
	case wet > 0.05 && m.Gloss > 0: // on earth and grass water seeps away
		f.mirror(&out.light, at, n, r.Dir, v, r.Time, wet)
	case m.Gloss > 0:
		f.gloss(&out.light, m, n, r.Dir, cos, shadow)
	}
	return out
}

// leaf turns the normal of a crown's surface to that of one of its leaves, by up to a share of all ways.
func leaf(n, at geom.Vec, share float32) geom.Vec {
	x, y, z := int32(math.Floor(float64(at[0]/leafM))), int32(math.Floor(float64(at[1]/leafM))), int32(math.Floor(float64(at[2]/leafM)))
	seed := uint32(z)*83492791 + 1
	way := geom.Vec{lattice(x, y, seed) - 0.5, lattice(x, y, seed+1) - 0.5, lattice(x, y, seed+2) - 0.5}
	return n.Add(way.Scale(2.2 * share)).Unit()
}

// gloss adds what a surface mirrors: the surroundings without asking the scene, and the sun. Fresnel's law raises it at grazing angles
// (Schlick 1994); rough surfaces reach less of a mirror there.
func (f *Frame) gloss(light *rgb, m *material.Material, n, dir geom.Vec, cos float32, shadow bool) {
	k := 1 - cos
	k2 := k * k
	share := m.Gloss + (min(6*m.Gloss, 1)-m.Gloss)*k2*k2*k
	away := reflect(dir, n)
	add(light, f.day.around(away), share)
	if !shadow && m.Gloss >= sharpGloss {
		// A lobe of about 3 degrees. A flat panel of a mesh shines all over where a real, curved one has a spot: a fifth of the light.
		if a := max(away.Dot(f.day.sun), 0); a > 0.95 {
			lobe := 60 * exp(-600*(1-a))
			add(light, f.day.direct, share*lobe)
		}
	}
}

// puddle is how closed the water film is at a point of the road, 0..1: ruts and hollows hold more.
func (f *Frame) puddle(at geom.Vec) float32 {
	deep := 0.6*cloudNoise(at[0]*0.35, at[1]*0.35, 11) + 0.4*cloudNoise(at[0]*1.3, at[1]*1.3, 12)
	return clamp01f(f.wet * (0.55 + 1.3*(deep-0.35)))
}

// mirror adds the reflection in a water film by one ray, bent by ripples and the texture below.
func (f *Frame) mirror(light *rgb, at, n, dir geom.Vec, v *view, time, wet float32) {
	key := f.moment.Frame.At(uint64(v.pixel)).At(uint64(16 + v.sample))
	bits := key.Uint64()
	f.lampGlints(light, at, n, dir, wet, 0.04+0.08*(1-wet))
	rough := 0.025 * (1.15 - wet)
	a := float32(bits&0xffff)*(1.0/65535) - 0.5
	b := float32(bits>>16&0xffff)*(1.0/65535) - 0.5
	n = geom.Vec{n[0] + 2*rough*a, n[1] + 2*rough*b, n[2]}.Unit()
	away := reflect(dir, n)
	if away[2] < 0.002 {
		away[2] = 0.002
		away = away.Unit()
	}
	k := 1 - max(-dir.Dot(n), 0)
	k2 := k * k
	share := wet * (waterF0 + (1-waterF0)*k2*k2*k)
	r := geom.Ray{Origin: at, Dir: away, Max: 300, Time: time}
	var h geom.Hit
	if !f.moment.Scene.Cast(&r, &h) {
		add(light, f.day.sky(away, false), share)
		return
	}
	m := material.Get(h.Material)
	albedo := material.Color(h.Material, h.Local, h.Normal, 0.05*h.Distance)
	around := f.day.ambient(h.Normal)
	sun := max(h.Normal.Dot(f.day.sun), 0)
	for i := range 3 {
		light[i] += share * (albedo[i]*(0.6*around[i]+f.glow[i]+0.5*sun*f.day.direct[i]) + min(m.Emission[i], lampEmission))
	}
	point := r.Origin.Add(r.Dir.Scale(h.Distance)).Add(h.Normal.Scale(0.01))
	var lit rgb
	f.lampLight(&lit, &albedo, m, point, h.Normal, away)
	add(light, lit, share)
}

func reflect(dir, n geom.Vec) geom.Vec { return dir.Add(n.Scale(-2 * dir.Dot(n))) }

// add adds s times b to a.
func add(a *rgb, b rgb, s float32) {
	a[0] += s * b[0]
	a[1] += s * b[1]
	a[2] += s * b[2]
}
