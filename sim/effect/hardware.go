package effect

import (
	"math"

	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/timeline"
)

// hardware is what is broken or covered on a lidar.
type hardware struct {
	dead       []bool // by ring
	lostBeams  bool
	lostPoints float64
	// fieldCos: only directions within the field's half angle are left; blockCos: those within the covered sector's half angle are not.
	// Cosines of the angle in the horizontal plane; 2 where there is no limit.
	fieldCos, blockCos float32
	block              [2]float32 // the middle of the covered sector
}

// set derives what is lost from the fault. Which rings die and where the cover sits comes from the sensor's key, and more of it includes
// less of it: a ring that is dead at 30 % is dead at 40 %, too.
func (h *hardware) set(f *timeline.Fault, beams int, sensor chance.Key) {
	h.lostBeams, h.lostPoints = f.LostBeams > 0, f.LostPoints
	if cap(h.dead) < beams {
		h.dead = make([]bool, beams)
	}
	h.dead = h.dead[:beams]
	if h.lostBeams {
		LostBeams(h.dead, f.LostBeams, sensor.With("beams"))
	}
	h.fieldCos, h.blockCos = -2, 2
	if f.FieldRad > 0 && f.FieldRad < math.Pi {
		h.fieldCos = float32(math.Cos(f.FieldRad))
	}
	if f.BlockedShare > 0 {
		h.blockCos = float32(math.Cos(math.Pi * min(f.BlockedShare, 1)))
		at := 2 * math.Pi * sensor.With("blocked").Float64()
		h.block = [2]float32{float32(math.Cos(at)), float32(math.Sin(at))}
		if f.BlockedShare >= 1 {
			h.blockCos = -2
		}
	}
}

func (h *hardware) any() bool {
	return h.lostBeams || h.lostPoints > 0 || h.fieldCos > -2 || h.blockCos < 2
}

// loses says whether the beam's return does not come through.
func (h *hardware) loses(r *Return, key chance.Key) bool {
	if h.lostBeams && int(r.Beam) < len(h.dead) && h.dead[r.Beam] {
		return true
	}
	if h.lostPoints > 0 && key.At(6).Chance(h.lostPoints) {
		return true
	}
	if h.fieldCos <= -2 && h.blockCos >= 2 {
		return false
	}
	x, y := r.Dir[0], r.Dir[1]
	flat := float32(math.Sqrt(float64(x*x + y*y)))
	return x < h.fieldCos*flat || x*h.block[0]+y*h.block[1] >= h.blockCos*flat
}

// LostBeams marks a share of the rings, rounded to a whole number, as dead: those with the smallest random numbers of their keys.
func LostBeams(dead []bool, share float64, key chance.Key) {
	clear(dead)
	for range int(math.Round(min(share, 1) * float64(len(dead)))) {
		best := -1
		for i := range dead {
			if !dead[i] && (best < 0 || key.At(uint64(i)).Uint64() < key.At(uint64(best)).Uint64()) { //nolint:gosec // indices
				best = i
			}
		}
		dead[best] = true
	}
}
