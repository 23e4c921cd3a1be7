package condition

import (
	"math"
	"testing"

	"github.com/fusiond/fusiond/sensors"
)

// TestSectors walks around once: sectors come in order, all of them, about evenly.
func TestSectors(t *testing.T) {
	var n [numSectors]int
	const steps = 64_000
	last := 0
	for i := range steps {
		az := 2 * math.Pi * (float64(i) + 0.5) / steps
		at := sectorOf(float32(30*math.Cos(az)), float32(30*math.Sin(az)))
		if at < last || at > last+1 {
			t.Fatalf("azimuth %g: got sector %d after %d", az, at, last)
		}
		last = at
		n[at]++
	}
	for i, c := range n {
		if share := float64(c) / steps * 360; share < 3.5 || share > 7.3 {
			t.Errorf("sector %d: got %.1f degrees, want 3.6 to 7.2", i, share)
		}
	}
}

func TestRangeQuantile(t *testing.T) {
	var h rangeHistogram
	if got := h.quantile(0.99); got != 0 {
		t.Errorf("empty: got %g, want 0", got)
	}
	for i := range 10_000 {
		r := float32(i+1) / 100 // 0.01 to 100 m
		h[rangeBin(r*r)]++
	}
	for _, q := range []float64{0.01, 0.1, 0.5, 0.99, 1} {
		if got := h.quantile(q); math.Abs(got/(100*q)-1) > 0.04 {
			t.Errorf("quantile %g: got %g m, want %g to 4 %%", q, got, 100*q)
		}
	}
}

func TestSweepMeasures(t *testing.T) {
	var points []sensors.Point
	for i := range 6400 {
		az := 2 * math.Pi * float64(i) / 6400
		x, y := float32(math.Cos(az)), float32(math.Sin(az))
		points = append(points,
			sensors.Point{X: 10 * x, Y: 10 * y, Z: -1.8, Intensity: 0.2, Ring: 1},
			sensors.Point{X: 50 * x, Y: 50 * y, Z: -1.8, Intensity: 0.9, Ring: 2},
		)
		if az < math.Pi { // half of the directions
			points = append(points, sensors.Point{X: 2 * x, Y: 2 * y, Z: 0.2, Intensity: 0.03, Ring: 3})
		}
	}
	var s sweep
	s.take(points)
	if s.n != 16000 || s.below != 6400 || s.occupied != numSectors || s.ring[1] != 6400 || s.ring[3] != 3200 || s.down[1] != 6400 || s.down[2] != 0 {
		t.Errorf("got n %d, below %d, occupied %d, rings %v, down %v", s.n, s.below, s.occupied, s.ring[:4], s.down[:4])
	}
	if math.Abs(s.scatter-0.5) > 0.02 {
		t.Errorf("scatter: got %g, want half of the directions", s.scatter)
	}
	if math.Abs(s.middle-0.2) > 1e-3 {
		t.Errorf("intensity at 8 to 25 m: got %g, want 0.2", s.middle)
	}
	if math.Abs(s.reachM/50-1) > 0.04 {
		t.Errorf("reach: got %g m, want 50", s.reachM)
	}
	hash := s.hash
	points[777].Z += 0.001
	if s.take(points); s.hash == hash {
		t.Error("a millimetre in one point: got the same hash")
	}
	for i := range points {
		points[i].Intensity = 0
	}
	if s.take(points); s.scatter != 0 {
		t.Errorf("a cloud without intensities: got scatter %g, want 0", s.scatter)
	}
}
