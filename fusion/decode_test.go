package fusion

import (
	"math"
	"slices"
	"testing"

	"github.com/fusiond/fusiond/encoders"
)

var grid = encoders.Grid{RangeM: 51.2, Tokens: 64, Heads: 128, Channels: 48}

// TestDecode puts peaks with known boxes on a map and reads them back.
func TestDecode(t *testing.T) {
	n := grid.Heads
	heat, reg := make([]float32, 2*n*n), make([]float32, encoders.BoxChannels*n*n)
	put := func(class, row, col int, score float32, box [encoders.BoxChannels]float64) {
		heat[class*n*n+row*n+col] = score
		for k, v := range box {
			reg[k*n*n+row*n+col] = float32(v)
		}
	}
	car := [encoders.BoxChannels]float64{0.5, 0.25, 0.8, math.Log(4.5), math.Log(1.9), math.Log(1.6), math.Sin(2), math.Cos(2), 3, -1}
	put(0, 80, 60, 0.9, car)
	put(0, 80, 61, 0.8, car) // beside a higher one: no peak
	put(1, 10, 20, 0.5, car)
	put(1, 30, 20, 0.05, car) // below the threshold
	heat[n*n+80*n+60] = 0.06  // class 1 where class 0 has its peak: no peak, but told
	broken := car
	broken[0] = math.NaN()
	put(1, 100, 100, 0.7, broken)
	d := NewDecoder(DefaultDecodeConfig(), grid, 2)
	dets := d.Decode(heat, reg)
	if len(dets) != 2 {
		t.Fatalf("%d detections %+v, want 2", len(dets), dets)
	}
	got, want := dets[0], Detection{
		Class: 0, Score: 0.9, X: 80.5*0.8 - 51.2, Y: 60.25*0.8 - 51.2, Z: 0.8, Length: 4.5, Width: 1.9, Height: 1.6, Yaw: 2, Vx: 3, Vy: -1, Row: 80, Col: 60,
	}
	// float32 of values up to 60 m: 1e-5.
	for _, d := range []float64{got.X - want.X, got.Y - want.Y, got.Z - want.Z, got.Length - want.Length, got.Width - want.Width, got.Yaw - want.Yaw, got.Vx - want.Vx, got.Vy - want.Vy, got.Score - want.Score} {
		if math.Abs(d) > 1e-5 {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
	if got.Row != 80 || got.Col != 60 || dets[1].Class != 1 {
		t.Errorf("got %+v and class %d, want cell 80, 60 and then class 1", got, dets[1].Class)
	}
	for i, want := range [][]float32{{0.9, 0.06}, {0, 0.5}} {
		if !slices.Equal(dets[i].Scores, want) {
			t.Errorf("detection %d: class scores %v, want %v", i, dets[i].Scores, want)
		}
	}
	if allocs := testing.AllocsPerRun(10, func() { d.Decode(heat, reg) }); allocs != 0 {
		t.Errorf("decoding allocates %g times, want 0", allocs)
	}
}

// TestSuppressKeepsScores: detections that move up take their own classes' scores with them.
func TestSuppressKeepsScores(t *testing.T) {
	n := grid.Heads
	heat, reg := make([]float32, 2*n*n), make([]float32, encoders.BoxChannels*n*n)
	// Boxes of 7 m: the second overlaps the first, the third stands alone.
	for i, at := range []int{50*n + 50, 50*n + 53, 90*n + 90} {
		heat[at], heat[n*n+at] = 0.9-0.1*float32(i), 0.01*float32(i+1)
		for k := 3; k < 6; k++ {
			reg[k*n*n+at] = float32(math.Log(7))
		}
	}
	kept := Suppress(NewDecoder(DefaultDecodeConfig(), grid, 2).Decode(heat, reg), []int{0, 0}, 0.2)
	if len(kept) != 2 || !slices.Equal(kept[0].Scores, []float32{0.9, 0.01}) || !slices.Equal(kept[1].Scores, []float32{0.9 - 0.2, 0.03}) {
		t.Errorf("kept %+v, want the first and the third with their scores", kept)
	}
}
