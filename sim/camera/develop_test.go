package camera

import (
	"bytes"
	"image/jpeg"
	"math"
	"slices"
	"sync"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
	"github.com/fusiond/fusiond/sim/timeline"
)

var wetNight = timeline.Weather{WetMm: 0.8, RainMmH: 4}

// TestSameBytes renders a wet night, with everything that draws chance, in one piece, in odd bands, and in bands at once.
func TestSameBytes(t *testing.T) {
	cam, s := mount(t, *rigCamera(sensors.PinholeRadTan).Intrinsics, Options{Width: 64, Height: 36, Samples: 2, EdgeSamples: 2})
	c := &Capture{Conditions: &timeline.Conditions{Weather: wetNight, Fault: timeline.Fault{LensDrops: 0.5}}, Velocity: r3.Vec{Z: 10}, Sensor: chance.Of(1, "CAM"), Index: 4}
	type result struct {
		rgb, distance []float32
		object        []int32
		file          []byte
	}
	finish := func(f *Frame) result {
		f.Finish()
		r := result{rgb: slices.Clone(f.Image.RGB), distance: slices.Clone(f.Image.Distance), object: slices.Clone(f.Object)}
		d, err := NewDeveloper(cam, s, 0)
		if err != nil {
			t.Fatal(err)
		}
		p, err := d.Develop(f, c)
		if err != nil {
			t.Fatal(err)
		}
		r.file = slices.Clone(p.JPEG)
		return r
	}
	whole := func() result {
		f := cam.NewFrame()
		f.Begin(townMoment(wetNight))
		f.RenderRows(0, 36)
		return finish(f)
	}
	want := whole()
	for name, render := range map[string]func(f *Frame){
		"bands from below": func(f *Frame) {
			for to := 36; to > 0; to -= 5 {
				f.RenderRows(max(to-5, 0), to)
			}
		},
		"bands at once": func(f *Frame) {
			var wg sync.WaitGroup
			for from := 0; from < 36; from += 9 {
				wg.Go(func() { f.RenderRows(from, from+9) })
			}
			wg.Wait()
		},
		"a used frame": func(f *Frame) {
			f.RenderRows(0, 36)
			f.Finish()
			f.Begin(townMoment(clearDay))
			f.RenderRows(0, 36)
			f.Finish()
			f.Begin(townMoment(wetNight))
			f.RenderRows(0, 36)
		},
	} {
		f := cam.NewFrame()
		f.Begin(townMoment(wetNight))
		render(f)
		got := finish(f)
		if !slices.Equal(got.rgb, want.rgb) || !slices.Equal(got.distance, want.distance) || !slices.Equal(got.object, want.object) || !bytes.Equal(got.file, want.file) {
			t.Errorf("%s: the picture differs from that in one piece", name)
		}
	}
	other := townMoment(wetNight)
	other.Frame++
	f := cam.NewFrame()
	f.Render(other)
	if slices.Equal(f.Image.RGB, want.rgb) {
		t.Error("another frame's key gives the same picture: no chance in it")
	}
}

