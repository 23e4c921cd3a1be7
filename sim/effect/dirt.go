package effect

import (
	"math"
	"slices"

	"github.com/fusiond/fusiond/sim/chance"
)

// dirt is the cover on a lens, fixed in the picture: patches of a smooth random field above the level that covers the share.
type dirt struct {
	w, h  int
	share float64
	key   chance.Key
	cover []float32 // 0..1 a pixel
	field []float32
	order []float32
}

const (
	dirtEdge  = 0.12          // of the field, how softly a patch ends: it is far out of focus
	dirtBlur  = 0.02          // sigma over the picture's width of what shines through
	dirtClear = float32(0.18) // of the light comes through
	dirtGlow  = float32(0.12) // of the picture's mean light is scattered into the cover
)

// set draws the cover when something changed. More dirt includes less dirt.
func (d *dirt) set(w, h int, share float64, key chance.Key) {
	if d.w == w && d.h == h && d.share == share && d.key == key {
		return
	}
	n := w * h
	if cap(d.cover) < n {
		d.cover, d.field, d.order = make([]float32, n), make([]float32, n), make([]float32, n)
	}
	d.w, d.h, d.share, d.key = w, h, share, key
	d.cover, d.field, d.order = d.cover[:n], d.field[:n], d.order[:n]
	cell := float64(max(w, h)) / 6
	for y := range h {
		for x := range w {
			u, v := float64(x)/cell, float64(y)/cell
			d.field[y*w+x] = float32(lattice(key, u, v) + 0.5*lattice(key.At(1), 2.3*u, 2.3*v) + 0.25*lattice(key.At(2), 5.1*u, 5.1*v))
		}
	}
	copy(d.order, d.field)
	slices.Sort(d.order)
	at := n - int(math.Round(min(share, 1)*float64(n)))
	level := d.order[min(at, n-1)]
	if at <= 0 {
		level = d.order[0] - 2*dirtEdge // all of it, edges too
	}
	for i, f := range d.field {
		d.cover[i] = min(max((f-level)/dirtEdge+0.5, 0), 1)
	}
}

// lattice is smooth noise: independent normal numbers at whole u, v, joined smoothly.
func lattice(key chance.Key, u, v float64) float64 {
	iu, iv := math.Floor(u), math.Floor(v)
	su, sv := smooth(u-iu), smooth(v-iv)
	value := 0.0
	for a := range 2 {
		for b := range 2 {
			w := (1 - su + float64(a)*(2*su-1)) * (1 - sv + float64(b)*(2*sv-1))
			value += w * key.At(uint64(int64(iu)+int64(a))).At(uint64(int64(iv)+int64(b))).Norm() //nolint:gosec // cells keep their bits
		}
	}
	return value
}

// Dirt covers a share of the lens: what is behind is blurred and dark, tinted by the cover. Where the patches are comes from the key of
// the sensor, so that they stay in place.
func (c *Camera) Dirt(m *Image, share float64, sensor chance.Key) {
	if !(share > 0) {
		return
	}
	c.dirt.set(m.W, m.H, share, sensor)
	c.blurred(m, max(dirtBlur*float64(m.W), 1))
	glow := dirtGlow * m.meanLuminance()
	tint := [3]float32{1, 0.85, 0.65} // mud
	for i, cover := range c.dirt.cover {
		if cover == 0 {
			continue
		}
		p := m.RGB[3*i : 3*i+3 : 3*i+3]
		for k := range p {
			p[k] += cover * (dirtClear*c.soft[3*i+k]*tint[k] + glow*tint[k] - p[k])
		}
	}
}
