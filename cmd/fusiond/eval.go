package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"google.golang.org/protobuf/proto"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/eval"
	"github.com/fusiond/fusiond/internal/pipeline"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

type evalCmd struct {
	File        string  `arg:"" optional:"" help:"Recording with ground truth; one that holds objects is scored as it is, others go through the model first." type:"existingfile"`
	GroundTruth string  `help:"Score two files in nuScenes' submission format instead: the ground truth." type:"existingfile"`
	Predictions string  `help:"... and the predictions." type:"existingfile"`
	From        float64 `help:"Score from here on, seconds from the recording's start."`
	To          float64 `help:"Score up to here, seconds from the recording's start; 0 is the end."`
	Sensors     string  `help:"Fuse only these modalities or sensors, for example lidar,camera."`
	Rig         string  `help:"Rig file; default: the recording's own." type:"path"`
	JSON        bool    `help:"Print the result as JSON (field names as in nuScenes' metrics_summary)."`
	modelFlags
}

// Run implements the verb.
func (c *evalCmd) Run(ctx context.Context) error {
	switch {
	case c.File != "" && c.GroundTruth == "" && c.Predictions == "":
		return c.recording(ctx)
	case c.File == "" && c.GroundTruth != "" && c.Predictions != "":
		samples, err := eval.LoadSamples(c.GroundTruth, c.Predictions, eval.DetectionCVPR2019())
		if err != nil {
			return err
		}
		return c.report(samples)
	}
	return usage("eval: give either a recording, or both --ground-truth and --predictions")
}

func (c *evalCmd) report(samples []eval.Sample) error {
	result, err := eval.EvaluateDetection(samples, eval.DetectionCVPR2019())
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(os.Stdout, result)
	}
	return eval.WriteDetectionTable(os.Stdout, result)
}

func (c *evalCmd) recording(ctx context.Context) (err error) {
	r, rig, truth, err := openWithTruth(c.File, c.Rig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	start, end := r.Range()
	if length := end.Sub(start).Seconds(); c.From < 0 || c.To < 0 || c.From > length || (c.To > 0 && c.To <= c.From) {
		return usage("eval: --from %g --to %g is no part of the recording's 0..%.1f s", c.From, c.To, length)
	}
	from, to := sensors.StampNs(0), sensors.StampNs(0)
	if c.From > 0 {
		from = start + sensors.StampNs(c.From*1e9)
	}
	if c.To > 0 {
		to = start + sensors.StampNs(c.To*1e9)
	}
	var scorer *pipeline.Scorer
	if topics := topicsOf(r, pipeline.ObjectsOutput); len(topics) > 0 && c.Sensors == "" {
		scorer = pipeline.NewScorer(truth, encoders.TriBEV().Classes, from, to)
		err = scoreObjects(r, topics, scorer)
	} else {
		scorer, err = c.process(ctx, r, rig, truth, from, to)
	}
	if err != nil {
		return err
	}
	samples, without := scorer.Samples()
	if len(samples) == 0 {
		return fmt.Errorf("recording %s has no ground truth between --from and --to: widen them", c.File)
	}
	if without > 0 {
		fmt.Fprintf(os.Stderr, "%d ground-truth frames have no sweep of the reference and are not scored\n", without)
	}
	return c.report(samples)
}

// process runs the model over the recording, from a little before the first frame that is scored.
func (c *evalCmd) process(ctx context.Context, r *replay.Reader, rig *sensors.Rig, truth *pipeline.Truth, from, to sensors.StampNs) (_ *pipeline.Scorer, err error) {
	n, err := c.open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	scorer := pipeline.NewScorer(truth, n.pack.Classes, from, to)
	opt := engineOptions(n, rig, c.Strategy)
	opt.HealthNs, opt.Sink, opt.Detections = 0, func(pipeline.Output) {}, scorer.Add
	if opt.Mask, err = parseMask(c.Sensors, rig); err != nil {
		return nil, err
	}
	e, err := pipeline.New(opt)
	if err != nil {
		return nil, err
	}
	const warmUp, tail = sensors.StampNs(1e9), sensors.StampNs(2e8)
	po := pipeline.ProcessOptions{}
	if from > warmUp {
		po.From = from - warmUp
	}
	if to > 0 {
		po.To = to + tail
	}
	progress, finish := eventBar(r, "evaluate")
	po.Progress = progress
	err = pipeline.Process(ctx, r, e, po)
	finish()
	return scorer, errors.Join(err, e.Close())
}

func topicsOf(r *replay.Reader, kind string) (topics []string) {
	for _, s := range r.Streams() {
		if s.Name.Kind == kind {
			topics = append(topics, s.Topic)
		}
	}
	return topics
}

func scoreObjects(r *replay.Reader, topics []string, s *pipeline.Scorer) error {
	for m, err := range r.Messages(replay.Options{Topics: topics}) {
		if err != nil {
			return err
		}
		list := &fusionv1.ObjectList{}
		if err := proto.Unmarshal(m.Data, list); err != nil {
			return fmt.Errorf("read objects of %s: %w", r.Path(), err)
		}
		if err := s.AddObjects(list); err != nil {
			return err
		}
	}
	return nil
}
