package geom

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/material"
)

// city makes blocks of houses, streets with kerbs, lamp poles and trees over 600 m x 600 m: about 270,000 triangles.
func city() *Mesh {
	rng := rand.New(rand.NewPCG(1, 2))
	between := func(a, b float64) float32 { return float32(a + (b-a)*rng.Float64()) }
	m := &Mesh{}
	for i := -30; i < 30; i++ { // ground in 10 m tiles with a little relief
		for j := -30; j < 30; j++ {
			x, y := float32(i)*10, float32(j)*10
			m.Quad(Vec{x, y, 0}, Vec{x + 10, y, 0}, Vec{x + 10, y + 10, 0}, Vec{x, y + 10, 0}, material.ID(1))
		}
	}
	for bx := -5; bx < 5; bx++ {
		for by := -5; by < 5; by++ {
			x, y := float32(bx)*60, float32(by)*60
			m.Block(Vec{x + 8, y + 8, 0}, Vec{x + 52, y + 52, 0.15}, 2)
			for k := range 8 {
				hx, hy := x+12+float32(k%4)*9.5, y+12+float32(k/4)*26
				h := between(6, 20)
				m.Block(Vec{hx, hy, 0}, Vec{hx + 9, hy + 12, h}, 3)
				for f := float32(1); f+2 < h; f += 3 { // windows set back: five faces each
					for w := range 2 {
						wx := hx + 1.5 + float32(w)*4
						m.Block(Vec{wx, hy - 0.08, f}, Vec{wx + 1.4, hy + 0.02, f + 1.5}, 4)
						m.Block(Vec{wx, hy + 11.98, f}, Vec{wx + 1.4, hy + 12.08, f + 1.5}, 4)
					}
				}
			}
			for k := range 6 {
				tx, ty := x+9+float32(k)*8, y+9
				m.Tube(Vec{tx, ty, 0}, Vec{tx, ty, 3}, 0.2, 0.15, 6, 5)
				for range 60 { // leaves
					c := Vec{tx + between(-2, 2), ty + between(-2, 2), between(2.5, 6)}
					u := Vec{between(-1, 1), between(-1, 1), between(-1, 1)}.Scale(0.4)
					v := Vec{between(-1, 1), between(-1, 1), between(-1, 1)}.Scale(0.4)
					m.Quad(c, c.Add(u), c.Add(u).Add(v), c.Add(v), 6)
				}
				m.Tube(Vec{tx, y + 51, 0}, Vec{tx, y + 51, 6}, 0.1, 0.06, 8, 7)
			}
		}
	}
	return m
}

// cityScene is the city with 120 moving shells of 180 triangles.
func cityScene() *Scene {
	shell := &Mesh{}
	shell.Ellipsoid(Vec{}, Vec{2.2, 0.9, 0.8}, 10, 10, nil, 8)
	solid := NewSolid(shell)
	var moving []Instance
	for i := range 120 {
		x, y := float64(i%12)*50-280, float64(i/12)*60-300+3
		moving = append(moving, Instance{
			solid, sensors.FromYaw(0.1, r3.Vec{X: x, Y: y, Z: 0.9}), sensors.FromYaw(0.12, r3.Vec{X: x + 1, Y: y, Z: 0.9}), int32(i),
		})
	}
	return NewScene(NewSolid(city()), moving)
}

// cameraRays are those of a 256 x 96 camera of 70 degrees in the middle of a street; lidarRays a 32-beam sweep, column by column.
func cameraRays() []Ray {
	var rays []Ray
	for v := range 96 {
		for u := range 256 {
			d := Vec{1, (128 - float32(u)) / 128 * 0.7, (40 - float32(v)) / 128 * 0.7}
			rays = append(rays, Ray{Origin: Vec{-58, 1, 1.6}, Dir: d.Unit(), Max: 300, Time: float32(v) / 96})
		}
	}
	return rays
}

func lidarRays() []Ray {
	var rays []Ray
	for c := range 1080 {
		for b := range 32 {
			az, el := 2*math.Pi*float64(c)/1080, (-30+40*float64(b)/31)*math.Pi/180
			d := Vec{float32(math.Cos(az) * math.Cos(el)), float32(math.Sin(az) * math.Cos(el)), float32(math.Sin(el))}
			rays = append(rays, Ray{Origin: Vec{-58, 1, 1.8}, Dir: d, Max: 120, Time: float32(c) / 1080})
		}
	}
	return rays
}

func BenchmarkCast(b *testing.B) {
	s := cityScene()
	for _, c := range []struct {
		name string
		rays []Ray
	}{{"camera", cameraRays()}, {"lidar", lidarRays()}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var h Hit
			hits, n := 0, 0
			for b.Loop() {
				if s.Cast(&c.rays[n%len(c.rays)], &h) {
					hits++
				}
				n++
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mray/s")
			b.ReportMetric(float64(hits)/float64(n), "hits/ray")
		})
	}
	b.Run("shadow", func(b *testing.B) {
		rays := cameraRays()
		var shadows []Ray
		for _, r := range rays {
			var h Hit
			if s.Cast(&r, &h) {
				shadows = append(shadows, Ray{r.Origin.Add(r.Dir.Scale(h.Distance)).Add(h.Normal.Scale(2e-3)), Vec{0.5, 0.3, 0.8}.Unit(), 200, r.Time})
			}
		}
		b.ReportAllocs()
		n := 0
		b.ResetTimer()
		for b.Loop() {
			s.Blocked(&shadows[n%len(shadows)])
			n++
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mray/s")
	})
}

func BenchmarkBuild(b *testing.B) {
	m := city()
	b.ReportAllocs()
	for b.Loop() {
		NewSolid(m)
	}
	b.ReportMetric(float64(len(m.Triangles)), "triangles")
}

func BenchmarkReset(b *testing.B) {
	s := cityScene()
	in := make([]Instance, len(s.moving))
	for i, m := range s.moving {
		p := sensors.FromYaw(0, r3.Vec{X: float64(m.motion.start[0]), Y: float64(m.motion.start[1])})
		in[i] = Instance{m.solid, p, p, m.object}
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Reset(in)
	}
}
