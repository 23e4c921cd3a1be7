package lidar

import (
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// Roof is that of the vehicle which carries the unit, a level rectangle in the vehicle's axes: the lowest beams of a unit on a roof end there.
// The zero value is none.
type Roof struct{ Rear, Front, HalfWidth, Height float64 }

// RoofOf places the roof on a body as cars have it: from over the rear axle, 0.35 of the width to each side, about half as long as the body.
// On a PandaSet drive the own returns lie between -0.8 and 2.0 m of the rear axle and 0.7 m to each side.
func RoofOf(b sensors.Body) Roof {
	rear := 0.05*b.LengthM - b.RearOverhangM
	return Roof{Rear: rear, Front: rear + 0.55*b.LengthM, HalfWidth: 0.35 * b.WidthM, Height: b.HeightM}
}

// roofShare is how many of the beams that meet the own roof return: it is a mirror for most, on that drive for two of three.
const roofShare = 0.35

// roof tells whether a beam ends on the own roof, and whether and from where it returns.
func (c *caster) roof(dir geom.Vec, key chance.Key) (met, returns bool, distance float32) {
	f := &c.own
	if f.Height == 0 || dir[2] >= 0 || c.at.Z <= f.Height {
		return false, false, 0
	}
	t := (f.Height - c.at.Z) / float64(dir[2])
	x, y := c.at.X+t*float64(dir[0]), c.at.Y+t*float64(dir[1])
	if x < f.Rear || x > f.Front || y < -f.HalfWidth || y > f.HalfWidth {
		return false, false, 0
	}
	return true, key.At(roofChance).Chance(roofShare) && t >= c.sweep.spec.MinRangeM, float32(t)
}

// roofMaterial is dark: what comes back from the own roof is weak.
const roofMaterial = material.CarBlack
