package proto_test

import (
	"encoding/hex"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"pgregory.net/rapid"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// types lists every message of fusion.v1.
func types(t *testing.T) []protoreflect.MessageType {
	t.Helper()
	var out []protoreflect.MessageType
	protoregistry.GlobalTypes.RangeMessages(func(m protoreflect.MessageType) bool {
		if m.Descriptor().ParentFile().Package() == "fusion.v1" {
			out = append(out, m)
		}
		return true
	})
	if len(out) < 20 {
		t.Fatalf("only %d messages found", len(out))
	}
	return out
}

// Every message, filled with anything, comes back from the wire and from JSON as it was.
func TestRoundTrip(t *testing.T) {
	for _, typ := range types(t) {
		t.Run(string(typ.Descriptor().Name()), rapid.MakeCheck(func(t *rapid.T) {
			want := typ.New()
			fill(t, want, 3)
			b, err := proto.MarshalOptions{Deterministic: true}.Marshal(want.Interface())
			if err != nil {
				t.Fatal(err)
			}
			got := typ.New().Interface()
			if err := proto.Unmarshal(b, got); err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(want.Interface(), got) {
				t.Fatalf("came back from the wire as %v, want %v", got, want.Interface())
			}
			again, err := proto.MarshalOptions{Deterministic: true}.Marshal(got)
			if err != nil || string(again) != string(b) {
				t.Fatalf("written again (%v): %x, want %x", err, again, b)
			}
			text, err := protojson.Marshal(want.Interface())
			if err != nil {
				t.Fatal(err)
			}
			got = typ.New().Interface()
			if err := protojson.Unmarshal(text, got); err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(want.Interface(), got) {
				t.Fatalf("came back from JSON as %v, want %v", got, want.Interface())
			}
		}))
	}
}

// fill sets a random choice of fields to random values, depth messages deep.
func fill(t *rapid.T, m protoreflect.Message, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if !rapid.Bool().Draw(t, string(f.Name())) || (f.Message() != nil && depth == 0) {
			continue
		}
		switch {
		case f.IsList():
			list := m.Mutable(f).List()
			for range rapid.IntRange(1, 3).Draw(t, "length") {
				if f.Message() != nil {
					fill(t, list.AppendMutable().Message(), depth-1)
					continue
				}
				list.Append(value(t, f))
			}
		case f.Message() != nil:
			fill(t, m.Mutable(f).Message(), depth-1)
		default:
			m.Set(f, value(t, f))
		}
	}
}

func value(t *rapid.T, f protoreflect.FieldDescriptor) protoreflect.Value {
	name := string(f.Name())
	switch f.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, name))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(rapid.Int64().Draw(t, name))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(rapid.Uint32().Draw(t, name))
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(rapid.Uint64().Draw(t, name))
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(rapid.Float32().Draw(t, name))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(rapid.Float64().Draw(t, name))
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(rapid.String().Draw(t, name))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(rapid.SliceOf(rapid.Byte()).Draw(t, name))
	case protoreflect.EnumKind:
		values := f.Enum().Values()
		return protoreflect.ValueOfEnum(values.Get(rapid.IntRange(0, values.Len()-1).Draw(t, name)).Number())
	default:
		t.Fatalf("field %s has kind %s: teach the test to draw it", f.FullName(), f.Kind())
		return protoreflect.Value{}
	}
}

