package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fusiond/fusiond/encoders"
)

// TestWithFigures: figures of the same data are replaced, others stay, and no other line changes.
func TestWithFigures(t *testing.T) {
	manifest, err := os.ReadFile("../../models/tiny/manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	figure := func(data string, value float64) encoders.Figure {
		return encoders.Figure{Data: data, Sensors: "all", Metric: "mAP: of all", Value: value, Command: "fusiond eval", Remark: "a # b"}
	}
	text := manifest
	for _, add := range []encoders.Figure{figure("real", 0.1), figure("simulated", 0.2), figure("real", 0.3)} {
		if text, err = withFigures(text, "m", []encoders.Figure{add}); err != nil {
			t.Fatal(err)
		}
	}
	m, err := encoders.ParseManifest(text, "m")
	if err != nil {
		t.Fatal(err)
	}
	if want := []encoders.Figure{figure("simulated", 0.2), figure("real", 0.3)}; !slices.Equal(m.Figures, want) {
		t.Errorf("got %+v, want %+v", m.Figures, want)
	}
	head, _, _ := strings.Cut(string(manifest), "figures:")
	if !strings.HasPrefix(string(text), head) {
		t.Errorf("other lines changed: got\n%s", text)
	}
	if _, err := withFigures([]byte("schema: 1\n"), "bad.yaml", nil); err == nil || !strings.Contains(err.Error(), "bad.yaml") {
		t.Errorf("a manifest that is none: got error %v", err)
	}
}

// TestMeasure runs the verb on a shipped drive, with a copy of the shipped package.
func TestMeasure(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(modelPackage)); err != nil {
		t.Fatal(err)
	}
	measure := func(args ...string) outcome {
		return fusiond(t, append([]string{"model", "measure", "../../recordings/clear-street.mcap", "--model", dir, "--data", "a drive"}, args...)...)
	}
	o := measure("--from", "7", "--classes", "car")
	o.want(t, exitOK)
	p, err := encoders.LoadPackage(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := slices.DeleteFunc(p.Figures, func(f encoders.Figure) bool { return f.Data != "a drive" })
	if len(got) != 8 || got[2].Sensors != "lidar" || got[2].Command != "fusiond eval clear-street.mcap --from 7 --sensors lidar" {
		t.Fatalf("got %+v, want two figures for all sensors and each modality", got)
	}
	if car := got[0]; car.Metric != "AP car at 2 m" || car.Value < 0.5 {
		t.Errorf("got %+v, want cars to be found", car)
	}
	measure("--from", "100").want(t, exitUsage, "is no part of the recording's 0..")
	measure("--classes", "deer").want(t, exitUsage, "--classes deer: the classes are car, ")
	if left, err := filepath.Glob(filepath.Join(dir, "*.part")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
