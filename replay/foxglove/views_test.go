package foxglove

import (
	"bytes"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/spatial/r3"
	"google.golang.org/protobuf/proto"

	foxglovepb "github.com/fusiond/fusiond/proto/foxglove"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

func testRig() *sensors.Rig {
	return &sensors.Rig{
		Vehicle: "car", Revision: "r1", Body: sensors.Body{LengthM: 4, WidthM: 2, HeightM: 1.5, RearOverhangM: 1},
		Sensors: []sensors.Sensor{{
			Name: "TOP", Modality: sensors.Lidar, RateHz: 10, EgoFromSensor: sensors.FromYaw(math.Pi/2, r3.Vec{X: 1, Z: 2}),
		}},
	}
}

// written returns what f writes, as a recording and opened again.
func written(t testing.TB, f func(w *replay.Writer)) ([]byte, *replay.Reader) {
	t.Helper()
	var b bytes.Buffer
	w, err := replay.NewWriter(&b, replay.WriterOptions{Rig: testRig()})
	if err != nil {
		t.Fatal(err)
	}
	f(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := replay.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()), "test.mcap")
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), r
}

// topics lists the topics of a recording's messages in order.
func topics(t testing.TB, r *replay.Reader) []string {
	t.Helper()
	var out []string
	for m, err := range r.Messages(replay.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, m.Topic)
	}
	return out
}

// decode reads the i-th message of a topic.
func decode(t testing.TB, r *replay.Reader, topic string, i int, into proto.Message) replay.Message {
	t.Helper()
	for m, err := range r.Messages(replay.Options{Topics: []string{topic}, Retain: true}) {
		if err != nil {
			t.Fatal(err)
		}
		if i--; i < 0 {
			if err := proto.Unmarshal(m.Data, into); err != nil {
				t.Fatal(err)
			}
			return m
		}
	}
	t.Fatalf("topic %s has too few messages", topic)
	return replay.Message{}
}

// drive writes 15 object lists at 10 Hz, the last with the vehicle's place unknown, and a frame of ground truth.
func drive(t testing.TB, w *replay.Writer) {
	v := NewViews(w, testRig())
	for i := range 15 {
		l := testList()
		l.Header.Stamp += int64(i) * 100_000_000
		l.EgoStale = i == 14
		if i > 0 {
			l.Objects = l.Objects[1:]
		}
		if err := v.Objects(l, sensors.StampNs(l.Header.Stamp+5)); err != nil {
			t.Fatal(err)
		}
	}
	f := &fusionv1.TruthFrame{Header: &fusionv1.Header{Stamp: testStamp + 2e9}, Objects: []*fusionv1.TruthObject{{Instance: "a"}}}
	if err := v.Truth(f, sensors.StampNs(f.Header.Stamp)); err != nil {
		t.Fatal(err)
	}
}

func TestViews(t *testing.T) {
	_, r := written(t, func(w *replay.Writer) { drive(t, w) })
	got := topics(t, r)
	want := slices.Concat(slices.Repeat([]string{"/tf", "/objects"}, 14), []string{"/objects", "/truth"})
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("topics (-got +want):\n%s", d)
	}
	var scene foxglovepb.SceneUpdate
	m := decode(t, r, "/objects", 1, &scene)
	if m.Schema != "foxglove.SceneUpdate" || int64(m.Stamp) != testStamp+1e8 || int64(m.Received) != testStamp+1e8+5 || m.Seq != 2 {
		t.Errorf("second scene: schema %s, stamp %d, received %d, seq %d", m.Schema, m.Stamp, m.Received, m.Seq)
	}
	if len(scene.Entities) != 2 || len(scene.Deletions) != 1 || scene.Deletions[0].Id != "7" {
		t.Errorf("second scene has %d entities and deletes %v, want 2 entities and object 7 deleted", len(scene.Entities), scene.Deletions)
	}
	var mounts []int
	for i := range 14 {
		var tf foxglovepb.FrameTransforms
		decode(t, r, "/tf", i, &tf)
		if len(tf.Transforms) == 2 {
			mounts = append(mounts, i)
		}
	}
	if want := []int{0, 10}; !slices.Equal(mounts, want) {
		t.Errorf("mounts are in the transforms %v, want %v: once a second", mounts, want)
	}
	var truth foxglovepb.SceneUpdate
	if decode(t, r, "/truth", 0, &truth); len(truth.Entities) != 1 {
		t.Errorf("%d boxes of ground truth, want 1", len(truth.Entities))
	}
}

