package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// embedded is a NATS server inside the process. Its one goroutine of ours, start, ends before startEmbedded returns.
type embedded struct {
	srv       *server.Server
	websocket bool
	jetstream bool
}

const (
	embeddedStartLimit = 10 * time.Second
	embeddedPoll       = 20 * time.Millisecond
)

func embeddedOptions(c Config) (*server.Options, error) {
	o := &server.Options{
		ServerName: "fusiond",
		NoSigs:     true,
		MaxPayload: int32(c.MaxPayload), //nolint:gosec // Validate bounds it to 64 MiB
		MaxPending: embeddedMaxPending,
		JetStream:  c.JetStream.Enabled,
		StoreDir:   c.JetStream.StoreDir,
		DontListen: c.Embedded == EmbeddedInProcess,
	}
	if o.DontListen {
		return o, nil
	}
	host, port, err := splitListen(c.Listen)
	if err != nil {
		return nil, err
	}
	o.Host, o.Port = host, port
	if c.Websocket != "" {
		host, port, err := splitListen(c.Websocket)
		if err != nil {
			return nil, err
		}
		o.Websocket = server.WebsocketOpts{Host: host, Port: port, NoTLS: true}
	}
	return o, nil
}

// startEmbedded returns a server that takes connections. c is valid and has its defaults.
func startEmbedded(ctx context.Context, c Config, log *slog.Logger) (*embedded, error) {
	o, err := embeddedOptions(c)
	if err != nil {
		return nil, fmt.Errorf("start embedded nats server: %w", err)
	}
	srv, err := server.NewServer(o)
	if err != nil {
		return nil, fmt.Errorf("start embedded nats server: %w", err)
	}
	if !o.DontListen && !loopback(o.Host) {
		log.Warn("embedded nats server is open to other machines without TLS and credentials: "+
			"listen on 127.0.0.1, or run nats-server with both and set nats.url", "listen", c.Listen)
	}
	sl := &serverLog{log: log.With("part", "nats-server")}
	srv.SetLogger(sl, false, false)
	e := &embedded{srv: srv, websocket: c.Websocket != "", jetstream: c.JetStream.Enabled}
	var start sync.WaitGroup
	start.Go(srv.Start)
	err = e.awaitReady(ctx, sl)
	if err != nil {
		e.stop()
	}
	start.Wait()
	if err != nil {
		cure := "free the port (another nats-server or fusiond may hold it), or set nats.listen to another one"
		if o.DontListen {
			cure = "see the log lines of part nats-server"
		}
		return nil, fmt.Errorf("start embedded nats server: %w: %s", err, cure)
	}
	return e, nil
}

func (e *embedded) awaitReady(ctx context.Context, sl *serverLog) error {
	ctx, cancel := context.WithTimeout(ctx, embeddedStartLimit)
	defer cancel()
	for !e.srv.ReadyForConnections(embeddedPoll) {
		if err := sl.fatal(); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("not ready: %w", err)
		}
	}
	return sl.fatal()
}

func (e *embedded) stop() {
	e.srv.Shutdown()
	e.srv.WaitForShutdown()
}

// serverLog sends the server's log lines to slog; its small talk becomes debug. A fatal line, after which nats-server's
// own command would exit, is kept for whoever started the server.
type serverLog struct {
	log *slog.Logger

	mu  sync.Mutex
	err error
}

var _ server.Logger = (*serverLog)(nil)

func (l *serverLog) fatal() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

func (l *serverLog) Noticef(format string, v ...any) { l.log.Debug(line(format, v)) }
func (l *serverLog) Debugf(format string, v ...any)  { l.log.Debug(line(format, v)) }
func (l *serverLog) Tracef(format string, v ...any)  { l.log.Debug(line(format, v)) }
func (l *serverLog) Warnf(format string, v ...any)   { l.log.Warn(line(format, v)) }
func (l *serverLog) Errorf(format string, v ...any)  { l.log.Error(line(format, v)) }

func (l *serverLog) Fatalf(format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = errors.New(line(format, v))
	}
}

func line(format string, v []any) string {
	return strings.ToLower(clip(strings.TrimSpace(fmt.Sprintf(format, v...))))
}
