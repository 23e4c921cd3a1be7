package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"
)

// Message is one message as it came from NATS.
type Message struct {
	// Subject as published; Kind, Vehicle and Name are parsed from it (KindUnknown and empty where it is none of ours).
	Subject string
	Kind    Kind
	Vehicle string
	Name    string
	// Schema, Boot and Seq are the integrity headers; empty or 0 where missing.
	Schema string
	Boot   string
	Seq    uint64
	// Data is the payload: the message's own buffer, not copied. Treat it as read-only.
	Data []byte
	// Received is the ingest's clock at arrival in nanoseconds, and Arrival its number among all streams of the ingest, from
	// 1 (overrun messages leave holes). Both are 0 in plain subscriptions.
	Received int64
	Arrival  uint64
}

// What a plain subscription holds at most before NATS drops for it.
const (
	subscribePendingMessages = 4096
	subscribePendingBytes    = 64 << 20
)

// Subscription is a subscription on one of the bus's connections.
type Subscription struct {
	bus  *Bus
	sub  *nats.Subscription
	done chan struct{} // closed when the last callback has returned

	mu      sync.Mutex
	dropped uint64
}

// Subscribe calls handle for each message of subject, which may have wildcards, one after another on a goroutine of its
// own, over the control connection: for outputs, tools and tests. Sensor data comes through NewIngest. Nothing is checked;
// the integrity headers are only parsed. Handle owns the message. A handler that is too slow loses messages (Dropped).
// When Subscribe returns, the server knows of it; while disconnected, it will as soon as it is back.
func (b *Bus) Subscribe(subject string, handle func(*Message)) (*Subscription, error) {
	s, err := b.subscribe(b.control, subject, subscribePendingMessages, subscribePendingBytes, func(m *nats.Msg) {
		h := ParseHeader(m.Header)
		out := Message{Subject: m.Subject, Schema: h.Schema, Boot: h.Boot, Seq: h.Seq, Data: m.Data}
		if p, err := ParseSubject(m.Subject); err == nil {
			out.Kind, out.Vehicle, out.Name = p.Kind, p.Vehicle, p.Name
		}
		handle(&out)
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (b *Bus) subscribe(k *conn, subject string, messages, bytes int, handle nats.MsgHandler) (*Subscription, error) {
	b.mu.Lock()
	defer b.mu.Unlock() // held throughout: Close cannot come between
	if b.closed {
		return nil, fmt.Errorf("subscribe %s: %w", clip(subject), ErrClosed)
	}
	sub, err := k.nc.Subscribe(subject, handle)
	if err != nil {
		return nil, fmt.Errorf("subscribe %s: %w: use tokens joined by dots, with * or a final > as wildcards", clip(subject), err)
	}
	s := &Subscription{bus: b, sub: sub, done: make(chan struct{})}
	sub.SetClosedHandler(func(string) { close(s.done) })
	if err := sub.SetPendingLimits(messages, bytes); err != nil {
		return nil, errors.Join(fmt.Errorf("subscribe %s: set pending limits: %w", subject, err), sub.Unsubscribe())
	}
	if k.nc.IsConnected() {
		if err := k.nc.FlushTimeout(closeTimeout); err != nil {
			return nil, errors.Join(fmt.Errorf("subscribe %s: tell the server: %w", subject, err), sub.Unsubscribe())
		}
	}
	b.subs[s] = struct{}{}
	return s, nil
}

// Dropped is how many messages NATS dropped because the handler was too slow.
func (s *Subscription) Dropped() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, err := s.sub.Dropped(); err == nil && n > 0 {
		s.dropped = uint64(n) // an ended subscription keeps its last number
	}
	return s.dropped
}

// Close ends the subscription and waits for its handler to return; what still waited is not handled. Do not call it from
// the handler.
func (s *Subscription) Close() error {
	s.Dropped()
	err := s.sub.Unsubscribe()
	if errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, nats.ErrBadSubscription) {
		err = nil // ended already
	}
	return s.finish(err)
}

// drain ends the subscription after its handler has had what NATS had delivered, or after ctx.
func (s *Subscription) drain(ctx context.Context) error {
	if !s.bus.in.nc.IsConnected() || s.sub.Drain() != nil {
		return s.Close()
	}
	select {
	case <-s.done:
		return s.finish(nil)
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("drain %s: %w: its last messages are lost", s.sub.Subject, ctx.Err()), s.Close())
	}
}

func (s *Subscription) finish(err error) error {
	<-s.done
	s.bus.mu.Lock()
	delete(s.bus.subs, s)
	s.bus.mu.Unlock()
	if err != nil {
		return fmt.Errorf("unsubscribe %s: %w", s.sub.Subject, err)
	}
	return nil
}
