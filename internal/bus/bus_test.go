package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Every way to reach a server, through the same code.
func eachServer(t *testing.T, f func(t *testing.T, cfg Config)) {
	t.Run("embedded listening", func(t *testing.T) { f(t, listening()) })
	t.Run("embedded in-process", func(t *testing.T) { f(t, Config{Embedded: EmbeddedInProcess}) })
	t.Run("external", func(t *testing.T) { f(t, Config{URL: startServer(t, nil).ClientURL()}) })
}

func TestRoundTrip(t *testing.T) {
	eachServer(t, func(t *testing.T, cfg Config) {
		b := openBus(t, cfg)
		got := make(chan *Message, 8)
		sub, err := b.Subscribe("av.car.>", func(m *Message) { got <- m })
		if err != nil {
			t.Fatal(err)
		}
		for i, payload := range []string{"first", "", "third"} {
			if err := b.Publish("av.car.objects", KindObjects.Schema(), []byte(payload)); err != nil {
				t.Fatal(err)
			}
			m := next(t, "message", got)
			want := Message{
				Subject: "av.car.objects", Kind: KindObjects, Vehicle: "car", Schema: "fusion.v1.ObjectList",
				Boot: b.Publisher().Boot(), Seq: uint64(i + 1),
			}
			if string(m.Data) != payload {
				t.Errorf("data: got %q, want %q", m.Data, payload)
			}
			m.Data = nil
			if fmt.Sprint(*m) != fmt.Sprint(want) {
				t.Errorf("got %+v, want %+v", *m, want)
			}
		}
		// Another subject counts for itself.
		if err := b.Publish("av.car.sensor.camera.CAM_FRONT", KindCamera.Schema(), []byte("x")); err != nil {
			t.Fatal(err)
		}
		if m := next(t, "message", got); m.Seq != 1 || m.Kind != KindCamera || m.Name != "CAM_FRONT" {
			t.Errorf("got %+v, want CAM_FRONT's seq 1", *m)
		}
		if err := b.Flush(testContext(t)); err != nil {
			t.Error(err)
		}
		if err := sub.Close(); err != nil {
			t.Error(err)
		}
		s := b.Stats()
		if s.Publisher.Published != 4 || s.Publisher.Bytes != 11 || s.Publisher.Lost+s.Publisher.Refused != 0 {
			t.Errorf("publisher: got %+v, want 4 messages, 11 bytes", s.Publisher)
		}
		if !s.In.Connected || !s.Out.Connected || !s.Control.Connected || s.MaxPayload != DefaultMaxPayload {
			t.Errorf("got %+v, want three connections and 8 MiB", s)
		}
		if s.Out.OutMessages != 4 || s.Control.InMessages != 4 || s.In.InMessages != 0 {
			t.Errorf("got out %d, control %d, in %d messages, want 4, 4, 0", s.Out.OutMessages, s.Control.InMessages, s.In.InMessages)
		}
	})
}

// What the plain client sees is what design promises to foreign subscribers.
func TestHeadersOnTheWire(t *testing.T) {
	b := openBus(t, listening())
	nc := plainClient(t, b.ClientURL())
	sub, err := nc.SubscribeSync("av.*.ego")
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := b.Publish("av.car.ego", "fusion.v1.EgoMotion", []byte("123456789")); err != nil {
		t.Fatal(err)
	}
	m, err := sub.NextMsg(testLimit)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"Fusion-Schema": "fusion.v1.EgoMotion", "Fusion-Boot": b.Publisher().Boot(), "Fusion-Seq": "1", "Fusion-Crc": "e3069283",
	} {
		if got := m.Header.Get(key); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
	if len(m.Header) != 4 {
		t.Errorf("got headers %v, want four", m.Header)
	}
}

