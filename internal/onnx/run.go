//go:build cgo

package onnx

import (
	"context"
	"errors"
	"fmt"
)

// job is the work handed to the session's thread: a function, or a run of the network.
type job struct {
	call            func() error
	inputs, outputs []Value
}

// do executes the job on the session's thread.
func (j *job) do(s *Session) error {
	if j.call != nil {
		return j.call()
	}
	return s.runBound(j.inputs, j.outputs)
}

// Run executes the network once, reading inputs and filling outputs, given in the order of Inputs and
// Outputs. Host tensors are copied to and from the device where the provider has one; device tensors are
// not. It waits for earlier calls until ctx ends; once begun it runs to its end whatever ctx says, because
// a network cannot be stopped half-way without leaving its outputs half-written. No Go memory is allocated.
func (s *Session) Run(ctx context.Context, inputs, outputs []Value) error {
	if err := s.check("input", s.inputs, inputs); err != nil {
		return err
	}
	if err := s.check("output", s.outputs, outputs); err != nil {
		return err
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	s.job.inputs, s.job.outputs = inputs, outputs
	s.work <- struct{}{}
	return s.wrap("run", <-s.done)
}

// do runs f on the session's thread.
func (s *Session) do(ctx context.Context, f func() error) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	s.job.call = f
	s.work <- struct{}{}
	return <-s.done
}

// enter waits for the session's thread to be free and takes it.
func (s *Session) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil { // otherwise a free slot would win half of the time
		return s.wrap("wait for the session", err)
	}
	select {
	case s.slot <- struct{}{}:
	case <-ctx.Done():
		return s.wrap("wait for the session", ctx.Err())
	}
	if s.closed {
		<-s.slot
		return s.wrap("run", ErrClosed)
	}
	return nil
}

// leave gives the session's thread back.
func (s *Session) leave() {
	s.job = job{}
	<-s.slot
}

// wrap adds the session and operation to err; nil stays nil.
func (s *Session) wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %s: %w", s.name, op, err)
}

// check compares tensors with what the network wants, so that a mistake is named before the library sees it.
func (s *Session) check(kind string, want []TensorInfo, got []Value) error {
	if len(got) != len(want) {
		return fmt.Errorf("%s: run: got %d %ss, want %d: %v", s.name, len(got), kind, len(want), want)
	}
	for i, v := range got {
		if v == nil {
			return fmt.Errorf("%s: run: %s %s is nil: give a tensor", s.name, kind, want[i])
		}
		h := v.base()
		if !want[i].accepts(h.shape, h.typ) {
			return fmt.Errorf("%s: run: %s %s does not take %s%v: match type and shape (-1 is free)",
				s.name, kind, want[i], h.typ, h.shape)
		}
		if h.memory != hostMemory && h.memory != s.memory {
			return fmt.Errorf("%s: run: %s %s is in memory %s, but the session runs on %s: copy it with ToHost",
				s.name, kind, want[i], h.memory, s.provider)
		}
	}
	return nil
}

// runBound binds the tensors, runs and unbinds, on the session's thread. Binding anew each time costs about
// a microsecond; it is needed because binding a host tensor is what copies it to the device, and it leaves
// the library no reference to a tensor that may be closed.
func (s *Session) runBound(inputs, outputs []Value) (err error) {
	held := 0
	defer func() {
		s.binding.ClearBoundInputs()
		s.binding.ClearBoundOutputs()
		for i := range held {
			if e := nth(inputs, outputs, i).base().release(); e != nil {
				err = errors.Join(err, e)
			}
		}
	}()
	for i := range len(inputs) + len(outputs) {
		if err := nth(inputs, outputs, i).base().acquire(); err != nil {
			return err
		}
		held++
	}
	for i, v := range inputs {
		if err := s.binding.BindInput(s.inputs[i].Name, v.base().value); err != nil {
			return fmt.Errorf("bind input %s: %w", s.inputs[i], err)
		}
	}
	for i, v := range outputs {
		if err := s.binding.BindOutput(s.outputs[i].Name, v.base().value); err != nil {
			return fmt.Errorf("bind output %s: %w", s.outputs[i], err)
		}
	}
	return s.network.RunWithBinding(s.binding)
}

// nth returns element i of a followed by b.
func nth(a, b []Value, i int) Value {
	if i < len(a) {
		return a[i]
	}
	return b[i-len(a)]
}
