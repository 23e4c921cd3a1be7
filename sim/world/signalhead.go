package world

import (
	"math"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// The head of a traffic light: three lenses above each other.
const (
	headLowM  = 2.6 // its foot over the ground, on a pole; over the road it hangs at 5.2 m
	headHighM = 5.2
	lensM     = 0.1 // radius
)

// Light is the head of a traffic light, in the world's frame. The static solid holds it with all its lenses dark.
type Light struct {
	// WorldFromHead has the lowest lens' middle as its origin; x looks at those for whom the light is.
	WorldFromHead sensors.Pose
	signal        *signal
	lit           *[3]*geom.Solid // by Phase
}

// Phase is what it shows at t seconds.
func (g *Light) Phase(t float64) Phase { return g.signal.phase(t) }

// Instance is the lens that shines at t seconds, to put into a scene; its Object is geom.Static.
func (g *Light) Instance(t float64) geom.Instance {
	return geom.Instance{Solid: g.lit[g.Phase(t)], Start: g.WorldFromHead, End: g.WorldFromHead, Object: geom.Static}
}

// lens draws a disc that looks along x, z metres over the lowest.
func lens(f *shaper, x, z float64, id material.ID) {
	const n = 10
	for i := range n {
		s0, c0 := math.Sincos(2 * math.Pi * float64(i) / n)
		s1, c1 := math.Sincos(2 * math.Pi * float64(i+1) / n)
		f.triangle([3]float64{x, 0, z}, [3]float64{x, lensM * c0, z + lensM*s0}, [3]float64{x, lensM * c1, z + lensM*s1}, id)
	}
}

const lensStepM = 0.3

// litLenses are the three that shine: green below, amber, red.
func litLenses() *[3]*geom.Solid {
	var out [3]*geom.Solid
	for p, id := range map[Phase]material.ID{Green: material.SignalGreen, Amber: material.SignalAmber, Red: material.SignalRed} {
		m := &geom.Mesh{}
		lens(&shaper{mesh: m, cos: 1}, 0.012, lensStepM*float64(2-p), id)
		out[p] = geom.NewSolid(m)
	}
	return &out
}

// signalHeads puts up poles with heads at the stop lines, on roads of several lanes also over them.
func (l *layout) signalHeads(m *geom.Mesh, taken *plots) []Light {
	if len(l.signals) == 0 {
		return nil
	}
	lit := litLenses()
	sh := &shaper{mesh: m, cos: 1}
	var lights []Light
	for _, g := range l.signals {
		p := g.route.at(g.line + 0.6)
		x, y := p.offset(-(g.road.kerb + 0.4))
		yaw := p.heading + math.Pi // looks back at who comes
		f := sh.frame(x, y, l.height2(x, y), yaw)
		taken.boxes = append(taken.boxes, newBox2(x, y, yaw, 0.3, 0.3))
		heads := [][2]float64{{0, headLowM}}
		top := headLowM + 1
		if g.road.lanes > 1 || g.road.park > 0 {
			// The arm reaches over the road, which is to the right of the light's own view.
			reach := g.road.kerb + 0.4 - g.road.edge() + 0.5*g.road.lane
			heads, top = append(heads, [2]float64{-reach, headHighM}), headHighM+0.6
			f.box(-0.04, -reach, top-0.1, 0.04, 0, top, material.SteelDark, 0)
		}
		f.box(-0.06, -0.06, -0.2, 0.06, 0.06, top, material.SteelDark, noBottom)
		for _, h := range heads {
			f.box(0.06, h[0]-0.17, h[1], 0.24, h[0]+0.17, h[1]+1, material.PlasticBlack, 0)
			hx, hy := f.x+0.25*f.cos-h[0]*f.sin, f.y+0.25*f.sin+h[0]*f.cos
			head := sh.frame(hx, hy, f.z+h[1]+0.2, yaw)
			for k := range 3 {
				lens(head, 0, lensStepM*float64(k), material.SignalOff)
				// A hood over each lens.
				head.box(0, -0.12, lensStepM*float64(k)+0.11, 0.16, 0.12, lensStepM*float64(k)+0.125, material.PlasticBlack, 0)
			}
			lights = append(lights, Light{sensors.FromYaw(yaw, vec3(hx, hy, head.z)), g, lit})
		}
	}
	return lights
}
