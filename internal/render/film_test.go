package render

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

func mustFilm(t testing.TB, frames ...Frame) *image.RGBA {
	t.Helper()
	img, err := Film(frames)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// share makes the part that a modality has in an object.
func share(m fusionv1.Modality, v float32) *fusionv1.SensorShare {
	return &fusionv1.SensorShare{Modality: m, Share: v}
}

const (
	ofLidar  = fusionv1.Modality_MODALITY_LIDAR
	ofRadar  = fusionv1.Modality_MODALITY_RADAR
	ofCamera = fusionv1.Modality_MODALITY_CAMERA
)

// count returns how many pixels of r have exactly a colour.
func count(img *image.RGBA, r image.Rectangle, want color.NRGBA) (n int) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if c := img.RGBAAt(x, y); c.R == want.R && c.G == want.G && c.B == want.B {
				n++
			}
		}
	}
	return n
}

// TestFilmFits: for any number of frames nothing overlaps, all lies in the picture, and frames are alike.
func TestFilmFits(t *testing.T) {
	for n := 1; n <= MaxFilm; n++ {
		frames := make([]Frame, n)
		l := newFilmLayout(frames)
		all := append([]image.Rectangle{l.footer}, l.camera...)
		all = append(append(all, l.birdsEye...), l.caption...)
		if len(all) != 3*n+1 {
			t.Fatalf("%d frames: got %d places, want %d", n, len(all), 3*n+1)
		}
		for i, a := range all {
			if a.Empty() || !a.In(image.Rectangle{Max: l.size}) {
				t.Errorf("%d frames: place %d, %v, is not in the picture of %v", n, i, a, l.size)
			}
			for _, b := range all[:i] {
				if a.Overlaps(b) {
					t.Errorf("%d frames: %v overlaps %v", n, a, b)
				}
			}
		}
		img := mustFilm(t, frames...)
		if img.Rect.Dx() != FilmWidth || !img.Opaque() {
			t.Errorf("%d frames: got a picture of %v, opaque %v, want %d wide and opaque", n, img.Rect, img.Opaque(), FilmWidth)
		}
	}
}

// TestFilmShowsEachFrame: what one frame holds is drawn in its column, and only there.
func TestFilmShowsEachFrame(t *testing.T) {
	bus := car(12, 0, 0)
	bus.Class = "bus"
	back := frontCamera()
	back.Name, back.CameraFromEgo = "CAM_BACK", cameraAt(math.Pi, r3.Vec{Z: 1.6})
	with := func(o ...*fusionv1.Object) Frame {
		return Frame{Scene: Scene{Objects: list(o...), Cameras: []CameraView{back, frontCamera()}}, Labelled: 3, Found: 1, FoundRangeM: 30}
	}
	base := []Frame{with(), with(), with()}
	l := newFilmLayout(base)
	before := mustFilm(t, base...)
	tests := []struct {
		name  string
		frame Frame
		where []image.Rectangle
	}{
		{"an object, in view and bird's-eye view", with(bus), []image.Rectangle{l.camera[1], l.birdsEye[1]}},
		{"an object behind, in the bird's-eye view only", with(car(-12, 0, 0)), []image.Rectangle{l.birdsEye[1]}},
		{"a point", func() Frame {
			f := with()
			f.Points = []sensors.Point{{X: 20, Y: 3, Z: 1}}
			return f
		}(), []image.Rectangle{l.birdsEye[1]}},
		{"truth", func() Frame {
			f := with()
			f.Truth = &fusionv1.TruthFrame{Objects: []*fusionv1.TruthObject{{Center: bus.Center, Size: bus.Size}}}
			return f
		}(), []image.Rectangle{l.birdsEye[1]}},
		{"how many are found", func() Frame {
			f := with()
			f.Found = 2
			return f
		}(), []image.Rectangle{l.caption[1]}},
		{"the mode's reason, where no sensor is named", func() Frame {
			f := with()
			f.Objects.ModeReason = "no ego motion"
			return f
		}(), []image.Rectangle{l.caption[1]}},
		{"the mode", func() Frame {
			f := with()
			f.Objects.Mode = fusionv1.Mode_MODE_DEGRADED
			return f
		}(), []image.Rectangle{l.caption[1]}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			after := mustFilm(t, base[0], tt.frame, base[2])
			places := append(append(append([]image.Rectangle{}, l.camera...), l.birdsEye...), l.caption...)
			for _, r := range places {
				want := false
				for _, w := range tt.where {
					want = want || w == r
				}
				if got := !changed(inside(after, r), inside(before, r)).Empty(); got != want {
					t.Errorf("place %v: changed %v, want %v", r, got, want)
				}
			}
		})
	}
	orange := classColour("bus")
	if n := count(mustFilm(t, with(bus)), newFilmLayout(base[:1]).birdsEye[0], orange); n < 20 {
		t.Errorf("got %d pixels in the colour of a bus, want its outline", n)
	}
}

// TestFilmRange: what lies FilmRangeM ahead is the last that is seen.
func TestFilmRange(t *testing.T) {
	r := newFilmLayout(make([]Frame, 1)).birdsEye[0]
	empty := inside(mustFilm(t, Frame{}), r)
	for _, tt := range []struct {
		x    float32
		seen bool
	}{{FilmRangeM - 0.5, true}, {FilmRangeM + 0.5, false}, {0.5 - FilmRangeM, true}, {-0.5 - FilmRangeM, false}} {
		f := Frame{Scene: Scene{Points: []sensors.Point{{X: tt.x, Y: 3, Z: 1}}}}
		if got := !changed(inside(mustFilm(t, f), r), empty).Empty(); got != tt.seen {
			t.Errorf("point %v m ahead: seen %v, want %v", tt.x, got, tt.seen)
		}
	}
}

