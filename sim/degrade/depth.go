package degrade

import (
	"math"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/effect"
)

// What is known of the distance in a cell, as weights of the completion: a lidar's point, a beam that returned nothing, the plane
// under the vehicle, the blue or bright grey of a sky above the horizon, and, where nothing else is known there, the sky all the same.
const (
	weightPoint  = 1
	weightEmpty  = 0.2
	weightGround = 0.02
	weightBlue   = 0.08
	// weightRim is that of a point in a cell of the sky's colour: most belong to the edge of something in front of the sky.
	weightRim = 0.15
	weightSky = 1e-4
)

// The completion spreads what is known along the picture's surfaces: normalised convolution with the recursive domain transform filter
// (Gastal and Oliveira, "Domain Transform for Edge-Aware Image and Video Processing", SIGGRAPH 2011), guided by the picture. Reach is over
// the grid's width; colours differ by the sum of their channels' differences, 0..3.
const (
	spreadShare  = 0.06
	spreadColour = 0.15
	spreadRounds = 3
)

// skyM is where the sky begins.
const skyM = 1000

// depth is the scratch memory of completing one picture's distances. All slices are of the grid's cells.
type depth struct {
	nearest []float32 // inverse distance of the nearest point in a cell, 1/m; 0 = none
	known   []known
	inverse []float32 // the completed inverse distance, 1/m
	guide   []float32 // mean colours, 0..1, three channels
	// left and above are what a cell takes from those neighbours in a round of the filter.
	left, above []float32
	patch, road []float32
}

// known is a weighted inverse distance and its weight.
type known struct{ sum, weight float32 }

// glance is a sweep as a camera sees it at its own stamp.
type glance struct {
	cloud         *cloud
	cameraFromEgo matrix // from the ego frame at the sweep's stamp
}

// complete fills distance, fog patches (field not nil) and road (wet) of a picture from the sweeps around it.
func (d *depth) complete(m *effect.Image, v *view, codes []uint8, sweeps []glance, field *effect.FogField, wet bool) {
	n := v.gw * v.gh
	d.nearest, d.inverse, d.known = grown(d.nearest, n), grown(d.inverse, n), grown(d.known, n)
	clear(d.nearest)
	d.look(v, codes)
	for i := range d.known {
		switch g := v.ground[i]; {
		case g > 0:
			d.known[i] = known{weightGround * g, weightGround}
		case isSky(d.guide[3*i : 3*i+3]):
			d.known[i] = known{0, weightBlue}
		default:
			d.known[i] = known{0, weightSky}
		}
	}
	d.scatter(v, sweeps)
	d.spread(v)
	for i, k := range d.known {
		d.inverse[i] = k.sum / k.weight
	}
	d.describe(v, field, wet)
	d.enlarge(m, v, codes, field != nil, wet)
}

// isSky says whether a colour above the horizon may be the sky's: bright with nothing in it above blue, or nearly white.
func isSky(rgb []float32) bool {
	return rgb[2] > 0.4 && rgb[2] >= rgb[1]-0.02 && rgb[2] >= rgb[0]-0.01 || min(rgb[0], rgb[1], rgb[2]) > 0.85
}

// scatter enters points and empty beams.
func (d *depth) scatter(v *view, sweeps []glance) {
	plain := v.k.Model == sensors.PinholeRadTan && !v.k.Distorted()
	for s := range sweeps {
		c, m := sweeps[s].cloud, &sweeps[s].cameraFromEgo
		c.scan()
		for i := range c.points {
			p := &c.points[i]
			q := m.apply(p[0], p[1], p[2])
			square, ok := v.seen(q)
			if !ok {
				continue
			}
			if i, ok := v.cell(q, plain); ok {
				d.nearest[i] = max(d.nearest[i], 1/float32(math.Sqrt(float64(square))))
			}
		}
		for i := range c.empty {
			p := &c.empty[i]
			q := m.apply(p[0], p[1], p[2])
			if _, ok := v.seen(q); !ok {
				continue
			}
			if i, ok := v.cell(q, plain); ok {
				d.known[i].weight += weightEmpty
			}
		}
	}
	for i, q := range d.nearest {
		if q > 0 && d.supported(v, i) {
			weight := float32(weightPoint)
			if v.ground[i] == 0 && isSky(d.guide[3*i:3*i+3]) {
				weight = weightRim
			}
			d.known[i] = known{weight * q, weight}
		}
	}
}

