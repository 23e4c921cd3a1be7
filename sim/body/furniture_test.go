package body

import (
	"reflect"
	"slices"
	"testing"

	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

func TestFurniture(t *testing.T) {
	heights := map[string][2]float32{
		"tree": {4, 14}, "poplar": {6, 16}, "conifer": {4, 14}, "bush": {0.5, 2.6}, "hedge": {0.7, 2.3}, "lamp_pole": {5, 10},
		"traffic_light": {2.5, 6.5}, "sign": {2, 3.2}, "bin": {0.8, 1.2}, "bollard": {0.7, 1.1}, "bench": {0.7, 1}, "hydrant": {0.6, 0.9},
		"bicycle_rack": {0.7, 1.3}, "cabinet": {0.8, 1.5}, "shelter": {2.3, 2.7}, "planter": {0.7, 1.6},
	}
	for _, kind := range FurnitureKinds() {
		t.Run(kind, func(t *testing.T) {
			for i := range 6 {
				p := Furniture(chance.New(3, kind, i), kind)
				if again := Furniture(chance.New(3, kind, i), kind); !reflect.DeepEqual(p, again) {
					t.Fatalf("the same source made two different pieces")
				}
				box := p.Mesh.Bounds()
				if h := box.Hi[2]; h < heights[kind][0] || h > heights[kind][1] {
					t.Errorf("got a height of %.2f m, want %v", h, heights[kind])
				}
				if box.Lo[2] < -0.5 || box.Lo[2] > 0.25 {
					t.Errorf("it begins %.2f m over the ground", box.Lo[2])
				}
				if n := len(p.Mesh.Triangles); n < 12 || n > 5000 {
					t.Errorf("got %d triangles", n)
				}
				if i := slices.IndexFunc(p.Mesh.Materials, func(id material.ID) bool { return id == material.None || id >= material.Count }); i >= 0 {
					t.Errorf("triangle %d has no material", i)
				}
				if len(p.Scatterers) == 0 || (kind == "lamp_pole") != (len(p.Lamps) > 0) {
					t.Errorf("got %d scatterers and %d lamps", len(p.Scatterers), len(p.Lamps))
				}
				for _, l := range p.Lamps {
					if l.Lumen < 1000 || l.At[2] < 4 {
						t.Errorf("lamp %+v is dim or low", l)
					}
				}
			}
		})
	}
}

// A crown lets some rays through and stops most.
func TestCrownsArePorous(t *testing.T) {
	for _, kind := range []string{"tree", "poplar"} {
		p := Furniture(chance.New(8, kind), kind)
		box := p.Mesh.Bounds()
		s := geom.NewScene(geom.NewSolid(p.Mesh), nil)
		src := chance.New(1, "porous")
		stopped, n := 0, 2000
		for range n {
			r := geom.Ray{
				Origin: geom.Vec{-30, float32(src.Between(float64(box.Lo[1]), float64(box.Hi[1]))), box.Hi[2] * float32(src.Between(0.5, 0.9))},
				Dir:    geom.Vec{1, 0, 0}, Max: 60,
			}
			if s.Blocked(&r) {
				stopped++
			}
		}
		if share := float64(stopped) / float64(n); share < 0.5 || share > 0.95 {
			t.Errorf("%s: %.2f of the rays through the crown's box are stopped, want 0.5 to 0.95", kind, share)
		}
	}
}
