package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
)

// What NATS holds for one endpoint at most while a request is served.
const (
	controlPendingMessages = 64
	controlPendingBytes    = 1 << 20
	maxControlRequest      = 64 << 10
)

// controlVersion is that of the control interface, as NATS services want one: it changes with the endpoints.
const controlVersion = "1.0.0"

// ControlName is the name under which services of fusiond are found ("nats micro info fusiond").
const ControlName = "fusiond"

// Endpoint answers the requests on av.<vehicle>.ctl.<verb>.
type Endpoint struct {
	Verb string
	// Description, and the JSON schemas of Request and Response, are for those who discover the service.
	Description, Request, Response string
	// Handle returns the answer; its error becomes the answer's. Requests are served one after another.
	Handle func(payload []byte) ([]byte, error)
}

// Control is the vehicle's control service on the control connection. Requests are served on goroutines of the NATS client; one of the
// service's own ends with Close.
type Control struct {
	service micro.Service

	serving sync.Mutex // held while a request is served
	closed  bool       // guarded by serving
}

// NewControl starts to serve. metadata is told to those who discover the service, along with the vehicle. Close must follow.
//
// Credentials must allow to subscribe to av.<vehicle>.ctl.> and to publish to _INBOX.>. Discovery comes on $SRV.>: where that is not
// allowed, requests are answered all the same.
func (b *Bus) NewControl(vehicle string, metadata map[string]string, endpoints ...Endpoint) (_ *Control, err error) {
	about := map[string]string{"vehicle": vehicle}
	for k, v := range metadata {
		about[k] = v
	}
	c := &Control{}
	c.service, err = micro.AddService(b.control.nc, micro.Config{
		Name: ControlName, Version: controlVersion, Description: "control of a fusion daemon", Metadata: about,
	})
	if err != nil {
		return nil, fmt.Errorf("serve control of %s: %w", vehicle, err)
	}
	for _, e := range endpoints {
		if err := c.add(ControlSubject(vehicle, e.Verb), e); err != nil {
			return nil, errors.Join(fmt.Errorf("serve control: %w", err), c.Close())
		}
	}
	if b.control.nc.IsConnected() {
		if err := b.control.nc.FlushTimeout(closeTimeout); err != nil {
			return nil, errors.Join(fmt.Errorf("serve control of %s: tell the server: %w", vehicle, err), c.Close())
		}
	}
	return c, nil
}

func (c *Control) add(subject Subject, e Endpoint) error {
	if err := subject.Validate(); err != nil {
		return err
	}
	serve := micro.HandlerFunc(func(r micro.Request) { c.serve(r, e.Handle) })
	return c.service.AddEndpoint(e.Verb, serve, micro.WithEndpointSubject(subject.String()),
		micro.WithEndpointPendingLimits(controlPendingMessages, controlPendingBytes),
		micro.WithEndpointMetadata(map[string]string{"description": e.Description, "request": e.Request, "response": e.Response}))
}

// controlError is the body of an answer that is an error; its headers say the same.
type controlError struct {
	Error string `json:"error"`
}

// serve answers one request. An answer that cannot be sent is lost with its requester, who asks again.
func (c *Control) serve(r micro.Request, handle func([]byte) ([]byte, error)) {
	c.serving.Lock()
	defer c.serving.Unlock()
	answer, code, err := []byte(nil), "400", error(nil)
	switch {
	case c.closed:
		code, err = "503", errors.New("the daemon is ending")
	case len(r.Data()) > maxControlRequest:
		err = fmt.Errorf("the request has %d bytes: at most %d", len(r.Data()), maxControlRequest)
	default:
		answer, err = handle(r.Data())
	}
	if err == nil {
		_ = r.Respond(answer)
		return
	}
	body, jsonErr := json.Marshal(controlError{err.Error()})
	if jsonErr != nil {
		body = nil // the headers say it
	}
	_ = r.Error(code, err.Error(), body)
}

// Close stops serving and waits for the request that is being served. Calling it again does nothing. Do not call it from a handler.
func (c *Control) Close() error {
	c.serving.Lock()
	c.closed = true
	c.serving.Unlock()
	if err := c.service.Stop(); err != nil {
		return fmt.Errorf("close control: %w", err)
	}
	return nil
}

// Request asks a control endpoint and returns its answer; ctx must have a deadline. What the endpoint answers with an error is an error here.
func (b *Bus) Request(ctx context.Context, subject Subject, payload []byte) ([]byte, error) {
	if err := subject.Validate(); err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	m, err := b.control.nc.RequestWithContext(ctx, subject.String(), payload)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return nil, fmt.Errorf("request %s: nobody serves it at %s: is a daemon of vehicle %s running there?", subject, b.serverName(), subject.Vehicle)
	case err != nil:
		return nil, fmt.Errorf("request %s: %w", subject, err)
	}
	if text := m.Header.Get(micro.ErrorHeader); text != "" {
		return nil, fmt.Errorf("request %s: %s", subject, text)
	}
	return m.Data, nil
}
