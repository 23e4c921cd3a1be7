package pipeline

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/fusion"
	"github.com/fusiond/fusiond/internal/onnx"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	timesync "github.com/fusiond/fusiond/sync"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const start = int64(1_700_000_000e9)

func testRig() *sensors.Rig {
	// The camera looks ahead: its x is ego -y, its y ego -z, its z ego x.
	forward, _ := sensors.PoseFromProto(&fusionv1.Pose{
		Position: &fusionv1.Vector3{X: 1.5, Z: 1.5}, Rotation: &fusionv1.Quaternion{W: 0.5, X: -0.5, Y: 0.5, Z: -0.5},
	})
	top := sensors.Identity
	top.Translation.Z = 1.8
	return &sensors.Rig{
		Vehicle: "made", Revision: "1", Body: sensors.Body{LengthM: 4.6, WidthM: 1.9, HeightM: 1.6, RearOverhangM: 0.9},
		Sensors: []sensors.Sensor{
			{Name: "TOP", Modality: sensors.Lidar, EgoFromSensor: top, RateHz: 10},
			{Name: "FRONT", Modality: sensors.Camera, EgoFromSensor: forward, RateHz: 10, Intrinsics: &sensors.Intrinsics{
				Width: 640, Height: 360, Fx: 400, Fy: 400, Cx: 319.5, Cy: 179.5,
			}},
		},
	}
}

// madeMessages is a second of a made drive: sweeps of random points, pictures of noise, ego motion straight ahead. The fifth
// picture is truncated and the seventh sweep says that its points are zero bytes wide.
func madeMessages(t *testing.T) []Message {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // repeatable on purpose
	var out []Message
	add := func(id sensors.SensorID, m sensors.Modality, at int64, msg proto.Message) {
		data, err := proto.Marshal(msg)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, Message{Sensor: id, Modality: m, Received: sensors.StampNs(at), Data: data})
	}
	for i := range 100 {
		now := start + int64(i)*10e6
		pose := sensors.Identity
		pose.Translation.X = float64(i) * 0.1
		add(sensors.EgoStream, sensors.Ego, now, &fusionv1.EgoMotion{
			Header: &fusionv1.Header{Stamp: now, Sensor: "ego"}, LocalFromEgo: pose.Proto(), LinearVelocity: &fusionv1.Vector3{X: 10},
		})
		switch i % 10 {
		case 3:
			data := noiseJPEG(t, rng)
			if i/10 == 4 {
				data = data[:len(data)/2]
			}
			add("FRONT", sensors.Camera, now, &fusionv1.CameraFrame{
				Header: &fusionv1.Header{Stamp: now, Sensor: "FRONT"}, Encoding: fusionv1.ImageEncoding_IMAGE_ENCODING_JPEG,
				Width: 640, Height: 360, Data: data,
			})
		case 5:
			step := uint32(16)
			if i/10 == 6 {
				step = 0
			}
			add("TOP", sensors.Lidar, now, &fusionv1.PointCloud{
				Header: &fusionv1.Header{Stamp: now, Sensor: "TOP"}, PointStep: step, SweepStart: now - 100e6, SweepEnd: now,
				Fields: []*fusionv1.PointField{
					{Name: "x", Type: fusionv1.PointField_TYPE_FLOAT32},
					{Name: "y", Offset: 4, Type: fusionv1.PointField_TYPE_FLOAT32},
					{Name: "z", Offset: 8, Type: fusionv1.PointField_TYPE_FLOAT32},
					{Name: "intensity", Offset: 12, Type: fusionv1.PointField_TYPE_FLOAT32},
				},
				Data: randomPoints(rng, 5000),
			})
		}
	}
	return out
}

func noiseJPEG(t *testing.T, rng *rand.Rand) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 640, 360))
	for i := range img.Pix {
		img.Pix[i] = color.Gray{Y: uint8(rng.UintN(256))}.Y //nolint:gosec // below 256
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func randomPoints(rng *rand.Rand, n int) []byte {
	out := make([]byte, 0, 16*n)
	for range n {
		for _, v := range []float64{rng.Float64()*80 - 40, rng.Float64()*80 - 40, rng.Float64()*3 - 1.8, rng.Float64() * 255} {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(v)))
		}
	}
	return out
}

