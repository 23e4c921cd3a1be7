package encoders

import (
	"math"
	"testing"
)

func TestGridCell(t *testing.T) {
	g := Grid{RangeM: 51.2, Tokens: 64, Heads: 128}
	tests := []struct {
		name     string
		x, y     float64
		cells    int
		row, col int
		ok       bool
	}{
		{"origin lies in the upper cell", 0, 0, 64, 32, 32, true},
		{"just below", -1e-9, -1e-9, 64, 31, 31, true},
		{"lower corner is inside", -51.2, -51.2, 64, 0, 0, true},
		{"upper edge is outside", 51.2, 0, 64, 0, 0, false},
		{"just inside", 51.19, 0, 128, 127, 64, true},
		{"below in y", 0, -51.3, 128, 0, 0, false},
		{"below in x", -51.3, 0, 128, 0, 0, false},
		{"not a number", math.NaN(), 0, 64, 0, 0, false},
		{"infinite", 0, math.Inf(1), 64, 0, 0, false},
	}
	for _, tt := range tests {
		row, col, ok := g.Cell(tt.x, tt.y, tt.cells)
		if row != tt.row || col != tt.col || ok != tt.ok {
			t.Errorf("%s: got %d, %d, %t, want %d, %d, %t", tt.name, row, col, ok, tt.row, tt.col, tt.ok)
		}
	}
	for _, cells := range []int{1, 64, 127} {
		for i := range cells {
			x, y := g.Center(i, cells-1-i, cells)
			if row, col, ok := g.Cell(x, y, cells); !ok || row != i || col != cells-1-i {
				t.Errorf("middle of cell %d, %d of %d is said to be in %d, %d", i, cells-1-i, cells, row, col)
			}
		}
	}
	if g.TokenM() != 1.6 || g.HeadM() != 0.8 {
		t.Errorf("cells of %g and %g m, want 1.6 and 0.8", g.TokenM(), g.HeadM())
	}
}
