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
	Tracking    bool    `help:"Score tracks instead of detections: AMOTA, AMOTP, MOTA, switches and what belongs to them."`
	LegacyPairs bool    `help:"With --tracking: an object may go back to the last track it was paired with however long ago, as in figures published until about 2024."`
	JSON        bool    `help:"Print the result as JSON (field names as in nuScenes' metrics_summary)."`
	suiteFlags
	modelFlags
}

// Run implements the verb.
func (c *evalCmd) Run(ctx context.Context) error {
	if done, err := c.suite(ctx); done {
		return err
	}
	if c.LegacyPairs && !c.Tracking {
		return usage("eval: --legacy-pairs is about tracks: give --tracking with it")
	}
	switch {
	case c.File != "" && c.GroundTruth == "" && c.Predictions == "":
		return c.recording(ctx)
	case c.File == "" && c.GroundTruth != "" && c.Predictions != "" && c.Tracking:
		samples, err := eval.LoadTrackingSamples(c.GroundTruth, c.Predictions, c.trackingConfig())
		if err != nil {
			return err
		}
		return c.reportTracks(samples, c.trackingConfig())
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
	score := c.detections
	if c.Tracking {
		score = c.tracks
	}
	return score(ctx, scoring{r, rig, truth, from, to})
}

// scoring is a recording with ground truth, and the part of it that is scored; zero means no bound.
type scoring struct {
	recording *replay.Reader
	rig       *sensors.Rig
	truth     *pipeline.Truth
	from, to  sensors.StampNs
}

// published returns the topics of the objects to score; none means that the model has to make them.
func (c *evalCmd) published(s *scoring) []string {
	if c.Sensors != "" {
		return nil
	}
	return topicsOf(s.recording, pipeline.ObjectsOutput)
}

func (c *evalCmd) detections(ctx context.Context, s scoring) error {
	var scorer *pipeline.Scorer
	var err error
	if topics := c.published(&s); len(topics) > 0 {
		scorer = pipeline.NewScorer(s.truth, encoders.TriBEV().Classes, s.from, s.to)
		err = eachObjectList(s.recording, topics, scorer.AddObjects)
	} else {
		err = c.process(ctx, &s, func(classes []string, opt *pipeline.Options) {
			scorer = pipeline.NewScorer(s.truth, classes, s.from, s.to)
			opt.Sink, opt.Detections = func(pipeline.Output) {}, scorer.Add
		})
	}
	if err != nil {
		return err
	}
	samples, without := scorer.Samples()
	if err := c.scored(len(samples), without); err != nil {
		return err
	}
	return c.report(samples)
}

// scored refuses a result without samples, and says what was left out.
func (c *evalCmd) scored(samples, without int) error {
	if samples == 0 {
		return fmt.Errorf("recording %s has no ground truth between --from and --to: widen them", c.File)
	}
	if without > 0 {
		fmt.Fprintf(os.Stderr, "%d ground-truth frames have no sweep of the reference and are not scored\n", without)
	}
	return nil
}

// process runs the model over the recording, from a little before the first frame that is scored. listen sets where the outputs go.
func (c *evalCmd) process(ctx context.Context, s *scoring, listen func(classes []string, opt *pipeline.Options)) (err error) {
	n, err := c.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	opt := engineOptions(n, s.rig, c.Strategy)
	opt.HealthNs = 0
	listen(n.pack.Classes, &opt)
	if opt.Mask, err = parseMask(c.Sensors, s.rig); err != nil {
		return err
	}
	e, err := pipeline.New(opt)
	if err != nil {
		return err
	}
	const warmUp, tail = sensors.StampNs(1e9), sensors.StampNs(2e8)
	po := pipeline.ProcessOptions{}
	if s.from > warmUp {
		po.From = s.from - warmUp
	}
	if s.to > 0 {
		po.To = s.to + tail
	}
	progress, finish := eventBar(s.recording, "evaluate")
	po.Progress = progress
	err = pipeline.Process(ctx, s.recording, e, po)
	finish()
	return errors.Join(err, e.Close())
}

func topicsOf(r *replay.Reader, kind string) (topics []string) {
	for _, s := range r.Streams() {
		if s.Name.Kind == kind {
			topics = append(topics, s.Topic)
		}
	}
	return topics
}

// eachObjectList hands every published list to add.
func eachObjectList(r *replay.Reader, topics []string, add func(*fusionv1.ObjectList) error) error {
	for m, err := range r.Messages(replay.Options{Topics: topics}) {
		if err != nil {
			return err
		}
		list := &fusionv1.ObjectList{}
		if err := proto.Unmarshal(m.Data, list); err != nil {
			return fmt.Errorf("read objects of %s: %w", r.Path(), err)
		}
		if err := add(list); err != nil {
			return err
		}
	}
	return nil
}
