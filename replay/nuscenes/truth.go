package nuscenes

import (
	"gonum.org/v1/gonum/spatial/r3"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// detectionClasses is nuScenes' mapping of categories to its ten detection classes; other categories have none.
var detectionClasses = map[string]string{
	"vehicle.car":                          "car",
	"vehicle.truck":                        "truck",
	"vehicle.bus.bendy":                    "bus",
	"vehicle.bus.rigid":                    "bus",
	"vehicle.trailer":                      "trailer",
	"vehicle.construction":                 "construction_vehicle",
	"vehicle.motorcycle":                   "motorcycle",
	"vehicle.bicycle":                      "bicycle",
	"human.pedestrian.adult":               "pedestrian",
	"human.pedestrian.child":               "pedestrian",
	"human.pedestrian.construction_worker": "pedestrian",
	"human.pedestrian.police_officer":      "pedestrian",
	"movable_object.trafficcone":           "traffic_cone",
	"movable_object.barrier":               "barrier",
}

const bikeRackCategory = "static_object.bicycle_rack"

// maxVelocitySpanS is the longest time between two annotations that gives a velocity; twice that when both neighbours
// are there (nuScenes devkit, box_velocity).
const maxVelocitySpanS = 1.5

// velocity of an annotation over ground in the global frame: the difference of its neighbours, one-sided at the ends of a
// track; not ok when there is no neighbour or too long a time between.
func (s *scene) velocity(a *annotationRow, sampleTime map[string]int64) (v r3.Vec, ok bool) {
	first, last, most := s.byToken[a.Prev], s.byToken[a.Next], maxVelocitySpanS
	switch {
	case first == nil && last == nil:
		return v, false
	case first != nil && last != nil:
		most *= 2
	case first == nil:
		first = a
	default:
		last = a
	}
	span := float64(sampleTime[last.Sample]-sampleTime[first.Sample]) * 1e-6
	if span <= 0 || span > most {
		return v, false
	}
	return r3.Scale(1/span, r3.Sub(vec(last.Translation), vec(first.Translation))), true
}

// truthFrame builds the ground truth of a sample at a stamp, in the ego frame there. Bicycle racks are regions, not
// objects. The second result counts objects with a velocity.
func (d *drive) truthFrame(s *scene, sample sampleRow, at egoPose, sampleTime map[string]int64) (*fusionv1.TruthFrame, int) {
	f := &fusionv1.TruthFrame{
		Header:       &fusionv1.Header{Stamp: int64(at.stamp), Sensor: "truth"},
		Token:        sample.Token,
		LocalFromEgo: at.globalFromEgo.Proto(),
	}
	moving := 0
	egoFromGlobal := at.globalFromEgo.Inverse()
	for _, a := range s.truth[sample.Token] {
		globalFromBox, err := poseOf(a.Rotation, a.Translation)
		if err != nil {
			continue // loadTruth refused it already
		}
		box := egoFromGlobal.Mul(globalFromBox)
		pose := box.Proto()
		size := &fusionv1.Vector3{X: a.Size[1], Y: a.Size[0], Z: a.Size[2]} // from width, length, height
		category := d.categories[d.instances[a.Instance]]
		if category == bikeRackCategory {
			f.BikeRacks = append(f.BikeRacks, &fusionv1.BikeRack{Center: pose.Position, Size: size, Rotation: pose.Rotation})
			continue
		}
		o := &fusionv1.TruthObject{
			Instance: a.Instance, Class: detectionClasses[category], Category: category,
			Center: pose.Position, Size: size, Yaw: box.Yaw(), Rotation: pose.Rotation,
			LidarPoints: a.LidarPoints, RadarPoints: a.RadarPoints, Visibility: d.visibility[a.Visibility],
		}
		if len(a.Attributes) > 0 {
			o.Attribute = d.attributes[a.Attributes[0]]
		}
		if v, ok := s.velocity(a, sampleTime); ok {
			o.Velocity = vector(egoFromGlobal.Rotate(v))
			moving++
		}
		f.Objects = append(f.Objects, o)
	}
	return f, moving
}

// truthPose is when and where a sample's truth holds: at its key frame of the main lidar, else at the sample's own time.
func truthPose(sample sampleRow, lidarKeyFrame *dataRow, poses map[string]egoPose, track *egoTrack) (at egoPose, ok bool) {
	if lidarKeyFrame != nil {
		if p, found := poses[lidarKeyFrame.EgoPose]; found {
			return egoPose{stamp: stampOf(lidarKeyFrame.Timestamp), globalFromEgo: p.globalFromEgo}, true
		}
	}
	stamp := stampOf(sample.Timestamp)
	p, ok := track.at(stamp)
	return egoPose{stamp: stamp, globalFromEgo: p}, ok || len(track.given) > 0
}
