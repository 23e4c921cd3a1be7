package degrade

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

// The made vehicle drives at 10 m/s along x: a lidar of eight rings, a camera and a radar that look ahead, a wall 50 m in front of where it
// starts, and a car's box 20 m ahead.
const (
	madeVehicle = "made"
	madeStart   = sensors.StampNs(1_700_000_000e9)
	madeWidth   = 96
	madeHeight  = 54
	wallM       = 50
	madeMps     = 10
	boxM        = 20
)

func madeRig() *sensors.Rig {
	forward, _ := sensors.PoseFromProto(&fusionv1.Pose{
		Position: &fusionv1.Vector3{X: 1.5, Z: 1.5}, Rotation: &fusionv1.Quaternion{W: 0.5, X: -0.5, Y: 0.5, Z: -0.5},
	})
	top := sensors.Identity
	top.Translation.Z = 1.8
	front := sensors.Identity
	front.Translation.X, front.Translation.Z = 3, 0.5
	return &sensors.Rig{
		Vehicle: madeVehicle, Revision: "1", Body: sensors.Body{LengthM: 4.6, WidthM: 1.9, HeightM: 1.6, RearOverhangM: 0.9},
		Sensors: []sensors.Sensor{
			{Name: "TOP", Modality: sensors.Lidar, EgoFromSensor: top, RateHz: 10},
			{
				Name: "FRONT", Modality: sensors.Camera, EgoFromSensor: forward, RateHz: 10,
				Intrinsics: &sensors.Intrinsics{Width: madeWidth, Height: madeHeight, Fx: 60, Fy: 60, Cx: madeWidth/2 - 0.5, Cy: madeHeight/2 - 0.5},
			},
			{Name: "RADAR", Modality: sensors.Radar, EgoFromSensor: front, RateHz: 10},
		},
	}
}

// maker writes made drives.
type maker struct {
	rig      *sensors.Rig
	sweeps   int
	without  map[string]bool // sensors, "truth", "ego"
	views    bool            // copies for viewers and perception's output
	encoding fusionv1.ImageEncoding
	early    bool // pictures arrive before the sweep that is nearest to them
	skewed   bool // points are where the sensor was when it measured them
}

