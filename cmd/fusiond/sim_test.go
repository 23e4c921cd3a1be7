package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// shortScenario is a drive of half a second of a built-in rig.
const shortScenario = `about: test
seed: 5
duration: 500ms
rig: light
world: {map: {kind: street, trees_per_100m: 0, buildings: 0.2}, traffic: {pedestrians_per_100m: 0}}
timeline:
  - {at: 0s, visibility: 100}
`

func TestSim(t *testing.T) {
	needRuntime(t)
	dir := t.TempDir()
	scenario := writeFile(t, dir, "short.yaml", shortScenario)
	out := filepath.Join(dir, "short.mcap")
	var sum simSummary
	must := func(args ...string) outcome {
		t.Helper()
		o := fusiond(t, args...)
		o.want(t, exitOK)
		return o
	}
	must("sim", scenario, "--out", out, "--workers", "1", "--json").decode(t, &sum)
	if sum.Scenario != "short" || sum.Messages < 100 || sum.DurationS != 0.5 {
		t.Errorf("got %+v", sum)
	}
	again := filepath.Join(dir, "again.mcap")
	must("sim", scenario, "--out", again, "--workers", "2")
	if a, b := readFile(t, out), readFile(t, again); a != b {
		t.Error("another number of workers gives another file")
	}
	var info struct {
		Metadata map[string]string
		Streams  []struct{ Topic string }
	}
	must("info", out, "--json").decode(t, &info)
	if info.Metadata["simulated"] != "true" || len(info.Streams) != 14 {
		t.Errorf("got %+v", info)
	}
	// The model runs on it without being told that it is simulated.
	must("process", out, "--out", filepath.Join(dir, "objects.mcap"), "--model", modelPackage)

	batch := filepath.Join(dir, "batch")
	args := []string{"sim", "--batch", "2", "--frames", "2", "--out", batch, "--rig", "light", "--size", "64x36", "--seed", "3", "--pick", "2"}
	must(args...)
	index := readFile(t, filepath.Join(batch, "index.json"))
	if n := strings.Count(index, `"file"`); n != 4 {
		t.Errorf("%d sets in the index, want 4:\n%s", n, index)
	}
	set := filepath.Join(batch, "set-000001-001.npz")
	before := readFile(t, set)
	// Interrupted: a world that is not whole is made again, the others stay.
	if err := os.Remove(filepath.Join(batch, "world-000001.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(set, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	must(args...)
	if readFile(t, set) != before || readFile(t, filepath.Join(batch, "index.json")) != index {
		t.Error("going on gives other tensors")
	}
}

// A recording that cannot be finished leaves nothing behind: here no file may grow beyond 64 KiB.
func TestSimOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	scenario := writeFile(t, dir, "short.yaml", shortScenario)
	out := filepath.Join(dir, "short.mcap")
	t.Setenv(limitEnv, "65536")
	fusiond(t, "sim", scenario, "--out", out).want(t, exitFail, "short.mcap.partial")
	left, err := filepath.Glob(out + "*")
	if err != nil || len(left) > 0 {
		t.Errorf("got %q, %v, want nothing left", left, err)
	}
}

func TestSimRefuses(t *testing.T) {
	dir := t.TempDir()
	bad := writeFile(t, dir, "bad.yaml", shortScenario+"  - {at: 1s, smog: 1}\n")
	for _, c := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"nothing", []string{"sim"}, exitUsage, []string{"fog-street"}},
		{"no output", []string{"sim", "fog-street"}, exitUsage, []string{"--out"}},
		{"no such scenario", []string{"sim", "moon", "--out", filepath.Join(dir, "x.mcap")}, exitFail, []string{"moon", "fog-street"}},
		{"unknown key", []string{"sim", bad, "--out", filepath.Join(dir, "x.mcap")}, exitFail, []string{bad, "smog", "[8:14]"}},
		{"no size", []string{"sim", "--batch", "1", "--size", "big", "--out", dir}, exitUsage, []string{"--size"}},
		{"no rig", []string{"sim", "--batch", "1", "--rig", "lorry", "--out", dir}, exitFail, []string{"lorry", "city"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fusiond(t, c.args...).want(t, c.code, c.want...)
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "x.mcap")); err == nil {
		t.Error("a refused scenario left a recording")
	}
}
