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
	File     string   `arg:"" help:"Recording; the objects of one that holds some are drawn as they are, others go through the model first." type:"existingfile"`
	Film     int      `default:"6" help:"Draw this many moments of the drive side by side, up to 8."`
	At       *float64 `help:"Draw one moment with all cameras instead: seconds from the recording's start; the nearest set is drawn."`
	Out      string   `required:"" help:"PNG to write." type:"path"`
	Inputs   string   `help:"Recording with the sensors' messages; default: FILE itself. Name what FILE was processed from." type:"existingfile"`
	Rig      string   `help:"Rig file; default: the recording's own." type:"path"`
	Sensors  string   `help:"Fuse only these modalities or sensors, whatever objects the recording holds."`
	MinScore float64  `default:"0.25" help:"Draw objects with at least this existence."`
	modelFlags
}

// Run implements the verb.
func (c *renderCmd) Run(ctx context.Context) (err error) {
	if c.Film < 1 || c.Film > render.MaxFilm {
		return usage("render: --film %d: want 1 to %d moments", c.Film, render.MaxFilm)
	}
	file, rig, err := openRecording(c.File, c.Rig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	inputs := file
	if c.Inputs != "" {
		if inputs, rig, err = openRecording(c.Inputs, c.Rig); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, inputs.Close()) }()
	}
	if len(topicsOf(inputs, "sensor")) == 0 {
		return fmt.Errorf("render: recording %s holds no sensor's messages: name the one that it was processed from with --inputs", inputs.Path())
	}
	first, last := inputs.Range()
	po := pipeline.ProcessOptions{}
	at := first
	if c.At != nil {
		if at += sensors.StampNs(*c.At * 1e9); at < first || at > last {
			return usage("render: --at %g is not inside the recording's 0..%.1f s", *c.At, last.Sub(first).Seconds())
		}
		// Two seconds before let the tracker settle.
		po.From, po.To = max(at-2e9, 1), at+3e8
	}
	lists, err := c.lists(ctx, file, inputs, rig, po)
	if err != nil {
		return err
	}
	if len(lists) == 0 {
		return fmt.Errorf("render: recording %s has no set to draw", c.File)
	}
	// Stamps lie a little before the arrivals that Range tells.
	if stamp := sensors.StampNs(lists[0].Header.GetStamp()); stamp < first-1e9 || stamp > last {
		return fmt.Errorf("render: the objects of %s are of another time than the sensors' messages of %s: name what it was processed from with --inputs",
			c.File, inputs.Path())
	}
	p, err := newPainter(inputs, rig, c.MinScore)
	if err != nil {
		return err
	}
	if c.At == nil {
		return p.film(lists, c.Film, c.Out)
	}
	best := lists[0]
	for _, l := range lists {
		if distance(l, at) < distance(best, at) {
			best = l
		}
	}
	return p.picture(best, c.Out)
}

// lists returns the objects that file holds, or else what the model makes of the sensors' messages.
func (c *renderCmd) lists(
	ctx context.Context, file, inputs *replay.Reader, rig *sensors.Rig, po pipeline.ProcessOptions,
) (lists []*fusionv1.ObjectList, err error) {
	add := func(l *fusionv1.ObjectList) error {
		lists = append(lists, l)
		return nil
	}
	if topics := topicsOf(file, pipeline.ObjectsOutput); c.Sensors == "" && len(topics) > 0 {
		return lists, eachObjectList(file, topics, add)
	}
	n, err := c.open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	opt := engineOptions(n, rig, c.Strategy)
	opt.HealthNs = 0
	opt.Sink = func(o pipeline.Output) {
		if l, ok := o.Message.(*fusionv1.ObjectList); ok {
			lists = append(lists, l)
		}
	}
	if opt.Mask, err = parseMask(c.Sensors, rig); err != nil {
		return nil, err
	}
	e, err := pipeline.New(opt)
	if err != nil {
		return nil, err
	}
	progress, finish := eventBar(inputs, "fuse")
	po.Progress = progress
	err = pipeline.Process(ctx, inputs, e, po)
	finish()
	return lists, errors.Join(err, e.Close())
}

func distance(l *fusionv1.ObjectList, at sensors.StampNs) int64 {
	d := l.Header.Stamp - int64(at)
	return max(d, -d)
}

// painter draws sets of a recording.
type painter struct {
	inputs   *replay.Reader
	rig      *sensors.Rig
	truth    *pipeline.Truth
	minScore float64
}

func newPainter(inputs *replay.Reader, rig *sensors.Rig, minScore float64) (*painter, error) {
	truth, err := pipeline.LoadTruth(inputs)
	return &painter{inputs, rig, truth, minScore}, err
}

// picture draws one set with all cameras into a PNG.
func (p *painter) picture(l *fusionv1.ObjectList, out string) error {
	scene, err := p.scene(l)
	if err != nil {
		return err
	}
	scene.Title = p.rig.Vehicle
	scene.Subtitle = fmt.Sprintf("%.1f s into the recording", p.seconds(l))
	img, err := render.Draw(scene)
	if err != nil {
		return err
	}
	return writePicture(img, out)
}

// film draws n moments of a drive side by side into a PNG.
func (p *painter) film(lists []*fusionv1.ObjectList, n int, out string) error {
	var frames []render.Frame
	for _, l := range moments(lists, n) {
		scene, err := p.scene(l)
		if err != nil {
			return err
		}
		f := render.Frame{Scene: scene, AtS: p.seconds(l), Labelled: -1, FoundRangeM: foundRangeM}
		if scene.Truth != nil {
			f.Labelled, f.Found, f.False = foundIn(l, scene.Truth)
		}
		frames = append(frames, f)
	}
	img, err := render.Film(frames)
	if err != nil {
		return err
	}
	return writePicture(img, out)
}

// scene gathers a set, with the objects that are worth showing.
func (p *painter) scene(l *fusionv1.ObjectList) (render.Scene, error) {
	shown := &fusionv1.ObjectList{
		Header: l.Header, SetId: l.SetId, Mode: l.Mode, ModeReason: l.ModeReason, Model: l.Model,
		RigRevision: l.RigRevision, Strategy: l.Strategy, Modalities: l.Modalities, Manifest: l.Manifest,
	}
	for _, o := range l.Objects {
		if float64(o.Existence) >= p.minScore {
			shown.Objects = append(shown.Objects, o)
		}
	}
	return pipeline.Scene(p.inputs, p.rig, shown, p.truth.At(sensors.StampNs(l.Header.Stamp)))
}

// seconds is a set's time from the recording's start.
func (p *painter) seconds(l *fusionv1.ObjectList) float64 {
	start, _ := p.inputs.Range()
	return sensors.StampNs(l.Header.Stamp).Sub(start).Seconds()
}

// moments picks lists spread evenly over the drive, from a second after its start, when tracks have settled, to its end; a short
// drive's begin earlier.
func moments(lists []*fusionv1.ObjectList, n int) []*fusionv1.ObjectList {
	n = min(n, len(lists))
	first := min(10, len(lists)-n)
	out := make([]*fusionv1.ObjectList, n)
	for i := range out {
		out[i] = lists[len(lists)-1-(len(lists)-1-first)*(n-1-i)/max(n-1, 1)]
	}
	return out
}

func writePicture(img *image.RGBA, out string) error {
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	return errors.Join(render.WritePNG(f, img), f.Close())
}
