package geom

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

// volume is what a closed mesh encloses, by the divergence theorem: positive when normals point outwards.
func volume(m *Mesh) float64 {
	sum := 0.0
	for _, t := range m.Triangles {
		a, b, c := m.Corners[t[0]], m.Corners[t[1]], m.Corners[t[2]]
		sum += float64(a.Dot(b.Cross(c))) / 6
	}
	return sum
}

func TestShapesAreClosedAndFaceOutwards(t *testing.T) {
	octagon := 8 / 2 * math.Sin(2*math.Pi/8) // area for radius 1
	tests := []struct {
		name      string
		make      func(*Mesh)
		volume    float64
		triangles int
	}{
		{"block", func(m *Mesh) { m.Block(Vec{1, 2, 3}, Vec{2, 4, 6}, 0) }, 6, 12},
		{"tube", func(m *Mesh) { m.Tube(Vec{1, 1, 0}, Vec{1, 1, 5}, 1, 1, 8, 0) }, 5 * octagon, 32},
		{"tube along x", func(m *Mesh) { m.Tube(Vec{}, Vec{2, 0, 0}, 1, 1, 8, 0) }, 2 * octagon, 32},
		{"cone", func(m *Mesh) { m.Tube(Vec{}, Vec{0, 3, 0}, 1, 0, 8, 0) }, octagon, 16},
		{"cone upside down", func(m *Mesh) { m.Tube(Vec{}, Vec{0, 0, 3}, 0, 1, 8, 0) }, octagon, 16},
		{"fine ellipsoid", func(m *Mesh) { m.Ellipsoid(Vec{3, 0, 0}, Vec{1, 2, 3}, 60, 60, nil, 0) }, 4 * math.Pi / 3 * 6, 2*60*60 - 120},
		{"mirrored block", func(m *Mesh) { m.Block(Vec{0, 1, 0}, Vec{1, 2, 1}, 0); m.Mirror() }, 2, 24},
		{"stretched and turned", func(m *Mesh) {
			m.Block(Vec{}, Vec{1, 1, 1}, 0)
			m.Stretch(Vec{1, 2, 3})
			m.Transform(sensors.FromYaw(1, r3.Vec{X: 7, Y: 8}))
		}, 6, 12},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := &Mesh{}
			tt.make(m)
			if got := volume(m); math.Abs(got-tt.volume) > 0.01*tt.volume {
				t.Errorf("got volume %v, want %v", got, tt.volume)
			}
			if len(m.Triangles) != tt.triangles || len(m.Materials) != tt.triangles {
				t.Errorf("got %d triangles, %d materials, want %d", len(m.Triangles), len(m.Materials), tt.triangles)
			}
		})
	}
}

func TestMeshAddAndBounds(t *testing.T) {
	a, b := &Mesh{}, &Mesh{}
	a.Block(Vec{}, Vec{1, 1, 1}, 1)
	b.Block(Vec{}, Vec{1, 1, 1}, 2)
	b.Move(Vec{3, 0, -1})
	a.Add(b)
	want := Box{Vec{0, 0, -1}, Vec{4, 1, 1}}
	if got := a.Bounds(); got != want {
		t.Errorf("got bounds %v, want %v", got, want)
	}
	if got := NewSolid(a).Bounds(); got != want {
		t.Errorf("got bounds of the solid %v, want %v", got, want)
	}
	if got := (&Mesh{}).Bounds(); !got.Empty() {
		t.Errorf("got bounds of nothing %v, want empty", got)
	}
}
