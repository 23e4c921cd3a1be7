package camera

import (
	"math"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/internal/vision"
	"github.com/fusiond/fusiond/sensors"
)

const (
	// maxFactor and maxTable bound the table of a warp: 4 million places take 24 MB. Raw frames of over four times the
	// view's resolution are sampled a little coarsely then; JPEG frames never have so much, thanks to decoding at a scale.
	maxFactor = 4
	maxTable  = 4 << 20
)

// source is the size of the frames and the denominator of the scale at which they were decoded.
type source struct {
	frameW, frameH, denom int
}

// scale is what one pixel of the rig's image measures in the decoded one, in x and y.
func (s source) scale(k *sensors.Intrinsics) (kx, ky float64) {
	return float64(s.frameW) / float64(k.Width*s.denom), float64(s.frameH) / float64(k.Height*s.denom)
}

// plan says how a decoded picture becomes the view; it holds for one source.
//
// With a table the decoded picture is warped onto the view at factor times its resolution and then averaged over
// factor x factor pixels: without that, sampling a picture of higher resolution would alias.
//
// Without a table there is no lens to take out and every size comes out whole: rows [from, to) of the decoded picture
// are averaged down to fitH rows, of which the first is row top of the view (negative: above it).
type plan struct {
	src source

	table  *vision.RemapTable
	factor int

	from, to, fitH, top int
}

func (p *plan) close() {
	if p.table != nil {
		p.table.Close()
	}
	*p = plan{}
}

// newPlan plans for decoded pictures of w x h pixels.
func newPlan(k *sensors.Intrinsics, v View, src source, w, h int) (plan, error) {
	if p, ok := cropPlan(k, v, src, w, h); ok {
		return p, nil
	}
	return warpPlan(k, v, src, w, h)
}

// cropPlan returns the plan without a table; ok is false where that would be off by more than a thousandth of a pixel.
func cropPlan(k *sensors.Intrinsics, v View, src source, w, h int) (p plan, ok bool) {
	whole := src.frameW%src.denom == 0 && src.frameH%src.denom == 0 && w*k.Height == h*k.Width &&
		k.Height*v.Width%k.Width == 0
	if k.Distorted() || !whole {
		return plan{}, false
	}
	s := float64(v.Width) / float64(k.Width)
	rows := k.Height * v.Width / k.Width // of the whole scaled picture
	top := (k.Cy+0.5)*s - 0.5 - v.Cy
	off := math.Abs(v.Fx-k.Fx*s)/v.Fx*float64(v.Width) + math.Abs(v.Fy-k.Fy*s)/v.Fy*float64(v.Height) +
		math.Abs(v.Cx-((k.Cx+0.5)*s-0.5)) + math.Abs(top-math.Round(top))
	if !(off < 1e-3) || !(math.Abs(top) < maxViewSide*2) {
		return plan{}, false
	}
	first := int(math.Round(top))
	from, to := max(first, 0), min(first+v.Height, rows)
	if from >= to {
		return plan{}, false
	}
	// Widen the cut to where view rows and decoded rows have an edge in common.
	unit := rows / gcd(rows, h)
	from, to = from/unit*unit, (to+unit-1)/unit*unit
	return plan{src: src, from: from * h / rows, to: to * h / rows, fitH: to - from, top: from - first}, true
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// warpPlan makes the table: view pixel -> ray -> the lens -> pixel of the rig's image -> pixel of the decoded one.
func warpPlan(k *sensors.Intrinsics, v View, src source, w, h int) (plan, error) {
	kx, ky := src.scale(k)
	f := int(math.Round(math.Min(kx*k.Fx/v.Fx, maxFactor)))
	for f > 1 && f*f*v.Width*v.Height > maxTable {
		f--
	}
	f = max(f, 1)
	tw, th := f*v.Width, f*v.Height
	x, y := make([]float32, tw*th), make([]float32, tw*th)
	nan := float32(math.NaN())
	for row := range th {
		ry := ((float64(row)+0.5)/float64(f) - 0.5 - v.Cy) / v.Fy
		for col := range tw {
			rx := ((float64(col)+0.5)/float64(f) - 0.5 - v.Cx) / v.Fx
			i := row*tw + col
			a, b, ok := k.Project(r3.Vec{X: rx, Y: ry, Z: 1})
			if !ok {
				x[i], y[i] = nan, nan
				continue
			}
			x[i], y[i] = float32((a+0.5)*kx-0.5), float32((b+0.5)*ky-0.5)
		}
	}
	t, err := vision.NewRemapTable(w, h, tw, th, x, y)
	if err != nil {
		return plan{}, err
	}
	return plan{src: src, table: t, factor: f}, nil
}
