package world

import (
	"math"

	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/material"
)

// building is one house: its frame has x along the street, y away from it and z up; the middle of its front is the origin.
type building struct {
	x, y, z, yaw  float64
	width, depth  float64
	floors        int
	gabled        bool
	shop          bool
	height        float64
	wall, plinth  material.ID
	src           *chance.Source
	bay           float64
	balconies     bool
	storey, first float64
}

var (
	walls = []material.ID{
		material.Brick, material.BrickYellow, material.BrickDark, material.RenderWhite, material.RenderCream, material.RenderOchre,
		material.RenderGrey, material.RenderRed, material.RenderGreen, material.RenderBlue, material.Concrete,
	}
	gables  = []material.ID{material.FacadeCream, material.FacadeGrey, material.FacadeBrick}
	awnings = []material.ID{material.TarpBlue, material.TarpRed, material.TarpGrey, material.TarpGreen}
	doors   = []material.ID{material.Wood, material.DoorGreen, material.SteelDark}
)

func pick[T any](src *chance.Source, all []T) T { return all[src.IntN(len(all))] }

func newBuilding(src *chance.Source, width, depth, meanHeight float64, gabled bool) *building {
	b := &building{width: width, depth: depth, gabled: gabled, src: src}
	b.storey, b.first = src.Between(2.9, 3.4), src.Between(3.2, 4.2)
	if gabled {
		b.first = b.storey
	}
	h := meanHeight * math.Exp(0.3*src.Norm())
	b.floors = max(1, int(math.Round((h-b.first)/b.storey))+1)
	if gabled {
		b.floors = min(b.floors, 3)
	}
	b.height = b.first + float64(b.floors-1)*b.storey
	b.wall, b.plinth = pick(src, walls), pick(src, []material.ID{material.Concrete, material.RenderGrey, material.BrickDark})
	b.shop = !gabled && src.Chance(0.45)
	b.balconies = src.Chance(0.4)
	b.bay = src.Between(2.4, 3.6)
	return b
}

// draw adds the house to a mesh. Windows and doors are set back into the front, ledges and balconies stand out, so that a lidar sees
// relief; sides and back are plain walls.
func (b *building) draw(s *shaper) {
	f := s.frame(b.x, b.y, b.z, b.yaw)
	w, d := b.width/2, b.depth
	const foot = baseM
	b.front(f)
	side := b.wall
	if !b.gabled && b.src.Chance(0.6) {
		side = pick(b.src, gables)
	}
	f.quad([3]float64{-w, d, foot}, [3]float64{-w, 0, foot}, [3]float64{-w, 0, b.height}, [3]float64{-w, d, b.height}, side)
	f.quad([3]float64{w, 0, foot}, [3]float64{w, d, foot}, [3]float64{w, d, b.height}, [3]float64{w, 0, b.height}, side)
	f.quad([3]float64{w, d, foot}, [3]float64{-w, d, foot}, [3]float64{-w, d, b.height}, [3]float64{w, d, b.height}, b.wall)
	if b.gabled {
		b.roof(f)
		return
	}
	// Flat roof with a parapet, a cornice and what stands on roofs.
	h := b.height
	f.quad([3]float64{-w, 0, h}, [3]float64{w, 0, h}, [3]float64{w, d, h}, [3]float64{-w, d, h}, material.Gravel)
	f.box(-w-0.05, -0.35, h-0.15, w+0.05, 0.25, h+0.1, material.Concrete, 0)
	f.box(-w, 0, h+0.1, w, 0.2, h+0.75, b.wall, noBottom)
	for range b.src.IntN(3) {
		x, y := b.src.Between(-w+1, w-1), b.src.Between(1, math.Max(1.5, d-2))
		f.box(x-0.5, y-0.4, h, x+0.5, y+0.4, h+b.src.Between(0.8, 2), material.BrickDark, noBottom)
	}
}

// roof adds a saddle roof with its ridge along the street, and gable walls.
func (b *building) roof(f *shaper) {
	w, d, h := b.width/2, b.depth, b.height
	top := h + b.src.Between(0.35, 0.55)*d
	tile := material.RoofTile
	if b.src.Chance(0.4) {
		tile = material.RoofSlate
	}
	const over = 0.4
	low := h - over*(top-h)/(d/2)
	f.quad([3]float64{-w - over, -over, low}, [3]float64{w + over, -over, low}, [3]float64{w + over, d / 2, top}, [3]float64{-w - over, d / 2, top}, tile)
	f.quad([3]float64{w + over, d + over, low}, [3]float64{-w - over, d + over, low}, [3]float64{-w - over, d / 2, top}, [3]float64{w + over, d / 2, top}, tile)
	f.triangle([3]float64{-w, d, h}, [3]float64{-w, 0, h}, [3]float64{-w, d / 2, top}, b.wall)
	f.triangle([3]float64{w, 0, h}, [3]float64{w, d, h}, [3]float64{w, d / 2, top}, b.wall)
	x := b.src.Between(-w+1, w-1)
	f.box(x-0.35, d/2-0.3, h, x+0.35, d/2+0.3, top+0.8, material.BrickDark, noBottom)
}

