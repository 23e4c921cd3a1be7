package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/internal/pipeline"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim"
	"github.com/fusiond/fusiond/sim/world"
	timesync "github.com/fusiond/fusiond/sync"
)

// simBatch are the flags of training tensors from many worlds.
type simBatch struct {
	Batch   int      `help:"Instead of one drive, write training tensors (as fusiond tensors does) of this many drawn worlds into the folder --out. A folder that is not finished is gone on with."`
	Frames  int      `default:"8" help:"Frames a world."`
	Pick    int      `default:"1" help:"Draw this many worlds for each one kept: the one with most of what is rare (buses, trailers, construction vehicles, motorcycles, cones, barriers). World n is of one of the seeds from seed + n * pick."`
	Rig     []string `default:"city" help:"Rigs that worlds start from, in turn: built-in ones, rig files or recordings."`
	Units   []string `help:"Lidar units to draw from, for example dense64,spinning32; default: the rig's."`
	Weather float64  `default:"0.5" help:"Share of the worlds that are not clear, 0..1."`
	Faults  float64  `default:"0.4" help:"Share of the worlds with faulty sensors, 0..1."`
	Size    string   `default:"320x180" help:"Size of the cameras' pictures."`
}

// frameGap lies between the frames of a world: so far apart that each tells something new.
const frameGap = 900 * time.Millisecond

