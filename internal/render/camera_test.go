package render

import (
	"image"
	"math"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"
	"pgregory.net/rapid"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// TestBoxStandsWhereGeometrySays draws a car ahead and looks for its corners where plain arithmetic puts them.
func TestBoxStandsWhereGeometrySays(t *testing.T) {
	const k1 = -0.12
	bent := pinhole()
	bent.Distortion[0] = k1
	tests := []struct {
		name string
		lens *sensors.Intrinsics
		k1   float64
	}{{"plain pinhole", pinhole(), 0}, {"barrel distortion", bent, k1}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := frontCamera()
			v.Intrinsics = tt.lens
			s := Scene{Cameras: []CameraView{v}, Objects: list(car(12, 2, 0))}
			img := mustDraw(t, s)
			cell := newLayout(s.Cameras).cells[0]
			scale := float64(cell.Dx()) / 1920
			// The car reaches from x 9.75 to 14.25, y 1.05 to 2.95, z 0 to 1.6; the camera stands at (1.5, 0, 1.6).
			for _, depth := range []float64{9.75 - 1.5, 14.25 - 1.5} {
				for _, left := range []float64{1.05, 2.95} {
					for _, down := range []float64{0, 1.6} {
						x, y := -left/depth, down/depth
						g := 1 + tt.k1*(x*x+y*y)
						at := pt{
							float64(cell.Min.X) + (959.5+1000*x*g+0.5)*scale,
							float64(cell.Min.Y) + (539.5+1000*y*g+0.5)*scale,
						}
						if !near(img, at, classColour("car")) {
							t.Errorf("corner at depth %v, left %v, down %v: no stroke at %.1f", depth, left, down, at)
						}
					}
				}
			}
			far := pt{float64(cell.Max.X) - 40, float64(cell.Max.Y) - 40}
			if got := img.RGBAAt(int(far.X), int(far.Y)); got != grey {
				t.Errorf("away from the box: got %v, want the image's %v", got, grey)
			}
		})
	}
}

// TestMovingCarIsPredictedToTheImage: an image taken 100 ms before the set shows where the car was then.
func TestMovingCarIsPredictedToTheImage(t *testing.T) {
	moving := func(y, vy float64, age int64) Scene {
		o := car(12, y, math.Pi/2)
		o.Velocity = &fusionv1.Vector3{Y: vy}
		l := list(o)
		l.Manifest = &fusionv1.SetManifest{Members: []*fusionv1.Member{{Stream: "CAM_FRONT", Present: true, AgeNs: age}}}
		return Scene{Cameras: []CameraView{frontCamera()}, Objects: l}
	}
	cell := newLayout([]CameraView{frontCamera()}).cells[0]
	got, want := inside(mustDraw(t, moving(3, 10, 1e8)), cell), inside(mustDraw(t, moving(2, 0, 1e8)), cell)
	if r := changed(got, want); !r.Empty() {
		t.Errorf("100 ms old image: got differences in %v from a car a metre back, want none", r)
	}
	got, want = inside(mustDraw(t, moving(1, 10, -1e8)), cell), inside(mustDraw(t, moving(2, 0, -1e8)), cell)
	if r := changed(got, want); !r.Empty() {
		t.Errorf("100 ms newer image: got differences in %v from a car a metre ahead, want none", r)
	}
}

// TestFrontFaceIsMarked: only the face that the heading points through is filled.
func TestFrontFaceIsMarked(t *testing.T) {
	tests := []struct {
		name string
		yaw  float64
		fill bool // of the face towards the camera
	}{{"oncoming", math.Pi, true}, {"leading", 0, false}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := frontCamera()
			s := Scene{Cameras: []CameraView{v}, Objects: list(car(12, 0, tt.yaw))}
			img := mustDraw(t, s)
			cell := newLayout(s.Cameras).cells[0]
			// Inside the near face (depth 8.25), outside the far one (depth 12.75): y 0.85 m to the left, 0.8 m down.
			scale := float64(cell.Dx()) / 1920
			at := pt{float64(cell.Min.X) + (960-1000*0.85/8.25)*scale, float64(cell.Min.Y) + (540+1000*1.2/8.25)*scale}
			got := img.RGBAAt(int(at.X), int(at.Y))
			if filled := got.B > grey.B+20; filled != tt.fill {
				t.Errorf("near face: got %v, filled %v, want filled %v", got, filled, tt.fill)
			}
		})
	}
}

func TestBoxesOutsideAreNotDrawn(t *testing.T) {
	fold := pinhole()
	fold.Distortion[0] = -0.3 // folds back beyond 46 degrees: rays from there must not come back into the image
	fisheye := &sensors.Intrinsics{Width: 1920, Height: 1080, Fx: 500, Fy: 500, Cx: 959.5, Cy: 539.5, Model: sensors.FisheyeKB4}
	tests := []struct {
		name string
		lens *sensors.Intrinsics
		x, y float64
	}{
		{"behind", pinhole(), -20, 0},
		{"beside", pinhole(), 5, 30},
		{"in the plane of the lens", pinhole(), 1.5, 12},
		{"beyond the fold of the lens", fold, 4, 14},
		{"behind a fisheye", fisheye, -30, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := frontCamera()
			v.Intrinsics = tt.lens
			s := Scene{Cameras: []CameraView{v}}
			cell := newLayout(s.Cameras).cells[0]
			want := inside(mustDraw(t, s), cell)
			s.Objects = list(car(tt.x, tt.y, 0.3))
			if got := changed(inside(mustDraw(t, s), cell), want); !got.Empty() {
				t.Errorf("got drawing in %v, want none", got)
			}
		})
	}
}

