package pipeline

import (
	"fmt"
	"math"
	"time"

	"github.com/fusiond/fusiond/encoders"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
	timesync "github.com/fusiond/fusiond/sync"
)

// plan is everything that fusing one set needs, taken out of the Engine's state when the set closed.
type plan struct {
	manifest *fusionv1.SetManifest
	timeBase uint32
	stamp    sensors.StampNs
	closed   sensors.StampNs
	wait     time.Duration

	localFromEgo sensors.Pose
	egoStale     bool

	lidar        *job
	lidarSensor  sensors.SensorID
	lidarWorth   float64
	setFromSweep *sensors.Pose
	cameras      []cameraInput // one a slot of the model
	radars       []sensors.SensorID
	radarWorth   float64 // added up over the radars
	returns      []encoders.RadarReturn
	ageS         [sensors.NumFused]float64
	fitted, here [sensors.NumFused]int
	undecoded    []error // what could not be decoded
	startNs      int64   // clock at closing
}

type cameraInput struct {
	sensor sensors.SensorID
	job    *job // nil: absent
	worth  float64
	lift   encoders.LiftCamera
}

// plan makes the plan of a set that just closed and queues it. It waits until the members are decoded, so that what cannot
// be decoded is known, in event order, before anything else happens.
func (e *Engine) plan(set *timesync.Set) {
	e.sets++
	p := &plan{
		timeBase: set.TimeBase, stamp: set.Stamp, closed: set.Closed, wait: set.Wait(), startNs: e.clock(),
		manifest: e.manifest(set), cameras: make([]cameraInput, e.opt.Package.Encoders.Camera.Slots),
	}
	// A stale pose is where the ego was last known: better to keep tracks in than the origin.
	state, quality, _ := e.ego.history.At(set.Stamp)
	p.localFromEgo, p.egoStale = state.LocalFromEgo, quality < sensors.EgoExtrapolated
	// Decoding goes on in both workers while the members are started; only then is it waited for.
	for i := range set.Members {
		if m := &set.Members[i]; m.Present {
			e.begin(i, m.Seq)
		}
	}
	for i := range set.Members {
		member := p.manifest.Members[i]
		s := &e.streams[i]
		if s.Modality < sensors.NumFused && !s.masked {
			p.fitted[s.Modality]++
		}
		if !set.Members[i].Present {
			continue
		}
		if s.masked {
			absent(member, fusionv1.AbsenceReason_ABSENCE_REASON_DISABLED)
			continue
		}
		taken, err := e.take(p, i, set.Members[i].Seq, member)
		switch {
		case err != nil:
			p.undecoded = append(p.undecoded, err)
			absent(member, fusionv1.AbsenceReason_ABSENCE_REASON_DECODE)
			e.aligner.Reject(i, set.Members[i].Seq, timesync.Decode, (*engineSink)(e))
		case !taken:
			absent(member, fusionv1.AbsenceReason_ABSENCE_REASON_UNRELIABLE)
		default:
			p.here[s.Modality]++
		}
	}
	e.fuse.queue <- fuseItem{plan: p}
}

// begin starts the job of a member that was not encoded on arrival, unless it is masked or stands by.
func (e *Engine) begin(index int, seq uint64) {
	s := &e.streams[index]
	if s.masked || (s.Modality == sensors.Lidar && !e.eager(index)) {
		return
	}
	if r := s.record(seq); r != nil && r.job == nil {
		e.start(index, r)
	}
}

func (s *stream) record(seq uint64) *record {
	for _, r := range s.records {
		if r.seq == seq {
			return r
		}
	}
	return nil
}

// take puts a member into the plan. It reports false for one whose data is worth nothing; an error means that it could not be decoded.
func (e *Engine) take(p *plan, index int, seq uint64, member *fusionv1.Member) (taken bool, err error) {
	s := &e.streams[index]
	r := s.record(seq)
	if r == nil {
		return false, fmt.Errorf("sample %d of %s is gone: please report this", seq, s.Name)
	}
	if s.Modality == sensors.Lidar && p.lidar != nil {
		member.Standby = true
		return true, nil
	}
	if s.Modality != sensors.Radar {
		err = e.decoded(index, r)
	}
	addCondition(member, r.condition)
	if err != nil {
		return false, err
	}
	reliability := r.condition.Reliability
	if reliability < leastReliability {
		return false, nil
	}
	// The member's stamp, not the sample's: alignment may have corrected a known offset.
	stamp, age := sensors.StampNs(member.Stamp), float64(member.AgeNs)*1e-9
	switch sample := r.sample.(type) {
	case *sensors.PointCloud:
		p.lidar, p.lidarSensor, p.lidarWorth = r.job, s.Name, reliability
		if stamp != p.stamp {
			if motion, ok := e.ego.history.Between(stamp, p.stamp); ok {
				p.setFromSweep = &motion
			}
		}
	case *sensors.CameraFrame:
		cameraFromEgo := s.EgoFromSensor.Inverse()
		if motion, ok := e.ego.history.Between(p.stamp, stamp); ok {
			cameraFromEgo = cameraFromEgo.Mul(motion)
		}
		p.cameras[s.slot] = cameraInput{s.Name, r.job, reliability, encoders.LiftCamera{
			Present: true, View: e.stage.views[index], CameraFromEgo: cameraFromEgo,
		}}
	case *sensors.RadarScan:
		e.takeRadar(p, s, sample, stamp, age)
		p.radarWorth += reliability
	}
	if r.job != nil {
		r.job.retain()
	}
	p.ageS[s.Modality] = math.Max(p.ageS[s.Modality], age)
	return true, nil
}

// decoded starts a member's job if need be and waits for its first half, which also says what the sample is worth.
func (e *Engine) decoded(index int, r *record) error {
	if r.job == nil {
		e.start(index, r)
	}
	<-r.job.decoded
	if r.job.judged {
		r.condition, e.streams[index].condition = r.job.condition, r.job.condition
	}
	if err := r.job.decodeErr; err != nil {
		return fmt.Errorf("decode %s seq %d: %w", e.streams[index].Name, r.seq, err)
	}
	return nil
}

// absent turns a present member into an absent one.
func absent(m *fusionv1.Member, reason fusionv1.AbsenceReason) {
	m.Absence, m.NewestAgeNs = reason, m.AgeNs
	m.Present, m.Seq, m.Stamp, m.AgeNs, m.WaitNs, m.Reused = false, 0, 0, 0, 0, false
}

func duration(ns int64) time.Duration { return time.Duration(ns) }
