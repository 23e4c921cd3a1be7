package body

import (
	"math"
	"reflect"
	"testing"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// published are the mean length, width and height of nuScenes' training set.
var published = map[string]geom.Vec{
	"car": {4.61, 1.95, 1.72}, "truck": {6.74, 2.46, 2.73}, "bus": {11.19, 2.94, 3.47}, "trailer": {12.01, 2.87, 3.82},
	"construction_vehicle": {6.38, 2.73, 3.13}, "pedestrian": {0.73, 0.66, 1.76}, "motorcycle": {2.10, 0.76, 1.44},
	"bicycle": {1.68, 0.60, 1.27}, "traffic_cone": {0.40, 0.40, 1.06}, "barrier": {0.49, 2.49, 0.98},
}

func TestClassesAreThoseOfNuScenes(t *testing.T) {
	got := Classes()
	if len(got) != len(published) {
		t.Errorf("got %d classes %v, want %d", len(got), got, len(published))
	}
	for _, c := range got {
		if _, ok := published[c]; !ok {
			t.Errorf("class %q is not one of nuScenes", c)
		}
		sum := 0.0
		for _, k := range kindsOf(c) {
			sum += k.share
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("%s: shares add to %v, want 1", c, sum)
		}
	}
}

func TestMeanSizes(t *testing.T) {
	const draws = 500
	for class, want := range published {
		t.Run(class, func(t *testing.T) {
			var sum [3]float64
			for i := range draws {
				src := chance.New(1, class, i)
				size := pick(src, class).size(src) // what New makes its body for, see TestBoxJustEncloses
				for k := range sum {
					sum[k] += float64(size[k])
				}
			}
			for k, name := range []string{"length", "width", "height"} {
				got := sum[k] / draws
				if off := got/float64(want[k]) - 1; math.Abs(off) > 0.05 {
					t.Errorf("%s: got a mean of %.3f m, want %.3f: off by %.1f %%", name, got, want[k], 100*off)
				}
			}
		})
	}
}

// each calls f with three bodies of every shape.
func each(t *testing.T, f func(t *testing.T, b *Body)) {
	t.Helper()
	for _, class := range Classes() {
		for _, shape := range Shapes(class) {
			t.Run(class+" "+shape, func(t *testing.T) {
				for i := range 3 {
					f(t, NewShape(chance.New(7, class, shape, i), class, shape))
				}
			})
		}
	}
}

func TestBoxJustEncloses(t *testing.T) {
	each(t, func(t *testing.T, b *Body) {
		all := geom.Nothing()
		for _, p := range b.Phases {
			all.Join(p.Bounds())
		}
		for k := range 3 {
			half := float64(b.Size[k] / 2)
			if math.Abs(float64(all.Hi[k])-half) > 1e-5*half+1e-6 || math.Abs(float64(all.Lo[k])+half) > 1e-5*half+1e-6 {
				t.Errorf("axis %d: got %v to %v, want ±%v", k, all.Lo[k], all.Hi[k], half)
			}
		}
		if b.Solid != b.Phases[0] {
			t.Errorf("Solid is not the first phase")
		}
	})
}

func TestTrianglesStayFew(t *testing.T) {
	each(t, func(t *testing.T, b *Body) {
		if n := b.Solid.Triangles(); n < 20 || n > 1100 {
			t.Errorf("got %d triangles, want 20 to 1100", n)
		}
	})
}

// around returns rays from a sphere about the body to points in its box.
func around(b *Body, n int, spread float32) []geom.Ray {
	src := chance.New(3, "rays", b.Shape)
	far := b.Size.Norm() + 1
	var rays []geom.Ray
	for range n {
		az, el := src.Between(0, 2*math.Pi), src.Between(0.02, 1.2)
		from := geom.Vec{float32(math.Cos(az) * math.Cos(el)), float32(math.Sin(az) * math.Cos(el)), float32(math.Sin(el))}.Scale(far)
		var to geom.Vec
		for k := range to {
			to[k] = spread * b.Size[k] / 2 * float32(src.Between(-1, 1))
		}
		rays = append(rays, geom.Ray{Origin: from, Dir: to.Sub(from).Unit(), Max: 3 * far})
	}
	return rays
}

func inScene(s *geom.Solid) *geom.Scene {
	return geom.NewScene(nil, []geom.Instance{{Solid: s, Start: sensors.Identity, End: sensors.Identity, Object: 1}})
}

// Rays at the middle of a body that is not made of bars must hit it, from outside, on the outside of a surface that exists.
func TestClosedAndFacingOutwards(t *testing.T) {
	sparse := map[string]bool{"motorcycle": true, "bicycle": true, "pedestrian": true}
	thin := map[string]bool{"board": true, "post": true, "excavator": true, "loader": true, "tractor": true, "box": true, "container": true, "tipper": true}
	each(t, func(t *testing.T, b *Body) {
		for phase, solid := range b.Phases {
			s := inScene(solid)
			hits, inside, missed := 0, 0, 0
			for _, r := range around(b, 2000, 0.9) {
				var h geom.Hit
				if !s.Cast(&r, &h) {
					continue
				}
				hits++
				if !h.Front {
					inside++
				}
				if h.Material == material.None || h.Material >= material.Count {
					t.Fatalf("phase %d: hit material %d, which is none", phase, h.Material)
				}
			}
			if share := float64(inside) / float64(hits); share > 0.01 {
				t.Errorf("phase %d: %.1f %% of %d hits are on the inside of a surface, want 1 %% at most", phase, 100*share, hits)
			}
			if sparse[b.Class] || thin[b.Shape] {
				if hits < 300 {
					t.Errorf("phase %d: %d of 2000 rays hit, want 300 or more", phase, hits)
				}
				continue
			}
			for _, r := range around(b, 500, 0.2) {
				if !s.Blocked(&r) {
					missed++
				}
			}
			if missed > 0 {
				t.Errorf("phase %d: %d of 500 rays at the middle pass through: the mesh has holes", phase, missed)
			}
		}
	})
}

func TestSameSourceSameBody(t *testing.T) {
	for _, class := range Classes() {
		a, b, c := New(chance.New(5, class), class), New(chance.New(5, class), class), New(chance.New(6, class), class)
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: the same source made two different bodies", class)
		}
		if reflect.DeepEqual(a.Size, c.Size) {
			t.Errorf("%s: another source made the same size %v", class, a.Size)
		}
	}
}

