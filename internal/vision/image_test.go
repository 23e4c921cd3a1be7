package vision

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"
)

// wantError fails unless err is an error that contains every part.
func wantError(t *testing.T, what string, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: got no error, want one with %q", what, parts)
		return
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("%s: got error %q, want it to contain %q", what, err, p)
		}
	}
}

// pattern is a picture without symmetry: each pixel's channels say where it is.
func pattern(w, h int) Image {
	m := Image{Width: w, Height: h, Pix: make([]byte, 3*w*h)}
	for y := range h {
		for x := range w {
			i := 3 * (y*w + x)
			m.Pix[i], m.Pix[i+1], m.Pix[i+2] = byte(x*255/w), byte(y*255/h), byte((x+2*y)%200)
		}
	}
	return m
}

// maxDiff is the largest difference of a channel, or 256 for different sizes.
func maxDiff(a, b *Image) int {
	if a.Width != b.Width || a.Height != b.Height || len(a.Pix) != len(b.Pix) {
		return 256
	}
	most := 0
	for i := range a.Pix {
		most = max(most, int(a.Pix[i])-int(b.Pix[i]), int(b.Pix[i])-int(a.Pix[i]))
	}
	return most
}

func TestImageCheck(t *testing.T) {
	ok := pattern(4, 3)
	for _, c := range []struct {
		name string
		m    *Image
		want string
	}{
		{"nil", nil, "no image"},
		{"zero value", &Image{}, "not positive"},
		{"negative", &Image{Width: -4, Height: -3, Pix: ok.Pix}, "not positive"},
		{"one byte short", &Image{4, 3, ok.Pix[:35]}, "35 bytes, want 36"},
		{"nil pixels", &Image{4, 3, nil}, "0 bytes, want 36"},
		{"too large", &Image{8001, 8000, nil}, "over 64 megapixels"},
		{"size that overflows", &Image{1 << 62, 1 << 62, nil}, "over 64 megapixels"},
	} {
		wantError(t, c.name, c.m.Check(), c.want)
	}
	if err := ok.Check(); err != nil {
		t.Errorf("good image: got %v, want no error", err)
	}
}

func TestImageRows(t *testing.T) {
	m := pattern(4, 5)
	r, err := m.Rows(1, 3)
	if err != nil || r.Height != 2 || !bytes.Equal(r.Pix, m.Pix[12:36]) {
		t.Fatalf("rows [1, 3): got %+v, %v", r, err)
	}
	for _, c := range [][2]int{{-1, 2}, {0, 6}, {3, 3}, {4, 2}} {
		_, err := m.Rows(c[0], c[1])
		wantError(t, "rows out of range", err, "of an image of 5 rows")
	}
}

func TestRaw(t *testing.T) {
	var dst Image
	rgb := []byte{1, 2, 3, 4, 5, 6}
	if err := FromBGR8(rgb, 2, 1, &dst); err != nil || !bytes.Equal(dst.Pix, []byte{3, 2, 1, 6, 5, 4}) {
		t.Errorf("bgr8: got %v, %v", dst.Pix, err)
	}
	if err := FromGRAY8([]byte{7, 9}, 1, 2, &dst); err != nil || !bytes.Equal(dst.Pix, []byte{7, 7, 7, 9, 9, 9}) || dst.Height != 2 {
		t.Errorf("gray8: got %+v, %v", dst, err)
	}
	view, err := ViewRGB8(rgb, 1, 2)
	if err != nil || &view.Pix[0] != &rgb[0] || view.Check() != nil {
		t.Errorf("rgb8: got %+v, %v, want a view of the data", view, err)
	}
}

// rawCalls calls each raw conversion of 8 bits a channel.
var rawCalls = map[string]func(data []byte, w, h int, dst *Image) error{
	"rgb8":  func(data []byte, w, h int, _ *Image) error { _, err := ViewRGB8(data, w, h); return err },
	"bgr8":  FromBGR8,
	"gray8": FromGRAY8,
}

func TestRawRefuses(t *testing.T) {
	for name, call := range rawCalls {
		n := 3 * 4 * 2
		if name == "gray8" {
			n = 4 * 2
		}
		var dst Image
		wantError(t, name+" short", call(make([]byte, n-1), 4, 2, &dst), "want", "stride")
		wantError(t, name+" long", call(make([]byte, n+1), 4, 2, &dst), "want", "stride")
		wantError(t, name+" zero", call(nil, 0, 0, &dst), "not positive")
		wantError(t, name+" negative", call(make([]byte, n), -4, -2, &dst), "not positive")
		wantError(t, name+" huge", call(nil, 1<<40, 1<<40, &dst), "megapixels")
		if name != "rgb8" {
			wantError(t, name+" no destination", call(make([]byte, n), 4, 2, nil), "no destination")
		}
		if dst.Pix != nil {
			t.Errorf("%s: memory was allocated for a refused picture", name)
		}
	}
}

func encodePNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDecodePNG(t *testing.T) {
	// One red-ish pixel in each colour type that the format has.
	set := func(m interface {
		image.Image
		Set(x, y int, c color.Color)
	}, c color.Color,
	) image.Image {
		m.Set(1, 0, c)
		return m
	}
	at := image.Rect(0, 0, 2, 1)
	red := color.RGBA{200, 30, 10, 255}
	for _, c := range []struct {
		name string
		m    image.Image
		want [3]byte
	}{
		{"rgb", set(image.NewRGBA(at), red), [3]byte{200, 30, 10}},
		{"half transparent", set(image.NewNRGBA(at), color.NRGBA{200, 100, 0, 128}), [3]byte{100, 50, 0}},
		{"palette", set(image.NewPaletted(at, color.Palette{color.Black, red}), red), [3]byte{200, 30, 10}},
		{"gray", set(image.NewGray(at), color.Gray{90}), [3]byte{90, 90, 90}},
		{"16 bit", set(image.NewRGBA64(at), color.RGBA64{0xc8ff, 0x1e00, 0x0a80, 0xffff}), [3]byte{200, 30, 10}},
		{"16 bit gray", set(image.NewGray16(at), color.Gray16{0x5aff}), [3]byte{90, 90, 90}},
	} {
		var dst Image
		if err := DecodePNG(encodePNG(t, c.m), &dst); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := [3]byte(dst.Pix[3:6]); got != c.want || dst.Width != 2 || dst.Height != 1 {
			t.Errorf("%s: got %v in %dx%d, want %v in 2x1", c.name, got, dst.Width, dst.Height, c.want)
		}
	}
}

func TestDecodePNGRefuses(t *testing.T) {
	data := encodePNG(t, image.NewRGBA(image.Rect(0, 0, 40, 30)))
	huge := bytes.Clone(data)
	copy(huge[16:24], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // 65536 x 65536; the checksum of the header no longer fits
	var dst Image
	for n := range len(data) {
		if err := DecodePNG(data[:n], &dst); err == nil {
			t.Fatalf("cut at %d of %d bytes: got no error", n, len(data))
		}
	}
	wantError(t, "garbage", DecodePNG([]byte("not a png at all"), &dst), "decode png header")
	wantError(t, "huge", DecodePNG(huge, &dst), "decode png")
	wantError(t, "no destination", DecodePNG(data, nil), "no destination")
	if dst.Pix != nil {
		t.Error("memory was allocated for a refused picture")
	}
}
