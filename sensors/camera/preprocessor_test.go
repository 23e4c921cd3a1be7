//go:build cgo

package camera

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"math"
	"strings"
	"testing"

	"github.com/fusiond/fusiond/sensors"
)

func newPreprocessor(t testing.TB, k *sensors.Intrinsics, w, h int) *Preprocessor {
	t.Helper()
	v, err := NewView(k, forward, w, h, DefaultHorizon)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPreprocessor(k, v)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func process(t testing.TB, p *Preprocessor, f *sensors.CameraFrame) []uint8 {
	t.Helper()
	dst := make([]uint8, 3*p.View().Width*p.View().Height)
	if err := p.Process(f, dst); err != nil {
		t.Fatal(err)
	}
	return dst
}

// rgbFrame makes an RGB8 frame whose pixel's red, green and blue are what level returns for its column and row.
func rgbFrame(w, h int, level func(col, row int) [3]float64) *sensors.CameraFrame {
	f := &sensors.CameraFrame{Encoding: sensors.RGB8, Width: w, Height: h, Data: make([]byte, 0, 3*w*h)}
	f.Sensor, f.Seq = "CAM_FRONT", 7
	for row := range h {
		for col := range w {
			for _, v := range level(col, row) {
				f.Data = append(f.Data, byte(math.Round(math.Min(math.Max(v, 0), 255))))
			}
		}
	}
	return f
}

// ramps is a smooth picture, the same at any resolution.
func ramps(w, h int) *sensors.CameraFrame {
	return rgbFrame(w, h, func(col, row int) [3]float64 {
		x, y := (float64(col)+0.5)/float64(w), (float64(row)+0.5)/float64(h)
		return [3]float64{30 + 190*x, 220 - 190*y, 120 + 60*math.Sin(5*x+4*y)}
	})
}

func rgba(f *sensors.CameraFrame) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, f.Width, f.Height))
	for i := range f.Width * f.Height {
		copy(m.Pix[4*i:], f.Data[3*i:3*i+3])
		m.Pix[4*i+3] = 255
	}
	return m
}

func withData(f *sensors.CameraFrame, e sensors.Encoding, data []byte) *sensors.CameraFrame {
	c := *f
	c.Encoding, c.Data = e, data
	return &c
}

func asJPEG(t testing.TB, f *sensors.CameraFrame, quality int) *sensors.CameraFrame {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, rgba(f), &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return withData(f, sensors.JPEG, b.Bytes())
}

func worst(a, b []uint8) int {
	most := 0
	for i := range a {
		most = max(most, int(a[i])-int(b[i]), int(b[i])-int(a[i]))
	}
	return most
}

func TestEncodingsAgree(t *testing.T) {
	color := ramps(640, 360)
	gray := rgbFrame(640, 360, func(col, row int) [3]float64 {
		g := 20 + float64(col+row)/5
		return [3]float64{g, g, g}
	})
	bgr := bytes.Clone(color.Data)
	for i := 0; i < len(bgr); i += 3 {
		bgr[i], bgr[i+2] = bgr[i+2], bgr[i]
	}
	var asPNG bytes.Buffer
	if err := png.Encode(&asPNG, rgba(color)); err != nil {
		t.Fatal(err)
	}
	var gray8, nv12 []byte
	for i := 0; i < len(gray.Data); i += 3 {
		g := gray.Data[i]
		gray8 = append(gray8, g)
		nv12 = append(nv12, byte(math.Round(16+float64(g)*219/255)))
	}
	nv12 = append(nv12, bytes.Repeat([]byte{128}, 640*180)...)
	for _, c := range []struct {
		name      string
		reference *sensors.CameraFrame
		frame     *sensors.CameraFrame
		within    int
	}{
		{"bgr8", color, withData(color, sensors.BGR8, bgr), 0},
		{"png", color, withData(color, sensors.PNG, asPNG.Bytes()), 0},
		{"gray8", gray, withData(gray, sensors.GRAY8, gray8), 0},
		{"nv12: rounding of limited range", gray, withData(gray, sensors.NV12, nv12), 2},
		{"jpeg: quality 98 and another order of averaging", color, asJPEG(t, color, 98), 4},
	} {
		for _, k := range []*sensors.Intrinsics{pinhole(640, 360, 400), lens(640, 360, sensors.FisheyeKB4)} {
			p := newPreprocessor(t, k, 128, 48)
			want, got := process(t, p, c.reference), process(t, p, c.frame)
			if d := worst(got, want); d > c.within {
				t.Errorf("%s, lens model %d: got a difference of %d levels to rgb8, want %d at most", c.name, k.Model, d, c.within)
			}
		}
	}
}

