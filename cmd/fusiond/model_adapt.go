package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/internal/pipeline"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	timesync "github.com/fusiond/fusiond/sync"
)

type modelAdaptCmd struct {
	Drive      string  `required:"" help:"Recording of the new rig with ground truth (MCAP)." type:"existingfile"`
	Sweeps     int     `default:"10" help:"Labelled sweeps to learn from, spread evenly over what lies before --eval-from."`
	EvalFrom   float64 `required:"" help:"Evaluate on the sweeps from here on, seconds from the recording's start; nothing from there is learned from."`
	Out        string  `required:"" help:"Folder of the new model package; it must not exist or be empty." type:"path"`
	Checkpoint string  `help:"Checkpoint to start from; default: checkpoint.pt in the package's folder." type:"path"`
	Steps      int     `default:"150" help:"Steps of the fine-tuning; about half a second each on two cores."`
	Training   string  `help:"Folder of train.py; default: training/ here or above, or beside the program." type:"path"`
	Rig        string  `help:"Rig file; default: the recording's own." type:"path"`
	JSON       bool    `help:"Print the result as JSON."`
	modelFlags
}

// Help implements kong's long help.
func (c *modelAdaptCmd) Help() string {
	return "Fine-tunes a package's networks on a handful of labelled sweeps of another vehicle, writes a new package, and evaluates both on later " +
		"sweeps of the same recording. It needs PyTorch (make setup-training) and the checkpoint that the package was exported from: packages " +
		"hold networks that run, not ones that train. The new package's folder gets its checkpoint, so that it can be adapted again."
}

// adaptReport is what the verb prints with --json.
type adaptReport struct {
	Schema    string     `json:"schema"`
	Recording string     `json:"recording"`
	Sweeps    int        `json:"sweeps"`
	Steps     int        `json:"steps"`
	EvalFromS float64    `json:"eval_from_s"`
	EvalSets  int        `json:"eval_sets"`
	Before    string     `json:"model_before"`
	After     string     `json:"model_after"`
	Strategy  string     `json:"strategy"`
	Rows      []adaptRow `json:"rows"`
}

// adaptRow compares the two packages with one choice of sensors.
type adaptRow struct {
	Sensors string        `json:"sensors"`
	Before  *modelFigures `json:"before"`
	After   *modelFigures `json:"after"`
}

