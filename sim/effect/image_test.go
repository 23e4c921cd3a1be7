package effect

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/fusiond/fusiond/sim/chance"
)

var cameraKey = chance.Of(1, "camera", "CAM_FRONT")

// pictureOf is a street as far as light goes: bright sky, dark road, things between.
func pictureOf(w, h int) *Image {
	m := &Image{W: w, H: h, RGB: make([]float32, 3*w*h), Distance: make([]float32, w*h)}
	for y := range h {
		for x := range w {
			i := y*w + x
			switch below := float64(y) - float64(h)/2; {
			case below > 0:
				m.Distance[i] = float32(math.Min(1.6*0.9*float64(w)/below, 80))
			case (x/8)%3 == 0:
				m.Distance[i] = 40
			default:
				m.Distance[i] = float32(math.Inf(1))
			}
			for c := range 3 {
				v := 0.05 + 0.2*chance.Of(3).At(uint64(3*i+c)).Float64()
				if math.IsInf(float64(m.Distance[i]), 1) {
					v = 0.7 + 0.1*float64(c)
				}
				m.RGB[3*i+c] = float32(v)
			}
		}
	}
	return m
}

func (m *Image) clone() *Image {
	n := *m
	n.RGB, n.Distance = slices.Clone(m.RGB), slices.Clone(m.Distance)
	return &n
}

// even is a picture of one colour at one distance.
func even(w, h int, light, distance float32) *Image {
	m := &Image{W: w, H: h, RGB: make([]float32, 3*w*h), Distance: make([]float32, w*h)}
	for i := range m.RGB {
		m.RGB[i] = light
	}
	for i := range m.Distance {
		m.Distance[i] = distance
	}
	return m
}

func specOf(w, h int) CameraSpec {
	return CameraSpec{FocalPx: 0.9 * float64(w), CentreX: float64(w) / 2, CentreY: float64(h) / 2, HorizonPx: float64(h) / 2}
}

func TestSRGB(t *testing.T) {
	for _, c := range []struct{ code, linear float64 }{
		{0, 0}, {1, 1}, {0.04045, 0.0031308}, {0.5, 0.214041}, {0.735357, 0.5},
	} {
		within(t, fmt.Sprintf("code %g", c.code), FromSRGB(c.code), c.linear, 1e-6)
		within(t, fmt.Sprintf("light %g", c.linear), ToSRGB(c.linear), c.code, 2e-6)
	}
	codes, back, light := make([]uint8, 256), make([]uint8, 256), make([]float32, 256)
	for i := range codes {
		codes[i] = uint8(i)
	}
	Decode(light, codes)
	Encode(back, light)
	if !slices.Equal(codes, back) {
		t.Errorf("codes do not survive: %v", back)
	}
	Encode(back, []float32{-1, 2, float32(math.NaN()), float32(math.Inf(1))})
	if want := []uint8{0, 255, 0, 255}; !slices.Equal(back[:4], want) {
		t.Errorf("out of range: %v, want %v", back[:4], want)
	}
}

func TestKoschmiederGolden(t *testing.T) {
	g := loadGolden(t)
	for i, visibility := range g.Koschmieder.MOR {
		for j, d := range g.Koschmieder.Distance {
			m := even(1, 1, 1, float32(d))
			Koschmieder(m, ExtinctionPerM(visibility), 0, [3]float32{})
			within(t, fmt.Sprintf("visibility %g, distance %g", visibility, d), float64(m.RGB[0]), g.Koschmieder.Transmission[i][j], 1e-6)
		}
	}
	for _, c := range g.Koschmieder.PixelExample.Cases {
		m := even(1, 1, float32(c.J), float32(c.Distance))
		a := float32(c.A)
		Koschmieder(m, ExtinctionPerM(c.MOR), 0, [3]float32{a, a, a})
		within(t, fmt.Sprintf("pixel at %g m", c.Distance), float64(m.RGB[0]), c.I, 1e-6)
	}
}

func TestKoschmiederPatchesAndSky(t *testing.T) {
	m := even(2, 1, 0.5, 10)
	m.Patch = []float32{2, 1}
	Koschmieder(m, 0.05, 0.01, [3]float32{0, 0, 0})
	within(t, "twice as thick", float64(m.RGB[0]), 0.5*math.Exp(-1.1), 1e-6)
	within(t, "as thick", float64(m.RGB[3]), 0.5*math.Exp(-0.6), 1e-6)
	sky := even(1, 1, 0.5, float32(math.Inf(1)))
	Koschmieder(sky, 1e-9, 0, [3]float32{0.8, 0.8, 0.8})
	within(t, "sky", float64(sky.RGB[0]), 0.8, 1e-6)
}

func TestAirlight(t *testing.T) {
	m := pictureOf(64, 32)
	a := Airlight(m)
	for c, want := range []float64{0.75, 0.8, 0.85} { // sky of 0.7, 0.8, 0.9, half way to its grey
		within(t, "sky", float64(a[c]), want, 1e-3)
	}
	near := even(8, 8, 0.3, 5)
	within(t, "no sky: the top", float64(Airlight(near)[0]), 0.3, 1e-6)
}

func TestWetRoad(t *testing.T) {
	m := even(3, 1, 0.2, 5)
	m.Road = []float32{0, 1, 0.5}
	WetRoad(m, 5)
	for i, want := range []float64{0.2, 0.11, 0.155} {
		within(t, "road", float64(m.RGB[3*i]), want, 1e-6)
	}
}
