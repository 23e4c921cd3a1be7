package sensors

import (
	"fmt"
	"strings"
)

// RigFault is one thing wrong with a rig.
type RigFault struct {
	// Line in the file, from 1; 0 when the fault is not in a file.
	Line int
	// Field is the path of the value, for example "sensors[3](CAM_FRONT).rate_hz".
	Field string
	// Got and Want say what is there and what was expected; Cure says what to do about it.
	Got, Want, Cure string
}

// String returns "line: field: got ..., want ...: cure".
func (f RigFault) String() string {
	s := fmt.Sprintf("%s: got %s, want %s: %s", f.Field, f.Got, f.Want, f.Cure)
	if f.Line > 0 {
		return fmt.Sprintf("line %d: %s", f.Line, s)
	}
	return s
}

// RigError lists everything that is wrong with a rig, in the order of the file. There is at least one fault.
type RigError struct {
	// Name of the file, or what else the rig came from.
	Name   string
	Faults []RigFault
}

// Error returns one line a fault, each with the file's name.
func (e *RigError) Error() string {
	var b strings.Builder
	for i, f := range e.Faults {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString("rig " + e.Name + ": " + f.String())
	}
	return b.String()
}
