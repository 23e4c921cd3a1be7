package main

import (
	"image/png"
	"os"
	"testing"
)

// TestDemo runs the demo on the made drive and reads its JSON: the fields are a contract with scripts.
func TestDemo(t *testing.T) {
	needRuntime(t)
	t.Parallel()
	const sweeps = 10
	o := fusiond(t, "demo", "--drive", madeRecording(t, sweeps), "--out", t.TempDir(), "--model", modelPackage, "--json")
	o.want(t, exitOK)
	var got struct {
		Sets    struct{ Reference, Virtual, Total *int }
		Objects *int
		Absent  map[string]int `json:"members_absent"`
		Streams map[string]struct {
			Received, Used, Pending *uint64
			Dropped                 map[string]uint64
		}
		Latency map[string]struct{ P50, P99 *float64 } `json:"latency_ms"`
		Picture string
	}
	o.decode(t, &got)
	if got.Sets.Reference == nil || got.Sets.Virtual == nil || got.Sets.Total == nil || got.Objects == nil {
		t.Fatalf("sets or objects are missing:\n%s", o.stdout)
	}
	// On a machine that stands still for a moment the virtual clock stands in for the lidar.
	if *got.Sets.Total < sweeps || *got.Sets.Reference == 0 || *got.Sets.Total != *got.Sets.Reference+*got.Sets.Virtual {
		t.Errorf("%d sets, %d of the reference, %d virtual: want at least one a sweep, %d",
			*got.Sets.Total, *got.Sets.Reference, *got.Sets.Virtual, sweeps)
	}
	if *got.Sets.Reference == sweeps && *got.Sets.Virtual > 3 { // three: a stop that a slow machine delays
		t.Errorf("%d sets of the virtual clock: no sweep is missing, and the silence after the drive is no part of it", *got.Sets.Virtual)
	}
	if got.Absent["not_fitted"] != *got.Sets.Total {
		t.Errorf("members absent %v: want the radar not fitted in each of %d sets", got.Absent, *got.Sets.Total)
	}
	for name, want := range map[string]uint64{"TOP": sweeps, "FRONT": sweeps, "LEFT": sweeps, "ego": 10 * sweeps} {
		s, ok := got.Streams[name]
		if !ok || s.Received == nil || s.Used == nil || s.Pending == nil || s.Dropped == nil {
			t.Errorf("stream %s: fields are missing: %+v", name, s)
			continue
		}
		sum := *s.Used + *s.Pending
		for _, n := range s.Dropped {
			sum += n
		}
		if *s.Received != want || sum != want {
			t.Errorf("stream %s: received %d, used + dropped + pending %d, want %d", name, *s.Received, sum, want)
		}
	}
	for _, stage := range []string{"wait", "decode", "encode", "fuse", "track", "publish"} {
		if q, ok := got.Latency[stage]; !ok || q.P50 == nil || q.P99 == nil || *q.P50 < 0 || *q.P99 < *q.P50 {
			t.Errorf("latency of %s: %+v", stage, q)
		}
	}
	f, err := os.Open(got.Picture)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // only read
	if img, err := png.DecodeConfig(f); err != nil || img.Width < 640 {
		t.Errorf("picture %s: %+v, %v", got.Picture, img, err)
	}
}
