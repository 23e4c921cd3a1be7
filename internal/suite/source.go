package suite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/fusiond/fusiond/internal/pipeline"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim"
	"github.com/fusiond/fusiond/sim/degrade"
	"github.com/fusiond/fusiond/sim/timeline"
	"github.com/fusiond/fusiond/sim/world"
)

// source is a drive that conditions are laid over: a simulated world, or a part of a real recording.
type source struct {
	name string
	// made is what the clean drive depends on, in words that are hashed.
	made string
	// seed of the world and of what chance does to the drive.
	seed uint64
	// rig as recorded, so far as orders look at it: the sensors and the width of the pictures.
	rig *sensors.Rig
	// scenario of a world; nil for a real drive.
	scenario *sim.Scenario
	// file of a real drive, and the arrivals that are taken from it.
	file     string
	from, to sensors.StampNs
}

// real tells whether the drive was recorded on a road.
func (s *source) real() bool { return s.scenario == nil }

// worldSource is the test world of a seed. rig is what all worlds start from.
func worldSource(seed uint64, rig *sim.Rig, duration time.Duration) (*source, error) {
	// Weather 0: clear, nothing fails. What happens to it is the suite's to say.
	scenario := sim.Draw(seed, sim.DrawOptions{Rig: rig, Duration: duration})
	scenario.Name, scenario.About = fmt.Sprintf("suite-%d", seed), "test world of the robustness suite"
	made, err := json.Marshal(struct {
		Seed     uint64
		Duration time.Duration
		World    world.Spec
		Rig      string
		Models   []sim.Model
	}{seed, duration, scenario.World, scenario.Rig.Hash(), scenario.Rig.Models})
	if err != nil {
		return nil, fmt.Errorf("world %d: %w", seed, err)
	}
	recorded := *scenario.Rig.Rig
	recorded.Sensors = slices.Clone(recorded.Sensors)
	for i := range recorded.Sensors {
		if s := &recorded.Sensors[i]; s.Intrinsics != nil && scenario.Rig.Models[i].Width > 0 {
			k := *s.Intrinsics
			k.Width, k.Height = scenario.Rig.Models[i].Width, scenario.Rig.Models[i].Height
			s.Intrinsics = &k
		}
	}
	return &source{name: fmt.Sprintf("seed %d", seed), made: string(made), seed: seed, rig: &recorded, scenario: scenario}, nil
}

// realSource is the end of a real drive.
func realSource(path string, length time.Duration) (*source, error) {
	r, err := replay.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // only read
	rig, err := r.Rig()
	if err != nil {
		return nil, err
	}
	truth, err := pipeline.LoadTruth(r)
	if err != nil {
		return nil, err
	}
	if len(truth.Frames()) == 0 {
		return nil, fmt.Errorf("recording %s has no ground truth: give a labelled drive", path)
	}
	if meta, err := r.Metadata(); err != nil || meta["simulated"] == "true" {
		return nil, fmt.Errorf("recording %s is simulated (%w): --drive is for real ones", path, err)
	}
	sum, err := hashFile(path)
	if err != nil {
		return nil, err
	}
	_, last := r.Range()
	s := &source{name: filepath.Base(path), seed: 1, rig: rig, file: path, from: last.Add(-length), to: last}
	s.made = fmt.Sprintf("real %s from %d to %d", sum, s.from, s.to)
	return s, nil
}

// take is a drive under one or more conditions that order the same.
type take struct {
	source *source
	orders string
	// native takes are simulated in their weather; others are laid over the clean drive.
	native bool
	key    string
}

// newTake names a take by everything that its messages depend on. version is the fingerprint of the programs that make them.
func newTake(s *source, c *Condition, version string) *take {
	t := &take{source: s, orders: c.Orders(s.rig)}
	t.native = c.Group == Clean || !s.real() && c.level.weather != ""
	t.key = hashOf("take", version, s.made, fmt.Sprint(t.native), t.orders)
	return t
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func hashOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(fmt.Appendf(nil, "%d:%s", len(p), p))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// clip copies the source's part of a real recording: sensors and ground truth.
func (s *source) clip(ctx context.Context, put func(replay.Message) error) error {
	r, err := replay.Open(s.file)
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // only read
	for m, err := range r.Messages(replay.Options{From: s.from, To: s.to}) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if topic := replay.ParseTopic(m.Topic); topic.IsInput() || topic.Kind == "truth" {
			if err := put(m); err != nil {
				return err
			}
		}
	}
	return nil
}

// drive makes the world ready for the orders.
func (s *source) drive(orders string, bodies *world.Bodies) (*sim.Drive, error) {
	line, err := timeline.Parse([]byte(orders), s.name)
	if err != nil {
		return nil, err
	}
	scenario := *s.scenario
	scenario.Timeline = *line
	return sim.New(&scenario, bodies)
}

// record returns the take as a recording, from the road or the simulator. The bytes do not depend on the number of workers.
func (t *take) record(ctx context.Context, workers int, bodies *world.Bodies) ([]byte, error) {
	rig, play := t.source.rig, t.source.clip
	if !t.source.real() {
		d, err := t.source.drive(t.orders, bodies)
		if err != nil {
			return nil, fmt.Errorf("record %s: %w", t.source.name, err)
		}
		rig = d.Rig()
		play = func(ctx context.Context, put func(replay.Message) error) error { return d.Run(ctx, workers, put, nil) }
	}
	data, err := record(replay.WriterOptions{Rig: rig, Source: "fusiond eval --suite", Metadata: map[string]string{
		"suite_take": t.key, "simulated": strconv.FormatBool(!t.source.real()),
	}}, func(w *replay.Writer) error { return play(ctx, w.Write) })
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", t.source.name, err)
	}
	return data, nil
}

// lay makes the take from the clean drive's recording.
func (t *take) lay(ctx context.Context, clean []byte, workers int) ([]byte, error) {
	fail := func(err error) error { return fmt.Errorf("lay orders over %s: %w", t.source.name, err) }
	r, err := openBytes(clean, t.source.name)
	if err != nil {
		return nil, err
	}
	rig, err := r.Rig()
	if err != nil {
		return nil, fail(err)
	}
	orders, err := degrade.ParseScenario([]byte(t.orders), t.source.name)
	if err != nil {
		return nil, fail(err)
	}
	var report *degrade.Report
	data, err := record(replay.WriterOptions{Rig: rig, Compression: replay.Uncompressed}, func(w *replay.Writer) (err error) {
		report, err = degrade.Run(ctx, r, orders, degrade.Options{Seed: t.source.seed, Workers: workers}, w.Write)
		return err
	})
	if err != nil {
		return nil, fail(err)
	}
	if n := report.Unreadable(); n > 0 {
		return nil, fail(fmt.Errorf("%d messages cannot be read: give a sound recording", n))
	}
	return data, nil
}

// record writes a recording into memory.
func record(o replay.WriterOptions, play func(*replay.Writer) error) ([]byte, error) {
	var b bytes.Buffer
	w, err := replay.NewWriter(&b, o)
	if err != nil {
		return nil, err
	}
	err = errors.Join(play(w), w.Close())
	return b.Bytes(), err
}

func openBytes(data []byte, name string) (*replay.Reader, error) {
	return replay.NewReader(bytes.NewReader(data), int64(len(data)), name)
}
