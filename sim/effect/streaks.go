package effect

import (
	"math"

	"github.com/fusiond/fusiond/sim/chance"
)

// Precipitation that is near enough to be seen drop by drop. Each drop of the population in the space before the camera falls (and the
// camera drives towards it) while the shutter is open; its picture is a line between its two projections, as wide as it is. It covers
// each point of the line for only D/length of the exposure, so that a fast drop is almost transparent (Garg and Nayar, "Vision and Rain",
// 2007). Farther drops are in the extinction.
const (
	nearestStreakM  = 0.4
	farthestRainM   = 6
	farthestFlakeM  = 15
	smallestRainMm  = 0.8 // smaller ones are fainter than a grey level
	smallestFlakeMm = 0.7 // molten
	maxStreaks      = 2500
	// rainLight: a drop shows a fish-eye picture of its surroundings, which is nearly the sky's mean (Garg and Nayar: 0.94).
	rainLight = 0.94
	// flakeSwell is the diameter of a flake over that of its molten drop: density 0.1 g/cm3.
	flakeSwell = 2.154
	flakeLight = 0.9
	flakeFall  = 1.0 // m/s
)

// RainFall is the speed of a drop of d mm in still air, m/s (Atlas, Srivastava and Sekhon 1973).
func RainFall(d float64) float64 { return max(9.65-10.3*math.Exp(-0.6*d), 0) }

// View is what streaks must know about a camera: focal length and principal point in pixels of the picture, exposure in s, and the
// camera's velocity in its own axes (x right, y down, z forward), m/s.
type View struct {
	FocalPx, CentreX, CentreY float64
	ExposureS                 float64
	Velocity                  [3]float64
	// Down is the direction of gravity in the camera's axes; zero = straight down in the picture.
	Down [3]float64
}

// Rain draws the streaks of a rate in mm/h; light is the radiance of the surroundings (airlight).
func Rain(m *Image, rateMmH float64, v *View, light [3]float32, key chance.Key) {
	streaks(m, RainDrops(rateMmH), smallestRainMm, farthestRainM, false, v, light, key)
}

// Snow draws the flakes of a rate in mm/h of water.
func Snow(m *Image, rateMmH float64, v *View, light [3]float32, key chance.Key) {
	streaks(m, SnowFlakes(rateMmH), smallestFlakeMm, farthestFlakeM, true, v, light, key)
}

func streaks(m *Image, p Drops, smallest, farthest float64, snow bool, v *View, light [3]float32, key chance.Key) {
	if p.PerM3Mm <= 0 || m.W == 0 || m.H == 0 {
		return
	}
	// The space before the camera, a little wider than the picture.
	halfX, halfY := 0.6*float64(m.W)/v.FocalPx, 0.6*float64(m.H)/v.FocalPx
	volume := 4 * halfX * halfY * farthest * farthest * farthest / 3
	mean := volume * p.PerM3(smallest)
	if mean > maxStreaks { // keep all of the near ones
		farthest *= math.Cbrt(maxStreaks / mean)
		mean = maxStreaks
	}
	count := int(mean + math.Sqrt(mean)*key.Norm() + 0.5)
	down := v.Down
	if down == ([3]float64{}) {
		down[1] = 1
	}
	share := float32(rainLight)
	if snow {
		share = flakeLight
	}
	for c := range light {
		light[c] *= share
	}
	for n := range max(count, 0) {
		k := key.At(uint64(n)) //nolint:gosec // not negative
		z := farthest * math.Cbrt(k.At(0).Float64())
		if z < nearestStreakM {
			continue
		}
		x, y := z*halfX*(2*k.At(1).Float64()-1), z*halfY*(2*k.At(2).Float64()-1)
		d := smallest + k.At(3).Exp()/p.RatePerMm
		fall, drift := RainFall(d), 0.0
		if snow {
			d *= flakeSwell
			fall, drift = flakeFall*(0.5+k.At(4).Float64()), k.At(5).Float64()-0.5
		}
		from := [3]float64{x, y, z}
		to := from
		for c := range to {
			to[c] += v.ExposureS * (fall*down[c] - v.Velocity[c])
		}
		to[0] += v.ExposureS * drift
		m.streak(from, to, d/1000, v, &light)
	}
}

// streak draws one drop of diameter d in m.
func (m *Image) streak(from, to [3]float64, d float64, v *View, light *[3]float32) {
	if to[2] < nearestStreakM/2 {
		return
	}
	x0, y0 := v.CentreX+v.FocalPx*from[0]/from[2], v.CentreY+v.FocalPx*from[1]/from[2]
	x1, y1 := v.CentreX+v.FocalPx*to[0]/to[2], v.CentreY+v.FocalPx*to[1]/to[2]
	width := v.FocalPx * d / from[2]
	length := math.Hypot(x1-x0, y1-y0)
	reach := width + 1
	if max(x0, x1) < -reach || max(y0, y1) < -reach || min(x0, x1) > float64(m.W)+reach || min(y0, y1) > float64(m.H)+reach {
		return
	}
	steps := min(int(length)+1, m.W+m.H)
	// The drop's disc, pi width^2/4, is spread over the splats, each of which covers pi (radius^2 + 1/12).
	radius := max(width/2, 0.5)
	opacity := min(width*width/(4*float64(steps)*(radius*radius+1./12)), 1)
	for s := range steps {
		a := (float64(s) + 0.5) / float64(steps)
		m.splat(float32(x0+a*(x1-x0)), float32(y0+a*(y1-y0)), float32(radius), float32(opacity), float32(from[2]), light)
	}
}

// splat mixes light into a disc, with soft edges of a pixel, where nothing is nearer than the drop.
func (m *Image) splat(x, y, radius, opacity, distance float32, light *[3]float32) {
	reach := radius + 0.5
	left, right := max(int(x-reach+1), 0), min(int(x+reach), m.W-1)
	for v := max(int(y-reach+1), 0); v <= min(int(y+reach), m.H-1); v++ {
		for u := left; u <= right; u++ {
			i := v*m.W + u
			dx, dy := float32(u)-x, float32(v)-y
			square := dx*dx + dy*dy
			if square >= reach*reach || (m.Distance != nil && m.Distance[i] < distance) {
				continue
			}
			cover := opacity * min(reach-root(square), 1)
			p := m.RGB[3*i : 3*i+3 : 3*i+3]
			p[0] += cover * (light[0] - p[0])
			p[1] += cover * (light[1] - p[1])
			p[2] += cover * (light[2] - p[2])
		}
	}
}