func TestPlanar(t *testing.T) {
	// View pixel (x, y) of a half-size view without crop is the mean of 2x2 pixels.
	k := pinhole(16, 8, 10)
	p := newPreprocessor(t, k, 8, 4)
	f := rgbFrame(16, 8, func(col, row int) [3]float64 {
		return [3]float64{float64(col/2) * 10, float64(row/2) * 20, 7}
	})
	got := process(t, p, f)
	for y := range 4 {
		for x := range 8 {
			for ch, want := range []int{10 * x, 20 * y, 7} {
				if g := int(got[ch*32+y*8+x]); g != want {
					t.Fatalf("plane %d, pixel (%d, %d): got %d, want %d", ch, x, y, g, want)
				}
			}
		}
	}
}

// TestCropAndWarpAgree holds the fast way without a lens against the general one.
func TestCropAndWarpAgree(t *testing.T) {
	for _, size := range [][2]int{{1920, 1080}, {640, 360}, {1600, 900}} {
		k := pinhole(size[0], size[1], 0.6*float64(size[0]))
		almost := *k
		almost.Distortion[0] = 1e-12
		crop, warp := newPreprocessor(t, k, 256, 96), newPreprocessor(t, &almost, 256, 96)
		for _, f := range []*sensors.CameraFrame{ramps(size[0], size[1]), asJPEG(t, ramps(size[0], size[1]), 95)} {
			a, b := process(t, crop, f), process(t, warp, f)
			if crop.plan.table != nil || warp.plan.table == nil {
				t.Fatalf("%v: both took the same way", size)
			}
			if d := worst(a, b); d > 2 {
				t.Errorf("%v, encoding %d: got a difference of %d levels, want 2 at most", size, f.Encoding, d)
			}
		}
	}
}

func TestFrameOfAnotherSize(t *testing.T) {
	for _, k := range []*sensors.Intrinsics{pinhole(1280, 720, 800), lens(1280, 720, sensors.PinholeRadTan)} {
		p := newPreprocessor(t, k, 128, 48)
		want := process(t, p, ramps(1280, 720))
		for _, size := range [][2]int{{640, 360}, {320, 180}, {1920, 1080}, {854, 480}, {1280, 720}} {
			got := process(t, p, ramps(size[0], size[1]))
			if d := worst(got, want); d > 3 {
				t.Errorf("%v, distorted %t: got a difference of %d levels to 1280x720, want 3 at most", size, k.Distorted(), d)
			}
		}
	}
}

func TestFill(t *testing.T) {
	white := func(int, int) [3]float64 { return [3]float64{255, 255, 255} }
	// 40 rows of picture in a view of 48, of which the horizon is row 15: 5 rows are missing above it and 3 below.
	k := pinhole(640, 200, 400)
	almost := *k
	almost.Distortion[0] = 1e-12
	for _, k := range []*sensors.Intrinsics{k, &almost} {
		v, err := NewView(k, pitched(3, 0), 128, 48, DefaultHorizon)
		if err != nil {
			t.Fatal(err)
		}
		p, err := NewPreprocessor(k, v)
		if err != nil {
			t.Fatal(err)
		}
		got := process(t, p, rgbFrame(640, 200, white))
		p.Close()
		for i, g := range got {
			want := uint8(255)
			if row := i / 128 % 48; row < 5 || row >= 45 {
				want = Fill
			}
			if g != want {
				t.Fatalf("distorted %t, row %d: got %d, want %d", k.Distorted(), i/128%48, g, want)
			}
		}
	}
}

