package camera

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
	"github.com/fusiond/fusiond/sim/timeline"
)

// lensCases are the lens models at a small size.
var lensCases = []struct {
	name string
	k    sensors.Intrinsics
}{
	{"pinhole", sensors.Intrinsics{Width: 160, Height: 90, Fx: 120, Fy: 118, Cx: 81, Cy: 43}},
	{"radtan", sensors.Intrinsics{Width: 160, Height: 90, Fx: 120, Fy: 118, Cx: 81, Cy: 43, Distortion: [8]float64{-0.25, 0.08, 0.002, -0.001, -0.01}}},
	{"fisheye", sensors.Intrinsics{Width: 160, Height: 90, Fx: 48, Fy: 48, Cx: 79, Cy: 46, Model: sensors.FisheyeKB4, Distortion: [8]float64{0.03, -0.005, 0.001, 0}}},
}

// mount makes a camera that looks along x from (0, 0, 1.5).
func mount(t testing.TB, k sensors.Intrinsics, o Options) (*Camera, *sensors.Sensor) {
	t.Helper()
	s := &sensors.Sensor{Name: "CAM", Modality: sensors.Camera, Intrinsics: &k, EgoFromSensor: forward(0)}
	s.EgoFromSensor.Translation.Z = 1.5
	c, err := New(s, o)
	if err != nil {
		t.Fatal(err)
	}
	return c, s
}

// still is a moment without motion, seen from the ego at the world's origin.
func still(s *sensors.Sensor, scene *geom.Scene, w timeline.Weather) *Moment {
	return &Moment{Scene: scene, Open: s.EgoFromSensor, Close: s.EgoFromSensor, CloseTime: 1, Weather: w, World: 1, Frame: 2}
}

// panel is an upright rectangle across x, centred at the origin, that faces -x.
func panel(width, height float32, id material.ID) *geom.Solid {
	m := &geom.Mesh{}
	w, h := width/2, height/2
	m.Quad(geom.Vec{0, w, -h}, geom.Vec{0, -w, -h}, geom.Vec{0, -w, h}, geom.Vec{0, w, h}, id)
	return geom.NewSolid(m)
}

func at(x, y, z float64) sensors.Pose { return sensors.FromYaw(0, r3.Vec{X: x, Y: y, Z: z}) }

func put(s *geom.Solid, p sensors.Pose, object int32) geom.Instance {
	return geom.Instance{Solid: s, Start: p, End: p, Object: object}
}

// TestPlaces holds where a panel is seen against the lens model, pixel by pixel: a pixel shows it exactly when its own ray meets it.
func TestPlaces(t *testing.T) {
	const x, y, z, wide, high = 6.037, 1.213, 1.107, 2.417, 1.631
	for _, c := range lensCases {
		for _, size := range []Options{{}, {Width: 320, Height: 180}, {Width: 97, Height: 61}} {
			cam, s := mount(t, c.k, size)
			f := cam.NewFrame()
			f.Render(still(s, geom.NewScene(nil, []geom.Instance{put(panel(wide, high, material.None), at(x, y, z), 7)}), clearDay))
			k := cam.Intrinsics()
			seen, wrong := 0, 0
			var sum r3.Vec
			for i, object := range f.Object {
				u, v := i%k.Width, i/k.Width
				want := int32(Sky)
				if ray, ok := k.Unproject(float64(u), float64(v)); ok && ray.Z > 0 {
					// Camera axes: right = -y, down = -z, forward = x.
					px, pz := -ray.X/ray.Z*x-y, -ray.Y/ray.Z*x+1.5-z
					if math.Abs(px) < wide/2 && math.Abs(pz) < high/2 {
						want = 7
					}
				}
				if object != want {
					wrong++
				}
				if object == 7 {
					seen++
					sum = r3.Add(sum, r3.Vec{X: float64(u), Y: float64(v)})
				}
			}
			if seen < 90 || wrong > 0 {
				t.Errorf("%s %dx%d: %d pixels show the panel and %d are wrong, want none wrong of at least 90", c.name, k.Width, k.Height, seen, wrong)
			}
			// The middle of the panel through Project, to the bend of the lens over it.
			u, v, ok := k.Project(r3.Vec{X: -y, Y: 1.5 - z, Z: x})
			if du, dv := sum.X/float64(seen)-u, sum.Y/float64(seen)-v; !ok || math.Hypot(du, dv) > 0.012*float64(k.Width) {
				t.Errorf("%s %dx%d: the middle of the panel is %.2f, %.2f px off", c.name, k.Width, k.Height, du, dv)
			}
		}
	}
}

func TestScaledKeepsEdges(t *testing.T) {
	k := &sensors.Intrinsics{Width: 1920, Height: 1080, Fx: 1970, Fy: 1969, Cx: 970, Cy: 483}
	s := Scaled(k, 320, 180)
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"left edge", (-0.5 - s.Cx) / s.Fx, (-0.5 - k.Cx) / k.Fx},
		{"right edge", (319.5 - s.Cx) / s.Fx, (1919.5 - k.Cx) / k.Fx},
		{"top", (-0.5 - s.Cy) / s.Fy, (-0.5 - k.Cy) / k.Fy},
		{"bottom", (179.5 - s.Cy) / s.Fy, (1079.5 - k.Cy) / k.Fy},
	} {
		if math.Abs(c.got-c.want) > 1e-12 {
			t.Errorf("%s: ray at %v, want %v", c.name, c.got, c.want)
		}
	}
	if s.Width != 320 || s.Height != 180 {
		t.Errorf("size %dx%d, want 320x180", s.Width, s.Height)
	}
}

