package foxglove

import (
	foxglovepb "github.com/fusiond/fusiond/proto/foxglove"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// CompressedImage copies a frame for viewers; the result shares the frame's bytes. ok is false for raw pixels, which that type
// cannot hold.
func CompressedImage(f *fusionv1.CameraFrame) (m *foxglovepb.CompressedImage, ok bool) {
	formats := map[fusionv1.ImageEncoding]string{
		fusionv1.ImageEncoding_IMAGE_ENCODING_JPEG: "jpeg",
		fusionv1.ImageEncoding_IMAGE_ENCODING_PNG:  "png",
	}
	format, ok := formats[f.GetEncoding()]
	if !ok {
		return nil, false
	}
	return &foxglovepb.CompressedImage{
		Timestamp: timestamp(sensors.StampNs(f.GetHeader().GetStamp())), FrameId: f.GetHeader().GetSensor(),
		Data: f.GetData(), Format: format,
	}, true
}

var fieldTypes = map[fusionv1.PointField_Type]foxglovepb.PackedElementField_NumericType{
	fusionv1.PointField_TYPE_INT8:    foxglovepb.PackedElementField_INT8,
	fusionv1.PointField_TYPE_UINT8:   foxglovepb.PackedElementField_UINT8,
	fusionv1.PointField_TYPE_INT16:   foxglovepb.PackedElementField_INT16,
	fusionv1.PointField_TYPE_UINT16:  foxglovepb.PackedElementField_UINT16,
	fusionv1.PointField_TYPE_INT32:   foxglovepb.PackedElementField_INT32,
	fusionv1.PointField_TYPE_UINT32:  foxglovepb.PackedElementField_UINT32,
	fusionv1.PointField_TYPE_FLOAT32: foxglovepb.PackedElementField_FLOAT32,
	fusionv1.PointField_TYPE_FLOAT64: foxglovepb.PackedElementField_FLOAT64,
}

// PointCloud copies a sweep for viewers; the result shares the sweep's bytes. Fields of several values show their first one,
// fields of unknown types are left out.
func PointCloud(c *fusionv1.PointCloud) *foxglovepb.PointCloud {
	m := &foxglovepb.PointCloud{
		Timestamp: timestamp(sensors.StampNs(c.GetHeader().GetStamp())), FrameId: c.GetHeader().GetSensor(),
		Pose:        &foxglovepb.Pose{Position: &foxglovepb.Vector3{}, Orientation: yawRotation(0)},
		PointStride: c.GetPointStep(), Data: c.GetData(),
	}
	for _, f := range c.GetFields() {
		if t, ok := fieldTypes[f.GetType()]; ok {
			m.Fields = append(m.Fields, &foxglovepb.PackedElementField{Name: f.GetName(), Offset: f.GetOffset(), Type: t})
		}
	}
	return m
}
