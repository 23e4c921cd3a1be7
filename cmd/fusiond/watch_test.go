package main

import (
	"fmt"
	"hash/crc32"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// watched is a subscriber that knows NATS and the messages, and nothing else of fusiond. Its callback runs on a goroutine of the NATS
// client, which the connection's Close ends.
type watched struct {
	t    *testing.T
	news chan struct{} // 1 slot: something came

	mu        sync.Mutex
	lists     []*fusionv1.ObjectList
	manifests []*fusionv1.SetManifest
	health    *fusionv1.Health // the newest
	boot      string
	seq       map[string]uint64
	skipped   uint64   // numbers that never came
	faults    []string // what is wrong with headers or payloads
}

// plainClient connects as anybody would. It keeps trying when the server goes away, and loses what it sends meanwhile.
func plainClient(t *testing.T, url string) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond), nats.ReconnectJitter(0, 0),
		nats.ReconnectBufSize(-1))
	if err != nil {
		t.Fatal(err)
	}
	return nc
}

// watchOutputs subscribes and returns when the server knows.
func watchOutputs(t *testing.T, url string) *watched {
	t.Helper()
	nc := plainClient(t, url)
	closed := make(chan struct{})
	nc.SetClosedHandler(func(*nats.Conn) { close(closed) })
	t.Cleanup(func() { nc.Close(); <-closed })
	w := &watched{t: t, news: make(chan struct{}, 1), seq: map[string]uint64{}}
	for _, output := range []string{"objects", "manifest", "health"} {
		if _, err := nc.Subscribe("av."+madeVehicle+"."+output, w.take); err != nil {
			t.Fatal(err)
		}
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *watched) take(m *nats.Msg) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.checkHeaders(m)
	var into proto.Message
	switch m.Subject {
	case "av.made.objects":
		l := &fusionv1.ObjectList{}
		w.lists, into = append(w.lists, l), l
	case "av.made.manifest":
		s := &fusionv1.SetManifest{}
		w.manifests, into = append(w.manifests, s), s
	default:
		w.health = &fusionv1.Health{}
		into = w.health
	}
	w.expect(m, "Fusion-Schema", string(into.ProtoReflect().Descriptor().FullName()))
	if err := proto.Unmarshal(m.Data, into); err != nil {
		w.fault("%s: %v", m.Subject, err)
	}
	select {
	case w.news <- struct{}{}:
	default:
	}
}

// checkHeaders holds that the boot id stays, that numbers rise from 1, and that the checksum is the payload's.
func (w *watched) checkHeaders(m *nats.Msg) {
	boot := m.Header.Get("Fusion-Boot")
	if w.boot == "" {
		w.boot = boot
	}
	if boot == "" || boot != w.boot {
		w.fault("%s: Fusion-Boot %q, want %q", m.Subject, boot, w.boot)
	}
	seq, err := strconv.ParseUint(m.Header.Get("Fusion-Seq"), 10, 64)
	want := w.seq[m.Subject] + 1
	switch {
	case err != nil || seq < want:
		w.fault("%s: Fusion-Seq %q, want %d", m.Subject, m.Header.Get("Fusion-Seq"), want)
	default:
		w.skipped += seq - want
		w.seq[m.Subject] = seq
	}
	w.expect(m, "Fusion-Crc", fmt.Sprintf("%08x", crc32.Checksum(m.Data, crc32.MakeTable(crc32.Castagnoli))))
}

func (w *watched) expect(m *nats.Msg, header, want string) {
	if got := m.Header.Get(header); got != want {
		w.fault("%s: %s %q, want %q", m.Subject, header, got, want)
	}
}

func (w *watched) fault(format string, args ...any) {
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

// until waits for a condition, which is asked with the lock held after each message; after testLimit the test fails.
func (w *watched) until(what string, cond func() bool) {
	w.t.Helper()
	limit := time.After(testLimit)
	for {
		w.mu.Lock()
		ok := cond()
		w.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-w.news:
		case <-limit:
			w.mu.Lock()
			defer w.mu.Unlock()
			w.t.Fatalf("not within %v: %s; %d sets; health: %v", testLimit, what, len(w.lists), w.health)
		}
	}
}

// sound fails the test if a header or a payload was wrong, or numbers are missing.
func (w *watched) sound() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.faults {
		w.t.Error(f)
	}
	if w.skipped > 0 {
		w.t.Errorf("%d outputs never came, by their numbers", w.skipped)
	}
}

// stream returns the newest account of a stream, nil before the first. The lock is held.
func (w *watched) stream(name string) *fusionv1.StreamHealth {
	for _, s := range w.health.GetStreams() {
		if s.Stream == name {
			return s
		}
	}
	return nil
}

// dropped returns a stream's drops by reason.
func dropped(s *fusionv1.StreamHealth) map[string]uint64 {
	out := map[string]uint64{}
	for _, d := range s.GetDropped() {
		out[d.Reason] = d.Count
	}
	return out
}

// balanced fails the test unless received = used + dropped + pending for every stream of an account.
func balanced(t *testing.T, streams []*fusionv1.StreamHealth) {
	t.Helper()
	for _, s := range streams {
		sum := s.Used + s.Pending
		for _, d := range s.Dropped {
			sum += d.Count
		}
		if sum != s.Received {
			t.Errorf("stream %s: received %d, want used %d + dropped %v + pending %d = %d", s.Stream, s.Received, s.Used, s.Dropped, s.Pending, sum)
		}
	}
}
