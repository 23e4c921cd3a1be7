package pipeline

import (
	"context"
	"fmt"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

// Process runs a recording through an Engine in event time: as fast as the machine allows, with the outputs that a daemon
// without delays would have given. Messages of forward topics (for example the ground truth) pass through in their place.
//
// It flushes the Engine at the end, also when ctx is cancelled, so that what was decided until then reaches the Sink.
func Process(ctx context.Context, r *replay.Reader, e *Engine, o ProcessOptions) error {
	defer e.Flush()
	forward := map[string]bool{}
	for _, kind := range o.Forward {
		forward[kind] = true
	}
	for m, err := range r.Messages(replay.Options{From: o.From, To: o.To, Retain: true}) {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if o.Stop != nil {
			if err := o.Stop(); err != nil {
				return err
			}
		}
		topic := replay.ParseTopic(m.Topic)
		switch {
		case topic.IsInput():
			e.Message(Message{Sensor: topic.Sensor, Modality: topic.Modality, Received: m.Received, Data: m.Data})
		case o.Changes && m.Schema == ChangeSchema:
			if err := e.change(m.Received, m.Data); err != nil {
				return err
			}
		case forward[topic.Kind]:
			e.Forward(Output{Name: topic.Kind, Stamp: m.Stamp, At: m.Received, Schema: m.Schema, Payload: m.Data})
		}
		if o.Progress != nil {
			o.Progress(m.Received)
		}
	}
	return nil
}

// ProcessOptions of Process.
type ProcessOptions struct {
	// From and To bound the arrival; zero means no bound.
	From, To sensors.StampNs
	// Changes applies recorded strategy changes, each at its place. Without it they are passed over.
	Changes bool
	// Forward names kinds of topics that pass through: "truth".
	Forward []string
	// Progress, if set, is told the event time reached.
	Progress func(sensors.StampNs)
	// Stop, if set, is asked before each message and ends the run with its error: the Sink's way to say that it cannot go on.
	Stop func() error
}

// FileSink writes outputs into a recording, on the topics that a daemon would publish them on. One goroutine uses Put; Err may
// be asked from any after Flush.
type FileSink struct {
	writer  *replay.Writer
	vehicle string
	seq     map[string]uint32
	buf     []byte
	failed  chan struct{}
	err     error
}

// NewFileSink makes a sink over an open writer, which stays the caller's.
func NewFileSink(w *replay.Writer, vehicle string) *FileSink {
	return &FileSink{writer: w, vehicle: vehicle, seq: map[string]uint32{}, failed: make(chan struct{})}
}

// Put writes one output; after an error it does nothing.
func (s *FileSink) Put(o Output) {
	if s.err != nil {
		return
	}
	schema, payload, err := o.AppendPayload(s.buf[:0])
	if err == nil {
		if o.Message != nil {
			s.buf = payload
		}
		s.seq[o.Name]++
		err = s.writer.Write(replay.Message{
			Topic: "av." + s.vehicle + "." + o.Name, Schema: schema, Stamp: o.Stamp, Received: o.At, Seq: s.seq[o.Name], Data: payload,
		})
	}
	if err != nil {
		s.err = fmt.Errorf("write output %s: %w", o.Name, err)
		close(s.failed)
	}
}

// Err returns the first error.
func (s *FileSink) Err() error {
	select {
	case <-s.failed:
		return s.err
	default:
		return nil
	}
}
