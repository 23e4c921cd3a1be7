package condition_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	_ "image/jpeg" // what cameras record
	"io"
	"os"
	"strings"
	"testing"

	"github.com/foxglove/mcap/go/mcap"

	"github.com/fusiond/fusiond/sensors"
)

const (
	pictureW, pictureH = 256, 96
	horizon            = 0.42
	fill               = 120
)

// recording is an MCAP file. It is read here with the plain MCAP library, because this package knows nothing of fusiond's own.
type recording struct {
	r   *mcap.Reader
	rig *sensors.Rig
}

// openRecording opens the file until the test ends.
func openRecording(t *testing.T, path string) recording {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	r, err := mcap.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	info, err := r.Info()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range info.AttachmentIndexes {
		if x.Name != "rig.yaml" {
			continue
		}
		a, err := r.GetAttachmentReader(x.Offset)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(a.Data())
		if err != nil {
			t.Fatal(err)
		}
		rig, err := sensors.ParseRig(text, path)
		if err != nil {
			t.Fatal(err)
		}
		return recording{r, rig}
	}
	t.Fatalf("%s has no rig", path)
	return recording{}
}

// each hands every sensor sample to visit, in order of arrival.
func (rec recording) each(t *testing.T, visit func(sensors.Sample)) {
	t.Helper()
	it, err := rec.r.Messages(mcap.UsingIndex(true), mcap.InOrder(mcap.LogTimeOrder))
	if err != nil {
		t.Fatal(err)
	}
	for {
		_, channel, m, err := it.NextInto(nil)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		var s sensors.Sample
		switch {
		case strings.Contains(channel.Topic, ".sensor.camera."):
			s, err = sensors.ParseCameraFrame(m.Data, sensors.Meta{})
		case strings.Contains(channel.Topic, ".sensor.lidar."):
			s, err = sensors.ParsePointCloud(m.Data, sensors.Meta{})
		case strings.Contains(channel.Topic, ".sensor.radar."):
			s, err = sensors.ParseRadarScan(m.Data, sensors.Meta{})
		default:
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", channel.Topic, err)
		}
		visit(s)
	}
}

// picture makes what sensors/camera makes of a JPEG, lens aside: averaged down to 256 pixels of width, and of the rows the 96 that
// have a level camera's horizon at 42 %. Planes of red, green, blue.
func picture(t *testing.T, frame *sensors.CameraFrame) []uint8 {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(frame.Data))
	if err != nil {
		t.Fatalf("%s at %d: %v", frame.Sensor, frame.Stamp, err)
	}
	b := img.Bounds()
	scale := float64(b.Dx()) / pictureW
	top := max(0, float64(b.Dy())/2-horizon*pictureH*scale)
	dst := make([]uint8, 3*pictureW*pictureH)
	ycc, planar := img.(*image.YCbCr)
	for row := range pictureH {
		y0, y1 := int(top+float64(row)*scale), min(b.Dy(), int(top+float64(row+1)*scale))
		for col := range pictureW {
			x0, x1 := int(float64(col)*scale), int(float64(col+1)*scale)
			var sum [3]int
			n := 0
			for y := y0; y < y1; y++ {
				for x := x0; x < x1; x++ {
					if !planar {
						r, g, bl, _ := img.At(x, y).RGBA()
						sum[0], sum[1], sum[2], n = sum[0]+int(r>>8), sum[1]+int(g>>8), sum[2]+int(bl>>8), n+1
						continue
					}
					r, g, bl := color.YCbCrToRGB(ycc.Y[ycc.YOffset(x, y)], ycc.Cb[ycc.COffset(x, y)], ycc.Cr[ycc.COffset(x, y)])
					sum[0], sum[1], sum[2], n = sum[0]+int(r), sum[1]+int(g), sum[2]+int(bl), n+1
				}
			}
			for c := range sum {
				v := fill
				if n > 0 {
					v = sum[c] / n
				}
				dst[(c*pictureH+row)*pictureW+col] = uint8(v)
			}
		}
	}
	return dst
}