func TestMaxPayload(t *testing.T) {
	eachServer(t, func(t *testing.T, cfg Config) {
		b := openBus(t, cfg)
		got := make(chan int, 1)
		if _, err := b.Subscribe("av.car.sensor.>", func(m *Message) { got <- len(m.Data) }); err != nil {
			t.Fatal(err)
		}
		const subject = "av.car.sensor.camera.CAM_FRONT"
		schema := KindCamera.Schema()
		largest := DefaultMaxPayload - int(headerBytes(schema, b.Publisher().Boot(), "1"))
		if err := b.Publish(subject, schema, make([]byte, largest)); err != nil {
			t.Fatalf("8 MiB with headers: %v", err)
		}
		if n := next(t, "8 MiB message", got); n != largest {
			t.Errorf("got %d bytes, want %d", n, largest)
		}
		for _, n := range []int{largest + 1, DefaultMaxPayload + 1, 100_000_000} {
			err := b.Publish(subject, schema, make([]byte, n))
			var size *SizeError
			if !errors.As(err, &size) {
				t.Fatalf("%d bytes: got %v, want a SizeError", n, err)
			}
			if size.Subject != subject || size.Payload != int64(n) || size.Limit != DefaultMaxPayload {
				t.Errorf("%d bytes: got %+v", n, size)
			}
			for _, want := range []string{subject, fmt.Sprint(n), "8388608 B", "send less"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want %q in it", err, want)
				}
			}
			if strings.Contains(err.Error(), "set max_payload") {
				t.Errorf("got %q: raising the server's limit would not help", err)
			}
		}
		// The refused ones took no number, and the connection is alive.
		if err := b.Publish(subject, schema, []byte("x")); err != nil {
			t.Fatal(err)
		}
		next(t, "message after the refusals", got)
		if s := b.Publisher().Stats(); s.Refused != 3 || s.Published != 2 {
			t.Errorf("got %+v, want 3 refused, 2 published", s)
		}
	})
}

// A plain client may send 8 MiB without headers, and no byte more.
func TestMaxPayloadPlainClient(t *testing.T) {
	b := openBus(t, listening())
	got := make(chan int, 1)
	if _, err := b.Subscribe("av.car.sensor.>", func(m *Message) { got <- len(m.Data) }); err != nil {
		t.Fatal(err)
	}
	nc := plainClient(t, b.ClientURL())
	if err := nc.Publish("av.car.sensor.lidar.top", make([]byte, DefaultMaxPayload)); err != nil {
		t.Fatal(err)
	}
	if n := next(t, "8 MiB message", got); n != DefaultMaxPayload {
		t.Errorf("got %d bytes, want 8 MiB", n)
	}
	if err := nc.Publish("av.car.sensor.lidar.top", make([]byte, DefaultMaxPayload+1)); !errors.Is(err, nats.ErrMaxPayload) {
		t.Errorf("8 MiB + 1: got %v, want %v", err, nats.ErrMaxPayload)
	}
}

