package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sim"
	"github.com/fusiond/fusiond/sim/timeline"
)

type simCmd struct {
	Compare simCompareCmd `cmd:"" help:"Hold a real drive beside simulated ones: distributions, distances, pictures."`
	Make    simMakeCmd    `cmd:"" default:"withargs" help:"Make a drive from a scenario (the default: fusiond sim SCENARIO --out FILE)."`
}

type simMakeCmd struct {
	Scenario string `arg:"" optional:"" help:"Scenario file, or the name of a built-in one."`
	Out      string `help:"Recording to write." type:"path"`
	Live     bool   `help:"Publish the drive on NATS in real time, as its vehicle would. It is made first, then sent: the pace does not depend on the machine."`
	URL      string `default:"nats://127.0.0.1:4222" env:"NATS_URL" help:"NATS server for --live."`
	Seed     uint64 `help:"Instead of the scenario's."`
	Small    bool   `help:"Compress the recording as much as possible, slowly: for recordings that ship."`
	Workers  int    `help:"Shots in the making at once; 0 is the number of cores. The recording does not depend on it."`
	simBatch
	List bool `help:"List the built-in scenarios and rigs."`
	Keys bool `help:"Describe the keys of a time line."`
	JSON bool `help:"Print the summary as JSON."`
}

// simSummary is the verb's result.
type simSummary struct {
	Scenario  string  `json:"scenario"`
	Seed      uint64  `json:"seed"`
	Out       string  `json:"out"`
	Messages  int     `json:"messages"`
	DurationS float64 `json:"duration_s"`
	WallS     float64 `json:"wall_s"`
}

// Run implements the verb.
func (c *simMakeCmd) Run(ctx context.Context) error {
	switch {
	case c.Keys:
		_, err := fmt.Print(timeline.Docs())
		return err
	case c.List:
		return listSim()
	case c.Batch > 0:
		return c.runBatch(ctx, c.Out, c.Seed, c.Workers)
	case c.Scenario == "":
		return usage("name a scenario: a file, or one of %q", sim.BuiltinScenarios())
	case c.Out == "" && !c.Live:
		return usage("give --out FILE.mcap, or --live")
	}
	s, err := sim.LoadScenario(c.Scenario)
	if err != nil {
		return err
	}
	if c.Seed != 0 {
		s.Seed = c.Seed
	}
	if c.Live && c.Out == "" {
		dir, err := os.MkdirTemp("", "fusiond-sim-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }() // what cannot be removed is in the system's temporary folder
		c.Out = filepath.Join(dir, s.Name+".mcap")
	}
	start := time.Now()
	messages, err := simulate(ctx, s, c.Out, c.Workers, c.Small)
	if err != nil {
		return err
	}
	if c.Live {
		return (&playCmd{File: c.Out, URL: c.URL, Rate: 1}).Run(ctx)
	}
	sum := simSummary{s.Name, s.Seed, c.Out, messages, s.Duration.Seconds(), time.Since(start).Seconds()}
	if c.JSON {
		return writeJSON(os.Stdout, sum)
	}
	_, err = fmt.Printf("%s: %s, seed %d, %d messages of %.1f s, made in %.1f s\n",
		sum.Out, sum.Scenario, sum.Seed, sum.Messages, sum.DurationS, sum.WallS)
	return err
}

func listSim() error {
	for _, name := range sim.BuiltinScenarios() {
		s, err := sim.LoadScenario(name)
		if err != nil {
			return err
		}
		fmt.Printf("%-16s %s\n", name, s.About)
	}
	_, err := fmt.Printf("rigs: %q\n", sim.BuiltinRigs())
	return err
}

// simulate makes a scenario's recording with a progress bar. It is written beside its place and moved there when it is whole: whatever
// happens, no half-written recording can be taken for a whole one.
func simulate(ctx context.Context, s *sim.Scenario, out string, workers int, small bool) (messages int, err error) {
	d, err := sim.New(s, nil)
	if err != nil {
		return 0, err
	}
	options := replay.WriterOptions{Rig: d.Rig(), Source: "fusiond sim", Metadata: d.Metadata()}
	if small {
		options.Compression = replay.ZstdBest
	}
	partial := out + ".partial"
	w, err := replay.Create(partial, options)
	if err != nil {
		return 0, err
	}
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	bar := newBar(int64(s.Duration/time.Millisecond), "sim "+s.Name)
	err = d.Run(ctx, workers, func(m replay.Message) error {
		messages++
		return w.Write(m)
	}, func(at time.Duration) { _ = bar.Set64(int64(at / time.Millisecond)) })
	_ = bar.Finish()
	if err = errors.Join(err, w.Close()); err != nil {
		return messages, errors.Join(err, os.Remove(partial))
	}
	return messages, os.Rename(partial, out)
}