// runBatch implements sim --batch: worlds on all workers, each with a pipeline of its own, so that training sees what the daemon would.
func (b *simBatch) runBatch(ctx context.Context, out string, seed uint64, workers int) error {
	if out == "" {
		return usage("give --out DIR")
	}
	if b.Frames < 1 || b.Frames > 100 || b.Batch > 1_000_000 || b.Pick < 1 || b.Pick > 100 {
		return usage("--batch up to 1000000, --frames 1 to 100, --pick 1 to 100")
	}
	var rigs []*sim.Rig
	for _, name := range b.Rig {
		rig, err := loadSimRig(name, b.Size)
		if err != nil {
			return err
		}
		rigs = append(rigs, rig)
	}
	if err := os.MkdirAll(out, 0o755); err != nil { //nolint:gosec // data for others to read
		return err
	}
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	o := sim.DrawOptions{Duration: time.Duration(b.Frames)*frameGap + time.Second, Weather: b.Weather, Faults: b.Faults, Units: b.Units}
	bodies := world.NewBodies()
	bar := newBar(int64(b.Batch), "sim --batch")
	group, ctx := errgroup.WithContext(ctx)
	next := make(chan int)
	group.Go(func() error {
		defer close(next)
		for i := range b.Batch {
			select {
			case next <- i:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	var mu sync.Mutex
	sets := make([][]tensorSet, b.Batch)
	start := time.Now()
	for range workers {
		group.Go(func() error {
			for i := range next {
				o := o
				o.Rig = rigs[i%len(rigs)]
				first := seed + uint64(i*b.Pick) //nolint:gosec // not negative
				done, err := batchWorld(out, i, b.Frames, func() (*sim.Drive, error) { return richest(first, b.Pick, o, bodies) })
				if err != nil {
					return fmt.Errorf("world %d, seeds from %d: %w", i, first, err)
				}
				mu.Lock()
				sets[i] = done
				_ = bar.Add(1)
				mu.Unlock()
			}
			return nil
		})
	}
	err := group.Wait()
	_ = bar.Finish()
	if err != nil {
		return err
	}
	n, err := writeBatchIndex(out, seed, b, sets)
	if err != nil {
		return err
	}
	_, err = fmt.Printf("%s: %d frames of %d worlds in %.1f s\n", out, n, b.Batch, time.Since(start).Seconds())
	return err
}

// richest draws the drives of n seeds and returns the one that has most of what is rare; of equals, the first.
func richest(first uint64, n int, o sim.DrawOptions, bodies *world.Bodies) (best *sim.Drive, err error) {
	for seed := first; seed < first+uint64(n); seed++ { //nolint:gosec // a flag above 0
		d, err := sim.New(sim.Draw(seed, o), bodies)
		if err != nil {
			return nil, err
		}
		if best == nil || d.Rarity() > best.Rarity() {
			best = d
		}
	}
	return best, nil
}

// loadSimRig loads a rig, also a recording's, and gives its cameras a size.
func loadSimRig(name, size string) (*sim.Rig, error) {
	var w, h int
	if _, err := fmt.Sscanf(size, "%dx%d", &w, &h); err != nil || w < 16 || h < 16 || w > 4096 || h > 4096 {
		return nil, usage("--size: %q is no size: give for example 320x180", size)
	}
	var rig *sim.Rig
	if filepath.Ext(name) == ".mcap" {
		r, recorded, err := openRecording(name, "")
		if err != nil {
			return nil, err
		}
		if err := r.Close(); err != nil {
			return nil, err
		}
		rig = sim.RigOf(recorded)
	} else {
		var err error
		if rig, err = sim.LoadRig(name, "."); err != nil {
			return nil, err
		}
	}
	for i := range rig.Models {
		rig.Models[i].Width, rig.Models[i].Height = w, h
	}
	return rig, nil
}

// batchWorld writes the frames of one world, or takes those that are there already.
func batchWorld(out string, number, frames int, draw func() (*sim.Drive, error)) (sets []tensorSet, err error) {
	list := filepath.Join(out, fmt.Sprintf("world-%06d.json", number))
	if data, err := os.ReadFile(list); err == nil { //nolint:gosec // the operator names the folder
		if err := json.Unmarshal(data, &sets); err == nil {
			return sets, nil // written last: the world is whole
		}
	}
	d, err := draw()
	if err != nil {
		return nil, err
	}
	moments, err := d.Snapshots()
	if err != nil {
		return nil, err
	}
	pack := encoders.TriBEV()
	w := &tensorWriter{dir: out, pack: pack, name: func(n int) string { return fmt.Sprintf("set-%06d-%03d.npz", number, n) }}
	e, err := pipeline.New(pipeline.Options{
		Rig: d.Rig(), Package: pack, Align: timesync.ConfigFromRig(d.Rig()), Capture: w.put, Sink: func(pipeline.Output) {},
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	for n := range frames {
		messages, truth, err := moments.At(time.Duration(n)*frameGap + 500*time.Millisecond)
		if err != nil {
			return nil, err
		}
		if err := feed(e, w, messages, truth); err != nil {
			return nil, err
		}
	}
	data, err := json.Marshal(w.index.Sets)
	if err != nil {
		return nil, err
	}
	return w.index.Sets, errors.Join(w.err, os.WriteFile(list, data, 0o644)) //nolint:gosec // data for others to read
}

// feed sends one moment through the pipeline.
func feed(e *pipeline.Engine, w *tensorWriter, messages []replay.Message, truth *fusionv1.TruthFrame) error {
	w.truth = pipeline.NewTruth(truth)
	for _, m := range messages {
		topic := replay.ParseTopic(m.Topic)
		name := topic.Sensor
		if topic.Modality == sensors.Ego {
			name = sensors.EgoStream
		}
		e.Message(pipeline.Message{Sensor: name, Modality: topic.Modality, Received: m.Received, Data: m.Data})
	}
	e.Flush()
	return w.err
}

func writeBatchIndex(out string, seed uint64, b *simBatch, sets [][]tensorSet) (n int, err error) {
	index := tensorIndex{
		Schema: tensorSchema, Recording: fmt.Sprintf("simulated: rigs %s, seeds %d to %d, one of %d, weather %g, faults %g",
			strings.Join(b.Rig, ", "), seed, seed+uint64(b.Batch*b.Pick)-1, b.Pick, b.Weather, b.Faults), //nolint:gosec // not negative
		InputsSHA256: encoders.Fingerprint(encoders.TriBEV()), Classes: encoders.TriBEV().Classes, Modalities: []string{"lidar", "radar", "camera"},
	}
	for _, s := range sets {
		index.Sets = append(index.Sets, s...)
	}
	data, err := json.MarshalIndent(index, "", " ")
	if err != nil {
		return 0, err
	}
	return len(index.Sets), os.WriteFile(filepath.Join(out, "index.json"), append(data, '\n'), 0o644) //nolint:gosec // as above
}
