package effect

import "math"

// blur is a Gaussian of a standard deviation in pixels, as three running means a direction, edges repeated. Each mean has whole pixels up
// to a radius and a weighted one beyond at each side (extended box filter, Gwosdek et al. 2011), so that its variance is a third of
// sigma^2 exactly. data and scratch are W x H x 3.
func blur(data, scratch []float32, w, h int, sigma float64) {
	if !(sigma > 0) || w == 0 || h == 0 {
		return
	}
	b := boxOf(min(sigma, float64(max(w, h))))
	for range 3 {
		b.rows(scratch, data, w, h)
		b.columns(data, scratch, 3*w, h)
	}
}

// box is a mean over 2 radius + 1 pixels and, with the weight edge, one more at each side.
type box struct {
	radius      int
	edge, scale float32
}

// boxOf solves variance = (r(r+1)(2r+1)/3 + 2 edge (r+1)^2) / (2r + 1 + 2 edge) = sigma^2/3.
func boxOf(sigma float64) box {
	v := sigma * sigma / 3
	r := math.Floor((math.Sqrt(12*v+1) - 1) / 2)
	edge := (v*(2*r+1) - r*(r+1)*(2*r+1)/3) / (2 * ((r+1)*(r+1) - v))
	return box{int(r), float32(edge), float32(1 / (2*r + 1 + 2*edge))}
}

func (b *box) rows(dst, src []float32, w, h int) {
	r := b.radius
	for y := range h {
		row, out := src[3*y*w:3*(y+1)*w], dst[3*y*w:3*(y+1)*w]
		at := func(x int) []float32 { x = 3 * min(max(x, 0), w-1); return row[x : x+3 : x+3] }
		var sum [3]float32
		for x := -r; x <= r; x++ {
			p := at(x)
			sum[0], sum[1], sum[2] = sum[0]+p[0], sum[1]+p[1], sum[2]+p[2]
		}
		for x := range w {
			next, before, first := at(x+r+1), at(x-r-1), at(x-r)
			p := out[3*x : 3*x+3 : 3*x+3]
			p[0] = max((sum[0]+b.edge*(next[0]+before[0]))*b.scale, 0)
			p[1] = max((sum[1]+b.edge*(next[1]+before[1]))*b.scale, 0)
			p[2] = max((sum[2]+b.edge*(next[2]+before[2]))*b.scale, 0)
			sum[0], sum[1], sum[2] = sum[0]+next[0]-first[0], sum[1]+next[1]-first[1], sum[2]+next[2]-first[2]
		}
	}
}

// columns walks rows, so that memory is read in order: the sums of all columns are kept in the last row of dst until it is due.
func (b *box) columns(dst, src []float32, stride, h int) {
	r := b.radius
	at := func(y int) []float32 { return src[min(max(y, 0), h-1)*stride:][:stride] }
	sums := dst[(h-1)*stride : h*stride]
	clear(sums)
	for y := -r; y <= r; y++ {
		for x, v := range at(y) {
			sums[x] += v
		}
	}
	for y := range h {
		out, next, before, first := dst[y*stride:][:stride], at(y+r+1), at(y-r-1), at(y-r)
		for x := range out {
			sum := sums[x]
			out[x] = max((sum+b.edge*(next[x]+before[x]))*b.scale, 0)
			if y < h-1 {
				sums[x] = sum + next[x] - first[x]
			}
		}
	}
}
