package bus

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
)

// Bus is the three connections to one server, and that server if it is embedded. Safe for concurrent use.
//
// Its goroutines belong to the NATS client and server; Close ends them.
type Bus struct {
	cfg Config
	log *slog.Logger
	srv *embedded // nil when external

	in, out, control *conn
	pub              *Publisher

	mu      sync.Mutex
	closed  bool
	subs    map[*Subscription]struct{}
	ingests map[*Ingest]struct{}
}

// Open starts the embedded server if there is one and connects. A server that is not there now is an error; one that goes
// away later is not. A server whose max_payload is smaller than the configured one is logged with the cure (see
// CheckMaxPayload): what fits still passes.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (_ *Bus, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("open bus: %w", err)
	}
	b := &Bus{
		cfg: cfg.withDefaults(), log: log.With("component", "bus"),
		subs: make(map[*Subscription]struct{}), ingests: make(map[*Ingest]struct{}),
	}
	defer func() {
		if err != nil {
			b.stop()
		}
	}()
	if b.cfg.Embedded != EmbeddedOff {
		if b.srv, err = startEmbedded(ctx, b.cfg, b.log); err != nil {
			return nil, fmt.Errorf("open bus: %w", err)
		}
	}
	for _, c := range []struct {
		role string
		at   **conn
	}{{"in", &b.in}, {"out", &b.out}, {"control", &b.control}} {
		if *c.at, err = dial(ctx, b.cfg, b.srv, c.role, b.log); err != nil {
			return nil, fmt.Errorf("open bus: %w", err)
		}
	}
	boot, err := newBootID()
	if err != nil {
		return nil, fmt.Errorf("open bus: %w", err)
	}
	b.pub = newPublisher(b.out.nc, boot, int64(b.cfg.MaxPayload))
	if short := b.CheckMaxPayload(); short != nil {
		b.log.Warn(short.Error())
	}
	b.log.Info("bus is open", "server", b.serverName(), "boot", boot)
	return b, nil
}

// newBootID is 16 random hexadecimal digits.
func newBootID() (string, error) {
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		return "", fmt.Errorf("make a boot id: %w", err)
	}
	return hex.EncodeToString(id[:]), nil
}

// LimitError says that a server takes smaller messages than the configuration wants.
type LimitError struct {
	Server            string
	Limit, Configured int64
}

// Error names the server, both limits and the cure.
func (e *LimitError) Error() string {
	return fmt.Sprintf("nats server %s takes messages up to %d B, fewer than the %d B of nats.max_payload: larger frames will "+
		"be refused: set max_payload: %d in the server's configuration", e.Server, e.Limit, e.Configured, e.Configured)
}

// CheckMaxPayload returns a *LimitError if the server takes less than the configured message size.
func (b *Bus) CheckMaxPayload() error {
	if limit := b.out.nc.MaxPayload(); limit > 0 && limit < int64(b.cfg.MaxPayload) {
		return &LimitError{Server: b.serverName(), Limit: limit, Configured: int64(b.cfg.MaxPayload)}
	}
	return nil
}

// Publisher is the bus's only publisher.
func (b *Bus) Publisher() *Publisher { return b.pub }

// Publish is short for Publisher().Publish.
func (b *Bus) Publish(subject, schema string, payload []byte) error {
	return b.pub.Publish(subject, schema, payload)
}

// Flush waits until the server has everything that was published. ctx must have a deadline.
func (b *Bus) Flush(ctx context.Context) error {
	if !b.out.nc.IsConnected() {
		return fmt.Errorf("flush bus: %w", ErrDisconnected)
	}
	if err := b.out.nc.FlushWithContext(ctx); err != nil {
		return fmt.Errorf("flush bus: %w", err)
	}
	return nil
}

// ClientURL is where others reach the server: of the embedded listening server its address, of an external one the
// address connected to (without password), and "" in-process.
func (b *Bus) ClientURL() string {
	switch b.cfg.Embedded {
	case EmbeddedInProcess:
		return ""
	case EmbeddedListen:
		return b.srv.srv.ClientURL()
	default:
		return b.out.nc.ConnectedUrlRedacted()
	}
}

// WebsocketURL is the embedded server's websocket address, or "".
func (b *Bus) WebsocketURL() string {
	if b.srv == nil || !b.srv.websocket {
		return ""
	}
	return b.srv.srv.WebsocketURL()
}

func (b *Bus) serverName() string {
	if u := b.ClientURL(); u != "" {
		return u
	}
	if b.srv != nil {
		return "in-process"
	}
	return b.cfg.redactedURL() // disconnected
}

// Stats is a snapshot.
func (b *Bus) Stats() Stats {
	limit := int64(b.cfg.MaxPayload)
	if n := b.out.nc.MaxPayload(); n > 0 {
		limit = min(limit, n)
	}
	return Stats{
		Server: b.serverName(), MaxPayload: limit,
		In: b.in.stats(), Out: b.out.stats(), Control: b.control.stats(), Publisher: b.pub.Stats(),
	}
}

// Close ends all subscriptions and ingests, sends what was published, and stops everything. It waits at most two seconds
// for each of the two and returns an error if output was left unsent. Do not call it from a subscription's handler. Further
// calls do nothing.
func (b *Bus) Close() error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	subs, ingests := keys(b.subs), keys(b.ingests)
	b.mu.Unlock()

	var errs []error
	for _, in := range ingests {
		errs = append(errs, in.Close())
	}
	for _, s := range subs {
		errs = append(errs, s.Close())
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := b.Flush(ctx); err != nil {
		errs = append(errs, fmt.Errorf("the last messages may be lost: %w", err))
	}
	b.stop()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close bus: %w", err)
	}
	return nil
}

// stop closes what is open, the server last.
func (b *Bus) stop() {
	for _, k := range []*conn{b.in, b.control, b.out} {
		if k != nil {
			k.close()
		}
	}
	if b.srv != nil {
		b.srv.stop()
	}
}

func keys[T comparable](m map[T]struct{}) []T {
	out := make([]T, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}
