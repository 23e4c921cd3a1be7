package degrade

import (
	"bytes"
	"slices"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
)

const (
	// ahead is how much later than itself a message sees what arrived: two periods of a lidar of 10 Hz.
	ahead = sensors.StampNs(200e6)
	// pastNs is how long sweeps and ground truth are remembered.
	pastNs = sensors.StampNs(1e9)
	// sweepNs is how far a sweep's stamp may lie from a frame of ground truth that is counted in it.
	sweepNs = sensors.StampNs(60e6)
	// trustNs is how far a stamp may lie from its arrival and still be believed.
	trustNs = sensors.StampNs(1e9)
	// maxWindowBytes bounds the window of recordings whose messages are large: what is beyond waits for fewer that follow it.
	maxWindowBytes = 256 << 20
)

// window is the stretch of the recording around the message that is worked on.
type window struct {
	scenario *Scenario
	content  *content
	key      chance.Key
	streams  map[string]*stream
	waiting  []*job
	bytes    int
	ego      sensors.EgoHistory
	clouds   []*cloud
	truths   []*truthFrame
}

// enter takes the next message of the recording.
func (w *window) enter(m replay.Message) *job {
	m.Data = bytes.Clone(m.Data)
	j := &job{Message: m, payload: m.Data, stream: w.streams[m.Topic]}
	j.name, j.index = j.stream.name, j.stream.count
	j.stream.count++
	j.stream.report.Recorded++
	j.at = max(w.believed(m).Sub(w.content.start), 0)
	w.waiting = append(w.waiting, j)
	w.bytes += len(m.Data)
	switch {
	case j.name.Kind == "ego":
		if e, err := sensors.ParseEgoMotion(m.Data, sensors.Meta{}); err == nil {
			w.ego.Add(e)
		}
	case j.name.Kind == "truth":
		if !w.scenario.Empty() {
			j.truth = newTruthFrame(m.Data, m.Stamp, w.content.rig)
			w.truths = append(w.truths, j.truth)
		}
	case j.name.Kind == "sensor" && j.name.Modality == sensors.Lidar:
		c, err := sensors.ParsePointCloud(m.Data, sensors.Meta{})
		s, known := w.content.rig.Find(j.name.Sensor)
		if err == nil && known {
			w.clouds = append(w.clouds, &cloud{sensor: s, sample: c})
			j.sweep = &sweepJob{cloud: w.clouds[len(w.clouds)-1]}
		}
	}
	return j
}

// believed is the stamp, or the arrival where the stamp cannot be right.
func (w *window) believed(m replay.Message) sensors.StampNs {
	if d := m.Stamp - m.Received; d > trustNs || d < -trustNs {
		return m.Received
	}
	return m.Stamp
}

// next takes out the oldest message when it has seen what it must; now is the newest arrival.
func (w *window) next(now sensors.StampNs) *job {
	if len(w.waiting) == 0 || (w.waiting[0].Received+ahead > now && w.bytes <= maxWindowBytes) {
		return nil
	}
	j := w.waiting[0]
	w.waiting = w.waiting[1:]
	w.bytes -= len(j.Data)
	w.forget(j.Received - pastNs)
	return j
}

func (w *window) forget(before sensors.StampNs) {
	w.clouds = slices.DeleteFunc(w.clouds, func(c *cloud) bool { return c.sample.Stamp < before })
	w.truths = slices.DeleteFunc(w.truths, func(t *truthFrame) bool { return t.stamp < before })
}

// prepare finds out what a message meets and what its effects must know. Afterwards nothing of the window is shared with the job but what
// is immutable.
func (w *window) prepare(j *job) {
	if j.name.Kind != "sensor" && j.name.Kind != "ego" {
		return
	}
	id := j.name.Sensor
	if j.name.Kind == "ego" {
		id = sensors.EgoStream
	}
	j.conditions = w.scenario.Timeline.Conditions(id, j.name.Modality, j.at)
	j.key = w.key.With("sensor", string(id))
	s, known := w.content.rig.Find(id)
	if !known || j.name.Kind == "ego" {
		return
	}
	applies := touches(s.Modality, &j.conditions)
	switch s.Modality {
	case sensors.Lidar:
		w.prepareSweep(j, applies)
	case sensors.Camera:
		if applies {
			w.prepareFrame(j, s)
		}
	case sensors.Radar:
		if !applies {
			return
		}
		sample, err := sensors.ParseRadarScan(j.Data, sensors.Meta{})
		if err != nil {
			j.err = &unreadableError{err}
			return
		}
		j.scan = &scanJob{sensor: s, sample: sample, motion: w.motion(sample.Stamp)}
	case sensors.Ego:
	}
}

