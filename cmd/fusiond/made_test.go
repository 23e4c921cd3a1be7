package main

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

// The made vehicle: one lidar, one camera ahead and one to the left, straight ahead at 10 m/s.
const (
	madeVehicle = "made"
	madeStart   = int64(1_700_000_000e9)
	madeWidth   = 640
	madeHeight  = 360
	madePoints  = 5000
)

// schedule is when the streams of the made vehicle send: every period, the ego motion a hundred times a second. The cameras come
// after the lidar, so that a set is open until they do.
type schedule struct {
	periodNs int64
	phaseNs  map[sensors.SensorID]int64
}

func madeSchedule(periodNs int64) schedule {
	return schedule{periodNs, map[sensors.SensorID]int64{"TOP": 0, "FRONT": periodNs / 5, "LEFT": 2 * periodNs / 5}}
}

const (
	tickNs    = int64(10e6)
	tenHertz  = int64(100e6)
	oneHertz  = int64(1000e6)
	egoStream = sensors.EgoStream
)

// due lists what is sent at a tick from the start, in a fixed order.
func (s schedule) due(sinceNs int64) []sensors.SensorID {
	out := []sensors.SensorID{egoStream}
	for _, id := range []sensors.SensorID{"TOP", "FRONT", "LEFT"} {
		if sinceNs%s.periodNs == s.phaseNs[id] {
			out = append(out, id)
		}
	}
	return out
}

func madeRig(periodNs int64) *sensors.Rig {
	// A camera's x is to its right, y down, z ahead: FRONT's z is ego x, LEFT's is ego y.
	mount := func(w, x, y, z float64) sensors.Pose {
		p, _ := sensors.PoseFromProto(&fusionv1.Pose{
			Position: &fusionv1.Vector3{X: 1.5, Z: 1.5}, Rotation: &fusionv1.Quaternion{W: w, X: x, Y: y, Z: z},
		})
		return p
	}
	top := sensors.Identity
	top.Translation.Z = 1.8
	lens := &sensors.Intrinsics{Width: madeWidth, Height: madeHeight, Fx: 400, Fy: 400, Cx: 319.5, Cy: 179.5}
	rate := 1e9 / float64(periodNs)
	return &sensors.Rig{
		Vehicle: madeVehicle, Revision: "1", Body: sensors.Body{LengthM: 4.6, WidthM: 1.9, HeightM: 1.6, RearOverhangM: 0.9},
		Sensors: []sensors.Sensor{
			{Name: "TOP", Modality: sensors.Lidar, EgoFromSensor: top, RateHz: rate},
			{Name: "FRONT", Modality: sensors.Camera, EgoFromSensor: mount(0.5, -0.5, 0.5, -0.5), RateHz: rate, Intrinsics: lens},
			{Name: "LEFT", Modality: sensors.Camera, EgoFromSensor: mount(math.Sqrt2/2, -math.Sqrt2/2, 0, 0), RateHz: rate, Intrinsics: lens},
		},
	}
}

// writeRig writes the made rig into a folder and returns the file's path.
func writeRig(t *testing.T, dir string, rig *sensors.Rig) string {
	t.Helper()
	text, err := rig.YAML()
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, dir, "rig.yaml", string(text))
}

func writeFile(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// payloads are the bulk of the made messages: a few that come in turn, so that making one costs nothing, and no stream is frozen.
type payloads [3]struct{ picture, points []byte }

func madePayloads(t *testing.T) (p payloads) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // repeatable on purpose
	for i := range p {
		p[i].picture, p[i].points = noisePicture(t, rng), noisePoints(rng)
	}
	return p
}

