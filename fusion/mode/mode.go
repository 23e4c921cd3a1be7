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

// Config of the machine.
type Config struct {
	// UpAfter is the number of consecutive sets that must allow a better mode before it is taken.
	UpAfter int
}

// DefaultConfig goes up after ten sets, one second at 10 Hz.
func DefaultConfig() Config { return Config{UpAfter: 10} }

// Evidence is what one set rests on.
type Evidence struct {
	// Fitted and Present count the sensors that the rig has and the model can use, and those present in the set, by modality
	// (lidar, radar, camera).
	Fitted, Present [sensors.NumFused]int
	// Absent names the sensors that are missing with their reasons, for the explanation.
	Absent []string
}

// Machine holds the state.
type Machine struct {
	cfg    Config
	mode   Mode
	reason string
	better int
}

// New returns a machine in Init.
func New(cfg Config) *Machine { return &Machine{cfg: cfg, mode: Init} }

// Update takes one set's evidence and returns the mode and its reason in words (empty when nominal).
//
//	Nominal     every fitted sensor is present
//	Degraded    something is missing, and either a lidar is there or at least two modalities are
//	Minimal     a single modality other than lidar
//	FailSilent  nothing is present
func (m *Machine) Update(e Evidence) (Mode, string) {
	mode, reason := judge(e)
	switch {
	case m.mode == Init || mode <= m.mode:
		m.mode, m.reason, m.better = mode, reason, 0
	default:
		m.better++
		if m.better >= m.cfg.UpAfter {
			m.mode, m.reason, m.better = mode, reason, 0
		} else {
			m.reason = fmt.Sprintf("recovering: %d of %d sets", m.better, m.cfg.UpAfter)
		}
	}
	return m.mode, m.reason
}

func judge(e Evidence) (Mode, string) {
	modalities, missing := 0, 0
	for m := range e.Present {
		if e.Present[m] > 0 {
			modalities++
		}
		missing += e.Fitted[m] - e.Present[m]
	}
	switch {
	case modalities == 0:
		return FailSilent, "no sensor present"
	case missing == 0:
		return Nominal, ""
	case modalities == 1 && e.Present[sensors.Lidar] == 0:
		return Minimal, "missing: " + strings.Join(e.Absent, ", ")
	default:
		return Degraded, "missing: " + strings.Join(e.Absent, ", ")
	}
}
