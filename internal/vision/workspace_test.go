//go:build cgo

package vision

import (
	"bytes"
	"math"
	"testing"
)

func newWorkspace(t testing.TB) *Workspace {
	t.Helper()
	s, err := NewWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func newTable(t testing.TB, srcW, srcH, dstW, dstH int, place func(col, row int) (x, y float64)) *RemapTable {
	t.Helper()
	x, y := make([]float32, dstW*dstH), make([]float32, dstW*dstH)
	for i := range x {
		px, py := place(i%dstW, i/dstW)
		x[i], y[i] = float32(px), float32(py)
	}
	r, err := NewRemapTable(srcW, srcH, dstW, dstH, x, y)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// gray makes a picture of equal channels from one value a pixel.
func gray(w int, v ...byte) Image {
	m := Image{Width: w, Height: len(v) / w}
	for _, g := range v {
		m.Pix = append(m.Pix, g, g, g)
	}
	return m
}

func TestResize(t *testing.T) {
	s := newWorkspace(t)
	for _, c := range []struct {
		name string
		src  Image
		w, h int
		want Image
	}{
		{"area by 2", gray(4, 0, 10, 100, 200, 20, 30, 140, 160), 2, 1, gray(2, 15, 150)},
		{"area by 1.5", gray(3, 0, 90, 180), 2, 1, gray(2, 30, 150)},
		{"same size", gray(2, 1, 2, 3, 4), 2, 2, gray(2, 1, 2, 3, 4)},
		{"linear by 2", gray(2, 0, 100), 4, 1, gray(4, 0, 25, 75, 100)},
		{"one pixel up", gray(1, 42), 3, 2, gray(3, 42, 42, 42, 42, 42, 42)},
	} {
		var dst Image
		if err := s.Resize(&c.src, c.w, c.h, &dst); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := maxDiff(&dst, &c.want); got > 0 {
			t.Errorf("%s: got %v, want %v", c.name, dst, c.want)
		}
	}
	m := pattern(40, 20)
	if err := s.Resize(&m, 20, 10, &m); err != nil || m.Width != 20 || m.Check() != nil {
		t.Errorf("in place: got %dx%d, %v", m.Width, m.Height, err)
	}
}

func TestRemap(t *testing.T) {
	s := newWorkspace(t)
	src := gray(3, 0, 60, 120, 30, 90, 150)
	for _, c := range []struct {
		name       string
		dstW, dstH int
		place      func(col, row int) (x, y float64)
		want       Image
	}{
		{"identity", 3, 2, func(c, r int) (float64, float64) { return float64(c), float64(r) }, src},
		{"half a pixel", 2, 1, func(c, _ int) (float64, float64) { return float64(c) + 0.5, 0.5 }, gray(2, 45, 105)},
		{"a quarter", 1, 1, func(int, int) (float64, float64) { return 1.25, 0 }, gray(1, 75)},
		{"transposed", 2, 3, func(c, r int) (float64, float64) { return float64(r), float64(c) }, gray(2, 0, 30, 60, 90, 120, 150)},
		{"edges within half a pixel", 4, 1, func(c, _ int) (float64, float64) {
			return []float64{-0.5, 2.5, 0, 2}[c], []float64{-0.5, 1.5, 1.4, -0.4}[c]
		}, gray(4, 0, 150, 30, 120)},
		{"outside", 6, 1, func(c, _ int) (float64, float64) {
			return []float64{-0.6, 2.6, 1, math.NaN(), math.Inf(1), -1e30}[c], []float64{0, 0, 1.6, 0, 0, 0}[c]
		}, gray(6, 9, 9, 9, 9, 9, 9)},
	} {
		var dst Image
		table := newTable(t, 3, 2, c.dstW, c.dstH, c.place)
		if err := s.Remap(&src, table, 9, &dst); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if maxDiff(&dst, &c.want) > 0 {
			t.Errorf("%s: got %v, want %v", c.name, dst, c.want)
		}
	}
}

func TestRemapKeepsChannels(t *testing.T) {
	s := newWorkspace(t)
	src := pattern(50, 40)
	table := newTable(t, 50, 40, 50, 40, func(c, r int) (float64, float64) { return float64(49 - c), float64(r) })
	var dst Image
	if err := s.Remap(&src, table, 0, &dst); err != nil {
		t.Fatal(err)
	}
	for _, p := range [][2]int{{0, 0}, {49, 39}, {7, 31}} {
		got := dst.Pix[3*(p[1]*50+p[0]):][:3]
		want := src.Pix[3*(p[1]*50+49-p[0]):][:3]
		if !bytes.Equal(got, want) {
			t.Errorf("pixel %v: got %v, want %v", p, got, want)
		}
	}
}

func TestFromNV12(t *testing.T) {
	s := newWorkspace(t)
	// Luma and chroma of BT.601, limited range: black, white, and the pure red of the standard's colour bars.
	for _, c := range []struct {
		name      string
		y, cb, cr byte
		want      [3]int
	}{
		{"black", 16, 128, 128, [3]int{0, 0, 0}},
		{"white", 235, 128, 128, [3]int{255, 255, 255}},
		{"red", 81, 90, 240, [3]int{254, 0, 0}},
		{"blue", 41, 240, 110, [3]int{0, 0, 255}},
	} {
		data := append(bytes.Repeat([]byte{c.y}, 16), bytes.Repeat([]byte{c.cb, c.cr}, 4)...)
		var dst Image
		if err := s.FromNV12(data, 4, 4, &dst); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i, got := range dst.Pix {
			if d := int(got) - c.want[i%3]; d < -2 || d > 2 {
				t.Errorf("%s: byte %d: got %d, want %d within 2", c.name, i, got, c.want[i%3])
				break
			}
		}
	}
}

func TestWorkspaceAllocatesNothing(t *testing.T) {
	shrink, warp := newWorkspace(t), newWorkspace(t)
	src := pattern(320, 200)
	table := newTable(t, 320, 200, 160, 100, func(c, r int) (float64, float64) { return float64(2 * c), float64(2 * r) })
	var small, warped Image
	run := func() {
		if shrink.Resize(&src, 80, 50, &small) != nil || warp.Remap(&src, table, 120, &warped) != nil {
			t.Fatal("refused")
		}
	}
	run()
	if got, want := testing.AllocsPerRun(50, run), 0.0; got != want {
		t.Errorf("got %v allocations a call, want %v", got, want)
	}
}
