package sensors

import (
	"encoding/binary"
	"math"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// testStamp is 2026-03-01 12:00:00 UTC.
const testStamp = 1_772_366_400_000_000_000

func header(sensor string) *fusionv1.Header {
	return &fusionv1.Header{Stamp: testStamp, Sensor: sensor, Clock: fusionv1.Clock_CLOCK_SYNCHRONISED}
}

func marshal(tb testing.TB, m proto.Message) []byte {
	tb.Helper()
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func marshalRapid(t *rapid.T, m proto.Message) []byte {
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func cameraMessage() *fusionv1.CameraFrame {
	return &fusionv1.CameraFrame{
		Header: header("CAM_FRONT"), Encoding: fusionv1.ImageEncoding_IMAGE_ENCODING_RGB8, Width: 4, Height: 2,
		ExposureNs: 8_000_000, ReadoutNs: 20_000_000, Data: []byte("abcdefghijklmnopqrstuvwx"),
	}
}

func field(name string, offset uint32, typ fusionv1.PointField_Type) *fusionv1.PointField {
	return &fusionv1.PointField{Name: name, Offset: offset, Type: typ, Count: 1}
}

// usualFields is the layout of most drivers: x, y, z, intensity as float32, ring as uint16, t as float32; 22 bytes.
func usualFields() []*fusionv1.PointField {
	const f32 = fusionv1.PointField_TYPE_FLOAT32
	return []*fusionv1.PointField{
		field("x", 0, f32), field("y", 4, f32), field("z", 8, f32), field("intensity", 12, f32),
		field("ring", 16, fusionv1.PointField_TYPE_UINT16), field("t", 18, f32),
	}
}

const usualStep = 22

func usualPoint(b []byte, x, y, z, intensity float32, ring uint16, t float32) []byte {
	for _, v := range []float32{x, y, z, intensity} {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	b = binary.LittleEndian.AppendUint16(b, ring)
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(t))
}

func lidarMessage() *fusionv1.PointCloud {
	data := usualPoint(nil, 1, 2, 3, 51, 7, 0.025)
	data = usualPoint(data, -4, 5, -1.5, 255, 63, 0.1)
	return &fusionv1.PointCloud{
		Header: header("LIDAR_TOP"), Fields: usualFields(), PointStep: usualStep,
		SweepStart: testStamp - 100_000_000, SweepEnd: testStamp, Data: data,
	}
}

func polarMessage() *fusionv1.RadarScan {
	return &fusionv1.RadarScan{
		Header: header("RADAR_FRONT"), MaxRangeRateMps: 55,
		Detections: []*fusionv1.RadarDetection{
			{RangeM: 20, RangeRateMps: -5, RcsDbsm: 10, SnrDb: proto.Float32(18), RangeSdM: 0.1, AzimuthSdRad: 0.01, RangeRateSdMps: 0.2},
			{RangeM: 10, AzimuthRad: math.Pi / 6, ElevationRad: proto.Float32(math.Pi / 4), RangeRateMps: 1, Ambiguous: true},
			{RangeM: 30, AzimuthRad: -math.Pi / 2, Invalid: true},
		},
	}
}

func cartesianMessage() *fusionv1.RadarScan {
	return &fusionv1.RadarScan{
		Header: header("RADAR_FRONT"),
		Points: []*fusionv1.RadarPoint{
			{X: 30, Y: 40, Vx: -6, Vy: -8, RcsDbsm: 5, SnrDb: proto.Float32(11)},
			{X: 10, Vx: 3, Vy: 99, Ambiguous: true, Invalid: true},
		},
	}
}

func egoMessage() *fusionv1.EgoMotion {
	return &fusionv1.EgoMotion{
		Header: header("ego"),
		LocalFromEgo: &fusionv1.Pose{
			Position: &fusionv1.Vector3{X: 100, Y: -20, Z: 0.5},
			Rotation: &fusionv1.Quaternion{W: 2, Z: 2},
		},
		LinearVelocity:     &fusionv1.Vector3{X: 12},
		AngularVelocity:    &fusionv1.Vector3{Z: 0.1},
		LinearAcceleration: &fusionv1.Vector3{Y: 1.2},
	}
}
