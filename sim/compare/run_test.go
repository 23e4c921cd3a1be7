package compare

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim"
	"github.com/fusiond/fusiond/sim/world"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const smallRig = `
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
  - name: "CAM_FRONT"
    modality: camera
    rate_hz: 10
    phase_ms: 50
    clock: synchronised
    range_m: 80
    ego_from_sensor: {translation: [1.5, 0, 1.5], rotation: [0.5, -0.5, 0.5, -0.5]}
    intrinsics: {model: pinhole_radtan, width: 512, height: 288, fx: 400, fy: 400, cx: 255.5, cy: 143.5}
  - name: "RADAR_FRONT"
    modality: radar
    rate_hz: 13
    clock: synchronised
    range_m: 100
    ego_from_sensor: {translation: [3.6, 0, 0.5], rotation: [1, 0, 0, 0]}
---
lidar: {unit: spinning16}
camera: {width: 512, height: 288}
`

// scenario is a short drive of the small rig.
func scenario(t *testing.T) *sim.Scenario {
	t.Helper()
	rig, err := sim.ParseRig([]byte(smallRig), "small.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return scenarioWith(rig)
}

func scenarioWith(rig *sim.Rig) *sim.Scenario {
	return &sim.Scenario{Name: "test", Seed: 5, Duration: 320 * time.Millisecond, Rig: rig, World: world.Defaults(world.Street)}
}

// drivenOnce are the messages of scenario, which all tests share.
var drivenOnce = sync.OnceValues(func() (*driven, error) {
	rig, err := sim.ParseRig([]byte(smallRig), "small.yaml")
	if err != nil {
		return nil, err
	}
	d, err := sim.New(scenarioWith(rig), nil)
	if err != nil {
		return nil, err
	}
	all := &driven{rig: d.Rig()}
	return all, d.Run(context.Background(), 2, func(m replay.Message) error {
		all.messages = append(all.messages, m)
		return nil
	}, nil)
})

type driven struct {
	rig      *sensors.Rig
	messages []replay.Message
}

// record makes a recording of a simulated drive that stands for a real one; keep chooses its messages, and may change them.
func record(t *testing.T, keep func(*replay.Message) bool) *replay.Reader {
	t.Helper()
	d, err := drivenOnce()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "real.mcap")
	w, err := replay.Create(path, replay.WriterOptions{Rig: d.rig, Source: "test"})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range d.messages {
		if keep(&m) {
			err = errors.Join(err, w.Write(m))
		}
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	r, err := replay.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func everything(*replay.Message) bool { return true }

// TestRunAgainstItself compares a simulated drive with its own scenario: nothing may differ. Another seed must.
func TestRunAgainstItself(t *testing.T) {
	s := scenario(t)
	r := record(t, everything)
	same, err := Run(context.Background(), r, Options{Sweeps: 3, Scenario: s, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	if same.Unit != "spinning16" || same.Lidar != "LIDAR_TOP" || len(same.LeftOut) != 1 || !strings.Contains(same.LeftOut[0], "RADAR_FRONT") {
		t.Errorf("unit %s, lidar %s, left out %q, want spinning16, LIDAR_TOP and the radar", same.Unit, same.Lidar, same.LeftOut)
	}
	if same.Real.Sweeps != 3 || same.Real != same.Simulated {
		t.Errorf("real %+v, simulated %+v, want 3 sweeps and the same", same.Real, same.Simulated)
	}
	for i := range same.Measures {
		if m := &same.Measures[i]; value(m.Size) > 1e-9 {
			t.Errorf("%s: size %v against itself, want 0", m.ID, *m.Size)
		}
	}
	other := *s
	other.Seed = 6
	differs, err := Run(context.Background(), r, Options{Sweeps: 3, Scenario: &other, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	if first := &differs.Measures[0]; value(first.Size) < 0.05 {
		t.Errorf("another street: the largest difference is %s with %v, want more than 0.05", first.ID, value(first.Size))
	}
	for i := 1; i < len(differs.Measures); i++ {
		if value(differs.Measures[i].Size) > value(differs.Measures[i-1].Size) {
			t.Errorf("%s is larger than the one before", differs.Measures[i].ID)
		}
	}
}

// TestReportIsTheSame makes the report twice, with one worker and with two, and looks at its page.
func TestReportIsTheSame(t *testing.T) {
	r := record(t, everything)
	var texts [2][2]bytes.Buffer
	done := 0
	for i := range texts {
		rep, err := Run(context.Background(), r, Options{Sweeps: 3, Workers: i + 1, Progress: func(n, of int) { done = max(done, 10*n+of) }})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(rep.WriteJSON(&texts[i][0]), rep.WriteHTML(&texts[i][1])); err != nil {
			t.Fatal(err)
		}
		names, files, err := rep.Pictures()
		if err != nil || len(names) != 4 || len(files) != 4 {
			t.Errorf("pictures %q, error %v, want a sweep and a camera of both sides", names, err)
		}
	}
	for k, what := range []string{"JSON", "page"} {
		if !bytes.Equal(texts[0][k].Bytes(), texts[1][k].Bytes()) {
			t.Errorf("the %s depends on the number of workers", what)
		}
	}
	if done != 11 {
		t.Errorf("progress %d, want drive 1 of 1", done)
	}
	html := texts[0][1].String()
	for _, want := range []string{"data:image/png;base64,", "data:image/jpeg;base64,", "<svg", `id="cars.points"`} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, bad := range []string{`src="http`, `href="http`, "<?xml", "<script", "ZgotmplZ"} {
		if strings.Contains(html, bad) {
			t.Errorf("the page holds %q: it must open offline", bad)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	kindOf := func(m *replay.Message) string { return replay.ParseTopic(m.Topic).Kind }
	tests := []struct {
		name string
		keep func(*replay.Message) bool
		want string
	}{
		{"no ground truth", func(m *replay.Message) bool { return kindOf(m) != "truth" }, "ground truth"},
		{"no lidar", func(m *replay.Message) bool {
			return kindOf(m) != "sensor" || replay.ParseTopic(m.Topic).Modality != sensors.Lidar
		}, "no sweep of a spinning lidar"},
		{"damaged sweep", func(m *replay.Message) bool {
			if kindOf(m) == "sensor" && replay.ParseTopic(m.Topic).Modality == sensors.Lidar {
				m.Data = m.Data[:len(m.Data)/2]
			}
			return true
		}, "parse LIDAR_TOP"},
		{"damaged picture", func(m *replay.Message) bool {
			if i := bytes.Index(m.Data, []byte("\xff\xd8\xff")); i >= 0 {
				m.Data = bytes.Clone(m.Data)
				m.Data[i+1] = 0
			}
			return true
		}, "picture of CAM_FRONT"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Run(context.Background(), record(t, tt.keep), Options{Sweeps: 3})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	r := record(t, everything)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, r, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v, want %v", err, context.Canceled)
	}
}

func TestStreets(t *testing.T) {
	rig := scenario(t).Rig
	for _, tt := range []struct {
		name string
		like like
	}{
		{"standing", like{[]float64{0}, 32, 5}},
		{"fast and empty", like{[]float64{28, 35, 60}, 0, 3}},
		{"crowded canyon", like{[]float64{0, 5, 9}, 500, 90}},
	} {
		slowest, fastest := 1e9, 0.0
		for _, s := range streets(rig, tt.like, 9) {
			if err := s.World.Validate(s.Duration); err != nil {
				t.Errorf("%s: %s: %v", tt.name, s.Name, err)
			}
			slowest, fastest = min(slowest, s.World.Ego.StartMps), max(fastest, s.World.Ego.StartMps)
		}
		if v := tt.like.speeds; slowest > v[0]+1e-9 || fastest != min(30, v[len(v)-1]) {
			t.Errorf("%s: driven at %v to %v, want %v", tt.name, slowest, fastest, v)
		}
	}
}

func TestRealDrive(t *testing.T) {
	path := os.Getenv("FUSIOND_RECORDING")
	if path == "" {
		t.Skip("FUSIOND_RECORDING names no recording of a real drive with a spinning lidar")
	}
	r, err := replay.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	rep, err := Run(context.Background(), r, Options{Sweeps: 6, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	for i := range rep.Measures {
		m := &rep.Measures[i]
		if limit, ok := limits[m.ID]; ok && value(m.Size) > limit {
			t.Errorf("%s: size %.3f, want at most %.3f", m.ID, value(m.Size), limit)
		}
	}
}

// limits are what a change of the models must not undo, with room for the few sweeps of the test.
var limits = map[string]float64{
	"lidar.noise": 0.08, "lidar.range": 0.12, "lidar.height": 0.08, "lidar.intensity": 0.12, "lidar.intensity.road": 0.12, "lidar.intensity.cars": 0.1,
	"cars.part": 0.08, "lidar.points_by_ring": 0.1,
}
