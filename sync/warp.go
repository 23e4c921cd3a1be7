package timesync

import (
	"math"

	"github.com/fusiond/fusiond/sensors"
)

// A token map [C, H, W] is a square grid centred on the ego vehicle: row i = x, column j = y, the centre of cell i lies at
// (i + 0.5 - cells/2) * cellM. Warping gives what the map would look like from where the vehicle is now: each cell of dst looks up
// its own place in src,
//
//	p_old = newFromOld⁻¹ · p_new        on the ground plane of the ego frame (z = 0)
//
// Things that move themselves stay where they were seen.

// warpChunk is how many cells of a row are worked on together, so that their weights serve all channels from the stack.
const warpChunk = 64

// Warp moves a map of float tokens, bilinear between the centres of four cells, zero outside. newFromOld maps the ego frame of
// src's time into that of dst's. dst and src hold channels*cells*cells values each and must not overlap. Identity copies
// exactly. It panics when a slice is too short. No allocation.
func Warp(dst, src []float32, channels, cells int, cellM float64, newFromOld sensors.Pose) {
	plane := cells * cells
	dst, src = dst[:channels*plane], src[:channels*plane]
	m := cellMap(cells, cellM, newFromOld)
	for row := range cells {
		for col := 0; col < cells; col += warpChunk {
			n := min(warpChunk, cells-col)
			var tap [4][warpChunk]int32
			var weight [4][warpChunk]float32
			for k := range n {
				taps(&tap, &weight, k, cells, m, row, col+k)
			}
			for c := range channels {
				from := src[c*plane : (c+1)*plane]
				to := dst[c*plane+row*cells+col:][:n]
				for k := range to {
					to[k] = weight[0][k]*from[tap[0][k]] + weight[1][k]*from[tap[1][k]] +
						weight[2][k]*from[tap[2][k]] + weight[3][k]*from[tap[3][k]]
				}
			}
		}
	}
}

// WarpMask moves a map of cells [H, W] with the nearest cell of src, the zero value outside: for validity, which has no half.
// dst and src hold cells*cells values each and must not overlap. It panics when a slice is too short. No allocation.
func WarpMask[T any](dst, src []T, cells int, cellM float64, newFromOld sensors.Pose) {
	dst, src = dst[:cells*cells], src[:cells*cells]
	m := cellMap(cells, cellM, newFromOld)
	var zero T
	for row := range cells {
		for col := range cells {
			u, v := m.at(row, col)
			i, j := math.Floor(u+0.5), math.Floor(v+0.5)
			if i >= 0 && i < float64(cells) && j >= 0 && j < float64(cells) {
				dst[row*cells+col] = src[int(i)*cells+int(j)]
			} else {
				dst[row*cells+col] = zero
			}
		}
	}
}

// planeMap maps a cell of dst to a place in src, both in cells from the grid's centre.
type planeMap struct{ xx, xy, x0, yx, yy, y0, centre float64 }

func cellMap(cells int, cellM float64, newFromOld sensors.Pose) planeMap {
	oldFromNew := newFromOld.Inverse()
	r, t := oldFromNew.Matrix(), oldFromNew.Translation
	return planeMap{
		xx: r[0], xy: r[1], x0: t.X / cellM,
		yx: r[3], yy: r[4], y0: t.Y / cellM,
		centre: float64(cells-1) / 2,
	}
}

func (m planeMap) at(row, col int) (u, v float64) {
	x, y := float64(row)-m.centre, float64(col)-m.centre
	return m.xx*x + m.xy*y + m.x0 + m.centre, m.yx*x + m.yy*y + m.y0 + m.centre
}

// taps writes the four cells around a place and their shares; a cell outside has share 0.
func taps(tap *[4][warpChunk]int32, weight *[4][warpChunk]float32, k, cells int, m planeMap, row, col int) {
	u, v := m.at(row, col)
	limit := float64(cells)
	if !(u > -1 && u < limit && v > -1 && v < limit) {
		return // all shares stay 0
	}
	i, j := int(math.Floor(u)), int(math.Floor(v))
	fu, fv := float32(u-math.Floor(u)), float32(v-math.Floor(v))
	for t := range 4 {
		di, dj := t>>1, t&1
		if i+di < 0 || i+di >= cells || j+dj < 0 || j+dj >= cells {
			continue
		}
		wu, wv := fu, fv
		if di == 0 {
			wu = 1 - fu
		}
		if dj == 0 {
			wv = 1 - fv
		}
		tap[t][k] = int32((i+di)*cells + j + dj) //nolint:gosec // below cells²
		weight[t][k] = wu * wv
	}
}
