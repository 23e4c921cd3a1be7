package pipeline

import (
	"cmp"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/fusiond/fusiond/fusion"
	"github.com/fusiond/fusiond/fusion/mode"
	"github.com/fusiond/fusiond/fusion/track"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
	timesync "github.com/fusiond/fusiond/sync"
)

// Output is one message that leaves the Engine.
type Output struct {
	// Name is the last part of the subject: objects, manifest, health.
	Name string
	// Stamp is the set's time (or the report's); At the event time at which it was decided.
	Stamp, At sensors.StampNs
	// Message is what to send; for a forwarded message it is nil, and Schema and Payload are sent as they came.
	Message proto.Message
	Schema  string
	Payload []byte
}

// AppendPayload returns the message's schema and its bytes, appended to buf; the bytes depend on the content only.
func (o *Output) AppendPayload(buf []byte) (schema string, payload []byte, err error) {
	if o.Message == nil {
		return o.Schema, o.Payload, nil
	}
	payload, err = proto.MarshalOptions{Deterministic: true}.MarshalAppend(buf, o.Message)
	return string(o.Message.ProtoReflect().Descriptor().FullName()), payload, err
}

// Names of the outputs, the last part of their subjects.
const (
	ObjectsOutput  = "objects"
	ManifestOutput = "manifest"
	HealthOutput   = "health"
)

var closeReasons = map[timesync.CloseReason]fusionv1.CloseReason{
	timesync.Complete:  fusionv1.CloseReason_CLOSE_REASON_COMPLETE,
	timesync.Deadline:  fusionv1.CloseReason_CLOSE_REASON_DEADLINE,
	timesync.Overtaken: fusionv1.CloseReason_CLOSE_REASON_OVERTAKEN,
	timesync.Flushed:   fusionv1.CloseReason_CLOSE_REASON_FLUSH,
}

var absences = map[timesync.Absence]fusionv1.AbsenceReason{
	timesync.AbsentIdle:      fusionv1.AbsenceReason_ABSENCE_REASON_IDLE,
	timesync.AbsentDecode:    fusionv1.AbsenceReason_ABSENCE_REASON_DECODE,
	timesync.AbsentLate:      fusionv1.AbsenceReason_ABSENCE_REASON_LATE,
	timesync.AbsentTolerance: fusionv1.AbsenceReason_ABSENCE_REASON_TOLERANCE,
	timesync.AbsentClock:     fusionv1.AbsenceReason_ABSENCE_REASON_CLOCK,
	timesync.AbsentOverrun:   fusionv1.AbsenceReason_ABSENCE_REASON_OVERRUN,
	timesync.AbsentDisabled:  fusionv1.AbsenceReason_ABSENCE_REASON_DISABLED,
}

// absenceWord is the short word of a reason: "idle", "not_fitted", ...
func absenceWord(r fusionv1.AbsenceReason) string {
	return strings.ToLower(strings.TrimPrefix(r.String(), "ABSENCE_REASON_"))
}

// manifest turns a closed set into its message. Modalities that the model fuses and the rig lacks are named as not fitted.
func (e *Engine) manifest(set *timesync.Set) *fusionv1.SetManifest {
	m := &fusionv1.SetManifest{
		Header: &fusionv1.Header{Stamp: int64(set.Stamp), Sensor: "align"},
		SetId:  set.ID, Kind: fusionv1.SetKind_SET_KIND_VIRTUAL, CloseReason: closeReasons[set.Close], WaitNs: int64(set.Wait()),
	}
	if set.Kind == timesync.Reference {
		m.Kind, m.Reference = fusionv1.SetKind_SET_KIND_REFERENCE, string(e.streams[set.Reference].Name)
	}
	var fitted [sensors.NumFused]bool
	for i := range set.Members {
		in, s := &set.Members[i], &e.streams[i]
		fitted[s.Modality] = true
		out := &fusionv1.Member{Stream: string(s.Name), Modality: s.Modality.Proto(), Present: in.Present}
		if in.Present {
			out.Seq, out.Stamp, out.AgeNs, out.WaitNs, out.Reused = in.Seq, int64(in.Stamp), in.AgeNs, in.WaitNs, in.Reused
		} else {
			out.Absence, out.NewestAgeNs = absences[in.Absence], in.NewestAgeNs
		}
		m.Members = append(m.Members, out)
	}
	for _, modality := range []sensors.Modality{sensors.Lidar, sensors.Radar, sensors.Camera} {
		if !fitted[modality] {
			m.Members = append(m.Members, &fusionv1.Member{
				Stream: modality.String(), Modality: modality.Proto(), Absence: fusionv1.AbsenceReason_ABSENCE_REASON_NOT_FITTED,
			})
		}
	}
	return m
}

