package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/fusiond/fusiond/fusion"
	"github.com/fusiond/fusiond/internal/bus"
	"github.com/fusiond/fusiond/internal/pipeline"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// strategyVerb is the last token of the subject on which a strategy is asked for.
const strategyVerb = "strategy"

// strategyRequest and strategyAnswer are what the endpoint takes and gives, as JSON; the bare name is taken too.
type strategyRequest struct {
	Strategy string `json:"strategy"`
}

type strategyAnswer struct {
	Previous string `json:"previous"`
	Present  string `json:"present"`
}

// The schemas of both, for those who discover the service.
const (
	strategyRequestSchema = `{"oneOf":[{"type":"object","properties":{"strategy":{"type":"string"}},"required":["strategy"],"additionalProperties":false},` +
		`{"type":"string","description":"the bare name, unquoted"}]}`
	strategyAnswerSchema = `{"type":"object","properties":{"previous":{"type":"string"},"present":{"type":"string"}},"required":["previous","present"]}`
)

// maxStrategyName bounds a request's name, bytes.
const maxStrategyName = 64

// parseStrategyRequest reads the name that a request asks for: JSON if it begins with a brace, else the text without the white space around it.
func parseStrategyRequest(payload []byte) (string, error) {
	const cure = `send a strategy's name, or {"strategy": "NAME"}`
	text := bytes.TrimSpace(payload)
	r := strategyRequest{Strategy: string(text)}
	if bytes.HasPrefix(text, []byte("{")) {
		r.Strategy = ""
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil {
			return "", fmt.Errorf("read strategy request: %w: %s", err, cure)
		}
		if d.More() {
			return "", fmt.Errorf("read strategy request: more than one JSON value: %s", cure)
		}
	}
	switch err := bus.CheckToken(r.Strategy); {
	case r.Strategy == "":
		return "", fmt.Errorf("read strategy request: no name: %s", cure)
	case len(r.Strategy) > maxStrategyName || err != nil:
		return "", fmt.Errorf("read strategy request: %.80q is no strategy's name: %s", r.Strategy, cure)
	}
	return r.Strategy, nil
}

// strategyControl changes the strategy of a running daemon on request. The endpoint opens the network on the control connection's goroutine,
// puts the change among the inputs as an event, and waits until the Engine has taken it in its place.
type strategyControl struct {
	engine *pipeline.Engine
	insert func(schema string, payload []byte) error
	now    func() int64
	// present is the strategy in use; the endpoint's.
	present string
	// opened is on its way to the Engine's goroutine, taken what that answers: the name of the strategy before.
	opened chan fusion.Strategy
	taken  chan string
	// ended is closed when the Engine takes no more events.
	ended chan struct{}
}

func (d *daemon) newStrategyControl() *strategyControl {
	subject := bus.ControlSubject(d.parts.vehicle, strategyVerb)
	return &strategyControl{
		engine: d.engine, now: now, present: d.engine.Strategy(),
		insert: func(schema string, payload []byte) error { return d.ingest.Insert(subject, schema, payload) },
		opened: make(chan fusion.Strategy, 1), taken: make(chan string, 1), ended: make(chan struct{}),
	}
}

// endpoint describes it on the bus.
func (c *strategyControl) endpoint() bus.Endpoint {
	return bus.Endpoint{
		Verb: strategyVerb, Description: "fuses with another strategy of the model package from the next set on",
		Request: strategyRequestSchema, Response: strategyAnswerSchema, Handle: c.handle,
	}
}

// handle serves one request.
func (c *strategyControl) handle(payload []byte) ([]byte, error) {
	name, err := parseStrategyRequest(payload)
	if err != nil {
		return nil, err
	}
	answer := strategyAnswer{Previous: c.present, Present: name}
	if name != c.present {
		if answer.Previous, err = c.change(name); err != nil {
			return nil, err
		}
		c.present = name
	}
	return json.Marshal(answer)
}

func (c *strategyControl) change(name string) (previous string, err error) {
	s, err := c.engine.OpenStrategy(name)
	if err != nil {
		return "", err
	}
	event, err := proto.Marshal(&fusionv1.StrategyChange{
		Header: &fusionv1.Header{Stamp: c.now(), Sensor: "control"}, Strategy: name,
	})
	if err != nil {
		return "", errors.Join(err, s.Close())
	}
	c.opened <- s
	if err := c.insert(pipeline.ChangeSchema, event); err != nil {
		return "", errors.Join(err, (<-c.opened).Close())
	}
	select {
	case previous = <-c.taken:
		return previous, nil
	case <-c.ended:
	}
	select {
	case previous = <-c.taken: // with its last events
		return previous, nil
	default:
		return "", errors.Join(errors.New("the daemon is ending"), (<-c.opened).Close())
	}
}

// take is the event's place: the Engine's goroutine.
func (c *strategyControl) take(m bus.Message) {
	s := <-c.opened // there since before the event was
	c.taken <- c.engine.UseStrategy(sensors.StampNs(m.Received), s)
}
