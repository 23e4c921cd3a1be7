package camera

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/body"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
	"github.com/fusiond/fusiond/sim/timeline"
)

// town makes a street along x with lanes, kerbs, pavements, houses, trees and lamp posts, and side streets: about 150,000 triangles.
func town() *geom.Mesh {
	rng := rand.New(rand.NewPCG(1, 2))
	between := func(a, b float64) float32 { return float32(a + (b-a)*rng.Float64()) }
	pick := func(ids ...material.ID) material.ID { return ids[rng.IntN(len(ids))] }
	m := &geom.Mesh{}
	tile := func(x0, y0, x1, y1, z, step float32, id material.ID) {
		for x := x0; x < x1; x += step {
			for y := y0; y < y1; y += step {
				a, b := min(x+step, x1), min(y+step, y1)
				m.Quad(geom.Vec{x, y, z}, geom.Vec{a, y, z}, geom.Vec{a, b, z}, geom.Vec{x, b, z}, id)
			}
		}
	}
	const far = 300
	tile(-far, -7, far, 7, 0, 5, material.AsphaltWorn)
	tile(-far, -far, far, -7, -0.02, 25, material.Grass)
	tile(-far, 7, far, far, -0.02, 25, material.Grass)
	for x := float32(-far); x < far; x += 9 {
		m.Block(geom.Vec{x, -0.07, -0.1}, geom.Vec{x + 3, 0.07, 0.004}, material.PaintLine)
		m.Block(geom.Vec{x, 4.4, -0.1}, geom.Vec{x + 1.5, 4.5, 0.004}, material.PaintLine)
	}
	for _, side := range []float32{-1, 1} {
		for x := float32(-far); x < far; x += 2 {
			y0, y1 := side*7, side*11.5
			if side < 0 {
				y0, y1 = y1, y0
			}
			m.Block(geom.Vec{x, y0, -0.2}, geom.Vec{x + 2, y1, 0.13}, material.Paving)
			k0, k1 := side*7-0.12, side*7+0.12
			m.Block(geom.Vec{x, k0, -0.2}, geom.Vec{x + 2, k1, 0.135}, material.Kerb)
		}
		for x := float32(-far); x < far; {
			w, h, d := between(9, 20), between(5, 17), between(9, 14)
			if rng.Float64() < 0.12 {
				x += 14 // a side street
				continue
			}
			a, b := side*(11.5+between(0, 2)), side*(11.5+d+3)
			if side < 0 {
				a, b = b, a
			}
			m.Block(geom.Vec{x, a, 0}, geom.Vec{x + w, b, h}, pick(material.FacadeCream, material.FacadeGrey, material.FacadeBrick, material.FacadeOffice, material.RenderWhite, material.Brick, material.RenderOchre))
			m.Block(geom.Vec{x - 0.1, a - 0.2, h}, geom.Vec{x + w + 0.1, b + 0.2, h + 0.4}, material.RoofSlate)
			x += w + between(0, 0.3)
		}
		for x := float32(-far); x < far; x += 18 {
			m.Tube(geom.Vec{x, side * 7.6, 0}, geom.Vec{x, side * 7.6, 7.5}, 0.1, 0.06, 8, material.SteelDark)
			m.Block(geom.Vec{x - 0.15, side*6.6 - 0.5, 7.4}, geom.Vec{x + 0.15, side*6.6 + 0.5, 7.5}, material.LampGlass)
			tx, ty := x+9+between(-2, 2), side*8.3
			m.Tube(geom.Vec{tx, ty, 0}, geom.Vec{tx, ty, 3}, 0.17, 0.12, 6, material.Bark)
			leaf := pick(material.Leaves, material.LeavesLight, material.LeavesDark)
			for range 900 {
				c := geom.Vec{tx + between(-2, 2), ty + between(-2, 2), between(2.3, 6)}
				if off := c.Sub(geom.Vec{tx, ty, 4.2}); off.Norm() > 2.1 {
					c = geom.Vec{tx, ty, 4.2}.Add(off.Unit().Scale(between(1.2, 2.1)))
				}
				u := geom.Vec{between(-1, 1), between(-1, 1), between(-1, 1)}.Scale(0.3)
				v := geom.Vec{between(-1, 1), between(-1, 1), between(-1, 1)}.Scale(0.3)
				m.Quad(c, c.Add(u), c.Add(u).Add(v), c.Add(v), leaf)
			}
		}
	}
	return m
}

