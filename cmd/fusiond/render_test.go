package main

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fusiond/fusiond/internal/render"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// TestFilm draws the made drive: the objects that a recording holds give the same picture, byte for byte, as those that the model makes.
func TestFilm(t *testing.T) {
	needRuntime(t)
	const sweeps = 13
	file, dir := madeRecording(t, sweeps), t.TempDir()
	processed := filepath.Join(dir, "processed.mcap")
	direct, stored := filepath.Join(dir, "direct.png"), filepath.Join(dir, "stored.png")
	fusiond(t, "process", file, "--out", processed, "--model", modelPackage).want(t, exitOK)
	fusiond(t, "render", file, "--film", "3", "--out", direct, "--model", modelPackage).want(t, exitOK)
	// Without a model, or the library that runs it.
	fusiond(t, "render", processed, "--inputs", file, "--film", "3", "--out", stored, "--model", filepath.Join(dir, "none")).want(t, exitOK)
	a, errA := os.ReadFile(direct) //nolint:gosec // made by this test
	b, errB := os.ReadFile(stored) //nolint:gosec // made by this test
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("fused and stored objects gave pictures of %d and %d bytes that differ (%v, %v)", len(a), len(b), errA, errB)
	}
	if img, err := png.DecodeConfig(bytes.NewReader(a)); err != nil || img.Width != render.FilmWidth {
		t.Errorf("film: %+v, %v, want %d pixels wide", img, err, render.FilmWidth)
	}
	o := fusiond(t, "render", processed, "--out", stored)
	o.want(t, exitFail)
	if !strings.Contains(o.stderr, "--inputs") {
		t.Errorf("a processed recording alone: got %q, want the cure", o.stderr)
	}
	o = fusiond(t, "render", processed, "--inputs", "../../recordings/clear-street.mcap", "--out", stored)
	o.want(t, exitFail)
	if !strings.Contains(o.stderr, "another time") {
		t.Errorf("the sensors of another drive: got %q, want it refused", o.stderr)
	}
	fusiond(t, "render", file, "--film", "9", "--out", stored).want(t, exitUsage)
}

func TestMoments(t *testing.T) {
	lists := func(n int) []*fusionv1.ObjectList {
		out := make([]*fusionv1.ObjectList, n)
		for i := range out {
			out[i] = &fusionv1.ObjectList{SetId: uint64(i)} //nolint:gosec // small
		}
		return out
	}
	for _, tt := range []struct {
		name    string
		sets, n int
		want    []uint64
	}{
		{"even, from a second on", 81, 6, []uint64{10, 24, 38, 52, 66, 80}},
		{"one is the last", 81, 1, []uint64{80}},
		{"a short drive begins earlier", 12, 6, []uint64{6, 7, 8, 9, 10, 11}},
		{"no more than there are", 4, 6, []uint64{0, 1, 2, 3}},
	} {
		var got []uint64
		for _, l := range moments(lists(tt.sets), tt.n) {
			got = append(got, l.SetId)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %d of %d sets: got %v, want %v", tt.name, tt.n, tt.sets, got, tt.want)
		}
	}
}