// supported says whether a point has another one near it in the picture that is not much farther away: single returns from dust, from
// the vehicle itself or from the lidar's own errors would give their surroundings their distance.
func (d *depth) supported(v *view, i int) bool {
	const (
		reach = 3
		alike = 0.7
	)
	x, y := i%v.gw, i/v.gw
	for ny := max(y-reach, 0); ny <= min(y+reach, v.gh-1); ny++ {
		for j := ny*v.gw + max(x-reach, 0); j <= ny*v.gw+min(x+reach, v.gw-1); j++ {
			if j != i && d.nearest[j] > alike*d.nearest[i] {
				return true
			}
		}
	}
	return false
}

// look fills the guide with the mean colours of the cells.
func (d *depth) look(v *view, codes []uint8) {
	d.guide = grown(d.guide, 3*v.gw*v.gh)
	if v.step == 1 {
		for i, c := range codes[:len(d.guide)] {
			d.guide[i] = float32(c) / 255
		}
		return
	}
	for gy := range v.gh {
		y0, y1 := gy*v.step, min((gy+1)*v.step, v.h)
		for gx := range v.gw {
			x0, x1 := gx*v.step, min((gx+1)*v.step, v.w)
			var sum [3]int
			for y := y0; y < y1; y++ {
				row := codes[3*(y*v.w+x0) : 3*(y*v.w+x1)]
				for x := 0; x+2 < len(row); x += 3 {
					sum[0] += int(row[x])
					sum[1] += int(row[x+1])
					sum[2] += int(row[x+2])
				}
			}
			for c, s := range sum {
				d.guide[3*(gy*v.gw+gx)+c] = float32(s) / float32(255*(y1-y0)*(x1-x0))
			}
		}
	}
}

// fades is exp(-x) at steps of 1/fadeSteps, for the filter.
const (
	fadeSteps = 64
	fadeMost  = 16
)

var fades = func() (t [fadeSteps*fadeMost + 1]float32) {
	for i := range t[:fadeSteps*fadeMost] {
		t[i] = float32(math.Exp(-float64(i) / fadeSteps))
	}
	return t
}()

// spread runs the filter over what is known. Each round reaches half as far as the one before, so that its shares are the squares.
func (d *depth) spread(v *view) {
	n := v.gw * v.gh
	reach := spreadShare * float64(v.gw)
	d.left, d.above = grown(d.left, n), grown(d.above, n)
	first := reach * math.Sqrt(3) * math.Exp2(spreadRounds-1) / math.Sqrt(math.Pow(4, spreadRounds)-1)
	step, perColour := float32(math.Sqrt2/first), float32(math.Sqrt2/first*reach/spreadColour)
	share := func(a, b []float32) float32 {
		a, b = a[:3:3], b[:3:3]
		apart := max(a[0]-b[0], b[0]-a[0]) + max(a[1]-b[1], b[1]-a[1]) + max(a[2]-b[2], b[2]-a[2])
		return fades[min(int((step+perColour*apart)*fadeSteps), fadeSteps*fadeMost)]
	}
	for i := range n {
		d.left[i], d.above[i] = 0, 0
		if i%v.gw > 0 {
			d.left[i] = share(d.guide[3*i:], d.guide[3*i-3:])
		}
		if i >= v.gw {
			d.above[i] = share(d.guide[3*i:], d.guide[3*(i-v.gw):])
		}
	}
	for k := range spreadRounds {
		if k > 0 {
			for i := range d.left {
				d.left[i] *= d.left[i]
				d.above[i] *= d.above[i]
			}
		}
		d.rows(v)
		d.columns(v)
	}
}

// rows filters along the rows, there and back.
func (d *depth) rows(v *view) {
	for y := range v.gh {
		row, share := d.known[y*v.gw:(y+1)*v.gw], d.left[y*v.gw:(y+1)*v.gw]
		for i := 1; i < len(row); i++ {
			mix(&row[i], &row[i-1], share[i])
		}
		for i := len(row) - 2; i >= 0; i-- {
			mix(&row[i], &row[i+1], share[i+1])
		}
	}
}

// columns filters along the columns, row by row.
func (d *depth) columns(v *view) {
	for y := 1; y < v.gh; y++ {
		d.take(v, y, y-1, y)
	}
	for y := v.gh - 2; y >= 0; y-- {
		d.take(v, y, y+1, y+1)
	}
}

