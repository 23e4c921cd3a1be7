package sensors

import (
	"bytes"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

func metaOf(sensor SensorID, m Modality) Meta {
	return Meta{Sensor: sensor, Modality: m, Seq: 12, Stamp: testStamp, Received: testStamp + 30e6}
}

// Every message comes out as the sample that it says; the caller's sensor, number and arrival stay.
func TestParseWorkedExamples(t *testing.T) {
	for _, tt := range []struct {
		name     string
		modality Modality
		msg      proto.Message
		want     Sample
	}{
		{"camera", Camera, cameraMessage(), &CameraFrame{
			Meta: metaOf("CAM_FRONT", Camera), Encoding: RGB8, Width: 4, Height: 2, ExposureNs: 8e6, ReadoutNs: 20e6,
			Data: []byte("abcdefghijklmnopqrstuvwx"),
		}},
		{"lidar", Lidar, lidarMessage(), &PointCloud{
			Meta: metaOf("LIDAR_TOP", Lidar),
			Fields: []Field{
				{"x", 0, Float32},
				{"y", 4, Float32},
				{"z", 8, Float32},
				{"intensity", 12, Float32},
				{"ring", 16, Uint16},
				{"t", 18, Float32},
			},
			Step: usualStep, Count: 2, SweepStart: testStamp - 100e6, SweepEnd: testStamp, Data: lidarMessage().GetData(),
		}},
		{"radar, polar", Radar, polarMessage(), &RadarScan{
			Meta: metaOf("RADAR_FRONT", Radar), MaxRangeRateMps: 55,
			Detections: []RadarDetection{
				{
					Position: r3.Vec{X: 20}, RangeRateMps: -5, RCSdBsm: 10, SNRdB: 18,
					RangeSDM: 0.1, AzimuthSDRad: 0.01, RangeRateSDMps: 0.2,
				},
				// cos 45° cos 30°, cos 45° sin 30°, sin 45°, times 10.
				{Position: r3.Vec{X: 6.123724357, Y: 3.535533906, Z: 7.071067812}, RangeRateMps: 1, SNRdB: math.NaN(), Ambiguous: true},
				{Position: r3.Vec{Y: -30}, SNRdB: math.NaN(), Invalid: true},
			},
		}},
		{"radar, Cartesian", Radar, cartesianMessage(), &RadarScan{
			Meta: metaOf("RADAR_FRONT", Radar),
			Detections: []RadarDetection{
				// (30*-6 + 40*-8) / 50: approaching at 10 m/s.
				{Position: r3.Vec{X: 30, Y: 40}, RangeRateMps: -10, RCSdBsm: 5, SNRdB: 11},
				// Only the part along the line of sight counts.
				{Position: r3.Vec{X: 10}, RangeRateMps: 3, SNRdB: math.NaN(), Ambiguous: true, Invalid: true},
			},
		}},
		{"ego", Ego, egoMessage(), &EgoMotion{
			Meta: metaOf(EgoStream, Ego),
			LocalFromEgo: Pose{
				Rotation:    quat.Number{Real: math.Sqrt(0.5), Kmag: math.Sqrt(0.5)},
				Translation: r3.Vec{X: 100, Y: -20, Z: 0.5},
			},
			Velocity: r3.Vec{X: 12}, AngularVelocity: r3.Vec{Z: 0.1}, Acceleration: r3.Vec{Y: 1.2},
		}},
		{"ego without velocities", Ego, &fusionv1.EgoMotion{
			Header: header(""), LocalFromEgo: &fusionv1.Pose{Rotation: &fusionv1.Quaternion{W: 1}},
		}, &EgoMotion{Meta: metaOf(EgoStream, Ego), LocalFromEgo: Identity, TwistUnknown: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// The stamp and the modality of the caller are overwritten; the sensor is given in one half of the cases only.
			want := *tt.want.Head()
			for _, sensor := range []SensorID{"", want.Sensor} {
				got, err := Parse(tt.modality, marshal(t, tt.msg), Meta{Sensor: sensor, Seq: want.Seq, Stamp: 1, Received: want.Received})
				if err != nil {
					t.Fatal(err)
				}
				// float32 on the wire: 1e-7 relative of 50 m is 5 um.
				if d := cmp.Diff(tt.want, got, cmpopts.EquateNaNs(), cmpopts.EquateApprox(1e-7, 2e-6)); d != "" {
					t.Errorf("Parse (-want +got):\n%s", d)
				}
			}
		})
	}
}

// The data of an image or a cloud is a view into the message, wherever the field stands in it, and parsing does not copy it.
func TestDataIsAView(t *testing.T) {
	msg := &fusionv1.CameraFrame{
		Header: header("CAM_FRONT"), Encoding: fusionv1.ImageEncoding_IMAGE_ENCODING_GRAY8, Width: 1000, Height: 1000,
		Data: bytes.Repeat([]byte{7}, 1_000_000),
	}
	last := marshal(t, msg)
	data := msg.Data
	msg.Data = nil
	rest := marshal(t, msg)
	field15 := protowire.AppendBytes(protowire.AppendTag(nil, 15, protowire.BytesType), data)
	// In the middle: after the header, before encoding and size.
	_, _, headerSize := protowire.ConsumeField(rest)
	for name, b := range map[string][]byte{
		"last":   last,
		"first":  append(bytes.Clone(field15), rest...),
		"middle": append(append(bytes.Clone(rest[:headerSize]), field15...), rest[headerSize:]...),
	} {
		got, err := ParseCameraFrame(b, Meta{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.Width != 1000 || got.Sensor != "CAM_FRONT" || len(got.Data) != len(data) {
			t.Errorf("%s: got %dx%d of %q, %d bytes", name, got.Width, got.Height, got.Sensor, len(got.Data))
		}
		b[bytes.IndexByte(b, 7)+500_000] = 9
		if bytes.IndexByte(got.Data, 9) < 0 {
			t.Errorf("%s: data is a copy", name)
		}
		const runs = 100
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			if _, err := ParseCameraFrame(b, Meta{}); err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		size := (after.TotalAlloc - before.TotalAlloc) / runs
		if size > 2000 {
			t.Errorf("%s: %d bytes allocated for a message of %d", name, size, len(b))
		}
	}
}

// Each case damages one message in one way and names the field and the drop reason that must come out.
func TestParseDamage(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	camera := func(change func(*fusionv1.CameraFrame)) proto.Message {
		m := cameraMessage()
		change(m)
		return m
	}
	lidar := func(change func(*fusionv1.PointCloud)) proto.Message {
		m := lidarMessage()
		change(m)
		return m
	}
	polar := func(change func(*fusionv1.RadarDetection)) proto.Message {
		m := polarMessage()
		change(m.Detections[1])
		return m
	}
	cartesian := func(change func(*fusionv1.RadarPoint)) proto.Message {
		m := cartesianMessage()
		change(m.Points[1])
		return m
	}
	ego := func(change func(*fusionv1.EgoMotion)) proto.Message {
		m := egoMessage()
		change(m)
		return m
	}
	for _, tt := range []struct {
		name          string
		modality      Modality
		msg           proto.Message
		field, reason string
	}{
		{"no header", Camera, camera(func(m *fusionv1.CameraFrame) { m.Header = nil }), "header.stamp", ReasonNoStamp},
		{"no stamp", Camera, camera(func(m *fusionv1.CameraFrame) { m.Header.Stamp = 0 }), "header.stamp", ReasonNoStamp},
		{"other sensor", Camera, camera(func(m *fusionv1.CameraFrame) { m.Header.Sensor = "CAM_BACK" }), "header.sensor", ReasonWrongSensor},
		{"long sensor name", Camera, camera(func(m *fusionv1.CameraFrame) { m.Header.Sensor = strings.Repeat("n", 100) }), "header.sensor", ReasonOversize},
		{"zero width", Camera, camera(func(m *fusionv1.CameraFrame) { m.Width = 0 }), "width, height", ReasonInvalid},
		{"zero height", Camera, camera(func(m *fusionv1.CameraFrame) { m.Height = 0 }), "width, height", ReasonInvalid},
		{"too many pixels", Camera, camera(func(m *fusionv1.CameraFrame) { m.Width, m.Height = 9000, 9000 }), "width, height", ReasonOversize},
		{"too wide", Camera, camera(func(m *fusionv1.CameraFrame) { m.Width = math.MaxUint32 }), "width, height", ReasonOversize},
		{"raw image short", Camera, camera(func(m *fusionv1.CameraFrame) { m.Data = m.Data[:23] }), "data", ReasonTruncated},
		{"raw image long", Camera, camera(func(m *fusionv1.CameraFrame) { m.Data = append(m.Data, 0) }), "data", ReasonTruncated},
		{"no data", Camera, camera(func(m *fusionv1.CameraFrame) { m.Data, m.Encoding = nil, fusionv1.ImageEncoding_IMAGE_ENCODING_JPEG }), "data", ReasonTruncated},
		{"no encoding", Camera, camera(func(m *fusionv1.CameraFrame) { m.Encoding = 0 }), "encoding", ReasonMalformed},
		{"unknown encoding", Camera, camera(func(m *fusionv1.CameraFrame) { m.Encoding = 7 }), "encoding", ReasonMalformed},
		{"negative encoding", Camera, camera(func(m *fusionv1.CameraFrame) { m.Encoding = -1 }), "encoding", ReasonMalformed},
		{"odd nv12", Camera, camera(func(m *fusionv1.CameraFrame) {
			m.Width, m.Encoding = 3, fusionv1.ImageEncoding_IMAGE_ENCODING_NV12
		}), "width, height", ReasonInvalid},
		{"negative exposure", Camera, camera(func(m *fusionv1.CameraFrame) { m.ExposureNs = -1 }), "exposure_ns, readout_ns", ReasonInvalid},
		{"endless readout", Camera, camera(func(m *fusionv1.CameraFrame) { m.ReadoutNs = math.MaxInt64 }), "exposure_ns, readout_ns", ReasonInvalid},

		{"point step zero", Lidar, lidar(func(m *fusionv1.PointCloud) { m.PointStep = 0 }), "point_step", ReasonInvalid},
		{"point step huge", Lidar, lidar(func(m *fusionv1.PointCloud) { m.PointStep = 1 << 31 }), "point_step", ReasonOversize},
		{"cloud truncated", Lidar, lidar(func(m *fusionv1.PointCloud) { m.Data = m.Data[:usualStep+1] }), "data", ReasonTruncated},
		{"too many points", Lidar, lidar(func(m *fusionv1.PointCloud) {
			m.Fields, m.PointStep = []*fusionv1.PointField{field("x", 0, 2), field("y", 0, 2), field("z", 0, 2)}, 1
			m.Data = make([]byte, maxPoints+1)
			m.SweepStart = 0
		}), "data", ReasonOversize},
		{"field beyond the step", Lidar, lidar(func(m *fusionv1.PointCloud) { m.Fields[5].Offset = 19 }), "fields.offset", ReasonMalformed},
		{"field offset overflows", Lidar, lidar(func(m *fusionv1.PointCloud) { m.Fields[5].Offset = math.MaxUint32 }), "fields.offset", ReasonMalformed},
		{"field count overflows", Lidar, lidar(func(m *fusionv1.PointCloud) { m.Fields[5].Count = math.MaxUint32 }), "fields.offset", ReasonMalformed},
		{"unknown field type", Lidar, lidar(func(m *fusionv1.PointCloud) { m.Fields[0].Type = 9 }), "fields.type", ReasonMalformed},
		{"negative field type", Lidar, lidar(func(m *fusionv1.PointCloud) { m.Fields[0].Type = -1 }), "fields.type", ReasonMalformed},
		{"no z", Lidar, lidar(func(m *fusionv1.PointCloud) { m.Fields[2].Name = "height" }), "fields", ReasonMalformed},
		{"no fields", Lidar, lidar(func(m *fusionv1.PointCloud) { m.Fields = nil }), "fields", ReasonMalformed},
		{"x twice", Lidar, lidar(func(m *fusionv1.PointCloud) { m.Fields[1].Name = "x" }), "fields.name", ReasonMalformed},
		{"nameless field", Lidar, lidar(func(m *fusionv1.PointCloud) { m.Fields[3].Name = "" }), "fields.name", ReasonMalformed},
		{"65 fields", Lidar, lidar(func(m *fusionv1.PointCloud) {
			for len(m.Fields) <= maxFields {
				m.Fields = append(m.Fields, m.Fields[0])
			}
		}), "fields", ReasonOversize},
		{"times without start", Lidar, lidar(func(m *fusionv1.PointCloud) { m.SweepStart = 0 }), "sweep_start", ReasonInvalid},
		{"sweep backwards", Lidar, lidar(func(m *fusionv1.PointCloud) { m.SweepStart = testStamp + 1 }), "sweep_start", ReasonInvalid},
		{"sweep of a minute", Lidar, lidar(func(m *fusionv1.PointCloud) { m.SweepStart = testStamp - 60e9 }), "sweep_start", ReasonInvalid},
		{"sweep from the beginning of time", Lidar, lidar(func(m *fusionv1.PointCloud) { m.SweepStart = math.MinInt64 }), "sweep_start", ReasonInvalid},
		{"stamped at the start", Lidar, lidar(func(m *fusionv1.PointCloud) { m.SweepEnd += 100e6 }), "sweep_end", ReasonInvalid},
		{"intensity_max not a number", Lidar, lidar(func(m *fusionv1.PointCloud) { m.IntensityMax = nan }), "intensity_max", ReasonInvalid},
		{"intensity_max negative", Lidar, lidar(func(m *fusionv1.PointCloud) { m.IntensityMax = -1 }), "intensity_max", ReasonInvalid},

		{"both kinds", Radar, func() proto.Message {
			m := polarMessage()
			m.Points = cartesianMessage().Points
			return m
		}(), "detections, points", ReasonMalformed},
		{"range zero", Radar, polar(func(d *fusionv1.RadarDetection) { d.RangeM = 0 }), "detections.range_m", ReasonInvalid},
		{"range negative", Radar, polar(func(d *fusionv1.RadarDetection) { d.RangeM = -3 }), "detections.range_m", ReasonInvalid},
		{"range not a number", Radar, polar(func(d *fusionv1.RadarDetection) { d.RangeM = nan }), "detections", ReasonInvalid},
		{"azimuth infinite", Radar, polar(func(d *fusionv1.RadarDetection) { d.AzimuthRad = inf }), "detections", ReasonInvalid},
		{"azimuth in degrees", Radar, polar(func(d *fusionv1.RadarDetection) { d.AzimuthRad = 30 }), "detections.azimuth_rad, elevation_rad", ReasonInvalid},
		{"elevation not a number", Radar, polar(func(d *fusionv1.RadarDetection) { d.ElevationRad = &nan }), "detections", ReasonInvalid},
		{"range rate infinite", Radar, polar(func(d *fusionv1.RadarDetection) { d.RangeRateMps = -inf }), "detections", ReasonInvalid},
		{"rcs not a number", Radar, polar(func(d *fusionv1.RadarDetection) { d.RcsDbsm = nan }), "detections", ReasonInvalid},
		{"snr not a number", Radar, polar(func(d *fusionv1.RadarDetection) { d.SnrDb = &nan }), "detections", ReasonInvalid},
		{"negative deviation", Radar, polar(func(d *fusionv1.RadarDetection) { d.RangeSdM = -1 }), "detections", ReasonInvalid},
		{"point not a number", Radar, cartesian(func(p *fusionv1.RadarPoint) { p.Z = nan }), "points", ReasonInvalid},
		{"velocity infinite", Radar, cartesian(func(p *fusionv1.RadarPoint) { p.Vy = inf }), "points", ReasonInvalid},
		{"point at the sensor", Radar, cartesian(func(p *fusionv1.RadarPoint) { p.X, p.Y = 0, 0 }), "points.x, y", ReasonInvalid},
		{"largest range rate negative", Radar, &fusionv1.RadarScan{Header: header(""), MaxRangeRateMps: -1}, "max_range_rate_mps", ReasonInvalid},
		{"4097 detections", Radar, &fusionv1.RadarScan{Detections: make([]*fusionv1.RadarDetection, maxDetections+1)}, "detections", ReasonOversize},
		{"4097 points", Radar, &fusionv1.RadarScan{Points: make([]*fusionv1.RadarPoint, maxDetections+1)}, "points", ReasonOversize},

		{"no pose", Ego, ego(func(m *fusionv1.EgoMotion) { m.LocalFromEgo = nil }), "local_from_ego", ReasonInvalid},
		{"no rotation", Ego, ego(func(m *fusionv1.EgoMotion) { m.LocalFromEgo.Rotation = nil }), "local_from_ego", ReasonInvalid},
		{"rotation zero", Ego, ego(func(m *fusionv1.EgoMotion) { m.LocalFromEgo.Rotation = &fusionv1.Quaternion{} }), "local_from_ego", ReasonInvalid},
		{"rotation not a number", Ego, ego(func(m *fusionv1.EgoMotion) { m.LocalFromEgo.Rotation.X = math.NaN() }), "local_from_ego", ReasonInvalid},
		{"position infinite", Ego, ego(func(m *fusionv1.EgoMotion) { m.LocalFromEgo.Position.Y = math.Inf(-1) }), "local_from_ego", ReasonInvalid},
		{"position on the moon", Ego, ego(func(m *fusionv1.EgoMotion) { m.LocalFromEgo.Position.Y = 3.8e8 }), "local_from_ego", ReasonInvalid},
		{"velocity not a number", Ego, ego(func(m *fusionv1.EgoMotion) { m.LinearVelocity.Z = math.NaN() }), "linear_velocity", ReasonInvalid},
		{"velocity of a rocket", Ego, ego(func(m *fusionv1.EgoMotion) { m.LinearVelocity.X = 8000 }), "linear_velocity", ReasonInvalid},
		{"turn rate infinite", Ego, ego(func(m *fusionv1.EgoMotion) { m.AngularVelocity.Z = math.Inf(1) }), "angular_velocity", ReasonInvalid},
		{"acceleration not a number", Ego, ego(func(m *fusionv1.EgoMotion) { m.LinearAcceleration.X = math.NaN() }), "linear_acceleration", ReasonInvalid},
		{"unknown modality", NumFused + 1, egoMessage(), "", ReasonMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sensor := map[Modality]SensorID{Camera: "CAM_FRONT", Lidar: "LIDAR_TOP", Radar: "RADAR_FRONT"}[tt.modality]
			got, err := Parse(tt.modality, marshal(t, tt.msg), Meta{Sensor: sensor, Seq: 812})
			var fail *ParseError
			if !errors.As(err, &fail) {
				t.Fatalf("Parse = %+v, %v, want a *ParseError", got, err)
			}
			if got != nil {
				t.Errorf("Parse gave a sample with its error: %+v", got)
			}
			if fail.Field != tt.field || fail.Reason != tt.reason {
				t.Errorf("field %q, reason %q, want %q, %q (%v)", fail.Field, fail.Reason, tt.field, tt.reason, err)
			}
			if fail.Seq != 812 || fail.Sensor == "" || fail.Cause == "" || fail.Cure == "" {
				t.Errorf("error lacks sensor, number, cause or cure: %+v", fail)
			}
		})
	}
}

// Damage to the bytes themselves.
func TestParseDamagedBytes(t *testing.T) {
	good := marshal(t, cameraMessage())
	group := protowire.AppendTag(nil, 9, protowire.StartGroupType)
	for _, tt := range []struct {
		name   string
		b      []byte
		reason string
	}{
		{"nothing", nil, ReasonNoStamp},
		{"text", []byte("hello, world"), ReasonMalformed},
		{"cut in the data", good[:len(good)-1], ReasonMalformed},
		{"cut in the header", good[:5], ReasonMalformed},
		{"header twice", append(bytes.Clone(good), good[:2+int(good[1])]...), ReasonMalformed},
		{"data twice", append(bytes.Clone(good), good[len(good)-26:]...), ReasonMalformed},
		{"data as a number", protowire.AppendVarint(protowire.AppendTag(nil, 15, protowire.VarintType), 1), ReasonMalformed},
		{"header not a header", []byte{0x0a, 1, 0xff}, ReasonMalformed},
		{"name not UTF-8", []byte{0x0a, 3, 0x12, 1, 0xff}, ReasonMalformed},
		{"open group", group, ReasonMalformed},
		{"nested groups", bytes.Repeat(group, 200_000), ReasonMalformed},
		{"a megabyte of unknown fields", append(bytes.Clone(good), bytes.Repeat([]byte{0xa0, 1, 1}, 400_000)...), ReasonOversize},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseCameraFrame(tt.b, Meta{Sensor: "CAM_FRONT", Seq: 3})
			var fail *ParseError
			if !errors.As(err, &fail) || fail.Reason != tt.reason {
				t.Errorf("error = %v, want reason %q", err, tt.reason)
			}
		})
	}
}

