package lidar

import (
	"testing"
	"time"

	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// BenchmarkSweep casts sweeps in a street canyon of a few thousand triangles.
func BenchmarkSweep(b *testing.B) {
	m := &geom.Mesh{}
	for i := range 200 {
		x := float32(i-100) * 1.5
		m.Quad(geom.Vec{x, -12, 0}, geom.Vec{x + 1.5, -12, 0}, geom.Vec{x + 1.5, 12, 0}, geom.Vec{x, 12, 0}, material.AsphaltWorn)
		for _, y := range []float32{-12, 12} {
			m.Block(geom.Vec{x, min(y, y*1.5), 0}, geom.Vec{x + 1.4, max(y, y*1.5), 9}, material.FacadeBrick)
		}
		m.Tube(geom.Vec{x, 9, 0}, geom.Vec{x, 9, 5}, 0.1, 0.1, 6, material.Steel)
	}
	scene := geom.NewScene(geom.NewSolid(m), nil)
	for _, u := range Units {
		b.Run(u.Name, func(b *testing.B) {
			s, err := Unit(u.Name, 100*time.Millisecond)
			if err != nil {
				b.Fatal(err)
			}
			sw := NewSweep(&s)
			moment := &Moment{Scene: scene, WorldFromEgo: standing, EgoFromSensor: mount, Key: chance.Of(1)}
			b.ReportAllocs()
			for b.Loop() {
				sw.Cast(moment, 0, s.Columns)
				sw.Finish()
			}
			b.ReportMetric(float64(b.N*len(sw.Returns))/b.Elapsed().Seconds(), "beams/s")
		})
	}
}
