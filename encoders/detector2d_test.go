package encoders

import (
	"bytes"
	"errors"
	"image"
	_ "image/jpeg" // the sizes of frames
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fusiond/fusiond/internal/onnx"
	"github.com/fusiond/fusiond/internal/onnx/onnxtest"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sensors/camera"
)

// TestDetectorInput: channels in the detector's order and scale, the picture in the upper left corner, the rest in its gray.
func TestDetectorInput(t *testing.T) {
	onnxtest.Open(t)
	s := testMember()
	s.Input.Scale = 0.5
	input, err := onnx.NewTensor[float32](1, 3, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, input)
	d := &Detector2D{spec: s, input: input}
	k := &sensors.Intrinsics{Width: 320, Height: 100, Fx: 200, Fy: 200, Cx: 159.5, Cy: 49.5} // 32 x 10 of 32 x 16
	if got, want := d.View(k), (camera.View{Width: 32, Height: 16, Fx: 20, Fy: 20, Cx: 15.5, Cy: 4.5}); got != want {
		t.Errorf("view %+v, want %+v", got, want)
	}
	picture := make([]uint8, 3*16*32)
	for i := range picture {
		picture[i] = uint8(10 * (1 + i/(16*32))) //nolint:gosec // 10, 20, 30 for red, green, blue
	}
	if err := d.fill(picture, k); err != nil {
		t.Fatal(err)
	}
	in := input.Data()
	for channel, level := range []float32{15, 10, 5} { // blue, green, red, halved
		for row, want := range map[int]float32{0: level, 9: level, 10: 57, 15: 57} {
			if got := in[channel*16*32+row*32+31]; got != want {
				t.Errorf("channel %d, row %d: %g, want %g", channel, row, got, want)
			}
		}
	}
	s.Input.Order = "rgb"
	tall := &sensors.Intrinsics{Width: 100, Height: 200, Fx: 200, Fy: 200, Cx: 49.5, Cy: 99.5} // 8 x 16
	if err := d.fill(picture, tall); err != nil {
		t.Fatal(err)
	}
	if in[7] != 5 || in[8] != 57 || in[2*16*32] != 15 {
		t.Errorf("red %g, right of the picture %g, blue %g, want 5, 57, 15", in[7], in[8], in[2*16*32])
	}
	if err := d.fill(picture[1:], k); err == nil || !strings.Contains(err.Error(), "picture of 1535 values, want 1536") {
		t.Errorf("a picture of another size: got error %v", err)
	}
}

// yoloxNano is a package whose only content is the detector of the shared weights; the test is skipped where they are not.
func yoloxNano(t *testing.T) *Package {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(os.Getenv("FUSIOND_SHARED"), "weights", "yolox_nano.onnx"))
	if err != nil {
		t.Skip("SKIP: no yolox_nano.onnx: FUSIOND_SHARED names a folder with weights/")
	}
	p := &Package{Dir: "test", files: map[string][]byte{"yolox_nano.onnx": data}}
	p.Classes = TriBEV().Classes
	p.Members = []MemberSpec{{
		Name: "yolox", Kind: yoloxKind, File: "yolox_nano.onnx",
		Input:    MemberInput{Name: "images", Width: 416, Height: 416, Letterbox: 114, Order: "bgr", Scale: 1},
		Output:   MemberOutput{Name: "output", Strides: []int{8, 16, 32}},
		Classes:  map[int]string{0: "pedestrian", 1: "bicycle", 2: "car", 3: "motorcycle", 5: "bus", 7: "truck"},
		MinScore: 0.3, Licence: "Apache-2.0", Source: "Megvii YOLOX",
	}}
	if errs := compareMember(data, &p.Members[0]); len(errs) > 0 {
		t.Fatal(errors.Join(errs...))
	}
	return p
}

// TestDetectRealPhoto finds the traffic in a photograph of the real drive, and less of it in the wrong colours.
func TestDetectRealPhoto(t *testing.T) {
	p := yoloxNano(t)
	data, err := os.ReadFile(filepath.Join(os.Getenv("FUSIOND_DRIVE"), "samples", "CAM_FRONT", "pandaset-002__CAM_FRONT__1557539956450180.jpg"))
	if err != nil {
		t.Skip("SKIP: no real drive: FUSIOND_DRIVE names the shared drive's folder")
	}
	header, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	w, h := header.Width, header.Height
	k := &sensors.Intrinsics{Width: w, Height: h, Fx: float64(w), Fy: float64(w), Cx: float64(w-1) / 2, Cy: float64(h-1) / 2}
	frame := &sensors.CameraFrame{Encoding: sensors.JPEG, Width: w, Height: h, Data: data}
	rt := onnxtest.Open(t)
	d, err := NewDetector2D(rt, p, &p.Members[0], cpu)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, d)
	eye, err := camera.NewPreprocessor(k, d.View(k))
	if err != nil {
		t.Fatal(err)
	}
	defer eye.Close()
	picture := make([]uint8, 3*416*416)
	if err := eye.Process(frame, picture); err != nil {
		t.Fatal(err)
	}
	boxes, err := d.Detect(t.Context(), picture, k)
	if err != nil {
		t.Fatal(err)
	}
	// Three cars stand near: their places were checked by eye in the photograph.
	for _, want := range []Box2D{{0, 0.94, 346, 137, 415, 231}, {0, 0.88, 161, 118, 246, 185}, {0, 0.85, 272, 115, 372, 185}} {
		if !slices.ContainsFunc(boxes, func(b Box2D) bool {
			return b.Class == want.Class && math.Abs(b.Score-want.Score) < 0.03 && iou2D(&b, &want) > 0.95
		}) {
			t.Errorf("got %+v, want %+v among them", boxes, want)
		}
	}
	if len(boxes) < 8 || len(boxes) > 14 {
		t.Errorf("%d boxes %+v, want about ten", len(boxes), boxes)
	}
}

// TestDetectorRefuses a manifest whose strides are not the network's.
func TestDetectorRefuses(t *testing.T) {
	p := yoloxNano(t)
	p.Members[0].Output.Strides = []int{8, 16}
	_, err := NewDetector2D(onnxtest.Open(t), p, &p.Members[0], cpu)
	if err == nil || !strings.Contains(err.Error(), "member yolox: output output has shape [1 3549 85], want [1, 3380, at least 13]: correct strides and classes") {
		t.Errorf("got error %v", err)
	}
}
