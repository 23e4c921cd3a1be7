package replay

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/foxglove/mcap/go/mcap"
	"pgregory.net/rapid"

	"github.com/fusiond/fusiond/sensors"
)

func TestMessagesChoose(t *testing.T) {
	var ms []Message
	for i := range 10 {
		m := egoMessage(t, i+1, 5)
		ms = append(ms, m)
		m.Topic = "av.car.debug.x"
		ms = append(ms, m)
	}
	r, err := openBytes(record(t, WriterOptions{ChunkBytes: 300}, ms...))
	if err != nil {
		t.Fatal(err)
	}
	at := func(i int) sensors.StampNs { return ms[2*(i-1)].Received }
	for _, tc := range []struct {
		name string
		o    Options
		want int
	}{
		{"all", Options{}, 20},
		{"from the third", Options{From: at(3)}, 16},
		{"up to the third", Options{To: at(3)}, 6},
		{"from just after the third", Options{From: at(3) + 1}, 14},
		{"one moment", Options{From: at(4), To: at(4)}, 2},
		{"nothing", Options{From: at(10) + 1}, 0},
		{"one topic", Options{Topics: []string{"av.car.ego"}}, 10},
		{"a topic that is not there", Options{Topics: []string{"av.car.objects"}}, 0},
		{"inputs", Options{Inputs: true}, 10},
		{"inputs of a range", Options{Inputs: true, From: at(2), To: at(5)}, 4},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := readAll(t, r, tc.o)
			if len(got) != tc.want {
				t.Errorf("%+v: got %d messages, want %d", tc.o, len(got), tc.want)
			}
			if !slices.IsSortedFunc(got, func(a, b Message) int { return int(a.Received - b.Received) }) {
				t.Errorf("%+v: messages are not in order of arrival", tc.o)
			}
		})
	}
}

// Whatever order messages were written in, they come back by arrival, those of equal arrival as they were written.
func TestOrderOfArrival(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 60).Draw(rt, "n")
		var ms []Message
		for i := range n {
			m := egoMessage(t, i+1, 3)
			m.Received = testStart + sensors.StampNs(rapid.IntRange(0, 20).Draw(rt, "arrival"))
			ms = append(ms, m)
		}
		r, err := openBytes(record(t, WriterOptions{ChunkBytes: rapid.SampledFrom([]int{1, 400, 3000, 1 << 20}).Draw(rt, "chunk")}, ms...))
		if err != nil {
			rt.Fatal(err)
		}
		slices.SortStableFunc(ms, func(a, b Message) int { return int(a.Received - b.Received) })
		got := readAll(t, r, Options{})
		if len(got) != len(ms) {
			rt.Fatalf("got %d messages, want %d", len(got), len(ms))
		}
		for i := range got {
			if got[i].Seq != ms[i].Seq || !bytes.Equal(got[i].Data, ms[i].Data) {
				rt.Fatalf("message %d is seq %d, want %d", i, got[i].Seq, ms[i].Seq)
			}
		}
	})
}

// Two chunks that overlap: at equal arrival the chunk that stands first in the file goes first.
func TestOrderOfEqualArrivals(t *testing.T) {
	var ms []Message
	chunk := testChunkBytes(t)
	for i, arrival := range []sensors.StampNs{7, 7, 8, 9, 5, 7, 8, 9} { // four messages a chunk
		m := egoMessage(t, i+1, 100)
		m.Received = testStart + arrival
		ms = append(ms, m)
	}
	b := record(t, WriterOptions{Compression: Uncompressed, ChunkBytes: chunk}, ms...)
	r, err := openBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.chunks) != 2 {
		t.Fatalf("%d chunks, want 2", len(r.chunks))
	}
	var got []uint32
	for _, m := range readAll(t, r, Options{}) {
		got = append(got, m.Seq)
	}
	if want := []uint32{5, 1, 2, 6, 3, 7, 4, 8}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDataLifetime(t *testing.T) {
	var ms []Message
	for i := range 100 {
		ms = append(ms, egoMessage(t, i+1, 100))
	}
	r, err := openBytes(record(t, WriterOptions{ChunkBytes: 2000}, ms...))
	if err != nil {
		t.Fatal(err)
	}
	changed := func(o Options) int {
		var views [][]byte
		for m, err := range r.Messages(o) {
			if err != nil {
				t.Fatal(err)
			}
			views = append(views, m.Data)
		}
		n := 0
		for i, v := range views {
			if !bytes.Equal(v, ms[i].Data) {
				n++
			}
		}
		return n
	}
	if n := changed(Options{Retain: true}); n != 0 {
		t.Errorf("with Retain %d of 100 views changed, want none", n)
	}
	if n := changed(Options{}); n == 0 {
		t.Error("without Retain no buffer was used again: reading is not bounded in memory")
	}
}

func TestStopEarly(t *testing.T) {
	r, err := openBytes(fiveChunks(t))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range r.Messages(Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 3 {
			break
		}
	}
	if got := readAll(t, r, Options{}); n != 3 || len(got) != 20 {
		t.Errorf("stopped after %d and then read %d, want 3 and 20", n, len(got))
	}
}