// TestFogFollowsKoschmieder looks at black and white panels in fog: of the difference of their light, exp(-extinction distance) is left, and
// what is lost is airlight.
func TestFogFollowsKoschmieder(t *testing.T) {
	const perM = 0.04
	cam, s := mount(t, sensors.Intrinsics{Width: 81, Height: 11, Fx: 600, Fy: 600, Cx: 40, Cy: 5}, Options{})
	for _, metres := range []float64{10, 30, 75} {
		scene := geom.NewScene(nil, []geom.Instance{
			put(panel(100, 100, material.None), at(metres, 50, 1.5), 1), put(panel(100, 100, material.WindowFrame), at(metres, -50, 1.5), 2),
		})
		w := timeline.Weather{Light: 0.6, SunElevationRad: 0.8, FogPerM: perM}
		d, err := NewDeveloper(cam, s, 0)
		if err != nil {
			t.Fatal(err)
		}
		f := cam.NewFrame()
		f.Render(still(s, scene, w))
		dark, white := 3*(5*81+20)+1, 3*(5*81+60)+1
		before := f.Image.RGB[white] - f.Image.RGB[dark]
		darkWas := f.Image.RGB[dark]
		c := &Capture{Conditions: &timeline.Conditions{Weather: w}, Sensor: 1}
		lights := f.effectScene(r3.Vec{})
		d.air(f, c, &lights, 1)
		left := float64((f.Image.RGB[white] - f.Image.RGB[dark]) / before)
		through := math.Exp(-perM * float64(f.Image.Distance[dark/3]))
		if !near(left, through, 0.01) {
			t.Errorf("contrast at %v m: %.4f is left, want %.4f", metres, left, through)
		}
		want := float64(darkWas)*through + float64(lights.Airlight[1])*(1-through)
		if got := float64(f.Image.RGB[dark]); !near(got, want, 1e-3) || !(lights.Airlight[1] > 0.02) {
			t.Errorf("light at %v m: %.4f, want %.4f with airlight %.4f", metres, got, want, lights.Airlight[1])
		}
	}
}

// TestFogHasPatches lets the field of the fog reach the picture.
func TestFogHasPatches(t *testing.T) {
	cam, s := mount(t, narrow, Options{})
	d, err := NewDeveloper(cam, s, 0)
	if err != nil {
		t.Fatal(err)
	}
	w := timeline.Weather{Light: 0.6, SunElevationRad: 0.8, FogPerM: 0.04}
	field := effect.NewFogField(chance.Of(9, "fog"))
	field.At(0, 0, 0)
	f := cam.NewFrame()
	f.Render(still(s, geom.NewScene(nil, []geom.Instance{put(panel(90, 90, material.None), at(40, 0, 1.5), 1)}), w))
	c := &Capture{Conditions: &timeline.Conditions{Weather: w}, Fog: field, Sensor: 1}
	patch := d.patches(f, c)
	middle := 20*41 + 20
	if got, want := patch[middle], field.Mean(1, 0, f.Image.Distance[middle]); got != want || got == 1 {
		t.Errorf("fog straight ahead is %v of the mean, want %v", got, want)
	}
	c.Fog = nil
	if got := d.patches(f, c); got != nil {
		t.Errorf("without a field the fog has patches: %v", got[0])
	}
}

// TestNoiseGrowsWithGain exposes an even picture that needs more and more gain to look the same.
func TestNoiseGrowsWithGain(t *testing.T) {
	last := 0.0
	for _, gain := range []float32{300, 6000, 40000} {
		m := &effect.Image{W: 100, H: 100, RGB: make([]float32, 30000)}
		for i := range m.RGB {
			m.RGB[i] = 0.6
		}
		expose(m, &Sensor, gain, chance.Of(1, "noise"))
		mean, variance := moments(m.RGB)
		light := 0.6 / float64(gain)
		want := Sensor.NoiseSD(light, float64(gain)/headroom)
		if !near(mean, 0.6/headroom, 0.01) || !near(math.Sqrt(variance), want, 0.05) {
			t.Errorf("gain %v: mean %.4f with noise %.5f, want %.4f with %.5f", gain, mean, math.Sqrt(variance), 0.6/headroom, want)
		}
		if variance <= last {
			t.Errorf("gain %v: variance %.3g, want more than %.3g", gain, variance, last)
		}
		last = variance
	}
}

func moments(v []float32) (mean, variance float64) {
	for _, x := range v {
		mean += float64(x) / float64(len(v))
	}
	for _, x := range v {
		variance += (float64(x) - mean) * (float64(x) - mean) / float64(len(v))
	}
	return mean, variance
}

