package replay

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// WriteText writes the information for people.
func (i *Information) WriteText(w io.Writer) error {
	var b strings.Builder
	state := "whole"
	if !i.SummaryIntact || len(i.Damages) > 0 {
		state = "DAMAGED: run 'fusiond recover'"
	}
	fmt.Fprintf(&b, "%s: %.1f MB, %s\n", i.Path, float64(i.Bytes)*1e-6, state)
	fmt.Fprintf(&b, "  sha256    %s\n", i.SHA256)
	fmt.Fprintf(&b, "  length    %.3f s from %s, %d messages in %d chunks\n", i.DurationS,
		time.Unix(0, i.First).UTC().Format("2006-01-02 15:04:05.000 UTC"), i.Messages, i.Chunks)
	if i.Rig != nil {
		fmt.Fprintf(&b, "  rig       %s, revision %s, %d sensors, %.12s\n", i.Rig.Vehicle, i.Rig.Revision, len(i.Rig.Sensors), i.Rig.Hash)
	} else {
		fmt.Fprintf(&b, "  rig       none %s\n", i.RigFault)
	}
	for _, k := range slices.Sorted(maps.Keys(i.Metadata)) {
		fmt.Fprintf(&b, "  %-9s %s\n", k, i.Metadata[k])
	}
	for _, d := range i.Damages {
		fmt.Fprintf(&b, "  damage    byte %d: %s: %s\n", d.Offset, d.What, d.Cause)
	}
	i.writeStreams(&b)
	if t := i.Truth; t != nil {
		fmt.Fprintf(&b, "ground truth: %d frames, %d boxes of %d objects, %d with a velocity, %d bicycle racks\n",
			t.Frames, t.Boxes, t.Objects, t.WithVelocity, t.BikeRacks)
		for _, c := range slices.Sorted(maps.Keys(t.ByClass)) {
			name := c
			if name == "" {
				name = "(other)"
			}
			fmt.Fprintf(&b, "  %-22s %7d\n", name, t.ByClass[c])
		}
	}
	for _, a := range i.Conservation {
		fmt.Fprintf(&b, "account %-20s received %d = used %d + dropped %v + pending %d: balanced %t\n",
			a.Stream, a.Received, a.Used, a.Dropped, a.Pending, a.Balanced)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (i *Information) writeStreams(b *strings.Builder) {
	width, begin := len("topic"), int64(0) // gaps are places in the stamps' time, which is not the arrivals' in a recorded replay
	for _, s := range i.Streams {
		width = max(width, len(s.Topic))
		if s.Modality != "" && (begin == 0 || s.FirstStamp < begin) {
			begin = s.FirstStamp
		}
	}
	fmt.Fprintf(b, "%-*s %9s %9s %9s %9s  %s\n", width, "topic", "messages", "Hz", "MB", "delay ms", "schema")
	for _, s := range i.Streams {
		fmt.Fprintf(b, "%-*s %9d %9.2f %9.2f %9s  %s\n", width, s.Topic, s.Messages, s.RateHz, float64(s.Bytes)*1e-6, delayText(s.DelayMs), s.Schema)
		for _, g := range s.Gaps {
			fmt.Fprintf(b, "  gap of %.3f s at %.3f s (%d missing)\n", g.LengthS, float64(g.After-begin)*1e-9, g.Missing)
		}
		if more := s.GapCount - len(s.Gaps); more > 0 {
			fmt.Fprintf(b, "  %d shorter gaps\n", more)
		}
		if s.Backwards > 0 {
			fmt.Fprintf(b, "  %d stamps not after the one before\n", s.Backwards)
		}
	}
}

// delayText shows a delay; that of a replayed drive is years and says nothing.
func delayText(ms float64) string {
	const hour = 3.6e6
	if ms > hour || ms < -hour {
		return "replayed"
	}
	return fmt.Sprintf("%.1f", ms)
}
