package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// How a connection behaves when its server goes away. The longest wait plus one dial keeps a return under a second.
const (
	reconnectMin  = 100 * time.Millisecond
	reconnectMax  = 400 * time.Millisecond
	dialTimeout   = 2 * time.Second
	pingEvery     = 5 * time.Second // two lost pings: the line is dead
	maxPingsOut   = 2
	writeTimeout  = 5 * time.Second
	closeTimeout  = 2 * time.Second
	maxErrorTexts = 32
)

// conn is one connection with its counters. Its callbacks run on the NATS client's own goroutine, which ends with it.
type conn struct {
	role   string // in, out, control
	log    *slog.Logger
	nc     *nats.Conn
	closed chan struct{} // closed when the client has run its last callback

	mu      sync.Mutex
	closing bool
	events  ConnStats
	logged  map[string]struct{} // errors logged since the last reconnect
}

// dial connects, or says why not within dialTimeout for each server named; it does not wait for one that is not there.
func dial(ctx context.Context, c Config, srv *embedded, role string, log *slog.Logger) (*conn, error) {
	k := &conn{
		role: role, log: log.With("connection", role), closed: make(chan struct{}), logged: make(map[string]struct{}),
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("connect %s to nats: %w", role, err)
	}
	opts, err := k.options(c, srv)
	if err != nil {
		return nil, fmt.Errorf("connect %s to nats: %w", role, err)
	}
	nc, err := nats.Connect(strings.Join(c.servers(), ","), opts...)
	if err != nil {
		at := "the embedded server"
		if srv == nil {
			at = c.redactedURL()
		}
		return nil, fmt.Errorf("connect %s to nats at %s: %w: %s", role, at, err, connectCure(err))
	}
	k.nc = nc
	return k, nil
}

func connectCure(err error) string {
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired):
		return "check nats.credentials_file or nats.nkey_seed_file"
	case errors.Is(err, nats.ErrNoServers), errors.Is(err, nats.ErrTimeout):
		return "start the server, check nats.url, or set nats.embedded to \"listen\""
	default:
		return "check nats.url, nats.tls and the credentials"
	}
}

func (k *conn) options(c Config, srv *embedded) ([]nats.Option, error) {
	opts := []nats.Option{
		nats.Name("fusiond " + k.role),
		nats.Timeout(dialTimeout),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(),
		nats.CustomReconnectDelay(func(int) time.Duration {
			return reconnectMin + rand.N(reconnectMax-reconnectMin) //nolint:gosec // jitter, not a secret
		}),
		// Nothing is kept for later: see the package comment.
		nats.ReconnectBufSize(-1),
		nats.ReconnectOnFlusherError(),
		nats.PingInterval(pingEvery),
		nats.MaxPingsOutstanding(maxPingsOut),
		nats.FlusherTimeout(writeTimeout),
		nats.DisconnectErrHandler(k.onDisconnect),
		nats.ReconnectHandler(k.onReconnect),
		nats.ReconnectErrHandler(k.onReconnectError),
		nats.ErrorHandler(k.onError),
		nats.ClosedHandler(func(*nats.Conn) { close(k.closed) }),
	}
	if srv != nil {
		return append(opts, nats.InProcessServer(srv.srv)), nil
	}
	if c.CredentialsFile != "" {
		opts = append(opts, nats.UserCredentials(c.CredentialsFile))
	}
	if c.NKeySeedFile != "" {
		o, err := nats.NkeyOptionFromSeed(c.NKeySeedFile)
		if err != nil {
			return nil, fmt.Errorf("nats.nkey_seed_file %s: %w: write a user's seed into it (it begins with SU)", c.NKeySeedFile, err)
		}
		opts = append(opts, o)
	}
	if c.TLS.CA != "" {
		opts = append(opts, nats.RootCAs(c.TLS.CA))
	}
	if c.TLS.Cert != "" {
		opts = append(opts, nats.ClientCert(c.TLS.Cert, c.TLS.Key))
	}
	return opts, nil
}

func (k *conn) onDisconnect(_ *nats.Conn, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closing {
		return
	}
	k.events.Disconnects++
	k.setError(err)
	k.log.Error("nats connection lost, reconnecting", "cause", err)
}

func (k *conn) onReconnect(nc *nats.Conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.events.Reconnects++
	clear(k.logged)
	k.log.Info("nats connection is back", "server", nc.ConnectedUrlRedacted())
}

// onReconnectError keeps the cause for Stats; the episode was logged when the connection was lost.
func (k *conn) onReconnectError(_ *nats.Conn, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.setError(err)
}

// onError gets what NATS reports out of turn; slow consumers once per episode and subscription.
func (k *conn) onError(_ *nats.Conn, sub *nats.Subscription, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.setError(err)
	if errors.Is(err, nats.ErrSlowConsumer) && sub != nil {
		k.events.SlowConsumers++
		dropped, _ := sub.Dropped() // -1 when the subscription has just ended
		k.log.Error("messages lost before they were taken: the process is too slow or its pending limits too small",
			"subject", sub.Subject, "dropped", max(dropped, 0))
		return
	}
	k.events.AsyncErrors++
	text := clip(err.Error())
	if _, ok := k.logged[text]; ok || len(k.logged) >= maxErrorTexts {
		return
	}
	k.logged[text] = struct{}{}
	k.log.Error("nats reports an error (further ones like it are only counted)", "cause", text)
}

func (k *conn) setError(err error) {
	if err != nil {
		k.events.LastError = clip(err.Error())
	}
}

func (k *conn) stats() ConnStats {
	k.mu.Lock()
	s := k.events
	k.mu.Unlock()
	s.Connected = k.nc.IsConnected()
	n := k.nc.Stats()
	s.InMessages, s.InBytes, s.OutMessages, s.OutBytes = n.InMsgs, n.InBytes, n.OutMsgs, n.OutBytes
	return s
}

// close ends the connection and waits for its last callback.
func (k *conn) close() {
	k.mu.Lock()
	k.closing = true
	k.mu.Unlock()
	k.nc.Close()
	<-k.closed
}