// seen collects the materials that rays from the given side find.
func seen(b *Body, n int) map[material.ID]int {
	found := map[material.ID]int{}
	for _, solid := range b.Phases {
		s := inScene(solid)
		for _, r := range around(b, n, 1) {
			var h geom.Hit
			if s.Cast(&r, &h) {
				found[h.Material]++
			}
		}
	}
	return found
}

func TestCarIsNoBox(t *testing.T) {
	for _, shape := range append(Shapes("car"), "pickup") {
		class := "car"
		if shape == "pickup" {
			class = "truck"
		}
		for i := range 5 {
			b := NewShape(chance.New(9, shape, i), class, shape)
			found := seen(b, 8000)
			for _, id := range []material.ID{material.Glass, material.Tyre, material.Rim, material.HeadLamp, material.TailLamp, material.PlasticBlack} {
				if found[id] == 0 {
					t.Errorf("%s: no ray found %s", shape, material.Get(id).Name)
				}
			}
			if found[material.PlateWhite]+found[material.PlateYellow] == 0 {
				t.Errorf("%s: no ray found a plate", shape)
			}
			s := inScene(b.Solid)
			top := func(x float32) float32 {
				r := geom.Ray{Origin: geom.Vec{x * b.Size[0], 0.05, 5}, Dir: geom.Vec{0, 0, -1}, Max: 20}
				var h geom.Hit
				if !s.Cast(&r, &h) {
					t.Fatalf("%s: no surface at %v of the length", shape, x)
				}
				return (5 - h.Distance + b.Size[2]/2) / b.Size[2]
			}
			if bonnet, roof := top(0.44), top(0.03); bonnet > 0.72 || bonnet < 0.35 || roof < 0.93 {
				t.Errorf("%s: bonnet at %.2f and roof at %.2f of the height, want 0.35 to 0.72 and above 0.93", shape, bonnet, roof)
			}
		}
	}
}

func TestWheelsOnBothSides(t *testing.T) {
	for _, class := range []string{"car", "truck", "bus", "trailer"} {
		for _, shape := range Shapes(class) {
			b := NewShape(chance.New(3, class, shape), class, shape)
			s := inScene(b.Solid)
			for _, side := range []float32{-1, 1} {
				found := 0
				for k := range 200 { // along the ground, 12 cm above it
					x := (float32(k)/200 - 0.5) * b.Size[0]
					r := geom.Ray{Origin: geom.Vec{x, side * 5, 0.12 - b.Size[2]/2}, Dir: geom.Vec{0, -side, 0}, Max: 5}
					var h geom.Hit
					if s.Cast(&r, &h) && h.Material == material.Tyre {
						found++
					}
				}
				if found < 8 {
					t.Errorf("%s %s: %d of 200 rays from the side %v found a tyre, want 8 or more", class, shape, found, side)
				}
			}
		}
	}
}

func TestRidersAndPhases(t *testing.T) {
	tests := []struct {
		class, shape string
		rider        bool
		phases       int
	}{
		{"bicycle", "ridden", true, crankPhases},
		{"bicycle", "parked", false, 1},
		{"motorcycle", "ridden", true, 1},
		{"motorcycle", "parked", false, 1},
		{"pedestrian", "walking", false, walkPhases},
		{"pedestrian", "standing", false, 1},
		{"car", "sedan", false, 1},
	}
	for _, tt := range tests {
		b := NewShape(chance.New(2, tt.class), tt.class, tt.shape)
		if (b.CycleM > 0) != (tt.phases > 1) || b.CycleM > 6 {
			t.Errorf("%s %s: got %v m a cycle of %d phases", tt.class, tt.shape, b.CycleM, tt.phases)
		}
		if b.Rider != tt.rider || len(b.Phases) != tt.phases {
			t.Errorf("%s %s: got rider %v and %d phases, want %v and %d", tt.class, tt.shape, b.Rider, len(b.Phases), tt.rider, tt.phases)
		}
	}
}

