package encoders

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/fusiond/fusiond/sensors"
)

// TestLidarRaster puts three points into one cell and others outside, and reads every channel.
func TestLidarRaster(t *testing.T) {
	p := TriBEV()
	r := NewLidarRaster(p.BEV(), p.Encoders.Lidar)
	dst := make([]float32, r.Size())
	points := []sensors.Point{
		{X: 10.1, Y: -5.1, Z: 0.1, Intensity: 0.2},
		{X: 10.1, Y: -5.1, Z: 1.9, Intensity: 0.4},
		{X: 10.3, Y: -4.9, Z: 1.7, Intensity: 0.9},
		{X: 51.2, Y: 0, Z: 1},
		{X: -51.3, Y: 0, Z: 1},
		{X: 0, Y: 0, Z: 3.8},
		{X: 0, Y: 0, Z: -1},
		{X: float32(math.NaN()), Y: 0, Z: 0},
	}
	for range 2 { // the second time shows that buffers are cleared
		r.Fill(dst, points)
	}
	row, col, _ := p.BEV().Cell(10.1, -5.1, 256)
	plane := 256 * 256
	want := map[int]float32{1: 1, 4: 1, 8: 1.9 / 4, 9: 0.5, 10: float32(math.Log(4) / 4)}
	sum := float32(0)
	for c := range 11 {
		got := dst[c*plane+row*256+col]
		if math.Abs(float64(got-want[c])) > 1e-6 {
			t.Errorf("channel %d: got %g, want %g", c, got, want[c])
		}
		sum += got
	}
	all := float32(0)
	for _, v := range dst {
		all += v
	}
	if math.Abs(float64(all-sum)) > 1e-6 {
		t.Errorf("other cells hold %g", all-sum)
	}
}

func BenchmarkLidarRaster(b *testing.B) {
	p := TriBEV()
	r := NewLidarRaster(p.BEV(), p.Encoders.Lidar)
	dst := make([]float32, r.Size())
	rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // repeatable on purpose
	points := make([]sensors.Point, 106_000)
	for i := range points {
		a, d := rng.Float64()*2*math.Pi, math.Exp(rng.Float64()*4)
		points[i] = sensors.Point{X: float32(d * math.Cos(a)), Y: float32(d * math.Sin(a)), Z: float32(rng.Float64() * 2), Intensity: 0.5}
	}
	b.ReportAllocs()
	for b.Loop() {
		r.Fill(dst, points)
	}
}
