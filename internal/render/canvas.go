package render

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// pt is a place on the canvas in pixels: x right, y down, the centre of the top left pixel at (0.5, 0.5).
type pt struct{ X, Y float64 }

func (p pt) add(q pt) pt              { return pt{p.X + q.X, p.Y + q.Y} }
func (p pt) sub(q pt) pt              { return pt{p.X - q.X, p.Y - q.Y} }
func (p pt) scale(s float64) pt       { return pt{p.X * s, p.Y * s} }
func (p pt) length() float64          { return math.Hypot(p.X, p.Y) }
func lerp(a, b pt, s float64) pt      { return a.add(b.sub(a).scale(s)) }
func clamp(v, lo, hi float64) float64 { return math.Max(lo, math.Min(hi, v)) }

// canvas draws anti-aliased shapes and text. Shapes are collected as polygons (line, disc, polygon) and painted as one
// by fill, so that overlapping strokes of one shape blend once. Nothing is drawn outside clip.
type canvas struct {
	img   *image.RGBA
	clip  image.Rectangle
	faces *faces

	ras vector.Rasterizer
	// pts holds the collected polygons; ends[i] is where polygon i ends. All turn the same way: the rasteriser adds
	// signed coverage, so that overlaps saturate and do not cancel.
	pts  []pt
	ends []int
	a, b []pt // clipping
}

func newCanvas(size image.Point, f *faces) *canvas {
	img := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(img, img.Bounds(), image.NewUniform(colBackground), image.Point{}, draw.Src)
	return &canvas{img: img, clip: img.Bounds(), faces: f}
}

// within limits drawing to r until the returned function is called.
func (c *canvas) within(r image.Rectangle) (restore func()) {
	old := c.clip
	c.clip = r.Intersect(old)
	return func() { c.clip = old }
}

// polygon adds a polygon of any orientation.
func (c *canvas) polygon(p ...pt) {
	if area(p) < 0 {
		for i := len(p) - 1; i >= 0; i-- {
			c.pts = append(c.pts, p[i])
		}
	} else {
		c.pts = append(c.pts, p...)
	}
	c.ends = append(c.ends, len(c.pts))
}

// area returns twice the signed area.
func area(p []pt) float64 {
	var s float64
	for i := range p {
		a, b := p[i], p[(i+1)%len(p)]
		s += a.X*b.Y - b.X*a.Y
	}
	return s
}

// line adds a straight stroke from a to b with round caps.
func (c *canvas) line(a, b pt, width float64) {
	d := b.sub(a)
	if n := d.length(); n > 0 {
		side := pt{-d.Y, d.X}.scale(width / 2 / n)
		c.polygon(a.add(side), b.add(side), b.sub(side), a.sub(side))
	}
	if width > 1.5 {
		c.disc(a, width/2)
		c.disc(b, width/2)
	}
}

// outline adds the closed stroke of a polygon.
func (c *canvas) outline(width float64, p ...pt) {
	for i := range p {
		c.line(p[i], p[(i+1)%len(p)], width)
	}
}

// dashes adds the closed stroke of a polygon in dashes, beginning anew at each corner.
func (c *canvas) dashes(width, on, off float64, p ...pt) {
	for i := range p {
		a, b := p[i], p[(i+1)%len(p)]
		n := b.sub(a).length()
		if n > maxDashedPx {
			continue
		}
		for at := 0.0; at < n; at += on + off {
			c.line(lerp(a, b, at/n), lerp(a, b, math.Min(at+on, n)/n), width)
		}
	}
}

// maxDashedPx bounds the work for an absurd box.
const maxDashedPx = 8192

// disc adds a filled circle.
func (c *canvas) disc(at pt, r float64) { c.arc(at, r, 0, 2*math.Pi) }

// arc adds a pie from angle from to angle to (radians, clockwise on the canvas from right).
func (c *canvas) arc(at pt, r, from, to float64) {
	start := len(c.pts)
	whole := to-from >= 2*math.Pi-1e-9
	if !whole {
		c.pts = append(c.pts, at)
	}
	n := arcSteps(r, to-from)
	last := n - 1 // a pie's last point lies on its end, a whole circle's one step before its start
	if whole {
		last = n
	}
	for i := range n {
		c.pts = append(c.pts, onCircle(at, r, from+(to-from)*float64(i)/float64(last)))
	}
	c.ends = append(c.ends, len(c.pts))
	if p := c.pts[start:]; area(p) < 0 {
		for i, j := 0, len(p)-1; i < j; i, j = i+1, j-1 {
			p[i], p[j] = p[j], p[i]
		}
	}
}

// ring adds the stroke of a circle.
func (c *canvas) ring(at pt, r, width float64) {
	n := arcSteps(r, 2*math.Pi)
	for i := range n {
		a := onCircle(at, r, 2*math.Pi*float64(i)/float64(n))
		b := onCircle(at, r, 2*math.Pi*float64(i+1)/float64(n))
		c.line(a, b, width)
	}
}

func onCircle(at pt, r, angle float64) pt {
	sin, cos := math.Sincos(angle)
	return pt{at.X + r*cos, at.Y + r*sin}
}

