package encoders

import "math"

// Grid is the bird's-eye view: a square of the ego frame, centred on the ego origin, x and y in [-RangeM, RangeM).
// Maps are [channel, row, column] with row = x and column = y; a cell holds lower <= x < upper.
type Grid struct {
	// RangeM is half the side, m.
	RangeM float64
	// Tokens and Heads are the cells a side of token maps and of detection heads; Channels is the tokens' depth.
	Tokens, Heads, Channels int
}

// TokenM is the edge of a token cell, m.
func (g Grid) TokenM() float64 { return 2 * g.RangeM / float64(g.Tokens) }

// HeadM is the edge of a detection head's cell, m.
func (g Grid) HeadM() float64 { return 2 * g.RangeM / float64(g.Heads) }

// Cell returns the row and column of a point on a map of the given number of cells a side; ok is false outside.
func (g Grid) Cell(x, y float64, cells int) (row, col int, ok bool) {
	s := float64(cells) / (2 * g.RangeM)
	fx, fy := math.Floor((x+g.RangeM)*s), math.Floor((y+g.RangeM)*s)
	n := float64(cells)
	if !(fx >= 0 && fx < n && fy >= 0 && fy < n) { // also false for NaN
		return 0, 0, false
	}
	return int(fx), int(fy), true
}

// Center returns the middle of a cell, m.
func (g Grid) Center(row, col, cells int) (x, y float64) {
	s := 2 * g.RangeM / float64(cells)
	return (float64(row)+0.5)*s - g.RangeM, (float64(col)+0.5)*s - g.RangeM
}
