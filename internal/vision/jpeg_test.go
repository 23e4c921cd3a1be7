//go:build cgo

package vision

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func newDecoder(t testing.TB) *Decoder {
	t.Helper()
	d, err := NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func encodeJPEG(t testing.TB, m image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// smooth is a picture without fine detail, so that a decoder's choice of chroma interpolation shows little.
func smooth(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{byte(40 + 160*x/w), byte(40 + 160*y/h), byte(200 - 80*(x+y)/(w+h)), 255})
		}
	}
	return m
}

func TestDecodeJPEGScales(t *testing.T) {
	d := newDecoder(t)
	const w, h = 163, 97 // no multiple of a block, so that rounding shows
	src := smooth(w, h)
	data := encodeJPEG(t, src, 98)
	for _, c := range []struct {
		name             string
		minW, minH       int
		denom, outW, out int
	}{
		{"any size", 0, 0, 8, 21, 13},
		{"exactly an eighth", 21, 13, 8, 21, 13},
		{"one column more than an eighth", 22, 13, 4, 41, 25},
		{"one row more than an eighth", 21, 14, 4, 41, 25},
		{"exactly a quarter", 41, 25, 4, 41, 25},
		{"a half", 42, 1, 2, 82, 49},
		{"the whole", 83, 1, 1, 163, 97},
		{"more than the whole", 500, 500, 1, 163, 97},
	} {
		var dst Image
		denom, err := d.DecodeJPEG(data, c.minW, c.minH, &dst)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if denom != c.denom || dst.Width != c.outW || dst.Height != c.out || dst.Check() != nil {
			t.Errorf("%s: got 1/%d, %dx%d, %v; want 1/%d, %dx%d", c.name, denom, dst.Width, dst.Height, dst.Check(), c.denom, c.outW, c.out)
			continue
		}
		// Pixel (x, y) must be the mean of its denom x denom source pixels (whole ones: the edges are padded).
		worst := 0
		for y := range h / denom {
			for x := range w / denom {
				var sum [3]int
				for dy := range denom {
					for dx := range denom {
						p := src.RGBAAt(x*denom+dx, y*denom+dy)
						sum[0], sum[1], sum[2] = sum[0]+int(p.R), sum[1]+int(p.G), sum[2]+int(p.B)
					}
				}
				for ch := range 3 {
					diff := int(dst.Pix[3*(y*dst.Width+x)+ch]) - sum[ch]/(denom*denom)
					worst = max(worst, diff, -diff)
				}
			}
		}
		if worst > 6 { // quality 98 and 4:2:0; one block's shift would be over 8
			t.Errorf("%s: got a difference of %d levels to the averaged source, want 6 at most", c.name, worst)
		}
	}
}

