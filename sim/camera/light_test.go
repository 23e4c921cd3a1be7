package camera

import (
	"math"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
	"github.com/fusiond/fusiond/sim/timeline"
)

var narrow = sensors.Intrinsics{Width: 41, Height: 41, Fx: 60, Fy: 60, Cx: 20, Cy: 20}

// sunPart is the light of a pixel that does not come from all around.
func sunPart(f *Frame, i int) float32 { return f.Image.RGB[3*i+1] - f.open[i]*f.ambient[i][1] }

func near(got, want, relative float64) bool { return math.Abs(got-want) <= relative*math.Abs(want) }

// grey is the reflectance of material.None, which has neither pattern nor gloss.
var grey = float64(material.Get(material.None).Albedo[1])

// TestLambert turns a wall away from the sun: its light falls with the cosine.
func TestLambert(t *testing.T) {
	cam, s := mount(t, narrow, Options{})
	w := timeline.Weather{Light: 1, SunElevationRad: 0.6, SunAzimuthRad: math.Pi} // behind the camera
	full := 0.0
	for _, c := range []struct{ degrees, want float64 }{{0, 1}, {30, math.Sqrt(3) / 2}, {60, 0.5}, {80, math.Cos(80 * math.Pi / 180)}, {100, 0}} {
		// The panel faces -x; tilt it up to the sun's height and then by the angle about y.
		half := (0.6 - c.degrees*math.Pi/180) / 2
		tilt := sensors.Identity
		tilt.Rotation.Real, tilt.Rotation.Jmag = math.Cos(half), math.Sin(half)
		pose := at(6, 0, 1.5).Mul(tilt)
		f := cam.NewFrame()
		f.Render(still(s, geom.NewScene(nil, []geom.Instance{put(panel(30, 30, material.None), pose, 1)}), w))
		got := float64(sunPart(f, 20*41+20))
		if c.degrees == 0 {
			full = got
			if want := grey * float64(f.day.direct[1]); !near(got, want, 1e-4) {
				t.Errorf("facing the sun: light %.5f, want reflectance times irradiance %.5f", got, want)
			}
		}
		if math.Abs(got-c.want*full) > 2e-4*full {
			t.Errorf("%v degrees from the normal: %.5f of full light, want %.5f", c.degrees, got/full, c.want)
		}
	}
}

// TestShadow stands a wall of 2 m on a floor under a sun at 45 degrees: its shadow is 2 m long.
func TestShadow(t *testing.T) {
	cam, s := mount(t, sensors.Intrinsics{Width: 80, Height: 60, Fx: 60, Fy: 60, Cx: 40, Cy: 20}, Options{})
	m := &geom.Mesh{}
	m.Quad(geom.Vec{-50, -50, 0}, geom.Vec{50, -50, 0}, geom.Vec{50, 50, 0}, geom.Vec{-50, 50, 0}, material.None)
	m.Block(geom.Vec{5.9, -30, 0}, geom.Vec{6, 30, 2}, material.None)
	f := cam.NewFrame()
	f.Render(still(s, geom.NewScene(geom.NewSolid(m), nil), timeline.Weather{Light: 1, SunElevationRad: math.Pi / 4}))
	k := cam.Intrinsics()
	lit, dark := 0, 0
	for v := 21; v < 60; v++ {
		x := 1.5 * k.Fy / (float64(v) - k.Cy) // of the floor in this row, in the middle column
		i := v*80 + 40
		sun := float64(sunPart(f, i))
		switch {
		case x > 5.8:
		case x > 3.95: // 5.9 - 2, and a little for the rounding of the shadow ray's start
			dark++
			if sun > 1e-6 {
				t.Errorf("floor at %.2f m: sunlight %.4f in the shadow", x, sun)
			}
		case x < 3.85:
			lit++
			if want := grey * float64(f.day.direct[1]) * math.Sin(math.Pi/4); !near(sun, want, 1e-3) {
				t.Errorf("floor at %.2f m: sunlight %.4f, want %.4f", x, sun, want)
			}
		}
	}
	if lit < 5 || dark < 5 {
		t.Errorf("%d rows in the sun and %d in the shadow: too few to tell", lit, dark)
	}
}