// testOptions opens the shipped package; without ONNX Runtime the test is skipped.
func testOptions(t *testing.T) Options {
	t.Helper()
	path, err := onnx.FindLibrary("")
	if err != nil {
		t.Skip("SKIP: no ONNX Runtime library: make setup")
	}
	rt, err := onnx.Open(path)
	if err != nil {
		t.Skip("SKIP: ONNX Runtime cannot be opened: ", err)
	}
	t.Cleanup(func() {
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
	})
	pack, err := encoders.LoadPackage("../../models/tribev")
	if err != nil {
		t.Fatal(err)
	}
	rig := testRig()
	return Options{
		Rig: rig, Package: pack, Runtime: rt, Align: timesync.ConfigFromRig(rig), Decode: fusion.DefaultDecodeConfig(),
		Strategy: "attention", Network: encoders.Options{Provider: onnx.Provider{Kind: onnx.CPU}}, ValidityNs: 3e8, HealthNs: 2e8,
	}
}

// runMade sends the made drive through an Engine into a recording and returns its bytes, the lists and the final account.
func runMade(t *testing.T, messages []Message) (file []byte, lists []*fusionv1.ObjectList, streams []*fusionv1.StreamHealth) {
	t.Helper()
	opt := testOptions(t)
	var b bytes.Buffer
	w, err := replay.NewWriter(&b, replay.WriterOptions{Rig: opt.Rig})
	if err != nil {
		t.Fatal(err)
	}
	sink := NewFileSink(w, "made")
	opt.Sink = func(o Output) {
		if l, ok := o.Message.(*fusionv1.ObjectList); ok {
			lists = append(lists, l)
		}
		sink.Put(o)
	}
	e, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		e.Message(m)
	}
	e.Flush()
	streams = e.Streams()
	for _, err := range []error{e.Close(), sink.Err(), w.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes(), lists, streams
}

func TestSameBytes(t *testing.T) {
	messages := madeMessages(t)
	want, lists, _ := runMade(t, messages)
	if len(lists) < 9 {
		t.Fatalf("%d sets of ten sweeps", len(lists))
	}
	again, _, _ := runMade(t, messages)
	before := runtime.GOMAXPROCS(1)
	one, _, _ := runMade(t, messages)
	runtime.GOMAXPROCS(before)
	if !bytes.Equal(want, again) {
		t.Error("a second run of the same messages gave other bytes")
	}
	if !bytes.Equal(want, one) {
		t.Error("a run on one core gave other bytes")
	}
}

// TestBadSamplesAreNamed: a truncated picture is absent as undecodable, a malformed sweep is a counted drop that a set of the
// virtual clock stands in for, perception goes on, and every stream's account adds up.
func TestBadSamplesAreNamed(t *testing.T) {
	_, lists, streams := runMade(t, madeMessages(t))
	decode, virtual := 0, 0
	for _, l := range lists {
		if l.Manifest.Kind == fusionv1.SetKind_SET_KIND_VIRTUAL {
			virtual++
		}
		for _, m := range l.Manifest.Members {
			if m.Absence == fusionv1.AbsenceReason_ABSENCE_REASON_DECODE {
				decode++
			}
		}
	}
	if decode != 1 || virtual != 1 {
		t.Errorf("%d members absent as undecodable and %d virtual sets, want 1 and 1", decode, virtual)
	}
	drops := map[string]uint64{}
	for _, s := range streams {
		sum := s.Used + s.Pending
		for _, d := range s.Dropped {
			sum += d.Count
			drops[s.Stream+" "+d.Reason] += d.Count
		}
		if sum != s.Received {
			t.Errorf("stream %s: received %d, used + dropped + pending %d", s.Stream, s.Received, sum)
		}
	}
	if drops["TOP malformed"] != 1 || drops["FRONT decode"] != 1 {
		t.Errorf("drops %v, want one malformed sweep and one undecodable picture", drops)
	}
}

// TestMasking holds that tokens of absent modalities change no bit of the fused output, for every subset and both fusers, and
// that ONNX Runtime agrees with the golden tensors.
func TestMasking(t *testing.T) {
	opt := testOptions(t)
	v, err := encoders.Verify(context.Background(), opt.Runtime, opt.Package, opt.Network)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Comparisons) < 200 {
		t.Fatalf("only %d comparisons in %s", len(v.Comparisons), filepath.Base(opt.Package.Dir))
	}
	for _, c := range v.Comparisons {
		if !c.OK {
			t.Errorf("%s, %s, output %s: difference %g", c.Network, c.Case, c.Output, c.Difference)
		}
	}
}
