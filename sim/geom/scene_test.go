package geom

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"
	"pgregory.net/rapid"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/material"
)

// bruteForce is the nearest hit by testing every triangle of every mesh in double precision, with instances moved by the exact
// interpolation of poses. unsure says that float32 may decide otherwise: the ray passes an edge, or grazes a triangle, before that.
func bruteForce(meshes []*Mesh, poses []func(float64) sensors.Pose, r Ray) (distance float64, who int, unsure bool) {
	distance, who = math.Inf(1), -1
	doubt := math.Inf(1)
	for k, m := range meshes {
		p := poses[k](float64(r.Time))
		o := p.Inverse().Apply(wide(r.Origin))
		d := p.Inverse().Rotate(wide(r.Dir))
		for _, t := range m.Triangles {
			a, b, c := wide(m.Corners[t[0]]), wide(m.Corners[t[1]]), wide(m.Corners[t[2]])
			e1, e2 := r3.Sub(b, a), r3.Sub(c, a)
			n := r3.Cross(e1, e2)
			if r3.Norm(n) == 0 {
				continue
			}
			det := -r3.Dot(d, n)
			height := r3.Norm(n) / math.Max(r3.Norm(e1), math.Max(r3.Norm(e2), r3.Norm(r3.Sub(e2, e1))))
			cos := math.Abs(det) / r3.Norm(n)
			s := r3.Sub(o, a)
			if cos < 1e-3 { // grazing: unsure if the plane is anywhere near
				if math.Abs(r3.Dot(s, n))/r3.Norm(n) < 0.05 {
					doubt = 0
				}
				continue
			}
			x := r3.Dot(s, n) / det
			q := r3.Cross(s, d)
			u, v := r3.Dot(e2, q)/det, -r3.Dot(e1, q)/det
			in, blur := math.Min(u, math.Min(v, 1-u-v)), 1e-5+1e-5/(cos*height)
			switch {
			case x < -1e-4 || x > float64(r.Max)+1e-3 || in < -blur:
			case x < 1e-4 || in < blur:
				doubt = math.Min(doubt, x)
			case x < distance:
				distance, who = x, k
			}
		}
	}
	return distance, who, doubt < distance+1e-3
}

func wide(v Vec) r3.Vec { return r3.Vec{X: float64(v[0]), Y: float64(v[1]), Z: float64(v[2])} }

func drawVec(t *rapid.T, name string, most float64) Vec {
	g := rapid.Float64Range(-most, most)
	return Vec{float32(g.Draw(t, name+".x")), float32(g.Draw(t, name+".y")), float32(g.Draw(t, name+".z"))}
}

func drawPose(t *rapid.T, name string, most float64) sensors.Pose {
	v := drawVec(t, name+".turn", 1)
	q := quat.Number{Real: 1, Imag: float64(v[0]), Jmag: float64(v[1]), Kmag: float64(v[2])}
	return sensors.Pose{Rotation: quat.Scale(1/quat.Abs(q), q), Translation: wide(drawVec(t, name, most))}
}

// drawMesh mixes small and large triangles, slivers, doubles and such as lie in a plane of an axis.
func drawMesh(t *rapid.T, name string, most int) *Mesh {
	m := &Mesh{}
	for range rapid.IntRange(0, most).Draw(t, name+".triangles") {
		size := rapid.SampledFrom([]float64{0, 0.01, 1, 8}).Draw(t, "size")
		a := drawVec(t, "corner", 6)
		b, c := a.Add(drawVec(t, "edge", size)), a.Add(drawVec(t, "edge", size))
		if rapid.Bool().Draw(t, "flat") {
			b[2], c[2] = a[2], a[2]
		}
		m.Polygon(material.ID(rapid.IntRange(0, 5).Draw(t, "material")), a, b, c)
	}
	return m
}

func TestCastAgreesWithBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		meshes := []*Mesh{drawMesh(t, "static", 60)}
		poses := []func(float64) sensors.Pose{func(float64) sensors.Pose { return sensors.Identity }}
		var moving []Instance
		for i := range rapid.IntRange(0, 6).Draw(t, "instances") {
			m := drawMesh(t, "mesh", 12)
			start := drawPose(t, "start", 5)
			end := start
			end.Translation = r3.Add(end.Translation, wide(drawVec(t, "way", 4)))
			meshes = append(meshes, m)
			poses = append(poses, func(s float64) sensors.Pose { return start.Interpolate(end, s) })
			moving = append(moving, Instance{NewSolid(m), start, end, int32(i)})
		}
		s := NewScene(NewSolid(meshes[0]), moving)
		for range 20 {
			r := Ray{Origin: drawVec(t, "origin", 10), Dir: drawVec(t, "dir", 1), Max: 40, Time: float32(rapid.Float64Range(0, 1).Draw(t, "time"))}
			for i := range 3 {
				if rapid.IntRange(0, 3).Draw(t, "zero") == 0 {
					r.Dir[i] = 0
				}
			}
			if r.Dir.Norm() < 1e-3 {
				r.Dir = Vec{0, 0, -1}
			}
			r.Dir = r.Dir.Unit()
			want, who, unsure := bruteForce(meshes, poses, r)
			var h Hit
			got := s.Cast(&r, &h)
			if blocked := s.Blocked(&r); blocked != got {
				t.Fatalf("ray %+v: Blocked %v, Cast %v", r, blocked, got)
			}
			if !unsure {
				// 2 mm: float32 at grazing incidence; the median error is 1e-6 m.
				if got != (who >= 0) || got && math.Abs(float64(h.Distance)-want) > 2e-3 {
					t.Fatalf("ray %+v: got hit %v at %.6f of object %d, want %.6f of mesh %d", r, got, h.Distance, h.Object, want, who)
				}
			}
			if got && (math.Abs(float64(h.Normal.Norm())-1) > 1e-5 || h.Normal.Dot(r.Dir) > 1e-5) {
				t.Fatalf("ray %+v: normal %v is not a unit vector against the ray", r, h.Normal)
			}
		}
	})
}

// unitBox is a cube of 2 m around the origin, 12 triangles.
func unitBox() *Solid {
	m := &Mesh{}
	m.Block(Vec{-1, -1, -1}, Vec{1, 1, 1}, 7)
	return NewSolid(m)
}

func TestMotionDuringTheInterval(t *testing.T) {
	at := func(x, y, yaw float64) sensors.Pose { return sensors.FromYaw(yaw, r3.Vec{X: x, Y: y}) }
	tests := []struct {
		name       string
		start, end sensors.Pose
		ray        Ray
		want       float64 // distance; 0 for none
	}{
		{"20 m/s away for 100 ms, at the begin", at(10, 0, 0), at(12, 0, 0), Ray{Dir: Vec{1, 0, 0}, Max: 50, Time: 0}, 9},
		{"in the middle", at(10, 0, 0), at(12, 0, 0), Ray{Dir: Vec{1, 0, 0}, Max: 50, Time: 0.5}, 10},
		{"at the end", at(10, 0, 0), at(12, 0, 0), Ray{Dir: Vec{1, 0, 0}, Max: 50, Time: 1}, 11},
		{"crossing: not yet there", at(10, 4, 0), at(10, -4, 0), Ray{Dir: Vec{1, 0, 0}, Max: 50, Time: 0.2}, 0},
		{"crossing: there", at(10, 4, 0), at(10, -4, 0), Ray{Dir: Vec{1, 0, 0}, Max: 50, Time: 0.5}, 9},
		{"crossing: gone", at(10, 4, 0), at(10, -4, 0), Ray{Dir: Vec{1, 0, 0}, Max: 50, Time: 0.8}, 0},
		{"beyond Max", at(10, 0, 0), at(12, 0, 0), Ray{Dir: Vec{1, 0, 0}, Max: 9.5, Time: 0.5}, 0},
		{"turning by a right angle: the corner in the middle", at(10, 0, 0), at(10, 0, math.Pi/2), Ray{Dir: Vec{1, 0, 0}, Max: 50, Time: 0.5}, 10 - math.Sqrt2},
		{"turning the shorter way", at(10, 0, 3), at(10, 0, -3), Ray{Dir: Vec{1, 0, 0}, Max: 50, Time: 0.5}, 9},
		{"from inside", at(0, 0, 0), at(0, 0, 0), Ray{Dir: Vec{1, 0, 0}, Max: 50}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := NewScene(nil, []Instance{{unitBox(), tt.start, tt.end, 3}})
			h := Hit{Object: 99}
			got := s.Cast(&tt.ray, &h)
			if s.Blocked(&tt.ray) != got {
				t.Errorf("Blocked %v, Cast %v", !got, got)
			}
			if got != (tt.want > 0) || got && math.Abs(float64(h.Distance)-tt.want) > 1e-4 {
				t.Fatalf("got %v at %v, want %v", got, h.Distance, tt.want)
			}
			if !got {
				return
			}
			inside := tt.name == "from inside"
			if h.Object != 3 || h.Material != 7 || h.Front == inside {
				t.Errorf("got object %d material %d front %v, want 3, 7, %v", h.Object, h.Material, h.Front, !inside)
			}
			for i, x := range h.Local {
				if abs(x) > 1+1e-4 {
					t.Errorf("local point %v is outside of the object (axis %d)", h.Local, i)
				}
			}
		})
	}
}

