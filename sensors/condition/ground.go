package condition

import (
	"math"

	"github.com/fusiond/fusiond/sensors"
)

// ground fits the plane under the vehicle in the ego frame, z = a x + b y + c. A rig that is right has a, b, c near 0. The road before and
// behind the vehicle is divided into cells; what stands on it rises above the low quantile of a cell, and whole cells on a vehicle lose
// their weight while the plane is fitted.
type ground struct {
	// m and t are egoFromLidar.
	m [9]float32
	t [3]float32
	// counts of heights by cell.
	counts [groundCells][groundBins]uint16
	// a, b, c of the last sweep, and their low-pass.
	a, b, c             float64
	slowA, slowB, slowC float64
	// seen is for how long there has been a plane, s.
	seen float64
}

const (
	// The cells: 3 m along the vehicle, 1.8 m across, as far as 15 m along and 3.6 m to each side. That is the own lane and half of the next:
	// beyond, the crown of the road slopes the other way; farther, it rises and falls.
	groundAlong, groundAcross = 10, 4
	groundCells               = groundAlong * groundAcross
	groundLengthM, groundSide = 15, 3.6
	// Heights in steps of 4 cm from 1 m below to 1 m above.
	groundBins, groundBinM = 50, 0.04
	// groundStride leaves every fifth point: odd, so that no ring is left out.
	groundStride = 5
	// groundLow is the quantile of a cell's heights that is the road: above stray returns below it, below what stands on it.
	groundLow = 0.15
	// A cell needs some points, and the plane some cells.
	groundMinPoints, groundMinCells = 6, 8
	// groundS smooths pitch and roll of braking and turning, and one must have seen the ground for twice that long.
	groundS = 1.5
)

// groundScales are the distances, m, at which a cell's weight falls to a half in each round of the fit: wide enough at first to follow a
// knock of some degrees, then as narrow as a road is flat.
var groundScales = [...]float64{0.4, 0.2, 0.1, 0.06, 0.06}

func newGround(egoFromLidar sensors.Pose) ground {
	at := egoFromLidar.Translation
	g := ground{t: [3]float32{float32(at.X), float32(at.Y), float32(at.Z)}}
	for i, v := range egoFromLidar.Matrix() {
		g.m[i] = float32(v)
	}
	return g
}

// take fits the sweep's plane and reports whether there was enough ground to judge by.
func (g *ground) take(points []sensors.Point, dt float64) bool {
	g.count(points)
	var cells [groundCells]cell
	if !g.fit(g.cells(cells[:0])) {
		return false
	}
	if g.seen == 0 {
		g.slowA, g.slowB, g.slowC = g.a, g.b, g.c
	}
	follow := 1 - math.Exp(-dt/groundS)
	g.slowA, g.slowB, g.slowC = g.slowA+(g.a-g.slowA)*follow, g.slowB+(g.b-g.slowB)*follow, g.slowC+(g.c-g.slowC)*follow
	g.seen += dt
	return true
}

func (g *ground) count(points []sensors.Point) {
	g.counts = [groundCells][groundBins]uint16{}
	for i := 0; i < len(points); i += groundStride {
		p := &points[i]
		z := g.m[6]*p.X + g.m[7]*p.Y + g.m[8]*p.Z + g.t[2] + 0.5*groundBins*groundBinM
		if !(z >= 0 && z < groundBins*groundBinM) {
			continue
		}
		x := g.m[0]*p.X + g.m[1]*p.Y + g.m[2]*p.Z + g.t[0] + groundLengthM
		y := g.m[3]*p.X + g.m[4]*p.Y + g.m[5]*p.Z + g.t[1] + groundSide
		if !(x >= 0 && x < 2*groundLengthM && y >= 0 && y < 2*groundSide) {
			continue
		}
		at := min(int(x*(groundAlong/(2.0*groundLengthM))), groundAlong-1)*groundAcross +
			min(int(y*(groundAcross/(2.0*groundSide))), groundAcross-1)
		if n := &g.counts[at][min(int(z*(1/groundBinM)), groundBins-1)]; *n < math.MaxUint16 {
			*n++
		}
	}
}

// cell is the road's height at a place, m in the ego frame.
type cell struct{ x, y, z float64 }

// cells appends those with enough points.
func (g *ground) cells(dst []cell) []cell {
	for i := range g.counts {
		n := 0
		for _, c := range g.counts[i] {
			n += int(c)
		}
		if n < groundMinPoints {
			continue
		}
		left := max(int(groundLow*float64(n)), 1)
		for bin, c := range g.counts[i] {
			if left -= int(c); left <= 0 {
				dst = append(dst, cell{
					x: (float64(i/groundAcross)+0.5)*(2*groundLengthM/groundAlong) - groundLengthM,
					y: (float64(i%groundAcross)+0.5)*(2*groundSide/groundAcross) - groundSide,
					z: (float64(bin) + 0.5 - groundBins/2) * groundBinM,
				})
				break
			}
		}
	}
	return dst
}

// fit is least squares with weights 1/(1 + (residual/scale)²), from the rig's plane on.
func (g *ground) fit(cells []cell) bool {
	if len(cells) < groundMinCells {
		return false
	}
	a, b, c := 0.0, 0.0, 0.0
	for _, scale := range groundScales {
		var n, x, y, z, xx, xy, yy, xz, yz float64
		for _, p := range cells {
			off := (p.z - a*p.x - b*p.y - c) / scale
			w := 1 / (1 + off*off)
			n, x, y, z = n+w, x+w*p.x, y+w*p.y, z+w*p.z
			xx, xy, yy, xz, yz = xx+w*p.x*p.x, xy+w*p.x*p.y, yy+w*p.y*p.y, xz+w*p.x*p.z, yz+w*p.y*p.z
		}
		mx, my, mz := x/n, y/n, z/n
		xx, xy, yy, xz, yz = xx/n-mx*mx, xy/n-mx*my, yy/n-my*my, xz/n-mx*mz, yz/n-my*mz
		det := xx*yy - xy*xy
		// det is the product of the variances: a spread of 2 m along and 1 m across.
		if n < groundMinCells/2 || !(det > 4) {
			return false
		}
		a, b = (xz*yy-yz*xy)/det, (yz*xx-xz*xy)/det
		c = mz - a*mx - b*my
	}
	g.a, g.b, g.c = a, b, c
	return true
}

// tiltDeg is how far the ground is from where the rig says: its slope along the vehicle and across it, without signs.
func (g *ground) tiltDeg() (pitch, roll float64) {
	return math.Abs(math.Atan(g.slowA)) * 180 / math.Pi, math.Abs(math.Atan(g.slowB)) * 180 / math.Pi
}

// heightM is the same for its height at the ego origin.
func (g *ground) heightM() float64 { return math.Abs(g.slowC) }
