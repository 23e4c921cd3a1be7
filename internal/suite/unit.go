package suite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fusiond/fusiond/eval"
	"github.com/fusiond/fusiond/fusion"
	"github.com/fusiond/fusiond/internal/pipeline"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// subset of the modalities, one bit each.
type subset uint8

func subsetOf(m ...sensors.Modality) (s subset) {
	for _, one := range m {
		s |= 1 << one
	}
	return s
}

func (s subset) has(m sensors.Modality) bool { return m < sensors.NumFused && s>>m&1 == 1 }

// String is "lidar+radar+camera" and so on.
func (s subset) String() string {
	var names []string
	for m := sensors.Modality(0); m < sensors.NumFused; m++ {
		if s.has(m) {
			names = append(names, m.String())
		}
	}
	return strings.Join(names, "+")
}

// subsets of the modalities that a rig has: the full set first, then the smaller ones.
func subsets(fitted []sensors.Modality) (all []subset) {
	full := subsetOf(fitted...)
	for n := len(fitted); n > 0; n-- {
		for s := subset(7); s > 0; s-- {
			if s&^full == 0 && len(s.members()) == n {
				all = append(all, s)
			}
		}
	}
	return all
}

func (s subset) members() (m []sensors.Modality) {
	for i := sensors.Modality(0); i < sensors.NumFused; i++ {
		if s.has(i) {
			m = append(m, i)
		}
	}
	return m
}

// outcome is what the network made of one drive.
type outcome struct {
	// Samples hold the detections of every scored moment beside the ground truth.
	Samples []eval.Sample
	Frames  []frame
	// NetworkMs is the time of encoding and fusing each set, summed over the networks; only of the timed unit.
	NetworkMs []float64
}

// frame is what else is known of a scored moment, by modality.
type frame struct {
	// Stamp of the ground truth, and how long after the drive's first arrival that is, ns.
	Stamp, Since      int64
	Fused             bool
	Mass, Reliability [sensors.NumFused]float64
	// Tracked counts the objects that were published, coasting ones too.
	Tracked eval.Found
}

// scoreAfter the first ground truth is what is scored: monitors and tracker have a history then.
const scoreAfterNs = sensors.StampNs(400e6)

// found is the distance at which an object counts as found, for recall and calibration, m.
const foundM = 2

// listener collects what an Engine says of one drive.
type listener struct {
	detections, tracks *pipeline.Scorer
	truth              *pipeline.Truth
	begin              sensors.StampNs // first arrival
	classes            map[string]int
	frames             map[int64]frame
	networkMs          []float64
	err                error
}

// process runs a recording through the network with some of its sensors. clock, if not nil, times the networks.
func process(ctx context.Context, data []byte, t *take, s subset, engine func(*sensors.Rig) pipeline.Options, clock func() int64) (*outcome, error) {
	fail := func(err error) error { return fmt.Errorf("process %s with %s: %w", t.source.name, s, err) }
	r, err := openBytes(data, t.source.name)
	if err != nil {
		return nil, err
	}
	rig, err := r.Rig()
	if err != nil {
		return nil, fail(err)
	}
	truth, err := pipeline.LoadTruth(r)
	if err != nil {
		return nil, fail(err)
	}
	if len(truth.Frames()) == 0 {
		return nil, fail(errors.New("the drive has no ground truth"))
	}
	opt := engine(rig)
	l := newListener(truth, opt.Package.Classes)
	l.begin, _ = r.Range()
	opt.HealthNs, opt.Clock, opt.Sink, opt.Detections = 0, clock, l.output, l.detected
	opt.Mask = func(one *sensors.Sensor) bool { return !s.has(one.Modality) }
	e, err := pipeline.New(opt)
	if err != nil {
		return nil, fail(err)
	}
	err = pipeline.Process(ctx, r, e, pipeline.ProcessOptions{})
	if err = errors.Join(err, e.Close(), l.err); err != nil {
		return nil, fail(err)
	}
	o, err := l.outcome()
	if err != nil {
		return nil, fail(err)
	}
	if clock != nil {
		o.NetworkMs = l.networkMs
	}
	return o, nil
}