// Bytes worked out by hand from protobuf's wire format: what a publisher in any language has to send.
func TestWireExamples(t *testing.T) {
	header := &fusionv1.Header{Stamp: 1_000_000_000, Sensor: "L", Clock: fusionv1.Clock_CLOCK_SYNCHRONISED}
	// 08 = field 1 varint; 80 94 eb dc 03 = 10^9; 12 01 4c = field 2 "L"; 18 01 = field 3 enum 1.
	const headerHex = "08 80 94 eb dc 03 | 12 01 4c | 18 01"
	for _, tt := range []struct {
		name string
		msg  proto.Message
		want string
	}{
		{"header", header, headerHex},
		{"camera frame, data last", &fusionv1.CameraFrame{
			Header: header, Encoding: fusionv1.ImageEncoding_IMAGE_ENCODING_JPEG, Width: 1920, Height: 1080, Data: []byte{0xff, 0xd8},
		}, "0a 0b " + headerHex + " | 10 01 | 18 80 0f | 20 b8 08 | 7a 02 ff d8"},
		{"point field", &fusionv1.PointField{Name: "x", Offset: 4, Type: fusionv1.PointField_TYPE_FLOAT32, Count: 1}, "0a 01 78 | 10 04 | 18 07 | 20 01"},
		// 8.5 m as float32 little-endian; an elevation of zero that was measured is on the wire.
		{"radar detection", &fusionv1.RadarDetection{RangeM: 8.5, ElevationRad: proto.Float32(0)}, "0d 00 00 08 41 | 1d 00 00 00 00"},
		{"vector", &fusionv1.Vector3{X: 1, Z: -2}, "09 00 00 00 00 00 00 f0 3f | 19 00 00 00 00 00 00 00 c0"},
		{"packed covariance", &fusionv1.EgoMotion{PoseCovariance: []float64{0, 1}}, "32 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00 f0 3f"},
		{"sensor share", &fusionv1.SensorShare{Sensor: "C", Modality: fusionv1.Modality_MODALITY_CAMERA, Share: 0.25}, "0a 01 43 | 10 03 | 1d 00 00 80 3e"},
		{"member", &fusionv1.Member{Stream: "R", AgeNs: -1, Absence: fusionv1.AbsenceReason_ABSENCE_REASON_IDLE}, "0a 01 52 | 30 ff ff ff ff ff ff ff ff ff 01 | 48 01"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want, err := hex.DecodeString(strings.NewReplacer(" ", "", "|", "").Replace(tt.want))
			if err != nil {
				t.Fatal(err)
			}
			b, err := proto.MarshalOptions{Deterministic: true}.Marshal(tt.msg)
			if err != nil || string(b) != string(want) {
				t.Errorf("Marshal = %x, %v, want %x", b, err, want)
			}
			got := tt.msg.ProtoReflect().New().Interface()
			if err := proto.Unmarshal(want, got); err != nil || !proto.Equal(got, tt.msg) {
				t.Errorf("Unmarshal = %v, %v, want %v", got, err, tt.msg)
			}
		})
	}
}

// The modalities' numbers minus one are the order of every mask and share.
func TestModalityOrder(t *testing.T) {
	for i, m := range []fusionv1.Modality{fusionv1.Modality_MODALITY_LIDAR, fusionv1.Modality_MODALITY_RADAR, fusionv1.Modality_MODALITY_CAMERA} {
		if int(m) != i+1 {
			t.Errorf("%s = %d, want %d", m, m, i+1)
		}
	}
}

// A value that was not measured and one that is zero differ, where the difference matters.
func TestPresence(t *testing.T) {
	for _, tt := range []struct {
		name string
		msg  proto.Message
		want string
	}{
		{"velocity unknown", &fusionv1.TruthObject{}, ""},
		{"velocity zero", &fusionv1.TruthObject{Velocity: &fusionv1.Vector3{}}, "4200"},
		{"snr unknown", &fusionv1.RadarPoint{}, ""},
		{"snr zero", &fusionv1.RadarPoint{SnrDb: proto.Float32(0)}, "3d00000000"},
	} {
		b, err := proto.Marshal(tt.msg)
		if err != nil || hex.EncodeToString(b) != tt.want {
			t.Errorf("%s: Marshal = %x, %v, want %s", tt.name, b, err, tt.want)
		}
	}
}

// A reader of today keeps what a writer of tomorrow adds: unknown fields survive reading and writing.
func TestUnknownFieldsSurvive(t *testing.T) {
	object := &fusionv1.Object{Id: 7, Class: "car", Yaw: math.Pi, Existence: 0.5}
	b, err := proto.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	b = protowire.AppendString(protowire.AppendTag(b, 1000, protowire.BytesType), "from the future")
	got := &fusionv1.Object{}
	if err := proto.Unmarshal(b, got); err != nil || got.GetId() != 7 || got.GetYaw() != math.Pi {
		t.Fatalf("Unmarshal = %v, %v", got, err)
	}
	again, err := proto.Marshal(got)
	if err != nil || !strings.Contains(string(again), "from the future") {
		t.Errorf("Marshal = %x, %v: the new field is lost", again, err)
	}
}

// The large field of a message is the last on the wire, so that a reader may stop before it or take it as a view.
func TestDataIsLast(t *testing.T) {
	for _, typ := range types(t) {
		fields := typ.Descriptor().Fields()
		for i := range fields.Len() {
			f := fields.Get(i)
			if f.Kind() == protoreflect.BytesKind && f.Number() != 15 {
				t.Errorf("%s is field %d, want 15", f.FullName(), f.Number())
			}
			if fields.ByNumber(15) != nil && fields.ByNumber(15).Name() == "data" && f.Number() > 15 {
				t.Errorf("%s is field %d, after data", f.FullName(), f.Number())
			}
		}
	}
}
