package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/fusiond/fusiond/internal/pipeline"
	"github.com/fusiond/fusiond/internal/suite"
	"github.com/fusiond/fusiond/sensors"
)

// suiteFlags are those of eval --suite and --suite-compare.
type suiteFlags struct {
	Suite        bool     `help:"Run the robustness suite: every subset of the sensors, weather, faults, visibility, recovery, calibration, on simulated worlds that training never saw. Writes suite.json, report.html, report.md and visibility.png into --out; what is finished is kept, and a run that was interrupted goes on."`
	Out          string   `help:"With --suite: folder to write." type:"path"`
	Worlds       int      `help:"With --suite: number of test worlds; default 4, quick 1."`
	Quick        bool     `help:"With --suite: the middle severities and every other visibility only."`
	Drive        string   `help:"With --suite: a real drive with ground truth to measure as well, its last 2.4 s." type:"existingfile"`
	Baseline     string   `help:"With --suite: suite.json of another network, for mRRA and mCE." type:"existingfile"`
	Cache        string   `help:"With --suite: folder of finished units, which runs for other networks use again; default: cache inside --out." type:"path"`
	Workers      int      `help:"With --suite: drives worked on at once; 0 is the number of cores. The figures do not depend on it."`
	SuiteCompare bool     `help:"Print one table of several suite.json, named as arguments."`
	More         []string `arg:"" optional:"" help:"More suite.json for --suite-compare." type:"existingfile"`
}

// suite dispatches the suite's verbs; done is false if the flags ask for something else.
func (c *evalCmd) suite(ctx context.Context) (done bool, err error) {
	switch {
	case c.SuiteCompare && c.File == "":
		return true, usage("eval: --suite-compare needs one or more suite.json as arguments")
	case c.SuiteCompare:
		return true, c.compareSuites(append([]string{c.File}, c.More...))
	case len(c.More) > 0:
		return true, usage("eval: %q is one argument too many", c.More[0])
	case !c.Suite && (c.Out != "" || c.Quick || c.Worlds != 0 || c.Drive != "" || c.Baseline != "" || c.Cache != "" || c.Workers != 0):
		return true, usage("eval: --out, --worlds, --quick, --drive, --baseline, --cache and --workers belong to --suite: give it too")
	case !c.Suite:
		return false, nil
	case c.File != "" || c.GroundTruth != "" || c.Predictions != "" || c.Tracking || c.Sensors != "" || c.From != 0 || c.To != 0 || c.Rig != "":
		return true, usage("eval: --suite makes its own drives and takes every subset: leave the recording and --sensors, --from, --to, --rig, --tracking out")
	case c.Out == "":
		return true, usage("eval: --suite needs --out DIR")
	}
	return true, c.runSuite(ctx)
}

func (c *evalCmd) compareSuites(files []string) error {
	var reports []*suite.Report
	for _, f := range files {
		r, err := suite.LoadReport(f)
		if err != nil {
			return err
		}
		reports = append(reports, r)
	}
	if c.JSON {
		return writeJSON(os.Stdout, suite.Compare(reports))
	}
	return suite.WriteComparison(os.Stdout, reports)
}

func (c *evalCmd) runSuite(ctx context.Context) (err error) {
	var baseline *suite.Report
	if c.Baseline != "" {
		if baseline, err = suite.LoadReport(c.Baseline); err != nil {
			return err
		}
	}
	n, err := c.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	o := suite.Options{
		Worlds: c.Worlds, Quick: c.Quick, Drive: c.Drive, Cache: c.Cache, Workers: c.Workers, Clock: now,
		Engine: func(rig *sensors.Rig) pipeline.Options {
			opt := engineOptions(n, rig, c.Strategy)
			// What faults do to samples is what is measured, not what is worth a line each.
			opt.Log = slog.New(slog.DiscardHandler)
			return opt
		},
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if o.Cache == "" {
		o.Cache = filepath.Join(c.Out, "cache")
	}
	if o.Program, err = suite.ProgramHash(); err != nil {
		return err
	}
	bar := newBar(1, "suite")
	o.Progress = func(done, total int, what string) {
		bar.ChangeMax(total)
		bar.Describe("suite, " + what)
		_ = bar.Set(done)
	}
	report, err := suite.Run(ctx, o)
	_ = bar.Finish()
	if err != nil {
		return err
	}
	report.Command = strings.Join(append([]string{"fusiond"}, os.Args[1:]...), " ")
	report.Date = time.Now().UTC().Format(time.DateOnly)
	report.Machine = fmt.Sprintf("%d cores, %s/%s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	if baseline != nil {
		if err := report.CompareWith(baseline); err != nil {
			return fmt.Errorf("baseline %s: %w", c.Baseline, err)
		}
	}
	if err := writeSuite(report, c.Out); err != nil {
		return err
	}
	if c.JSON {
		return report.WriteJSON(os.Stdout)
	}
	if err := report.WriteMarkdown(os.Stdout); err != nil {
		return err
	}
	_, err = fmt.Printf("\n%s\n", filepath.Join(c.Out, "report.html"))
	return err
}

// writeSuite writes the report's files, each whole or not at all.
func writeSuite(r *suite.Report, dir string) error {
	for _, one := range []struct {
		name  string
		write func(*bytes.Buffer) error
	}{
		{"suite.json", func(b *bytes.Buffer) error { return r.WriteJSON(b) }},
		{"report.html", func(b *bytes.Buffer) error { return r.WriteHTML(b) }},
		{"report.md", func(b *bytes.Buffer) error { return r.WriteMarkdown(b) }},
		{"visibility.png", func(b *bytes.Buffer) error { return r.WriteVisibility(b) }},
	} {
		var b bytes.Buffer
		if err := one.write(&b); err != nil {
			return fmt.Errorf("write %s: %w", one.name, err)
		}
		path := filepath.Join(dir, one.name)
		if err := os.WriteFile(path+".part", b.Bytes(), 0o644); err != nil {
			return errors.Join(err, os.Remove(path+".part"))
		}
		if err := os.Rename(path+".part", path); err != nil {
			return err
		}
	}
	return nil
}
