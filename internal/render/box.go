package render

import (
	"image"
	"math"

	"gonum.org/v1/gonum/spatial/r3"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// box is an object's box in the ego frame, metres.
type box struct {
	center, size r3.Vec // size: x length, y width, z height
	yaw          float64
}

// newBox returns the box of a message; ok is false when a number is missing, not finite, or a size not positive.
func newBox(center, size *fusionv1.Vector3, yaw float64) (b box, ok bool) {
	b = box{
		center: r3.Vec{X: center.GetX(), Y: center.GetY(), Z: center.GetZ()},
		size:   r3.Vec{X: size.GetX(), Y: size.GetY(), Z: size.GetZ()},
		yaw:    yaw,
	}
	return b, finite(b.center.X, b.center.Y, b.center.Z, b.size.X, b.size.Y, b.size.Z, yaw) &&
		b.size.X > 0 && b.size.Y > 0 && b.size.Z > 0
}

// corners returns front left, front right, back right, back left of the bottom, then of the top.
func (b *box) corners() (c [8]r3.Vec) {
	sin, cos := math.Sincos(b.yaw)
	for i, s := range [4][2]float64{{1, 1}, {1, -1}, {-1, -1}, {-1, 1}} {
		x, y := s[0]*b.size.X/2, s[1]*b.size.Y/2
		at := r3.Vec{X: b.center.X + cos*x - sin*y, Y: b.center.Y + sin*x + cos*y, Z: b.center.Z - b.size.Z/2}
		c[i] = at
		at.Z += b.size.Z
		c[i+4] = at
	}
	return c
}

// boxEdges are the twelve edges, those of the front face first.
var boxEdges = [12][2]int{{0, 1}, {1, 5}, {5, 4}, {4, 0}, {2, 3}, {3, 7}, {7, 6}, {6, 2}, {1, 2}, {0, 3}, {5, 6}, {4, 7}}

// numFrontEdges is how many of boxEdges bound the front face.
const numFrontEdges = 4

var frontFace = [4]int{0, 1, 5, 4}

const (
	// nearM is the near plane of pinhole cameras, metres before the lens.
	nearM = 0.1
	// Where the lens bends edges they fall into bentPieces, and each is halved until its chord is within bentPx of the
	// curve, at most bentHalvings times.
	bentPieces, bentHalvings, bentPx = 4, 7, 0.25
)

// projector maps the ego frame onto the canvas.
type projector struct {
	lens          *sensors.Intrinsics
	cameraFromEgo sensors.Pose
	// Canvas pixels of the image's top left corner, and canvas pixels per recorded pixel.
	origin pt
	scale  pt
}

// project maps a point of the camera frame; ok is false where the lens does not see it.
func (p *projector) project(v r3.Vec) (at pt, ok bool) {
	u, w, ok := p.lens.Project(v)
	// Recorded pixel centres are integers, canvas pixel centres are halves.
	return pt{p.origin.X + (u+0.5)*p.scale.X, p.origin.Y + (w+0.5)*p.scale.Y}, ok
}

// appendEdge appends the straight pieces of the edge from a to b (camera frame) that the lens sees, as pairs. whole is
// false when it does not see all of the edge before the near plane.
func (p *projector) appendEdge(dst []pt, a, b r3.Vec) (out []pt, whole bool) {
	a, b, ok := p.clipNear(a, b)
	if !ok {
		return dst, true
	}
	last, seen := p.project(a)
	if !p.lens.Distorted() {
		at, ok := p.project(b)
		if seen && ok {
			dst = append(dst, last, at)
		}
		return dst, seen && ok
	}
	whole = true
	for i := 1; i <= bentPieces; i++ {
		to := r3.Add(a, r3.Scale(float64(i)/bentPieces, r3.Sub(b, a)))
		from := r3.Add(a, r3.Scale(float64(i-1)/bentPieces, r3.Sub(b, a)))
		at, ok := p.project(to)
		var w bool
		dst, w = p.appendBent(dst, bent{from, to, last, at, seen, ok}, bentHalvings)
		whole = whole && w
		last, seen = at, ok
	}
	return dst, whole
}

// bent is a piece of an edge: its ends in the camera frame, on the canvas, and whether the lens sees them.
type bent struct {
	a, b     r3.Vec
	pa, pb   pt
	okA, okB bool
}

// appendBent halves a piece until its middle lies on its chord. What never does is where the lens' picture tears (behind a
// fisheye, at the edge of its field), and is left out.
func (p *projector) appendBent(dst []pt, e bent, halvings int) (out []pt, whole bool) {
	middle := r3.Scale(0.5, r3.Add(e.a, e.b))
	at, ok := p.project(middle)
	if e.okA && e.okB && ok && at.sub(lerp(e.pa, e.pb, 0.5)).length() < bentPx {
		return append(dst, e.pa, e.pb), true
	}
	if halvings == 0 || !(e.okA || e.okB || ok) {
		return dst, false
	}
	dst, first := p.appendBent(dst, bent{e.a, middle, e.pa, at, e.okA, ok}, halvings-1)
	dst, second := p.appendBent(dst, bent{middle, e.b, at, e.pb, ok, e.okB}, halvings-1)
	return dst, first && second
}

// clipNear cuts an edge at the near plane. A fisheye has none: it may see behind itself.
func (p *projector) clipNear(a, b r3.Vec) (r3.Vec, r3.Vec, bool) {
	if p.lens.Model != sensors.PinholeRadTan || (a.Z >= nearM && b.Z >= nearM) {
		return a, b, true
	}
	if a.Z < nearM && b.Z < nearM {
		return a, b, false
	}
	cut := r3.Add(a, r3.Scale((nearM-a.Z)/(b.Z-a.Z), r3.Sub(b, a)))
	if a.Z < nearM {
		return cut, b, true
	}
	return a, cut, true
}

// clipLine returns the part of a line within r; ok is false when there is none (Liang and Barsky 1984).
func clipLine(a, b pt, r image.Rectangle) (pt, pt, bool) {
	d := b.sub(a)
	enter, leave := 0.0, 1.0
	for _, side := range [4]struct{ along, room float64 }{
		{-d.X, a.X - float64(r.Min.X)},
		{d.X, float64(r.Max.X) - a.X},
		{-d.Y, a.Y - float64(r.Min.Y)},
		{d.Y, float64(r.Max.Y) - a.Y},
	} {
		switch at := side.room / side.along; {
		case side.along == 0 && side.room < 0:
			return a, b, false
		case side.along < 0:
			enter = math.Max(enter, at)
		case side.along > 0:
			leave = math.Min(leave, at)
		}
	}
	return lerp(a, b, enter), lerp(a, b, leave), enter <= leave
}

// appendFace appends the outline of a face (camera frame), cut at the near plane; nothing when the lens does not see all
// of what remains.
func (p *projector) appendFace(dst []pt, face []r3.Vec) []pt {
	start := len(dst)
	for i := range face {
		var whole bool
		if dst, whole = p.appendEdge(dst, face[i], face[(i+1)%len(face)]); !whole {
			return dst[:start]
		}
	}
	return dst
}
