package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/sensors"
)

type modelMeasureCmd struct {
	Drive   string   `arg:"" help:"Recording with ground truth (MCAP)." type:"existingfile"`
	Data    string   `required:"" help:"What the drive is, as the manifest shall say it: simulated or real, and whether training saw it."`
	From    float64  `help:"Score from here on, seconds from the recording's start."`
	Classes []string `default:"car,truck,pedestrian" help:"Classes whose average precision at 2 m is noted, where the drive has them."`
	Remark  string   `help:"Remark to the figures."`
	Rig     string   `help:"Rig file; default: the recording's own." type:"path"`
	modelFlags
}

// Help implements kong's long help.
func (c *modelMeasureCmd) Help() string {
	return "Evaluates a package on a recording, with all sensors and with each modality alone, and writes the figures into its manifest.yaml, " +
		"where fusiond model inspect shows them. Figures of the same --data are replaced."
}

// Run implements the verb.
func (c *modelMeasureCmd) Run(ctx context.Context) (err error) {
	for _, class := range c.Classes {
		if !slices.Contains(encoders.TriBEV().Classes, class) {
			return usage("model measure: --classes %s: the classes are %s", class, strings.Join(encoders.TriBEV().Classes, ", "))
		}
	}
	r, rig, truth, err := openWithTruth(c.Drive, c.Rig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	s := scoring{recording: r, rig: rig, truth: truth}
	start, end := r.Range()
	if c.From < 0 || c.From >= end.Sub(start).Seconds() {
		return usage("model measure: --from %g is no part of the recording's 0..%.1f s", c.From, end.Sub(start).Seconds())
	}
	if c.From > 0 {
		s.from = start + sensors.StampNs(c.From*1e9)
	}
	var figures []encoders.Figure
	for _, choice := range alone(rig) {
		measured, err := c.score(ctx, &s, choice)
		if err != nil {
			return err
		}
		figures = append(figures, c.figures(choice, measured)...)
	}
	path := filepath.Join(c.Model, encoders.ManifestName)
	manifest, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("model measure: %w", err)
	}
	if manifest, err = withFigures(manifest, path, figures); err != nil {
		return err
	}
	if err := os.WriteFile(path+".part", manifest, 0o644); err != nil { //nolint:gosec // a package is for others to read
		return fmt.Errorf("model measure: %w", err)
	}
	if err := os.Rename(path+".part", path); err != nil {
		return fmt.Errorf("model measure: %w", err)
	}
	return (&modelInspectCmd{Package: c.Model}).Run()
}

// figures are what the manifest says of one choice of sensors.
func (c *modelMeasureCmd) figures(choice string, f *modelFigures) (out []encoders.Figure) {
	command := "fusiond eval " + filepath.Base(c.Drive)
	if c.From > 0 {
		command += fmt.Sprintf(" --from %g", c.From)
	}
	if choice != allSensors {
		command += " --sensors " + choice
	}
	if c.Strategy != "attention" {
		command += " --strategy " + c.Strategy
	}
	remark := fmt.Sprintf("%d sweeps scored", f.sets)
	if c.Remark != "" {
		remark += "; " + c.Remark
	}
	add := func(metric string, value float64) {
		out = append(out, encoders.Figure{Data: c.Data, Sensors: choice, Metric: metric, Value: value, Command: command, Remark: remark})
	}
	for _, class := range c.Classes {
		if ap, ok := f.AP2m[class]; ok {
			add("AP "+class+" at 2 m", ap)
		}
	}
	add(fmt.Sprintf("mAP (%d of %d classes have ground truth)", len(f.AP2m), len(encoders.TriBEV().Classes)), f.MAP)
	return out
}

// withFigures returns a manifest with figures in place of those of the same data. Nothing else in it changes.
func withFigures(manifest []byte, name string, figures []encoders.Figure) ([]byte, error) {
	m, err := encoders.ParseManifest(manifest, name)
	if err != nil {
		return nil, err
	}
	kept := slices.DeleteFunc(slices.Clone(m.Figures), func(old encoders.Figure) bool {
		return slices.ContainsFunc(figures, func(f encoders.Figure) bool { return f.Data == old.Data })
	})
	section, err := yaml.Marshal(map[string][]encoders.Figure{"figures": append(kept, figures...)})
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	// The section is a key of the first column, with all the lines that do not begin another one.
	var out []byte
	inside := false
	for line := range bytes.Lines(manifest) {
		if first := line[0]; first != ' ' && first != '-' && first != '#' && first != '\n' {
			inside = bytes.HasPrefix(line, []byte("figures:"))
		}
		if !inside {
			out = append(out, line...)
		}
	}
	out = append(append(bytes.TrimRight(out, "\n"), '\n'), section...)
	if _, err := encoders.ParseManifest(out, name); err != nil {
		return nil, fmt.Errorf("with the new figures: %w", err)
	}
	return out, nil
}
