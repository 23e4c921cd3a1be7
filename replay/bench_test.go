package replay

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/fusiond/fusiond/sensors"
)

// cloudBytes looks like a sweep: rows of x, y, z, intensity, ring, t as float32 on rings round the sensor, about 2 MB.
func cloudBytes(seed uint64) []byte {
	rng := rand.New(rand.NewPCG(1, seed)) //nolint:gosec // repeatable on purpose
	var b []byte
	for i := range 87_000 {
		a, ring := float64(i/64)*2*math.Pi/1360, float64(i%64)
		r := 5 + ring/2 + rng.Float64()
		for _, v := range []float64{math.Round(r*math.Cos(a)*200) / 200, math.Round(r*math.Sin(a)*200) / 200, ring/20 - 2, float64(rng.IntN(256)), ring, float64(i) * 1e-6} {
			u := math.Float32bits(float32(v))
			b = append(b, byte(u), byte(u>>8), byte(u>>16), byte(u>>24)) //nolint:gosec // bytes of a word
		}
	}
	return b
}

// jpegBytes cannot be compressed, 300 KB. Every seed gives other bytes: repeated ones would shrink.
func jpegBytes(seed uint64) []byte {
	rng := rand.New(rand.NewPCG(2, seed)) //nolint:gosec // repeatable on purpose
	b := make([]byte, 300_000)
	for i := range b {
		b[i] = byte(rng.Uint32()) //nolint:gosec // noise
	}
	return b
}

// benchMessages is n messages of which every 16 differ.
func benchMessages(data func(seed uint64) []byte, schema string, n int) []Message {
	var payloads [][]byte
	for i := range min(n, 16) {
		payloads = append(payloads, protowire.AppendBytes(protowire.AppendTag(nil, 15, protowire.BytesType), data(uint64(i)))) //nolint:gosec // small
	}
	var out []Message
	for i := range n {
		at := testStart + sensors.StampNs(i)*testPeriod
		out = append(out, Message{
			Topic: "av.car.sensor.x.y", Schema: schema, Stamp: at, Received: at, Seq: uint32(i + 1), Data: payloads[i%len(payloads)], //nolint:gosec // small
		})
	}
	return out
}

func BenchmarkWrite(b *testing.B) {
	for _, tc := range []struct {
		name, schema string
		data         func(seed uint64) []byte
	}{{"cloud", "fusion.v1.PointCloud", cloudBytes}, {"jpeg", "fusion.v1.CameraFrame", jpegBytes}} {
		for _, z := range []struct {
			name string
			c    Compression
		}{{"zstd", Zstd}, {"uncompressed", Uncompressed}} {
			b.Run(tc.name+"/"+z.name, func(b *testing.B) {
				ms := benchMessages(tc.data, tc.schema, 16)
				w, err := NewWriter(io.Discard, WriterOptions{Compression: z.c})
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(len(ms[0].Data)))
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					if err := w.Write(ms[i%len(ms)]); err != nil {
						b.Fatal(err)
					}
					i++
				}
				b.ReportMetric(float64(w.Bytes())/float64(int64(i)*int64(len(ms[0].Data))), "ratio")
			})
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for _, tc := range []struct {
		name, schema string
		data         func(seed uint64) []byte
		n            int
	}{{"cloud", "fusion.v1.PointCloud", cloudBytes, 20}, {"jpeg", "fusion.v1.CameraFrame", jpegBytes, 120}} {
		b.Run(tc.name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "a.mcap")
			if err := os.WriteFile(path, record(b, WriterOptions{}, benchMessages(tc.data, tc.schema, tc.n)...), 0o600); err != nil {
				b.Fatal(err)
			}
			r, err := Open(path)
			if err != nil {
				b.Fatal(err)
			}
			defer r.Close() //nolint:errcheck // only read
			total := len(tc.data(0)) * tc.n
			b.SetBytes(int64(total))
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for m, err := range r.Messages(Options{}) {
					if err != nil {
						b.Fatal(err)
					}
					n += len(m.Data)
				}
				if n < total {
					b.Fatalf("read %d bytes", n)
				}
			}
		})
	}
}

func BenchmarkRecover(b *testing.B) {
	data := record(b, WriterOptions{}, benchMessages(cloudBytes, "fusion.v1.PointCloud", 10)...)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := recoverTo(io.Discard, bytes.NewReader(data), int64(len(data)), "b"); err != nil {
			b.Fatal(err)
		}
	}
}
