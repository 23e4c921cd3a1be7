//go:build cgo

package vision

import (
	"fmt"
	"math"
	"testing"
)

// TestGuards calls everything that leads into OpenCV with every combination of bad and good sizes and lengths. An
// assertion inside OpenCV would end the test binary; each bad combination must come back as an error instead.
func TestGuards(t *testing.T) {
	s := newWorkspace(t)
	sides := []int{math.MinInt, -1, 0, 1, 2, 3, 17, 32766, 32767, 1 << 20, MaxPixels, 1 << 31, 1 << 32, math.MaxInt}
	lengths := []int{0, 1, 2, 3, 5, 6, 12, 17 * 17 * 3}
	var dst Image
	calls, refused := 0, 0
	try := func(what string, good bool, err error) {
		calls++
		if err != nil {
			refused++
		}
		if (err == nil) != good {
			t.Errorf("%s: got error %v, want success %t", what, err, good)
		}
	}
	for _, w := range sides {
		for _, h := range sides {
			fits := w > 0 && h > 0 && w <= MaxPixels/h
			for _, n := range lengths {
				src := Image{Width: w, Height: h, Pix: make([]byte, n)}
				what := fmt.Sprintf("%dx%d of %d bytes", w, h, n)
				whole := fits && 3*w*h == n
				try("resize "+what, whole, s.Resize(&src, 2, 2, &dst))
				try("nv12 "+what, fits && w%2 == 0 && h%2 == 0 && w*h/2*3 == n, s.FromNV12(src.Pix, w, h, &dst))
				coords := make([]float32, n)
				small := w <= maxSide && h <= maxSide
				asDst, err := NewRemapTable(2, 2, w, h, coords, coords)
				try("table to "+what, fits && small && w*h == n, err)
				if err == nil {
					two := pattern(2, 2)
					try("remap to "+what, true, s.Remap(&two, asDst, 0, &dst))
					try("remap from "+what, whole && w == 2 && h == 2, s.Remap(&src, asDst, 0, &dst))
					asDst.Close()
				}
				asSrc, err := NewRemapTable(w, h, 2, 1, []float32{0, float32(w)}, []float32{0, float32(n)})
				try("table from "+what, fits && small, err)
				if err == nil {
					try("remap from "+what, whole, s.Remap(&src, asSrc, 0, &dst))
					asSrc.Close()
				}
			}
			if w < 1<<20 && h < 1<<20 && fits && w*h <= 1<<20 || !fits {
				src := pattern(3, 3)
				try(fmt.Sprintf("resize to %dx%d", w, h), fits, s.Resize(&src, w, h, &dst))
			}
		}
	}
	if calls < 5000 || refused < calls/2 {
		t.Errorf("only %d calls, %d refused: the table has lost its teeth", calls, refused)
	}

	src, table := pattern(2, 2), newTable(t, 2, 2, 2, 2, func(c, r int) (float64, float64) { return float64(c), float64(r) })
	wantError(t, "resize nil", s.Resize(nil, 2, 2, &dst), "no image")
	wantError(t, "resize to nil", s.Resize(&src, 2, 2, nil), "no destination")
	wantError(t, "remap nil", s.Remap(nil, table, 0, &dst), "no image")
	wantError(t, "remap to nil", s.Remap(&src, table, 0, nil), "no destination")
	wantError(t, "remap by nil", s.Remap(&src, nil, 0, &dst), "no table")
	wantError(t, "remap by zero value", s.Remap(&src, &RemapTable{}, 0, &dst), "no table")
	wantError(t, "nv12 to nil", s.FromNV12(make([]byte, 6), 2, 2, nil), "no destination")
	_, err := NewRemapTable(2, 2, 2, 1, []float32{0, 1}, []float32{0})
	wantError(t, "uneven coordinates", err, "2 and 1 coordinates")

	table.Close()
	table.Close()
	wantError(t, "closed table", s.Remap(&src, table, 0, &dst), "closed")
	s.Close()
	s.Close()
	wantError(t, "closed resize", s.Resize(&src, 2, 2, &dst), "used after Close")
	wantError(t, "closed remap", s.Remap(&src, table, 0, &dst), "used after Close")
	wantError(t, "closed nv12", s.FromNV12(make([]byte, 6), 2, 2, &dst), "used after Close")
}
