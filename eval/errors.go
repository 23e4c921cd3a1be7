package eval

import (
	"fmt"
	"strings"
)

// noBox is the [InputError.Box] of a fault that is not in one box.
const noBox = -1

// side says which of the two sets of boxes is meant.
type side int

const (
	groundTruthSide side = iota
	predictionSide
)

func (s side) String() string {
	if s == predictionSide {
		return "predictions"
	}
	return "ground truth"
}

// InputError says why boxes cannot be scored: where the fault is, what it is, and what mends it.
type InputError struct {
	Op      string // "read" for files, "evaluate" for samples in memory
	Source  string // name of the file, or "ground truth" or "predictions"
	Line    int    // line in the file, from 1; 0 if the fault is not at one line
	Token   string // sample token; "" if the fault is not in one sample
	Box     int    // index of the box in its sample, from 0; -1 if the fault is not in one box
	Field   string // JSON name of the field; "" if the fault is not in one field
	Problem string // what is wrong
	Cure    string // what to do about it
	Err     error  // cause, or nil
}

// Error returns the fault in one line: operation, place, problem, cure.
func (e *InputError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", e.Op, e.Source)
	if e.Line > 0 {
		fmt.Fprintf(&b, " line %d", e.Line)
	}
	b.WriteString(":")
	where := b.Len()
	if e.Token != "" {
		fmt.Fprintf(&b, " sample %q", e.Token)
	}
	if e.Box >= 0 {
		fmt.Fprintf(&b, " box %d", e.Box)
	}
	if e.Field != "" {
		fmt.Fprintf(&b, " field %s", e.Field)
	}
	if b.Len() > where {
		b.WriteString(":")
	}
	fmt.Fprintf(&b, " %s", e.Problem)
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if e.Cure != "" {
		fmt.Fprintf(&b, ": %s", e.Cure)
	}
	return b.String()
}

// Unwrap returns the cause, for [errors.Is] and [errors.As].
func (e *InputError) Unwrap() error { return e.Err }
