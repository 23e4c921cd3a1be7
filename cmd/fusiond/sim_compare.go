package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sim"
	"github.com/fusiond/fusiond/sim/compare"
)

type simCompareCmd struct {
	File     string `arg:"" help:"Real recording with a rig, ground truth and a spinning lidar (MCAP)." type:"existingfile"`
	Out      string `required:"" help:"Folder to write report.html, report.json and pictures into." type:"path"`
	Scenario string `help:"Compare with this scenario instead of streets of several kinds: a file, or the name of a built-in one."`
	Sweeps   int    `default:"24" help:"Sweeps to compare of each side."`
	Workers  int    `help:"Shots in the making at once; 0 is the number of cores. The report does not depend on it."`
	JSON     bool   `help:"Print the report as JSON too."`
}

// shownMeasures is how many distances the verb prints; the report has all.
const shownMeasures = 15

// Run implements the verb.
func (c *simCompareCmd) Run(ctx context.Context) (err error) {
	if c.Sweeps < 1 || c.Sweeps > 1000 {
		return usage("sim compare: --sweeps %d: give 1 to 1000", c.Sweeps)
	}
	o := compare.Options{Sweeps: c.Sweeps, Workers: c.Workers}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if c.Scenario != "" {
		if o.Scenario, err = sim.LoadScenario(c.Scenario); err != nil {
			return err
		}
	}
	r, err := replay.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	bar := newBar(1, "compare")
	o.Progress = func(done, of int) {
		bar.ChangeMax(of)
		_ = bar.Set(done)
	}
	report, err := compare.Run(ctx, r, o)
	_ = bar.Finish()
	if err != nil {
		return fmt.Errorf("compare %s: %w", c.File, err)
	}
	if err := writeComparison(report, c.Out); err != nil {
		return err
	}
	if c.JSON {
		return report.WriteJSON(os.Stdout)
	}
	return printComparison(report, c.Out)
}

// writeComparison writes the report's files, each whole or not at all.
func writeComparison(r *compare.Report, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	names, files, err := r.Pictures()
	if err != nil {
		return err
	}
	var page, data bytes.Buffer
	if err := errors.Join(r.WriteHTML(&page), r.WriteJSON(&data)); err != nil {
		return err
	}
	names, files = append(names, "report.html", "report.json"), append(files, page.Bytes(), data.Bytes())
	for i, name := range names {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path+".part", files[i], 0o644); err != nil {
			return errors.Join(err, os.Remove(path+".part"))
		}
		if err := os.Rename(path+".part", path); err != nil {
			return err
		}
	}
	return nil
}

func printComparison(r *compare.Report, dir string) error {
	fmt.Printf("real: %d sweeps of %.0f points; simulated: %d of %.0f, %d drives with a %s\n",
		r.Real.Sweeps, r.Real.PointsPerSweep, r.Simulated.Sweeps, r.Simulated.PointsPerSweep, len(r.Streets), r.Unit)
	for _, l := range r.LeftOut {
		fmt.Printf("left out: %s\n", l)
	}
	fmt.Printf("%-34s %6s %7s %9s\n", "largest differences", "size", "halves", "distance")
	for i := range r.Measures[:min(shownMeasures, len(r.Measures))] {
		m := &r.Measures[i]
		fmt.Printf("%-34s %6s %7s %9s %s\n", m.ID, numberText(m.Size), numberText(m.Self), numberText(m.Distance), m.Unit)
	}
	_, err := fmt.Printf("%s\n", filepath.Join(dir, "report.html"))
	return err
}

func numberText(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.3g", *v)
}