// TestBoxThroughTheLens: a box that reaches behind the camera is cut, shows, and stays in its cell.
func TestBoxThroughTheLens(t *testing.T) {
	s := Scene{Cameras: []CameraView{frontCamera()}, Objects: list()}
	l := newLayout(s.Cameras)
	before := mustDraw(t, s)
	s.Objects = list(car(3, 2, 0)) // from 0.75 to 5.25 m, the lens at 1.5 m
	after := mustDraw(t, s)
	got := changed(inside(after, l.cells[0]), inside(before, l.cells[0]))
	if got.Empty() || got.Max.X > l.cells[0].Dx()/2 {
		t.Errorf("got drawing in %v, want some, and left of the middle only", got)
	}
	above := image.Rect(0, 0, Width, l.cells[0].Min.Y)
	beside := image.Rect(0, 0, l.cells[0].Min.X, l.birdsEye.Min.Y)
	for _, r := range []image.Rectangle{above, beside} {
		if got := changed(inside(after, r), inside(before, r)); !got.Empty() {
			t.Errorf("outside the cell: got changes in %v of %v, want none", got, r)
		}
	}
}

// TestEdgesLieOnTheRay: every projected piece of an edge ends on rays that pass through the edge.
func TestEdgesLieOnTheRay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := pinhole()
		k.Distortion[0] = rapid.Float64Range(-0.3, 0.1).Draw(t, "k1")
		if rapid.Bool().Draw(t, "fisheye") {
			k.Model, k.Fx, k.Fy = sensors.FisheyeKB4, 500, 500
		}
		p := projector{lens: k, origin: pt{}, scale: pt{1, 1}}
		coordinate := rapid.Float64Range(-30, 30)
		point := func(name string) r3.Vec {
			return r3.Vec{X: coordinate.Draw(t, name+" x"), Y: coordinate.Draw(t, name+" y"), Z: coordinate.Draw(t, name+" z")}
		}
		a, b := point("a"), point("b")
		edge, _ := p.appendEdge(nil, a, b)
		if len(edge)%2 != 0 {
			t.Fatalf("got %d points, want pairs", len(edge))
		}
		plane := r3.Cross(a, b)
		if r3.Norm(plane) < 1 {
			return // the edge passes the lens: any ray is in its plane
		}
		plane = r3.Unit(plane)
		for _, at := range edge {
			ray, ok := k.Unproject(at.X-0.5, at.Y-0.5)
			// 1e-6 rad is a thousandth of a pixel.
			if off := math.Abs(r3.Dot(ray, plane)); ok && off > 1e-6 {
				t.Fatalf("edge %v to %v: %v is %v rad off its plane", a, b, at, off)
			}
		}
	})
}

func TestAbsentCamera(t *testing.T) {
	present := []CameraView{frontCamera()}
	absent := []CameraView{frontCamera()}
	absent[0].Image, absent[0].Reason = nil, "idle"
	other := []CameraView{absent[0]}
	other[0].Reason = "late"
	cell := newLayout(present).cells[0]
	if newLayout(absent).cells[0] != cell {
		t.Error("an absent camera moved its cell")
	}
	s := Scene{Cameras: absent, Objects: list(car(12, 0, 0))}
	got := inside(mustDraw(t, s), cell)
	s.Cameras = other
	if changed(got, inside(mustDraw(t, s), cell)).Empty() {
		t.Error("two reasons look the same")
	}
	s.Cameras, s.Objects = absent, list()
	if r := changed(got, inside(mustDraw(t, s), cell)); !r.Empty() {
		t.Errorf("got a box in %v of an absent camera, want none", r)
	}
}

func TestClipLine(t *testing.T) {
	r := image.Rect(10, 10, 20, 30)
	tests := []struct {
		name         string
		a, b         pt
		wantA, wantB pt
		want         bool
	}{
		{"inside", pt{11, 11}, pt{19, 29}, pt{11, 11}, pt{19, 29}, true},
		{"through", pt{0, 20}, pt{40, 20}, pt{10, 20}, pt{20, 20}, true},
		{"in at the top", pt{15, 0}, pt{15, 20}, pt{15, 10}, pt{15, 20}, true},
		{"past a corner", pt{0, 15}, pt{15, 0}, pt{}, pt{}, false},
		{"beside, upright", pt{5, 0}, pt{5, 40}, pt{}, pt{}, false},
		{"a point inside", pt{12, 12}, pt{12, 12}, pt{12, 12}, pt{12, 12}, true},
		{"a point outside", pt{2, 12}, pt{2, 12}, pt{}, pt{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b, ok := clipLine(tt.a, tt.b, r)
			if ok != tt.want || (ok && (a.sub(tt.wantA).length() > 1e-9 || b.sub(tt.wantB).length() > 1e-9)) {
				t.Errorf("clip %v to %v at %v: got %v to %v, %v, want %v to %v, %v", tt.a, tt.b, r, a, b, ok, tt.wantA, tt.wantB, tt.want)
			}
		})
	}
}
