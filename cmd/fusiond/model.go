package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/fusiond/fusiond/encoders"
)

type modelCmd struct {
	Verify  modelVerifyCmd  `cmd:"" help:"Compare a package's networks with its golden tensors, and a provider with the CPU."`
	Inspect modelInspectCmd `cmd:"" help:"Say what a package holds and what was measured of it."`
	Measure modelMeasureCmd `cmd:"" help:"Evaluate a package on a recording, and write the figures into its manifest."`
	Adapt   modelAdaptCmd   `cmd:"" help:"Fine-tune a package on a few labelled sweeps of another vehicle, and measure the gain."`
}

type modelVerifyCmd struct {
	Package  string `arg:"" optional:"" default:"models/tribev" help:"Folder of the model package." type:"path"`
	Provider string `default:"cpu" help:"auto, cpu, cuda, tensorrt, webgpu or plugin:PATH."`
	Library  string `help:"Own ONNX Runtime library." type:"path"`
	Threads  int    `default:"1" help:"Threads an operator."`
	JSON     bool   `help:"Print every comparison as JSON."`
}

// Run implements the verb.
func (c *modelVerifyCmd) Run(ctx context.Context) (err error) {
	n, err := (&modelFlags{Model: c.Package, Provider: c.Provider, Library: c.Library, Threads: c.Threads}).open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	v, err := encoders.Verify(ctx, n.runtime, n.pack, n.options)
	if err != nil {
		return err
	}
	if c.JSON {
		err = writeJSON(os.Stdout, v)
	} else {
		err = printVerification(n.pack, v)
	}
	if err != nil {
		return err
	}
	if err := v.Err(); err != nil {
		return fmt.Errorf("model package %s: %w", n.pack.Dir, err)
	}
	return nil
}

func printVerification(p *encoders.Package, v *encoders.Verification) error {
	if _, err := fmt.Printf("%s on provider %s (largest differences; tolerance %g)\n", p.Label(), v.Provider, v.Tolerance); err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	row := func(cells ...any) {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", cells...) // a tabwriter fails only in Flush
	}
	row("network", "golden", "subsets", "against cpu", "masking")
	cell := func(network, kind string) string {
		worst, count := v.Worst(network, kind)
		switch {
		case count == 0:
			return "-"
		case kind == "masking":
			return fmt.Sprintf("%g values changed (%d checks)", worst, count)
		}
		return fmt.Sprintf("%.1e (%d)", worst, count)
	}
	var files []string
	for _, c := range v.Comparisons {
		if !slices.Contains(files, c.Network) {
			files = append(files, c.Network)
		}
	}
	for _, f := range files {
		row(f, cell(f, "full"), cell(f, "subset"), cell(f, "cpu"), cell(f, "masking"))
	}
	return w.Flush()
}

type modelInspectCmd struct {
	Package string `arg:"" optional:"" default:"models/tribev" help:"Folder of the model package." type:"path"`
	JSON    bool   `help:"Print the manifest as JSON."`
}

// Run implements the verb.
func (c *modelInspectCmd) Run() error {
	p, err := encoders.LoadPackage(c.Package)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(os.Stdout, p.Manifest)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	row := func(k, format string, args ...any) {
		_, _ = fmt.Fprintf(w, "%s\t%s\n", k, fmt.Sprintf(format, args...)) // a tabwriter fails only in Flush
	}
	row("package", "%s", p.Label())
	row("licence", "%s", p.Licence)
	row("description", "%s", p.Description)
	row("grid", "%d x %d cells of %.1f m, heads %d x %d, %d channels", p.Grid.TokenCells, p.Grid.TokenCells, p.BEV().TokenM(),
		p.Grid.HeadCells, p.Grid.HeadCells, p.Grid.Channels)
	row("classes", "%v", p.Classes)
	e := &p.Encoders
	for _, n := range []encoders.Network{e.Lidar.Network, e.Radar.Network, e.Camera.Network} {
		trained := "trained"
		if !n.Trained {
			trained = "not trained: its modality is not used"
		}
		row(n.File, "%v -> %v, %s", n.Input.Shape, n.Output.Shape, trained)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Fusers)) {
		row(p.Fusers[name].File, "strategy %s", name)
	}
	for i := range p.Members {
		m := &p.Members[i]
		row(m.File, "member %s of strategy %s: %s, licence %s, from %s", m.Name, encoders.LateFuser, m.Kind, m.Licence, m.Source)
	}
	for _, f := range p.Figures {
		row("measured", "%s, %s: %s %.3f (%s) %s", f.Data, f.Sensors, f.Metric, f.Value, f.Command, f.Remark)
	}
	return w.Flush()
}