func TestSmallServerLimit(t *testing.T) {
	s := startServer(t, &server.Options{MaxPayload: 1 << 20})
	var logged bytes.Buffer
	b, err := Open(testContext(t), Config{URL: s.ClientURL()}, slog.New(slog.NewTextHandler(&logged, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	var limit *LimitError
	if err := b.CheckMaxPayload(); !errors.As(err, &limit) || limit.Limit != 1<<20 || limit.Configured != DefaultMaxPayload {
		t.Errorf("CheckMaxPayload: got %v", err)
	}
	const cure = "set max_payload: 8388608"
	if !strings.Contains(logged.String(), cure) {
		t.Errorf("log: got %s, want %q in it", logged.String(), cure)
	}
	err = b.Publish("av.car.sensor.camera.front", KindCamera.Schema(), make([]byte, 2<<20))
	var size *SizeError
	if !errors.As(err, &size) || size.Limit != 1<<20 || !strings.Contains(err.Error(), cure) {
		t.Errorf("Publish: got %v, want a SizeError with %q", err, cure)
	}
	if got := b.Stats().MaxPayload; got != 1<<20 {
		t.Errorf("Stats: got limit %d, want 1 MiB", got)
	}
}

func TestPublishRefusesNonsense(t *testing.T) {
	b := openBus(t, Config{Embedded: EmbeddedInProcess})
	for _, tc := range []struct{ name, subject, schema, want string }{
		{"foreign subject", "weather.today", "a.B", "begin with"},
		{"wildcard", "av.car.>", "a.B", "not known"},
		{"no schema", "av.car.ego", "", "full name"},
		{"line break in schema", "av.car.ego", "a\r\nb", "full name"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := b.Publish(tc.subject, tc.schema, nil); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
	for i := range maxPublishSubjects {
		if err := b.Publish(fmt.Sprintf("av.car.debug.n%d", i), "a.B", nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Publish("av.car.debug.more", "a.B", nil); err == nil || !strings.Contains(err.Error(), "use fewer") {
		t.Errorf("subject 1025: got %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	taken := startServer(t, nil)
	for _, tc := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"nothing configured", Config{}, "no server is named"},
		{"nobody there", Config{URL: "nats://127.0.0.1:1"}, "start the server"},
		{"port taken", Config{Embedded: EmbeddedListen, Listen: taken.Addr().String()}, "free the port"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			start := time.Now()
			b, err := Open(testContext(t), tc.cfg, discard())
			if err == nil {
				t.Fatal(b.Close(), "got a bus, want an error")
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("took %v: the cause is known at once", d)
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for _, cfg := range []Config{listening(), {URL: taken.ClientURL()}} {
			if _, err := Open(ctx, cfg, discard()); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want %v", err, context.Canceled)
			}
		}
	})
}

func TestCloseSendsWhatWasPublished(t *testing.T) {
	s := startServer(t, nil)
	nc := plainClient(t, s.ClientURL())
	got := make(chan *nats.Msg, 256)
	if _, err := nc.ChanSubscribe("av.car.objects", got); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	b, err := Open(testContext(t), Config{URL: s.ClientURL()}, discard())
	if err != nil {
		t.Fatal(err)
	}
	const n = 200
	for range n {
		if err := b.Publish("av.car.objects", KindObjects.Schema(), make([]byte, 10_000)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		m := next(t, "message", got)
		if seq := m.Header.Get(HeaderSeq); seq != fmt.Sprint(i+1) {
			t.Fatalf("message %d: got seq %s", i+1, seq)
		}
	}
	if err := b.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	if err := b.Publish("av.car.objects", KindObjects.Schema(), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("publish after close: got %v, want %v", err, ErrClosed)
	}
	if _, err := b.Subscribe("av.>", func(*Message) {}); !errors.Is(err, ErrClosed) {
		t.Errorf("subscribe after close: got %v, want %v", err, ErrClosed)
	}
	if err := b.Flush(testContext(t)); !errors.Is(err, ErrDisconnected) {
		t.Errorf("flush after close: got %v, want %v", err, ErrDisconnected)
	}
}

func TestWebsocketAndJetStream(t *testing.T) {
	cfg := listening()
	cfg.Websocket = "127.0.0.1:-1"
	cfg.JetStream = JetStream{Enabled: true, StoreDir: t.TempDir()}
	b := openBus(t, cfg)
	nc := plainClient(t, b.WebsocketURL())
	if err := nc.Publish("av.car.ctl.ping", nil); err != nil {
		t.Fatal(err)
	}
	js, err := nc.JetStream()
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.CreateKeyValue(&nats.KeyValueConfig{Bucket: "config"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kv.PutString("rig", "r1"); err != nil {
		t.Fatal(err)
	}
	if e, err := kv.Get("rig"); err != nil || string(e.Value()) != "r1" {
		t.Errorf("got %v, %v, want r1", e, err)
	}
}

func TestListenOpenlyWarns(t *testing.T) {
	for listen, want := range map[string]bool{"127.0.0.1:-1": false, "0.0.0.0:-1": true} {
		var logged bytes.Buffer
		b, err := Open(testContext(t), Config{Embedded: EmbeddedListen, Listen: listen}, slog.New(slog.NewTextHandler(&logged, nil)))
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if got := strings.Contains(logged.String(), "open to other machines"); got != want {
			t.Errorf("%s: warned %v, want %v: %s", listen, got, want, logged.String())
		}
	}
}

func TestSubscribeSlowHandler(t *testing.T) {
	b := openBus(t, Config{Embedded: EmbeddedInProcess})
	gate, entered := make(chan struct{}), make(chan struct{}, 1)
	sub, err := b.Subscribe("av.car.health", func(*Message) {
		select {
		case entered <- struct{}{}:
		default:
		}
		<-gate
	})
	if err != nil {
		t.Fatal(err)
	}
	defer close(gate)
	if err := sub.sub.SetPendingLimits(4, 1<<20); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if err := b.Publish("av.car.health", KindHealth.Schema(), nil); err != nil {
			t.Fatal(err)
		}
	}
	next(t, "handler", entered)
	// One in the handler counts as pending too.
	waitFor(t, "16 dropped", func() bool { return sub.Dropped() == 16 })
	waitFor(t, "slow consumer event", func() bool { return b.Stats().Control.SlowConsumers == 1 })
}