// townMoment is a moment in the town: parked and driving vehicles, people, lamps, seen from x = 0 in the right lane.
func townMoment(w timeline.Weather) *Moment {
	src := chance.New(7, "town")
	var in []geom.Instance
	var lamps []Lamp
	put := func(class string, x, y, yaw, speed float64) {
		b := body.New(src, class)
		z := float64(b.Size[2]) / 2
		if y > 7 || y < -7 {
			z += 0.13
		}
		at := sensors.FromYaw(yaw, r3.Vec{X: x, Y: y, Z: z})
		end := at
		end.Translation = r3.Add(end.Translation, at.Rotate(r3.Vec{X: speed * 0.1}))
		in = append(in, geom.Instance{Solid: b.Solid, Start: at, End: end, Object: int32(len(in))})
		if speed == 0 || w.Light > 0.3 {
			return
		}
		for _, l := range b.Lamps {
			p, d := at.Interpolate(end, 0.5).Apply(vec64([3]float64{float64(l.At[0]), float64(l.At[1]), float64(l.At[2])})), at.Rotate(vec64([3]float64{float64(l.Dir[0]), float64(l.Dir[1]), float64(l.Dir[2])}))
			lamp := Lamp{At: geom.Vec{float32(p.X), float32(p.Y), float32(p.Z)}, Dir: geom.Vec{float32(d.X), float32(d.Y), float32(d.Z)}, Candela: l.Candela}
			switch l.Kind {
			case body.Head:
				lamp.Beam, lamp.Color, lamp.RadiusM = LowBeam, HeadColor, 0.07
			case body.Tail:
				lamp.Color, lamp.RadiusM = TailColor, 0.06
			case body.Brake:
				continue
			}
			lamps = append(lamps, lamp)
		}
	}
	for x := -60.0; x < 140; x += 6.3 {
		if src.Chance(0.8) {
			put("car", x, -5.9, 0, 0)
		}
		if src.Chance(0.7) {
			put("car", x+2, 5.9, 3.14159, 0)
		}
	}
	put("car", 14, -2, 0.01, 8)
	put("car", 27, -2, 0, 8)
	put("truck", 52, -2, 0, 8)
	put("bus", 40, 2.2, 3.14, 9)
	put("car", 19, 2.3, 3.15, 9)
	put("car", 75, 2.3, 3.14, 9)
	put("pedestrian", 12, -9, 0.4, 1.4)
	put("pedestrian", 17, -8.6, 2.9, 1.4)
	put("pedestrian", 24, 9, 0.1, 1.4)
	put("pedestrian", 33, 0.4, 1.6, 1.4)
	put("bicycle", 9, 4, 3.1, 4)
	put("traffic_cone", 11, -4.3, 0, 0)
	if w.Light < 0.3 {
		for x := float32(-300); x < 300; x += 18 {
			for _, side := range []float32{-1, 1} {
				if (int(x)/18+int(side))&1 == 0 {
					lamps = append(lamps, Lamp{At: geom.Vec{x, side * 6.6, 7.3}, Dir: geom.Vec{0, 0, -1}, Candela: 1300, Color: StreetColor, Beam: Down, RadiusM: 0.15})
				}
			}
		}
		for _, y := range []float32{-2.6, -1.4} {
			lamps = append(lamps, Lamp{At: geom.Vec{2.5, y, 0.65}, Dir: geom.Vec{1, 0, -0.01}.Unit(), Candela: 18000, Color: HeadColor, Beam: LowBeam, Hidden: true})
		}
	}
	open := sensors.FromYaw(0, r3.Vec{Y: -2, Z: 1.7}).Mul(forward(0))
	shut := open
	shut.Translation.X += 0.05
	return &Moment{
		Scene: geom.NewScene(townSolid(), in), Open: open, Close: shut, OpenTime: 0.4, CloseTime: 0.6,
		Weather: w, Lamps: lamps, World: chance.Of(3, "world"), Frame: chance.Of(3, "frame").At(1),
	}
}

var townOnce *geom.Solid

func townSolid() *geom.Solid {
	if townOnce == nil {
		townOnce = geom.NewSolid(town())
	}
	return townOnce
}

// forward is bodyFromCamera for a camera that looks along the body's x axis, turned by yaw to the left.
func forward(yaw float64) sensors.Pose {
	look := sensors.Pose{Rotation: quat.Number{Real: 0.5, Imag: -0.5, Jmag: 0.5, Kmag: -0.5}}
	return sensors.FromYaw(yaw, r3.Vec{}).Mul(look)
}

// rigCamera is a camera of 70 degrees in 1600x900, or a fisheye of 190.
func rigCamera(model sensors.LensModel) *sensors.Sensor {
	k := &sensors.Intrinsics{Width: 1600, Height: 900, Fx: 1140, Fy: 1140, Cx: 799.5, Cy: 449.5, Model: model}
	if model == sensors.FisheyeKB4 {
		k.Fx, k.Fy, k.Distortion = 300, 300, [8]float64{0.02, -0.004, 0.0005, 0}
	}
	return &sensors.Sensor{Name: "CAM_FRONT", Modality: sensors.Camera, Intrinsics: k, EgoFromSensor: forward(0)}
}
