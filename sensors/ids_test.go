package sensors

import (
	"testing"
	"time"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

func TestModality(t *testing.T) {
	for _, m := range []Modality{Lidar, Radar, Camera, Ego} {
		got, err := ParseModality(m.String())
		if err != nil || got != m {
			t.Errorf("ParseModality(%q) = %v, %v, want %v", m.String(), got, err, m)
		}
		// The message's numbers are ours plus one, for its unspecified zero.
		if got, want := int32(m.Proto()), int32(m)+1; got != want {
			t.Errorf("%s.Proto() = %d, want %d", m, got, want)
		}
	}
	if _, err := ParseModality("sonar"); err == nil {
		t.Error("ParseModality took sonar")
	}
	if got := Modality(9); got.String() != "modality(9)" || got.Proto() != fusionv1.Modality_MODALITY_UNSPECIFIED {
		t.Errorf("unknown modality = %s, %v", got, got.Proto())
	}
}

// Parsing converts these by number.
func TestNumbersAreTheMessages(t *testing.T) {
	for _, tt := range []struct {
		name      string
		got, want int
	}{
		{"jpeg", int(JPEG), int(fusionv1.ImageEncoding_IMAGE_ENCODING_JPEG)},
		{"png", int(PNG), int(fusionv1.ImageEncoding_IMAGE_ENCODING_PNG)},
		{"rgb8", int(RGB8), int(fusionv1.ImageEncoding_IMAGE_ENCODING_RGB8)},
		{"bgr8", int(BGR8), int(fusionv1.ImageEncoding_IMAGE_ENCODING_BGR8)},
		{"nv12", int(NV12), int(fusionv1.ImageEncoding_IMAGE_ENCODING_NV12)},
		{"gray8", int(GRAY8), int(fusionv1.ImageEncoding_IMAGE_ENCODING_GRAY8)},
		{"encodings", len(encodingNames), len(fusionv1.ImageEncoding_name)},
		{"int8", int(Int8), int(fusionv1.PointField_TYPE_INT8)},
		{"uint8", int(Uint8), int(fusionv1.PointField_TYPE_UINT8)},
		{"int16", int(Int16), int(fusionv1.PointField_TYPE_INT16)},
		{"uint16", int(Uint16), int(fusionv1.PointField_TYPE_UINT16)},
		{"int32", int(Int32), int(fusionv1.PointField_TYPE_INT32)},
		{"uint32", int(Uint32), int(fusionv1.PointField_TYPE_UINT32)},
		{"float32", int(Float32), int(fusionv1.PointField_TYPE_FLOAT32)},
		{"float64", int(Float64), int(fusionv1.PointField_TYPE_FLOAT64)},
		{"field types", len(fieldSizes), len(fusionv1.PointField_Type_name)},
		{"clock synchronised", int(ClockSynchronised), int(fusionv1.Clock_CLOCK_SYNCHRONISED)},
		{"clock free-running", int(ClockFreeRunning), int(fusionv1.Clock_CLOCK_FREE_RUNNING)},
		{"clocks", len(clockNames), len(fusionv1.Clock_name)},
	} {
		if tt.got != tt.want {
			t.Errorf("%s = %d, want %d", tt.name, tt.got, tt.want)
		}
	}
}

func TestStamp(t *testing.T) {
	s := StampNs(testStamp)
	if got := s.Add(30 * time.Millisecond).Sub(s); got != 30*time.Millisecond {
		t.Errorf("Add then Sub = %v, want 30ms", got)
	}
	if got := s.Seconds(); got != 1772366400 {
		t.Errorf("Seconds = %v, want 1772366400", got)
	}
}

func TestNames(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{ClockSynchronised.String(), "synchronised"},
		{Clock(7).String(), "clock(7)"},
		{FisheyeKB4.String(), "fisheye_kb4"},
		{LensModel(7).String(), "lens(7)"},
		{NV12.String(), "nv12"},
		{Encoding(0).String(), "encoding(0)"},
		{EgoAcrossGap.String(), "across gap"},
		{Quality(9).String(), "quality(9)"},
	} {
		if tt.got != tt.want {
			t.Errorf("name = %q, want %q", tt.got, tt.want)
		}
	}
	if got := FieldType(9).Size(); got != 0 {
		t.Errorf("size of an unknown type = %d, want 0", got)
	}
	if got := NV12.RawSize(4, 2); got != 12 {
		t.Errorf("nv12 of 4x2 has %d bytes, want 12", got)
	}
}
