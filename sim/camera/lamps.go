package camera

import (
	"math"

	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

const (
	// maxShadowLamps are checked for shadows at one point.
	maxShadowLamps = 3
	// faintLux ends a lamp: less light is not worth a look.
	faintLux = 0.05
	// darkLux is the light of the sky below which lamps count.
	darkLux = 2000
	// scattered is the share of the lamps' light about the camera that comes back from everything.
	scattered = 0.02
	// lampRadiusM is that of lamps that do not say.
	lampRadiusM = 0.06
	// retroRad is how far from the light a retro-reflector returns it, and retroGain its luminance against a diffuser of the same name.
	retroRad  = 0.012
	retroGain = 0.5
)

// litLamp is a lamp prepared for a picture.
type litLamp struct {
	Lamp
	side geom.Vec // unit vector to the left of its axis, level
}

// The ground around the camera is cut into cells, each with the lamps that may be strongest there.
const (
	cellM     = 10
	cellsSide = 48
	cellLamps = 8
)

type lampCell struct {
	n    int
	lamp [cellLamps]uint16
}

// prepareLamps takes over the lamps (65 535 at most) and finds who lights what. By day they are seen but light nothing: sky and sun outshine them.
func (f *Frame) prepareLamps() {
	f.lamps, f.glow = f.lamps[:0], rgb{}
	for _, l := range f.moment.Lamps[:min(len(f.moment.Lamps), math.MaxUint16)] {
		if l.RadiusM <= 0 {
			l.RadiusM = lampRadiusM
		}
		f.lamps = append(f.lamps, litLamp{Lamp: l, side: geom.Vec{-l.Dir[1], l.Dir[0], 0}.Unit()})
	}
	f.dark = len(f.lamps) > 0 && f.day.above[1]*fullSunLux < darkLux
	if !f.dark {
		return
	}
	for i := range f.lamps {
		l := &f.lamps[i]
		d := l.At.Sub(f.openAt)
		e := scattered * l.Candela / (d.Dot(d) + 400) / fullSunLux
		add(&f.glow, l.Color, e)
	}
	if f.cells == nil {
		f.cells = make([]lampCell, cellsSide*cellsSide)
	}
	for i := range f.cells {
		f.fillCell(&f.cells[i], geom.Vec{
			f.openAt[0] + (float32(i%cellsSide)-(cellsSide-1)/2.0)*cellM, f.openAt[1] + (float32(i/cellsSide)-(cellsSide-1)/2.0)*cellM, f.openAt[2] - 1,
		})
	}
}

// fillCell keeps the lamps that are strongest about a point.
func (f *Frame) fillCell(cell *lampCell, at geom.Vec) {
	var lux [cellLamps]float32
	cell.n = 0
	for i := range f.lamps {
		l := &f.lamps[i]
		to := at.Sub(l.At)
		d2 := to.Dot(to)
		if l.Candela < faintLux*d2 {
			continue
		}
		e := 0.5 * l.Candela / max(d2, cellM*cellM/4)
		if d2 > 4*cellM*cellM {
			e = l.candela(to.Scale(1/float32(math.Sqrt(float64(d2))))) / d2
		}
		if e < 0.3*faintLux {
			continue
		}
		k := cell.n
		if k == cellLamps {
			if e <= lux[k-1] {
				continue
			}
			k--
		} else {
			cell.n++
		}
		for ; k > 0 && lux[k-1] < e; k-- {
			lux[k], cell.lamp[k] = lux[k-1], cell.lamp[k-1]
		}
		lux[k], cell.lamp[k] = e, uint16(i)
	}
}

// cell returns the lamps that light a point; nil far away.
func (f *Frame) cell(at geom.Vec) *lampCell {
	x := int((at[0]-f.openAt[0])*(1.0/cellM) + cellsSide/2)
	y := int((at[1]-f.openAt[1])*(1.0/cellM) + cellsSide/2)
	if x < 0 || y < 0 || x >= cellsSide || y >= cellsSide {
		return nil
	}
	return &f.cells[y*cellsSide+x]
}

// candela is the intensity in the direction of a unit vector that leaves the lamp.
func (l *litLamp) candela(d geom.Vec) float32 {
	cos := d.Dot(l.Dir)
	switch l.Beam {
	case LowBeam:
		if cos <= 0 {
			return 0
		}
		// Across and up from the axis, in radians for small angles; the beam is cut about a degree below the horizontal.
		across := d.Dot(l.side)
		up := d[2] - l.Dir[2]
		high := float32(0.02)
		if up < 0.01 {
			high += 0.98 * clamp01f((0.01-up)/0.03) * (0.05 + 0.95*exp(up*18))
		}
		return l.Candela * high * (0.75*exp(-across*across*12) + 0.25*exp(-across*across*2.5)) * clamp01f(cos*3)
	case Down:
		// The widening towards 60 degrees evens out the road between two masts.
		if cos <= 0.15 {
			return 0.01 * l.Candela * clamp01f(cos+1)
		}
		return l.Candela * clamp01f((cos-0.15)/0.25) * (2 - cos)
	case Wide:
	}
	return l.Candela * max(cos, 0)
}

// lampLight adds the light of the lamps on a surface. The first few, which are the strongest about there, cast shadows.
func (f *Frame) lampLight(light, albedo *rgb, m *material.Material, at, n, dir geom.Vec) {
	if !f.dark {
		return
	}
	cell := f.cell(at)
	if cell == nil {
		return
	}
	shadows := 0
	for _, i := range cell.lamp[:cell.n] {
		l := &f.lamps[i]
		to := l.At.Sub(at)
		cos := to.Dot(n)
		if cos <= 0 {
			continue
		}
		d2 := max(to.Dot(to), 0.01)
		d := float32(math.Sqrt(float64(d2)))
		to = to.Scale(1 / d)
		lux := l.candela(to.Scale(-1)) * cos / (d2 * d)
		if lux < faintLux {
			continue
		}
		// Lamps sit in or behind a glass: the last stretch does not count.
		if shadows < maxShadowLamps && d > 0.3 {
			shadows++
			s := geom.Ray{Origin: at, Dir: to, Max: d - 0.25, Time: f.middle}
			if f.moment.Scene.Blocked(&s) {
				continue
			}
		}
		e := lux / fullSunLux
		if m.Retro > 0 {
			// Back towards the lamp within a degree or so; the angle is that between the lamp and the camera seen from here.
			off := 1 - max(-to.Dot(dir), 0)
			e *= 1 + retroGain*m.Retro*exp(-2*off/(retroRad*retroRad))
		}
		for c := range 3 {
			light[c] += albedo[c] * l.Color[c] * e
		}
	}
}

// lampGlints adds what a water film of a slope (root mean square) mirrors of the lamps: long streaks towards the camera. Method: the
// microfacet model with P. Beckmann's distribution (R. Cook, K. Torrance 1982), radiance = F D I / (4 cos_o d^2). n is the normal.
func (f *Frame) lampGlints(light *rgb, at, n, dir geom.Vec, share, slope float32) {
	if !f.dark {
		return
	}
	cosOut := max(-dir.Dot(n), 0.04)
	for i := range f.lamps {
		l := &f.lamps[i]
		if l.Hidden {
			continue
		}
		to := l.At.Sub(at)
		d2 := max(to.Dot(to), 1)
		d := float32(math.Sqrt(float64(d2)))
		to = to.Scale(1 / d)
		half := to.Sub(dir)
		z := half.Dot(n)
		if z <= 0 {
			continue
		}
		tilt := half.Dot(half)/(z*z) - 1 // tan^2 of the facet's angle
		if tilt > 9*slope*slope {
			continue
		}
		k := 1 - half.Dot(to)/half.Norm()
		k2 := k * k
		fresnel := waterF0 + (1-waterF0)*k2*k2*k
		e := share * fresnel * exp(-tilt/(slope*slope)) / (slope * slope) * l.candela(to.Scale(-1)) / (4 * cosOut * d2) / fullSunLux
		if e < 1e-8 {
			continue
		}
		s := geom.Ray{Origin: at, Dir: to, Max: d - 0.4, Time: f.middle}
		if d > 0.5 && f.moment.Scene.Blocked(&s) {
			continue
		}
		add(light, l.Color, e)
	}
}
