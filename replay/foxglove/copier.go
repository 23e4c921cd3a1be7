package foxglove

import (
	"iter"

	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

// Copier copies the images and clouds of one recording as views into another that is being written, in step with what else is
// written there. Raw pixels and messages that cannot be read are left out: what reads the recording itself accounts for those.
// One goroutine uses it; Close must be called.
type Copier struct {
	views   *Views
	next    func() (replay.Message, error, bool)
	stop    func()
	waiting *replay.Message // read, and not due yet
}

// NewCopier starts before the first message of r, which it reads independently of others.
func NewCopier(r *replay.Reader, v *Views) *Copier {
	var topics []string
	for _, s := range r.Streams() {
		if s.Name.Kind == "sensor" && (s.Name.Modality == sensors.Camera || s.Name.Modality == sensors.Lidar) {
			topics = append(topics, s.Topic)
		}
	}
	messages := func(func(replay.Message, error) bool) {} // no topics would mean all
	if len(topics) > 0 {
		messages = r.Messages(replay.Options{Topics: topics})
	}
	c := &Copier{views: v}
	c.next, c.stop = iter.Pull2(iter.Seq2[replay.Message, error](messages))
	return c
}

// Until copies what arrived at the given time or earlier and was not copied yet.
func (c *Copier) Until(received sensors.StampNs) error {
	for {
		if c.waiting == nil {
			m, err, more := c.next()
			if err != nil || !more {
				return err
			}
			c.waiting = &m
		}
		if c.waiting.Received > received {
			return nil
		}
		m := *c.waiting // its bytes are good until the next one is asked for
		c.waiting = nil
		if err := c.copy(m); err != nil {
			return err
		}
	}
}

// Close ends reading. Calling it again does nothing.
func (c *Copier) Close() { c.stop() }

func (c *Copier) copy(m replay.Message) error {
	name := replay.ParseTopic(m.Topic)
	topic := SensorTopic(name.Modality, name.Sensor)
	switch name.Modality {
	case sensors.Camera:
		var f fusionv1.CameraFrame
		if proto.Unmarshal(m.Data, &f) != nil {
			return nil // counted as malformed where perception reads it
		}
		if image, ok := CompressedImage(&f); ok {
			return c.views.write(topic, m.Stamp, m.Received, image)
		}
	case sensors.Lidar:
		var cloud fusionv1.PointCloud
		if proto.Unmarshal(m.Data, &cloud) != nil {
			return nil // as above
		}
		return c.views.write(topic, m.Stamp, m.Received, PointCloud(&cloud))
	default: // the others have no view
	}
	return nil
}
