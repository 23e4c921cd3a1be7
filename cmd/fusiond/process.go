package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/fusiond/fusiond/internal/pipeline"
	"github.com/fusiond/fusiond/replay"
)

type processCmd struct {
	File    string `arg:"" help:"Recording (MCAP)." type:"existingfile"`
	Out     string `required:"" help:"Recording to write: objects, manifests, health, and the ground truth if there is one." type:"path"`
	Rig     string `help:"Rig file; default: the recording's own." type:"path"`
	Sensors string `help:"Fuse only these modalities or sensors, for example lidar,camera."`
	JSON    bool   `help:"Print the summary as JSON."`
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
	w, err := replay.Create(c.Out, replay.WriterOptions{
		Rig: rig, Source: "fusiond process", Metadata: map[string]string{"model": n.pack.Hash, "strategy": c.Strategy},
	})
	if err != nil {
		return err
	}
	sink := pipeline.NewFileSink(w, vehicle)
	opt := engineOptions(n, rig, c.Strategy)
	opt.Sink = sink.Put
	if opt.Mask, err = parseMask(c.Sensors, rig); err != nil {
		return errors.Join(err, w.Close())
	}
	e, err := pipeline.New(opt)
	if err != nil {
		return errors.Join(err, w.Close())
	}
	progress, finish := eventBar(r, "process")
	start := time.Now()
	err = pipeline.Process(ctx, r, e, pipeline.ProcessOptions{Forward: []string{"truth"}, Progress: progress, Stop: sink.Err})
	finish()
	wall := time.Since(start)
	s := summarise(c.Out, r, e, wall)
	if err := errors.Join(err, e.Close(), sink.Err(), w.Close()); err != nil {
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
