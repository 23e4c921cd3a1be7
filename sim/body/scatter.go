package body

import (
	"math"

	"github.com/fusiond/fusiond/sim/geom"
)

// Radar scatterers. Mean cross sections in dBsm at 77 GHz by class: pedestrian -8, ridden bicycle -2, motorcycle 4, car 10 (rear and
// side 15 to 20, corners 0 to 5), truck, bus and trailer 18 with many points along the side, construction vehicle 14, cone -15,
// barrier 3 for concrete. Seen broadside or end-on a car returns 3 dB more than the mean. The points of a body are set so that the sum
// of what is seen from all sides averages to that.

// scatter adds a point that is the same from all sides.
func (d *draft) scatter(at geom.Vec, dBsm float32) {
	d.scatterers = append(d.scatterers, Scatterer{At: at, RCSdBsm: dBsm})
}

// plate adds a point that returns most towards a side: yaw is that of its normal.
func (d *draft) plate(at geom.Vec, dBsm float32, yaw float64, widthRad float32) {
	s, c := math.Sincos(yaw)
	d.scatterers = append(d.scatterers, Scatterer{At: at, RCSdBsm: dBsm, Facing: geom.Vec{float32(c), float32(s), 0}, WidthRad: widthRad})
}

// rectangle adds the four corners of a vehicle between x0 and x1, seen over a right angle and more about their diagonals.
func (d *draft) rectangle(x0, x1, half, z, dBsm float32) {
	for _, c := range []struct {
		x, y float32
		yaw  float64
	}{{x1, half, 0.25}, {x0, half, 0.75}, {x0, -half, 1.25}, {x1, -half, 1.75}} {
		d.plate(geom.Vec{c.x, c.y, z}, dBsm, c.yaw*math.Pi, 0.8)
	}
}

// wheels adds the housings of wheels, which return to the side.
func (d *draft) wheels(half, z, dBsm float32, xs ...float32) {
	for _, x := range xs {
		d.plate(geom.Vec{x, half, z}, dBsm, math.Pi/2, 0.9)
		d.plate(geom.Vec{x, -half, z}, dBsm, -math.Pi/2, 0.9)
	}
}

func carScatterers(d *draft, s line, half float32) {
	l := d.size[0]
	level := d.between(-2, 2) // one car is brighter than another
	if s.bed {
		level += 5
	}
	d.rectangle(-l/2+0.15, l/2-0.15, half-0.1, 0.6, 0+level)
	d.plate(geom.Vec{-l / 2, 0, 0.6}, 15+level, math.Pi, 0.30)
	d.plate(geom.Vec{l / 2, 0, 0.6}, 12+level, 0, 0.35)
	d.plate(geom.Vec{0, half, 0.6}, 14+level, math.Pi/2, 0.25)
	d.plate(geom.Vec{0, -half, 0.6}, 14+level, -math.Pi/2, 0.25)
	d.wheels(half, s.wheel, 3+level, s.rearAxle*l, s.frontAxle*l)
}

func lorryScatterers(d *draft, x0, x1, half, deck, top float32) {
	level := d.between(-2.5, 2.5)
	d.rectangle(x0+0.1, x1-0.1, half-0.1, deck, 10+level)
	d.plate(geom.Vec{x0, 0, (deck + top) / 2}, 22+level, math.Pi, 0.35)
	d.plate(geom.Vec{x1, 0, deck + 0.3}, 20+level, 0, 0.4)
	n := max(3, int((x1-x0)/1.8))
	each := 18 + level - 10*float32(math.Log10(float64(n)))
	for k := range n { // posts, hinges and steps along the side
		x := x0 + (float32(k)+0.5)*(x1-x0)/float32(n)
		d.wheels(half, deck*d.between(0.7, 1.3), each+d.between(-4, 4), x)
	}
	d.scatter(geom.Vec{(x0 + x1) / 2, 0, deck * 0.5}, 4+level) // what is under it
}

func machineScatterers(d *draft, x0, x1, half, h float32) {
	level := d.between(-2.5, 2.5)
	d.rectangle(x0+0.2, x1-0.2, half-0.1, 0.8, 7+level)
	d.plate(geom.Vec{x0, 0, 1.2}, 16+level, math.Pi, 0.5)
	d.plate(geom.Vec{x1, 0, 1.2}, 13+level, 0, 0.6)
	d.wheels(half, 0.7, 10+level, x0+0.25*(x1-x0), x0+0.75*(x1-x0))
	d.scatter(geom.Vec{(x1 + d.size[0]/2) / 2, 0, h * 0.5}, 4+level)
}

func personScatterers(d *draft) {
	h := d.size[2]
	d.scatter(geom.Vec{0, 0, h * 0.65}, -9)
	d.scatter(geom.Vec{0, 0, h * 0.25}, -15)
}

// cycleScatterers returns more to the side than to the ends.
func cycleScatterers(d *draft, dBsm float32) {
	l := d.size[0]
	d.scatter(geom.Vec{0, 0, 0.5}, dBsm-2)
	d.wheels(0.05, 0.34, dBsm-2, -l/2+0.34, l/2-0.34)
}
