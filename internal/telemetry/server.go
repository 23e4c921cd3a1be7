package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Server answers /metrics on one address.
type Server struct {
	http *http.Server
	addr string
	done chan error
}

// closeWithin is how long Close waits for answers that are under way.
const closeWithin = 2 * time.Second

// Serve starts answering; its goroutine ("metrics") is stopped by Close. addr is host:port; without a host it listens on loopback
// alone, on all interfaces only when told so ("0.0.0.0:9464"). Port 0 takes a free one.
func (m *Metrics) Serve(addr string) (*Server, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("serve metrics: %w: set metrics.listen to host:port, or leave it empty", err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("serve metrics: %w: change metrics.listen, or leave it empty", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	s := &Server{http: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}, addr: l.Addr().String(), done: make(chan error, 1)}
	go func() { s.done <- s.http.Serve(l) }()
	return s, nil
}

// Addr is the address in use.
func (s *Server) Addr() string { return s.addr }

// Close stops the server; after two seconds it cuts the connections that have not ended.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	if serr := <-s.done; !errors.Is(serr, http.ErrServerClosed) {
		err = errors.Join(err, serr)
	}
	return err
}
