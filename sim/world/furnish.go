package world

import (
	"math"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sim/body"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/geom"
)

// furnisher puts up what stands in streets and gardens and bears no label.
type furnisher struct {
	l       *layout
	src     *chance.Source
	mesh    *geom.Mesh
	plots   *plots // of houses and walls
	taken   *plots // of everything that bodies must not touch
	clutter []Clutter
	lamps   []Lamp
}

// footM is what a piece takes up on the ground, along its x and y.
var footM = map[string][2]float64{
	"tree": {0.7, 0.7}, "poplar": {0.7, 0.7}, "conifer": {0.7, 0.7}, "bush": {1.6, 1.6}, "lamp_pole": {0.3, 0.3}, "sign": {0.3, 1.2},
	"bin": {0.7, 0.7}, "bollard": {0.3, 0.3}, "bench": {0.7, 2}, "hydrant": {0.4, 0.4}, "bicycle_rack": {1.9, 3}, "cabinet": {0.6, 1.4},
	"planter": {0.9, 0.9},
}

// crownRoomM is kept between a trunk and houses.
const crownRoomM = 3.0

// put places a piece with its front along yaw, unless something is there.
func (f *furnisher) put(kind string, x, y, yaw float64) bool {
	foot := footM[kind]
	ground := newBox2(x, y, yaw, foot[0], foot[1])
	room := ground
	if kind == "tree" || kind == "poplar" || kind == "conifer" {
		room.hl, room.hw = crownRoomM/2, crownRoomM/2
	}
	for i := range f.plots.boxes {
		if f.plots.boxes[i].overlaps(&room) {
			return false
		}
	}
	if !f.taken.add(ground) {
		return false
	}
	p := body.Furniture(f.src, kind)
	sin, cos := math.Sincos(yaw)
	s := shaper{x: x, y: y, z: f.l.height2(x, y) - 0.02, cos: cos, sin: sin}
	at := func(v geom.Vec) geom.Vec { return s.vec(float64(v[0]), float64(v[1]), float64(v[2])) }
	for i, c := range p.Mesh.Corners {
		p.Mesh.Corners[i] = at(c)
	}
	f.mesh.Add(p.Mesh)
	wide := func(v geom.Vec) r3.Vec { return vec3(float64(v[0]), float64(v[1]), float64(v[2])) }
	for _, c := range p.Scatterers {
		f.clutter = append(f.clutter, Clutter{At: wide(at(c.At)), RCSdBsm: float64(c.RCSdBsm) + 2*f.src.Norm()})
	}
	for _, lamp := range p.Lamps {
		// A lamp that shines into the lower half space by the cosine: intensity straight down = flux / pi.
		f.lamps = append(f.lamps, Lamp{At: wide(at(lamp.At)), Candela: float64(lamp.Lumen) / math.Pi})
	}
	return true
}

// beside places a piece d metres from the centre line on a side, looking at the road (turn 0) or turned from that.
func (f *furnisher) beside(r *road, kind string, s, side, d, turn float64) bool {
	if r.inGap(s, 2.5) {
		return false
	}
	for i := range f.l.zebras {
		if z := &f.l.zebras[i]; z.road == r && math.Abs(z.s-s) < zebraM/2+1.2 {
			return false
		}
	}
	p := r.ahead.at(s)
	x, y := p.offset(side * d)
	return f.put(kind, x, y, p.heading-side*math.Pi/2+turn)
}

func (f *furnisher) all() {
	for _, r := range f.l.roads() {
		for _, side := range []float64{-1, 1} {
			switch f.l.spec.Map.Kind {
			case Highway:
				f.motorway(r, side)
			default:
				f.street(r, side)
			}
		}
	}
}

// kerbM is from the kerb to the row of poles, trees and bins.
const kerbM = 0.65

// street furnishes one pavement, and the gardens behind it.
func (f *furnisher) street(r *road, side float64) {
	row := r.kerb + kerbM
	closed := func(s float64) bool {
		return side < 0 && r == f.l.main && f.l.site.closes(s, s) && f.l.site.outer > r.kerb
	}
	phase := f.src.Between(0, 12)
	if side > 0 {
		phase += 14
	}
	for s := r.begin + phase; s < r.end; s += 28 {
		if !closed(s) {
			f.beside(r, "lamp_pole", s, side, row, 0)
		}
	}
	kinds := []string{"tree", "tree", "tree", "tree", "poplar"}
	if mean := 100 / math.Max(f.l.spec.Map.TreesPer100M, 0.01); mean < 2000 {
		for s := r.begin + f.src.Exp()*mean; s < r.end; s += 4 + f.src.Exp()*math.Max(0.5, mean-4) {
			switch {
			case f.l.spec.Map.Kind == Suburb && f.src.Chance(0.7):
				d := r.outer() + 1.5 + f.src.Exp()*8
				f.beside(r, pick(f.src, []string{"tree", "tree", "conifer", "bush"}), s, side, d, f.src.Between(0, 6))
			case !closed(s):
				f.beside(r, pick(f.src, kinds), s, side, row, f.src.Between(0, 6))
			}
		}
	}
	// Behind the houses, where gaps show it.
	for s := r.begin + f.src.Exp()*40; s < r.end; s += 3 + f.src.Exp()*55 {
		f.beside(r, pick(f.src, []string{"tree", "conifer", "poplar", "bush"}), s, side, r.outer()+f.src.Between(4, 45), f.src.Between(0, 6))
	}
	small := []string{"bin", "bin", "bollard", "cabinet", "hydrant", "sign", "sign", "bench", "planter", "bollard"}
	for s := r.begin + f.src.Exp()*10; s < r.end; s += 2 + f.src.Exp()*11 {
		kind := pick(f.src, small)
		turn := 0.0
		switch kind {
		case "sign": // looks at the traffic of its side
			turn = math.Pi / 2
		case "bollard": // in rows
			for k := range 4 {
				if !closed(s) {
					f.beside(r, kind, s+1.6*float64(k), side, r.kerb+0.35, 0)
				}
			}
			continue
		}
		if !closed(s) {
			f.beside(r, kind, s, side, row, turn)
		}
	}
}

// motorway gets trees and bushes on its banks and signs at its edge.
func (f *furnisher) motorway(r *road, side float64) {
	mean := 100 / math.Max(f.l.spec.Map.TreesPer100M, 0.01)
	for s := r.begin + f.src.Exp()*mean; s < r.end; s += f.src.Exp() * mean {
		f.beside(r, pick(f.src, []string{"tree", "tree", "conifer", "bush", "bush"}), s, side, r.kerb+6+f.src.Exp()*15, f.src.Between(0, 6))
	}
	for s := r.begin + f.src.Exp()*40; s < r.end; s += 30 + f.src.Exp()*60 {
		f.beside(r, "sign", s, side, r.kerb+1.6, math.Pi/2)
	}
	if f.l.key.With("motorway lamps").Chance(0.3) {
		for s := r.begin + 10; s < r.end; s += 45 {
			f.beside(r, "lamp_pole", s, side, r.kerb+1.5, 0)
		}
	}
}