func newListener(truth *pipeline.Truth, classes []string) *listener {
	from := sensors.StampNs(truth.Frames()[0].Header.GetStamp()) + scoreAfterNs
	l := &listener{
		detections: pipeline.NewScorer(truth, classes, from, 0), tracks: pipeline.NewScorer(truth, classes, from, 0),
		truth: truth, classes: map[string]int{}, frames: map[int64]frame{},
	}
	for i, c := range classes {
		l.classes[c] = i
	}
	return l
}

// scoredManifest says of every set that the reference gave its time. Scorer leaves sets of the virtual clock out, because sweeps that were
// not made label nothing; here the ground truth is there whether or not the sweep was lost, and a lost lidar must show.
func scoredManifest(m *fusionv1.SetManifest) *fusionv1.SetManifest {
	return &fusionv1.SetManifest{Header: m.Header, Kind: fusionv1.SetKind_SET_KIND_REFERENCE}
}

func (l *listener) detected(m *fusionv1.SetManifest, dets []fusion.Detection) {
	l.detections.Add(scoredManifest(m), dets)
}

// output takes the published objects.
func (l *listener) output(o pipeline.Output) {
	list, ok := o.Message.(*fusionv1.ObjectList)
	if !ok {
		return
	}
	var dets []fusion.Detection
	for _, object := range list.Objects {
		class, ok := l.classes[object.Class]
		if !ok {
			l.err = fmt.Errorf("set %d: object %d is of the unknown class %q", list.SetId, object.Id, object.Class)
			return
		}
		dets = append(dets, fusion.Detection{
			Class: class, Score: float64(object.Existence), X: object.Center.GetX(), Y: object.Center.GetY(), Z: object.Center.GetZ(),
			Length: object.Size.GetX(), Width: object.Size.GetY(), Height: object.Size.GetZ(), Yaw: object.Yaw,
		})
	}
	l.tracks.Add(scoredManifest(list.Manifest), dets)
	var networks int64
	for _, s := range list.Latency {
		if s.Stage == "encode" || s.Stage == "fuse" {
			networks += s.DurationNs
		}
	}
	l.networkMs = append(l.networkMs, float64(networks)/1e6)
	if t := l.truth.At(sensors.StampNs(list.Header.GetStamp())); t != nil {
		f := frame{Stamp: t.Header.GetStamp(), Fused: true}
		for _, m := range list.Modalities {
			if id, err := sensors.ParseModality(modalityWord(m.Modality)); err == nil && id < sensors.NumFused {
				f.Mass[id], f.Reliability[id] = float64(m.Mass), float64(m.Reliability)
			}
		}
		l.frames[f.Stamp] = f
	}
}

func modalityWord(m fusionv1.Modality) string {
	return strings.ToLower(strings.TrimPrefix(m.String(), "MODALITY_"))
}

// outcome is what was collected, of the scored moments.
func (l *listener) outcome() (*outcome, error) {
	o := &outcome{}
	o.Samples, _ = l.detections.Samples() // what is left out has neither a set nor an object
	tracks, _ := l.tracks.Samples()
	if len(o.Samples) == 0 || len(tracks) != len(o.Samples) {
		return nil, fmt.Errorf("%d moments to score, %d of tracks: give a longer drive", len(o.Samples), len(tracks))
	}
	tracked, err := eval.CountFound(tracks, eval.DetectionCVPR2019(), foundM)
	if err != nil {
		return nil, err
	}
	for i := range tracks {
		var stamp int64
		if _, err := fmt.Sscan(tracks[i].Token, &stamp); err != nil {
			return nil, fmt.Errorf("read the stamp of sample %q: %w", tracks[i].Token, err)
		}
		f := l.frames[stamp]
		f.Stamp, f.Since, f.Tracked = stamp, stamp-int64(l.begin), tracked[i]
		o.Frames = append(o.Frames, f)
	}
	return o, nil
}
