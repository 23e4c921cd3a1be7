package compare

import (
	"fmt"
	"image"
	"slices"

	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

// subject is what is compared: one lidar and the cameras of a rig.
type subject struct {
	rig            *sensors.Rig
	lidar          sensors.SensorID
	columns, rings int
	cameras        []sensors.SensorID
}

// collector measures one drive.
type collector struct {
	*subject
	way    poses
	truths map[sensors.StampNs]*fusionv1.TruthFrame
	// middle parts the drive into halves, and is where pictures are taken from.
	middle sensors.StampNs
	halves [2]*Statistics
	shown  shown
}

// shown is what the report shows of a drive: a sweep and the pictures nearest to the drive's middle.
type shown struct {
	sweep    *sweep
	pictures map[sensors.SensorID]image.Image
	gaps     map[sensors.SensorID]sensors.StampNs
}

func newCollector(s *subject) *collector {
	c := &collector{subject: s, truths: map[sensors.StampNs]*fusionv1.TruthFrame{}}
	for i := range c.halves {
		c.halves[i] = newStatistics(s.rings, s.cameras)
	}
	c.shown = shown{pictures: map[sensors.SensorID]image.Image{}, gaps: map[sensors.SensorID]sensors.StampNs{}}
	return c
}

// addTruth takes a frame of ground truth. All must come before ready.
func (c *collector) addTruth(data []byte) error {
	t := &fusionv1.TruthFrame{}
	if err := proto.Unmarshal(data, t); err != nil {
		return fmt.Errorf("read ground truth: %w", err)
	}
	stamp := sensors.StampNs(t.GetHeader().GetStamp())
	pose, ok := sensors.PoseFromProto(t.GetLocalFromEgo())
	if !ok {
		return fmt.Errorf("read ground truth of %d: it has no pose of the vehicle: import the drive again", stamp)
	}
	if n := len(c.way.stamps); n > 0 && stamp <= c.way.stamps[n-1] {
		return fmt.Errorf("read ground truth of %d: it is not later than the one before: import the drive again", stamp)
	}
	c.truths[stamp] = t
	c.way.stamps, c.way.poses = append(c.way.stamps, stamp), append(c.way.poses, pose)
	return nil
}

// ready ends the ground truth.
func (c *collector) ready() error {
	if len(c.way.stamps) < 2 {
		return fmt.Errorf("%d frames of ground truth: at least 2 are needed, for the boxes and the way", len(c.way.stamps))
	}
	c.middle = c.way.stamps[len(c.way.stamps)/2]
	return nil
}

// add takes a message of a sensor; those that are not compared pass by. A sweep without ground truth at its stamp is left out.
func (c *collector) add(m *replay.Message) error {
	topic := replay.ParseTopic(m.Topic)
	if topic.Kind != "sensor" {
		return nil
	}
	half := c.halves[0]
	if m.Stamp >= c.middle {
		half = c.halves[1]
	}
	switch {
	case topic.Modality == sensors.Lidar && topic.Sensor == c.lidar:
		return c.addCloud(m, half)
	case topic.Modality == sensors.Camera && slices.Contains(c.cameras, topic.Sensor):
		return c.addFrame(m, topic.Sensor, half)
	}
	return nil
}

func (c *collector) addCloud(m *replay.Message, half *Statistics) error {
	cloud, err := sensors.ParsePointCloud(m.Data, sensors.Meta{Sensor: c.lidar})
	if err != nil {
		return err
	}
	truth := c.truths[cloud.Stamp]
	if truth == nil {
		return nil
	}
	s, _ := c.rig.Find(c.lidar)
	points, _ := cloud.AppendPoints(nil)
	w := newSweep(cloud, points, s.EgoFromSensor, &c.way, truth, c.columns, c.rings)
	half.addSweep(w)
	if gap := distance(cloud.Stamp, c.middle); c.shown.sweep == nil || gap < c.shown.gaps[c.lidar] {
		c.shown.sweep, c.shown.gaps[c.lidar] = w, gap
	}
	return nil
}

func (c *collector) addFrame(m *replay.Message, name sensors.SensorID, half *Statistics) error {
	frame, err := sensors.ParseCameraFrame(m.Data, sensors.Meta{Sensor: name})
	if err != nil {
		return err
	}
	img, err := decode(frame)
	if err != nil {
		return err
	}
	s, _ := c.rig.Find(name)
	half.addPicture(half.camera(name), view(img, s))
	if gap := distance(frame.Stamp, c.middle); c.shown.pictures[name] == nil || gap < c.shown.gaps[name] {
		c.shown.pictures[name], c.shown.gaps[name] = img, gap
	}
	return nil
}

func distance(a, b sensors.StampNs) sensors.StampNs { return max(a-b, b-a) }