// Fields that a newer publisher adds do not disturb.
func TestParseIgnoresUnknownFields(t *testing.T) {
	b := protowire.AppendString(protowire.AppendTag(marshal(t, egoMessage()), 99, protowire.BytesType), "new")
	if _, err := ParseEgoMotion(b, Meta{}); err != nil {
		t.Error(err)
	}
}

// A stamp before 2000, negative or in the far future is a matter for the clock guards, not for parsing.
func TestParseKeepsOddStamps(t *testing.T) {
	for _, stamp := range []int64{1, -5, 946_684_799e9, 4_102_444_800e9, math.MaxInt64, math.MinInt64} {
		m := egoMessage()
		m.Header.Stamp = stamp
		got, err := ParseEgoMotion(marshal(t, m), Meta{})
		if err != nil || got.Stamp != StampNs(stamp) {
			t.Errorf("stamp %d: got %+v, %v", stamp, got, err)
		}
		peeked, err := PeekStamp(marshal(t, m))
		if err != nil || peeked != StampNs(stamp) {
			t.Errorf("PeekStamp of %d = %d, %v", stamp, peeked, err)
		}
	}
}

// A cloud without points, or a scan without detections, is a sample: the sensor lives and sees nothing.
func TestParseEmptyScenes(t *testing.T) {
	cloud := lidarMessage()
	cloud.Data = nil
	c, err := ParsePointCloud(marshal(t, cloud), Meta{})
	if err != nil || c.Count != 0 {
		t.Errorf("cloud without points = %+v, %v", c, err)
	}
	if pts, dropped := c.AppendPoints(nil); len(pts) != 0 || dropped != 0 {
		t.Errorf("its points = %v, %d dropped", pts, dropped)
	}
	s, err := ParseRadarScan(marshal(t, &fusionv1.RadarScan{Header: header("R")}), Meta{})
	if err != nil || len(s.Detections) != 0 {
		t.Errorf("scan without detections = %+v, %v", s, err)
	}
}

