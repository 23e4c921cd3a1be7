package render

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// cameraAt returns the pose of a level camera at (x, y, z) that looks to yaw.
func cameraAt(yaw float64, at r3.Vec) sensors.Pose {
	// Camera axes (right, down, forward) in ego axes at yaw 0: z = x, x = -y, y = -z.
	egoFromCamera := sensors.Pose{Rotation: quat.Number{Real: 0.5, Imag: -0.5, Jmag: 0.5, Kmag: -0.5}}
	return sensors.FromYaw(yaw, at).Mul(egoFromCamera).Inverse()
}

func pinhole() *sensors.Intrinsics {
	return &sensors.Intrinsics{Width: 1920, Height: 1080, Fx: 1000, Fy: 1000, Cx: 959.5, Cy: 539.5}
}

var grey = color.RGBA{R: 90, G: 90, B: 90, A: 255}

func plain(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := 0; i < len(img.Pix); i += 4 {
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = grey.R, grey.G, grey.B, grey.A
	}
	return img
}

func frontCamera() CameraView {
	return CameraView{
		Name: "CAM_FRONT", Image: plain(960, 540), Intrinsics: pinhole(),
		CameraFromEgo: cameraAt(0, r3.Vec{X: 1.5, Z: 1.6}),
	}
}

func car(x, y, yaw float64) *fusionv1.Object {
	return &fusionv1.Object{
		Id: 7, Class: "car", Center: &fusionv1.Vector3{X: x, Y: y, Z: 0.8}, Size: &fusionv1.Vector3{X: 4.5, Y: 1.9, Z: 1.6},
		Yaw: yaw, Score: 0.9, Velocity: &fusionv1.Vector3{},
	}
}

func list(objects ...*fusionv1.Object) *fusionv1.ObjectList {
	return &fusionv1.ObjectList{Header: &fusionv1.Header{}, Objects: objects}
}

