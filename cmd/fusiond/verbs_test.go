package main

import (
	"bytes"
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/replay"
)

// TestProcess sends the made drive through the core in event time. A second run on one core gives the same bytes, and what comes out
// is a recording that info reads and eval scores without a model.
func TestProcess(t *testing.T) {
	needRuntime(t)
	const sweeps = 5
	file, dir := madeRecording(t, sweeps), t.TempDir()
	first, second := filepath.Join(dir, "first.mcap"), filepath.Join(dir, "second.mcap")
	o := fusiond(t, "process", file, "--out", first, "--model", modelPackage, "--json")
	o.want(t, exitOK)
	var s processSummary
	o.decode(t, &s)
	if s.Sets != sweeps || s.Out != first || s.DroppedSamples != 0 || s.DurationS <= 0 || s.TimesRealTime <= 0 {
		t.Errorf("got %+v, want %d sets in %s and nothing dropped", s, sweeps, first)
	}
	t.Setenv("GOMAXPROCS", "1")
	fusiond(t, "process", file, "--out", second, "--model", modelPackage).want(t, exitOK)
	a, errA := os.ReadFile(first)
	b, errB := os.ReadFile(second)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("two runs gave %d and %d bytes that differ (%v, %v)", len(a), len(b), errA, errB)
	}
	o = fusiond(t, "info", first, "--json")
	o.want(t, exitOK)
	var info replay.Information
	o.decode(t, &info)
	count := map[string]uint64{}
	for _, stream := range info.Streams {
		count[stream.Topic] = stream.Messages
	}
	for _, topic := range []string{"av.made.objects", "av.made.manifest", "av.made.truth"} {
		if count[topic] != sweeps {
			t.Errorf("%d messages of %s, want %d", count[topic], topic, sweeps)
		}
	}
	for _, a := range info.Conservation {
		if !a.Balanced {
			t.Errorf("the account of %+v does not add up", a)
		}
	}
	// Without a model, or the library that runs it.
	o = fusiond(t, "eval", first, "--json", "--model", filepath.Join(dir, "no-model"))
	o.want(t, exitOK)
	o.decode(t, &summary{})
}

func TestRender(t *testing.T) {
	needRuntime(t)
	out := filepath.Join(t.TempDir(), "picture.png")
	fusiond(t, "render", madeRecording(t, 5), "--at", "0.2", "--out", out, "--model", modelPackage).want(t, exitOK)
	f, err := os.Open(out) //nolint:gosec // made by this test
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // only read
	if img, err := png.DecodeConfig(f); err != nil || img.Width < 640 || img.Height < 360 {
		t.Errorf("picture: %+v, %v", img, err)
	}
}

// TestTensors writes what training reads: an index with the hashes of what it was made of, and a file a set.
func TestTensors(t *testing.T) {
	file, out := madeRecording(t, 3), t.TempDir()
	fusiond(t, "tensors", file, "--out", out).want(t, exitOK)
	data, err := os.ReadFile(filepath.Join(out, "index.json")) //nolint:gosec // made by this test
	if err != nil {
		t.Fatal(err)
	}
	var index tensorIndex
	if err := json.Unmarshal(data, &index); err != nil {
		t.Fatal(err)
	}
	if len(index.Sets) != 3 || index.RigSHA256 != madeRig(tenHertz).Hash() || len(index.RecordingSHA256) != 64 {
		t.Errorf("index %+v, want 3 sets of the made rig", index)
	}
	for i, s := range index.Sets {
		if s.Stamp != madeStart+int64(i)*tenHertz || s.Kind != "reference" || fileSize(t, filepath.Join(out, s.File)) == 0 {
			t.Errorf("set %d: %+v, want the sweep at %d", i, s, madeStart+int64(i)*tenHertz)
		}
	}
}

// TestModel reads and verifies the shipped package.
func TestModel(t *testing.T) {
	needRuntime(t)
	o := fusiond(t, "model", "inspect", modelPackage, "--json")
	o.want(t, exitOK)
	var manifest map[string]any
	o.decode(t, &manifest)
	if len(manifest) == 0 {
		t.Error("the manifest is empty")
	}
	fusiond(t, "model", "inspect", modelPackage).want(t, exitOK)
	o = fusiond(t, "model", "verify", modelPackage, "--json")
	o.want(t, exitOK)
	var v encoders.Verification
	o.decode(t, &v)
	if !v.OK || len(v.Comparisons) < 200 {
		t.Errorf("ok %v with %d comparisons, want every subset of both fusers", v.OK, len(v.Comparisons))
	}
}
