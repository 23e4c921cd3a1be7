package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fusiond/fusiond/sim/compare"
)

const compareRig = `
vehicle: "small"
revision: "1"
body: {length_m: 4.6, width_m: 1.9, height_m: 1.6, rear_overhang_m: 0.95}
sensors:
  - name: "LIDAR_TOP"
    modality: lidar
    rate_hz: 10
    clock: synchronised
    azimuth_fov_deg: 360
    range_m: 80
    ego_from_sensor: {translation: [0.9, 0, 1.9], rotation: [1, 0, 0, 0]}
---
lidar: {unit: spinning16}
`

const compareScenario = `
about: A third of a second in a street.
seed: 3
duration: 320ms
rig: rig.yaml
world:
  map: {kind: street}
timeline: []
`

// TestSimCompare holds a simulated drive against its own scenario: every distance is zero, and the files are there.
func TestSimCompare(t *testing.T) {
	dir := t.TempDir()
	scenario, file, out := filepath.Join(dir, "s.yaml"), filepath.Join(dir, "s.mcap"), filepath.Join(dir, "report")
	for name, text := range map[string]string{"rig.yaml": compareRig, "s.yaml": compareScenario} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	fusiond(t, "sim", scenario, "--out", file).want(t, exitOK)
	o := fusiond(t, "sim", "compare", file, "--scenario", scenario, "--sweeps", "3", "--out", out, "--json")
	o.want(t, exitOK)
	var r compare.Report
	o.decode(t, &r)
	if r.Recording != "s.mcap" || r.Unit != "spinning16" || r.Real.Sweeps != 3 || r.Real != r.Simulated {
		t.Errorf("recording %s, unit %s, real %+v, simulated %+v, want s.mcap, spinning16, 3 sweeps and the same", r.Recording, r.Unit, r.Real, r.Simulated)
	}
	if len(r.Measures) == 0 || r.Measures[0].Size == nil || *r.Measures[0].Size > 1e-9 {
		t.Errorf("largest of %d distances is %+v, want 0", len(r.Measures), r.Measures)
	}
	for name, start := range map[string]string{"report.html": "<!doctype html>", "report.json": "{", "above-real.png": "\x89PNG", "above-simulated.png": "\x89PNG"} {
		data, err := os.ReadFile(filepath.Join(out, name))
		if err != nil || !bytes.HasPrefix(data, []byte(start)) {
			t.Errorf("%s: %d bytes, error %v, want a file that begins with %q", name, len(data), err, start)
		}
	}
	parts, err := filepath.Glob(filepath.Join(out, "*.part"))
	if err != nil || len(parts) > 0 {
		t.Errorf("left behind: %q, %v", parts, err)
	}
}

func TestSimCompareRefuses(t *testing.T) {
	plain := madeRecording(t, 2)
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no such file", []string{"nothing.mcap", "--out", "x"}, exitUsage, "nothing.mcap"},
		{"no place for the report", []string{plain}, exitUsage, "--out"},
		{"too many sweeps", []string{plain, "--out", "x", "--sweeps", "5000"}, exitUsage, "--sweeps 5000"},
		{"no rings", []string{plain, "--out", "x"}, exitFail, "no sweep of a spinning lidar"},
		{"unknown scenario", []string{plain, "--out", "x", "--scenario", "nowhere"}, exitFail, "nowhere"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			o := fusiond(t, append([]string{"sim", "compare"}, tt.args...)...)
			o.want(t, tt.code)
			if !strings.Contains(o.stderr, tt.want) {
				t.Errorf("says %q, want it to name %q", o.stderr, tt.want)
			}
			if _, err := os.Stat("x"); err == nil {
				t.Error("a report was begun")
			}
		})
	}
}