func TestProcessRefuses(t *testing.T) {
	p := newPreprocessor(t, pinhole(640, 360, 400), 128, 48)
	ok := ramps(640, 360)
	asJ := asJPEG(t, ok, 80)
	sized := func(f *sensors.CameraFrame, w, h int) *sensors.CameraFrame {
		c := *f
		c.Width, c.Height = w, h
		return &c
	}
	for _, c := range []struct {
		name  string
		frame *sensors.CameraFrame
		want  []string
	}{
		{"no frame", nil, []string{"no frame"}},
		{"truncated jpeg", withData(asJ, sensors.JPEG, asJ.Data[:len(asJ.Data)*2/3]), []string{"CAM_FRONT seq 7", "truncated", "transport"}},
		{"garbage as jpeg", withData(asJ, sensors.JPEG, []byte("garbage")), []string{"not a whole JPEG"}},
		{"empty jpeg", withData(asJ, sensors.JPEG, nil), []string{"no bytes"}},
		{"jpeg of another size than said", sized(asJ, 1280, 720), []string{"jpeg is 640x360", "says 1280x720"}},
		{"garbage as png", withData(ok, sensors.PNG, []byte("garbage")), []string{"png"}},
		{"zero size", sized(ok, 0, 0), []string{"not positive"}},
		{"negative size", sized(ok, -640, -360), []string{"not positive"}},
		{"jpeg without a size", sized(asJ, 0, 0), []string{"must state width and height"}},
		{"too many pixels", sized(ok, 640*40, 360*40), []string{"megapixels"}},
		{"size that overflows", sized(ok, math.MaxInt, math.MaxInt), []string{"megapixels"}},
		{"another aspect ratio", sized(ok, 640, 480), []string{"aspect ratio", "640x480", "640x360"}},
		{"raw data short", withData(ok, sensors.RGB8, ok.Data[1:]), []string{"rgb8", "want 691200"}},
		{"raw data long", withData(ok, sensors.GRAY8, ok.Data), []string{"gray8", "want 230400"}},
		{"nv12 short", withData(ok, sensors.NV12, ok.Data[:640*360]), []string{"nv12", "want 345600"}},
		{"unknown encoding", withData(ok, 0, ok.Data), []string{"encoding 0 is unknown"}},
	} {
		dst := bytes.Repeat([]byte{99}, 3*128*48)
		err := p.Process(c.frame, dst)
		if err == nil {
			t.Errorf("%s: got no error", c.name)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: got error %q, want it to contain %q", c.name, err, w)
			}
		}
		if bytes.Count(dst, []byte{99}) != len(dst) {
			t.Errorf("%s: the destination was written to", c.name)
		}
	}
	if err := p.Process(ok, make([]uint8, 5)); err == nil || !strings.Contains(err.Error(), "want 18432") {
		t.Errorf("short destination: got error %v", err)
	}
	process(t, p, asJ) // and goes on
	p.Close()
	p.Close()
	if err := p.Process(asJ, make([]uint8, 3*128*48)); err == nil || !strings.Contains(err.Error(), "Close") {
		t.Errorf("closed: got error %v", err)
	}
}

func TestNewPreprocessorRefuses(t *testing.T) {
	k := pinhole(640, 360, 400)
	for name, v := range map[string]View{
		"zero view":  {},
		"huge":       {Width: 1 << 30, Height: 1 << 30, Fx: 1, Fy: 1},
		"NaN centre": {Width: 8, Height: 8, Fx: 1, Fy: 1, Cx: math.NaN()},
	} {
		if _, err := NewPreprocessor(k, v); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if _, err := NewPreprocessor(nil, View{Width: 8, Height: 8, Fx: 1, Fy: 1}); err == nil {
		t.Error("no intrinsics: got no error")
	}
}

func TestProcessAllocatesNothing(t *testing.T) {
	color := ramps(640, 360)
	for name, f := range map[string]*sensors.CameraFrame{
		"jpeg": asJPEG(t, color, 80), "rgb8": color, "bgr8": withData(color, sensors.BGR8, color.Data),
		"nv12": withData(color, sensors.NV12, color.Data[:640*360/2*3]),
	} {
		for _, k := range []*sensors.Intrinsics{pinhole(640, 360, 400), lens(640, 360, sensors.PinholeRadTan)} {
			p := newPreprocessor(t, k, 128, 48)
			dst := process(t, p, f)
			got := testing.AllocsPerRun(20, func() {
				if err := p.Process(f, dst); err != nil {
					t.Fatal(err)
				}
			})
			if got != 0 {
				t.Errorf("%s, distorted %t: got %v allocations a frame, want 0", name, k.Distorted(), got)
			}
		}
	}
}

// lens returns a wide lens of each model with a distortion of tens of pixels at the edge.
func lens(w, h int, m sensors.LensModel) *sensors.Intrinsics {
	k := pinhole(w, h, 0.55*float64(w))
	k.Cx, k.Cy, k.Model = k.Cx+0.01*float64(w), k.Cy-0.02*float64(h), m
	if m == sensors.FisheyeKB4 {
		k.Distortion = [8]float64{-0.02, 0.004, -0.001, 0.0002}
	} else {
		k.Distortion = [8]float64{-0.25, 0.08, 0.0008, -0.0006, -0.01}
	}
	return k
}