// front builds the face to the street floor by floor: bands of wall, piers between the openings, and the openings set back.
func (b *building) front(f *shaper) {
	w := b.width / 2
	n := max(1, int(b.width/b.bay))
	bay := b.width / float64(n)
	door := b.src.IntN(n)
	doorID := pick(b.src, doors)
	balcony := make([]bool, n)
	for i := range balcony {
		balcony[i] = b.balconies && b.src.Chance(0.5)
	}
	f.box(-w-0.03, -0.06, -0.6, w+0.03, 0, 0.35, b.plinth, noBottom|noBack)
	z := 0.0
	for floor := range b.floors {
		top, foot := z+b.storey, 0.0
		sill, head, open := z+0.9, z+b.storey-0.45, 0.5*bay
		if floor == 0 {
			top, foot = z+b.first, baseM
			head = z + b.first - 0.7
			if b.shop {
				sill, open = z+0.45, 0.8*bay
			}
		}
		f.wall(-w, w, 0, z+foot, sill, b.wall)
		f.wall(-w, w, 0, head, top, b.wall)
		for i := range n + 1 { // piers
			x0, x1 := -w+(float64(i)-1)*bay+(bay+open)/2, -w+float64(i)*bay+(bay-open)/2
			f.wall(math.Max(x0, -w), math.Min(x1, w), 0, sill, head, b.wall)
		}
		for i := range n {
			x := -w + (float64(i)+0.5)*bay
			if floor == 0 && i == door {
				b.doorway(f, x, open, sill, head, doorID)
				continue
			}
			b.window(f, x, open, sill, head)
			if floor > 0 && balcony[i] {
				b.balcony(f, x, 0.85*bay, z)
			}
		}
		if floor > 0 || !b.gabled {
			f.box(-w, -0.08, top-0.12, w, 0, top, material.Concrete, noBack) // ledge
		}
		z = top
	}
	if b.shop {
		f.box(-w+0.2, -0.15, b.first-0.65, w-0.2, 0, b.first-0.15, pick(b.src, awnings), noBack) // sign over the windows
		if b.src.Chance(0.5) {
			x0 := b.src.Between(-w+0.3, 0)
			x1 := math.Min(w-0.3, x0+b.src.Between(2, 5))
			out, hi := b.src.Between(0.9, 1.5), b.first-0.7
			f.quad([3]float64{x0, -out, hi - 0.6}, [3]float64{x1, -out, hi - 0.6}, [3]float64{x1, -0.02, hi}, [3]float64{x0, -0.02, hi}, pick(b.src, awnings))
		}
	}
}

// recessM is how deep windows are set back; baseM is where walls begin, below the ground, which is not even.
const (
	recessM = 0.18
	baseM   = -0.6
)

// reveal adds the four sides of an opening that is set back.
func (b *building) reveal(f *shaper, x0, x1, z0, z1 float64) {
	y := recessM
	f.quad([3]float64{x0, 0, z0}, [3]float64{x0, y, z0}, [3]float64{x0, y, z1}, [3]float64{x0, 0, z1}, b.wall)
	f.quad([3]float64{x1, y, z0}, [3]float64{x1, 0, z0}, [3]float64{x1, 0, z1}, [3]float64{x1, y, z1}, b.wall)
	f.quad([3]float64{x0, 0, z0}, [3]float64{x1, 0, z0}, [3]float64{x1, y, z0}, [3]float64{x0, y, z0}, material.WindowFrame)
	f.quad([3]float64{x0, y, z1}, [3]float64{x1, y, z1}, [3]float64{x1, 0, z1}, [3]float64{x0, 0, z1}, b.wall)
}

func (b *building) window(f *shaper, x, open, sill, head float64) {
	x0, x1 := x-open/2, x+open/2
	b.reveal(f, x0, x1, sill, head)
	pane := material.WindowPane
	if b.src.Chance(0.15) {
		pane = material.WindowLit
	}
	f.wall(x0, x1, recessM, sill, head, pane)
	f.wall(x-0.03, x+0.03, recessM-0.02, sill, head, material.WindowFrame) // the bar between its wings
}

func (b *building) doorway(f *shaper, x, open, sill, head float64, id material.ID) {
	half := math.Min(0.55, open/2)
	b.reveal(f, x-open/2, x+open/2, sill, head)
	f.wall(x-open/2, x+open/2, recessM, sill, head, b.wall)
	// The leaf stands a hand out of its reveal and reaches down to the ground.
	f.box(x-half, -0.04, -0.1, x+half, 0.12, math.Min(head, 2.2), id, noBottom|noBack)
	f.box(x-half-0.2, -0.5, -0.3, x+half+0.2, 0, 0.15, material.Concrete, noBottom|noBack) // step
}

func (b *building) balcony(f *shaper, x, width, z float64) {
	out := 1.1
	x0, x1 := x-width/2, x+width/2
	f.box(x0, -out, z-0.12, x1, 0, z+0.05, material.Concrete, noBack)
	rail := material.SteelDark
	if b.wall == material.Concrete {
		rail = material.Glass
	}
	f.box(x0, -out, z+0.05, x1, -out+0.05, z+1, rail, noBottom)
	f.box(x0, -out, z+0.05, x0+0.05, 0, z+1, rail, noBottom|noBack)
	f.box(x1-0.05, -out, z+0.05, x1, 0, z+1, rail, noBottom|noBack)
}