func mustDraw(t testing.TB, s Scene) *image.RGBA {
	t.Helper()
	img, err := Draw(s)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// near reports whether some pixel within a pixel of at is close to want.
func near(img *image.RGBA, at pt, want color.NRGBA) bool {
	for dy := -1; dy <= 1; dy++ {
		for dx := -1; dx <= 1; dx++ {
			got := img.RGBAAt(int(math.Floor(at.X))+dx, int(math.Floor(at.Y))+dy)
			if apart(got.R, want.R) < 48 && apart(got.G, want.G) < 48 && apart(got.B, want.B) < 48 {
				return true
			}
		}
	}
	return false
}

func apart(a, b uint8) int { return int(math.Abs(float64(a) - float64(b))) }

// changed returns the smallest rectangle that holds every pixel that differs.
func changed(a, b *image.RGBA) (r image.Rectangle) {
	for y := range a.Rect.Dy() {
		for x := range a.Rect.Dx() {
			if a.RGBAAt(x, y) != b.RGBAAt(x, y) {
				r = r.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return r
}

// inside returns the part of img in r, moved to the origin.
func inside(img *image.RGBA, r image.Rectangle) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	for y := range r.Dy() {
		copy(out.Pix[y*out.Stride:(y+1)*out.Stride], img.Pix[img.PixOffset(r.Min.X, r.Min.Y+y):])
	}
	return out
}

func TestDrawRefuses(t *testing.T) {
	tests := []struct {
		name  string
		scene Scene
		want  []string
	}{
		{"negative range", Scene{RangeM: -1}, []string{"range -1 m"}},
		{"range that is no number", Scene{RangeM: math.NaN()}, []string{"range NaN m"}},
		{"far range", Scene{RangeM: 501}, []string{"range 501 m", "500 m"}},
		{"too many cameras", Scene{Cameras: make([]CameraView, MaxCameras+1)}, []string{"17 cameras", "16"}},
		{"two faults at once", Scene{RangeM: -2, Cameras: []CameraView{
			{Name: "A", Image: image.NewRGBA(image.Rectangle{})},
			{Name: "B", Intrinsics: &sensors.Intrinsics{Width: 10, Height: 0, Fx: 1, Fy: 1}},
		}}, []string{"range -2 m", "camera A: image of no size", "camera B: intrinsics of 10x0 px"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			img, err := Draw(tt.scene)
			if err == nil || img != nil {
				t.Fatalf("got image %v, error %v, want an error only", img != nil, err)
			}
			for _, w := range tt.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("got error %q, want it to name %q", err, w)
				}
			}
		})
	}
}

func TestDrawEmptyScene(t *testing.T) {
	img := mustDraw(t, Scene{})
	if got, want := img.Rect, image.Rect(0, 0, Width, headerH+birdsEyeH+margin); got != want {
		t.Errorf("got size %v, want %v", got, want)
	}
	if !img.Opaque() {
		t.Error("got a picture with holes, want it opaque")
	}
}

func TestDrawIsDeterministic(t *testing.T) {
	s := fullScene(2000)
	var first, second bytes.Buffer
	for _, b := range []*bytes.Buffer{&first, &second} {
		if err := WritePNG(b, mustDraw(t, s)); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("got two different files for one scene")
	}
}

func TestWritePNGRoundTrip(t *testing.T) {
	want := mustDraw(t, Scene{Title: "a", Points: []sensors.Point{{X: 3, Y: 4, Z: 1}}})
	var b bytes.Buffer
	if err := WritePNG(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	for y := range want.Rect.Dy() {
		for x := range want.Rect.Dx() {
			if g := color.RGBAModel.Convert(got.At(x, y)); g != want.RGBAAt(x, y) {
				t.Fatalf("pixel (%d, %d): got %v, want %v", x, y, g, want.RGBAAt(x, y))
			}
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

var errFull = bytes.ErrTooLarge

func TestWritePNGReportsTheDisk(t *testing.T) {
	if err := WritePNG(fullDisk{}, plain(4, 4)); err == nil || !strings.Contains(err.Error(), errFull.Error()) {
		t.Errorf("got %v, want %v", err, errFull)
	}
}

// TestUnusableNumbersChangeNothing: what is not finite, or has no size, is not drawn.
func TestUnusableNumbersChangeNothing(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	nan32 := float32(nan)
	base := Scene{Cameras: []CameraView{frontCamera()}}
	bad := base
	bad.Points = []sensors.Point{{X: nan32}, {Y: nan32}, {X: 1, Y: 1, Z: nan32}, {X: float32(inf)}, {X: 1e30, Y: -1e30}}
	want := mustDraw(t, base)
	if got := changed(mustDraw(t, bad), want); !got.Empty() {
		t.Errorf("points: got changes in %v, want none", got)
	}
	objects := []*fusionv1.Object{
		{},
		nil, car(nan, 0, 0), car(10, inf, 0), car(10, 0, nan),
		{Center: &fusionv1.Vector3{X: 10}, Size: &fusionv1.Vector3{X: -1, Y: 1, Z: 1}},
	}
	base.Objects = list(nil, nil, nil, nil, nil, nil)
	bad = base
	bad.Objects = list(objects...)
	l := newLayout(base.Cameras)
	for name, r := range map[string]image.Rectangle{"camera": l.cells[0], "bird's-eye view": l.birdsEye} {
		if got := changed(inside(mustDraw(t, bad), r), inside(mustDraw(t, base), r)); !got.Empty() {
			t.Errorf("objects in the %s: got changes in %v, want none", name, got)
		}
	}
	// Absurd but finite numbers end, and stay in their place.
	huge := base
	huge.Objects = list(car(1e300, 1e300, 1), &fusionv1.Object{
		Class: strings.Repeat("\xff", 1e6), Center: &fusionv1.Vector3{X: 20}, Size: &fusionv1.Vector3{X: 1e9, Y: 1e9, Z: 1e9},
		Velocity: &fusionv1.Vector3{X: 1e200},
	})
	huge.Truth = &fusionv1.TruthFrame{Objects: []*fusionv1.TruthObject{
		{Center: &fusionv1.Vector3{}, Size: &fusionv1.Vector3{X: 1e12, Y: 1, Z: 1}},
	}}
	huge.Title = strings.Repeat("x", 1e6)
	mustDraw(t, huge)
}