func TestCoverHoldsTheWholeSweep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start, end := drawPose(t, "start", 20), drawPose(t, "end", 20)
		box := Nothing()
		box.Grow(drawVec(t, "a", 5))
		box.Grow(drawVec(t, "b", 5))
		m := newMotion(start, end)
		cover := m.cover(box)
		for i := range 101 {
			rows, way := m.at(float32(i) / 100)
			for _, p := range []Vec{box.Lo, box.Hi, {box.Lo[0], box.Hi[1], box.Lo[2]}, {box.Hi[0], box.Lo[1], box.Hi[2]}} {
				q := rotate(&rows, p).Add(way)
				grown := cover
				grown.Grow(q)
				if grown != cover {
					t.Fatalf("%v at %d/100 is outside of %v", q, i, cover)
				}
			}
		}
	})
}

func TestMotionFollowsThePose(t *testing.T) {
	start := sensors.FromYaw(0.4, r3.Vec{X: 3, Y: -2, Z: 1})
	end := sensors.FromYaw(0.7, r3.Vec{X: 5, Y: -1, Z: 1.2})
	m := newMotion(start, end)
	for _, s := range []float64{0, 0.2, 0.5, 0.9, 1} {
		rows, way := m.at(float32(s))
		got := wide(rotate(&rows, Vec{2, 1, 0.5}).Add(way))
		want := start.Interpolate(end, s).Apply(r3.Vec{X: 2, Y: 1, Z: 0.5})
		if d := r3.Norm(r3.Sub(got, want)); d > 1.3e-4*math.Hypot(2, 1) {
			t.Errorf("at %v: got %v, want %v: off by %.2g m", s, got, want, d)
		}
	}
}

func TestEmptyAndDegenerate(t *testing.T) {
	flat := &Mesh{}
	flat.Polygon(1, Vec{0, 0, 0}, Vec{1, 1, 1}, Vec{2, 2, 2})
	flat.Polygon(1, Vec{3, 0, 0}, Vec{3, 0, 0}, Vec{3, 0, 0})
	r := Ray{Origin: Vec{-5, 0, 0}, Dir: Vec{1, 0, 0}, Max: 100}
	for name, s := range map[string]*Scene{
		"nothing":                nil,
		"no static, none moving": NewScene(nil, nil),
		"empty mesh":             NewScene(NewSolid(&Mesh{}), []Instance{{NewSolid(&Mesh{}), sensors.Identity, sensors.Identity, 0}}),
		"only triangles without area": NewScene(NewSolid(flat), []Instance{
			{NewSolid(flat), sensors.Identity, sensors.Identity, 0},
			{nil, sensors.Identity, sensors.Identity, 1},
		}),
	} {
		if s == nil {
			s = &Scene{}
		}
		var h Hit
		if s.Cast(&r, &h) || s.Blocked(&r) || h != (Hit{}) {
			t.Errorf("%s: got hit %+v, want none", name, h)
		}
	}
	if got := NewSolid(flat).Triangles(); got != 0 {
		t.Errorf("got %d triangles with area, want 0", got)
	}
}

// Rays in the planes of boxes and along edges must neither miss nor yield NaN.
func TestRaysAlongAxes(t *testing.T) {
	m := &Mesh{}
	for i := range 20 {
		for j := range 20 {
			x, y := float32(i)-10, float32(j)-10
			m.Quad(Vec{x, y, 0}, Vec{x + 1, y, 0}, Vec{x + 1, y + 1, 0}, Vec{x, y + 1, 0}, 1)
		}
	}
	s := NewScene(NewSolid(m), nil)
	for i := -19; i < 20; i++ {
		for j := -19; j < 20; j++ {
			r := Ray{Origin: Vec{float32(i) / 2, float32(j) / 2, 4}, Dir: Vec{0, 0, -1}, Max: 10}
			var h Hit
			if !s.Cast(&r, &h) || h.Distance != 4 || h.Normal != (Vec{0, 0, 1}) || !h.Front {
				t.Fatalf("ray down at %v: got %+v, want a hit at 4 m from above", r.Origin, h)
			}
			r = Ray{Origin: Vec{-30, float32(j) / 2, 0}, Dir: Vec{1, 0, 0}, Max: 100}
			if s.Cast(&r, &h) && math.IsNaN(float64(h.Distance)) {
				t.Fatalf("ray in the plane: got %+v", h)
			}
		}
	}
}