// Damage that opening must find, or that reading finds later; each error names place and cure.
func TestOpenDamaged(t *testing.T) {
	whole := fiveChunks(t)
	footer := nth(t, whole, mcap.OpFooter, 0)
	flip := func(at int) []byte { b := bytes.Clone(whole); b[at] ^= 0x40; return b }
	for _, tc := range []struct {
		name     string
		b        []byte
		messages int // read before the error; -1 = opening fails
		place    int64
		want     string
	}{
		{"empty file", nil, -1, 0, "give an MCAP recording"},
		{"text", []byte("this is no recording at all, but a text"), -1, 0, "give an MCAP recording"},
		{"magic only", whole[:8], -1, 8, "fusiond recover test.mcap"},
		{"cut in the first chunk", whole[:nth(t, whole, mcap.OpChunk, 0).start+50], -1, -1, "fusiond recover"},
		{"cut before the closing magic", whole[:footer.end], -1, int64(footer.end), "fusiond recover"},
		{"bytes after the end", append(bytes.Clone(whole), 1, 2, 3), -1, int64(len(whole) + 3), "fusiond recover"},
		{"flip in the summary", flip(nth(t, whole, mcap.OpChunkIndex, 1).start + 20), -1, -1, "checksum"},
		{"flip in the summary's place", flip(footer.start + 9), -1, -1, "summary"},
		{"flip of the opening magic", flip(1), -1, 0, "not an MCAP"},
		{"flip in the third chunk", flip(nth(t, whole, mcap.OpChunk, 2).start + 3000), 8, int64(nth(t, whole, mcap.OpChunk, 2).start), "checksum"},
		{"third chunk's kind", flip(nth(t, whole, mcap.OpChunk, 2).start), 8, int64(nth(t, whole, mcap.OpChunk, 2).start), "record"},
		{"third chunk's length", flip(nth(t, whole, mcap.OpChunk, 2).start + 8), 8, int64(nth(t, whole, mcap.OpChunk, 2).start), "ends too early"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := 0
			r, err := openBytes(tc.b)
			if err == nil {
				for _, e := range r.Messages(Options{}) {
					if e != nil {
						err = e
						break
					}
					n++
				}
			} else {
				n = -1
			}
			var d *DamageError
			if !errors.As(err, &d) {
				t.Fatalf("got %v, want a DamageError", err)
			}
			if n != tc.messages || (tc.place >= 0 && d.Offset != tc.place) {
				t.Errorf("%d messages, then damage at %d; want %d and %d", n, d.Offset, tc.messages, tc.place)
			}
			if !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "test.mcap") {
				t.Errorf("error %q does not name the file and %q", err, tc.want)
			}
		})
	}
}

func TestOpenFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.mcap")
	w, err := Create(path, WriterOptions{Rig: testRig()})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(egoMessage(t, 1, 1)), w.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // only read
	if got := readAll(t, r, Options{}); len(got) != 1 {
		t.Errorf("got %d messages, want 1", len(got))
	}
	if _, err := Open(filepath.Join(dir, "none.mcap")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("open a file that is not there: %v", err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "regular file") {
		t.Errorf("open a folder: %v", err)
	}
}

// A small file must not make the reader allocate what it merely claims.
func TestClaimsAreNotBelieved(t *testing.T) {
	whole := fiveChunks(t)
	chunk := nth(t, whole, mcap.OpChunk, 0)
	for _, tc := range []struct {
		name string
		at   int
		v    uint64
	}{
		{"record length", chunk.start + 1, 1 << 62},
		{"record length within reason", chunk.start + 1, 200 << 20},
		{"uncompressed size", chunk.start + 9 + 16, 1 << 62},
		{"uncompressed size within reason", chunk.start + 9 + 16, 200 << 20},
		{"data length", chunk.start + 9 + 32, 1 << 62},
	} {
		b := bytes.Clone(whole)
		binary.LittleEndian.PutUint64(b[tc.at:], tc.v)
		got := allocated(func() {
			r, err := openBytes(b)
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range r.Messages(Options{}) {
				if err == nil {
					t.Errorf("%s: a message came out of a damaged chunk", tc.name)
				}
				break
			}
		})
		if got > 4<<20 {
			t.Errorf("%s: %d bytes allocated, want few", tc.name, got)
		}
	}
}

// allocated returns the bytes that f asks for.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Random damage anywhere never panics, and never makes a message out of nothing.
func TestRandomDamage(t *testing.T) {
	whole := fiveChunks(t)
	known := map[string]bool{}
	for i := range 20 {
		known[string(egoMessage(t, i+1, 100).Data)] = true
	}
	rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // repeatable on purpose
	for range 3000 {
		b := bytes.Clone(whole)
		for range 1 + rng.IntN(3) {
			b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
		}
		if rng.IntN(4) == 0 {
			b = b[:rng.IntN(len(b))]
		}
		if r, err := openBytes(b); err == nil {
			for m, err := range r.Messages(Options{}) {
				if err == nil && !known[string(m.Data)] {
					t.Fatalf("message seq %d holds data that nobody wrote", m.Seq)
				}
			}
		}
		var out bytes.Buffer
		if _, err := recoverTo(&out, bytes.NewReader(b), int64(len(b)), "x"); err != nil {
			continue
		}
		r, err := openBytes(out.Bytes())
		if err != nil {
			t.Fatalf("the recovered file is damaged: %v", err)
		}
		for m, err := range r.Messages(Options{}) {
			if err != nil || !known[string(m.Data)] {
				t.Fatalf("recovered message seq %d holds data that nobody wrote (%v)", m.Seq, err)
			}
		}
	}
}