// The standing foot stays where it is while the body goes on: relative to the body it moves back evenly.
func TestFeetDoNotSlip(t *testing.T) {
	const h = 1.75
	way := doubleStep(h)
	if way < 1.3 || way > 1.6 {
		t.Errorf("got a double step of %.2f m, want 1.3 to 1.6 as people make at 1.4 m/s", way)
	}
	first := stride(h, 0).ankle[0]
	for _, phase := range []float32{0.125, 0.25, 0.375, 0.5} {
		ankle := stride(h, float64(phase)).ankle[0]
		if got, want := first[0]-ankle[0], phase*way; math.Abs(float64(got-want)) > 0.10 {
			t.Errorf("phase %v: the foot moved back by %.2f m, want %.2f ± 0.10", phase, got, want)
		}
		if rise := ankle[2] - first[2]; math.Abs(float64(rise)) > 0.12 {
			t.Errorf("phase %v: the standing foot rose by %.2f m", phase, rise)
		}
	}
}

// Somebody who walks has one foot on the ground in every phase and legs that are not where they were half a step before.
func TestWalkingTouchesTheGround(t *testing.T) {
	b := NewShape(chance.New(4, "walk"), "pedestrian", "walking")
	spans := map[int]float32{}
	for k, p := range b.Phases {
		lo := p.Bounds().Lo[2] + b.Size[2]/2
		if lo < -1e-4 || lo > 0.04 {
			t.Errorf("phase %d: the lowest point is %.3f m over the ground, want 0 to 0.04", k, lo)
		}
		spans[k] = p.Bounds().Size()[0]
	}
	if spread := spans[0] - spans[2]; spread < 0.1 {
		t.Errorf("legs apart %.2f m and together %.2f m: they hardly move", spans[0], spans[2])
	}
}

func TestPaintsFollowTheReport(t *testing.T) {
	count := map[material.ID]int{}
	const n = 4000
	for i := range n {
		d := &draft{Source: chance.New(1, "paint", i)}
		count[d.paint()]++
	}
	for _, p := range paints {
		if got := 100 * float64(count[p.id]) / n; math.Abs(got-p.share) > 2.5 {
			t.Errorf("%s: got %.1f of a hundred cars, want %.1f", material.Get(p.id).Name, got, p.share)
		}
	}
}

func TestLampsAndScatterersLieOnTheBody(t *testing.T) {
	each(t, func(t *testing.T, b *Body) {
		within := func(v geom.Vec) bool {
			for k := range v {
				if math.Abs(float64(v[k])) > float64(b.Size[k]/2)*1.05+0.02 {
					return false
				}
			}
			return true
		}
		kinds := map[LampKind]int{}
		for _, l := range b.Lamps {
			kinds[l.Kind]++
			if !within(l.At) {
				t.Errorf("lamp at %v is off the body of size %v", l.At, b.Size)
			}
			if forward := l.Kind == Head; forward != (l.Dir[0] > 0) || math.Abs(float64(l.Dir.Norm())-1) > 1e-5 || l.Candela <= 0 {
				t.Errorf("lamp %+v: head lamps shine forward, others backward, with a unit direction and light", l)
			}
			if (l.Kind == Head) != (l.At[0] > 0) && b.Class != "trailer" && b.Class != "construction_vehicle" {
				t.Errorf("lamp %+v sits on the wrong end", l)
			}
		}
		if (b.Class == "car" || b.Class == "truck" || b.Class == "bus") && (kinds[Head] != 2 || kinds[Tail] != 2 || kinds[Brake] != 2) {
			t.Errorf("got lamps %v, want two of each", kinds)
		}
		if len(b.Scatterers) == 0 {
			t.Errorf("no radar scatterer")
		}
		for _, s := range b.Scatterers {
			if !within(s.At) {
				t.Errorf("scatterer at %v is off the body of size %v", s.At, b.Size)
			}
			if n := s.Facing.Norm(); n != 0 && (math.Abs(float64(n)-1) > 1e-5 || s.Facing[2] != 0 || s.WidthRad <= 0) {
				t.Errorf("scatterer %+v: facing must be a horizontal unit vector with a width", s)
			}
		}
	})
}

func TestUnknownNamesPanic(t *testing.T) {
	for name, f := range map[string]func(){
		"class":     func() { New(chance.New(1), "tank") },
		"shape":     func() { NewShape(chance.New(1), "car", "tank") },
		"furniture": func() { Furniture(chance.New(1), "tank") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
	if got := Shapes("tank"); got != nil {
		t.Errorf("got shapes %v of no class", got)
	}
}

func BenchmarkNew(b *testing.B) {
	for _, class := range []string{"car", "pedestrian", "bicycle"} {
		b.Run(class, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				New(chance.New(1, class, i), class)
				i++
			}
		})
	}
}
