package render

import (
	"fmt"
	"image"
	"math"

	"gonum.org/v1/gonum/spatial/r3"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

const (
	// arrowSeconds is how far ahead a velocity arrow points.
	arrowSeconds = 1.0
	// arrowMinMps is the speed below which no arrow is drawn.
	arrowMinMps = 0.5
	// Height from which a point counts as above the ground, and is drawn over it.
	aboveGroundM = 0.3
	// fovHintM is the radius of the cameras' fans.
	fovHintM = 9.0
	maxRings = 6
)

// groundView maps the ground plane of the ego frame onto the canvas: x forward up, y left to the left.
type groundView struct {
	origin pt
	pxPerM float64
}

func newGroundView(r image.Rectangle, rangeM float64) groundView {
	return groundView{
		origin: pt{float64(r.Min.X+r.Max.X) / 2, float64(r.Min.Y+r.Max.Y) / 2},
		pxPerM: float64(r.Dy()) / 2 / rangeM,
	}
}

func (g *groundView) at(x, y float64) pt {
	return pt{g.origin.X - y*g.pxPerM, g.origin.Y - x*g.pxPerM}
}

func drawBirdsEye(c *canvas, r image.Rectangle, s *Scene) {
	defer c.within(r)()
	c.box(r, 0)
	c.fill(colSurface)
	g := newGroundView(r, s.RangeM)
	drawFans(c, &g, s.Cameras)
	step := ringStepM(s.RangeM)
	drawRings(c, &g, r, step, s.RangeM)
	drawPoints(c, &g, r, s.Points)
	drawEgo(c, &g, s.Body)
	drawObjects(c, &g, s.Objects.GetObjects())
	drawTruth(c, &g, s.Truth)
	taken := drawRingLabels(c, &g, step, s.RangeM)
	taken = append(taken, drawRamp(c, r), egoRect(&g, s.Body))
	labelObjects(c, &g, r, s.Objects.GetObjects(), &taken, func(o *fusionv1.Object) string {
		return fmt.Sprintf("%d · %s", o.GetId(), scoreWords(o))
	})
}

// ringStepM returns the distance between rings: 10 m, or more when there would be too many.
func ringStepM(rangeM float64) float64 {
	step := 10.0
	for _, f := range []float64{2, 2.5, 2} {
		if rangeM/step <= maxRings {
			return step
		}
		step *= f
	}
	return step
}

func drawRings(c *canvas, g *groundView, r image.Rectangle, step, rangeM float64) {
	for m := step; m <= rangeM; m += step {
		c.ring(g.origin, m*g.pxPerM, 1.1)
	}
	c.line(pt{g.origin.X, float64(r.Min.Y)}, pt{g.origin.X, float64(r.Max.Y)}, 1)
	c.line(pt{float64(r.Min.X), g.origin.Y}, pt{float64(r.Max.X), g.origin.Y}, 1)
	c.fill(colGrid)
}

// ringLabelRad is the bearing of the rings' labels, counter-clockwise from ahead: off the lanes, where objects are.
const ringLabelRad = -50 * math.Pi / 180

// drawRingLabels writes each ring's radius on it.
func drawRingLabels(c *canvas, g *groundView, step, rangeM float64) (taken places) {
	for m := step; m <= rangeM; m += step {
		s := fmt.Sprintf("%g m", m)
		at := g.at(m*math.Cos(ringLabelRad), m*math.Sin(ringLabelRad))
		size := c.tagRect(0, 0, styleTiny, s)
		r := size.Add(image.Pt(int(at.X)-size.Dx()/2, int(at.Y)-size.Dy()/2))
		c.tag(r.Min.X, r.Min.Y, styleTiny, colMuted, s)
		taken = append(taken, r)
	}
	return taken
}

// drawFans hints at the cameras' horizontal fields of view.
func drawFans(c *canvas, g *groundView, cameras []CameraView) {
	for i := range cameras {
		k := cameras[i].Intrinsics
		if k == nil {
			continue
		}
		egoFromCamera := cameras[i].CameraFromEgo.Inverse()
		left, okL := k.Unproject(0, k.Cy)
		right, okR := k.Unproject(float64(k.Width-1), k.Cy)
		if !okL || !okR {
			continue
		}
		l, r := egoFromCamera.Rotate(left), egoFromCamera.Rotate(right)
		// Clockwise on the canvas from right is atan2(-x, -y) of an ego direction.
		from, to := math.Atan2(-l.X, -l.Y), math.Atan2(-r.X, -r.Y)
		if to < from {
			to += 2 * math.Pi
		}
		t := egoFromCamera.Translation
		if !finite(from, to, t.X, t.Y) {
			continue
		}
		at := g.at(t.X, t.Y)
		radius := fovHintM * g.pxPerM
		c.arc(at, radius, from, to)
		c.fill(fade(colMuted, 0.09))
		c.line(at, onCircle(at, radius, from), 1)
		c.line(at, onCircle(at, radius, to), 1)
		c.fill(fade(colMuted, 0.3))
	}
}

// drawPoints splats every point over four pixels, the ground first.
func drawPoints(c *canvas, g *groundView, r image.Rectangle, points []sensors.Point) {
	inner := r.Inset(1)
	for _, above := range [2]bool{false, true} {
		opacity := 0.5
		if above {
			opacity = 0.8
		}
		for i := range points {
			q := &points[i]
			x, y, z := float64(q.X), float64(q.Y), float64(q.Z)
			if !finite(x, y, z) || (z >= aboveGroundM) != above {
				continue
			}
			at := g.at(x, y)
			if at.X < float64(inner.Min.X) || at.Y < float64(inner.Min.Y) || at.X >= float64(inner.Max.X) || at.Y >= float64(inner.Max.Y) {
				continue
			}
			c.splat(at, heightColour(z), opacity)
		}
	}
}

func drawEgo(c *canvas, g *groundView, b sensors.Body) {
	if !(b.LengthM > 0 && b.WidthM > 0) {
		c.polygon(g.at(2, 0), g.at(-1, 1), g.at(-0.4, 0), g.at(-1, -1))
		c.fill(colEgo)
		return
	}
	back, front, half := -b.RearOverhangM, b.LengthM-b.RearOverhangM, b.WidthM/2
	c.polygon(g.at(front, half), g.at(front, -half), g.at(back, -half), g.at(back, half))
	c.fill(fade(colEgo, 0.9))
	c.polygon(g.at(front-0.6, 0), g.at(front-1.8, half*0.6), g.at(front-1.8, -half*0.6))
	c.fill(colBackground)
}

// egoRect is where no label may hide the vehicle.
func egoRect(g *groundView, b sensors.Body) image.Rectangle {
	front, back, half := math.Max(b.LengthM-b.RearOverhangM, 2), math.Max(b.RearOverhangM, 1), math.Max(b.WidthM/2, 1)
	lo, hi := g.at(front, half), g.at(-back, -half)
	return image.Rect(int(lo.X)-2, int(lo.Y)-2, int(hi.X)+3, int(hi.Y)+3)
}

func drawObjects(c *canvas, g *groundView, objects []*fusionv1.Object) {
	for _, o := range objects {
		b, ok := newBox(o.GetCenter(), o.GetSize(), o.GetYaw())
		if !ok {
			continue
		}
		p, col := g.footprint(&b), classColour(o.GetClass())
		c.polygon(p[:]...)
		c.fill(fade(col, 0.22))
		c.outline(1.8, p[:]...)
		// The heading: from the centre to the front edge, which is stronger.
		c.line(p[0], p[1], 3.2)
		c.line(g.at(b.center.X, b.center.Y), lerp(p[0], p[1], 0.5), 1.6)
		c.fill(col)
		v := r3.Vec{X: o.GetVelocity().GetX(), Y: o.GetVelocity().GetY()}
		if speed := r3.Norm(v); finite(speed) && speed >= arrowMinMps {
			c.arrow(g.at(b.center.X, b.center.Y), g.at(b.center.X+v.X*arrowSeconds, b.center.Y+v.Y*arrowSeconds), 2.2)
			c.fill(colText)
		}
	}
}

// drawTruth draws the annotated boxes in dashes over everything.
func drawTruth(c *canvas, g *groundView, t *fusionv1.TruthFrame) {
	for _, o := range t.GetObjects() {
		if b, ok := newBox(o.GetCenter(), o.GetSize(), o.GetYaw()); ok {
			p := g.footprint(&b)
			c.dashes(1.2, truthOnPx, truthOffPx, p[:]...)
		}
	}
	c.fill(fade(colTruth, 0.85))
}

const truthOnPx, truthOffPx = 3.5, 3.0

// footprint returns front left, front right, back right, back left.
func (g *groundView) footprint(b *box) (p [4]pt) {
	corners := b.corners()
	for i := range p {
		p[i] = g.at(corners[i].X, corners[i].Y)
	}
	return p
}

// labelObjects writes what say gives beside each object, the first ones (the best) first, where there is room.
func labelObjects(
	c *canvas, g *groundView, r image.Rectangle, objects []*fusionv1.Object, taken *places, say func(*fusionv1.Object) string,
) {
	for _, o := range objects {
		b, ok := newBox(o.GetCenter(), o.GetSize(), o.GetYaw())
		if !ok {
			continue
		}
		lo, hi := extent(g.footprint(&b))
		s := say(o)
		size := c.tagRect(0, 0, styleTiny, s)
		midY := int((lo.Y+hi.Y)/2) - size.Dy()/2
		for _, at := range [2]image.Point{{int(hi.X) + 4, midY}, {int(lo.X) - size.Dx() - 4, midY}} {
			if tag := size.Add(at); tag.In(r) && taken.take(tag) {
				c.tag(at.X, at.Y, styleTiny, classColour(o.GetClass()), s)
				break
			}
		}
	}
}

func extent(p [4]pt) (lo, hi pt) {
	lo, hi = p[0], p[0]
	for _, q := range p[1:] {
		lo = pt{math.Min(lo.X, q.X), math.Min(lo.Y, q.Y)}
		hi = pt{math.Max(hi.X, q.X), math.Max(hi.Y, q.Y)}
	}
	return lo, hi
}

// drawRamp draws the scale of heights in the lower left corner.
func drawRamp(c *canvas, r image.Rectangle) (covered image.Rectangle) {
	const w, h = 180, 8
	x, y := r.Min.X+24, r.Max.Y-44
	back := image.Rect(x-12, y-26, x+w+12, y+h+26)
	c.box(back, 6)
	c.fill(colTag)
	for i := range w {
		col := heightRamp[i*255/(w-1)]
		for j := range h {
			c.img.Set(x+i, y+j, col)
		}
	}
	c.text(x, y-9, styleTiny, colMuted, "height above ground")
	c.text(x, y+h+16, styleTiny, colMuted, fmt.Sprintf("%g m", rampLowM))
	c.textRight(x+w, y+h+16, styleTiny, colMuted, fmt.Sprintf("%g m", rampHighM))
	return back
}
