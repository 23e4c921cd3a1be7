package main

import (
	"image/png"
	"os"
	"testing"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
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

// TestUnreliable: how a second of the table tells who is unreliable, and what is left of the modalities.
func TestUnreliable(t *testing.T) {
	tests := []struct {
		name        string
		reliability map[string]float64
		reasons     map[string][]string
		want        string
	}{
		{"all well", map[string]float64{"lidar": 1, "camera": 0.5}, nil, "-"},
		{"two are named", map[string]float64{"camera": 0.96}, map[string][]string{"glare": {"CAM_FRONT", "CAM_BACK"}}, "glare: CAM_FRONT, CAM_BACK"},
		{
			"more are counted",
			map[string]float64{"lidar": 0.25, "camera": 0.314},
			map[string][]string{"fog": {"LIDAR_TOP", "CAM_FRONT", "CAM_BACK", "CAM_LEFT"}, "beams lost": {"LIDAR_REAR"}},
			"beams lost: LIDAR_REAR; fog: LIDAR_TOP, 3 CAM (camera 0.31, lidar 0.25)",
		},
	}
	for _, tt := range tests {
		s := secondReport{Reliability: tt.reliability, Reasons: tt.reasons}
		if got := s.unreliable(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestAddConditions: the least reliability and the sets with each reason, of streams that were judged.
func TestAddConditions(t *testing.T) {
	list := func(reliability float32, why string) *fusionv1.ObjectList {
		return &fusionv1.ObjectList{Manifest: &fusionv1.SetManifest{Members: []*fusionv1.Member{
			{Stream: "FRONT", Reliability: reliability, ReliabilityReason: why}, {Stream: "MASKED"}, {Stream: "radar"},
		}}}
	}
	r := &demoReport{Streams: map[string]streamReport{"FRONT": {Received: 7}, "MASKED": {}}}
	r.addConditions([]*fusionv1.ObjectList{list(1, ""), list(0.5, "fog"), list(0, "fog"), list(0, "")})
	got := r.Streams["FRONT"]
	if got.Received != 7 || got.Reliability == nil || *got.Reliability != 0 || len(got.Reasons) != 1 || got.Reasons["fog"] != 2 {
		t.Errorf("got %+v, want received 7, least 0, fog in 2 sets", got)
	}
	if s := r.Streams["MASKED"]; s.Reliability != nil || s.Reasons != nil || len(r.Streams) != 2 {
		t.Errorf("what was not judged: got %+v of %d streams", s, len(r.Streams))
	}
}
