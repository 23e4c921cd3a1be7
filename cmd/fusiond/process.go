package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/fusiond/fusiond/internal/pipeline"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/replay/foxglove"
)

type processCmd struct {
	File     string `arg:"" help:"Recording (MCAP)." type:"existingfile"`
	Out      string `required:"" help:"Recording to write: objects, manifests, health, the ground truth if there is one, and boxes and transforms for viewers." type:"path"`
	Rig      string `help:"Rig file; default: the recording's own." type:"path"`
	Sensors  string `help:"Fuse only these modalities or sensors, for example lidar,camera."`
	Foxglove bool   `help:"Add copies of images and clouds in Foxglove's own types."`
	JSON     bool   `help:"Print the summary as JSON."`
	modelFlags
}

// processSummary is the verb's result.
type processSummary struct {
	Out            string  `json:"out"`
	Sets           uint64  `json:"sets"`
	DurationS      float64 `json:"duration_s"`
	WallS          float64 `json:"wall_s"`
	TimesRealTime  float64 `json:"times_real_time"`
	DroppedSamples uint64  `json:"dropped_samples"`
}

// Run implements the verb.
func (c *processCmd) Run(ctx context.Context) (err error) {
	r, rig, err := openRecording(c.File, c.Rig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	n, err := c.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	vehicle := vehicleOf(r, rig)
	if err := notInto(c.File, c.Out); err != nil {
		return err
	}
	w, err := replay.Create(c.Out, replay.WriterOptions{
		Rig: rig, Source: "fusiond process", Metadata: map[string]string{"model": n.pack.Hash, "strategy": c.Strategy},
	})
	if err != nil {
		return err
	}
	sink := &processSink{file: pipeline.NewFileSink(w, vehicle), views: foxglove.NewViews(w, rig)}
	if c.Foxglove {
		sink.copies = foxglove.NewCopier(r, sink.views)
		defer sink.copies.Close()
	}
	opt := engineOptions(n, rig, c.Strategy)
	opt.Sink = sink.put
	if opt.Mask, err = parseMask(c.Sensors, rig); err != nil {
		return errors.Join(err, w.Close())
	}
	e, err := pipeline.New(opt)
	if err != nil {
		return errors.Join(err, w.Close())
	}
	progress, finish := eventBar(r, "process")
	start := time.Now()
	err = pipeline.Process(ctx, r, e, pipeline.ProcessOptions{
		Changes: true, Forward: []string{"truth"}, Progress: progress, Stop: sink.err,
	})
	if err == nil {
		err = sink.finish()
	}
	finish()
	wall := time.Since(start)
	s := summarise(c.Out, r, e, wall)
	if err := errors.Join(err, e.Close(), w.Close()); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(os.Stdout, s)
	}
	_, err = fmt.Printf("%s: %d sets of %.1f s in %.2f s (%.1f times real time), %d samples dropped\n",
		s.Out, s.Sets, s.DurationS, s.WallS, s.TimesRealTime, s.DroppedSamples)
	return err
}

func summarise(out string, r *replay.Reader, e *pipeline.Engine, wall time.Duration) processSummary {
	first, last := r.Range()
	s := processSummary{Out: out, Sets: e.Sets(), DurationS: last.Sub(first).Seconds(), WallS: wall.Seconds()}
	s.TimesRealTime = s.DurationS / s.WallS
	for _, st := range e.Streams() {
		for _, d := range st.Dropped {
			s.DroppedSamples += d.Count
		}
	}
	return s
}

// processSink writes the Engine's outputs, and beside them what viewers draw.
type processSink struct {
	file   *pipeline.FileSink
	views  *foxglove.Views
	copies *foxglove.Copier // nil without copies of images and clouds
	failed atomic.Pointer[error]
}

// put writes one output; after an error it does nothing.
func (s *processSink) put(o pipeline.Output) {
	if s.err() != nil {
		return
	}
	if err := s.write(o); err != nil {
		s.failed.Store(&err)
	}
}

func (s *processSink) write(o pipeline.Output) error {
	if s.copies != nil {
		if err := s.copies.Until(o.At); err != nil {
			return err
		}
	}
	s.file.Put(o)
	if err := s.file.Err(); err != nil {
		return err
	}
	if list, ok := o.Message.(*fusionv1.ObjectList); ok {
		return s.views.Objects(list, o.At)
	}
	frame := &fusionv1.TruthFrame{}
	if o.Schema != string(frame.ProtoReflect().Descriptor().FullName()) {
		return nil
	}
	if err := proto.Unmarshal(o.Payload, frame); err != nil {
		return fmt.Errorf("read ground truth at %d: %w", o.Stamp, err)
	}
	return s.views.Truth(frame, o.At)
}

// finish writes what follows the last output, and returns the first error of all.
func (s *processSink) finish() error {
	if err := s.err(); err != nil || s.copies == nil {
		return err
	}
	return s.copies.Until(math.MaxInt64)
}

func (s *processSink) err() error {
	if err := s.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// notInto refuses an output that is the input: creating it would empty what is still to be read.
func notInto(in, out string) error {
	a, err := os.Stat(in)
	if err != nil {
		return err
	}
	if b, err := os.Stat(out); err == nil && os.SameFile(a, b) {
		return fmt.Errorf("write %s: it is the recording that is read: name another output", out)
	}
	return nil
}