func (w *window) motion(at sensors.StampNs) sensors.EgoState {
	state, _, ok := w.ego.At(at)
	if !ok {
		return sensors.EgoState{LocalFromEgo: sensors.Identity}
	}
	return state
}

// placeNs is how finely the vehicle's place among the patches of fog, which are 20 m wide, is taken: sensors of one moment share it.
const placeNs = sensors.StampNs(100e6)

func (w *window) at(stamp sensors.StampNs) place {
	pose := w.motion(stamp / placeNs * placeNs).LocalFromEgo
	return place{pose.Translation.X, pose.Translation.Y, pose.Yaw()}
}

func (w *window) prepareSweep(j *job, applies bool) {
	s := j.sweep
	if s == nil {
		if applies {
			j.err = &unreadableError{errNotRead}
		}
		return
	}
	w.place(s.cloud)
	stamp := s.cloud.sample.Stamp
	s.apply, s.beams = applies, w.content.lidars[s.cloud.sensor.Name]
	s.place = w.at(stamp)
	nearest := w.truthNear(stamp)
	if applies && j.conditions.Spray > 0 && nearest != nil {
		s.plumes = plumesOf(nearest, j.conditions.Spray, s.cloud.sensor.EgoFromSensor.Translation)
	}
	if nearest != nil && w.sweepNear(s.cloud.sensor, nearest.stamp) == s.cloud {
		s.frame = nearest
		sweepFromTruth, ok := w.ego.Between(nearest.stamp, stamp)
		if !ok {
			sweepFromTruth = sensors.Identity
		}
		ahead := stamp.Sub(nearest.stamp).Seconds()
		for _, o := range nearest.frame.GetObjects() {
			s.boxes = append(s.boxes, boxOf(o, sweepFromTruth, ahead))
		}
	}
	if !s.apply && s.frame == nil {
		j.sweep = nil
	}
}

// place gives a cloud the motion during its sweep.
func (w *window) place(c *cloud) {
	if !c.placed {
		c.motion, c.placed = pathOf(c.sample, &w.ego), true
	}
}

// truthNear is the readable frame of ground truth nearest to a stamp, nil when none is near.
func (w *window) truthNear(at sensors.StampNs) (best *truthFrame) {
	for _, t := range w.truths {
		if t.frame != nil && distance(t.stamp, at) <= sweepNs && (best == nil || distance(t.stamp, at) < distance(best.stamp, at)) {
			best = t
		}
	}
	return best
}

// sweepNear is the sweep of a lidar nearest to a stamp.
func (w *window) sweepNear(s *sensors.Sensor, at sensors.StampNs) (best *cloud) {
	for _, c := range w.clouds {
		if c.sensor == s && (best == nil || distance(c.sample.Stamp, at) < distance(best.sample.Stamp, at)) {
			best = c
		}
	}
	return best
}

func distance(a, b sensors.StampNs) sensors.StampNs { return max(a-b, b-a) }

func (w *window) prepareFrame(j *job, s *sensors.Sensor) {
	sample, err := sensors.ParseCameraFrame(j.Data, sensors.Meta{})
	if err != nil {
		j.err = &unreadableError{err}
		return
	}
	f := &frameJob{sensor: s, sample: sample, motion: w.motion(sample.Stamp)}
	f.place = w.at(sample.Stamp)
	j.frame = f
	if !needsDepth(&j.conditions) {
		return
	}
	cameraFromEgo := s.EgoFromSensor.Inverse()
	for _, l := range w.content.rig.Of(sensors.Lidar) {
		c := w.sweepNear(l, sample.Stamp)
		if c == nil || distance(c.sample.Stamp, sample.Stamp) > pastNs {
			continue
		}
		w.place(c)
		moved, ok := w.ego.Between(c.sample.Stamp, sample.Stamp)
		if !ok {
			moved = sensors.Identity
		}
		f.sweeps = append(f.sweeps, glance{c, matrixOf(cameraFromEgo.Mul(moved))})
	}
	if len(f.sweeps) == 0 {
		j.stream.report.WithoutSweep++
	}
}
