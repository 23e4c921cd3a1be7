package pipeline

import (
	"fmt"
	"strings"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sensors/camera"
	"github.com/fusiond/fusiond/sensors/condition"
)

// monitors judge what each stream's data is worth; every slice has one place a stream, nil for other modalities. A monitor sees the
// samples of its stream that are decoded, in the order in which their decoding was started; a radar's sees each scan, as it arrives.
// Both orders are decided by the Engine's caller from events alone, so that conditions do not depend on how the workers run.
type monitors struct {
	cameras []*condition.Camera // camera worker
	lidars  []*condition.Lidar  // lidar worker
	radars  []*condition.Radar  // the Engine's caller
}

func (e *Engine) openMonitors() error {
	n := len(e.streams)
	e.stage.monitors = monitors{make([]*condition.Camera, n), make([]*condition.Lidar, n), make([]*condition.Radar, n)}
	spec := &e.opt.Package.Encoders.Camera
	for i := range e.streams {
		s := &e.streams[i]
		s.condition = condition.Condition{Reliability: 1, Modality: s.Modality}
		var err error
		switch s.Modality {
		case sensors.Camera:
			e.stage.monitors.cameras[i], err = condition.NewCamera(spec.Width(), spec.Height(), camera.Fill)
		case sensors.Lidar:
			e.stage.monitors.lidars[i] = condition.NewLidar(s.EgoFromSensor)
		case sensors.Radar:
			e.stage.monitors.radars[i] = condition.NewRadar()
		case sensors.Ego:
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", s.Modality, s.Name, err)
		}
	}
	return nil
}

// judgeScan judges a radar's scan on arrival, whether a set will choose it or not. A message that came twice, which alignment refuses,
// is no new scan.
func (e *Engine) judgeScan(index int, scan *sensors.RadarScan) condition.Condition {
	s := &e.streams[index]
	if !s.judged || scan.Stamp != s.judgedStamp {
		s.judged, s.judgedStamp = true, scan.Stamp
		s.condition = e.stage.monitors.radars[index].Update(scan.Detections, scan.Stamp)
	}
	return s.condition
}

// leastReliability is where a sample's worth ends: below it there is nothing in it, or nothing new, and it is left out of its set like that
// of a sensor that is silent. What fog or dirt leave is worth more (see condition).
const leastReliability = 0.05

// usableReliability is what a modality's best sensor must have for the mode to be nominal. From here up, the fuser has been trained to
// weigh data by its reliability.
const usableReliability = 0.3

// weak tells the modalities that have members, all of them below usableReliability. A lidar that stands by was not judged.
func weak(m *fusionv1.SetManifest) (weak [sensors.NumFused]bool) {
	for modality := range sensors.Modality(sensors.NumFused) {
		judged, best := false, float32(0)
		for _, member := range m.Members {
			if member.Modality == modality.Proto() && member.Present && !member.Standby {
				judged, best = true, max(best, member.Reliability)
			}
		}
		weak[modality] = judged && best < usableReliability
	}
	return weak
}

// memberWord says what is the matter with a member, in a word or two: the named condition, or why it is absent.
func memberWord(m *fusionv1.Member) string {
	switch {
	case m.ReliabilityReason != "":
		return m.ReliabilityReason
	case m.Present:
		return absenceWord(fusionv1.AbsenceReason_ABSENCE_REASON_UNRELIABLE)
	default:
		return absenceWord(m.Absence)
	}
}

// addCondition writes what a member's sample is worth into the manifest.
func addCondition(m *fusionv1.Member, c condition.Condition) {
	m.Reliability, m.ReliabilityReason = float32(c.Reliability), c.Reason.String()
}

// reliability is what each modality counts for in a set: that of the lidar that is fused, and the mean over the cameras and radars that
// are; 0 for a modality that is absent.
func (p *plan) reliability() (r [sensors.NumFused]float64) {
	if p.lidar != nil {
		r[sensors.Lidar] = p.lidarWorth
	}
	n := 0
	for i := range p.cameras {
		if c := &p.cameras[i]; c.job != nil {
			r[sensors.Camera] += c.worth
			n++
		}
	}
	if n > 0 {
		r[sensors.Camera] /= float64(n)
	}
	if len(p.radars) > 0 {
		r[sensors.Radar] = p.radarWorth / float64(len(p.radars))
	}
	return r
}

// reliabilityReason names the sensors of a modality that are not what they should be.
func reliabilityReason(m *fusionv1.SetManifest, modality sensors.Modality) string {
	var names []string
	for _, member := range m.Members {
		if member.Modality == modality.Proto() && member.ReliabilityReason != "" {
			names = append(names, member.Stream+" "+member.ReliabilityReason)
		}
	}
	return strings.Join(names, ", ")
}