// Run implements the verb.
func (c *modelAdaptCmd) Run(ctx context.Context) (err error) {
	if c.Sweeps < 1 || c.Sweeps > 10_000 || c.Steps < 1 || c.Steps > 1_000_000 {
		return usage("model adapt: --sweeps 1 to 10000, --steps 1 to 1000000")
	}
	if err := mustBeEmpty(c.Out); err != nil {
		return err
	}
	pack, err := encoders.LoadPackage(c.Model)
	if err != nil {
		return err
	}
	if _, ok := pack.Fusers[c.Strategy]; !ok {
		return usage("--strategy %q: the model package %s has %v", c.Strategy, pack.Dir, fuserNames(pack))
	}
	trainer, err := findTrainer(ctx, c.Training)
	if err != nil {
		return err
	}
	checkpoint, err := c.checkpoint()
	if err != nil {
		return err
	}
	r, rig, truth, err := openWithTruth(c.Drive, c.Rig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	start, end := r.Range()
	from := start + sensors.StampNs(c.EvalFrom*1e9)
	if c.EvalFrom <= 0 || from >= end {
		return usage("model adapt: --eval-from %g is not inside the recording's 0..%.1f s", c.EvalFrom, end.Sub(start).Seconds())
	}
	work, err := os.MkdirTemp(filepath.Dir(c.Out), ".adapt-")
	if err != nil {
		return fmt.Errorf("model adapt: %w: name a folder that can be written", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	report := adaptReport{
		Schema: "fusiond.adapt/1", Recording: filepath.Base(c.Drive), Steps: c.Steps, EvalFromS: c.EvalFrom, Before: pack.Label(), Strategy: c.Strategy,
	}
	s := scoring{recording: r, rig: rig, truth: truth, from: from}
	tensors := filepath.Join(work, "tensors")
	if report.Sweeps, err = c.writeTensors(ctx, &s, pack, tensors); err != nil {
		return err
	}
	adapted, err := trainer.adapt(ctx, adaptJob{
		checkpoint: checkpoint, tensors: tensors, work: work, pack: pack, steps: c.Steps, batch: min(4, report.Sweeps),
	})
	if err != nil {
		return err
	}
	if err := c.evaluate(ctx, &s, &report, adapted); err != nil {
		return err
	}
	// The package appears whole or not at all; its label does not depend on where it lies.
	if err := errors.Join(removeEmpty(c.Out), os.Rename(adapted, c.Out)); err != nil {
		return fmt.Errorf("model adapt: %w", err)
	}
	if c.JSON {
		return writeJSON(os.Stdout, report)
	}
	return report.print(os.Stdout, c.Out)
}

func mustBeEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("model adapt: --out: %w: name a folder", err)
	case len(entries) > 0:
		return usage("model adapt: --out %s is not empty: name a new folder", dir)
	}
	return nil
}

// removeEmpty makes room for a folder that is moved to its place.
func removeEmpty(dir string) error {
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func fuserNames(p *encoders.Package) (names []string) {
	for name := range p.Fusers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// checkpointName is what training calls its checkpoints, and what an adapted package's folder holds.
const checkpointName = "checkpoint.pt"

// checkpoint returns the file to start from.
func (c *modelAdaptCmd) checkpoint() (string, error) {
	path := c.Checkpoint
	if path == "" {
		path = filepath.Join(c.Model, checkpointName)
	}
	info, err := os.Stat(path)
	if err == nil && info.Mode().IsRegular() {
		return filepath.Abs(path)
	}
	return "", fmt.Errorf("model adapt: no checkpoint %s: give --checkpoint with the %s of the run that the package was exported from; "+
		"checkpoints are not in the repository, training/README.md says how the recipe makes one", path, checkpointName)
}

// writeTensors writes the network inputs and targets of labelled sweeps before the evaluated part, and returns how many there are.
func (c *modelAdaptCmd) writeTensors(ctx context.Context, s *scoring, pack *encoders.Package, dir string) (n int, err error) {
	wanted := spread(labelled(s.truth.Frames(), pack.Classes, s.from), c.Sweeps)
	if len(wanted) == 0 {
		return 0, fmt.Errorf("recording %s has no labelled sweep before %g s: raise --eval-from", c.Drive, c.EvalFrom)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // data for others to read
		return 0, err
	}
	info, err := replay.Info(ctx, c.Drive)
	if err != nil {
		return 0, err
	}
	w := &tensorWriter{dir: dir, pack: pack, truth: s.truth, index: tensorIndex{
		Schema: tensorSchema, Recording: filepath.Base(c.Drive), RecordingSHA256: info.SHA256, RigSHA256: s.rig.Hash(),
		InputsSHA256: encoders.Fingerprint(pack), Classes: pack.Classes, Modalities: []string{"lidar", "radar", "camera"},
	}}
	// A sweep whose set is not one of the reference is replaced by the next one that is.
	put := func(capture *pipeline.Capture) {
		reference := capture.Manifest.Kind == fusionv1.SetKind_SET_KIND_REFERENCE
		if len(wanted) > 0 && reference && int64(capture.Stamp) >= wanted[0]-labelToleranceNs && capture.Stamp < s.from && s.truth.At(capture.Stamp) != nil {
			wanted = wanted[1:]
			w.put(capture)
		}
	}
	e, err := pipeline.New(pipeline.Options{
		Rig: s.rig, Package: pack, Align: timesync.ConfigFromRig(s.rig), Capture: put, Sink: func(pipeline.Output) {},
	})
	if err != nil {
		return 0, err
	}
	progress, finish := eventBar(s.recording, "tensors")
	err = pipeline.Process(ctx, s.recording, e, pipeline.ProcessOptions{To: s.from, Progress: progress})
	finish()
	if err := errors.Join(err, e.Close(), w.err); err != nil {
		return 0, err
	}
	if len(w.index.Sets) == 0 {
		return 0, fmt.Errorf("recording %s: no labelled sweep before %g s became a set: see fusiond info", c.Drive, c.EvalFrom)
	}
	data, err := json.MarshalIndent(w.index, "", " ")
	if err != nil {
		return 0, err
	}
	return len(w.index.Sets), os.WriteFile(filepath.Join(dir, "index.json"), append(data, '\n'), 0o644) //nolint:gosec // as above
}

// labelToleranceNs is how far a set may lie before the frame that labels it.
const labelToleranceNs = int64(5e6)

// labelled lists the stamps of the frames before a time that hold an object of the model's classes.
func labelled(frames []*fusionv1.TruthFrame, classes []string, before sensors.StampNs) (stamps []int64) {
	for _, f := range frames {
		known := slices.ContainsFunc(f.Objects, func(o *fusionv1.TruthObject) bool { return slices.Contains(classes, o.Class) })
		if stamp := f.Header.GetStamp(); known && stamp < int64(before) {
			stamps = append(stamps, stamp)
		}
	}
	return stamps
}

// spread takes n of the stamps, evenly, the first and the last among them; all where there are fewer.
func spread(stamps []int64, n int) []int64 {
	if len(stamps) <= n {
		return stamps
	}
	if n == 1 {
		return stamps[len(stamps)/2 : len(stamps)/2+1]
	}
	out := make([]int64, n)
	for i := range out {
		out[i] = stamps[i*(len(stamps)-1)/(n-1)]
	}
	return out
}

// evaluate scores both packages with all sensors, and with each fused modality of the rig alone.
func (c *modelAdaptCmd) evaluate(ctx context.Context, s *scoring, report *adaptReport, adapted string) error {
	before, after := c.modelFlags, c.modelFlags
	after.Model = adapted
	for _, choice := range alone(s.rig) {
		row := adaptRow{Sensors: choice}
		var err error
		if row.Before, err = before.score(ctx, s, choice); err != nil {
			return err
		}
		if row.After, err = after.score(ctx, s, choice); err != nil {
			return err
		}
		report.After, report.EvalSets = row.After.label, row.After.sets
		report.Rows = append(report.Rows, row)
	}
	return nil
}

// print writes the gain as a table.
func (r *adaptReport) print(out io.Writer, dir string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(cells ...string) {
		_, _ = fmt.Fprintln(w, strings.Join(cells, "\t")+"\t") // a tabwriter fails only in Flush
	}
	row("sensors", "measure", "before", "after", "gain")
	for _, line := range r.Rows {
		gain := func(what string, before, after float64) {
			row(line.Sensors, what, fmt.Sprintf("%.3f", before), fmt.Sprintf("%.3f", after), fmt.Sprintf("%+.3f", after-before))
		}
		gain("mAP", line.Before.MAP, line.After.MAP)
		gain("NDS", line.Before.NDS, line.After.NDS)
		for _, class := range encoders.TriBEV().Classes {
			if before, ok := line.Before.AP2m[class]; ok {
				gain(class+" AP at 2 m", before, line.After.AP2m[class])
			}
		}
	}
	_, err := fmt.Fprintf(out, "%s: %s\nfrom %s by %d labelled sweeps of %s and %d steps, evaluated on %d later sweeps, strategy %s\n\n",
		dir, r.After, r.Before, r.Sweeps, r.Recording, r.Steps, r.EvalSets, r.Strategy)
	return errors.Join(err, w.Flush())
}
