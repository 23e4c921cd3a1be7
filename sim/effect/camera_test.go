package effect

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fusiond/fusiond/sim/timeline"
)

func TestExposure(t *testing.T) {
	e := DefaultExposure
	for _, c := range []struct {
		name        string
		light, gain float32
	}{
		{"day", 0.2, 1},
		{"short", 0.2, 0.5},
		{"long exposure", 0.05, 4},
		{"night", 0.004, 40},
		{"a few electrons", 0.0005, 30},
	} {
		m := even(200, 200, c.light, 10)
		e.Expose(m, c.gain, cameraKey)
		var sum, square float64
		for _, v := range m.RGB {
			sum += float64(v)
		}
		n := float64(len(m.RGB))
		mean := sum / n
		for _, v := range m.RGB {
			square += (float64(v) - mean) * (float64(v) - mean)
		}
		sd := e.NoiseSD(float64(c.light), float64(c.gain))
		if c.name != "a few electrons" { // there black clips the read noise
			within(t, c.name+": mean", mean, float64(c.light*c.gain), 5*sd/math.Sqrt(n))
		}
		near(t, c.name+": noise", math.Sqrt(square/n), sd, 0.03)
	}
	// On paper: 0.2 of white are 2000 electrons, sd sqrt(2000 + 16) = 44.9 of 10000.
	within(t, "noise by day", e.NoiseSD(0.2, 1), 0.00449, 1e-5)
	within(t, "binned 4 by 4: a quarter", func() float64 { b := e.Binned(0.25); return b.NoiseSD(0.2, 1) }(), 0.00449/4, 1e-5)
	// Three electrons without read noise: whole numbers, e^-3 of them nought.
	few := even(200, 200, 3./10000, 10)
	(&Exposure{FullWell: 10000, MaxShutter: 1, MaxGain: 1000}).Expose(few, 1000, cameraKey)
	none := 0
	for _, v := range few.RGB {
		if n := float64(v) * 10; n < 9.9 && math.Abs(n-math.Round(n)) > 1e-4 {
			t.Fatalf("%g electrons", n)
		}
		if v == 0 {
			none++
		}
	}
	within(t, "pixels without an electron", float64(none)/float64(len(few.RGB)), math.Exp(-3), 0.004)
	m := even(2, 2, 0.5, 1)
	e.Expose(m, 0, cameraKey)
	if m.RGB[0] != 0 {
		t.Errorf("no exposure: %g, want black", m.RGB[0])
	}
	for _, c := range []struct{ target, mean, want float32 }{
		{0.2, 0.1, 2}, {0.2, 1e-6, 64}, {0.2, 10, 0.25}, {0.2, 0, 1}, {0, 0.2, 1},
	} {
		if got := e.Gain(c.target, c.mean); got != c.want {
			t.Errorf("gain from %g to %g: %g, want %g", c.mean, c.target, got, c.want)
		}
	}
}

func TestRelight(t *testing.T) {
	m := even(100, 100, 0.5, 8)
	Relight(m, 1, 50)
	if m.RGB[0] != 0.5 {
		t.Errorf("by day: %g, want unchanged", m.RGB[0])
	}
	Relight(m, 0.002, 50)
	top, road, near8 := float64(m.RGB[0]), float64(m.RGB[3*(90*100+50)]), 0.5*(0.002*(1-0.35*0.998)+0.998*0.04)
	within(t, "road 8 m ahead", road, near8, 1e-4)
	if !(top < road/5) {
		t.Errorf("above the cut-off %g, on the road %g: want under a fifth", top, road)
	}
	sky := even(100, 100, 0.5, float32(math.Inf(1)))
	Relight(sky, 0.002, 50)
	near(t, "sky", float64(sky.RGB[0]), 0.5*0.002*(1-0.35*0.998)*(1-0.998*darkSky), 1e-3)
	far := even(100, 100, 0.5, 16)
	Relight(far, 0, 50)
	near(t, "twice as far: a quarter", float64(far.RGB[3*(90*100+50)]), 0.5*0.04/4, 1e-3)
}

// TestCameraIdentity: no condition, no changed bit.
func TestCameraIdentity(t *testing.T) {
	m := pictureOf(64, 48)
	want := m.clone()
	c := timeline.Conditions{Weather: timeline.Weather{Light: 1}}
	NewCamera(specOf(64, 48)).Apply(m, &c, &CameraScene{Relight: true}, cameraKey, 5)
	if !slices.Equal(m.RGB, want.RGB) {
		t.Error("clear weather changed the picture")
	}
	dark := timeline.Conditions{}
	NewCamera(specOf(64, 48)).Apply(m, &dark, &CameraScene{}, cameraKey, 5)
	if !slices.Equal(m.RGB, want.RGB) {
		t.Error("night changed a picture that has its own light")
	}
}

// TestFogHides: contrast falls with the distance as transmission does, through exposure and all.
func TestFogHides(t *testing.T) {
	m := pictureOf(64, 48)
	fog := fogOf(0.06)
	spec := specOf(64, 48)
	spec.Scale = 0.1 // little noise
	NewCamera(spec).Apply(m, &fog, &CameraScene{}, cameraKey, 5)
	spread := func(y int) float64 {
		low, high := 1.0, 0.0
		for x := range 64 {
			v := float64(m.RGB[3*(y*64+x)])
			low, high = math.Min(low, v), math.Max(high, v)
		}
		return high - low
	}
	if near, far := spread(47), spread(26); far > near/5 {
		t.Errorf("contrast %g near and %g far, want the far one under a fifth", near, far)
	}
}

func TestCameraProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawConditions(t)
		w, h := rapid.IntRange(1, 40).Draw(t, "w"), rapid.IntRange(1, 40).Draw(t, "h")
		m := pictureOf(w, h)
		scene := CameraScene{Relight: rapid.Bool().Draw(t, "relight"), Velocity: [3]float64{0, 0, rapid.Float64Range(-40, 40).Draw(t, "v")}}
		first := m.clone()
		again := m.clone()
		for _, p := range []*Image{first, again} {
			NewCamera(specOf(w, h)).Apply(p, &c, &scene, cameraKey, 9)
		}
		if !slices.Equal(first.RGB, again.RGB) {
			t.Fatal("twice the same gives two pictures")
		}
		if !finite32(first.RGB...) {
			t.Fatalf("conditions %+v made a value that is not finite", c)
		}
		if slices.Min(first.RGB) < 0 {
			t.Fatalf("conditions %+v made negative light %g", c, slices.Min(first.RGB))
		}
	})
}

func everything() timeline.Conditions {
	return timeline.Conditions{
		Weather: timeline.Weather{FogPerM: 0.02, RainMmH: 10, SnowMmH: 1, WetMm: 1, Light: 0.1},
		Fault:   timeline.Fault{BlockedShare: 0.1, LensDrops: 0.5, BlurPx: 1, Glare: 0.3, Darken: 0.2},
	}
}

func TestCameraAllocatesNothing(t *testing.T) {
	m, c, scene := pictureOf(64, 48), everything(), CameraScene{Relight: true}
	cam := NewCamera(specOf(64, 48))
	frame := uint64(0)
	got := testing.AllocsPerRun(20, func() {
		frame++
		cam.Apply(m, &c, &scene, cameraKey, frame)
	})
	if got != 0 {
		t.Errorf("%.0f allocations a picture, want 0", got)
	}
}

func BenchmarkCamera(b *testing.B) {
	for _, c := range []struct {
		name string
		c    timeline.Conditions
	}{
		{"fog", fogOf(0.06)},
		{"rain", timeline.Conditions{Weather: timeline.Weather{RainMmH: 25, Light: 1}}},
		{"drops", timeline.Conditions{Weather: timeline.Weather{Light: 1}, Fault: timeline.Fault{LensDrops: 0.5}}},
		{"dirt", timeline.Conditions{Weather: timeline.Weather{Light: 1}, Fault: timeline.Fault{BlockedShare: 0.3}}},
		{"glare", timeline.Conditions{Weather: timeline.Weather{Light: 1}, Fault: timeline.Fault{Glare: 0.5}}},
		{"night", timeline.Conditions{}},
		{"all", everything()},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			in := pictureOf(256, 96)
			m, cam, scene := in.clone(), NewCamera(specOf(256, 96)), CameraScene{Relight: true}
			for i := range b.N {
				copy(m.RGB, in.RGB)
				cam.Apply(m, &c.c, &scene, cameraKey, uint64(i))
			}
		})
	}
}

// TestMeter: haze may be brighter than the clear picture, but no brighter than middle grey; night stays dark, and lighter than its light.
func TestMeter(t *testing.T) {
	meter := func(c timeline.Conditions, relight bool) float64 {
		m := pictureOf(128, 64)
		NewCamera(specOf(128, 64)).Apply(m, &c, &CameraScene{Relight: relight}, cameraKey, 5)
		return float64(m.meanLuminance())
	}
	plain := meter(timeline.Conditions{}, false)
	near(t, "fog", meter(fogOf(0.2), false), hazeTarget, 0.03)
	near(t, "dusk", meter(timeline.Conditions{Weather: timeline.Weather{Light: 0.1}}, true), plain*(0.35+0.65*0.1), 0.05)
	near(t, "a failing exposure", meter(timeline.Conditions{Weather: timeline.Weather{Light: 1}, Fault: timeline.Fault{Darken: 0.7}}, false), plain*0.3, 0.05)
	if glare := meter(timeline.Conditions{Weather: timeline.Weather{Light: 1}, Fault: timeline.Fault{Glare: 1}}, false); glare > 1.3*hazeTarget {
		t.Errorf("glare: mean %g, want the meter to hold it near %g", glare, hazeTarget)
	}
}

// TestStepsAreTheWhole: the simulator calls the steps, degrade the whole.
func TestStepsAreTheWhole(t *testing.T) {
	c := timeline.Conditions{Weather: timeline.Weather{Light: 1}, Fault: timeline.Fault{LensDrops: 0.3, BlurPx: 2, BlockedShare: 0.2}}
	whole, steps := pictureOf(64, 48), pictureOf(64, 48)
	NewCamera(specOf(64, 48)).Apply(whole, &c, &CameraScene{}, cameraKey, 5)
	cam := NewCamera(specOf(64, 48))
	cam.Scene(steps, &c, &CameraScene{}, cameraKey)
	cam.Lens(steps, &c.Fault, &CameraScene{}, cameraKey)
	if !slices.Equal(whole.RGB, steps.RGB) {
		t.Error("the steps differ from the whole")
	}
	scaled := specOf(64, 48)
	scaled.Scale = 0.5
	half, two := pictureOf(64, 48), pictureOf(64, 48)
	NewCamera(scaled).Apply(half, &timeline.Conditions{Weather: timeline.Weather{Light: 1}, Fault: timeline.Fault{BlurPx: 4}}, &CameraScene{}, cameraKey, 5)
	NewCamera(specOf(64, 48)).Defocus(two, 2)
	if !slices.Equal(half.RGB, two.RGB) {
		t.Error("a blur of 4 recorded pixels is not one of 2 in a picture of half the size")
	}
}
