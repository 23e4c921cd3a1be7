package fusion

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/sensors"
)

// wall is a face of points across the ego's x axis at distance x, 10 cm apart.
func wall(x, y0, y1, z0, z1 float64) (out []sensors.Point) {
	for y := y0; y <= y1; y += 0.1 {
		for z := z0; z <= z1; z += 0.1 {
			out = append(out, sensors.Point{X: float32(x), Y: float32(y), Z: float32(z)})
		}
	}
	return out
}

// side is a face of points along the ego's x axis.
func side(y, x0, x1, z0, z1 float64) (out []sensors.Point) {
	for _, p := range wall(y, x0, x1, z0, z1) {
		out = append(out, sensors.Point{X: p.Y, Y: p.X, Z: p.Z})
	}
	return out
}

// seen is the box that camera ahead() sees of a body.
func seen(class int, x0, x1, y0, y1, z0, z1 float64) encoders.Box2D {
	b := encoders.Box2D{Class: class, Score: 0.8, Left: math.Inf(1), Top: math.Inf(1), Right: math.Inf(-1), Bottom: math.Inf(-1)}
	c := ahead()
	for _, x := range []float64{x0, x1} {
		for _, y := range []float64{y0, y1} {
			for _, z := range []float64{z0, z1} {
				p := c.CameraFromEgo.Apply(r3.Vec{X: x, Y: y, Z: z})
				u, v := c.View.Fx*p.X/p.Z+c.View.Cx, c.View.Fy*p.Y/p.Z+c.View.Cy
				b.Left, b.Right, b.Top, b.Bottom = math.Min(b.Left, u), math.Max(b.Right, u), math.Min(b.Top, v), math.Max(b.Bottom, v)
			}
		}
	}
	return b
}

func TestFrustum(t *testing.T) {
	carSize, manSize := classSizes["car"], classSizes["pedestrian"]
	rear := wall(12, -0.9, 0.9, 0.3, 1.4)
	turned := sensors.FromYaw(0.3, r3.Vec{X: 1})
	back := turned.Inverse()
	moved := make([]sensors.Point, len(rear)) // as the sweep saw it, before the ego turned
	for i, p := range rear {
		q := back.Apply(r3.Vec{X: float64(p.X), Y: float64(p.Y), Z: float64(p.Z)})
		moved[i] = sensors.Point{X: float32(q.X), Y: float32(q.Y), Z: float32(q.Z)}
	}
	groundErr := func(d float64) float64 { return d * d / 1.5 * 0.01 }
	tests := []struct {
		name         string
		box          encoders.Box2D
		size         boxSize
		points       []sensors.Point
		setFromSweep sensors.Pose
		x, y, yaw    float64
		score        float64
		tolerance    float64 // m
	}{
		{"a car's rear: nothing tells that it does not stand along the road", seen(2, 12, 16.6, -0.95, 0.95, 0, 1.7), carSize, rear, sensors.Identity, 12 + 4.63/2, 0, 0, 0.64, 0.15},
		{"in the sweep's frame", seen(2, 12, 16.6, -0.95, 0.95, 0, 1.7), carSize, moved, turned, 12 + 4.63/2, 0, 0, 0.64, 0.15},
		{"a house behind it, over its roof", seen(2, 12, 16.6, -0.95, 0.95, 0, 1.7), carSize, append(slices.Clone(rear), wall(30, -8, 8, 1.3, 4)...), sensors.Identity, 12 + 4.63/2, 0, 0, 0.64, 0.15},
		{"a few drops of rain before it", seen(2, 12, 16.6, -0.95, 0.95, 0, 1.7), carSize, append(wall(5, -0.1, 0.1, 1.2, 1.3), rear...), sensors.Identity, 12 + 4.63/2, 0, 0, 0.64, 0.15},
		{"a car's side: its length across", seen(2, 15, 17, -2.3, 2.3, 0, 1.7), carSize, wall(15, -2.2, 2.2, 0.3, 1.4), sensors.Identity, 15 + 1.97/2, 0, math.Pi / 2, 0.64, 0.15},
		{"three metres of its side are a side", seen(2, 15, 17, -2.3, 2.3, 0, 1.7), carSize, wall(15, -1.5, 1.5, 0.3, 1.4), sensors.Identity, 15 + 1.97/2, 0, math.Pi / 2, 0.64, 0.15},
		{"two are none", seen(2, 15, 17, -2.3, 2.3, 0, 1.7), carSize, wall(15, -1, 1, 0.3, 1.4), sensors.Identity, 15 + 4.63/2, 0, 0, 0.64, 0.15},
		{"nor is a corner", seen(2, 15, 17, -2.3, 2.3, 0, 1.7), carSize, append(wall(15, -2, 2, 0.3, 1.4), side(2, 15, 19, 0.3, 1.4)...), sensors.Identity, 15 + 4.63/2, 0, 0, 0.64, 0.3},
		{"a man", seen(1, 14.7, 15.3, 2.7, 3.3, 0, 1.8), manSize, wall(14.8, 2.8, 3.2, 0.3, 1.7), sensors.Identity, 14.8 + 0.35, 3.07, 0, 0.64, 0.15},
		{"no lidar: where it meets the road", seen(2, 12, 16.6, -0.95, 0.95, 0, 1.7), carSize, nil, sensors.Identity, 12 + 4.63/2, 0, 0, 0.8 * 2 / (2 + groundErr(12)), 0.1},
		{"no lidar, far: worth less", seen(2, 40, 44.6, -0.95, 0.95, 0, 1.7), carSize, nil, sensors.Identity, 40 + 4.63/2, 0, 0, 0.8 * 2 / (2 + groundErr(40)), 0.1},
		{"points of the road alone", seen(2, 12, 16.6, -0.95, 0.95, 0, 1.7), carSize, wall(13, -1, 1, -0.1, 0.2), sensors.Identity, 12 + 4.63/2, 0, 0, 0.8 * 2 / (2 + groundErr(12)), 0.1},
		{"three points are too few", seen(2, 12, 16.6, -0.95, 0.95, 0, 1.7), carSize, rear[:3], sensors.Identity, 12 + 4.63/2, 0, 0, 0.8 * 2 / (2 + groundErr(12)), 0.1},
		{"points beside it", seen(2, 12, 16.6, -0.95, 0.95, 0, 1.7), carSize, side(3, 10, 14, 0.3, 1.4), sensors.Identity, 12 + 4.63/2, 0, 0, 0.8 * 2 / (2 + groundErr(12)), 0.1},
	}
	for _, tt := range tests {
		var f frustum
		c := ahead()
		f.look(&c, tt.points, tt.setFromSweep)
		d, ok := f.lift(&tt.box, tt.size)
		if !ok {
			t.Errorf("%s: not lifted", tt.name)
			continue
		}
		// Axes of faces sampled evenly along them are exact to the sampling.
		off := math.Hypot(d.X-tt.x, d.Y-tt.y)
		if off > tt.tolerance || math.Abs(math.Sin(d.Yaw-tt.yaw)) > 0.02 || math.Abs(d.Score-tt.score) > 0.01 {
			t.Errorf("%s: got %+v, want (%g, %g), yaw %g, score %.3f", tt.name, d, tt.x, tt.y, tt.yaw, tt.score)
		}
		if d.Length != tt.size.l || d.Width != tt.size.w || d.Height != tt.size.h || math.Abs(d.Z-tt.size.h/2) > 0.25 || d.Vx != 0 {
			t.Errorf("%s: got a box %+v, want %+v standing on the road", tt.name, d, tt.size)
		}
	}
}