// testdata/progressive.jpg (YCbCr) and cmyk.jpg are 16x16 and made with libjpeg, because image/jpeg writes neither kind.
func TestDecodeJPEGKinds(t *testing.T) {
	d := newDecoder(t)
	var dst Image
	gray := image.NewGray(image.Rect(0, 0, 16, 16))
	for i := range gray.Pix {
		gray.Pix[i] = 77
	}
	if _, err := d.DecodeJPEG(encodeJPEG(t, gray, 90), 16, 16, &dst); err != nil || !bytes.Equal(dst.Pix[:3], []byte{77, 77, 77}) {
		t.Errorf("gray: got %v, %v, want 77 in each channel", dst.Pix[:3], err)
	}
	progressive, err := os.ReadFile(filepath.Join("testdata", "progressive.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.DecodeJPEG(progressive, 16, 16, &dst); err != nil || dst.Width != 16 {
		t.Errorf("progressive: got %d wide, %v", dst.Width, err)
	}
	cmyk, err := os.ReadFile(filepath.Join("testdata", "cmyk.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.DecodeJPEG(cmyk, 16, 16, &dst)
	wantError(t, "cmyk", err, "CMYK", "send YCbCr")
}

func TestDecodeJPEGTruncated(t *testing.T) {
	d := newDecoder(t)
	var dst Image
	progressive, err := os.ReadFile(filepath.Join("testdata", "progressive.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"baseline":    encodeJPEG(t, smooth(64, 48), 90),
		"progressive": progressive,
	} {
		for n := range len(data) {
			if _, err := d.DecodeJPEG(data[:n:n], 0, 0, &dst); err == nil {
				t.Errorf("%s cut at %d of %d bytes: got no error", name, n, len(data))
			}
		}
		if _, err := d.DecodeJPEG(data, 0, 0, &dst); err != nil {
			t.Errorf("%s after the cuts, whole: %v", name, err)
		}
	}
	data := encodeJPEG(t, smooth(640, 480), 90)
	_, err = d.DecodeJPEG(data[:len(data)*3/4], 0, 0, &dst)
	wantError(t, "last quarter missing", err, "640x480", "truncated", "Premature end")
}

func TestDecodeJPEGRefuses(t *testing.T) {
	d := newDecoder(t)
	data := encodeJPEG(t, smooth(16, 16), 90)
	sof := bytes.Index(data, []byte{0xff, 0xc0})
	sized := func(w, h int) []byte {
		b := bytes.Clone(data)
		copy(b[sof+5:], []byte{byte(h >> 8), byte(h), byte(w >> 8), byte(w)})
		return b
	}
	damaged := bytes.Clone(data)
	for i := len(damaged) - 30; i < len(damaged)-4; i++ {
		damaged[i] = 0xff
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"nil", nil, "no bytes"},
		{"empty", []byte{}, "no bytes"},
		{"one byte", []byte{0xff}, "header of 1 bytes"},
		{"garbage", bytes.Repeat([]byte("garbage "), 40), "not a whole JPEG"},
		{"64-megapixel header", sized(65000, 65000), "megapixels"},
		{"zero width", sized(0, 16), "header"},
		{"zero height", sized(16, 0), "header"},
		{"larger than its data", sized(4000, 4000), "truncated"},
		{"damaged scan", damaged, "damaged"},
	} {
		var dst Image
		_, err := d.DecodeJPEG(c.data, 1, 1, &dst)
		wantError(t, c.name, err, c.want)
	}
	var dst Image
	_, err := d.DecodeJPEG(data, -1, 5, &dst)
	wantError(t, "negative least size", err, "negative")
	_, err = d.DecodeJPEG(data, 1, 1, nil)
	wantError(t, "no destination", err, "no destination")

	closed, err := NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	closed.Close()
	_, err = closed.DecodeJPEG(data, 1, 1, &dst)
	wantError(t, "closed", err, "used after Close")
}

// Reasons are TurboJPEG's own, whichever threads the goroutines are moved between. Pictures are large enough for the runtime to
// give a decoding goroutine's processor to another.
func TestDecodeJPEGReasonsOfManyGoroutines(t *testing.T) {
	whole := encodeJPEG(t, smooth(640, 480), 90)
	cases := []struct {
		data []byte
		want string
	}{
		{whole[:len(whole)*9/10], "Premature end of JPEG file"},
		{bytes.Repeat([]byte("garbage "), 40), "Not a JPEG file: starts with 0x67 0x61"},
		{whole[:300], "Bogus Huffman table definition"},
	}
	var wg sync.WaitGroup
	for i := range 32 {
		c := cases[i%len(cases)]
		d := newDecoder(t)
		wg.Go(func() {
			var dst Image
			for range 40 {
				_, err := d.DecodeJPEG(c.data, 0, 0, &dst)
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("goroutine %d: got %v, want a reason with %q", i, err, c.want)
					return
				}
				runtime.Gosched()
			}
		})
	}
	wg.Wait()
}

func TestDecodeJPEGAllocatesNothing(t *testing.T) {
	d := newDecoder(t)
	data := encodeJPEG(t, smooth(320, 200), 90)
	var dst Image
	run := func() {
		if _, err := d.DecodeJPEG(data, 80, 50, &dst); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if got, want := testing.AllocsPerRun(50, run), 0.0; got != want {
		t.Errorf("got %v allocations a call, want %v", got, want)
	}
}

// FuzzDecodeJPEG holds that no bytes make the decoder crash, hang, return a picture that is not whole, or refuse the next
// good picture.
func FuzzDecodeJPEG(f *testing.F) {
	for _, name := range []string{"cmyk.jpg", "progressive.jpg"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, 5, 5)
	}
	d := newDecoder(f)
	good := encodeJPEG(f, smooth(8, 8), 50)
	f.Fuzz(func(t *testing.T, data []byte, minW, minH int) {
		defer func() {
			var dst Image
			if _, err := d.DecodeJPEG(good, 8, 8, &dst); err != nil {
				t.Fatalf("a good picture afterwards: %v", err)
			}
		}()
		w, h, err := d.JPEGInfo(data)
		if err != nil || w*h > 1<<20 { // large ones only cost time here
			return
		}
		var dst Image
		denom, err := d.DecodeJPEG(data, minW, minH, &dst)
		if err != nil {
			return
		}
		if err := dst.Check(); err != nil {
			t.Fatal(err)
		}
		if dst.Width != ceilDiv(w, denom) || dst.Height != ceilDiv(h, denom) {
			t.Fatalf("got %dx%d at 1/%d of %dx%d", dst.Width, dst.Height, denom, w, h)
		}
	})
}
