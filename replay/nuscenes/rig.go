package nuscenes

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

// mainLidarName is nuScenes' own; folders without it are led by their first lidar.
const mainLidarName = "LIDAR_TOP"

// nominalHz is used for a sensor with a single reading: nuScenes' rates.
var nominalHz = map[sensors.Modality]float64{sensors.Lidar: 20, sensors.Camera: 12, sensors.Radar: 13}

// channel is one sensor of a scene with its readings.
type channel struct {
	name       string // as in the folder
	sensor     sensors.SensorID
	modality   sensors.Modality
	calibrated calibratedRow
	rows       []dataRow // by timestamp, no timestamp twice
	repeated   int       // rows dropped because of their timestamp
	variants   int       // other calibrations that rows name
}

// channels sorts a scene's readings by sensor: lidars first, the main one leading, then radars, then cameras, each in the
// order of the sensor table. Names of modalities that are not known are returned.
func (d *drive) channels(s *scene) (out []*channel, unknown []string) {
	byName := map[string]*channel{}
	for _, r := range s.data {
		row := d.sensors[d.calibrated[r.Calibrated].Sensor]
		c, ok := byName[row.Channel]
		if !ok {
			m, err := sensors.ParseModality(row.Modality)
			if err != nil || m == sensors.Ego {
				if !slices.Contains(unknown, row.Channel) {
					unknown = append(unknown, row.Channel)
				}
				continue
			}
			c = &channel{
				name: row.Channel, sensor: sensors.SensorID(replay.Token(row.Channel)), modality: m,
				calibrated: d.calibrated[r.Calibrated],
			}
			byName[row.Channel] = c
			out = append(out, c)
		}
		if n := len(c.rows); n > 0 && c.rows[n-1].Timestamp == r.Timestamp {
			c.repeated++
			continue
		}
		if r.Calibrated != c.calibrated.Token {
			c.variants++
		}
		c.rows = append(c.rows, r)
	}
	slices.SortFunc(out, func(a, b *channel) int {
		if a.modality != b.modality {
			return int(a.modality) - int(b.modality)
		}
		if m := boolInt(b.name == mainLidarName) - boolInt(a.name == mainLidarName); m != 0 {
			return m
		}
		if o := d.order[a.name] - d.order[b.name]; o != 0 {
			return o
		}
		return strings.Compare(a.name, b.name)
	})
	return out, unknown
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// rig builds a scene's rig. Lenses are pinholes without distortion: the layout's images are rectified. Fields of view and
// ranges are not in the layout and stay unknown. size gives the image size of a camera whose table has none.
func makeRig(vehicle, revision string, body sensors.Body, channels []*channel, size func(*channel) (w, h int, err error)) (*sensors.Rig, error) {
	rig := &sensors.Rig{Vehicle: vehicle, Revision: revision, Body: body}
	var reference *channel
	if len(channels) > 0 && channels[0].modality == sensors.Lidar {
		reference = channels[0]
	}
	for _, c := range channels {
		p, err := poseOf(c.calibrated.Rotation, c.calibrated.Translation)
		if err != nil {
			return nil, fmt.Errorf("calibration of %s: %w", c.name, err)
		}
		period := c.period()
		s := sensors.Sensor{Name: c.sensor, Modality: c.modality, EgoFromSensor: p, RateHz: math.Round(1e11/period) / 100}
		if reference != nil && c != reference {
			s.PhaseNs = phase(c, reference, period)
		}
		if c.modality == sensors.Camera {
			if s.Intrinsics, err = c.intrinsics(size); err != nil {
				return nil, err
			}
		}
		rig.Sensors = append(rig.Sensors, s)
	}
	return rig, nil
}

func (c *channel) intrinsics(size func(*channel) (w, h int, err error)) (*sensors.Intrinsics, error) {
	k := c.calibrated.Intrinsic
	if len(k) != 3 || len(k[0]) != 3 || len(k[1]) != 3 {
		return nil, fmt.Errorf("calibration of %s: camera_intrinsic is not a 3 x 3 matrix", c.name)
	}
	w, h, err := size(c)
	if err != nil {
		return nil, fmt.Errorf("image size of %s: %w", c.name, err)
	}
	return &sensors.Intrinsics{Width: w, Height: h, Fx: k[0][0], Fy: k[1][1], Cx: k[0][2], Cy: k[1][2]}, nil
}

// period in nanoseconds: the usual distance of neighbours where there is one (holes do not count), otherwise the mean of
// all distances but holes (nuScenes' cameras alternate between two).
func (c *channel) period() float64 {
	var gaps []float64
	for i := 1; i < len(c.rows); i++ {
		gaps = append(gaps, float64(c.rows[i].Timestamp-c.rows[i-1].Timestamp)*1e3)
	}
	if len(gaps) == 0 {
		return 1e9 / nominalHz[c.modality]
	}
	slices.Sort(gaps)
	median := gaps[len(gaps)/2]
	var near, sum, n float64
	for _, g := range gaps {
		if math.Abs(g-median) <= 0.25*median {
			near++
		}
		if g <= 2.5*median {
			sum += g
			n++
		}
	}
	if near >= 0.7*float64(len(gaps)) {
		return median
	}
	return sum / n
}

// phase is the usual stamp of c relative to that of the reference, in [0, period), as a circular mean. Sensors of other
// rates and those that drift against the reference have none: 0.
func phase(c, reference *channel, period float64) int64 {
	if r := reference.period(); math.Abs(period-r) > 0.02*r {
		return 0
	}
	var sin, cos float64
	j := 0
	for _, row := range c.rows {
		for j+1 < len(reference.rows) && reference.rows[j+1].Timestamp <= row.Timestamp {
			j++
		}
		a := 2 * math.Pi * float64(row.Timestamp-reference.rows[j].Timestamp) * 1e3 / period
		sin, cos = sin+math.Sin(a), cos+math.Cos(a)
	}
	if math.Hypot(sin, cos) < 0.8*float64(len(c.rows)) {
		return 0
	}
	a := math.Atan2(sin, cos)
	if a < 0 {
		a += 2 * math.Pi
	}
	const grid = 1e4 // 10 us: the mean knows no more
	p := int64(math.Round(a/(2*math.Pi)*period/grid) * grid)
	if p >= int64(period) {
		p = 0
	}
	return p
}
