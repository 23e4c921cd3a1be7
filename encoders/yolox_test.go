package encoders

import (
	"math"
	"slices"
	"testing"
)

// testMember is a detector of 32 x 16 pixels with strides 8 and 16 and four classes of its own.
func testMember() *MemberSpec {
	return &MemberSpec{
		Name: "yolo", Kind: yoloxKind, File: "yolo.onnx",
		Input:   MemberInput{Name: "images", Width: 32, Height: 16, Letterbox: 114, Order: "bgr", Scale: 1},
		Output:  MemberOutput{Name: "output", Strides: []int{8, 16}},
		Classes: map[int]string{0: "pedestrian", 2: "car"}, MinScore: 0.3, Licence: "Apache-2.0", Source: "made",
	}
}

func TestYOLOX(t *testing.T) {
	s := testMember()
	const width = yoloxBox + 4
	if s.Rows() != 4*2+2 {
		t.Fatalf("%d rows, want 4 x 2 of stride 8 and 2 x 1 of stride 16", s.Rows())
	}
	nan := float32(math.NaN())
	// dx, dy, log width, log height, objectness, four classes.
	rows := map[int][]float32{
		6: {0.5, 0.25, float32(math.Log(2)), 0, 0.8, 0, 0, 0.9, 0},  // stride 8, column 2, row 1: centre (20, 10), 16 x 8
		7: {-0.4, 0.2, float32(math.Log(2)), 0, 0.8, 0, 0, 0.6, 0},  // overlaps it: goes
		5: {1.4, 0.2, float32(math.Log(2)), 0, 0.8, 0.6, 0, 0.1, 0}, // overlaps it, of another class: stays
		0: {0, 0, 0, 0, 0.9, 0.3, 0, 0, 0},                          // 0.27: too low
		1: {0, 0, 0, 0, 0.29, 1, 0, 0, 0},                           // objectness too low
		2: {0, 0, 0, 0, 0.9, 0, 0.9, 0, 0.9},                        // classes that are not told
		3: {nan, 0, 0, 0, 0.9, 0.9, 0, 0, 0},
		4: {0, 0, 0, 0, nan, 0.9, 0, 0, 0},
		8: {0, 0, 1000, 0, 0.9, 0.9, 0, 0, 0},                                             // infinite width
		9: {0.5, 0.5, float32(math.Log(0.5)), float32(math.Log(0.25)), 0.5, 0.7, 0, 0, 0}, // stride 16, column 1: centre (24, 8), 8 x 4
	}
	out := make([]float32, s.Rows()*width)
	for row, v := range rows {
		copy(out[row*width:], v)
	}
	y := newYOLOX(s, []string{"car", "pedestrian"})
	want := []Box2D{
		{0, 0.72, 11.5, 5.5, 27.5, 13.5}, {1, 0.48, 10.7, 5.1, 26.7, 13.1}, {1, 0.35, 19.5, 5.5, 27.5, 9.5},
	}
	near := func(a, b Box2D) bool {
		return a.Class == b.Class && math.Abs(a.Score-b.Score) < 1e-6 && math.Abs(a.Left-b.Left)+math.Abs(a.Top-b.Top)+math.Abs(a.Right-b.Right)+math.Abs(a.Bottom-b.Bottom) < 1e-5
	}
	if got := y.decode(out, width); !slices.EqualFunc(got, want, near) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if allocs := testing.AllocsPerRun(10, func() { y.decode(out, width) }); allocs != 0 {
		t.Errorf("decoding allocates %g times, want 0", allocs)
	}
}

func TestIoU2D(t *testing.T) {
	box := func(l, u, r, b float64) *Box2D { return &Box2D{Left: l, Top: u, Right: r, Bottom: b} }
	tests := []struct {
		a, b *Box2D
		want float64
	}{
		{box(0, 0, 2, 2), box(0, 0, 2, 2), 1},
		{box(0, 0, 2, 2), box(1, 0, 3, 2), 1. / 3},
		{box(0, 0, 2, 2), box(2, 0, 4, 2), 0},
		{box(0, 0, 2, 2), box(0, 5, 2, 6), 0},
		{box(0, 0, 4, 4), box(1, 1, 3, 3), 0.25},
	}
	for _, tt := range tests {
		if got := iou2D(tt.a, tt.b); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%+v and %+v: got %g, want %g", tt.a, tt.b, got, tt.want)
		}
	}
}