func (k maker) write(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made.mcap")
	if k.rig == nil {
		k.rig = madeRig()
	}
	w, err := replay.Create(path, replay.WriterOptions{Rig: k.rig, Source: "made by a test", Metadata: map[string]string{"scene": "wall"}, ChunkBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	seq := map[string]uint32{}
	put := func(topic string, stamp, received sensors.StampNs, m proto.Message) {
		data, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		seq[topic]++
		if err := w.Write(replay.Message{
			Topic: topic, Schema: string(m.ProtoReflect().Descriptor().FullName()), Stamp: stamp, Received: received, Seq: seq[topic], Data: data,
		}); err != nil {
			t.Fatal(err)
		}
	}
	for tick := range 10 * k.sweeps {
		now := madeStart + sensors.StampNs(tick)*10e6
		if !k.without["ego"] {
			put(replay.EgoTopic(madeVehicle), now, now+1e6, madeEgo(now))
		}
		if tick%10 != 0 {
			continue
		}
		if !k.without["truth"] {
			put(replay.TruthTopic(madeVehicle), now, now, madeTruth(now))
		}
		if !k.without["TOP"] {
			put(replay.SensorTopic(madeVehicle, sensors.Lidar, "TOP"), now, now+3e6, madeCloud(now, k.skewed))
		}
		if !k.without["FRONT"] {
			arrival := now + 5e6
			if k.early {
				arrival = now - 10e6
			}
			put(replay.SensorTopic(madeVehicle, sensors.Camera, "FRONT"), now-20e6, arrival, madeFrame(t, now-20e6, k.encoding))
		}
		if !k.without["RADAR"] {
			put(replay.SensorTopic(madeVehicle, sensors.Radar, "RADAR"), now, now+6e6, madeScan(now))
		}
		if k.views {
			put("av."+madeVehicle+".objects", now, now+7e6, &fusionv1.ObjectList{Header: &fusionv1.Header{Stamp: int64(now)}})
			put("/lidar/TOP", now, now+7e6, &fusionv1.PointCloud{Header: &fusionv1.Header{Stamp: int64(now)}})
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func madeX(stamp sensors.StampNs) float64 { return madeMps * stamp.Sub(madeStart).Seconds() }

func madeEgo(stamp sensors.StampNs) *fusionv1.EgoMotion {
	pose := sensors.Identity
	pose.Translation.X = madeX(stamp)
	return &fusionv1.EgoMotion{
		Header: &fusionv1.Header{Stamp: int64(stamp), Sensor: "ego"}, LocalFromEgo: pose.Proto(),
		LinearVelocity: &fusionv1.Vector3{X: madeMps}, AngularVelocity: &fusionv1.Vector3{},
	}
}

// madeCloud sees the wall with the upper rings and the ground with the lower ones, and has a row in the middle that is no point. Rows: x,
// y, z float32, intensity and ring uint8, t float32, and two bytes that nobody knows.
func madeCloud(stamp sensors.StampNs, skewed bool) *fusionv1.PointCloud {
	const step = 20
	var data []byte
	row := func(x, y, z, intensity float64, ring int, t float64) {
		p := make([]byte, step)
		for i, v := range []float64{x, y, z} {
			binary.LittleEndian.PutUint32(p[4*i:], math.Float32bits(float32(v)))
		}
		p[12], p[13] = uint8(intensity), uint8(ring)
		binary.LittleEndian.PutUint32(p[14:], math.Float32bits(float32(t)))
		p[18], p[19] = 0xab, uint8(len(data)/step)
		data = append(data, p...)
	}
	for ring := range 8 {
		for i := range 200 {
			azimuth := (float64(i)/199 - 0.5) * 1.6
			share := float64(i) / 199
			ahead := wallM - madeX(stamp)
			if skewed {
				ahead += madeMps * 0.1 * (1 - share)
			}
			elevation := (float64(ring) - 4.5) * 3 * math.Pi / 180
			x, z := ahead, ahead/math.Cos(azimuth)*math.Tan(elevation)
			if z < -1.8 { // ground
				x, z = 1.8/math.Tan(-elevation)*math.Cos(azimuth), -1.8
			}
			row(x, x*math.Tan(azimuth), z, 40+float64(i%100), ring, 0.1*share)
		}
		if ring == 3 {
			row(0, 0, 0, 0, ring, 0)
		}
		if ring == 4 { // the car's back
			for i := range 40 {
				// Measured as the sweep began these lie in the box only when they are moved to its end.
				x, at := float64(boxM), 0.1
				if skewed {
					x, at = boxM+4+madeMps*0.1, 0
				}
				row(x, float64(i%10)*0.1-0.5, -1.3+float64(i/10)*0.2, 120, ring, at)
			}
		}
	}
	f32 := fusionv1.PointField_TYPE_FLOAT32
	return &fusionv1.PointCloud{
		Header: &fusionv1.Header{Stamp: int64(stamp), Sensor: "TOP"}, PointStep: step, Data: data,
		SweepStart: int64(stamp - 100e6), SweepEnd: int64(stamp), Deskewed: !skewed, IntensityMax: 255,
		Fields: []*fusionv1.PointField{
			{Name: "x", Type: f32},
			{Name: "y", Offset: 4, Type: f32},
			{Name: "z", Offset: 8, Type: f32},
			{Name: "intensity", Offset: 12, Type: fusionv1.PointField_TYPE_UINT8},
			{Name: "ring", Offset: 13, Type: fusionv1.PointField_TYPE_UINT8},
			{Name: "t", Offset: 14, Type: f32},
		},
	}
}

func madeTruth(stamp sensors.StampNs) *fusionv1.TruthFrame {
	return &fusionv1.TruthFrame{
		Header: &fusionv1.Header{Stamp: int64(stamp), Sensor: "truth"}, Token: "frame", LocalFromEgo: sensors.Identity.Proto(),
		Objects: []*fusionv1.TruthObject{
			{
				Instance: "car", Class: "car", Category: "vehicle.car", Center: &fusionv1.Vector3{X: boxM + 2, Z: 0.9},
				Size: &fusionv1.Vector3{X: 4.5, Y: 1.9, Z: 1.6}, Rotation: &fusionv1.Quaternion{W: 1}, Velocity: &fusionv1.Vector3{X: madeMps}, LidarPoints: 7,
			},
			{
				Instance: "far", Class: "car", Category: "vehicle.car", Center: &fusionv1.Vector3{X: -70, Z: 0.8},
				Size: &fusionv1.Vector3{X: 4.5, Y: 1.9, Z: 1.6}, Rotation: &fusionv1.Quaternion{W: 1}, LidarPoints: 5,
			},
		},
	}
}

// madeImage has a bright sky above the horizon and a dark checkered wall and street below.
func madeImage() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, madeWidth, madeHeight))
	for y := range madeHeight {
		for x := range madeWidth {
			c := color.RGBA{70, 60, 50, 255}
			if (x/8+y/8)%2 == 0 {
				c = color.RGBA{20, 25, 30, 255}
			}
			if y < madeHeight/4 {
				c = color.RGBA{190, 200, 220, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func madeFrame(t testing.TB, stamp sensors.StampNs, e fusionv1.ImageEncoding) *fusionv1.CameraFrame {
	t.Helper()
	if e == 0 {
		e = fusionv1.ImageEncoding_IMAGE_ENCODING_JPEG
	}
	var data []byte
	if e == fusionv1.ImageEncoding_IMAGE_ENCODING_JPEG {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, madeImage(), &jpeg.Options{Quality: 83}); err != nil {
			t.Fatal(err)
		}
		data = b.Bytes()
	} else {
		p := &picture{w: madeWidth, h: madeHeight, codes: codesOf(madeImage())}
		out, err := p.write(sensors.Encoding(e))
		if err != nil {
			t.Fatal(err)
		}
		data = out
	}
	return &fusionv1.CameraFrame{
		Header: &fusionv1.Header{Stamp: int64(stamp), Sensor: "FRONT"}, Encoding: e, Width: madeWidth, Height: madeHeight, ExposureNs: 5e6, Data: data,
	}
}

func codesOf(m *image.RGBA) []uint8 {
	var out []uint8
	for i := 0; i < len(m.Pix); i += 4 {
		out = append(out, m.Pix[i:i+3]...)
	}
	return out
}

func madeScan(stamp sensors.StampNs) *fusionv1.RadarScan {
	return &fusionv1.RadarScan{
		Header: &fusionv1.Header{Stamp: int64(stamp), Sensor: "RADAR"}, MaxRangeRateMps: 50,
		Detections: []*fusionv1.RadarDetection{
			{RangeM: 20, RangeRateMps: -1, RcsDbsm: 12, RangeSdM: 0.2},
			{RangeM: 150, AzimuthRad: 0.1, RangeRateMps: -10, RcsDbsm: 8},
			{RangeM: 60, AzimuthRad: -0.2, RangeRateMps: -10, RcsDbsm: 5, Invalid: true},
		},
	}
}

// scenario parses a time line.
func scenario(t testing.TB, text string) *Scenario {
	t.Helper()
	s, err := ParseScenario([]byte(text), "test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// degraded runs a time line over a recording and returns the messages by topic, in the order in which they came.
func degraded(t testing.TB, path, text string, o Options) (byTopic map[string][]replay.Message, all []replay.Message, report *Report) {
	t.Helper()
	r := open(t, path)
	byTopic = map[string][]replay.Message{}
	report, err := Run(context.Background(), r, scenario(t, text), o, func(m replay.Message) error {
		byTopic[m.Topic] = append(byTopic[m.Topic], m)
		all = append(all, m)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return byTopic, all, report
}

func open(t testing.TB, path string) *replay.Reader {
	t.Helper()
	r, err := replay.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() }) // only read
	return r
}

// recorded are all messages of a recording.
func recorded(t testing.TB, path string) (out []replay.Message) {
	t.Helper()
	for m, err := range open(t, path).Messages(replay.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		m.Data = bytes.Clone(m.Data)
		out = append(out, m)
	}
	return out
}

func pointsOf(t testing.TB, m replay.Message) (*sensors.PointCloud, []sensors.Point) {
	t.Helper()
	c, err := sensors.ParsePointCloud(m.Data, sensors.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := c.AppendPoints(nil)
	return c, p
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path) //nolint:gosec // made by a test
	if err != nil {
		t.Fatal(err)
	}
	return data
}

const (
	topTopic   = "av.made.sensor.lidar.TOP"
	frontTopic = "av.made.sensor.camera.FRONT"
	radarTopic = "av.made.sensor.radar.RADAR"
	egoTopic   = "av.made.ego"
	truthTopic = "av.made.truth"
)

func marshal(t testing.TB, m proto.Message) []byte {
	t.Helper()
	data, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
