package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/schollz/progressbar/v3"

	"github.com/fusiond/fusiond/replay/nuscenes"
)

type importCmd struct {
	Nuscenes importNuscenesCmd `cmd:"" help:"A folder in nuScenes' layout: one recording a scene."`
}

type importNuscenesCmd struct {
	Folder   string   `arg:"" help:"Folder that holds the tables' folder, samples and sweeps." type:"existingdir"`
	Out      string   `required:"" help:"Recording to write; with several scenes each one's name is put before the ending." type:"path"`
	Scene    []string `help:"Import only these scenes."`
	Tables   string   `help:"Name of the tables' folder, for example v1.0-mini; default: the only one there."`
	Vehicle  string   `help:"Vehicle id in topics; default: the scene's name."`
	Deskewed string   `enum:"auto,yes,no" default:"auto" help:"Whether points are already moved to their sweep's stamp; auto: when per-point times are beside them."`
	Foxglove bool     `help:"Add copies of images and clouds in Foxglove's own types."`
	JSON     bool     `help:"Print the report as JSON."`
}

// Run implements the verb.
func (c *importNuscenesCmd) Run(ctx context.Context) error {
	report, err := importNuscenes(ctx, nuscenes.Config{
		Folder: c.Folder, Version: c.Tables, Scenes: c.Scene, Out: c.Out, Vehicle: c.Vehicle, Foxglove: c.Foxglove,
		Deskewed: map[string]nuscenes.Deskew{
			"auto": nuscenes.DeskewByTimes, "yes": nuscenes.DeskewYes, "no": nuscenes.DeskewNo,
		}[c.Deskewed],
	})
	if report != nil {
		if c.JSON {
			err = errors.Join(err, writeJSON(os.Stdout, report))
		} else {
			err = errors.Join(err, report.WriteText(os.Stdout))
		}
	}
	if err != nil {
		return err
	}
	if n := report.Lost(); n > 0 {
		return loss("import finished, but %d files were missing or damaged", n)
	}
	return nil
}

// importNuscenes imports with a progress bar.
func importNuscenes(ctx context.Context, c nuscenes.Config) (*nuscenes.Report, error) {
	var bar *progressbar.ProgressBar
	scene := ""
	c.Progress = func(name string, done, total int) {
		if bar == nil || name != scene {
			bar, scene = newBar(int64(total), "import "+name), name
		}
		_ = bar.Set(done) // a bar that cannot be drawn is no reason to stop
	}
	report, err := nuscenes.Import(ctx, c)
	if bar != nil {
		_ = bar.Finish()
	}
	if err != nil {
		return report, fmt.Errorf("import %s: %w", c.Folder, err)
	}
	return report, nil
}
