package suite

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/fusion"
	"github.com/fusiond/fusiond/internal/onnx"
	"github.com/fusiond/fusiond/internal/onnx/onnxtest"
	"github.com/fusiond/fusiond/internal/pipeline"
	"github.com/fusiond/fusiond/sensors"
	timesync "github.com/fusiond/fusiond/sync"
)

// tiny is a suite of one world, half a second and four conditions, of small pictures.
var tiny = &plan{
	seeds: []uint64{155002}, length: 700 * time.Millisecond, rig: "light", width: 64, height: 36,
	conditions: func(fitted []sensors.Modality) (few []Condition) {
		for _, c := range conditions(true, fitted) {
			if c.Group == Clean || c.VisibilityM == 50 || c.Name == "lidar_lost_beams" || c.Name == "camera_dead" {
				few = append(few, c)
			}
		}
		return few
	},
}

// tinyOptions run the tiny suite with the package of random weights; without ONNX Runtime the test is skipped.
func tinyOptions(t *testing.T, cache string) Options {
	t.Helper()
	rt := onnxtest.Open(t)
	pack, err := encoders.LoadPackage("../../models/tiny")
	if err != nil {
		t.Fatal(err)
	}
	// Whether weights are trained does not matter here; what is not trained would be left out.
	pack.Encoders.Lidar.Trained, pack.Encoders.Radar.Trained, pack.Encoders.Camera.Trained = true, true, true
	return Options{
		Cache: cache, Workers: 2, Program: "test", plan: tiny, print: "test",
		Engine: func(rig *sensors.Rig) pipeline.Options {
			return pipeline.Options{
				Rig: rig, Package: pack, Runtime: rt, Align: timesync.ConfigFromRig(rig), Strategy: "attention",
				Decode: fusion.DecodeConfig{MinScore: 0.001, MaxPeaks: 100, OverlapIoU: 0.2}, Network: encoders.Options{Provider: onnx.Provider{Kind: onnx.CPU}}, ValidityNs: 3e8,
			}
		},
	}
}

func reportJSON(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func mustRun(t *testing.T, o Options) *Report {
	t.Helper()
	r, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// filesIn lists a cache's files of a kind with their times, so that one that was made again shows.
func filesIn(t *testing.T, dir, kind string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, kind))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e.Name()+info.ModTime().String())
	}
	return out
}

