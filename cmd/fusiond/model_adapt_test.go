package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fusiond/fusiond/encoders"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

func TestSpread(t *testing.T) {
	all := []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	tests := []struct {
		n    int
		want []int64
	}{{1, []int64{5}}, {2, []int64{0, 9}}, {4, []int64{0, 3, 6, 9}}, {10, all}, {20, all}}
	for _, tt := range tests {
		if got := spread(all, tt.n); !slices.Equal(got, tt.want) {
			t.Errorf("%d of ten: got %v, want %v", tt.n, got, tt.want)
		}
	}
	if got := spread(nil, 3); len(got) != 0 {
		t.Errorf("of none: got %v", got)
	}
}

func TestLabelled(t *testing.T) {
	frame := func(stamp int64, classes ...string) *fusionv1.TruthFrame {
		f := &fusionv1.TruthFrame{Header: &fusionv1.Header{Stamp: stamp}}
		for _, c := range classes {
			f.Objects = append(f.Objects, &fusionv1.TruthObject{Class: c})
		}
		return f
	}
	frames := []*fusionv1.TruthFrame{frame(1, "car"), frame(2), frame(3, "deer"), frame(4, "deer", "bus"), frame(5, "car")}
	if got, want := labelled(frames, []string{"car", "bus"}, 5), []int64{1, 4}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: with objects of the model's classes, before the time", got, want)
	}
}

// TestAdaptConfig: what shapes the network stays, the default fuser comes first with the encoders that were trained, others follow alone.
func TestAdaptConfig(t *testing.T) {
	p := &encoders.Package{}
	p.Encoders.Lidar.Trained, p.Encoders.Camera.Trained = true, true
	p.Fusers = map[string]encoders.FuserSpec{"early": {}, "attention": {}, "late": {}, "hybrid": {}}
	text, err := adaptConfig([]byte(`{"name": "tribev-s", "size": "s", "stages": [1, 2], "data": {"train_sets": [0, 56]}}`), adaptJob{pack: p, steps: 100, batch: 3})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Name, Size string
		Data       struct {
			TrainSets []int `json:"train_sets"`
		}
		Stages []struct {
			Name, Fuser  string
			Train        []string
			Steps, Batch int
		}
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.Name != "tribev-s-adapted" || got.Size != "s" || len(got.Data.TrainSets) != 0 || len(got.Stages) != 3 {
		t.Fatalf("got %s", text)
	}
	for i, want := range []struct {
		fuser, train string
		steps        int
	}{{"attention", "lidar camera attention", 100}, {"early", "early", 50}, {"hybrid", "hybrid", 50}} {
		if s := got.Stages[i]; s.Fuser != want.fuser || strings.Join(s.Train, " ") != want.train || s.Steps != want.steps || s.Batch != 3 {
			t.Errorf("stage %d: got %+v, want %+v", i, s, want)
		}
	}
	if _, err := adaptConfig([]byte("no"), adaptJob{pack: p}); err == nil {
		t.Error("a configuration that is not JSON was taken")
	}
	if got := adaptedName("a-adapted"); got != "a-adapted" {
		t.Errorf("adapted twice: name %q", got)
	}
}

func TestFindTraining(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "train.py", "")
	if got, err := findTraining(dir); err != nil || got != dir {
		t.Errorf("got %q and error %v, want %q", got, err, dir)
	}
	if _, err := findTraining(t.TempDir()); err == nil || !strings.Contains(err.Error(), "holds no train.py") {
		t.Errorf("an empty folder: got error %v", err)
	}
	// The tests run inside the module, which has one.
	if got, err := findTraining(""); err != nil || filepath.Base(got) != "training" {
		t.Errorf("got %q and error %v, want the module's training", got, err)
	}
}

// TestAdaptRefuses what cannot be adapted, before anything is computed.
func TestAdaptRefuses(t *testing.T) {
	full := t.TempDir()
	writeFile(t, full, "something", "")
	tests := []struct {
		name string
		cmd  modelAdaptCmd
		want string
	}{
		{"no sweeps", modelAdaptCmd{Steps: 1}, "--sweeps 1 to 10000, --steps 1 to 1000000"},
		{"no steps", modelAdaptCmd{Sweeps: 1}, "--sweeps 1 to 10000, --steps 1 to 1000000"},
		{"a folder that is not empty", modelAdaptCmd{Sweeps: 1, Steps: 1, Out: full}, "is not empty: name a new folder"},
		{"no model", modelAdaptCmd{Sweeps: 1, Steps: 1, Out: filepath.Join(full, "new")}, "load model package"},
	}
	for _, tt := range tests {
		if err := tt.cmd.Run(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got error %v, want %q", tt.name, err, tt.want)
		}
	}
	c := modelAdaptCmd{modelFlags: modelFlags{Model: full}}
	if _, err := c.checkpoint(); err == nil || !strings.Contains(err.Error(), "give --checkpoint with the checkpoint.pt of the run that the package was exported from") {
		t.Errorf("no checkpoint: got error %v", err)
	}
	writeFile(t, full, "checkpoint.pt", "")
	if got, err := c.checkpoint(); err != nil || got != filepath.Join(full, "checkpoint.pt") {
		t.Errorf("got %q and error %v, want the package's own", got, err)
	}
	if err := os.Remove(filepath.Join(full, "checkpoint.pt")); err != nil {
		t.Fatal(err)
	}
}

func TestAdaptReport(t *testing.T) {
	r := adaptReport{Recording: "d.mcap", Sweeps: 10, Steps: 150, EvalSets: 19, Before: "a 1", After: "a-adapted 1", Strategy: "attention", Rows: []adaptRow{
		{"all", &modelFigures{MAP: 0.1, NDS: 0.2, AP2m: map[string]float64{"car": 0.5}}, &modelFigures{MAP: 0.15, NDS: 0.3, AP2m: map[string]float64{"car": 0.75}}},
		{"lidar", &modelFigures{MAP: 0.1, NDS: 0.2, AP2m: map[string]float64{"car": 0.9}}, &modelFigures{MAP: 0.1, NDS: 0.2, AP2m: map[string]float64{"car": 0.8}}},
	}}
	var b bytes.Buffer
	if err := r.print(&b, "out"); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{
		"out: a-adapted 1 from a 1 by 10 labelled sweeps of d.mcap and 150 steps, evaluated on 19 later sweeps, strategy attention",
		"sensors measure before after gain", "all mAP 0.100 0.150 +0.050", "all car AP at 2 m 0.500 0.750 +0.250", "lidar car AP at 2 m 0.900 0.800 -0.100",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got %q\nwant %q in it", text, want)
		}
	}
}