// TestBrightness develops the town by day, in fog and at night and looks at the codes.
func TestBrightness(t *testing.T) {
	cam, s := mount(t, *rigCamera(sensors.PinholeRadTan).Intrinsics, Options{Width: 128, Height: 72})
	s.EgoFromSensor = forward(0)
	for _, c := range []struct {
		name      string
		w         timeline.Weather
		low, high float64
	}{
		{"day", clearDay, 96, 108},
		{"dull day", timeline.Weather{Light: 0.2, SunElevationRad: 0.8}, 96, 108},
		{"fog", timeline.Weather{Light: 0.5, SunElevationRad: 0.8, FogPerM: 0.05}, 110, 152},
		{"night", timeline.Weather{}, 25, 75},
	} {
		d, err := NewDeveloper(cam, s, 0)
		if err != nil {
			t.Fatal(err)
		}
		f := cam.NewFrame()
		f.Render(townMoment(c.w))
		p, err := d.Develop(f, &Capture{Conditions: &timeline.Conditions{Weather: c.w}, Sensor: 1})
		if err != nil {
			t.Fatal(err)
		}
		if got := meanCode(p); got < c.low || got > c.high {
			t.Errorf("%s: mean code %.0f, want %.0f to %.0f", c.name, got, c.low, c.high)
		}
		back, err := jpeg.Decode(bytes.NewReader(p.JPEG))
		if err != nil || back.Bounds().Dx() != 128 || back.Bounds().Dy() != 72 {
			t.Errorf("%s: the JPEG decodes to %v, %v", c.name, back, err)
		}
	}
}

func meanCode(p Picture) float64 {
	sum := 0.0
	for i := 0; i < len(p.RGBA.Pix); i += 4 {
		sum += float64(int(p.RGBA.Pix[i])+int(p.RGBA.Pix[i+1])+int(p.RGBA.Pix[i+2])) / 3
	}
	return sum * 4 / float64(len(p.RGBA.Pix))
}

// TestFaultsReachThePicture holds that each fault of a camera changes it, and only for the fault's time.
func TestFaultsReachThePicture(t *testing.T) {
	cam, s := mount(t, *rigCamera(sensors.PinholeRadTan).Intrinsics, Options{Width: 96, Height: 54})
	f := cam.NewFrame()
	f.Render(townMoment(clearDay))
	raw := slices.Clone(f.Image.RGB)
	d, err := NewDeveloper(cam, s, 0)
	if err != nil {
		t.Fatal(err)
	}
	with := func(fault timeline.Fault) (pix []uint8, mean float64) {
		copy(f.Image.RGB, raw)
		p, err := d.Develop(f, &Capture{Conditions: &timeline.Conditions{Weather: clearDay, Fault: fault}, Sensor: chance.Of(3, "CAM")})
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(p.RGBA.Pix), meanCode(p)
	}
	clean, mean := with(timeline.Fault{})
	for _, c := range []struct {
		name  string
		fault timeline.Fault
	}{
		{"drops", timeline.Fault{LensDrops: 0.8}},
		{"blur", timeline.Fault{BlurPx: 40}},
		{"glare", timeline.Fault{Glare: 0.8}},
		{"dirt", timeline.Fault{BlockedShare: 0.4}},
		{"darken", timeline.Fault{Darken: 0.7}},
	} {
		if got, _ := with(c.fault); slices.Equal(got, clean) {
			t.Errorf("%s changes nothing", c.name)
		}
	}
	if _, dark := with(timeline.Fault{Darken: 0.7}); dark > 0.7*mean {
		t.Errorf("70 %% darker has mean code %.0f of %.0f: the meter took it back", dark, mean)
	}
	if again, _ := with(timeline.Fault{}); !slices.Equal(again, clean) {
		t.Error("after the faults the clean picture is another")
	}
}

// TestHaloKeepsLight spreads one bright pixel: it scatters haloShare of what is above white, and nothing when nothing is.
func TestHaloKeepsLight(t *testing.T) {
	d := &Developer{}
	m := &effect.Image{W: 160, H: 120, RGB: make([]float32, 3*160*120)}
	m.RGB[3*(60*160+80)] = 21
	d.halo(m)
	sum := 0.0
	for i := 0; i < len(m.RGB); i += 3 {
		sum += float64(m.RGB[i])
	}
	if want := 21 + haloShare*20; math.Abs(sum-want) > 0.01 {
		t.Errorf("light with its halo %.4f, want %.4f", sum, want)
	}
	if m.RGB[3*(60*160+90)] <= m.RGB[3*(60*160+110)] || m.RGB[3*(60*160+110)] <= 0 {
		t.Errorf("halo 10 px away %v, 30 px away %v: want it to fall but be there", m.RGB[3*(60*160+90)], m.RGB[3*(60*160+110)])
	}
}

