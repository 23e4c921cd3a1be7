package body

import (
	"math"
	"testing"

	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/geom"
)

// crossSection is the sum of what all points return towards a yaw, in dBsm.
func crossSection(b *Body, yaw float64) float64 {
	sum := 0.0
	for _, s := range b.Scatterers {
		sum += math.Pow(10, float64(s.Seen(geom.Vec{float32(math.Cos(yaw)), float32(math.Sin(yaw)), 0}))/10)
	}
	return 10 * math.Log10(sum)
}

func TestRadarCrossSections(t *testing.T) {
	want := map[string]float64{
		"pedestrian": -8, "bicycle": -2, "motorcycle": 4, "car": 10, "truck": 18, "bus": 18, "trailer": 18, "construction_vehicle": 14,
		"traffic_cone": -15, "barrier": 3,
	}
	for _, class := range Classes() {
		sum, n := 0.0, 0
		for i := range 40 {
			b := New(chance.New(11, class, i), class)
			if class == "bicycle" && !b.Rider {
				continue // the published figure is for a ridden one
			}
			for k := range 36 {
				sum += crossSection(b, float64(k)*math.Pi/18)
				n++
			}
		}
		got := sum / float64(n)
		t.Logf("%s: %.1f dBsm, want %.1f", class, got, want[class])
		if math.Abs(got-want[class]) > 2.5 {
			t.Errorf("%s: got a mean of %.1f dBsm over all sides, want %.1f ± 2.5", class, got, want[class])
		}
	}
	b := NewShape(chance.New(1, "aspect"), "car", "sedan")
	rear, side, corner := crossSection(b, math.Pi), crossSection(b, math.Pi/2), crossSection(b, 0.7)
	if rear < corner+5 || side < corner+5 {
		t.Errorf("car: rear %.1f, side %.1f, corner %.1f dBsm: rear and side must stand out by 5 dB", rear, side, corner)
	}
}

func TestSeen(t *testing.T) {
	s := Scatterer{RCSdBsm: 10, Facing: geom.Vec{1, 0, 0}, WidthRad: 0.5}
	at := func(yaw float64) geom.Vec { return geom.Vec{float32(math.Cos(yaw)), float32(math.Sin(yaw)), 0} }
	tests := []struct {
		name string
		s    Scatterer
		dir  geom.Vec
		want float32
	}{
		{"straight", s, at(0), 10},
		{"at its width", s, at(0.5), 7},
		{"at its width, from above", s, geom.Vec{float32(math.Cos(0.5)), float32(math.Sin(0.5)), 0.8}.Unit(), 7},
		{"at twice its width", s, at(-1), -2},
		{"from behind", s, at(math.Pi), -15},
		{"all round", Scatterer{RCSdBsm: 10}, at(2), 10},
	}
	for _, tt := range tests {
		if got := tt.s.Seen(tt.dir); math.Abs(float64(got-tt.want)) > 1e-3 {
			t.Errorf("%s: got %v dBsm, want %v", tt.name, got, tt.want)
		}
	}
}
