package condition_test

import (
	"math"
	"testing"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sensors/condition"
)

// denseSweep has as many points as the real drive's: 64 beams, firing together, in a street of walls.
func denseSweep() []sensors.Point {
	rng := source(4)
	points := make([]sensors.Point, 106_000)
	for i := range points {
		az, el := 2*math.Pi*float64(i/64)/float64(len(points)/64), (-25+40*float64(i%64)/64)*math.Pi/180
		r := math.Min(9/math.Max(math.Abs(math.Sin(az)), 0.1), 90) + 0.1*rng.NormFloat64()
		if el < 0 {
			r = math.Min(r, 1.8/math.Sin(-el))
		}
		points[i] = sensors.Point{
			X: float32(r * math.Cos(el) * math.Cos(az)), Y: float32(r * math.Cos(el) * math.Sin(az)), Z: float32(r * math.Sin(el)),
			Intensity: rng.Float32(), Ring: uint16(i % 64),
		}
	}
	return points
}

// BenchmarkCamera is one picture of 256x96. Budget: 2 ms.
func BenchmarkCamera(b *testing.B) {
	m, err := condition.NewCamera(pictureW, pictureH, fill)
	if err != nil {
		b.Fatal(err)
	}
	rng := source(1)
	var s street
	pictures := make([][]uint8, 8)
	for i := range pictures {
		s.at(float64(i))
		pictures[i] = s.expose(rng)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		updateCamera(b, m, pictures[i%len(pictures)], i)
		i++
	}
}

// BenchmarkLidar is one sweep of 106,000 points. Budget: 1 ms.
func BenchmarkLidar(b *testing.B) {
	m, points := condition.NewLidar(blockMount), denseSweep()
	b.ReportAllocs()
	i := sensors.StampNs(0)
	for b.Loop() {
		i++
		points[0].X += 0.001
		m.Update(points, i*periodNs)
	}
}

// BenchmarkRadar is one scan of about 100 detections.
func BenchmarkRadar(b *testing.B) {
	m := condition.NewRadar()
	s := scans{rng: source(3), share: 0.8}
	scan := s.scan()
	b.ReportAllocs()
	i := sensors.StampNs(0)
	for b.Loop() {
		i++
		scan[0].Position.X += 0.001
		m.Update(scan, i*periodNs)
	}
}

// TestNoAllocation holds that a monitor allocates nothing once it is made.
func TestNoAllocation(t *testing.T) {
	m, err := condition.NewCamera(pictureW, pictureH, fill)
	if err != nil {
		t.Fatal(err)
	}
	l, r := condition.NewLidar(blockMount), condition.NewRadar()
	picture, points := make([]uint8, 3*pictureW*pictureH), denseSweep()[:5000]
	s := scans{rng: source(3), share: 0.8}
	scan := s.scan()
	i := 0
	if got := testing.AllocsPerRun(20, func() {
		i++
		picture[i] = uint8(i)
		points[0].X += 0.001
		updateCamera(t, m, picture, i)
		l.Update(points, sensors.StampNs(i)*periodNs)
		r.Update(scan, sensors.StampNs(i)*periodNs)
	}); got != 0 {
		t.Errorf("got %g allocations a sample of each, want 0", got)
	}
}