func TestFrustumRefuses(t *testing.T) {
	tests := []struct {
		name string
		box  encoders.Box2D
	}{
		{"above the horizon", encoders.Box2D{Left: 180, Right: 220, Top: 50, Bottom: 190}},
		{"beyond what the ground tells", encoders.Box2D{Left: 198, Right: 202, Top: 196, Bottom: 207}},
	}
	for _, tt := range tests {
		var f frustum
		c := ahead()
		f.look(&c, nil, sensors.Identity)
		if d, ok := f.lift(&tt.box, classSizes["car"]); ok {
			t.Errorf("%s: lifted to %+v", tt.name, d)
		}
	}
}

// TestForeign: boxes of several cameras, those of other members, unknown classes and places off the grid.
func TestForeign(t *testing.T) {
	p := latePackage()
	f, err := newForeign(&p.Members[0], p)
	if err != nil {
		t.Fatal(err)
	}
	behind := ahead()
	behind.CameraFromEgo = behind.CameraFromEgo.Mul(sensors.FromYaw(math.Pi, r3.Vec{}))
	gone := ahead()
	gone.Present = false
	near, far := seen(1, 14.7, 15.3, -0.3, 0.3, 0, 1.8), seen(2, 12, 16.6, -0.95, 0.95, 0, 1.7)
	near.Score = 0.5
	in := lateInput(4)
	in.Sightings = []Sighting{
		{Member: "yolo", Camera: ahead(), Boxes: []encoders.Box2D{near, {Class: 0, Score: 1, Left: 100, Right: 300, Top: 100, Bottom: 300}}},
		{Member: "yolo", Camera: behind, Boxes: []encoders.Box2D{far, seen(2, 55, 58, -1, 1, 0, 1.7)}},
		{Member: "yolo", Camera: gone, Boxes: []encoders.Box2D{far}},
		{Member: "other", Camera: ahead(), Boxes: []encoders.Box2D{far}},
	}
	dets, ok := f.lift(in)
	if !ok || len(dets) != 2 {
		t.Fatalf("got %+v, %t, want the car behind and the man ahead", dets, ok)
	}
	if c := dets[0]; c.Class != 2 || math.Abs(c.X+14.3) > 0.1 || c.Row != int((c.X+51.2)/0.8) || c.Col != int((c.Y+51.2)/0.8) {
		t.Errorf("first %+v, want the car behind in its cell", c)
	}
	if m := dets[1]; m.Class != 1 || math.Abs(m.X-15) > 0.2 {
		t.Errorf("second %+v, want the man ahead", m)
	}
	in.Sightings = in.Sightings[2:]
	if _, ok := f.lift(in); ok {
		t.Error("a member whose cameras are gone has an opinion")
	}
	in.Sightings = []Sighting{{Member: "yolo", Camera: ahead()}}
	if dets, ok := f.lift(in); !ok || len(dets) != 0 {
		t.Errorf("a member that saw nothing: got %v, %t, want an empty opinion", dets, ok)
	}
}

// BenchmarkLook projects a sweep of 100 000 points into one camera and lifts ten boxes.
func BenchmarkLook(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // repeatable on purpose
	points := make([]sensors.Point, 100_000)
	for i := range points {
		points[i] = sensors.Point{X: float32(rng.NormFloat64() * 20), Y: float32(rng.NormFloat64() * 20), Z: float32(rng.Float64()*3 - 1)}
	}
	var f frustum
	c := ahead()
	b.ReportAllocs()
	for b.Loop() {
		f.look(&c, points, sensors.Identity)
		for k := range 10 {
			box := encoders.Box2D{Class: 2, Score: 0.5, Left: float64(30 * k), Right: float64(30*k + 50), Top: 190, Bottom: 240}
			f.lift(&box, classSizes["car"])
		}
	}
}
