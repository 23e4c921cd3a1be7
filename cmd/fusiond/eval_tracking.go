package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/eval"
	"github.com/fusiond/fusiond/internal/pipeline"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

func (c *evalCmd) trackingConfig() eval.TrackingConfig {
	config := eval.TrackingNIPS2019()
	config.KeepAnyPairing = c.LegacyPairs
	return config
}

func (c *evalCmd) reportTracks(samples []eval.Sample, config eval.TrackingConfig) error {
	result, err := eval.ScoreTracking(samples, config)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(os.Stdout, result)
	}
	return eval.WriteTrackingTable(os.Stdout, result)
}

// tracks scores the objects of a recording, as published or as the model makes them, against the ground truth's instances.
func (c *evalCmd) tracks(ctx context.Context, s scoring) error {
	config := c.trackingConfig()
	t := newTrackScorer(&s, config.Classes)
	var err error
	if topics := c.published(&s); len(topics) > 0 {
		err = eachObjectList(s.recording, topics, func(list *fusionv1.ObjectList) error {
			t.add(list)
			return nil
		})
	} else {
		err = c.process(ctx, &s, func(_ []string, opt *pipeline.Options) {
			opt.Sink = func(o pipeline.Output) {
				if list, ok := o.Message.(*fusionv1.ObjectList); ok {
					t.add(list)
				}
			}
		})
	}
	if err != nil {
		return err
	}
	samples, without, err := t.samples()
	if err != nil {
		return err
	}
	if err := c.scored(len(samples), without); err != nil {
		return err
	}
	config.SamplePeriodS = framePeriodS(samples, config.SamplePeriodS)
	return c.reportTracks(samples, config)
}

// framePeriodS is the median time between samples: nuScenes labels two frames a second, recordings often every sweep. It is otherwise where
// there are fewer than two.
func framePeriodS(samples []eval.Sample, otherwise float64) float64 {
	if len(samples) < 2 {
		return otherwise
	}
	var steps []int64
	for i := range samples[1:] {
		steps = append(steps, samples[i+1].TimestampUs-samples[i].TimestampUs)
	}
	slices.Sort(steps)
	return float64(steps[len(steps)/2]) / 1e6
}

// trackScorer pairs the ground truth of a recording with published objects, as samples for eval.
//
// A track's score is its existence, not the score of its detection: it is what the daemon tells subscribers to go by, and it is
// there for coasting objects as well, whose detection score is 0. Coasting objects are scored like others.
//
// Both sides are put into the local frame by the ground truth's own pose: eval fills gaps of tracks between frames, which needs a frame that stands
// still, and a drifting estimate of the ego's pose is no fault of the tracks.
type trackScorer struct {
	*scoring
	classes map[string]bool
	lists   map[int64]trackList // by the stamp of the ground-truth frame
}

// trackList is what was published for a ground-truth frame, in its ego frame.
type trackList struct {
	virtual bool // the set had no sweep of the reference
	objects []*fusionv1.Object
}

func newTrackScorer(s *scoring, classes []eval.ClassConfig) *trackScorer {
	t := &trackScorer{scoring: s, classes: map[string]bool{}, lists: map[int64]trackList{}}
	for _, k := range classes {
		t.classes[k.Name] = true
	}
	return t
}

// add takes a list, which must not change any more; those without ground truth at their time are ignored.
func (t *trackScorer) add(list *fusionv1.ObjectList) {
	frame := t.truth.At(sensors.StampNs(list.Header.GetStamp()))
	if frame == nil {
		return
	}
	t.lists[frame.Header.GetStamp()] = trackList{
		virtual: list.Manifest.GetKind() == fusionv1.SetKind_SET_KIND_VIRTUAL, objects: list.Objects,
	}
}

// samples returns one sample a ground-truth frame in time order, and how many frames were left out because no reference sweep exists at their time,
// by the same rule as for detections.
func (t *trackScorer) samples() (samples []eval.Sample, without int, err error) {
	for _, frame := range t.truth.Frames() {
		stamp := frame.Header.GetStamp()
		if stamp < int64(t.from) || (t.to > 0 && stamp > int64(t.to)) {
			continue
		}
		list, fused := t.lists[stamp]
		anyPoint := slices.ContainsFunc(frame.Objects, func(o *fusionv1.TruthObject) bool { return pipeline.TruthPoints(o) > 0 })
		if list.virtual || !fused && !anyPoint {
			without++
			continue
		}
		localFromEgo, ok := sensors.PoseFromProto(frame.LocalFromEgo)
		if !ok {
			return nil, 0, fmt.Errorf("score tracks of %s: the ground truth at %d has no pose of the vehicle: import it with its poses", t.recording.Path(), stamp)
		}
		samples = append(samples, t.sample(frame, list.objects, localFromEgo))
	}
	return samples, without, nil
}

func (t *trackScorer) sample(frame *fusionv1.TruthFrame, objects []*fusionv1.Object, localFromEgo sensors.Pose) eval.Sample {
	stamp := frame.Header.GetStamp()
	s := eval.Sample{Token: strconv.FormatInt(stamp, 10), TimestampUs: stamp / 1000}
	s.EgoTranslation, _ = place(localFromEgo)
	box := func(class string, center, size *fusionv1.Vector3, yaw float64) eval.Box {
		b := eval.Box{
			Size:     widthLengthHeight(size),
			Velocity: [2]float64{math.NaN(), math.NaN()}, // tracks are not scored by speed
			Class:    class, NumPts: eval.UnknownPoints,
		}
		b.Translation, b.Rotation = place(localFromEgo.Mul(sensors.FromYaw(yaw, vec(center))))
		return b
	}
	for _, o := range frame.Objects {
		if t.classes[o.Class] {
			b := box(o.Class, o.Center, o.Size, o.Yaw)
			b.Track, b.NumPts = o.Instance, pipeline.TruthPoints(o)
			s.GroundTruth = append(s.GroundTruth, b)
		}
	}
	for _, o := range objects {
		if t.classes[o.Class] {
			b := box(o.Class, o.Center, o.Size, o.Yaw)
			b.Track, b.Score = strconv.FormatUint(o.Id, 10), float64(o.Existence)
			s.Predictions = append(s.Predictions, b)
		}
	}
	for _, r := range frame.BikeRacks {
		egoFromRack, _ := sensors.PoseFromProto(&fusionv1.Pose{Position: r.Center, Rotation: r.Rotation}) // eval refuses one that is not finite
		rack := eval.BikeRack{Size: widthLengthHeight(r.Size)}
		rack.Translation, rack.Rotation = place(localFromEgo.Mul(egoFromRack))
		s.BikeRacks = append(s.BikeRacks, rack)
	}
	return s
}

// place returns position and rotation as eval has them.
func place(p sensors.Pose) (translation [3]float64, rotation [4]float64) {
	t, q := p.Translation, p.Rotation
	return [3]float64{t.X, t.Y, t.Z}, [4]float64{q.Real, q.Imag, q.Jmag, q.Kmag}
}

// widthLengthHeight turns a message's size, length first, into eval's order.
func widthLengthHeight(size *fusionv1.Vector3) [3]float64 {
	return [3]float64{size.GetY(), size.GetX(), size.GetZ()}
}

func vec(v *fusionv1.Vector3) r3.Vec { return r3.Vec{X: v.GetX(), Y: v.GetY(), Z: v.GetZ()} }
