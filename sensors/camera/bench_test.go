//go:build cgo

package camera

import (
	"bytes"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"testing"

	"github.com/fusiond/fusiond/internal/vision"
	"github.com/fusiond/fusiond/sensors"
)

// street is a 1920x1080 JPEG with as much detail as a camera's (about 300 KB at quality 88): ramps with grain and edges.
func street(tb testing.TB, seed uint64) *sensors.CameraFrame {
	tb.Helper()
	rnd := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a picture's grain
	f := ramps(1920, 1080)
	for range 400 {
		x, y, w, h, d := rnd.IntN(1800), 300+rnd.IntN(700), 8+rnd.IntN(110), 8+rnd.IntN(70), rnd.IntN(90)-45
		for row := y; row < min(y+h, 1080); row++ {
			for i := 3 * (row*1920 + x); i < 3*(row*1920+x+w); i++ {
				f.Data[i] = byte(max(0, min(255, int(f.Data[i])+d)))
			}
		}
	}
	for i := 0; i < len(f.Data); i += 3 {
		g := rnd.IntN(9) - 4
		for ch := range 3 {
			f.Data[i+ch] = byte(max(0, min(255, int(f.Data[i+ch])+g)))
		}
	}
	return asJPEG(tb, f, 88)
}

// BenchmarkSixCameras takes one set of six 1920x1080 JPEGs to six 256x96 pictures, one after the other on one thread.
// The peer is what plain Go does: image/jpeg at full size (to YCbCr, without even converting it to RGB or resizing).
func BenchmarkSixCameras(b *testing.B) {
	var frames []*sensors.CameraFrame
	total := 0
	for i := range 6 {
		frames = append(frames, street(b, uint64(i)))
		total += len(frames[i].Data)
	}
	b.Logf("six JPEGs of %d KB on average", total/6000)
	for _, c := range []struct {
		name string
		k    *sensors.Intrinsics
	}{
		{"pinhole", pinhole(1920, 1080, 1000)},
		{"radtan", lens(1920, 1080, sensors.PinholeRadTan)},
		{"fisheye", lens(1920, 1080, sensors.FisheyeKB4)},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := newPreprocessor(b, c.k, 256, 96)
			dst := process(b, p, frames[0])
			b.ReportAllocs()
			for b.Loop() {
				for _, f := range frames {
					if err := p.Process(f, dst); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
	b.Run("peer image-jpeg", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, f := range frames {
				m, err := jpeg.Decode(bytes.NewReader(f.Data))
				if err != nil || m.Bounds() != image.Rect(0, 0, 1920, 1080) {
					b.Fatal(err)
				}
			}
		}
	})
}

// BenchmarkStages splits one frame's time.
func BenchmarkStages(b *testing.B) {
	f := street(b, 1)
	stage := func(name string, k *sensors.Intrinsics, run func(p *Preprocessor, img *vision.Image, dst []uint8) error) {
		b.Run(name, func(b *testing.B) {
			p := newPreprocessor(b, k, 256, 96)
			dst := process(b, p, f)
			img := p.decoded
			b.ReportAllocs()
			for b.Loop() {
				if err := run(p, &img, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	plain, wide := pinhole(1920, 1080, 1000), lens(1920, 1080, sensors.PinholeRadTan)
	stage("decode", plain, func(p *Preprocessor, _ *vision.Image, _ []uint8) error {
		_, _, err := p.decode(f)
		return err
	})
	stage("crop", plain, func(p *Preprocessor, img *vision.Image, dst []uint8) error { return p.crop(img, dst) })
	stage("warp", wide, func(p *Preprocessor, img *vision.Image, dst []uint8) error { return p.warp(img, dst) })
	stage("planar", plain, func(p *Preprocessor, _ *vision.Image, dst []uint8) error {
		planar(dst, &p.fitted, p.plan.top, p.view.Height)
		return nil
	})
	lenses := everyLens(1920, 1080)
	for _, name := range []string{"radial, tangential", "rational", "fisheye"} {
		stage("plan "+name, lenses[name], func(p *Preprocessor, img *vision.Image, _ []uint8) error {
			next, err := newPlan(&p.k, p.view, p.plan.src, img.Width, img.Height)
			next.close()
			return err
		})
	}
}

// BenchmarkRaw is one uncompressed 1920x1080 frame of each encoding.
func BenchmarkRaw(b *testing.B) {
	f := ramps(1920, 1080)
	n := 1920 * 1080
	for _, c := range []struct {
		name string
		f    *sensors.CameraFrame
	}{
		{"rgb8", f},
		{"bgr8", withData(f, sensors.BGR8, f.Data)},
		{"nv12", withData(f, sensors.NV12, f.Data[:n/2*3])},
		{"gray8", withData(f, sensors.GRAY8, f.Data[:n])},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := newPreprocessor(b, pinhole(1920, 1080, 1000), 256, 96)
			dst := process(b, p, c.f)
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Process(c.f, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
