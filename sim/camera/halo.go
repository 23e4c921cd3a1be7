package camera

import "github.com/fusiond/fusiond/sim/effect"

const (
	// haloStep is the side in pixels of the cells in which light spreads.
	haloStep = 4
	// haloShare of the light above white is scattered by the lens, haloReach of it from each cell to the next; more than haloMost times
	// white is not told apart.
	haloShare, haloReach, haloMost = 0.04, 0.6, 60
)

// halo scatters the light above white around lamps and the sun, in a picture where 1 is white: an exponential in both directions, by
// recursive filters over a picture of a quarter of the size.
func (d *Developer) halo(m *effect.Image) {
	w, h := (m.W+haloStep-1)/haloStep, (m.H+haloStep-1)/haloStep
	if d.bright == nil {
		d.bright = make([]rgb, w*h)
	}
	clear(d.bright)
	found := false
	for i := range m.W * m.H {
		p := m.RGB[3*i : 3*i+3 : 3*i+3]
		if p[0] <= 1 && p[1] <= 1 && p[2] <= 1 {
			continue
		}
		found = true
		b := &d.bright[i/m.W/haloStep*w+i%m.W/haloStep]
		for c := range p {
			b[c] += min(max(p[c]-1, 0), haloMost)
		}
	}
	if !found {
		return
	}
	for y := range h {
		spread(d.bright[y*w:], w, 1)
	}
	for x := range w {
		spread(d.bright[x:], h, w)
	}
	for y := range m.H {
		v := max((float32(y)+0.5)/haloStep-0.5, 0)
		y0 := min(int(v), h-1)
		y1, sv := min(y0+1, h-1), v-float32(y0)
		for x := range m.W {
			u := max((float32(x)+0.5)/haloStep-0.5, 0)
			x0 := min(int(u), w-1)
			x1, su := min(x0+1, w-1), u-float32(x0)
			a, b, c, e := &d.bright[y0*w+x0], &d.bright[y0*w+x1], &d.bright[y1*w+x0], &d.bright[y1*w+x1]
			p := m.RGB[3*(y*m.W+x):][:3]
			for k := range p {
				upper, lower := a[k]+su*(b[k]-a[k]), c[k]+su*(e[k]-c[k])
				p[k] += haloShare / (haloStep * haloStep) * (upper + sv*(lower-upper))
			}
		}
	}
}

// spread smears a line of n cells both ways and keeps its sum but for what leaves at the ends.
func spread(line []rgb, n, stride int) {
	const norm = 1 - haloReach
	for c := range 3 {
		carry := float32(0)
		for i := range n {
			p := &line[i*stride][c]
			carry = *p*norm + carry*haloReach
			*p = carry
		}
		carry = 0
		for i := n - 1; i >= 0; i-- {
			p := &line[i*stride][c]
			carry = *p*norm + carry*haloReach
			*p = carry
		}
	}
}
