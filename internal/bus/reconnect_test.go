package bus

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// lockedBuffer takes log lines from several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *lockedBuffer) count(s string) int { return strings.Count(l.String(), s) }

// The server goes away and comes back: publishing says that it loses, input and output go on within a second, and what
// was lost shows as a gap.
func TestServerGoesAwayAndComesBack(t *testing.T) {
	first := startServer(t, nil)
	url, addr := first.ClientURL(), first.Addr().String()
	var logged lockedBuffer
	b, err := Open(testContext(t), Config{URL: url}, slog.New(slog.NewTextHandler(&logged, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	in := openIngest(t, b, IngestConfig{})
	objects := make(chan *Message, 1024)
	if _, err := b.Subscribe("av.car.objects", func(m *Message) { objects <- m }); err != nil {
		t.Fatal(err)
	}
	publish := func() error { return b.Publish("av.car.objects", KindObjects.Schema(), []byte("x")) }
	if err := publish(); err != nil {
		t.Fatal(err)
	}
	if m := next(t, "objects", objects); m.Seq != 1 {
		t.Fatalf("got seq %d, want 1", m.Seq)
	}

	stopServer(first)
	waitFor(t, "all three notice", func() bool {
		s := b.Stats()
		return s.In.Disconnects == 1 && s.Out.Disconnects == 1 && s.Control.Disconnects == 1
	})
	const lost = 5
	for range lost {
		if err := publish(); !errors.Is(err, ErrDisconnected) {
			t.Fatalf("publish while disconnected: got %v, want %v", err, ErrDisconnected)
		}
	}
	if err := b.Flush(testContext(t)); !errors.Is(err, ErrDisconnected) {
		t.Errorf("flush while disconnected: got %v, want %v", err, ErrDisconnected)
	}
	waitFor(t, "attempts to reconnect", func() bool { return b.Stats().Out.LastError != "" })

	_, port, err := splitListen(addr)
	if err != nil {
		t.Fatal(err)
	}
	startServer(t, &server.Options{Port: port, MaxPayload: DefaultMaxPayload})
	back := time.Now()
	waitFor(t, "all three are back", func() bool {
		s := b.Stats()
		return s.In.Connected && s.Out.Connected && s.Control.Connected && s.In.Reconnects == 1 && s.Out.Reconnects == 1 && s.Control.Reconnects == 1
	})
	// The server may still be reading the renewed subscription while the other connection publishes already.
	if err := b.control.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := publish(); err != nil {
		t.Fatal(err)
	}
	m := next(t, "objects again", objects)
	if d := time.Since(back); d > time.Second {
		t.Errorf("outputs resumed after %v, want within 1 s", d)
	}
	if m.Seq != 1+lost+1 {
		t.Errorf("got seq %d, want %d: the lost ones are a gap", m.Seq, 1+lost+1)
	}
	if s := b.Publisher().Stats(); s.Lost != lost || s.Published != 2 {
		t.Errorf("got %+v, want %d lost, 2 published", s, lost)
	}
	if err := b.Publish("av.car.ego", KindEgo.Schema(), []byte("x")); err != nil {
		t.Fatal(err)
	}
	if m := receive(t, in); m.Kind != KindEgo {
		t.Errorf("got %+v, want the ego motion", m)
	}
	for text, want := range map[string]int{"connection lost": 3, "connection is back": 3} {
		if got := logged.count(text); got != want {
			t.Errorf("logged %q %d times, want %d (once a connection and episode):\n%s", text, got, want, logged.String())
		}
	}
}

// Close must not hang on a server that is gone.
func TestCloseWhileDisconnected(t *testing.T) {
	s := startServer(t, nil)
	b, err := Open(testContext(t), Config{URL: s.ClientURL()}, discard())
	if err != nil {
		t.Fatal(err)
	}
	in := openIngest(t, b, IngestConfig{})
	stopServer(s)
	waitFor(t, "disconnect", func() bool { return !b.Stats().Out.Connected && !b.Stats().In.Connected })
	start := time.Now()
	if err := b.Close(); !errors.Is(err, ErrDisconnected) {
		t.Errorf("got %v, want %v: output may be lost", err, ErrDisconnected)
	}
	if d := time.Since(start); d > 2*closeTimeout+time.Second {
		t.Errorf("close took %v", d)
	}
	if _, err := in.Receive(testContext(t)); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want %v", err, ErrClosed)
	}
}

// A missing permission is reported once, and counted each time.
func TestAsyncErrorsAreLoggedOnce(t *testing.T) {
	s := startServer(t, &server.Options{
		MaxPayload: DefaultMaxPayload,
		Users: []*server.User{{
			Username: "sub", Password: "pw",
			Permissions: &server.Permissions{Publish: &server.SubjectPermission{Deny: []string{"av.*.objects"}}},
		}},
	})
	var logged lockedBuffer
	url := strings.Replace(s.ClientURL(), "nats://", "nats://sub:pw@", 1)
	b, err := Open(testContext(t), Config{URL: url}, slog.New(slog.NewTextHandler(&logged, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	for range 5 {
		if err := b.Publish("av.car.objects", KindObjects.Schema(), nil); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, "five errors", func() bool { return b.Stats().Out.AsyncErrors == 5 })
	if got := logged.count("Permissions Violation"); got != 1 {
		t.Errorf("logged %d times, want once:\n%s", got, logged.String())
	}
	if logged.count(":pw@") > 0 || strings.Contains(b.Stats().Server, ":pw@") {
		t.Errorf("the password is in the log or the stats: %s\n%s", b.Stats().Server, logged.String())
	}
}

// An error that was logged is logged again after a reconnect, and at most maxErrorTexts different ones in between.
func TestErrorLogPerEpisode(t *testing.T) {
	var logged lockedBuffer
	k := &conn{log: slog.New(slog.NewTextHandler(&logged, nil)), logged: make(map[string]struct{})}
	const text = "reports an error"
	for range 3 {
		k.onError(nil, nil, errors.New("denied"))
	}
	if got := logged.count(text); got != 1 {
		t.Errorf("first episode: logged %d times, want 1", got)
	}
	k.onReconnect(&nats.Conn{})
	k.onError(nil, nil, errors.New("denied"))
	if got := logged.count(text); got != 2 {
		t.Errorf("second episode: logged %d times in all, want 2", got)
	}
	for i := range 2 * maxErrorTexts {
		k.onError(nil, nil, fmt.Errorf("denied %d", i))
	}
	if got, want := logged.count(text), 1+maxErrorTexts; got != want {
		t.Errorf("many errors: logged %d times in all, want %d", got, want)
	}
	if got, want := k.events.AsyncErrors, uint64(4+2*maxErrorTexts); got != want {
		t.Errorf("counted %d errors, want %d", got, want)
	}
}
