package foxglove

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	foxglovepb "github.com/fusiond/fusiond/proto/foxglove"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

func TestCompressedImage(t *testing.T) {
	for encoding, want := range map[fusionv1.ImageEncoding]string{
		fusionv1.ImageEncoding_IMAGE_ENCODING_JPEG:        "jpeg",
		fusionv1.ImageEncoding_IMAGE_ENCODING_PNG:         "png",
		fusionv1.ImageEncoding_IMAGE_ENCODING_RGB8:        "",
		fusionv1.ImageEncoding_IMAGE_ENCODING_NV12:        "",
		fusionv1.ImageEncoding_IMAGE_ENCODING_UNSPECIFIED: "",
	} {
		m, ok := CompressedImage(&fusionv1.CameraFrame{
			Header: &fusionv1.Header{Stamp: testStamp, Sensor: "CAM"}, Encoding: encoding, Data: []byte{1, 2},
		})
		if ok != (want != "") || m.GetFormat() != want {
			t.Errorf("%s: format %q, ok %t, want %q", encoding, m.GetFormat(), ok, want)
		}
		if ok && (m.FrameId != "CAM" || string(m.Data) != "\x01\x02" || m.Timestamp.AsTime().UnixNano() != testStamp) {
			t.Errorf("%s: %v, want the frame's sensor, stamp and bytes", encoding, m)
		}
	}
}

func TestPointCloud(t *testing.T) {
	got := PointCloud(&fusionv1.PointCloud{
		Header: &fusionv1.Header{Stamp: testStamp, Sensor: "TOP"}, PointStep: 20, Data: make([]byte, 40),
		Fields: []*fusionv1.PointField{
			{Name: "x", Type: fusionv1.PointField_TYPE_FLOAT32},
			{Name: "ring", Offset: 12, Type: fusionv1.PointField_TYPE_UINT16},
			{Name: "odd", Offset: 13},
			{Name: "t", Offset: 14, Type: fusionv1.PointField_TYPE_FLOAT64},
		},
	})
	want := &foxglovepb.PointCloud{
		Timestamp: &timestamppb.Timestamp{Seconds: 1_700_000_000, Nanos: 250_000_000}, FrameId: "TOP",
		Pose:        &foxglovepb.Pose{Position: &foxglovepb.Vector3{}, Orientation: &foxglovepb.Quaternion{W: 1}},
		PointStride: 20, Data: make([]byte, 40),
		Fields: []*foxglovepb.PackedElementField{
			{Name: "x", Type: foxglovepb.PackedElementField_FLOAT32},
			{Name: "ring", Offset: 12, Type: foxglovepb.PackedElementField_UINT16},
			{Name: "t", Offset: 14, Type: foxglovepb.PackedElementField_FLOAT64},
		},
	}
	if d := cmp.Diff(got, want, protocmp.Transform()); d != "" {
		t.Errorf("-got +want:\n%s", d)
	}
}

// TestFieldTypes: both sides name their number types alike, and none is forgotten.
func TestFieldTypes(t *testing.T) {
	for number, name := range fusionv1.PointField_Type_name {
		if number == 0 {
			continue
		}
		got, ok := fieldTypes[fusionv1.PointField_Type(number)]
		if want := "TYPE_" + got.String(); !ok || name != want {
			t.Errorf("%s becomes %s (known: %t)", name, got, ok)
		}
	}
}
