package render

import (
	"fmt"
	"image"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"
)

// TestCameraOrder: the picture's order follows where cameras look, not names or the order they come in.
func TestCameraOrder(t *testing.T) {
	tests := []struct {
		name string
		yaws string // degrees, in the order they come
		want string
	}{
		{"none", "", ""},
		{"one", "0", "0"},
		{"front and back", "180 0", "0 180"},
		{"three", "-60 0 60", "60 0 -60"},
		{"four around", "0 90 -90 180", "90 0 -90 180"},
		{"five", "0 45 -45 90 -90", "45 0 -45 | 90 -90"},
		{"six, sides ahead of square", "0 57 -57 88 -88 179", "57 0 -57 | 88 179 -88"},
		{"six, sides behind square", "180 -110 110 -55 55 0", "55 0 -55 | 110 180 -110"},
		{"six, the rear one a little right", "0 57 -57 90 -90 -179", "57 0 -57 | 90 -179 -90"},
		{"eight", "0 45 -45 90 -90 135 -135 180", "90 45 0 -45 | 135 180 -135 -90"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var yaws []float64
			var cameras []CameraView
			for _, f := range strings.Fields(tt.yaws) {
				var deg float64
				if _, err := fmt.Sscan(f, &deg); err != nil {
					t.Fatal(err)
				}
				yaws = append(yaws, deg)
				cameras = append(cameras, CameraView{CameraFromEgo: cameraAt(deg*math.Pi/180, r3.Vec{X: 1, Z: 2})})
			}
			var rows []string
			for _, row := range cameraRows(cameras) {
				var names []string
				for _, i := range row {
					names = append(names, fmt.Sprint(yaws[i]))
				}
				rows = append(rows, strings.Join(names, " "))
			}
			if got := strings.Join(rows, " | "); got != tt.want {
				t.Errorf("yaws %s: got %q, want %q", tt.yaws, got, tt.want)
			}
		})
	}
}

// TestLayoutFits: for any number of cameras nothing overlaps and all lies in the picture.
func TestLayoutFits(t *testing.T) {
	for n := range MaxCameras + 1 {
		cameras := make([]CameraView, n)
		for i := range cameras {
			cameras[i] = CameraView{Intrinsics: pinhole(), CameraFromEgo: cameraAt(2*math.Pi*float64(i)/float64(n), r3.Vec{})}
		}
		l := newLayout(cameras)
		if len(l.cells) != n {
			t.Fatalf("%d cameras: got %d cells", n, len(l.cells))
		}
		all := append([]image.Rectangle{l.header, l.birdsEye, l.panel}, l.cells...)
		for i, a := range all {
			if a.Empty() || !a.In(image.Rectangle{Max: l.size}) {
				t.Errorf("%d cameras: place %d, %v, is not in the picture of %v", n, i, a, l.size)
			}
			for _, b := range all[:i] {
				if a.Overlaps(b) {
					t.Errorf("%d cameras: %v overlaps %v", n, a, b)
				}
			}
		}
		seen := make([]bool, n)
		for _, i := range l.order {
			if seen[i] {
				t.Errorf("%d cameras: camera %d twice", n, i)
			}
			seen[i] = true
		}
	}
}
