package camera

import (
	"math"
	"testing"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
	"github.com/fusiond/fusiond/sim/timeline"
)

var dull = timeline.Weather{Light: 0.2, SunElevationRad: 0.9}

// floor is 200 m x 200 m of a material.
func floor(id material.ID) *geom.Solid {
	m := &geom.Mesh{}
	m.Quad(geom.Vec{-100, -100, 0}, geom.Vec{100, -100, 0}, geom.Vec{100, 100, 0}, geom.Vec{-100, 100, 0}, id)
	return geom.NewSolid(m)
}

func TestBeams(t *testing.T) {
	level := func(degrees float64) geom.Vec { // in the plane of x and y
		s, c := math.Sincos(degrees * math.Pi / 180)
		return geom.Vec{float32(c), float32(s), 0}
	}
	upright := func(degrees float64) geom.Vec { // above the horizontal
		s, c := math.Sincos(degrees * math.Pi / 180)
		return geom.Vec{float32(c), 0, float32(s)}
	}
	ahead, down := geom.Vec{1, 0, 0}, geom.Vec{0, 0, -1}
	for _, c := range []struct {
		name      string
		beam      Beam
		axis, way geom.Vec
		low, high float32
	}{
		{"wide on its axis", Wide, ahead, ahead, 1, 1},
		{"wide at 60 degrees", Wide, ahead, level(60), 0.499, 0.501},
		{"wide from behind", Wide, ahead, level(150), 0, 0},
		{"low beam a degree down", LowBeam, ahead, upright(-1.2), 0.6, 1},
		{"low beam above the cut", LowBeam, ahead, upright(2), 0.01, 0.05},
		{"low beam close in front", LowBeam, ahead, upright(-15), 0.02, 0.2},
		{"low beam 15 degrees aside", LowBeam, ahead, level(15).Add(geom.Vec{0, 0, -0.02}).Unit(), 0.2, 0.6},
		{"low beam from behind", LowBeam, ahead, level(120), 0, 0},
		{"street lamp down", Down, down, down, 1, 1},
		{"street lamp at 60 degrees", Down, down, upright(-30), 1.49, 1.51},
		{"street lamp level", Down, down, ahead, 0.005, 0.02},
	} {
		l := litLamp{Lamp: Lamp{Dir: c.axis, Candela: 1, Beam: c.beam}, side: geom.Vec{-c.axis[1], c.axis[0], 0}.Unit()}
		if got := l.candela(c.way); got < c.low-1e-6 || got > c.high+1e-6 {
			t.Errorf("%s: %v of the axis, want %v to %v", c.name, got, c.low, c.high)
		}
	}
}

func TestWaterDarkensTheRoad(t *testing.T) {
	cam, s := mount(t, narrow, Options{})
	light := func(wet float64) float32 {
		w := dull
		w.WetMm = wet
		f := cam.NewFrame()
		f.Render(still(s, geom.NewScene(floor(material.AsphaltNew), nil), w))
		return f.ambient[40*41+20][1]
	}
	if got := light(5) / light(0); math.Abs(float64(got)-wetDiffuse) > 1e-3 {
		t.Errorf("a closed film leaves %.3f of the diffuse light, want %v", got, wetDiffuse)
	}
}

// TestStreaks looks at the reflection of a lamp in a wet road: bright, under the lamp, and longer than wide.
func TestStreaks(t *testing.T) {
	cam, s := mount(t, sensors.Intrinsics{Width: 121, Height: 121, Fx: 300, Fy: 300, Cx: 60, Cy: 10}, Options{})
	render := func(wet float64) *Frame {
		m := still(s, geom.NewScene(floor(material.AsphaltNew), nil), timeline.Weather{WetMm: wet})
		m.Lamps = []Lamp{{At: geom.Vec{30, 0, 1.5}, Dir: geom.Vec{-1, 0, 0}, Candela: 200, Color: HeadColor}}
		f := cam.NewFrame()
		f.Render(m)
		return f
	}
	wet, dry := render(5), render(0)
	// Equal heights: the mirror point is half way, 15 m off and 1.5 m down.
	mirror := 3*((10+30)*121+60) + 1
	if wet.Image.RGB[mirror] < 20*dry.Image.RGB[mirror] {
		t.Errorf("the mirror point shines %.3g wet and %.3g dry: want 20 times as much", wet.Image.RGB[mirror], dry.Image.RGB[mirror])
	}
	long, wide := 0, 0
	for i := range 121 {
		if i > 15 && wet.Image.RGB[3*(i*121+60)+1] > wet.Image.RGB[mirror]/4 {
			long++
		}
		if wet.Image.RGB[3*(40*121+i)+1] > wet.Image.RGB[mirror]/4 {
			wide++
		}
	}
	if wide == 0 || long < 3*wide {
		t.Errorf("the streak is %d px long and %d wide: want it three times as long", long, wide)
	}
}

