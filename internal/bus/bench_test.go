package bus

import (
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"
)

func radarMessage(subject string, payload []byte) *nats.Msg {
	return &nats.Msg{Subject: subject, Data: payload, Header: nats.Header{
		HeaderSchema: {KindRadar.Schema()}, HeaderBoot: {"b"}, HeaderSeq: {"1"}, HeaderCRC: {formatCRC(Checksum(payload))},
	}}
}

// One message at a time from Publish through the server to Receive: the ring never overruns, so every byte counts.
func BenchmarkIngest(b *testing.B) {
	for _, server := range []struct {
		name string
		cfg  Config
	}{{"inprocess", Config{Embedded: EmbeddedInProcess}}, {"tcp", Config{}}} {
		for _, size := range []struct {
			name  string
			bytes int
		}{{"300KB", 300_000}, {"2MB", 2_000_000}} {
			b.Run(server.name+"/"+size.name, func(b *testing.B) {
				cfg := server.cfg
				if cfg == (Config{}) {
					cfg = Config{URL: startServer(b, nil).ClientURL()}
				}
				bus := openBus(b, cfg)
				in := openIngest(b, bus, IngestConfig{})
				payload := make([]byte, size.bytes)
				ctx := b.Context()
				b.SetBytes(int64(size.bytes))
				b.ReportAllocs()
				for b.Loop() {
					if err := bus.Publish("av.car.sensor.camera.front", KindCamera.Schema(), payload); err != nil {
						b.Fatal(err)
					}
					if _, err := in.Receive(ctx); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// The publisher runs ahead by as many messages as the rings hold: what a vehicle's stream of frames does.
func BenchmarkIngestPipelined(b *testing.B) {
	for _, size := range []struct {
		name  string
		bytes int
	}{{"300KB", 300_000}, {"2MB", 2_000_000}} {
		b.Run(size.name, func(b *testing.B) {
			bus := openBus(b, Config{URL: startServer(b, nil).ClientURL()})
			in := openIngest(b, bus, IngestConfig{})
			payload := make([]byte, size.bytes)
			ctx := b.Context()
			var subjects []string
			for i := range 8 {
				subjects = append(subjects, CameraSubject("car", fmt.Sprint("c", i)).String())
			}
			b.SetBytes(int64(size.bytes))
			b.ReportAllocs()
			ahead, i := 0, 0
			for b.Loop() {
				if err := bus.Publish(subjects[i%len(subjects)], KindCamera.Schema(), payload); err != nil {
					b.Fatal(err)
				}
				i++
				if ahead++; ahead < len(subjects) {
					continue
				}
				if _, err := in.Receive(ctx); err != nil {
					b.Fatal(err)
				}
				ahead--
			}
			b.StopTimer()
			for _, s := range in.Stats().Streams {
				if n := s.DroppedTotal(); n > 0 {
					b.Errorf("%s: %d dropped", s.Subject, n)
				}
			}
		})
	}
}

func BenchmarkChecker(b *testing.B) {
	for _, size := range []int{100, 300_000, 2_000_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			payload := make([]byte, size)
			raw := headers(HeaderSchema, KindCamera.Schema(), HeaderBoot, "0123456789abcdef", HeaderSeq, "1", HeaderCRC, formatCRC(Checksum(payload)))
			c := NewChecker(KindCamera.Schema())
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for seq := uint64(1); b.Loop(); seq++ {
				h := ParseHeader(raw)
				h.Seq = seq
				if v := c.Check(h, payload); v.Reason != Accepted {
					b.Fatal(v)
				}
			}
		})
	}
}

func BenchmarkRing(b *testing.B) {
	r := NewRing[Message](4)
	m := Message{Subject: "av.car.ego", Data: make([]byte, 8)}
	b.ReportAllocs()
	for b.Loop() {
		r.Push(m)
		r.Push(m)
		r.Pop()
	}
}

// The ingest's own share: from the callback's entry to TryReceive, for a message of 100 bytes on the last of 12 streams.
func BenchmarkIngestCore(b *testing.B) {
	in, err := newIngest(IngestConfig{Vehicle: "car", Clock: ticker()}, discard())
	if err != nil {
		b.Fatal(err)
	}
	for i := range 12 {
		in.add(RadarSubject("car", fmt.Sprintf("r%02d", i)))
	}
	payload := make([]byte, 100)
	m := radarMessage(RadarSubject("car", "r11").String(), payload)
	st := in.streams[m.Subject]
	b.ReportAllocs()
	for b.Loop() {
		in.handle(m)
		if _, ok := in.TryReceive(); !ok {
			b.Fatal("nothing waits")
		}
		st.checker.last, st.checker.seen = 0, 0 // the same message is new again
	}
}