// arcSteps keeps the chord within a tenth of a pixel of the arc.
func arcSteps(r, angle float64) int {
	return int(clamp(math.Abs(angle)*math.Sqrt(math.Max(r, 1)/0.8), 8, 720)) + 1
}

// box adds a rectangle with rounded corners.
func (c *canvas) box(r image.Rectangle, radius float64) {
	x0, y0, x1, y1 := float64(r.Min.X), float64(r.Min.Y), float64(r.Max.X), float64(r.Max.Y)
	var p []pt
	const steps = 6
	centres := [4]pt{{x1 - radius, y1 - radius}, {x0 + radius, y1 - radius}, {x0 + radius, y0 + radius}, {x1 - radius, y0 + radius}}
	for q, at := range centres {
		for i := range steps + 1 {
			p = append(p, onCircle(at, radius, math.Pi/2*(float64(q)+float64(i)/steps)))
		}
	}
	c.polygon(p...)
}

// arrow adds an arrow from a to b.
func (c *canvas) arrow(a, b pt, width float64) {
	d := b.sub(a)
	n := d.length()
	if n == 0 {
		return
	}
	head := math.Min(4.5*width, n)
	d = d.scale(1 / n)
	neck, side := b.sub(d.scale(head)), pt{-d.Y, d.X}.scale(head*0.5)
	c.line(a, neck, width)
	c.polygon(b, neck.add(side), neck.sub(side))
}

// fill paints what was added since the last fill in one colour, and forgets it.
func (c *canvas) fill(col color.NRGBA) {
	defer func() { c.pts, c.ends = c.pts[:0], c.ends[:0] }()
	r := c.bounds().Intersect(c.clip)
	if r.Empty() {
		return
	}
	c.ras.Reset(r.Dx(), r.Dy())
	start := 0
	for _, end := range c.ends {
		c.trace(c.clipPolygon(c.pts[start:end], r), r.Min)
		start = end
	}
	c.ras.DrawOp = draw.Over
	c.ras.Draw(c.img, r, image.NewUniform(col), image.Point{})
}

func (c *canvas) trace(p []pt, origin image.Point) {
	if len(p) < 3 {
		return
	}
	at := func(q pt) (x, y float32) {
		return float32(q.X - float64(origin.X)), float32(q.Y - float64(origin.Y))
	}
	c.ras.MoveTo(at(p[0]))
	for _, q := range p[1:] {
		c.ras.LineTo(at(q))
	}
	c.ras.ClosePath()
}

// bounds returns the pixels that the collected polygons can touch.
func (c *canvas) bounds() image.Rectangle {
	const far = 1 << 20
	lo, hi := pt{far, far}, pt{-far, -far}
	for _, p := range c.pts {
		lo = pt{math.Min(lo.X, p.X), math.Min(lo.Y, p.Y)}
		hi = pt{math.Max(hi.X, p.X), math.Max(hi.Y, p.Y)}
	}
	in := func(v float64) int { return int(clamp(v, -far, far)) }
	return image.Rect(in(math.Floor(lo.X)), in(math.Floor(lo.Y)), in(math.Ceil(hi.X)), in(math.Ceil(hi.Y)))
}

// clipPolygon returns the part of p inside r, in a buffer that the next call reuses (Sutherland and Hodgman 1974).
func (c *canvas) clipPolygon(p []pt, r image.Rectangle) []pt {
	x0, y0, x1, y1 := float64(r.Min.X), float64(r.Min.Y), float64(r.Max.X), float64(r.Max.Y)
	c.a = append(c.a[:0], p...)
	for side := range 4 {
		inside := func(q pt) float64 {
			switch side {
			case 0:
				return q.X - x0
			case 1:
				return x1 - q.X
			case 2:
				return q.Y - y0
			}
			return y1 - q.Y
		}
		c.b = c.b[:0]
		for i := range c.a {
			from, to := c.a[i], c.a[(i+1)%len(c.a)]
			df, dt := inside(from), inside(to)
			if df >= 0 {
				c.b = append(c.b, from)
			}
			if (df >= 0) != (dt >= 0) {
				c.b = append(c.b, lerp(from, to, df/(df-dt)))
			}
		}
		c.a, c.b = c.b, c.a
	}
	return c.a
}

// splat blends col over the four pixels around at, shared by distance. The pixels must lie within the picture.
func (c *canvas) splat(at pt, col color.NRGBA, opacity float64) {
	x, y := at.X-0.5, at.Y-0.5
	x0, y0 := math.Floor(x), math.Floor(y)
	fx, fy := x-x0, y-y0
	i := c.img.PixOffset(int(x0), int(y0))
	blend := func(i int, w float64) {
		k := uint32(w*opacity*256 + 0.5)
		p := c.img.Pix[i : i+3 : i+3]
		p[0] = uint8((uint32(p[0])*(256-k) + uint32(col.R)*k) >> 8) // a mean of two bytes
		p[1] = uint8((uint32(p[1])*(256-k) + uint32(col.G)*k) >> 8) // a mean of two bytes
		p[2] = uint8((uint32(p[2])*(256-k) + uint32(col.B)*k) >> 8) // a mean of two bytes
	}
	blend(i, (1-fx)*(1-fy))
	blend(i+4, fx*(1-fy))
	blend(i+c.img.Stride, (1-fx)*fy)
	blend(i+c.img.Stride+4, fx*fy)
}
