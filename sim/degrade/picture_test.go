package degrade

import (
	"bytes"
	"image/jpeg"
	"testing"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// TestEncodings: every encoding is read, degraded and written again as itself.
func TestEncodings(t *testing.T) {
	for _, e := range []fusionv1.ImageEncoding{
		fusionv1.ImageEncoding_IMAGE_ENCODING_JPEG, fusionv1.ImageEncoding_IMAGE_ENCODING_PNG, fusionv1.ImageEncoding_IMAGE_ENCODING_RGB8,
		fusionv1.ImageEncoding_IMAGE_ENCODING_BGR8, fusionv1.ImageEncoding_IMAGE_ENCODING_NV12, fusionv1.ImageEncoding_IMAGE_ENCODING_GRAY8,
	} {
		t.Run(e.String(), func(t *testing.T) {
			frame := madeFrame(t, madeStart, e)
			sample, err := sensors.ParseCameraFrame(marshal(t, frame), sensors.Meta{})
			if err != nil {
				t.Fatal(err)
			}
			p := &picture{}
			if err := p.read(sample); err != nil {
				t.Fatal(err)
			}
			lossless := e != fusionv1.ImageEncoding_IMAGE_ENCODING_JPEG && e != fusionv1.ImageEncoding_IMAGE_ENCODING_NV12
			sum, want := 0, codesOf(madeImage())
			for i := range want {
				w := int(want[i])
				if p.grey {
					w = int(want[i/3*3+1])
				}
				d := int(p.codes[i]) - w
				sum += max(d, -d)
			}
			if mean := float64(sum) / float64(len(want)); mean > 3 || (lossless && mean > 0) {
				t.Errorf("pixels are off by %.2f in the mean", mean)
			}
			out, err := p.write(sample.Encoding)
			if err != nil {
				t.Fatal(err)
			}
			if lossless && !bytes.Equal(out, frame.Data) {
				t.Error("written again it has other bytes")
			}
			path := maker{sweeps: 1, encoding: e}.write(t)
			got, _, report := degraded(t, path, "[{at: 0s, fog: 0.06}]", Options{})
			after, err := sensors.ParseCameraFrame(got[frontTopic][0].Data, sensors.Meta{})
			if err != nil || after.Encoding != sample.Encoding || after.Width != madeWidth || after.ExposureNs != 5e6 || report.Unreadable() > 0 {
				t.Fatalf("%+v, %v, want a picture of the same kind", after, err)
			}
			if err := p.read(after); err != nil {
				t.Fatal(err)
			}
			if dark := p.codes[3*(26*madeWidth+48)+1]; dark < 80 {
				t.Errorf("the wall at 48 m has %d in fog of 50 m visibility, want a haze over its 25 and 60", dark)
			}
		})
	}
}

func TestJPEGQuality(t *testing.T) {
	for _, q := range []int{10, 49, 50, 75, 90, 95, 100} {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, madeImage(), &jpeg.Options{Quality: q}); err != nil {
			t.Fatal(err)
		}
		if got := jpegQuality(b.Bytes()); got != q {
			t.Errorf("quality %d, want %d", got, q)
		}
	}
	if got := jpegQuality([]byte{0xff, 0xd8, 0xff}); got != defaultQuality {
		t.Errorf("quality %d of a torn file, want %d", got, defaultQuality)
	}
}

// TestPictureRefuses what does not fit its message.
func TestPictureRefuses(t *testing.T) {
	frame := madeFrame(t, madeStart, 0)
	tests := map[string]*sensors.CameraFrame{
		"other size":      {Encoding: sensors.JPEG, Width: madeWidth + 1, Height: madeHeight, Data: frame.Data},
		"cut":             {Encoding: sensors.JPEG, Width: madeWidth, Height: madeHeight, Data: frame.Data[:200]},
		"no pixels":       {Encoding: sensors.JPEG, Data: frame.Data},
		"short raw":       {Encoding: sensors.RGB8, Width: 4, Height: 4, Data: make([]byte, 47)},
		"huge":            {Encoding: sensors.PNG, Width: 1 << 16, Height: 1 << 16},
		"unknown":         {Encoding: 99, Width: 4, Height: 4},
		"PNG that is not": {Encoding: sensors.PNG, Width: madeWidth, Height: madeHeight, Data: frame.Data},
	}
	for name, f := range tests {
		if err := new(picture).read(f); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzPicture(f *testing.F) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, madeImage(), &jpeg.Options{Quality: 60}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes(), uint8(sensors.JPEG))
	f.Add([]byte{0xff, 0xd8, 0xff, 0xdb, 0, 5, 0x10, 1}, uint8(sensors.JPEG))
	f.Add(make([]byte, madeWidth*madeHeight*3/2), uint8(sensors.NV12))
	f.Fuzz(func(t *testing.T, data []byte, e uint8) {
		if q := jpegQuality(data); q < 1 || q > 100 {
			t.Fatalf("quality %d", q)
		}
		p := &picture{}
		frame := &sensors.CameraFrame{Encoding: sensors.Encoding(e), Width: madeWidth, Height: madeHeight, Data: data}
		if p.read(frame) != nil {
			return
		}
		if _, err := p.write(frame.Encoding); err != nil {
			t.Fatal(err)
		}
	})
}