// TestFisheyeCircle has an equidistant lens whose field ends at 180 degrees from the axis: a circle of radius pi f.
func TestFisheyeCircle(t *testing.T) {
	cam, s := mount(t, sensors.Intrinsics{Width: 201, Height: 201, Fx: 30, Fy: 30, Cx: 100, Cy: 100, Model: sensors.FisheyeKB4}, Options{})
	m := &geom.Mesh{}
	m.Block(geom.Vec{-50, -50, -50}, geom.Vec{50, 50, 50}, material.None)
	f := cam.NewFrame()
	f.Render(still(s, geom.NewScene(geom.NewSolid(m), nil), timeline.Weather{Light: 1}))
	for i, object := range f.Object {
		r := math.Hypot(float64(i%201-100), float64(i/201-100))
		switch {
		case r < 30*math.Pi-0.1 && object != geom.Static:
			t.Fatalf("pixel at radius %.1f shows object %d, want the room", r, object)
		case r > 30*math.Pi+0.1 && (object != Sky || f.Image.RGB[3*i] != 0 || !math.IsInf(float64(f.Image.Distance[i]), 1)):
			t.Fatalf("pixel at radius %.1f, outside the lens: object %d, light %v, distance %v, want nothing", r, object, f.Image.RGB[3*i], f.Image.Distance[i])
		}
	}
}

func TestDistancesAreHits(t *testing.T) {
	m := townMoment(clearDay)
	cam, _ := mount(t, *rigCamera(sensors.PinholeRadTan).Intrinsics, Options{Width: 96, Height: 54})
	f := cam.NewFrame()
	f.Begin(m)
	hits, sky := 0, 0
	for i := range f.Object {
		f.pixel(i)
		look := f.look(i, 0, 0.5)
		r := geom.Ray{Origin: look.origin, Dir: look.dir, Max: farM, Time: 0.5}
		var h geom.Hit
		if !m.Scene.Cast(&r, &h) {
			sky++
			if !math.IsInf(float64(f.Image.Distance[i]), 1) || f.Object[i] != Sky {
				t.Fatalf("pixel %d without a hit: distance %v, object %d, want +Inf and %d", i, f.Image.Distance[i], f.Object[i], Sky)
			}
			continue
		}
		hits++
		if f.Image.Distance[i] != h.Distance || f.Object[i] != h.Object {
			t.Fatalf("pixel %d: distance %v, object %d, want %v, %d", i, f.Image.Distance[i], f.Object[i], h.Distance, h.Object)
		}
	}
	if hits < 1000 || sky < 100 {
		t.Errorf("%d hits and %d of sky: the scene shows too little", hits, sky)
	}
}

// TestMotionBlur moves a panel across the picture at 20 m/s, 5 m ahead, for 10 ms: its edge smears over 20 * 0.01 * f / 5 pixels. Then the
// camera moves instead.
func TestMotionBlur(t *testing.T) {
	const speed, exposure, depth, focal = 20, 0.01, 5, 500
	const want = speed * exposure * focal / depth // 20 px
	for _, c := range []struct {
		name          string
		object, video float64
		samples       int
		want          float64
	}{
		{"object moves", speed, 0, 16, want},
		{"camera moves", 0, speed, 16, want},
		{"both alike", speed, speed, 16, 0},
		{"one sample", speed, 0, 1, 0},
	} {
		cam, s := mount(t, sensors.Intrinsics{Width: 200, Height: 9, Fx: focal, Fy: focal, Cx: 99.5, Cy: 4}, Options{Samples: c.samples})
		from := at(depth, -10, 1.5)
		to := from
		to.Translation.Y += c.object * exposure
		m := still(s, geom.NewScene(nil, []geom.Instance{{Solid: panel(20, 6, material.None), Start: from, End: to, Object: 1}}), clearDay)
		m.Close.Translation.Y += c.video * exposure
		f := cam.NewFrame()
		f.Render(m)
		// The share of the panel in each column, from the light of the sky and of the panel.
		row := f.Image.RGB[3*4*200:]
		sky, wall := row[0], row[3*199]
		area := 0.0 // of the smear: a ramp of width w has the integral of p(1-p) = w/6
		for u := range 200 {
			p := float64((row[3*u] - sky) / (wall - sky))
			area += p * (1 - p)
		}
		if got := 6 * area; math.Abs(got-c.want) > 2 { // a pixel, and the grain of 16 samples
			t.Errorf("%s: smeared over %.1f px, want %.1f", c.name, got, c.want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	good := sensors.Intrinsics{Width: 160, Height: 90, Fx: 100, Fy: 100, Cx: 80, Cy: 45}
	blind := good
	blind.Cx, blind.Distortion = 1e6, [8]float64{-5}
	flat := good
	flat.Fy = 0
	for _, c := range []struct {
		name string
		k    *sensors.Intrinsics
		o    Options
		want string
	}{
		{"none", nil, Options{}, "no intrinsics"},
		{"half a size", &good, Options{Width: 160}, "160x0"},
		{"huge", &good, Options{Width: 5000, Height: 90}, "5000x90"},
		{"samples", &good, Options{Samples: 17}, "17 rays"},
		{"edges", &good, Options{EdgeSamples: -1}, "-1 more"},
		{"flat", &flat, Options{}, "must be positive"},
		{"blind", &blind, Options{}, "no pixel"},
	} {
		_, err := New(&sensors.Sensor{Name: "CAM_X", Intrinsics: c.k}, c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "CAM_X") {
			t.Errorf("%s: got %v, want an error with CAM_X and %q", c.name, err, c.want)
		}
	}
	cam, s := mount(t, good, Options{})
	for _, quality := range []int{-1, 101} {
		if _, err := NewDeveloper(cam, s, quality); err == nil {
			t.Errorf("quality %d: got no error", quality)
		}
	}
}