// TestRun: what is run, what is used again, and that an interruption at any unit changes nothing.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	o := tinyOptions(t, dir)
	var steps []int
	total := 0
	o.Progress = func(done, of int, _ string) { steps, total = append(steps, done), of }
	report := mustRun(t, o)
	want := reportJSON(t, report)

	p := &report.Parts[0]
	if p.Kind != "simulated" || p.Moments != 3 || len(p.Subsets) != 7 || len(p.Conditions) != 2 || len(p.Visibility) != 2 || p.Objects["car"] == 0 {
		t.Errorf("got %s, %d moments, %d subsets, %d conditions, %d visibilities, %d cars", p.Kind, p.Moments, len(p.Subsets), len(p.Conditions), len(p.Visibility), p.Objects["car"])
	}
	// Random weights may give no score that counts; what calibration computes is tested in eval.
	if c := p.Calibration; len(c) != 2 || c[0].Over == "" || c[0].Over == c[1].Over || len(c[0].Bins) != len(c[1].Bins) {
		t.Errorf("calibration: got %+v, want clean drives and the others", c)
	}
	if v := p.Visibility[1]; v.VisibilityM != 50 || v.Made != "simulated" || v.Mass["lidar"]+v.Mass["radar"]+v.Mass["camera"] < 0.99 {
		t.Errorf("fog: got %+v", v)
	}
	if c := p.Conditions[0]; c.Name != "camera_dead" || c.Made != "laid over simulated" || !c.Members[0].Same || c.Members[2].Same {
		t.Errorf("camera_dead: got %+v, want lidar as on the clean drives and camera not", c)
	}
	// Units: seven subsets, four of fog, two of each fault. Recordings: the clean drive and fog.
	recordings, outcomes := filesIn(t, dir, "recordings"), filesIn(t, dir, "outcomes")
	if len(recordings) != 2 || len(outcomes) != 7+4+2+2 {
		t.Errorf("got %d recordings, %d outcomes, want 2, 15", len(recordings), len(outcomes))
	}
	if last := steps[len(steps)-1]; last != total || !slices.IsSorted(steps) {
		t.Errorf("progress %v of %d", steps, total)
	}

	t.Run("again", func(t *testing.T) {
		o.Workers = 1
		if got := reportJSON(t, mustRun(t, o)); got != want {
			t.Errorf("got another report:\n%s\nwant\n%s", got, want)
		}
		if got := filesIn(t, dir, "outcomes"); !slices.Equal(got, outcomes) {
			t.Error("outcomes were made again")
		}
	})
	t.Run("another program", func(t *testing.T) {
		o := o
		o.Program = "other"
		mustRun(t, o)
		if got := filesIn(t, dir, "outcomes"); len(got) != 2*len(outcomes) {
			t.Errorf("got %d outcomes, want %d: none may be used again", len(got), 2*len(outcomes))
		}
		if got := filesIn(t, dir, "recordings"); !slices.Equal(got, recordings) {
			t.Error("recordings were made again")
		}
	})
	t.Run("another strategy", func(t *testing.T) {
		o := o
		engine := o.Engine
		o.Engine = func(rig *sensors.Rig) pipeline.Options {
			opt := engine(rig)
			opt.Strategy = "early"
			return opt
		}
		before := len(filesIn(t, dir, "outcomes"))
		if r := mustRun(t, o); r.Model.Strategy != "early" {
			t.Errorf("got strategy %s", r.Model.Strategy)
		}
		if got := len(filesIn(t, dir, "outcomes")); got != before+len(outcomes) {
			t.Errorf("got %d outcomes, want %d more than %d", got, len(outcomes), before)
		}
	})
	t.Run("a damaged cache", func(t *testing.T) {
		o := o
		var said bytes.Buffer
		o.Log = slog.New(slog.NewTextHandler(&said, nil))
		for _, kind := range []string{"recordings", "outcomes"} {
			files, err := filepath.Glob(filepath.Join(dir, kind, "*"))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				data, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				data[len(data)/2] ^= 0x40
				if err := os.WriteFile(f, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := reportJSON(t, mustRun(t, o)); got != want {
			t.Error("got another report")
		}
		if n := strings.Count(said.String(), "made again"); n != 2+len(outcomes) {
			t.Errorf("said %d times that a file is made again, want %d:\n%s", n, 2+len(outcomes), &said)
		}
	})
}

// TestInterrupted cancels a run at every unit's end, one after another over the same cache, and then lets it finish.
func TestInterrupted(t *testing.T) {
	want := reportJSON(t, mustRun(t, tinyOptions(t, t.TempDir())))
	dir := t.TempDir()
	cancelled := 0
	for stop := 1; ; stop++ {
		o := tinyOptions(t, dir)
		ctx, cancel := context.WithCancel(context.Background())
		var mu sync.Mutex
		seen := 0
		o.Progress = func(int, int, string) {
			mu.Lock()
			defer mu.Unlock()
			if seen++; seen == stop {
				cancel()
			}
		}
		r, err := Run(ctx, o)
		cancel()
		if err == nil {
			if got := reportJSON(t, r); got != want {
				t.Errorf("got another report:\n%s\nwant\n%s", got, want)
			}
			break
		}
		if cancelled++; !errors.Is(err, context.Canceled) {
			t.Fatalf("interrupted at step %d: got %v, want the context's error", stop, err)
		}
		parts, err := filepath.Glob(filepath.Join(dir, "*", "part-*"))
		if err != nil || len(parts) > 0 {
			t.Errorf("interrupted at step %d: left behind %q, %v", stop, parts, err)
		}
	}
	if cancelled < 15 {
		t.Errorf("the run was interrupted %d times, want at least once a unit", cancelled)
	}
}

func TestRunRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
		want string
	}{
		{"too many worlds", Options{Worlds: 5000}, "5000 worlds"},
		{"no world", Options{Worlds: -1}, "-1 worlds"},
		{"a drive that is none", Options{Drive: "seeds.txt", print: "test"}, "seeds.txt"},
		{"a simulated drive", Options{Drive: "../../recordings/clear-street.mcap", print: "test"}, "is simulated"},
		{"a cache that is a file", Options{Cache: "seeds.txt"}, "--cache"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.o.Cache == "" {
				c.o.Cache = t.TempDir()
			}
			c.o.plan = nil
			if _, err := Run(context.Background(), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

// TestFingerprint: the same program gives the same, on any number of workers.
func TestFingerprint(t *testing.T) {
	one, err := fingerprint(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	two, err := fingerprint(context.Background(), 2)
	if err != nil || one != two || len(one) != 64 {
		t.Errorf("got %q and %q, %v, want the same", one, two, err)
	}
}