func noisePicture(t *testing.T, rng *rand.Rand) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, madeWidth, madeHeight))
	for i := range img.Pix {
		img.Pix[i] = uint8(rng.UintN(256)) //nolint:gosec // below 256
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func noisePoints(rng *rand.Rand) []byte {
	points := make([]byte, 0, 16*madePoints)
	for range madePoints {
		for _, v := range []float64{rng.Float64()*80 - 40, rng.Float64()*80 - 40, rng.Float64()*3 - 1.8, rng.Float64() * 255} {
			points = binary.LittleEndian.AppendUint32(points, math.Float32bits(float32(v)))
		}
	}
	return points
}

// message makes what a sensor of the made vehicle says at a stamp, and the topic it says it on.
func (p payloads) message(id sensors.SensorID, stamp int64) (topic string, m proto.Message) {
	header := &fusionv1.Header{Stamp: stamp, Sensor: string(id)}
	bulk := &p[stamp/tickNs%int64(len(p))] // periods are no multiples of three ticks
	switch id {
	case egoStream:
		pose := sensors.Identity
		pose.Translation.X = float64(stamp%1000e9) * 1e-8 // 10 m/s
		return replay.EgoTopic(madeVehicle), &fusionv1.EgoMotion{
			Header: header, LocalFromEgo: pose.Proto(), LinearVelocity: &fusionv1.Vector3{X: 10},
		}
	case "TOP":
		return replay.SensorTopic(madeVehicle, sensors.Lidar, id), &fusionv1.PointCloud{
			Header: header, PointStep: 16, SweepStart: stamp - 50e6, SweepEnd: stamp, Data: bulk.points,
			Fields: []*fusionv1.PointField{
				{Name: "x", Type: fusionv1.PointField_TYPE_FLOAT32},
				{Name: "y", Offset: 4, Type: fusionv1.PointField_TYPE_FLOAT32},
				{Name: "z", Offset: 8, Type: fusionv1.PointField_TYPE_FLOAT32},
				{Name: "intensity", Offset: 12, Type: fusionv1.PointField_TYPE_FLOAT32},
			},
		}
	}
	return replay.SensorTopic(madeVehicle, sensors.Camera, id), &fusionv1.CameraFrame{
		Header: header, Encoding: fusionv1.ImageEncoding_IMAGE_ENCODING_JPEG, Width: madeWidth, Height: madeHeight, Data: bulk.picture,
	}
}

// madeRecording writes a drive of the made vehicle with so many sweeps, ground truth at each of them, and returns its path.
func madeRecording(t *testing.T, sweeps int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made.mcap")
	w, err := replay.Create(path, replay.WriterOptions{Rig: madeRig(tenHertz), Source: "made by a test", ChunkBytes: 128 << 10})
	if err != nil {
		t.Fatal(err)
	}
	p, plan, seq := madePayloads(t), madeSchedule(tenHertz), map[string]uint32{}
	put := func(topic string, stamp int64, m proto.Message) {
		data, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		seq[topic]++
		at := sensors.StampNs(stamp)
		if err := w.Write(replay.Message{
			Topic: topic, Schema: string(m.ProtoReflect().Descriptor().FullName()), Stamp: at, Received: at.Add(2e6), Seq: seq[topic], Data: data,
		}); err != nil {
			t.Fatal(err)
		}
	}
	for since := int64(0); since < int64(sweeps)*plan.periodNs; since += tickNs {
		stamp := madeStart + since
		for _, id := range plan.due(since) {
			topic, m := p.message(id, stamp)
			put(topic, stamp, m)
			if id == "TOP" {
				put(replay.TruthTopic(madeVehicle), stamp, madeTruth(stamp))
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// madeTruth says that a car drives ahead.
func madeTruth(stamp int64) *fusionv1.TruthFrame {
	return &fusionv1.TruthFrame{
		Header: &fusionv1.Header{Stamp: stamp}, Token: "frame", LocalFromEgo: sensors.Identity.Proto(),
		Objects: []*fusionv1.TruthObject{{
			Instance: "car", Class: "car", Category: "vehicle.car", Center: &fusionv1.Vector3{X: 12, Y: 2, Z: 0.8},
			Size: &fusionv1.Vector3{X: 4.5, Y: 1.9, Z: 1.6}, Rotation: &fusionv1.Quaternion{W: 1}, Velocity: &fusionv1.Vector3{X: 10},
			Attribute: "vehicle.moving", LidarPoints: 20,
		}},
	}
}