var modes = map[mode.Mode]fusionv1.Mode{
	mode.Init: fusionv1.Mode_MODE_INIT, mode.Nominal: fusionv1.Mode_MODE_NOMINAL, mode.Degraded: fusionv1.Mode_MODE_DEGRADED,
	mode.Minimal: fusionv1.Mode_MODE_MINIMAL, mode.FailSilent: fusionv1.Mode_MODE_FAIL_SILENT,
}

// objectList makes the output of a set. out is nil when nothing was fused.
func (f *fuser) objectList(p *plan, objects []track.Object, out *fusion.Output) *fusionv1.ObjectList {
	opt := &f.engine.opt
	list := &fusionv1.ObjectList{
		Header: &fusionv1.Header{Stamp: int64(p.stamp), Sensor: "fusion"},
		SetId:  p.manifest.SetId, Mode: modes[f.state], ModeReason: f.reason, ValidUntil: int64(p.stamp) + opt.ValidityNs,
		Model: opt.Package.Label(), RigRevision: opt.Rig.Revision, Strategy: f.strategy.Name(),
		Manifest: p.manifest, LocalFromEgo: p.localFromEgo.Proto(), EgoStale: p.egoStale,
	}
	reliability := p.reliability()
	for m := sensors.Modality(0); m < sensors.NumFused; m++ {
		state := &fusionv1.ModalityState{
			Modality: m.Proto(), Present: p.here[m] > 0, ReliabilityReason: reliabilityReason(p.manifest, m),
		}
		if state.Present {
			state.Reliability, state.AgeNs = float32(reliability[m]), int64(p.ageS[m]*1e9)
			if out != nil {
				state.Mass = out.Mass[m]
			}
		}
		list.Modalities = append(list.Modalities, state)
	}
	for i := range objects {
		list.Objects = append(list.Objects, f.object(&objects[i], p.stamp, out))
	}
	return list
}

func (f *fuser) object(o *track.Object, stamp sensors.StampNs, out *fusion.Output) *fusionv1.Object {
	classes, grid := f.engine.opt.Package.Classes, f.engine.opt.Package.BEV()
	m := &fusionv1.Object{
		Id: o.ID, Class: classes[o.Class], Center: &fusionv1.Vector3{X: o.X, Y: o.Y, Z: o.Z},
		Size: &fusionv1.Vector3{X: o.Length, Y: o.Width, Z: o.Height}, Yaw: o.Yaw,
		Velocity: &fusionv1.Vector3{X: o.Vx, Y: o.Vy}, Covariance: o.Covariance[:], Existence: float32(o.Existence),
		AgeNs: int64(stamp - o.Born), UnseenNs: int64(stamp - o.Seen), Score: float32(o.Score),
		Attribute: fusion.Attribute(classes[o.Class], o.Vx, o.Vy),
	}
	m.ClassScores = classScores(classes, o.Scores)
	if o.Source >= 0 && out != nil {
		f.shares = fusion.AppendShares(f.shares[:0], &f.evidence, grid, &o.Detection)
		for _, s := range f.shares {
			m.Shares = append(m.Shares, &fusionv1.SensorShare{
				Sensor: string(s.Sensor), Modality: s.Modality.Proto(), Share: float32(s.Share),
			})
		}
	}
	return m
}

// minClassScore is the lowest score of a class that is told.
const minClassScore = 0.01

// classScores lists the classes that a track may be, best first; ties go by class order.
func classScores(classes []string, scores []float32) (out []*fusionv1.ClassScore) {
	for i, s := range scores {
		if s >= minClassScore {
			out = append(out, &fusionv1.ClassScore{Class: classes[i], Score: s})
		}
	}
	slices.SortStableFunc(out, func(a, b *fusionv1.ClassScore) int { return cmp.Compare(b.Score, a.Score) })
	return out
}
