package world

import (
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sim/chance"
)

// Reflector is an upright rectangle that mirrors a radar: guard rails, walls, fronts of buildings, sides of trucks.
type Reflector struct {
	// Actor whose object frame the vectors are in, or -1 for the world.
	Actor int32
	// At is the middle; Normal and Along are unit vectors, Along in the plane and level.
	At, Normal, Along r3.Vec
	// HalfLength along Along and HalfHeight, metres.
	HalfLength, HalfHeight float64
	// LossDB of a reflection.
	LossDB float64
}

// Clutter is a point of the world that returns a radar's signal at every scan: posts, kerbs, manholes, trees.
type Clutter struct {
	At      r3.Vec
	RCSdBsm float64
}

// Lamp is a street lamp.
type Lamp struct {
	// At is the light's middle; it shines down.
	At r3.Vec
	// Candela straight down.
	Candela float64
}

// sides are the large flat sides of a truck, a bus or a trailer, in its own frame.
func sides(a *Actor) []Reflector {
	switch a.Category {
	case Truck, Bus, Trailer:
	default:
		return nil
	}
	length, width, height := float64(a.Body.Size[0]), float64(a.Body.Size[1]), float64(a.Body.Size[2])
	if height < flatFromM {
		return nil
	}
	plane := func(at, normal, along r3.Vec, half float64) Reflector {
		return Reflector{Actor: a.ID, At: at, Normal: normal, Along: along, HalfLength: half, HalfHeight: 0.3 * height}
	}
	x, y := vec3(1, 0, 0), vec3(0, 1, 0)
	return []Reflector{
		plane(r3.Scale(width/2, y), y, x, 0.4*length),
		plane(r3.Scale(-width/2, y), r3.Scale(-1, y), x, 0.4*length),
		plane(r3.Scale(-length/2, x), r3.Scale(-1, x), y, 0.4*width),
	}
}

// flatFromM is the height from which a truck has flat sides: a pick-up has none.
const flatFromM = 2.4

// roadClutter are kerb stones, covers and joints that return a little at every scan.
func (l *layout) roadClutter(src *chance.Source) []Clutter {
	const meanM = 6.0
	var out []Clutter
	for _, r := range l.roads() {
		for _, d := range []float64{-r.kerb, 0, r.kerb} {
			for s := r.begin + meanM*src.Exp(); s < r.end; s += meanM * src.Exp() {
				if r.inGap(s, 0) && d != 0 {
					continue
				}
				p, at := r.ahead.at(s), d
				if d == 0 { // anywhere on the asphalt
					at = src.Between(-r.kerb, r.kerb)
				}
				x, y := p.offset(at)
				out = append(out, Clutter{At: vec3(x, y, l.height(r, s, at, x, y)+0.03), RCSdBsm: -18 + 4*src.Norm()})
			}
		}
	}
	return out
}
