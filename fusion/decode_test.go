package fusion

import (
	"math"
	"testing"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/sensors"
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
	broken := car
	broken[0] = math.NaN()
	put(1, 100, 100, 0.7, broken)
	dets := NewDecoder(DefaultDecodeConfig(), grid, 2).Decode(heat, reg)
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
}

func TestOverlapIoU(t *testing.T) {
	box := func(x, y, l, w, yaw float64) Detection { return Detection{X: x, Y: y, Length: l, Width: w, Yaw: yaw} }
	tests := []struct {
		name string
		a, b Detection
		want float64
	}{
		{"same", box(1, 2, 4, 2, 0.3), box(1, 2, 4, 2, 0.3), 1},
		{"turned by half", box(1, 2, 4, 2, 0.3), box(1, 2, 4, 2, 0.3+math.Pi), 1},
		{"half along", box(0, 0, 4, 2, 0), box(2, 0, 4, 2, 0), 1.0 / 3},
		{"crossed", box(0, 0, 4, 2, 0), box(0, 0, 4, 2, math.Pi/2), 4.0 / 12},
		{"apart", box(0, 0, 4, 2, 0), box(4.1, 0, 4, 2, 0), 0},
		{"inside", box(0, 0, 4, 4, 0), box(0, 0, 2, 2, 0), 0.25},
		{"octagon", box(0, 0, 2, 2, 0), box(0, 0, 2, 2, math.Pi/4), 8 * (math.Sqrt2 - 1) / (8 - 8*(math.Sqrt2-1))},
	}
	for _, tt := range tests {
		if got := OverlapIoU(&tt.a, &tt.b); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%s: got %g, want %g", tt.name, got, tt.want)
		}
	}
}

func TestSuppress(t *testing.T) {
	groups := ClassGroups([]string{"truck", "construction_vehicle", "car"})
	dets := []Detection{
		{Class: 0, Score: 0.9, Length: 8, Width: 2.5},
		{Class: 1, Score: 0.8, X: 0.5, Length: 8, Width: 2.5}, // same group: goes
		{Class: 2, Score: 0.7, X: 0.5, Length: 4, Width: 2},   // other group: stays
		{Class: 0, Score: 0.6, X: 20, Length: 8, Width: 2.5},
	}
	kept := Suppress(dets, groups, 0.2)
	if len(kept) != 3 || kept[0].Score != 0.9 || kept[1].Class != 2 || kept[2].X != 20 {
		t.Errorf("kept %+v", kept)
	}
}

// TestShares: attention 0.6 to the lidar and 0.4 to cameras, whose cells are split between two of them.
func TestShares(t *testing.T) {
	n := grid.Tokens
	e := &Evidence{Attention: make([]float32, 3*n*n), Slot: make([]int8, n*n), Lidar: "TOP", Cameras: []sensors.SensorID{"A", "B"}}
	for i := range n * n {
		e.Attention[i], e.Attention[2*n*n+i] = 0.6, 0.4
		if i%n >= 32 {
			e.Slot[i] = 1
		}
	}
	shares := AppendShares(nil, e, grid, &Detection{Row: 64, Col: 64})
	sum := 0.0
	for _, s := range shares {
		sum += s.Share
	}
	// Of the nine cells' weight 5, the column left of the middle (1.5) belongs to A.
	want := []float64{0.6, 0.4 * 1.5 / 5, 0.4 * 3.5 / 5}
	if len(shares) != 3 || math.Abs(sum-1) > 1e-6 {
		t.Fatalf("shares %+v add up to %g", shares, sum)
	}
	for i, s := range shares {
		if math.Abs(s.Share-want[i]) > 1e-6 {
			t.Errorf("share %d: got %g, want %g", i, s.Share, want[i])
		}
	}
}
