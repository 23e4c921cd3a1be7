package replay

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/foxglove/mcap/go/mcap"
)

// The damage table: cut or flip at a named place of a recording of 5 chunks with 4 messages each, and count survivors.
func TestRecoverDamage(t *testing.T) {
	whole := fiveChunks(t)
	at := func(op mcap.OpCode, n, off int) int { return nth(t, whole, op, n).start + off }
	cut := func(n int) []byte { return bytes.Clone(whole[:n]) }
	flip := func(n int) []byte { b := bytes.Clone(whole); b[n] ^= 0x40; return b }
	for _, tc := range []struct {
		name       string
		b          []byte
		messages   uint64
		lost       uint64
		known      bool
		lostChunks int
		rig        bool
	}{
		{"nothing", whole, 20, 0, true, 0, true},
		{"cut in the first chunk's data", cut(at(mcap.OpChunk, 0, 3000)), 0, 0, false, 0, true},
		{"cut just after the first chunk", cut(nth(t, whole, mcap.OpChunk, 0).end), 4, 0, false, 0, true},
		{"cut in the third chunk's data", cut(at(mcap.OpChunk, 2, 3000)), 8, 0, false, 0, true},
		{"cut in the third chunk's length", cut(at(mcap.OpChunk, 2, 4)), 8, 0, false, 0, true},
		{"cut in a message index", cut(at(mcap.OpMessageIndex, 2, 20)), 12, 0, false, 0, true},
		{"cut before the end of the data", cut(at(mcap.OpDataEnd, 0, 0)), 20, 0, false, 0, true},
		{"cut in the summary", cut(at(mcap.OpChunkIndex, 1, 10)), 20, 0, true, 0, true},
		{"cut in the closing magic", cut(len(whole) - 3), 20, 0, true, 0, true},
		{"flip in the third chunk's data", flip(at(mcap.OpChunk, 2, 3000)), 16, 4, true, 1, true},
		{"flip of the third chunk's kind", flip(at(mcap.OpChunk, 2, 0)), 16, 4, true, 0, true},
		{"flip low in the third chunk's length", flip(at(mcap.OpChunk, 2, 1)), 16, 4, true, 1, true},
		{"flip high in the third chunk's length", flip(at(mcap.OpChunk, 2, 8)), 16, 4, true, 0, true},
		{"flip in the third chunk's checksum", flip(at(mcap.OpChunk, 2, 9+24)), 16, 4, true, 1, true},
		{"flip in the last chunk", flip(at(mcap.OpChunk, 4, 3000)), 16, 4, true, 1, true},
		{"flip in a message index's length", flip(at(mcap.OpMessageIndex, 1, 3)), 20, 0, true, 0, true},
		{"flip in the rig", flip(at(mcap.OpAttachment, 0, 100)), 20, 0, true, 0, false},
		{"flip of the opening magic", flip(1), 20, 0, true, 0, true},
		{"flip in the summary", flip(at(mcap.OpChunkIndex, 1, 20)), 20, 0, true, 0, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out bytes.Buffer
			rec, err := recoverTo(&out, bytes.NewReader(tc.b), int64(len(tc.b)), "in.mcap")
			if tc.messages == 0 {
				if err == nil || !strings.Contains(err.Error(), "not one message") {
					t.Fatalf("got %+v, %v; want an error that nothing can be read", rec, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if rec.Messages != tc.messages || rec.LostMessages != tc.lost || rec.LostKnown != tc.known || rec.LostChunks != tc.lostChunks {
				t.Errorf("kept %d, lost %d (known %t) in %d chunks; want %d, %d (%t), %d",
					rec.Messages, rec.LostMessages, rec.LostKnown, rec.LostChunks, tc.messages, tc.lost, tc.known, tc.lostChunks)
			}
			if rec.Whole != (tc.name == "nothing") {
				t.Errorf("whole %t with damages %+v", rec.Whole, rec.Damages)
			}
			r, err := openBytes(out.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			got := readAll(t, r, Options{})
			if uint64(len(got)) != tc.messages {
				t.Errorf("the recovered file holds %d messages, want %d", len(got), tc.messages)
			}
			for _, m := range got {
				want := egoMessage(t, int(m.Seq), 100)
				if !bytes.Equal(m.Data, want.Data) || m.Stamp != want.Stamp || m.Received != want.Received || m.Schema != want.Schema {
					t.Errorf("seq %d is not what was written", m.Seq)
				}
			}
			if _, err := r.Rig(); (err == nil) != tc.rig {
				t.Errorf("rig: %v, want it there: %t", err, tc.rig)
			}
			if meta, err := r.Metadata(); err != nil || meta["recovered"] != "true" || meta["vehicle"] != "car" {
				t.Errorf("metadata %v, %v", meta, err)
			}
		})
	}
}

func TestRecoverFile(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.mcap"), filepath.Join(dir, "out.mcap")
	b := fiveChunks(t)
	if err := os.WriteFile(in, b[:len(b)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	rec, err := Recover(in, out)
	if err != nil {
		t.Fatal(err)
	}
	if rec.Messages != 8 || rec.Out != out || rec.In != in || len(rec.Damages) == 0 {
		t.Errorf("got %+v", rec)
	}
	r, err := Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // only read
	if got := readAll(t, r, Options{}); len(got) != 8 {
		t.Errorf("got %d messages, want 8", len(got))
	}
	if _, err := Recover(in, in); err == nil || !strings.Contains(err.Error(), "same file") {
		t.Errorf("recover onto itself: %v", err)
	}
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("a long enough text that is no recording"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Recover(text, filepath.Join(dir, "x.mcap")); err == nil || !strings.Contains(err.Error(), "not an MCAP") {
		t.Errorf("recover a text: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*.partial"))
	if err != nil || len(left) != 0 {
		t.Errorf("partial files left: %v %v", left, err)
	}
}

// A file of another maker declares schemas once, may hold messages outside chunks and may be compressed with lz4.
func TestRecoverForeign(t *testing.T) {
	for _, tc := range []struct {
		name string
		o    mcap.WriterOptions
	}{
		{"not chunked", mcap.WriterOptions{}},
		{"lz4", mcap.WriterOptions{Chunked: true, Compression: mcap.CompressionLZ4, ChunkSize: 1000, IncludeCRC: true}},
		{"zstd of the library", mcap.WriterOptions{Chunked: true, Compression: mcap.CompressionZSTD, ChunkSize: 1000}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := foreign(t, tc.o, 30)
			var out bytes.Buffer
			rec, err := recoverTo(&out, bytes.NewReader(b), int64(len(b)), "in.mcap")
			if err != nil || rec.Messages != 30 {
				t.Fatalf("got %+v, %v; want 30 messages", rec, err)
			}
			r, err := openBytes(out.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			s, ok := r.Schema("topic")
			if !ok || s.Name != "a.Type" || s.Encoding != "jsonschema" || s.MessageEncoding != "json" {
				t.Errorf("schema %+v, want a.Type, jsonschema, json", s)
			}
			if tc.o.Chunked {
				r, err := openBytes(b)
				if err != nil {
					t.Fatal(err)
				}
				if got := readAll(t, r, Options{}); len(got) != 30 {
					t.Errorf("read %d messages directly, want 30", len(got))
				}
			} else if _, err := openBytes(b); err == nil || !strings.Contains(err.Error(), "fusiond recover") {
				t.Errorf("opening it directly: %v", err)
			}
		})
	}
}

func foreign(t testing.TB, o mcap.WriterOptions, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := mcap.NewWriter(&b, &o)
	if err != nil {
		t.Fatal(err)
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(w.WriteHeader(&mcap.Header{}))
	check(w.WriteSchema(&mcap.Schema{ID: 7, Name: "a.Type", Encoding: "jsonschema", Data: []byte("{}")}))
	check(w.WriteChannel(&mcap.Channel{ID: 3, SchemaID: 7, Topic: "topic", MessageEncoding: "json"}))
	for i := range n {
		check(w.WriteMessage(&mcap.Message{
			ChannelID: 3, Sequence: uint32(i), LogTime: uint64(testStart) + uint64(i), Data: bytes.Repeat([]byte{byte(i)}, 100), //nolint:gosec // small
		}))
	}
	check(w.Close())
	return b.Bytes()
}