// TestLampInverseSquare lights a wall by a lamp before it: candela over the square of the distance, in lux over fullSunLux; and not at all
// with something between.
func TestLampInverseSquare(t *testing.T) {
	cam, s := mount(t, narrow, Options{})
	for _, c := range []struct {
		name    string
		metres  float32
		blocked bool
		want    float64
	}{
		{"5 m", 5, false, grey * 1000 / 25 / fullSunLux},
		{"10 m", 10, false, grey * 1000 / 100 / fullSunLux},
		{"blocked", 5, true, 0},
	} {
		in := []geom.Instance{put(panel(50, 50, material.None), at(40, 0, 1.5), 1)}
		m := still(s, geom.NewScene(nil, in), timeline.Weather{})
		m.Lamps = []Lamp{{At: geom.Vec{40 - c.metres, 0, 1.5}, Dir: geom.Vec{1, 0, 0}, Candela: 1000, Color: [3]float32{1, 1, 1}, Hidden: true}}
		if c.blocked {
			m.Scene.Reset(append(in, put(panel(0.2, 0.2, material.None), at(37, 0, 1.5), 2)))
			// The camera looks at the same place from higher up, past the thing between lamp and wall.
			m.Open.Translation.Z, m.Close.Translation.Z = 3, 3
			down := sensors.Identity
			half := math.Atan2(1.5, 40) / 2
			down.Rotation.Real, down.Rotation.Imag = math.Cos(half), -math.Sin(half)
			m.Open, m.Close = m.Open.Mul(down), m.Close.Mul(down)
		}
		f := cam.NewFrame()
		f.Render(m)
		got := float64(sunPart(f, 20*41+20))
		if math.Abs(got-c.want) > 2e-3*c.want+1e-10 { // shadow rays start 3 mm before the wall
			t.Errorf("%s: light %.4g, want %.4g", c.name, got, c.want)
		}
	}
}

// TestLampIsSeen draws a lamp: all its light arrives, whatever its size in pixels, unless something stands before it.
func TestLampIsSeen(t *testing.T) {
	cam, s := mount(t, sensors.Intrinsics{Width: 101, Height: 101, Fx: 400, Fy: 400, Cx: 50, Cy: 50}, Options{})
	for _, c := range []struct {
		name    string
		radius  float32
		blocked bool
	}{{"a point", 0.01, false}, {"a disc of several pixels", 0.3, false}, {"behind a wall", 0.3, true}} {
		var in []geom.Instance
		if c.blocked {
			in = append(in, put(panel(50, 50, material.None), at(15, 0, 1.5), 1))
		}
		m := still(s, geom.NewScene(nil, in), timeline.Weather{})
		f := cam.NewFrame()
		f.Render(m)
		before := total(f)
		m = still(s, geom.NewScene(nil, in), timeline.Weather{})
		m.Lamps = []Lamp{{At: geom.Vec{20, 0.07, 1.52}, Dir: geom.Vec{-1, 0, 0}, Candela: 50, Color: [3]float32{1, 1, 1}, RadiusM: c.radius}}
		f.Begin(m)
		f.glow = rgb{}
		f.RenderRows(0, 101)
		f.Finish()
		got := total(f) - before
		// Radiance times solid angle, pi taken in as everywhere.
		want := math.Pi * 50 / (20 * 20) / fullSunLux * 400 * 400
		if c.blocked {
			want = 0
		}
		if math.Abs(got-want) > 0.03*want+1e-9 {
			t.Errorf("%s: light in the picture %.4g, want %.4g", c.name, got, want)
		}
	}
}

func total(f *Frame) float64 {
	sum := 0.0
	for i := 1; i < len(f.Image.RGB); i += 3 {
		sum += float64(f.Image.RGB[i])
	}
	return sum
}

// TestRetroReflector looks at a sign from beside the lamp and from far off.
func TestRetroReflector(t *testing.T) {
	cam, s := mount(t, narrow, Options{})
	light := func(lamp geom.Vec) float64 {
		m := still(s, geom.NewScene(nil, []geom.Instance{put(panel(30, 30, material.SignWhite), at(40, 0, 1.5), 1)}), timeline.Weather{})
		m.Lamps = []Lamp{{At: lamp, Dir: geom.Vec{1, 0, 0}, Candela: 1000, Color: [3]float32{1, 1, 1}, Hidden: true}}
		f := cam.NewFrame()
		f.Render(m)
		return float64(sunPart(f, 20*41+20))
	}
	beside, off := light(geom.Vec{0, 0, 1.2}), light(geom.Vec{0, 12, 1.2})
	if beside < 10*off {
		t.Errorf("beside the lamp the sign shines %.3g, 12 m off %.3g: want ten times as bright at least", beside, off)
	}
}

