package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"

	"github.com/fusiond/fusiond/internal/pipeline"
	"github.com/fusiond/fusiond/internal/render"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

type renderCmd struct {
	File     string  `arg:"" help:"Recording with the sensors' messages (MCAP)." type:"existingfile"`
	At       float64 `required:"" help:"Seconds from the recording's start; the nearest set is drawn."`
	Out      string  `required:"" help:"PNG to write." type:"path"`
	Rig      string  `help:"Rig file; default: the recording's own." type:"path"`
	Sensors  string  `help:"Fuse only these modalities or sensors."`
	MinScore float64 `default:"0.25" help:"Draw objects with at least this existence."`
	modelFlags
}

// Run implements the verb.
func (c *renderCmd) Run(ctx context.Context) (err error) {
	r, rig, err := openRecording(c.File, c.Rig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	first, last := r.Range()
	at := first + sensors.StampNs(c.At*1e9)
	if at < first || at > last {
		return usage("render: --at %g is not inside the recording's 0..%.1f s", c.At, last.Sub(first).Seconds())
	}
	n, err := c.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	var best *fusionv1.ObjectList
	opt := engineOptions(n, rig, c.Strategy)
	opt.HealthNs = 0
	opt.Sink = func(o pipeline.Output) {
		if l, ok := o.Message.(*fusionv1.ObjectList); ok && (best == nil || distance(l, at) < distance(best, at)) {
			best = l
		}
	}
	if opt.Mask, err = parseMask(c.Sensors, rig); err != nil {
		return err
	}
	e, err := pipeline.New(opt)
	if err != nil {
		return err
	}
	// Two seconds before let the tracker settle.
	err = pipeline.Process(ctx, r, e, pipeline.ProcessOptions{From: max(at-2e9, 1), To: at + 3e8})
	if err := errors.Join(err, e.Close()); err != nil {
		return err
	}
	if best == nil {
		return fmt.Errorf("recording %s has no set near %g s", c.File, c.At)
	}
	return drawSet(r, rig, best, c.MinScore, c.Out)
}

func distance(l *fusionv1.ObjectList, at sensors.StampNs) int64 {
	d := l.Header.Stamp - int64(at)
	return max(d, -d)
}

// drawSet draws one set of a recording into a PNG.
func drawSet(r *replay.Reader, rig *sensors.Rig, list *fusionv1.ObjectList, minScore float64, out string) error {
	img, err := setPicture(r, rig, list, minScore)
	if err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	return errors.Join(render.WritePNG(f, img), f.Close())
}

// setPicture draws one set of a recording.
func setPicture(r *replay.Reader, rig *sensors.Rig, list *fusionv1.ObjectList, minScore float64) (*image.RGBA, error) {
	truth, err := pipeline.LoadTruth(r)
	if err != nil {
		return nil, err
	}
	shown := &fusionv1.ObjectList{
		Header: list.Header, SetId: list.SetId, Mode: list.Mode, ModeReason: list.ModeReason, Model: list.Model,
		RigRevision: list.RigRevision, Strategy: list.Strategy, Modalities: list.Modalities, Manifest: list.Manifest,
	}
	for _, o := range list.Objects {
		if float64(o.Existence) >= minScore {
			shown.Objects = append(shown.Objects, o)
		}
	}
	scene, err := pipeline.Scene(r, rig, shown, truth.At(sensors.StampNs(list.Header.Stamp)))
	if err != nil {
		return nil, err
	}
	start, _ := r.Range()
	scene.Title = rig.Vehicle
	scene.Subtitle = fmt.Sprintf("%.1f s into the recording", sensors.StampNs(list.Header.Stamp).Sub(start).Seconds())
	return render.Draw(scene)
}