// TestPanes looks through glass at a red wall close behind it, as at a seat, and far behind it.
func TestPanes(t *testing.T) {
	cam, s := mount(t, narrow, Options{})
	redness := func(in ...geom.Instance) (ambient, light float32) {
		f := cam.NewFrame()
		f.Render(still(s, geom.NewScene(nil, in), dull))
		i := 20*41 + 20
		return f.ambient[i][0] - f.ambient[i][1], f.Image.RGB[3*i] - f.Image.RGB[3*i+1]
	}
	wall := func(x float64) geom.Instance { return put(panel(40, 40, material.ClothRed), at(x, 0, 1.5), 2) }
	pane := put(panel(40, 40, material.Glass), at(5, 0, 1.5), 1)
	bare, _ := redness(wall(12))
	far, light := redness(wall(12), pane)
	seat, _ := redness(wall(6), pane)
	through := material.Get(material.Glass).Clear
	if got := far / bare; math.Abs(float64(got-through)) > 0.03 || light <= 0 {
		t.Errorf("through glass the wall has %.3f of its colour, want %v", got, through)
	}
	if got := seat / bare; math.Abs(float64(got-through*insideFree)) > 0.02 {
		t.Errorf("inside behind glass the wall has %.3f of its colour, want %.3f", got, through*insideFree)
	}
}

// TestGlossGrowsAtGrazing looks at black paint steeply and flat.
func TestGlossGrowsAtGrazing(t *testing.T) {
	cam, s := mount(t, narrow, Options{})
	f := cam.NewFrame()
	f.Begin(still(s, geom.NewScene(nil, nil), dull))
	m := material.Get(material.CarBlack)
	n := geom.Vec{0, 0, 1}
	for _, c := range []struct {
		name string
		dir  geom.Vec
		want float32
	}{
		{"steep", geom.Vec{0.01, 0, -1}.Unit(), m.Gloss},
		{"flat", geom.Vec{1, 0, -0.001}.Unit(), 6 * m.Gloss},
	} {
		var light rgb
		f.gloss(&light, m, n, c.dir, -c.dir.Dot(n), true)
		sky := f.day.around(reflect(c.dir, n))
		if got := light[1] / sky[1]; math.Abs(float64(got-c.want)) > 0.01 {
			t.Errorf("%s: mirrors %.3f of the sky, want %.3f", c.name, got, c.want)
		}
	}
}

// TestLeavesDiffer holds that a crown is not lit like a wall: neighbouring leaves look to all sides.
func TestLeavesDiffer(t *testing.T) {
	cam, s := mount(t, sensors.Intrinsics{Width: 41, Height: 41, Fx: 160, Fy: 160, Cx: 20, Cy: 20}, Options{})
	spread := func(id material.ID) float64 {
		f := cam.NewFrame()
		f.Render(still(s, geom.NewScene(nil, []geom.Instance{put(panel(30, 30, id), at(6, 0, 1.5), 1)}), timeline.Weather{Light: 1, SunElevationRad: 0.6, SunAzimuthRad: math.Pi}))
		var light []float32
		for i := range f.Object {
			light = append(light, sunPart(f, i)/f.ambient[i][1]) // the colour divides out
		}
		mean, variance := moments(light)
		return math.Sqrt(variance) / mean
	}
	if leaves, wall := spread(material.Leaves), spread(material.None); leaves < 0.15 || wall > 0.05 {
		t.Errorf("sunlight varies by %.3f of its mean over leaves and %.3f over a wall: want 0.15 at least and 0.05 at most", leaves, wall)
	}
}

func TestToneCurve(t *testing.T) {
	code := func(light float32) int { return int(tone[toneIndex(light/headroom)]) }
	srgb := func(light float64) int { return int(math.Round(255 * effect.ToSRGB(light))) }
	for i := 1; i < len(tone); i++ {
		if tone[i] < tone[i-1] {
			t.Fatalf("step %d: code %d after %d", i, tone[i], tone[i-1])
		}
	}
	if code(0) != 0 || code(headroom) < 250 {
		t.Errorf("codes of black and of the brightest are %d and %d, want 0 and 250 at least", code(0), code(headroom))
	}
	if code(0.05) >= srgb(0.05) || code(0.4) <= srgb(0.4) {
		t.Errorf("codes of 0.05 and 0.4 are %d and %d, want below %d and above %d: steeper than sRGB in the middle", code(0.05), code(0.4), srgb(0.05), srgb(0.4))
	}
	if code(1) >= 255 || code(1.5) <= code(1) {
		t.Errorf("codes of white and half as bright again are %d and %d: want a shoulder", code(1), code(1.5))
	}
}

// TestLeavesLetLightThrough looks at a crown and at a wall against the sun; the leaves face all ways, so only the mean counts.
func TestLeavesLetLightThrough(t *testing.T) {
	cam, s := mount(t, narrow, Options{})
	for _, c := range []struct {
		id        material.ID
		low, high float64
	}{{material.Leaves, 0.1, 0.5}, {material.None, 0, 0}} {
		f := cam.NewFrame()
		f.Render(still(s, geom.NewScene(nil, []geom.Instance{put(panel(90, 90, c.id), at(40, 0, 1.5), 1)}), timeline.Weather{Light: 1, SunElevationRad: 0.6}))
		i := 20*41 + 20 // so far off that single leaves do not count
		albedo := material.Color(c.id, [3]float32{}, [3]float32{-1, 0, 0}, 10)[1]
		if got := float64(sunPart(f, i) / (albedo * f.day.direct[1])); got < c.low || got > c.high {
			t.Errorf("%s against the sun: %.3f of the light comes through, want %v to %v", material.Get(c.id).Name, got, c.low, c.high)
		}
	}
}