// TestWetRoadMirrors stands a bright panel behind a road: wet, the road shows it upside down.
func TestWetRoadMirrors(t *testing.T) {
	cam, s := mount(t, sensors.Intrinsics{Width: 60, Height: 60, Fx: 60, Fy: 60, Cx: 30, Cy: 20}, Options{Samples: 8})
	road := &geom.Mesh{}
	road.Quad(geom.Vec{-50, -50, 0}, geom.Vec{90, -50, 0}, geom.Vec{90, 50, 0}, geom.Vec{-50, 50, 0}, material.AsphaltNew)
	scene := geom.NewScene(geom.NewSolid(road), []geom.Instance{put(panel(6, 3, material.ClothRed), at(20, 0, 1.5), 1)})
	redness := func(wet float64) float64 {
		f := cam.NewFrame()
		f.Render(still(s, scene, timeline.Weather{Light: 0.3, SunElevationRad: 0.9, WetMm: wet}))
		i := 3 * (26*60 + 30) // the floor at 15 m: the mirrored ray meets the panel half a metre up
		return float64(f.Image.RGB[i] / f.Image.RGB[i+1])
	}
	if dry, wet := redness(0), redness(1.5); wet < dry+0.1 {
		t.Errorf("red over green on the road is %.3f dry and %.3f wet: want the red panel in the wet one", dry, wet)
	}
}

func TestDaylight(t *testing.T) {
	of := func(w timeline.Weather) daylight { return newDaylight(&w, chance.Of(1)) }
	noon, low := of(timeline.Weather{Light: 1, SunElevationRad: 1.2}), of(timeline.Weather{Light: 0.5, SunElevationRad: 0.15})
	dull, night := of(timeline.Weather{Light: 0.2, SunElevationRad: 1.2}), of(timeline.Weather{SunElevationRad: -0.3})
	fog := of(timeline.Weather{Light: 1, SunElevationRad: 1.2, FogPerM: 0.03})
	white := noon.direct[1] + noon.above[1]
	for _, c := range []struct {
		name string
		ok   bool
		got  any
	}{
		{"white in full sun is about 1", white > 0.9 && white < 1.25, white},
		{"shadows at noon and under a low sun", noon.bright && low.bright, low.direct},
		{"a low sun is red", low.direct[0] > 1.5*low.direct[2], low.direct},
		{"the clear sky is blue", noon.zenith[2] > 2*noon.zenith[0], noon.zenith},
		{"a dull sky is grey and has no sun", !dull.bright && dull.zenith[2] < 1.2*dull.zenith[0], dull.zenith},
		{"fog has no sun but its light", !fog.bright && fog.above[1] > 0.05, fog.above},
		{"night is dark", !night.bright && night.above[1] < 1e-5 && night.above[1] > 0, night.above},
		{"glow about the sun", noon.sky(noon.sun, false)[1] > 1.3*noon.sky(geom.Vec{-noon.sun[0], 0, noon.sun[2]}.Unit(), false)[1], noon.sky(noon.sun, false)},
		{"the disc's light is that of the sun", near(float64(noon.disc(noon.sun, 0.02))*0.016*0.016, 1, 1e-3), noon.disc(noon.sun, 0.02)},
	} {
		if !c.ok {
			t.Errorf("%s: got %v", c.name, c.got)
		}
	}
}

func TestShutter(t *testing.T) {
	for _, c := range []struct {
		light     float64
		low, high time.Duration
	}{{1, time.Millisecond, time.Millisecond}, {0.5, time.Millisecond, 2 * time.Millisecond}, {0.1, 5 * time.Millisecond, 10 * time.Millisecond}, {0, 15999 * time.Microsecond, 16 * time.Millisecond}} {
		if got := Shutter(&timeline.Weather{Light: c.light}); got < c.low || got > c.high {
			t.Errorf("light %v: %v, want %v to %v", c.light, got, c.low, c.high)
		}
	}
}