// TestLampsHaveHalos develops a lamp before a black night: its surroundings are not black any more.
func TestLampsHaveHalos(t *testing.T) {
	cam, s := mount(t, sensors.Intrinsics{Width: 81, Height: 81, Fx: 200, Fy: 200, Cx: 40, Cy: 40}, Options{})
	m := still(s, geom.NewScene(nil, nil), timeline.Weather{})
	m.Lamps = []Lamp{{At: geom.Vec{20, 0, 1.5}, Dir: geom.Vec{-1, 0, 0}, Candela: 2000, Color: HeadColor, RadiusM: 0.2}}
	f := cam.NewFrame()
	f.Render(m)
	scatters := &effect.Image{W: 81, H: 81, RGB: slices.Clone(f.Image.RGB)}
	d, err := NewDeveloper(cam, s, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := &Capture{Conditions: &timeline.Conditions{}, Sensor: 1}
	scene := f.effectScene(r3.Vec{})
	gain := d.lens(scatters, c, &scene)
	i := 3*(40*81+52) + 1 // 12 px beside it
	if before, after := f.Image.RGB[i]*gain, scatters.RGB[i]; after < before+0.01 {
		t.Errorf("beside the lamp %.4f of white, %.4f without a lens: want a halo", after, before)
	}
}

// TestEdgesAreSmooth counts the grey levels at the edge of a slanted panel.
func TestEdgesAreSmooth(t *testing.T) {
	levels := func(edge int) int {
		cam, s := mount(t, narrow, Options{EdgeSamples: edge})
		f := cam.NewFrame()
		f.Render(still(s, geom.NewScene(nil, []geom.Instance{put(panel(6, 4, material.None), at(20, 0.03, 1.52), 1)}), timeline.Weather{Light: 0.2, SunElevationRad: 0.8}))
		seen := map[int]bool{}
		for i := range f.Object {
			seen[int(f.Image.RGB[3*i+1]*200)] = true
		}
		return len(seen)
	}
	if rough, smooth := levels(0), levels(7); smooth < rough+3 {
		t.Errorf("%d levels with one ray, %d with seven more at edges: want more", rough, smooth)
	}
}

// TestNothingIsAllocated holds for all but the JPEG, whose encoder makes a few objects of its own.
func TestNothingIsAllocated(t *testing.T) {
	cam, s := mount(t, *rigCamera(sensors.PinholeRadTan).Intrinsics, Options{Width: 64, Height: 36, EdgeSamples: 2})
	f := cam.NewFrame()
	m := townMoment(wetNight)
	f.Render(m)
	if got := testing.AllocsPerRun(3, func() { f.Render(m) }); got != 0 {
		t.Errorf("a frame makes %v allocations, want 0", got)
	}
	d, err := NewDeveloper(cam, s, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := &Capture{Conditions: &timeline.Conditions{Weather: clearDay}, Sensor: 1}
	f.Render(townMoment(clearDay))
	var file bytes.Buffer
	if err := jpeg.Encode(&file, d.codes, &d.options); err != nil {
		t.Fatal(err)
	}
	encoder := testing.AllocsPerRun(3, func() {
		file.Reset()
		if jpeg.Encode(&file, d.codes, &d.options) != nil {
			t.Error("the picture does not encode")
		}
	})
	got := testing.AllocsPerRun(3, func() {
		if _, err := d.Develop(f, c); err != nil {
			t.Error(err)
		}
	})
	if got > encoder {
		t.Errorf("developing makes %v allocations, the encoder alone %v: want no more", got, encoder)
	}
}
