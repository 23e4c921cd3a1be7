package radar

import (
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// sight is what lies between two places.
type sight uint8

const (
	open    sight = iota
	vehicle       // another target is in the way: the wave may pass below it
	blocked
)

const (
	// thinM: people, poles and cones are as narrow as the first Fresnel zone (0.3 m at 50 m), and the wave goes around them.
	thinM = 1.2
	// clearLossDB: materials that reflect as little as this (leaves, plastic, bumpers) let the wave through.
	clearLossDB = 20
	// depthM is how deep below the surface of its body a scattering centre may lie.
	depthM = 0.4
	// passes bounds how many such things a ray goes through.
	passes = 6
)

// look tells what is between a and b in the scene, but for the last depthM. self is the object that b belongs to. Who does not look below
// vehicles takes the first for a wall.
func (c *cycle) look(a, b geom.Vec, self int32, below bool) sight {
	d := b.Sub(a)
	distance := d.Norm()
	if distance <= depthM {
		return open
	}
	dir := d.Scale(1 / distance)
	left := distance - depthM
	ray := geom.Ray{Origin: a, Dir: dir, Max: left, Time: c.m.Time}
	worst := open
	for range passes {
		var h geom.Hit
		if !c.m.Scene.Cast(&ray, &h) {
			return worst
		}
		switch {
		case material.Get(h.Material).RadarLossDB >= clearLossDB:
		case h.Object == geom.Static, h.Object == self:
			return blocked
		case c.thin[h.Object]:
		case !below:
			return blocked
		default:
			worst = vehicle // it hides the target whatever comes behind it, unless that is a wall
		}
		step := h.Distance + stepM
		ray.Origin = ray.Origin.Add(dir.Scale(step))
		ray.Max -= step
		if ray.Max <= 0 {
			return worst
		}
	}
	return max(worst, vehicle)
}

// stepM is how far behind a surface the ray goes on.
const stepM = 0.05
