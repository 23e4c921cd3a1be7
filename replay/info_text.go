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
	keys, width := slices.Sorted(maps.Keys(i.Metadata)), len("sha256")
	for _, k := range keys {
		width = max(width, len(k))
	}
	line := func(label, format string, args ...any) {
		fmt.Fprintf(&b, "  %-*s  %s\n", width, label, fmt.Sprintf(format, args...))
	}
	line("sha256", "%s", i.SHA256)
	line("length", "%.3f s from %s, %d messages in %d chunks", i.DurationS,
		time.Unix(0, i.First).UTC().Format("2006-01-02 15:04:05.000 UTC"), i.Messages, i.Chunks)
	if i.Rig != nil {
		line("rig", "%s, revision %s, %d sensors, %.12s", i.Rig.Vehicle, i.Rig.Revision, len(i.Rig.Sensors), i.Rig.Hash)
	} else {
		line("rig", "none %s", i.RigFault)
	}
	for _, k := range keys {
		line(k, "%s", i.Metadata[k])
	}
	for _, d := range i.Damages {
		line("damage", "byte %d: %s: %s", d.Offset, d.What, d.Cause)
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
		fmt.Fprintf(&b, "account %-20s received %d = used %d + dropped %s + pending %d: balanced %t\n",
			a.Stream, a.Received, a.Used, droppedText(a.Dropped), a.Pending, a.Balanced)
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

// droppedText is the number dropped, and by which reasons: "3 (late 1, unmatched 2)".
func droppedText(byReason map[string]uint64) string {
	sum, reasons := uint64(0), []string{}
	for _, r := range slices.Sorted(maps.Keys(byReason)) {
		sum += byReason[r]
		reasons = append(reasons, fmt.Sprintf("%s %d", r, byReason[r]))
	}
	if sum == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%s)", sum, strings.Join(reasons, ", "))
}

// delayText shows a delay; that of a replayed drive is years and says nothing.
func delayText(ms float64) string {
	const hour = 3.6e6
	if ms > hour || ms < -hour {
		return "replayed"
	}
	return fmt.Sprintf("%.1f", ms)
}
