package degrade

import (
	"fmt"
	"math"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

// content is what must be known of a recording before the first message is written.
type content struct {
	path    string
	rig     *sensors.Rig
	start   sensors.StampNs // the first arrival: where the time line begins
	cameras int
	truth   bool
	lidars  map[sensors.SensorID]beams
}

// beams is how the returns of a lidar are told apart by beam.
type beams struct {
	count int
	// low and perRad bin elevations in the sensor's frame where the points have no rings; perRad is 0 where they have.
	low, perRad float32
}

// unringed is the number of beams that a lidar whose points name no ring is taken to have.
const unringed = 64

func survey(r *replay.Reader) (*content, error) {
	rig, err := r.Rig()
	if err != nil {
		return nil, fmt.Errorf("degrade %s: read its rig: %w: import or record it with its rig", r.Path(), err)
	}
	streams := map[sensors.SensorID]sensors.Modality{}
	c := &content{path: r.Path(), rig: rig, lidars: map[sensors.SensorID]beams{}}
	c.start, _ = r.Range()
	for _, s := range r.Streams() {
		switch s.Name.Kind {
		case "sensor":
			streams[s.Name.Sensor] = s.Name.Modality
			switch s.Name.Modality {
			case sensors.Camera:
				c.cameras++
			case sensors.Lidar:
				if c.lidars[s.Name.Sensor], err = surveyBeams(r, s.Topic); err != nil {
					return nil, err
				}
			case sensors.Radar, sensors.Ego:
			}
		case "truth":
			c.truth = true
		}
	}
	if err := rig.Covers(streams); err != nil {
		return nil, fmt.Errorf("degrade %s: %w", r.Path(), err)
	}
	return c, nil
}

// surveyBeams looks at the first readable sweep of a topic.
func surveyBeams(r *replay.Reader, topic string) (beams, error) {
	for m, err := range r.Messages(replay.Options{Topics: []string{topic}}) {
		if err != nil {
			return beams{}, err
		}
		c, err := sensors.ParsePointCloud(m.Data, sensors.Meta{})
		if err != nil || c.Count == 0 {
			continue
		}
		points, _ := c.AppendPoints(nil)
		return beamsOf(points), nil
	}
	return beams{count: 1}, nil
}

func beamsOf(points []sensors.Point) beams {
	most := 0
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	for i := range points {
		most = max(most, int(points[i].Ring))
		e := elevation(&points[i])
		low, high = min(low, e), max(high, e)
	}
	if most > 0 || !(high > low) {
		return beams{count: most + 1}
	}
	return beams{count: unringed, low: low, perRad: unringed / (high - low)}
}

// of is the beam of a point.
func (b *beams) of(p *sensors.Point) uint16 {
	if b.perRad == 0 {
		return p.Ring
	}
	return uint16(min(max((elevation(p)-b.low)*b.perRad, 0), float32(b.count-1)))
}

// elevation above the sensor's x-y plane, rad.
func elevation(p *sensors.Point) float32 {
	return float32(math.Atan2(float64(p.Z), math.Hypot(float64(p.X), float64(p.Y))))
}
