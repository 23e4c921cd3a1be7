package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sim/degrade"
	"github.com/fusiond/fusiond/sim/timeline"
)

type degradeCmd struct {
	File      string `arg:"" help:"Recording (MCAP)." type:"existingfile"`
	Scenario  string `required:"" help:"YAML file: a list of orders, or a scenario whose time line is taken." type:"existingfile"`
	Out       string `required:"" help:"Recording to write." type:"path"`
	Seed      uint64 `default:"1" help:"Seed of all chance: the same seed gives the same bytes."`
	Overwrite bool   `help:"Replace the output if it exists."`
	JSON      bool   `help:"Print the report as JSON."`
}

// Help implements kong's HelpProvider.
func (c *degradeCmd) Help() string {
	return "Orders of a time line, for example [{at: 4s, over: 3s, fog: 0.06}, {at: 9s, sensor: CAM_FRONT, dead: true}]:\n\n" + timeline.Docs()
}

// degradeSummary is the verb's result.
type degradeSummary struct {
	Out            string  `json:"out"`
	Seed           uint64  `json:"seed"`
	ScenarioSHA256 string  `json:"scenario_sha256"`
	DurationS      float64 `json:"duration_s"`
	WallS          float64 `json:"wall_s"`
	TimesRealTime  float64 `json:"times_real_time"`
	*degrade.Report
}

// Run implements the verb.
func (c *degradeCmd) Run(ctx context.Context) (err error) {
	s, err := degrade.LoadScenario(c.Scenario)
	if err != nil {
		return err
	}
	r, err := replay.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	progress, finish := eventBar(r, "degrade")
	start := time.Now()
	report, err := degrade.File(ctx, r, s, degrade.Options{Seed: c.Seed, Progress: progress}, c.Out, c.Overwrite)
	finish()
	if err != nil {
		return err
	}
	first, last := r.Range()
	summary := degradeSummary{
		Out: c.Out, Seed: c.Seed, ScenarioSHA256: s.SHA256, DurationS: last.Sub(first).Seconds(), WallS: time.Since(start).Seconds(), Report: report,
	}
	summary.TimesRealTime = summary.DurationS / summary.WallS
	if c.JSON {
		err = writeJSON(os.Stdout, summary)
	} else {
		err = summary.writeText(os.Stdout)
	}
	if err != nil {
		return err
	}
	if n := report.Unreadable(); n > 0 {
		return loss("degraded, but %d messages could not be read and are as they were", n)
	}
	return nil
}

func (s *degradeSummary) writeText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s: %.1f s in %.2f s (%.1f times real time)\n%-46s %9s %9s %9s  points\n",
		s.Out, s.DurationS, s.WallS, s.TimesRealTime, "topic", "recorded", "written", "changed")
	for i := range s.Streams {
		t := &s.Streams[i]
		points := ""
		if t.Points > 0 {
			of := func(n uint64) float64 { return 100 * float64(n) / float64(t.Points) }
			points = fmt.Sprintf("  %.1f %% kept, %.1f %% moved, %.1f %% lost", of(t.PointsKept), of(t.PointsMoved), of(t.PointsLost))
		}
		if err == nil {
			_, err = fmt.Fprintf(w, "%-46s %9d %9d %9d%s\n", t.Topic, t.Recorded, t.Written, t.Changed, points)
		}
		if err == nil && t.WithoutSweep > 0 {
			_, err = fmt.Fprintf(w, "  %d pictures without a sweep near: their distances are those of a plane and the sky\n", t.WithoutSweep)
		}
		if err == nil && t.Unreadable > 0 {
			_, err = fmt.Fprintf(w, "  %d messages could not be read: %s\n", t.Unreadable, t.FirstFault)
		}
	}
	for _, topic := range s.topicsLeftOut() {
		if err == nil {
			_, err = fmt.Fprintf(w, "%-46s %9d  left out: made from the clean drive\n", topic, s.LeftOut[topic])
		}
	}
	return err
}

func (s *degradeSummary) topicsLeftOut() []string {
	return slices.Sorted(maps.Keys(s.LeftOut))
}
