package pipeline

import (
	"fmt"
	"math"

	"github.com/fusiond/fusiond/eval"
	"github.com/fusiond/fusiond/fusion"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// Scorer pairs the ground truth of a recording with detections, as samples for eval. Both sides stay in the ego frame of the
// frame's time, with the ego at the origin: the metrics look at distances and angles only, which no rigid motion changes.
type Scorer struct {
	truth    *Truth
	classes  []string
	from, to sensors.StampNs
	byStamp  map[int64][]eval.Box
	virtual  map[int64]bool
}

// NewScorer scores frames with from <= stamp <= to; zero means no bound. classes name the detections' class indices.
func NewScorer(t *Truth, classes []string, from, to sensors.StampNs) *Scorer {
	return &Scorer{truth: t, classes: classes, from: from, to: to, byStamp: map[int64][]eval.Box{}, virtual: map[int64]bool{}}
}

// Add takes the detections of one set; sets without ground truth are ignored.
func (s *Scorer) Add(m *fusionv1.SetManifest, dets []fusion.Detection) {
	frame := s.truth.At(sensors.StampNs(m.Header.Stamp))
	if frame == nil {
		return
	}
	stamp := frame.Header.GetStamp()
	s.virtual[stamp] = m.Kind == fusionv1.SetKind_SET_KIND_VIRTUAL
	boxes := make([]eval.Box, 0, len(dets))
	for i := range dets {
		d := &dets[i]
		class := s.classes[d.Class]
		boxes = append(boxes, eval.Box{
			Translation: [3]float64{d.X, d.Y, d.Z}, Size: [3]float64{d.Width, d.Length, d.Height},
			Rotation: yawQuaternion(d.Yaw), Velocity: [2]float64{d.Vx, d.Vy}, Class: class,
			Attribute: fusion.Attribute(class, d.Vx, d.Vy), Score: d.Score, NumPts: eval.UnknownPoints,
		})
	}
	s.byStamp[stamp] = boxes
}

// AddObjects takes a published object list: its objects that were detected in this set, not those that coast.
func (s *Scorer) AddObjects(list *fusionv1.ObjectList) error {
	index := map[string]int{}
	for i, c := range s.classes {
		index[c] = i
	}
	var dets []fusion.Detection
	for _, o := range list.Objects {
		class, ok := index[o.Class]
		if !ok {
			return fmt.Errorf("score set %d: object %d is of the unknown class %q", list.SetId, o.Id, o.Class)
		}
		if o.Score <= 0 {
			continue
		}
		dets = append(dets, fusion.Detection{
			Class: class, Score: float64(o.Score), X: o.Center.GetX(), Y: o.Center.GetY(), Z: o.Center.GetZ(),
			Length: o.Size.GetX(), Width: o.Size.GetY(), Height: o.Size.GetZ(), Yaw: o.Yaw, Vx: o.Velocity.GetX(), Vy: o.Velocity.GetY(),
		})
	}
	s.Add(list.Manifest, dets)
	return nil
}

// Samples returns one sample a ground-truth frame in time order, and how many frames were left out because no reference
// sweep exists at their time: their set is of the virtual clock, or there is neither a set nor a point in any annotation, so that
// nothing could be scored. Any other frame without a set has no predictions, and its objects count as missed.
func (s *Scorer) Samples() (samples []eval.Sample, withoutSweep int) {
	for _, frame := range s.truth.Frames() {
		stamp := frame.Header.GetStamp()
		if stamp < int64(s.from) || (s.to > 0 && stamp > int64(s.to)) {
			continue
		}
		if _, fused := s.byStamp[stamp]; s.virtual[stamp] || !fused && !hasPoints(frame) {
			withoutSweep++
			continue
		}
		sample := eval.Sample{Token: fmt.Sprint(stamp), Predictions: s.byStamp[stamp]}
		for _, o := range frame.Objects {
			if o.Class != "" {
				sample.GroundTruth = append(sample.GroundTruth, truthBox(o))
			}
		}
		for _, r := range frame.BikeRacks {
			sample.BikeRacks = append(sample.BikeRacks, eval.BikeRack{
				Translation: [3]float64{r.Center.GetX(), r.Center.GetY(), r.Center.GetZ()},
				Size:        [3]float64{r.Size.GetY(), r.Size.GetX(), r.Size.GetZ()},
				Rotation:    [4]float64{r.Rotation.GetW(), r.Rotation.GetX(), r.Rotation.GetY(), r.Rotation.GetZ()},
			})
		}
		samples = append(samples, sample)
	}
	return samples, withoutSweep
}

func hasPoints(frame *fusionv1.TruthFrame) bool {
	for _, o := range frame.Objects {
		if TruthPoints(o) > 0 {
			return true
		}
	}
	return false
}

func truthBox(o *fusionv1.TruthObject) eval.Box {
	b := eval.Box{
		Translation: [3]float64{o.Center.GetX(), o.Center.GetY(), o.Center.GetZ()},
		Size:        [3]float64{o.Size.GetY(), o.Size.GetX(), o.Size.GetZ()},
		Rotation:    yawQuaternion(o.Yaw), Velocity: [2]float64{math.NaN(), math.NaN()},
		Class: o.Class, Attribute: o.Attribute, NumPts: TruthPoints(o),
	}
	if o.Velocity != nil {
		b.Velocity = [2]float64{o.Velocity.X, o.Velocity.Y}
	}
	return b
}

func yawQuaternion(yaw float64) [4]float64 {
	return [4]float64{math.Cos(yaw / 2), 0, 0, math.Sin(yaw / 2)}
}
