// Package mode decides the operating mode from what each set rests on. It is a pure state machine: down at once, up only
// after the better state has held for a number of sets.
package mode

import (
	"fmt"
	"strings"

	"github.com/fusiond/fusiond/sensors"
)

// Mode orders the operating modes from worst to best.
type Mode uint8

// The modes.
const (
	FailSilent Mode = iota
	Minimal
	Degraded
	Nominal
	Init
)

// String is the mode's word: "fail-silent", "minimal", "degraded", "nominal", "init".
func (m Mode) String() string {
	return [...]string{"fail-silent", "minimal", "degraded", "nominal", "init"}[m]
}

// Config of the machine.
type Config struct {
	// UpAfter is the number of consecutive sets that must allow a better mode before it is taken; below 1 it counts as 1.
	UpAfter int
}

// DefaultConfig goes up after ten sets, one second at 10 Hz.
func DefaultConfig() Config { return Config{UpAfter: 10} }

// Evidence is what one set rests on.
type Evidence struct {
	// Fitted and Present count the sensors that the rig has and the model can use, and those present in the set, by modality
	// (lidar, radar, camera).
	Fitted, Present [sensors.NumFused]int
	// Weak tells the modalities of which sensors are present, and none of them gives data that can be relied on.
	Weak [sensors.NumFused]bool
	// Absent names the sensors that are missing and Unreliable those whose data cannot be relied on, present or not, with their reasons,
	// for the explanation.
	Absent, Unreliable []string
}

// Machine holds the state.
type Machine struct {
	upAfter int
	sets    int              // seen so far
	last    [Nominal + 1]int // the newest set that allowed this mode and none better; 0: none yet
}

// New returns a machine that has seen no set: its mode is Init.
func New(cfg Config) *Machine { return &Machine{upAfter: max(cfg.UpAfter, 1)} }

// Update takes one set's evidence and returns the mode and its reason in words (empty when nominal). A set allows
//
//	Nominal     when every fitted sensor is present and no modality is weak
//	Degraded    when something is missing or weak, and either a lidar is there or at least two modalities are
//	Minimal     when a single modality other than lidar is there
//	FailSilent  when nothing is present
//
// and the mode is the worst that one of the last UpAfter sets allowed: so it goes down at once, never stands above what the newest
// set allows, and goes up, to what all of them allowed, when none of them is worse.
func (m *Machine) Update(e Evidence) (Mode, string) {
	allowed := judge(e)
	m.sets++
	m.last[allowed] = m.sets
	mode := FailSilent
	for m.last[mode] == 0 || m.sets-m.last[mode] >= m.upAfter { // ends at allowed, if not before
		mode++
	}
	var reasons []string
	if allowed != Nominal {
		reasons = append(reasons, explain(e, allowed))
	}
	if mode < allowed {
		reasons = append(reasons, fmt.Sprintf("recovering from %s: %d of %d sets", mode, m.sets-m.last[mode], m.upAfter))
	}
	return mode, strings.Join(reasons, "; ")
}

// judge is the best mode that one set allows.
func judge(e Evidence) Mode {
	modalities, complete := 0, true
	for m := range e.Present {
		if e.Present[m] > 0 {
			modalities++
		}
		complete = complete && e.Present[m] >= e.Fitted[m] && !e.Weak[m]
	}
	switch {
	case modalities == 0:
		return FailSilent
	case complete:
		return Nominal
	case modalities == 1 && e.Present[sensors.Lidar] == 0:
		return Minimal
	default:
		return Degraded
	}
}

// explain says what is missing and what cannot be relied on, by name where names are known.
func explain(e Evidence, allowed Mode) string {
	var parts []string
	switch {
	case allowed == FailSilent:
		parts = append(parts, named("no sensor present", e.Absent))
	case len(e.Absent) > 0 || len(e.Unreliable) == 0:
		parts = append(parts, named("missing", e.Absent))
	}
	if len(e.Unreliable) > 0 {
		parts = append(parts, named("unreliable", e.Unreliable))
	}
	return strings.Join(parts, "; ")
}

func named(what string, names []string) string {
	if len(names) == 0 {
		return what
	}
	return what + ": " + strings.Join(names, ", ")
}
