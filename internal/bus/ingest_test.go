package bus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// ticker is a clock that gives 1, 2, 3, ...
func ticker() func() int64 {
	var n int64
	return func() int64 { n++; return n } // called with the ingest's lock held
}

func openIngest(t testing.TB, b *Bus, cfg IngestConfig) *Ingest {
	t.Helper()
	if cfg.Vehicle == "" {
		cfg.Vehicle = "car"
	}
	if cfg.Clock == nil {
		cfg.Clock = ticker()
	}
	in, err := b.NewIngest(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func receive(t testing.TB, in *Ingest) Message {
	t.Helper()
	m, err := in.Receive(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// streamStats returns the stats of one stream; zero if it has none.
func streamStats(in *Ingest, subject string) StreamStats {
	for _, s := range in.Stats().Streams {
		if s.Subject == subject {
			return s
		}
	}
	return StreamStats{}
}

func checkConserved(t testing.TB, s StreamStats) {
	t.Helper()
	if s.Received != s.Delivered+s.DroppedTotal()+s.Pending {
		t.Errorf("%s: received %d is not delivered %d + dropped %v + pending %d", s.Subject, s.Received, s.Delivered, s.Dropped, s.Pending)
	}
}

func TestIngestOrderAcrossStreams(t *testing.T) {
	eachServer(t, func(t *testing.T, cfg Config) {
		b := openBus(t, cfg)
		in := openIngest(t, b, IngestConfig{})
		publish := func(s Subject, payload string) {
			t.Helper()
			if err := b.Publish(s.String(), s.Kind.Schema(), []byte(payload)); err != nil {
				t.Fatal(err)
			}
		}
		// All on the sensor subscription, whose order is the publisher's.
		subjects := []Subject{
			RadarSubject("car", "r"), CameraSubject("car", "c"), LidarSubject("car", "l"), CameraSubject("car", "c"), RadarSubject("car", "r"),
		}
		for i, s := range subjects {
			publish(s, fmt.Sprint(i))
		}
		publish(CameraSubject("truck", "c"), "not ours")
		for i, s := range subjects {
			m := receive(t, in)
			if m.Subject != s.String() || m.Kind != s.Kind || m.Name != s.Name || m.Vehicle != "car" || string(m.Data) != fmt.Sprint(i) {
				t.Fatalf("message %d: got %+v, want %s", i, m, s)
			}
			if m.Arrival != uint64(i+1) || m.Received != int64(i+1) || m.Boot != b.Publisher().Boot() || m.Schema != s.Kind.Schema() {
				t.Errorf("message %d: got %+v", i, m)
			}
		}
		publish(EgoSubject("car"), "ego")
		if m := receive(t, in); m.Kind != KindEgo || m.Name != "" || m.Arrival != 6 {
			t.Errorf("got %+v, want the ego motion as arrival 6", m)
		}
		if m, ok := in.TryReceive(); ok {
			t.Errorf("got %+v, want nothing", m)
		}
		for _, s := range in.Stats().Streams {
			checkConserved(t, s)
		}
	})
}

// Each fault alone: what arrives on a radar's subject (ring of 4), and what the counters say when all has been taken in.
func TestIngestDropReasons(t *testing.T) {
	const subject = "av.car.sensor.radar.front"
	good := func(seq int) *nats.Msg {
		payload := []byte(fmt.Sprint("scan ", seq))
		return &nats.Msg{Subject: subject, Data: payload, Header: nats.Header{
			HeaderSchema: {KindRadar.Schema()}, HeaderBoot: {"b"}, HeaderSeq: {fmt.Sprint(seq)}, HeaderCRC: {formatCRC(Checksum(payload))},
		}}
	}
	with := func(m *nats.Msg, key, value string) *nats.Msg { m.Header.Set(key, value); return m }
	for _, tc := range []struct {
		name    string
		in      []*nats.Msg
		dropped map[Reason]uint64
		gaps    uint64
		missing uint64
		pending uint64
	}{
		{"good", []*nats.Msg{good(1), good(2)}, nil, 0, 0, 2},
		{"wrong checksum", []*nats.Msg{good(1), with(good(2), HeaderCRC, "00000000"), good(3)}, map[Reason]uint64{ReasonCRC: 1}, 0, 0, 2},
		{"twice", []*nats.Msg{good(1), good(1)}, map[Reason]uint64{ReasonDuplicate: 1}, 0, 0, 1},
		{"out of order", []*nats.Msg{good(1), good(3), good(2)}, map[Reason]uint64{ReasonReorder: 1}, 1, 0, 2},
		{"wrong type", []*nats.Msg{with(good(1), HeaderSchema, "sensor_msgs.Image")}, map[Reason]uint64{ReasonSchema: 1}, 0, 0, 0},
		{"unreadable header", []*nats.Msg{with(good(1), HeaderSeq, "one")}, map[Reason]uint64{ReasonHeader: 1}, 0, 0, 0},
		{"gap", []*nats.Msg{good(1), good(5)}, nil, 3, 0, 2},
		{"no headers", []*nats.Msg{{Subject: subject, Data: []byte("x")}, {Subject: subject}}, nil, 0, 2, 2},
		{"other headers", []*nats.Msg{{Subject: subject, Header: nats.Header{"Trace": {"1"}}}}, nil, 0, 1, 1},
		{"overrun", []*nats.Msg{good(1), good(2), good(3), good(4), good(5), good(6)}, map[Reason]uint64{ReasonOverrun: 2}, 0, 0, 4},
		{"100 MB", []*nats.Msg{{Subject: subject, Data: make([]byte, 100_000_000)}}, map[Reason]uint64{ReasonOversize: 1}, 0, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			// A server that lets through what ours would not.
			s := startServer(t, &server.Options{MaxPayload: 128 << 20, MaxPending: 512 << 20})
			b := openBus(t, Config{URL: s.ClientURL()})
			in := openIngest(t, b, IngestConfig{PendingBytes: 512 << 20})
			nc := plainClient(t, s.ClientURL())
			for _, m := range tc.in {
				if err := nc.PublishMsg(m); err != nil {
					t.Fatal(err)
				}
			}
			waitFor(t, "all received", func() bool { return streamStats(in, subject).Received == uint64(len(tc.in)) })
			got := streamStats(in, subject)
			checkConserved(t, got)
			if !maps.Equal(got.Dropped, tc.dropped) {
				t.Errorf("dropped: got %v, want %v", got.Dropped, tc.dropped)
			}
			if got.Gaps != tc.gaps || got.MissingHeaders != tc.missing || got.Pending != tc.pending {
				t.Errorf("gaps, missing, pending: got %d, %d, %d, want %d, %d, %d",
					got.Gaps, got.MissingHeaders, got.Pending, tc.gaps, tc.missing, tc.pending)
			}
		})
	}
}

func TestIngestKeepsTheLatest(t *testing.T) {
	b := openBus(t, Config{Embedded: EmbeddedInProcess})
	in := openIngest(t, b, IngestConfig{})
	for i := range 10 {
		if err := b.Publish("av.car.sensor.camera.c", KindCamera.Schema(), []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, "10 received", func() bool { return streamStats(in, "av.car.sensor.camera.c").Received == 10 })
	for _, want := range []uint64{9, 10} {
		if m := receive(t, in); m.Seq != want {
			t.Errorf("got seq %d, want %d", m.Seq, want)
		}
	}
	got := streamStats(in, "av.car.sensor.camera.c")
	if got.Dropped[ReasonOverrun] != 8 || got.Delivered != 2 || got.Pending != 0 {
		t.Errorf("got %+v, want 8 overruns, 2 delivered", got)
	}
}

func TestIngestUnknown(t *testing.T) {
	b := openBus(t, listening())
	known := LidarSubject("car", "top")
	in := openIngest(t, b, IngestConfig{Streams: []Subject{known, EgoSubject("car")}})
	nc := plainClient(t, b.ClientURL())
	publish := func(subject string) {
		t.Helper()
		if err := nc.Publish(subject, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	publish("av.car.sensor.lidar.rear")
	publish("av.car.sensor.lidar.rear")
	publish("av.car.sensor.sonar.x")
	publish("av.car.sensor.camera.a.b.c")
	publish("av.car.sensor.camera." + strings.Repeat("x", 300)) // too long to be named
	for i := range maxUnknownNames {
		publish(fmt.Sprintf("av.car.sensor.camera.z%d", i))
	}
	publish(known.String())
	if m := receive(t, in); m.Subject != known.String() {
		t.Errorf("got %s, want only %s", m.Subject, known)
	}
	s := in.Stats()
	if len(s.Unknown) != maxUnknownNames || s.UnknownUnnamed != 4 {
		t.Errorf("got %d names and %d unnamed, want %d and 4", len(s.Unknown), s.UnknownUnnamed, maxUnknownNames)
	}
	for _, u := range s.Unknown {
		if u.Subject == "av.car.sensor.lidar.rear" && u.Dropped != 2 {
			t.Errorf("got %+v, want 2 of it", u)
		}
	}
	if len(s.Streams) != 2 {
		t.Errorf("got streams %+v, want the two that were named", s.Streams)
	}
}

// Without a list, streams appear as they come, up to the limit.
func TestIngestOpenList(t *testing.T) {
	b := openBus(t, Config{Embedded: EmbeddedInProcess})
	in := openIngest(t, b, IngestConfig{})
	for i := range maxStreams + 3 {
		if err := b.Publish(RadarSubject("car", fmt.Sprintf("r%03d", i)).String(), KindRadar.Schema(), nil); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, "three unknown", func() bool { return len(in.Stats().Unknown) == 3 })
	s := in.Stats()
	if len(s.Streams) != maxStreams {
		t.Fatalf("got %d streams, want %d", len(s.Streams), maxStreams)
	}
	for i, st := range s.Streams {
		if want := fmt.Sprintf("av.car.sensor.radar.r%03d", i); st.Subject != want {
			t.Errorf("stream %d: got %s, want %s", i, st.Subject, want)
		}
	}
}

func TestIngestConfigErrors(t *testing.T) {
	b := openBus(t, Config{Embedded: EmbeddedInProcess})
	for _, tc := range []struct {
		name string
		cfg  IngestConfig
		want string
	}{
		{"no vehicle", IngestConfig{Clock: ticker()}, "vehicle is empty"},
		{"wildcard vehicle", IngestConfig{Vehicle: "*", Clock: ticker()}, "wildcard"},
		{"no clock", IngestConfig{Vehicle: "car"}, "no clock"},
		{"output", IngestConfig{Vehicle: "car", Clock: ticker(), Streams: []Subject{ObjectsSubject("car")}}, "not an input"},
		{"other vehicle", IngestConfig{Vehicle: "car", Clock: ticker(), Streams: []Subject{EgoSubject("truck")}}, "not an input"},
		{"bad name", IngestConfig{Vehicle: "car", Clock: ticker(), Streams: []Subject{LidarSubject("car", "a b")}}, "holds ' '"},
		{"too many", IngestConfig{Vehicle: "car", Clock: ticker(), Streams: make([]Subject, maxStreams+1)}, "at most 64"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := b.NewIngest(tc.cfg); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
}

func TestIngestSlowConsumer(t *testing.T) {
	b := openBus(t, listening())
	in := openIngest(t, b, IngestConfig{PendingMessages: 8, PendingBytes: 1 << 20})
	const subject, n = "av.car.sensor.radar.r", 100
	in.mu.Lock() // the callback hangs on its first message
	for range n {
		if err := b.Publish(subject, KindRadar.Schema(), nil); err != nil {
			in.mu.Unlock()
			t.Fatal(err)
		}
	}
	waitFor(t, "slow consumer event", func() bool { return b.Stats().In.SlowConsumers == 1 })
	waitFor(t, "all on the client's side", func() bool { return b.Stats().In.InMessages == n })
	in.mu.Unlock()
	waitFor(t, "all accounted for", func() bool {
		return in.Stats().SlowConsumer+streamStats(in, subject).Received == n
	})
	s := in.Stats()
	if s.SlowConsumer == 0 || s.Streams[0].Received < 8 {
		t.Errorf("got %+v, want losses and at least 8 received", s)
	}
	checkConserved(t, s.Streams[0])
	// The loss is a gap for whoever looks at the numbers, as soon as another message comes.
	if err := b.Publish(subject, KindRadar.Schema(), nil); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the gap", func() bool { return streamStats(in, subject).Gaps == s.SlowConsumer })
	if got := b.Stats().In.SlowConsumers; got != 1 {
		t.Errorf("got %d episodes, want 1", got)
	}
}

// Publishers, a reader and a watcher at once: at every moment, for every stream, nothing is unaccounted for.
func TestIngestConservationUnderLoad(t *testing.T) {
	b := openBus(t, listening())
	in := openIngest(t, b, IngestConfig{})
	subjects := []Subject{
		CameraSubject("car", "c1"), CameraSubject("car", "c2"), LidarSubject("car", "l"), RadarSubject("car", "r"), EgoSubject("car"),
	}
	const each = 400
	ctx, cancel := context.WithCancel(testContext(t))
	var publishers, others sync.WaitGroup
	for _, s := range subjects {
		nc := plainClient(t, b.ClientURL())
		publishers.Go(func() {
			for i := 1; i <= each; i++ {
				payload := []byte(fmt.Sprint(i))
				crc, seq := Checksum(payload), i
				if i%7 == 0 {
					crc++
				}
				if i%11 == 0 {
					seq = max(1, i-3)
				}
				h := nats.Header{HeaderBoot: {"b"}, HeaderSeq: {fmt.Sprint(seq)}, HeaderCRC: {formatCRC(crc)}}
				if err := nc.PublishMsg(&nats.Msg{Subject: s.String(), Data: payload, Header: h}); err != nil {
					t.Error(err)
				}
			}
			if err := nc.Flush(); err != nil {
				t.Error(err)
			}
		})
	}
	var delivered uint64
	others.Go(func() {
		var last uint64
		for {
			m, err := in.Receive(ctx)
			if err != nil {
				if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				return
			}
			if m.Arrival <= last || m.Received <= 0 {
				t.Errorf("arrival %d after %d", m.Arrival, last)
			}
			last = m.Arrival
			delivered++
		}
	})
	others.Go(func() {
		for ctx.Err() == nil {
			for _, s := range in.Stats().Streams {
				checkConserved(t, s)
			}
		}
	})
	publishers.Wait()
	waitFor(t, "everything received and taken", func() bool {
		var received, pending uint64
		for _, s := range in.Stats().Streams {
			received += s.Received
			pending += s.Pending
		}
		return received == uint64(len(subjects)*each) && pending == 0
	})
	cancel()
	others.Wait()
	var want uint64
	for _, s := range in.Stats().Streams {
		checkConserved(t, s)
		if s.Dropped[ReasonCRC] == 0 || s.Dropped[ReasonDuplicate]+s.Dropped[ReasonReorder] == 0 {
			t.Errorf("%s: got %v, want drops for crc and order", s.Subject, s.Dropped)
		}
		want += s.Delivered
	}
	if delivered != want {
		t.Errorf("reader had %d messages, counters say %d", delivered, want)
	}
}

// Ready and TryReceive for a loop that has its own timer.
func TestIngestReady(t *testing.T) {
	b := openBus(t, Config{Embedded: EmbeddedInProcess})
	in := openIngest(t, b, IngestConfig{})
	for range 3 {
		if err := b.Publish("av.car.ego", KindEgo.Schema(), nil); err != nil {
			t.Fatal(err)
		}
	}
	got := 0
	for got < 3 {
		next(t, "ready", in.Ready())
		for {
			if _, ok := in.TryReceive(); !ok {
				break
			}
			got++
		}
	}
}

func TestIngestClose(t *testing.T) {
	b := openBus(t, listening())
	in := openIngest(t, b, IngestConfig{})
	const n = 100
	for range n {
		if err := b.Publish("av.car.ego", KindEgo.Schema(), make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Flush(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if m := receive(t, in); m.Seq != uint64(i+1) {
			t.Fatalf("got seq %d, want %d", m.Seq, i+1)
		}
	}
	if _, err := in.Receive(testContext(t)); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want %v", err, ErrClosed)
	}
	if err := in.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	other := openIngest(t, b, IngestConfig{Vehicle: "truck"})
	if _, err := other.Receive(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
