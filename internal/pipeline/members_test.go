package pipeline

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/fusion"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
	timesync "github.com/fusiond/fusiond/sync"
)

// lateModel is the folder of the package whose late fuser these tests run.
const lateModel = "../../models/tiny"

// photographs are two of the real drive's, one after the other.
func photographs(t *testing.T) (out [2][]byte) {
	t.Helper()
	for i, name := range []string{"1557539956450180", "1557539956550184"} {
		data, err := os.ReadFile(filepath.Join(os.Getenv("FUSIOND_DRIVE"), "samples", "CAM_FRONT", "pandaset-002__CAM_FRONT__"+name+".jpg"))
		if err != nil {
			t.Skip("SKIP: no real drive: FUSIOND_DRIVE names the shared drive's folder")
		}
		out[i] = data
	}
	return out
}

// memberPackage is the package with yolox_nano as a member of its late fuser, and the only one that is trusted.
func memberPackage(t *testing.T) *encoders.Package {
	t.Helper()
	network, err := os.ReadFile(filepath.Join(os.Getenv("FUSIOND_SHARED"), "weights", "yolox_nano.onnx"))
	if err != nil {
		t.Skip("SKIP: no yolox_nano.onnx: FUSIOND_SHARED names a folder with weights/")
	}
	plain, err := encoders.LoadPackage(lateModel)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := plain.Fusers[fusion.LateStrategy]; !ok {
		t.Skip("SKIP: ", lateModel, " has no late fuser")
	}
	dir := t.TempDir()
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name := range plain.Files {
		write(name, plain.File(name))
	}
	write("yolox_nano.onnx", network)
	manifest, err := os.ReadFile(filepath.Join(lateModel, "manifest.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(network)
	var weights strings.Builder
	for _, member := range []string{"lidar", "radar", "camera", "yolox"} {
		fmt.Fprintf(&weights, "      %s:\n", member)
		for _, class := range plain.Classes {
			w := 0
			if member == "yolox" {
				w = 1
			}
			fmt.Fprintf(&weights, "        %s: [%d, %d, %d]\n", class, w, w, w)
		}
	}
	text := strings.ReplaceAll(string(manifest), "trained: false", "trained: true")
	from, to := strings.Index(text, "    weights:\n"), strings.Index(text, "golden: ")
	if from < 0 || to < from {
		t.Fatal("the package's manifest has its parts in another order")
	}
	text = text[:from] + "    weights:\n" + weights.String() + `members:
- name: yolox
  kind: yolox
  file: yolox_nano.onnx
  input: {name: images, width: 416, height: 416, letterbox: 114, order: bgr, scale: 1}
  output: {name: output, strides: [8, 16, 32]}
  classes: {0: pedestrian, 1: bicycle, 2: car, 3: motorcycle, 5: bus, 7: truck}
  min_score: 0.3
  licence: Apache-2.0
  source: Megvii YOLOX
` + strings.Replace(text[to:], "files:\n", "files:\n  yolox_nano.onnx: "+hex.EncodeToString(sum[:])+"\n", 1)
	write("manifest.yaml", []byte(text))
	p, err := encoders.LoadPackage(dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// rear is the back of a car 12 m ahead of the ego, as the lidar on the roof sees it, and random points around.
func rear(d *madeDrive) []byte {
	out := randomPoints(d.rng, 5000)
	for y := -0.8; y <= 1; y += 0.1 {
		for z := 0.35; z <= 1.5; z += 0.1 {
			for _, v := range []float64{12 + 0.01*d.rng.NormFloat64(), y, z - 1.8, 30} {
				out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(v)))
			}
		}
	}
	return out
}

// TestMembers: a foreign detector sees a car in a photograph, the sweep tells its distance, and it is tracked as an object that rests on the
// camera; when the sweeps end the ground tells, and when the pictures end the object does.
func TestMembers(t *testing.T) {
	opt := testOptions(t)
	photos := photographs(t)
	opt.Package, opt.Strategy = memberPackage(t), fusion.LateStrategy
	opt.Rig.Sensors[1].Intrinsics = &sensors.Intrinsics{Width: 1920, Height: 1080, Fx: 1970, Fy: 1970, Cx: 959.5, Cy: 539.5}
	opt.Align = timesync.ConfigFromRig(opt.Rig)
	d := newMadeDrive(t)
	const sets = 6 // of each kind: lidar and camera, lidar alone
	for i := range 20 * sets {
		now := start + int64(i)*10e6
		d.ego(now, now, 0)
		switch set := i / 10; {
		case i%10 == 3 && set < sets:
			d.add("FRONT", sensors.Camera, now, &fusionv1.CameraFrame{
				Header: &fusionv1.Header{Stamp: now, Sensor: "FRONT"}, Encoding: fusionv1.ImageEncoding_IMAGE_ENCODING_JPEG,
				Width: 1920, Height: 1080, Data: photos[set%2],
			})
		case i%10 == 5:
			d.sweep(now, now, 16, rear(d))
		}
	}
	var lists []*fusionv1.ObjectList
	opt.Sink = func(o Output) {
		if list, ok := o.Message.(*fusionv1.ObjectList); ok {
			lists = append(lists, list)
		}
	}
	e, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range d.messages {
		e.Message(m)
	}
	e.Flush()
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if len(lists) < 2*sets {
		t.Fatalf("%d sets, want at least %d", len(lists), 2*sets)
	}
	ahead := func(list *fusionv1.ObjectList) *fusionv1.Object {
		for _, o := range list.Objects {
			if o.Class == "car" && math.Abs(o.Center.Y) < 0.5 && o.Center.X < 20 {
				return o
			}
		}
		return nil
	}
	// The rear at 12 m, half a typical car behind it, a typical car's size; the sweep that closes the set has the camera's latest picture.
	got := ahead(lists[sets-1])
	if got == nil || math.Abs(got.Center.X-(12+4.63/2)) > 0.3 || got.Size.X != 4.63 || got.Score < 0.6 {
		t.Fatalf("the car ahead is %+v of %+v", got, lists[sets-1])
	}
	if len(got.Shares) != 1 || got.Shares[0].Sensor != "FRONT" || got.Shares[0].Share != 1 {
		t.Errorf("it rests on %v, want the camera", got.Shares)
	}
	if last := ahead(lists[len(lists)-1]); last != nil && last.UnseenNs == 0 {
		t.Errorf("without pictures the car is still seen: %+v", last)
	}
}

// TestMembersOnlyLate: another strategy neither opens the detectors nor needs what they need.
func TestMembersOnlyLate(t *testing.T) {
	opt := testOptions(t)
	opt.Package.Members = []encoders.MemberSpec{{Name: "broken", Classes: map[int]string{0: "car"}}}
	opt.Sink = func(Output) {}
	e, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(e.stage.members.detectors); n != 0 {
		t.Errorf("%d detectors open, want none", n)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}
