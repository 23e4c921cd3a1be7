package render

import (
	"cmp"
	"fmt"
	"image"
	"math"
	"slices"
	"time"

	xdraw "golang.org/x/image/draw"
	"gonum.org/v1/gonum/spatial/r3"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

const (
	// A box's stroke is strokePxM over its distance, within limits.
	strokePxM, strokeMin, strokeMax = 40.0, 1.3, 3.2
	// Boxes fade from a fifth of fadeM on.
	fadeM = 100.0
	// labelMinPx is the height below which a box gets no label.
	labelMinPx = 22
)

// drawCamera draws one camera into its cell.
func drawCamera(c *canvas, cell image.Rectangle, v *CameraView, s *Scene) {
	defer c.within(cell)()
	c.box(cell, 0)
	c.fill(colSurface)
	if v.Image == nil {
		drawAbsent(c, cell, v)
		return
	}
	frame := imageFrame(cell, v)
	xdraw.CatmullRom.Scale(c.img, frame, v.Image, v.Image.Bounds(), xdraw.Src, nil)
	name := string(v.Name)
	later, known := exposedAfter(s.Objects, name)
	if known {
		name = fmt.Sprintf("%s · %+.0f ms", name, later.Seconds()*1e3)
	}
	if v.Intrinsics == nil {
		name += " · no calibration"
	}
	name = c.elide(styleLabel, name, cell.Dx()-30)
	taken := places{c.tagRect(frame.Min.X+8, frame.Min.Y+8, styleLabel, name)}
	condition, below := c.elide(styleLabel, conditionWords(memberOf(s.Objects, string(v.Name))), cell.Dx()-30), taken[0].Max.Y+4
	if condition != "" {
		taken = append(taken, c.tagRect(frame.Min.X+8, below, styleLabel, condition))
	}
	if v.Intrinsics != nil {
		restore := c.within(frame)
		drawBoxes(c, frame, v, s.Objects.GetObjects(), later, &taken)
		restore()
	}
	c.tag(frame.Min.X+8, frame.Min.Y+8, styleLabel, colText, name)
	if condition != "" {
		c.tag(frame.Min.X+8, below, styleLabel, colWarn, condition)
	}
}

// imageFrame returns the largest rectangle of the image's shape inside its cell.
func imageFrame(cell image.Rectangle, v *CameraView) image.Rectangle {
	w, h := float64(v.Image.Bounds().Dx()), float64(v.Image.Bounds().Dy())
	if v.Intrinsics != nil {
		w, h = float64(v.Intrinsics.Width), float64(v.Intrinsics.Height)
	}
	k := math.Min(float64(cell.Dx())/w, float64(cell.Dy())/h)
	fw, fh := max(1, int(w*k+0.5)), max(1, int(h*k+0.5))
	at := cell.Min.Add(image.Pt((cell.Dx()-fw)/2, (cell.Dy()-fh)/2))
	return image.Rectangle{Min: at, Max: at.Add(image.Pt(fw, fh))}
}

func drawAbsent(c *canvas, cell image.Rectangle, v *CameraView) {
	w, h := float64(cell.Dx()), float64(cell.Dy())
	for x := -h; x < w; x += 28 {
		from := pt{float64(cell.Min.X) + x, float64(cell.Max.Y)}
		c.line(from, from.add(pt{h, -h}), 1)
	}
	c.fill(fade(colBorder, 0.6))
	x, y := (cell.Min.X+cell.Max.X)/2, (cell.Min.Y+cell.Max.Y)/2
	reason := "absent"
	if v.Reason != "" {
		reason += ": " + v.Reason
	}
	c.textCentre(x, y-6, styleStrong, colText, c.elide(styleStrong, string(v.Name), cell.Dx()-20))
	c.textCentre(x, y+18, styleText, colMuted, c.elide(styleText, reason, cell.Dx()-20))
}

// projected is a box on the canvas.
type projected struct {
	object    *fusionv1.Object
	distanceM float64
	// Pairs of points; those of the front face end at front.
	edges []pt
	front int
	face  []pt
	// Extent of what shows of the edges.
	lo, hi pt
}

// drawBoxes draws the objects that show in frame, far ones first, then labels, near ones first. Each is moved by its
// velocity to the time of the exposure, so that boxes sit on moving cars as well. Without places for labels there are none.
func drawBoxes(c *canvas, frame image.Rectangle, v *CameraView, objects []*fusionv1.Object, later time.Duration, taken *places) {
	p := projector{
		lens: v.Intrinsics, cameraFromEgo: v.CameraFromEgo,
		origin: pt{float64(frame.Min.X), float64(frame.Min.Y)},
		scale:  pt{float64(frame.Dx()) / float64(v.Intrinsics.Width), float64(frame.Dy()) / float64(v.Intrinsics.Height)},
	}
	var shown []projected
	for _, o := range objects {
		if b, ok := newBox(o.GetCenter(), o.GetSize(), o.GetYaw()); ok {
			if vx, vy := o.GetVelocity().GetX(), o.GetVelocity().GetY(); finite(vx, vy) {
				b.center = r3.Add(b.center, r3.Scale(later.Seconds(), r3.Vec{X: vx, Y: vy}))
			}
			if q := p.box(&b); q.measure(frame) {
				q.object = o
				shown = append(shown, q)
			}
		}
	}
	slices.SortStableFunc(shown, func(a, b projected) int { return cmp.Compare(b.distanceM, a.distanceM) })
	for i := range shown {
		shown[i].draw(c)
	}
	if taken == nil {
		return
	}
	for _, q := range slices.Backward(shown) {
		q.label(c, frame, taken)
	}
}

func (p *projector) box(b *box) (q projected) {
	corners := b.corners()
	for i := range corners {
		corners[i] = p.cameraFromEgo.Apply(corners[i])
	}
	q.distanceM = r3.Norm(p.cameraFromEgo.Apply(b.center))
	for i, e := range boxEdges {
		q.edges, _ = p.appendEdge(q.edges, corners[e[0]], corners[e[1]])
		if i == numFrontEdges-1 {
			q.front = len(q.edges)
		}
	}
	var face [len(frontFace)]r3.Vec
	for i, j := range frontFace {
		face[i] = corners[j]
	}
	q.face = p.appendFace(nil, face[:])
	return q
}

// measure finds the extent of the edges within frame, and reports whether there are any.
func (q *projected) measure(frame image.Rectangle) (visible bool) {
	q.lo, q.hi = pt{math.Inf(1), math.Inf(1)}, pt{math.Inf(-1), math.Inf(-1)}
	for i := 0; i+1 < len(q.edges); i += 2 {
		a, b, ok := clipLine(q.edges[i], q.edges[i+1], frame)
		if !ok {
			continue
		}
		visible = true
		q.lo = pt{min(q.lo.X, a.X, b.X), min(q.lo.Y, a.Y, b.Y)}
		q.hi = pt{max(q.hi.X, a.X, b.X), max(q.hi.Y, a.Y, b.Y)}
	}
	return visible
}

func (q *projected) draw(c *canvas) {
	col := classColour(q.object.GetClass())
	width := clamp(strokePxM/q.distanceM, strokeMin, strokeMax)
	strokes := func(edges []pt, width float64) {
		for i := 0; i+1 < len(edges); i += 2 {
			c.line(edges[i], edges[i+1], width)
		}
	}
	strokes(q.edges, width+1.6)
	c.fill(colShadow)
	if len(q.face) > 2 {
		c.polygon(q.face...)
		c.fill(fade(col, 0.28))
	}
	col = fade(col, clamp(1.2-q.distanceM/fadeM, 0.6, 1))
	strokes(q.edges, width)
	c.fill(col)
	strokes(q.edges[:q.front], width+0.9)
	c.fill(col)
}

// label names the box above it, if there is room.
func (q *projected) label(c *canvas, frame image.Rectangle, taken *places) {
	if q.hi.Y-q.lo.Y < labelMinPx {
		return
	}
	o := q.object
	s := c.elide(styleLabel, fmt.Sprintf("%s %d · %s", classLabel(o.GetClass()), o.GetId(), scoreWords(o)), frame.Dx()/2)
	r := c.tagRect(0, 0, styleLabel, s)
	x := clamp((q.lo.X+q.hi.X)/2-float64(r.Dx())/2, float64(frame.Min.X+2), float64(frame.Max.X-r.Dx()-2))
	y := clamp(q.lo.Y-float64(r.Dy())-4, float64(frame.Min.Y+2), float64(frame.Max.Y-r.Dy()-2))
	r = r.Add(image.Pt(int(x), int(y)))
	if taken.take(r) {
		c.tag(r.Min.X, r.Min.Y, styleLabel, classColour(o.GetClass()), s)
	}
}

// scoreWords returns the detection's score, or says that there was none in this set.
func scoreWords(o *fusionv1.Object) string {
	if o.GetScore() == 0 {
		return "coasting"
	}
	return fmt.Sprintf("%.2f", o.GetScore())
}

// exposedAfter returns how long after the set's time a stream's member was taken, negative for before; known is false when
// the manifest does not have it.
func exposedAfter(l *fusionv1.ObjectList, stream string) (later time.Duration, known bool) {
	if m := memberOf(l, stream); m.GetPresent() {
		return -time.Duration(m.GetAgeNs()), true
	}
	return 0, false
}

// memberOf returns a stream's member in the set, nil when the manifest does not have it.
func memberOf(l *fusionv1.ObjectList, stream string) *fusionv1.Member {
	for _, m := range l.GetManifest().GetMembers() {
		if m.GetStream() == stream {
			return m
		}
	}
	return nil
}