func TestParseErrorText(t *testing.T) {
	m := lidarMessage()
	m.Data = m.Data[:usualStep+18]
	_, err := ParsePointCloud(marshal(t, m), Meta{Sensor: "LIDAR_TOP", Seq: 812})
	const want = "parse LIDAR_TOP seq 812: data: payload of 40 bytes ends 18 bytes into a point of 22: check the driver's point layout"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v\nwant    %s", err, want)
	}
	_, err = ParseRadarScan([]byte{0xff}, Meta{Seq: 1})
	if err == nil || !strings.HasPrefix(err.Error(), "parse radar seq 1: ") || errors.Unwrap(err) == nil {
		t.Errorf("error = %v, want the sensor's kind and a wrapped cause", err)
	}
}

func TestPeekStamp(t *testing.T) {
	camera := marshal(t, cameraMessage())
	late := append(protowire.AppendVarint(protowire.AppendTag(nil, 3, protowire.VarintType), 5), camera...)
	for _, tt := range []struct {
		name string
		b    []byte
		want StampNs
		err  error
	}{
		{"camera", camera, testStamp, nil},
		{"radar", marshal(t, polarMessage()), testStamp, nil},
		{"header not first", late, testStamp, nil},
		{"cut after the header", camera[:2+int(camera[1])], testStamp, nil},
		{"nothing", nil, 0, ErrNoStamp},
		{"no header", marshal(t, &fusionv1.CameraFrame{Width: 3}), 0, ErrNoStamp},
		{"no stamp", marshal(t, &fusionv1.CameraFrame{Header: &fusionv1.Header{Sensor: "x"}}), 0, ErrNoStamp},
		{"cut in the header", camera[:4], 0, ErrMalformed},
		{"text", []byte("hello"), 0, ErrMalformed},
		{"header a number", []byte{0x08, 1}, 0, ErrMalformed},
		{"stamp cut", []byte{0x0a, 2, 0x08, 0x80}, 0, ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := PeekStamp(tt.b)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("PeekStamp = %d, %v, want %d, %v", got, err, tt.want, tt.err)
			}
		})
	}
	if got := testing.AllocsPerRun(100, func() { _, _ = PeekStamp(camera) }); got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
}

func BenchmarkPeekStamp(b *testing.B) {
	m := marshal(b, lidarMessage())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := PeekStamp(m); err != nil {
			b.Fatal(err)
		}
	}
}

// A sweep of 106,000 points, the size of the densest lidars in use.
func BenchmarkParsePointCloud(b *testing.B) {
	msg := lidarMessage()
	msg.Data = bytes.Repeat(msg.Data, 53_000)
	m := marshal(b, msg)
	b.SetBytes(int64(len(m)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParsePointCloud(m, Meta{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseRadarScan(b *testing.B) {
	msg := polarMessage()
	for len(msg.Detections) < 125 {
		msg.Detections = append(msg.Detections, msg.Detections[0])
	}
	m := marshal(b, msg)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseRadarScan(m, Meta{}); err != nil {
			b.Fatal(err)
		}
	}
}