// TestTransforms holds names, directions and the order of quaternions.
func TestTransforms(t *testing.T) {
	_, r := written(t, func(w *replay.Writer) { drive(t, w) })
	var tf foxglovepb.FrameTransforms
	decode(t, r, "/tf", 0, &tf)
	ego, mount := tf.Transforms[0], tf.Transforms[1]
	if ego.ParentFrameId != "local" || ego.ChildFrameId != "ego" || ego.Translation.Y != 2 || ego.Rotation.W != 0.5 || ego.Rotation.X != 0.1 {
		t.Errorf("where the vehicle is: %v", ego)
	}
	half := math.Sqrt2 / 2
	if mount.ParentFrameId != "ego" || mount.ChildFrameId != "TOP" || mount.Translation.Z != 2 || math.Abs(mount.Rotation.Z-half) > 1e-15 {
		t.Errorf("where the lidar is: %v", mount)
	}
}

// TestSameBytes: the same messages give the same recording.
func TestSameBytes(t *testing.T) {
	a, _ := written(t, func(w *replay.Writer) { drive(t, w) })
	b, _ := written(t, func(w *replay.Writer) { drive(t, w) })
	if !bytes.Equal(a, b) {
		t.Error("the second recording of the same lists has other bytes")
	}
}

// sensorData writes camera frames and sweeps at 1, 2, 3, ... ns: good, raw, damaged and foreign ones.
func sensorData(t *testing.T, w *replay.Writer) {
	camera, lidar := replay.SensorTopic("car", sensors.Camera, "CAM"), replay.SensorTopic("car", sensors.Lidar, "TOP")
	jpeg := &fusionv1.CameraFrame{Encoding: fusionv1.ImageEncoding_IMAGE_ENCODING_JPEG, Data: []byte("picture")}
	raw := &fusionv1.CameraFrame{Encoding: fusionv1.ImageEncoding_IMAGE_ENCODING_RGB8}
	for i, m := range []struct {
		topic   string
		message proto.Message // nil = bytes that are no message
	}{
		{camera, jpeg},
		{lidar, &fusionv1.PointCloud{PointStep: 16}},
		{camera, raw},
		{camera, nil},
		{lidar, nil},
		{"av.car.ego", &fusionv1.EgoMotion{}},
		{"/lidar/TOP", &foxglovepb.PointCloud{}},
		{camera, jpeg},
	} {
		data := []byte{0xff}
		schema := "fusion.v1.CameraFrame"
		if strings.Contains(m.topic, ".lidar.") {
			schema = "fusion.v1.PointCloud"
		}
		if m.message != nil {
			schema = string(m.message.ProtoReflect().Descriptor().FullName())
			var err error
			if data, err = proto.Marshal(m.message); err != nil {
				t.Fatal(err)
			}
		}
		at := sensors.StampNs(i + 1)
		if err := w.Write(replay.Message{Topic: m.topic, Schema: schema, Stamp: at, Received: at, Seq: 1, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCopier(t *testing.T) {
	_, in := written(t, func(w *replay.Writer) { sensorData(t, w) })
	_, out := written(t, func(w *replay.Writer) {
		v := NewViews(w, testRig())
		c := NewCopier(in, v)
		defer c.Close()
		for _, until := range []sensors.StampNs{0, 1, 1, 7, math.MaxInt64, math.MaxInt64} {
			if err := c.Until(until); err != nil {
				t.Fatal(err)
			}
			if err := v.write("/mark", until, until, &foxglovepb.SceneUpdate{}); err != nil {
				t.Fatal(err)
			}
		}
	})
	got := topics(t, out)
	want := []string{"/mark", "/camera/CAM", "/mark", "/mark", "/lidar/TOP", "/mark", "/camera/CAM", "/mark", "/mark"}
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("topics (-got +want):\n%s", d)
	}
	var image foxglovepb.CompressedImage
	if decode(t, out, "/camera/CAM", 1, &image); string(image.Data) != "picture" {
		t.Errorf("the last image holds %q, want %q", image.Data, "picture")
	}
}

// TestCopierWithoutSensors: no topics to copy must not become all topics.
func TestCopierWithoutSensors(t *testing.T) {
	_, in := written(t, func(w *replay.Writer) { drive(t, w) })
	_, out := written(t, func(w *replay.Writer) {
		c := NewCopier(in, NewViews(w, testRig()))
		defer c.Close()
		if err := c.Until(math.MaxInt64); err != nil {
			t.Fatal(err)
		}
	})
	if got := topics(t, out); len(got) > 0 {
		t.Errorf("copied %q, want nothing", got)
	}
}

// BenchmarkObjects draws and writes a list of 100 objects.
func BenchmarkObjects(b *testing.B) {
	l := testList()
	for len(l.Objects) < 100 {
		o := proto.Clone(l.Objects[0]).(*fusionv1.Object) //nolint:forcetypeassert // what was cloned
		o.Id = uint64(100 + len(l.Objects))
		l.Objects = append(l.Objects, o)
	}
	w, err := replay.NewWriter(io.Discard, replay.WriterOptions{Rig: testRig()})
	if err != nil {
		b.Fatal(err)
	}
	v := NewViews(w, testRig())
	b.ReportAllocs()
	for b.Loop() {
		if err := v.Objects(l, 1); err != nil {
			b.Fatal(err)
		}
	}
}
