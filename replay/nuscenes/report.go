package nuscenes

import (
	"fmt"
	"io"
	"strings"
)

// maxNamed is how many missing or damaged files a report names; the rest is counted.
const maxNamed = 100

// Report says what an import did.
type Report struct {
	Folder  string        `json:"folder"`
	Version string        `json:"version"`
	Scenes  []SceneReport `json:"scenes"`
}

// SceneReport is one recording.
type SceneReport struct {
	Scene   string `json:"scene"`
	Out     string `json:"out"`
	Vehicle string `json:"vehicle"`
	RigHash string `json:"rig_hash"`
	Samples int    `json:"samples"`
	// Streams in the rig's order.
	Streams []StreamReport `json:"streams"`
	// Ego poses given, and put in between.
	EgoGiven   int `json:"ego_given"`
	EgoBetween int `json:"ego_between"`
	// Ground truth: frames, boxes, boxes with a velocity, bicycle racks.
	TruthFrames  int `json:"truth_frames"`
	Boxes        int `json:"boxes"`
	WithVelocity int `json:"with_velocity"`
	BikeRacks    int `json:"bike_racks"`
	Messages     int `json:"messages"`
	// Problems names missing and damaged files, at most 100; MoreProblems counts the others.
	Problems     []Problem `json:"problems"`
	MoreProblems int       `json:"more_problems"`
	// Notes are remarks on the tables.
	Notes []string `json:"notes"`
}

// StreamReport is one sensor. Rows = Written + Missing + Damaged + Repeated.
type StreamReport struct {
	Sensor   string  `json:"sensor"`
	Modality string  `json:"modality"`
	RateHz   float64 `json:"rate_hz"`
	Rows     int     `json:"rows"`
	Written  int     `json:"written"`
	Missing  int     `json:"missing"`
	Damaged  int     `json:"damaged"`
	Repeated int     `json:"repeated"`
}

// Problem is a file that could not be used, or only in part.
type Problem struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

func (r *SceneReport) problem(file, reason string) {
	if len(r.Problems) >= maxNamed {
		r.MoreProblems++
		return
	}
	r.Problems = append(r.Problems, Problem{File: file, Reason: reason})
}

func (r *SceneReport) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// Lost counts the files that are missing or damaged, over all scenes.
func (r *Report) Lost() int {
	n := 0
	for _, s := range r.Scenes {
		for _, c := range s.Streams {
			n += c.Missing + c.Damaged
		}
	}
	return n
}

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, s := range r.Scenes {
		fmt.Fprintf(&b, "%s: scene %s, vehicle %s: %d messages\n", s.Out, s.Scene, s.Vehicle, s.Messages)
		for _, c := range s.Streams {
			fmt.Fprintf(&b, "  %-18s %-7s %6.2f Hz %6d of %d files", c.Sensor, c.Modality, c.RateHz, c.Written, c.Rows)
			for _, x := range []struct {
				n    int
				what string
			}{{c.Missing, "missing"}, {c.Damaged, "damaged"}, {c.Repeated, "repeated"}} {
				if x.n > 0 {
					fmt.Fprintf(&b, ", %d %s", x.n, x.what)
				}
			}
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "  ego motion         %d poses, %d more in between\n", s.EgoGiven, s.EgoBetween)
		fmt.Fprintf(&b, "  ground truth       %d frames, %d boxes (%d with a velocity), %d bicycle racks\n",
			s.TruthFrames, s.Boxes, s.WithVelocity, s.BikeRacks)
		for _, p := range s.Problems {
			fmt.Fprintf(&b, "  problem: %s: %s\n", p.File, p.Reason)
		}
		if s.MoreProblems > 0 {
			fmt.Fprintf(&b, "  problem: %d more files\n", s.MoreProblems)
		}
		for _, n := range s.Notes {
			fmt.Fprintf(&b, "  note: %s\n", n)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
