package camera

import (
	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/geom"
)

// edgeContrast is the difference of brightness between neighbours, over their mean, from which a pixel gets more rays.
const edgeContrast = 0.22

// smoothEdges gives more rays to the pixels that differ from a neighbour, and spreads them over the pixel and the exposure.
func (f *Frame) smoothEdges() {
	f.markEdges()
	n, extra := f.camera.samples, f.camera.edges
	of := 1 / float32(n+extra)
	for i, edge := range f.edge {
		if !edge {
			continue
		}
		p := f.Image.RGB[3*i : 3*i+3 : 3*i+3]
		sum := rgb{p[0] * float32(n), p[1] * float32(n), p[2] * float32(n)}
		start := f.moment.Frame.At(uint64(i)).At(1).Float32()
		for s := range extra {
			look := f.look(i, n+s, frac((float32(s)+start)/float32(extra)))
			got := f.trace(&look, false)
			add(&sum, got.light, 1)
			add(&sum, got.ambient, f.open[i])
		}
		for c := range p {
			p[c] = sum[c] * of
		}
	}
}

// markEdges finds the pixels that differ from the one to the right or below, and marks both.
func (f *Frame) markEdges() {
	clear(f.edge)
	w, h := f.Image.W, f.Image.H
	light := func(i int) float32 {
		p := f.Image.RGB[3*i : 3*i+3 : 3*i+3]
		return effect.Luminance(p[0], p[1], p[2])
	}
	differ := func(i, j int, a float32) {
		b := light(j)
		if abs(a-b) > edgeContrast*0.5*(a+b) || f.Object[i] != f.Object[j] {
			f.edge[i], f.edge[j] = true, true
		}
	}
	for i := range f.edge {
		a := light(i)
		if i%w < w-1 {
			differ(i, i+1, a)
		}
		if i/w < h-1 {
			differ(i, i+w, a)
		}
	}
	for i, r := range f.camera.rays {
		f.edge[i] = f.edge[i] && r != (geom.Vec{})
	}
}
