package replay

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// gate is a sink that waits until it is opened.
type gate struct {
	bytes.Buffer
	open chan struct{}
	hold bool
}

func (g *gate) Write(p []byte) (int, error) {
	if g.hold {
		<-g.open
	}
	return g.Buffer.Write(p)
}

func balanced(t *testing.T, h RecorderHealth) {
	t.Helper()
	if sum := h.Written + h.Overflow + h.Refused + h.AfterEnd + h.Lost + uint64(h.Queued); sum != h.Offered { //nolint:gosec // not negative
		t.Errorf("offered %d, accounted for %d: %s", h.Offered, sum, h)
	}
}

func TestRecorderWritesAll(t *testing.T) {
	var b bytes.Buffer
	w, err := NewWriter(&b, WriterOptions{ChunkBytes: 2000})
	if err != nil {
		t.Fatal(err)
	}
	r := NewRecorder(w, RecorderOptions{})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 50 {
				if !r.Record(egoMessage(t, 50*g+i+1, 10)) {
					t.Error("dropped although the queue is large enough")
				}
			}
		}()
	}
	wg.Wait()
	bad := egoMessage(t, 1, 1)
	bad.Topic, bad.Schema = "x", "no.such.Type"
	r.Record(bad)
	if err := errors.Join(r.Close(), r.Close()); err != nil {
		t.Fatal(err)
	}
	if r.Record(bad) {
		t.Error("a message was taken after Close")
	}
	h := r.Health()
	balanced(t, h)
	if h.State != Stopped || h.Written != 200 || h.Refused != 1 || h.AfterEnd != 1 || h.LastRefusal == nil || h.Bytes != int64(b.Len()) {
		t.Errorf("health %s", h)
	}
	rd, err := openBytes(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, rd, Options{}); len(got) != 200 {
		t.Errorf("read %d messages, want 200", len(got))
	}
}

// A slow disk: the queue fills, the newest are dropped and counted, and Record never waits.
func TestRecorderOverflow(t *testing.T) {
	for _, tc := range []struct {
		name string
		o    RecorderOptions
	}{{"by messages", RecorderOptions{QueueMessages: 5}}, {"by bytes", RecorderOptions{QueueBytes: 5 * int64(len(egoMessage(t, 1, 100).Data))}}} {
		t.Run(tc.name, func(t *testing.T) {
			g := &gate{open: make(chan struct{})}
			w, err := NewWriter(g, WriterOptions{ChunkBytes: 1, Compression: Uncompressed})
			if err != nil {
				t.Fatal(err)
			}
			g.hold = true // the first message's chunk waits
			r := NewRecorder(w, tc.o)
			for i := range 40 {
				r.Record(egoMessage(t, i+1, 100))
			}
			h := r.Health()
			if h.Overflow < 34 || h.State != Recording {
				t.Errorf("health %s, want at least 34 dropped of 40 offered with room for 5", h)
			}
			close(g.open)
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			h = r.Health()
			balanced(t, h)
			if h.Written+h.Overflow != 40 || h.Written < 5 {
				t.Errorf("health %s", h)
			}
		})
	}
}

func TestRecorderDiskFull(t *testing.T) {
	disk := &fullDisk{room: 12_000}
	w, err := NewWriter(disk, WriterOptions{Rig: testRig(), Compression: Uncompressed, ChunkBytes: testChunkBytes(t)})
	if err != nil {
		t.Fatal(err)
	}
	r := NewRecorder(w, RecorderOptions{})
	for i := range 20 {
		r.Record(egoMessage(t, i+1, 100))
	}
	err = r.Close()
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("close gave %v, want the full disk and the cure", err)
	}
	h := r.Health()
	balanced(t, h)
	if h.State != DiskFull || h.Err == nil || h.Written != 8 || h.Lost == 0 {
		t.Errorf("health %s, want disk_full with 8 messages safe", h)
	}
	var out bytes.Buffer
	rec, err := recoverTo(&out, bytes.NewReader(disk.Bytes()), int64(disk.Len()), "full.mcap")
	if err != nil || rec.Messages != h.Written {
		t.Errorf("recovered %d, %v; health promised %d", rec.Messages, err, h.Written)
	}
}

func TestRecorderOtherFailure(t *testing.T) {
	w, err := NewWriter(&failAfter{room: 1000}, WriterOptions{ChunkBytes: 1, Compression: Uncompressed})
	if err != nil {
		t.Fatal(err)
	}
	r := NewRecorder(w, RecorderOptions{})
	for i := range 10 {
		r.Record(egoMessage(t, i+1, 100))
	}
	if err := r.Close(); !errors.Is(err, errBroken) {
		t.Errorf("close gave %v", err)
	}
	if h := r.Health(); h.State != Failed {
		t.Errorf("health %s, want failed", h)
	}
}

var errBroken = errors.New("broken")

type failAfter struct{ room int }

func (f *failAfter) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errBroken
	}
	return len(p), nil
}
