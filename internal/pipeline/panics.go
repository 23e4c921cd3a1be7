package pipeline

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/fusiond/fusiond/sensors"
)

// panicError is a stage's panic. Its text depends on the fault only; the stack, which tells addresses, goes to the log.
type panicError struct {
	stage string
	value any
	stack []byte
}

// Error says what happened and whom to tell.
func (e *panicError) Error() string {
	return fmt.Sprintf("%s panicked: %v: please report this with the stack in fusiond's log", e.stage, e.value)
}

// guard turns a panic of a stage into an error: the stage goes on with the next sample or set.
func guard(stage string, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{stage, p, debug.Stack()}
		}
	}()
	return f()
}

// A stage that panics maxPanics times within panicWindow of event time is broken, until it has gone panicWindow without one.
const (
	maxPanics   = 3
	panicWindow = time.Minute
)

// panics keeps each stage's latest panics. It knows no clock: the same events give the same verdicts.
type panics map[string]*stagePanics

type stagePanics struct {
	count  int
	at     [maxPanics]sensors.StampNs // ring of the latest
	broken bool
}

// add takes a panic of a stage at an event time. Times must not decrease.
func (p panics) add(stage string, at sensors.StampNs) {
	s, ok := p[stage]
	if !ok {
		s = &stagePanics{}
		p[stage] = s
	}
	s.at[s.count%maxPanics] = at
	s.count++
	if s.count >= maxPanics && at.Sub(s.at[s.count%maxPanics]) < panicWindow {
		s.broken = true
	}
}

// verdict says in words which stage is broken at an event time, the first in the order of stageNames; empty when none is.
func (p panics) verdict(at sensors.StampNs) string {
	for _, stage := range stageNames {
		s, ok := p[stage]
		if !ok || !s.broken {
			continue
		}
		if at.Sub(s.at[(s.count-1)%maxPanics]) < panicWindow {
			return fmt.Sprintf("stage %s panicked %d times within a minute", stage, maxPanics)
		}
		s.broken = false
	}
	return ""
}
