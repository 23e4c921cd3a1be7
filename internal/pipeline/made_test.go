package pipeline

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/fusion"
	"github.com/fusiond/fusiond/internal/onnx"
	"github.com/fusiond/fusiond/internal/onnx/onnxtest"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
	timesync "github.com/fusiond/fusiond/sync"
)

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

// madeDrive collects messages of testRig's sensors in order of arrival.
type madeDrive struct {
	t        testing.TB
	rng      *rand.Rand
	messages []Message
}

func newMadeDrive(t testing.TB) *madeDrive {
	return &madeDrive{t: t, rng: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // repeatable on purpose
}

func (d *madeDrive) add(id sensors.SensorID, m sensors.Modality, received int64, msg proto.Message) {
	d.t.Helper()
	data, err := proto.Marshal(msg)
	if err != nil {
		d.t.Fatal(err)
	}
	d.messages = append(d.messages, Message{Sensor: id, Modality: m, Received: sensors.StampNs(received), Data: data})
}

// ego is a pose x metres along the road, at 10 m/s.
func (d *madeDrive) ego(received, stamp int64, x float64) {
	pose := sensors.Identity
	pose.Translation.X = x
	d.add(sensors.EgoStream, sensors.Ego, received, &fusionv1.EgoMotion{
		Header: &fusionv1.Header{Stamp: stamp, Sensor: "ego"}, LocalFromEgo: pose.Proto(), LinearVelocity: &fusionv1.Vector3{X: 10},
	})
}

func (d *madeDrive) picture(received, stamp int64, data []byte) {
	d.add("FRONT", sensors.Camera, received, &fusionv1.CameraFrame{
		Header: &fusionv1.Header{Stamp: stamp, Sensor: "FRONT"}, Encoding: fusionv1.ImageEncoding_IMAGE_ENCODING_JPEG,
		Width: 640, Height: 360, Data: data,
	})
}

func (d *madeDrive) sweep(received, stamp int64, step uint32, data []byte) {
	d.sweepOf("TOP", received, stamp, step, data)
}

func (d *madeDrive) sweepOf(id sensors.SensorID, received, stamp int64, step uint32, data []byte) {
	d.add(id, sensors.Lidar, received, &fusionv1.PointCloud{
		Header: &fusionv1.Header{Stamp: stamp, Sensor: string(id)}, PointStep: step, SweepStart: stamp - 100e6, SweepEnd: stamp,
		Fields: []*fusionv1.PointField{
			{Name: "x", Type: fusionv1.PointField_TYPE_FLOAT32},
			{Name: "y", Offset: 4, Type: fusionv1.PointField_TYPE_FLOAT32},
			{Name: "z", Offset: 8, Type: fusionv1.PointField_TYPE_FLOAT32},
			{Name: "intensity", Offset: 12, Type: fusionv1.PointField_TYPE_FLOAT32},
		},
		Data: data,
	})
}

// setMessages is the number of messages of a driven set: ten ego motions, a picture, a sweep.
const setMessages = 12

// reel holds a few pictures and sweeps to be shown in turn: a stream that repeats itself is frozen.
type reel struct{ pictures, sweeps [2][]byte }

func (d *madeDrive) newReel() (r reel) {
	for i := range r.pictures {
		r.pictures[i], r.sweeps[i] = noiseJPEG(d.t, d.rng), randomPoints(d.rng, 2000)
	}
	return r
}

// drive adds n sets of sound samples, ten a second from the given times on, the first x metres along the road.
func (d *madeDrive) drive(received, stamp int64, x float64, n int) {
	reel := d.newReel()
	for i := range 10 * n {
		at := int64(i) * 10e6
		d.ego(received+at, stamp+at, x+float64(i)*0.1)
		switch i % 10 {
		case 3:
			d.picture(received+at, stamp+at, reel.pictures[i/10%2])
		case 5:
			d.sweep(received+at, stamp+at, 16, reel.sweeps[i/10%2])
		}
	}
}

// madeMessages is a second of a made drive: sweeps of random points, pictures of noise, ego motion straight ahead. The fifth
// picture is truncated and the seventh sweep says that its points are zero bytes wide.
func madeMessages(t testing.TB) []Message {
	t.Helper()
	d := newMadeDrive(t)
	for i := range 100 {
		now := start + int64(i)*10e6
		d.ego(now, now, float64(i)*0.1)
		switch i % 10 {
		case 3:
			data := noiseJPEG(t, d.rng)
			if i/10 == 4 {
				data = data[:len(data)/2]
			}
			d.picture(now, now, data)
		case 5:
			step := uint32(16)
			if i/10 == 6 {
				step = 0
			}
			d.sweep(now, now, step, randomPoints(d.rng, 5000))
		}
	}
	return d.messages
}

func noiseJPEG(t testing.TB, rng *rand.Rand) []byte {
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
func testOptions(t testing.TB) Options {
	t.Helper()
	rt := onnxtest.Open(t)
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
