package nuscenes

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fusiond/fusiond/proto/foxglove"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// Topics and frames for Foxglove and Rerun. Frames: local (the folder's global frame), ego, and one a sensor by its name.
const (
	transformTopic = "/tf"
	truthTopic     = "/truth"
	localFrame     = "local"
	egoFrame       = "ego"
	// mountsEvery repeats the sensors' mounting positions, for viewers that start in the middle.
	mountsEvery = sensors.StampNs(time.Second)
)

func timestampOf(s sensors.StampNs) *timestamppb.Timestamp {
	return timestamppb.New(time.Unix(0, int64(s)))
}

func transform(parent, child string, stamp sensors.StampNs, p sensors.Pose) *foxglove.FrameTransform {
	pose := foxglovePose(p.Proto())
	return &foxglove.FrameTransform{
		Timestamp: timestampOf(stamp), ParentFrameId: parent, ChildFrameId: child,
		Translation: pose.Position, Rotation: pose.Orientation,
	}
}

// transforms builds one message: where the vehicle is, and on demand where its sensors are.
func transforms(s egoPose, rig *sensors.Rig, mounts bool) *foxglove.FrameTransforms {
	m := &foxglove.FrameTransforms{Transforms: []*foxglove.FrameTransform{
		transform(localFrame, egoFrame, s.stamp, s.globalFromEgo),
	}}
	if mounts {
		for i := range rig.Sensors {
			x := &rig.Sensors[i]
			m.Transforms = append(m.Transforms, transform(egoFrame, string(x.Name), s.stamp, x.EgoFromSensor))
		}
	}
	return m
}

func foxglovePose(p *fusionv1.Pose) *foxglove.Pose {
	t, q := p.GetPosition(), p.GetRotation()
	return &foxglove.Pose{
		Position:    &foxglove.Vector3{X: t.GetX(), Y: t.GetY(), Z: t.GetZ()},
		Orientation: &foxglove.Quaternion{X: q.GetX(), Y: q.GetY(), Z: q.GetZ(), W: q.GetW()},
	}
}

// boxColor is the colour of a class: vehicles blue, two-wheelers orange, people red, things yellow, the rest grey.
func boxColor(class string) *foxglove.Color {
	c := func(r, g, b float64) *foxglove.Color { return &foxglove.Color{R: r, G: g, B: b, A: 0.4} }
	switch class {
	case "car", "truck", "bus", "trailer", "construction_vehicle":
		return c(0.2, 0.5, 1)
	case "motorcycle", "bicycle":
		return c(1, 0.6, 0.1)
	case "pedestrian":
		return c(1, 0.2, 0.2)
	case "traffic_cone", "barrier":
		return c(1, 0.9, 0.2)
	}
	return c(0.6, 0.6, 0.6)
}

// truthScene draws a truth frame as boxes that replace those of the frame before.
func truthScene(f *fusionv1.TruthFrame) *foxglove.SceneUpdate {
	e := &foxglove.SceneEntity{
		Timestamp: timestampOf(sensors.StampNs(f.GetHeader().GetStamp())), FrameId: egoFrame, Id: "truth",
		Metadata: []*foxglove.KeyValuePair{{Key: "sample", Value: f.GetToken()}},
	}
	for _, o := range f.GetObjects() {
		s := o.GetSize()
		e.Cubes = append(e.Cubes, &foxglove.CubePrimitive{
			Pose:  foxglovePose(&fusionv1.Pose{Position: o.GetCenter(), Rotation: o.GetRotation()}),
			Size:  &foxglove.Vector3{X: s.GetX(), Y: s.GetY(), Z: s.GetZ()},
			Color: boxColor(o.GetClass()),
		})
	}
	return &foxglove.SceneUpdate{Entities: []*foxglove.SceneEntity{e}}
}

// compressedImage copies a frame for viewers.
func compressedImage(f *fusionv1.CameraFrame) *foxglove.CompressedImage {
	format := "jpeg"
	if f.GetEncoding() == fusionv1.ImageEncoding_IMAGE_ENCODING_PNG {
		format = "png"
	}
	return &foxglove.CompressedImage{
		Timestamp: timestampOf(sensors.StampNs(f.GetHeader().GetStamp())), FrameId: f.GetHeader().GetSensor(),
		Data: f.GetData(), Format: format,
	}
}

// pointCloud copies a sweep for viewers. All fields of an imported sweep are float32.
func pointCloud(c *fusionv1.PointCloud) *foxglove.PointCloud {
	out := &foxglove.PointCloud{
		Timestamp: timestampOf(sensors.StampNs(c.GetHeader().GetStamp())), FrameId: c.GetHeader().GetSensor(),
		Pose:        foxglovePose(sensors.Identity.Proto()),
		PointStride: c.GetPointStep(), Data: c.GetData(),
	}
	for _, f := range c.GetFields() {
		out.Fields = append(out.Fields, &foxglove.PackedElementField{
			Name: f.GetName(), Offset: f.GetOffset(), Type: foxglove.PackedElementField_FLOAT32,
		})
	}
	return out
}
