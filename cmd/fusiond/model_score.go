package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/fusiond/fusiond/eval"
	"github.com/fusiond/fusiond/internal/pipeline"
	"github.com/fusiond/fusiond/sensors"
)

// modelFigures are what is told of an evaluation; AP2m holds the average precision at 2 m of the classes that are there.
type modelFigures struct {
	MAP  float64            `json:"mean_ap"`
	NDS  float64            `json:"nd_score"`
	AP2m map[string]float64 `json:"ap_2m"`

	label string // of the package
	sets  int    // that were scored
}

// allSensors is the choice of every sensor of a rig.
const allSensors = "all"

// alone lists the choices of sensors by which packages are judged: all of a rig's, and each fused modality alone.
func alone(rig *sensors.Rig) []string {
	choices := []string{allSensors}
	for m := sensors.Modality(0); m < sensors.NumFused; m++ {
		if len(rig.Of(m)) > 0 {
			choices = append(choices, m.String())
		}
	}
	if len(choices) == 2 { // the one modality is all there is
		return choices[:1]
	}
	return choices
}

// score evaluates the package's detections on a part of a recording.
func (f *modelFlags) score(ctx context.Context, s *scoring, choice string) (*modelFigures, error) {
	e := evalCmd{File: s.recording.Path(), Sensors: choice, modelFlags: *f}
	if choice == allSensors {
		e.Sensors = ""
	}
	out := &modelFigures{AP2m: map[string]float64{}}
	var scorer *pipeline.Scorer
	err := e.process(ctx, s, func(classes []string, opt *pipeline.Options) {
		out.label = opt.Package.Label()
		scorer = pipeline.NewScorer(s.truth, classes, s.from, s.to)
		opt.Sink, opt.Detections = func(pipeline.Output) {}, scorer.Add
	})
	if err != nil {
		return nil, err
	}
	samples, _ := scorer.Samples()
	if out.sets = len(samples); out.sets == 0 {
		return nil, fmt.Errorf("recording %s has no ground truth in the part that is scored: begin earlier", e.File)
	}
	r, err := eval.EvaluateDetection(samples, eval.DetectionCVPR2019())
	if err != nil {
		return nil, err
	}
	out.MAP, out.NDS = r.MeanAP, r.NDScore
	at := slices.Index(r.DistancesM, 2)
	for _, class := range r.Classes {
		if class.NumGroundTruth > 0 && at >= 0 {
			out.AP2m[class.Class] = class.APs[at]
		}
	}
	return out, nil
}