// TestLightIsFinite renders and develops all weathers: every value is a number and not negative.
func TestLightIsFinite(t *testing.T) {
	cam, s := mount(t, *rigCamera(sensors.FisheyeKB4).Intrinsics, Options{Width: 64, Height: 36, EdgeSamples: 1})
	for name, w := range map[string]timeline.Weather{
		"clear": clearDay, "wet night": wetNight, "no sun": {Light: 1}, "dusk": {Light: 0.02, SunElevationRad: -0.05, SunAzimuthRad: 0.1},
		"into the sun": {Light: 0.4, SunElevationRad: 0.05}, "storm": {Light: 0.3, RainMmH: 80, SnowMmH: 5, FogPerM: 0.2, WetMm: 3, SunElevationRad: 1.5},
	} {
		f := cam.NewFrame()
		f.Render(townMoment(w))
		bad := func(stage string) {
			for i, v := range f.Image.RGB {
				if !(v >= 0) || math.IsInf(float64(v), 1) {
					t.Fatalf("%s, %s: light %v in value %d", name, stage, v, i)
				}
			}
		}
		bad("rendered")
		d, err := NewDeveloper(cam, s, 0)
		if err != nil {
			t.Fatal(err)
		}
		c := timeline.Conditions{Weather: w, Fault: timeline.Fault{Glare: 1, LensDrops: 1, BlockedShare: 0.5, BlurPx: 3}}
		if _, err := d.Develop(f, &Capture{Conditions: &c, Velocity: r3.Vec{Z: 30}, Sensor: 5}); err != nil {
			t.Fatal(err)
		}
		bad("developed")
	}
}

// TestCornersAreDark asks the light from around on a floor beside a wall and far from it, under a closed sky.
func TestCornersAreDark(t *testing.T) {
	cam, s := mount(t, sensors.Intrinsics{Width: 60, Height: 60, Fx: 60, Fy: 60, Cx: 30, Cy: 20}, Options{})
	m := &geom.Mesh{}
	m.Quad(geom.Vec{-50, -50, 0}, geom.Vec{90, -50, 0}, geom.Vec{90, 50, 0}, geom.Vec{-50, 50, 0}, material.None)
	m.Block(geom.Vec{4, -50, 0}, geom.Vec{5, 50, 30}, material.None)
	f := cam.NewFrame()
	f.Render(still(s, geom.NewScene(geom.NewSolid(m), nil), timeline.Weather{Light: 0.2, SunElevationRad: 0.9}))
	// A wall without end hides half of the sky from the corner; at a distance x its upper edge is far above the rays of nearM.
	corner, open := float64(f.open[44*60+30]), float64(f.open[59*60+30])
	want := 0.5 + 0.5*bounced
	if math.Abs(corner-want) > 0.12 || open < corner+0.03 {
		t.Errorf("free sky is %.2f in the corner and %.2f at %.1f m from it, want about %.2f and more", corner, open, 4-1.5*60/39, want)
	}
	free := f.open[0]
	if free != 1 && f.Object[0] == Sky {
		t.Errorf("the sky's own share is %v", free)
	}
}

// TestClouds holds that the clouds are the world's: the same for every frame and camera, others in another world.
func TestClouds(t *testing.T) {
	sky := func(world chance.Key) []float32 {
		d := newDaylight(&clearDay, world)
		var out []float32
		for i := range 200 {
			s, c := math.Sincos(2 * math.Pi * float64(i) / 200)
			dir := geom.Vec{float32(c), float32(s), 0.4}.Unit()
			out = append(out, d.sky(dir, true)[0]-d.sky(dir, false)[0])
		}
		return out
	}
	a, again, b := sky(chance.Of(1, "world")), sky(chance.Of(1, "world")), sky(chance.Of(2, "world"))
	if !slices.Equal(a, again) || slices.Equal(a, b) {
		t.Errorf("the clouds of a world are equal twice: %v, and of two worlds: %v; want true and false", slices.Equal(a, again), slices.Equal(a, b))
	}
	if _, variance := moments(a); math.Sqrt(variance) < 0.02 {
		t.Errorf("the sky varies by %.4f around the horizon: no clouds", math.Sqrt(variance))
	}
}

// TestNightIsNotBlack asks what lamps scatter into the shade of a lit street: a fraction of a lux to a few.
func TestNightIsNotBlack(t *testing.T) {
	cam, _ := mount(t, narrow, Options{})
	f := cam.NewFrame()
	f.Begin(townMoment(timeline.Weather{}))
	if lux := f.glow[1] * fullSunLux; !f.dark || lux < 0.2 || lux > 5 {
		t.Errorf("light in the shade is %.2f lx, lamps count: %v; want 0.2 to 5 lx and true", lux, f.dark)
	}
	f.Begin(townMoment(clearDay))
	if f.dark || f.glow != (rgb{}) {
		t.Errorf("by day lamps count: %v, and scatter %v; want false and nothing", f.dark, f.glow)
	}
}