// TestShareBar: the lengths of the bar's parts are the mean shares.
func TestShareBar(t *testing.T) {
	a, b, none := car(10, 0, 0), car(20, 0, 0), car(30, 0, 0)
	a.Shares = []*fusionv1.SensorShare{share(ofLidar, 0.8), share(ofCamera, 0.1), share(ofCamera, 0.1)}
	b.Shares = []*fusionv1.SensorShare{share(ofLidar, 0.2), share(ofRadar, 0.6), share(ofCamera, 0.2)}
	none.Shares = []*fusionv1.SensorShare{share(ofRadar, float32(math.NaN())), share(ofLidar, -1)}
	f := Frame{Scene: Scene{Objects: list(a, b, none)}}
	r := newFilmLayout([]Frame{f}).caption[0]
	img := mustFilm(t, f)
	for i, want := range []float64{0.5, 0.3, 0.2} {
		longest := 0
		for y := r.Min.Y; y < r.Max.Y; y++ {
			longest = max(longest, count(img, image.Rect(r.Min.X, y, r.Max.X, y+1), modalityColour(filmModalities[i])))
		}
		if px := int(want*float64(r.Dx()) + 0.5); longest < px-1 || longest > px+1 {
			t.Errorf("%v: got %d of %d px, want %d", filmModalities[i], longest, r.Dx(), px)
		}
	}
	if got := meanShares(nil); got != [3]float64{} {
		t.Errorf("shares of no object: got %v, want none", got)
	}
}

func TestTroubles(t *testing.T) {
	m := &fusionv1.SetManifest{Members: []*fusionv1.Member{
		{Stream: "LIDAR_TOP", Present: true, ReliabilityReason: "fog"},
		{Stream: "CAM_FRONT", Absence: fusionv1.AbsenceReason_ABSENCE_REASON_IDLE, ReliabilityReason: "fog"},
		{Stream: "CAM_BACK", Present: true, ReliabilityReason: "fog"},
		{Stream: "CAM_LEFT", Present: true},
		{Stream: "CAM_RIGHT", Absence: fusionv1.AbsenceReason_ABSENCE_REASON_UNRELIABLE, ReliabilityReason: "frozen"},
		{Stream: "radar", Absence: fusionv1.AbsenceReason_ABSENCE_REASON_NOT_FITTED},
		{Stream: "RADAR_BACK", Absence: fusionv1.AbsenceReason_ABSENCE_REASON_DISABLED},
	}}
	if got, want := troubles(m), "fog ×2, idle CAM_FRONT, frozen CAM_RIGHT"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := troubles(nil); got != "" {
		t.Errorf("without a manifest: got %q, want nothing", got)
	}
}

func TestFoundWords(t *testing.T) {
	objects := Scene{Objects: list(car(1, 0, 0), car(2, 0, 0))}
	for want, f := range map[string]Frame{
		"2 objects":                         {Scene: objects, Labelled: -1},
		"0 of 0 found within 30 m, 0 false": {Scene: objects, FoundRangeM: 30},
		"3 of 4 found within 20 m, 2 false": {Found: 3, Labelled: 4, False: 2, FoundRangeM: 20},
	} {
		if got := foundWords(&f); got != want {
			t.Errorf("%d of %d: got %q, want %q", f.Found, f.Labelled, got, want)
		}
	}
}

func TestAhead(t *testing.T) {
	for _, tt := range []struct {
		yaws []float64 // degrees
		want int       // -1: none
	}{{nil, -1}, {[]float64{180, 60, -90}, -1}, {[]float64{57, -8, 180, 9}, 1}, {[]float64{0, 0}, 0}} {
		var cameras []CameraView
		for _, deg := range tt.yaws {
			cameras = append(cameras, CameraView{CameraFromEgo: cameraAt(deg*math.Pi/180, r3.Vec{})})
		}
		got := -1
		for i := range cameras {
			if ahead(cameras) == &cameras[i] {
				got = i
			}
		}
		if got != tt.want {
			t.Errorf("cameras at %v: got %d, want %d", tt.yaws, got, tt.want)
		}
	}
}

func TestFilmRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		frames []Frame
		want   string
	}{
		"none":     {nil, "0 frames"},
		"too many": {make([]Frame, MaxFilm+1), fmt.Sprintf("want 1 to %d", MaxFilm)},
		"a bad one": {
			[]Frame{{}, {Scene: Scene{Cameras: []CameraView{{Name: "A", Image: image.NewRGBA(image.Rectangle{})}}}}},
			"frame 1: camera A: image of no size",
		},
	} {
		if img, err := Film(tt.frames); err == nil || img != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got image %v, error %v, want an error that says %q", name, img != nil, err, tt.want)
		}
	}
}

func TestFilmIsDeterministic(t *testing.T) {
	f := Frame{Scene: fullScene(2000), Labelled: 60, Found: 60, FoundRangeM: 30}
	if a, b := mustFilm(t, f, f), mustFilm(t, f, f); !bytes.Equal(a.Pix, b.Pix) {
		t.Error("got two different pictures of the same frames")
	}
}