// take mixes one row into another by the shares of the lower of the two.
func (d *depth) take(v *view, to, from, lower int) {
	a, b := d.known[to*v.gw:(to+1)*v.gw], d.known[from*v.gw:(from+1)*v.gw]
	share := d.above[lower*v.gw : (lower+1)*v.gw]
	for i := range a {
		mix(&a[i], &b[i], share[i])
	}
}

func mix(to, from *known, share float32) {
	to.sum += share * (from.sum - to.sum)
	to.weight += share * (from.weight - to.weight)
}

// describe fills what else the cells know: how patchy the fog is on the way, and whether there is road.
func (d *depth) describe(v *view, field *effect.FogField, wet bool) {
	const roadM = 0.3 // from the plane under the vehicle
	n := v.gw * v.gh
	if field != nil {
		d.patch = grown(d.patch, n)
		for i, q := range d.inverse {
			r := &v.rays[i]
			d.patch[i] = field.Mean(r[0], r[1], distanceOf(q))
		}
	}
	if wet {
		d.road = grown(d.road, n)
		height := float32(v.sensor.EgoFromSensor.Translation.Z)
		for i, q := range d.inverse {
			d.road[i] = 0
			if z := height + v.rays[i][2]*distanceOf(q); v.ground[i] > 0 && z < roadM && z > -2*roadM {
				d.road[i] = 1
			}
		}
	}
}

func distanceOf(inverse float32) float32 {
	if inverse < 1./skyM {
		return float32(math.Inf(1))
	}
	return 1 / inverse
}

// enlarge brings the cells to the size of the picture: bilinear, weighted by how alike cell and pixel are.
func (d *depth) enlarge(m *effect.Image, v *view, codes []uint8, patch, wet bool) {
	n := v.w * v.h
	m.Distance = grown(m.Distance, n)
	if patch {
		m.Patch = grown(m.Patch, n)
	}
	if wet {
		m.Road = grown(m.Road, n)
	}
	if v.step == 1 {
		for i, q := range d.inverse {
			m.Distance[i] = distanceOf(q)
		}
		if patch {
			copy(m.Patch, d.patch)
		}
		if wet {
			copy(m.Road, d.road)
		}
		return
	}
	block := 1 // pixels of a side that get one value: cells of four and more pixels say no more
	if v.step >= 4 {
		block = 2
	}
	inv := 1 / float32(v.step)
	for y := 0; y < v.h; y += block {
		y0, y1, ty := between((float32(y)+float32(block)/2)*inv-0.5, v.gh)
		for x := 0; x < v.w; x += block {
			x0, x1, tx := between((float32(x)+float32(block)/2)*inv-0.5, v.gw)
			i := y*v.w + x
			cells := [4]int{y0*v.gw + x0, y0*v.gw + x1, y1*v.gw + x0, y1*v.gw + x1}
			shares := [4]float32{(1 - tx) * (1 - ty), tx * (1 - ty), (1 - tx) * ty, tx * ty}
			red, green := float32(codes[3*i])/255, float32(codes[3*i+1])/255
			sum := float32(0)
			for k, c := range cells {
				a, b := d.guide[3*c]-red, d.guide[3*c+1]-green
				shares[k] /= unlike + a*a + b*b
				sum += shares[k]
			}
			for k := range shares {
				shares[k] /= sum
			}
			blend := func(of []float32) float32 {
				return shares[0]*of[cells[0]] + shares[1]*of[cells[1]] + shares[2]*of[cells[2]] + shares[3]*of[cells[3]]
			}
			fill(m.Distance, i, v, block, distanceOf(blend(d.inverse)))
			if patch {
				fill(m.Patch, i, v, block, blend(d.patch))
			}
			if wet {
				fill(m.Road, i, v, block, blend(d.road))
			}
		}
	}
}

// unlike is the squared difference of colours at which a cell counts half.
const unlike = 0.003

// between finds the two cells around a place on one axis, and how far it is from the first.
func between(at float32, n int) (first, second int, share float32) {
	at = max(at, 0)
	first = min(int(at), n-1)
	return first, min(first+1, n-1), at - float32(first)
}

// fill sets a block of pixels, of which i is the first, as far as it is inside the picture.
func fill(dst []float32, i int, v *view, block int, value float32) {
	dst[i] = value
	if block == 1 {
		return
	}
	right, below := i%v.w+1 < v.w, i+v.w < len(dst)
	if right {
		dst[i+1] = value
	}
	if below {
		dst[i+v.w] = value
	}
	if right && below {
		dst[i+v.w+1] = value
	}
}