func TestManyInOnePlace(t *testing.T) {
	m := &Mesh{}
	for range 5000 { // no cut divides them: the tree must halve, within its stack
		m.Polygon(1, Vec{1, -1, -1}, Vec{1, 1, -1}, Vec{1, 0, 1})
	}
	s := NewScene(NewSolid(m), nil)
	var h Hit
	if r := (Ray{Dir: Vec{1, 0, 0}, Max: 10}); !s.Cast(&r, &h) || h.Distance != 1 {
		t.Errorf("got %+v, want a hit at 1 m", h)
	}
	for i := range 5000 { // a cascade whose every cut splits off one: depth without a bound
		x := float32(math.Pow(0.99, float64(i)))
		m.Polygon(2, Vec{100 * x, -x, -x}, Vec{100 * x, x, -x}, Vec{100 * x, 0, x})
	}
	s = NewScene(NewSolid(m), nil)
	if r := (Ray{Origin: Vec{200, 0, 0}, Dir: Vec{-1, 0, 0}, Max: 1000}); !s.Cast(&r, &h) || abs(h.Distance-100) > 1e-3 {
		t.Errorf("got %+v, want a hit at 100 m", h)
	}
}

func TestAllocatesNothing(t *testing.T) {
	s := cityScene()
	rays := lidarRays()
	var h Hit
	i := 0
	if got := testing.AllocsPerRun(2000, func() {
		s.Cast(&rays[i], &h)
		s.Blocked(&rays[i])
		i += 7
	}); got != 0 {
		t.Errorf("got %v allocations a ray, want 0", got)
	}
	in := []Instance{{unitBox(), sensors.Identity, sensors.FromYaw(1, r3.Vec{X: 1}), 0}}
	s.Reset(in)
	if got := testing.AllocsPerRun(50, func() { s.Reset(in) }); got != 0 {
		t.Errorf("got %v allocations a Reset, want 0", got)
	}
}

// From a yaw of 3 to one of -3 rad it is 0.28 rad over the back, where the nose looks at the ray; not 6 rad over the front.
func TestTurnsTheShorterWay(t *testing.T) {
	s := NewScene(nil, []Instance{{unitBox(), sensors.FromYaw(3, r3.Vec{X: 10}), sensors.FromYaw(-3, r3.Vec{X: 10}), 0}})
	var h Hit
	if r := (Ray{Dir: Vec{1, 0, 0}, Max: 50, Time: 0.5}); !s.Cast(&r, &h) || abs(h.Local[0]-1) > 1e-3 {
		t.Errorf("got a hit at %v of the object, want one on its nose at x = 1", h.Local)
	}
}

// A vehicle that turns a little in a sweep needs a box that is little larger than its own, or rays would visit it in vain.
func TestCoverIsTight(t *testing.T) {
	box := Box{Vec{-2.3, -0.95, -0.8}, Vec{2.3, 0.95, 0.8}}
	m := newMotion(sensors.FromYaw(0, r3.Vec{}), sensors.FromYaw(0.5, r3.Vec{}))
	got := m.cover(box).Size()
	// The corner at (2.3, 0.95) comes to 2.3 sin 0.5 + 0.95 cos 0.5 = 1.94 m, and the front reaches hypot(2.3, 0.95) = 2.49 m at most.
	want := Vec{2 * 2.49, 2 * 1.94, 1.6}
	for i := range 3 {
		if got[i] > want[i]*1.02+0.01 {
			t.Errorf("axis %d: got a box of %.3f m, want %.3f or little more", i, got[i], want[i])
		}
	}
}

// Centres that differ by less than a scale can hold are as one.
func TestCentresThatNearlyCoincide(t *testing.T) {
	m := &Mesh{}
	for i := range 9 {
		x := float32(i) * 1e-42
		m.Polygon(1, Vec{x, -1, -1}, Vec{x, 1, -1}, Vec{x, 0, 1})
	}
	var h Hit
	if r := (Ray{Origin: Vec{-2, 0, 0}, Dir: Vec{1, 0, 0}, Max: 10}); !NewScene(NewSolid(m), nil).Cast(&r, &h) || h.Distance != 2 {
		t.Errorf("got %+v, want a hit at 2 m", h)
	}
}
