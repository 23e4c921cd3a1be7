package replay

import (
	"bytes"
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/foxglove/mcap/go/mcap"
	"github.com/google/go-cmp/cmp"

	"github.com/fusiond/fusiond/sensors"
)

func TestRoundTrip(t *testing.T) {
	var want []Message
	for i := range 50 {
		want = append(want, egoMessage(t, i+1, i))
	}
	for _, tc := range []struct {
		name string
		o    WriterOptions
	}{
		{"zstd, one chunk", WriterOptions{Rig: testRig(), Source: "a test"}},
		{"zstd, many chunks", WriterOptions{Rig: testRig(), Source: "a test", ChunkBytes: 1000}},
		{"uncompressed, many chunks", WriterOptions{Rig: testRig(), Source: "a test", ChunkBytes: 1000, Compression: Uncompressed}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.o.Metadata = map[string]string{"model": "abc"}
			b := record(t, tc.o, want...)
			r, err := openBytes(b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(readAll(t, r, Options{}), want); diff != "" {
				t.Errorf("messages (-got +want):\n%s", diff)
			}
			rig, err := r.Rig()
			if err != nil {
				t.Fatal(err)
			}
			if got, want := rig.Hash(), testRig().Hash(); got != want {
				t.Errorf("rig hash %s, want %s", got, want)
			}
			meta, err := r.Metadata()
			if err != nil {
				t.Fatal(err)
			}
			wantMeta := map[string]string{
				"format": "1", "source": "a test", "vehicle": "car", "rig_revision": "r1", "rig_hash": testRig().Hash(), "model": "abc",
			}
			if diff := cmp.Diff(meta, wantMeta); diff != "" {
				t.Errorf("metadata (-got +want):\n%s", diff)
			}
			first, last := r.Range()
			if first != want[0].Received || last != want[49].Received {
				t.Errorf("range %d..%d, want %d..%d", first, last, want[0].Received, want[49].Received)
			}
			if s := r.Streams(); len(s) != 1 || s[0].Messages != 50 || s[0].Schema != "fusion.v1.EgoMotion" || s[0].First != first || s[0].Last != last {
				t.Errorf("streams %+v, want one of 50 ego messages from %d to %d", s, first, last)
			}
			if again := record(t, tc.o, want...); !bytes.Equal(again, b) {
				t.Error("the same messages written twice give different bytes")
			}
		})
	}
}

func TestEmptyRecording(t *testing.T) {
	r, err := openBytes(record(t, WriterOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, r, Options{}); len(got) != 0 {
		t.Errorf("got %d messages, want none", len(got))
	}
	if _, err := r.Rig(); !errors.Is(err, ErrNoAttachment) {
		t.Errorf("rig of a recording without one: %v, want ErrNoAttachment", err)
	}
}

func TestRefusedMessagesLeaveTheRecordingGood(t *testing.T) {
	good := egoMessage(t, 1, 1)
	change := func(f func(m *Message)) Message { m := good; f(&m); return m }
	for _, tc := range []struct {
		name string
		m    Message
		want string
	}{
		{"unknown schema", change(func(m *Message) { m.Topic, m.Schema = "x", "no.such.Type" }), "declare the stream"},
		{"another schema on the topic", change(func(m *Message) { m.Schema = "fusion.v1.PointCloud" }), "one topic for each schema"},
		{"too large", change(func(m *Message) { m.Data = make([]byte, MaxMessageBytes+1) }), "send smaller messages"},
		{"stamp before 1970", change(func(m *Message) { m.Stamp = -1 }), "before 1970"},
		{"arrival before 1970", change(func(m *Message) { m.Received = -1 }), "before 1970"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var b bytes.Buffer
			w, err := NewWriter(&b, WriterOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Write(good); err != nil {
				t.Fatal(err)
			}
			if err := w.Write(tc.m); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
			if w.Err() != nil {
				t.Errorf("the writer died: %v", w.Err())
			}
			if err := errors.Join(w.Write(egoMessage(t, 2, 1)), w.Close()); err != nil {
				t.Fatal(err)
			}
			r, err := openBytes(b.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if got := readAll(t, r, Options{}); len(got) != 2 {
				t.Errorf("got %d messages, want 2", len(got))
			}
		})
	}
}

// fullDisk takes room bytes and then fails as a full file system does.
type fullDisk struct {
	bytes.Buffer
	room int
}

func (d *fullDisk) Write(p []byte) (int, error) {
	if n := d.room - d.Len(); len(p) > n {
		_, _ = d.Buffer.Write(p[:n]) // never fails
		return n, &noSpaceError{}
	}
	return d.Buffer.Write(p)
}

type noSpaceError struct{}

func (*noSpaceError) Error() string { return "write: no space left on device" }
func (*noSpaceError) Unwrap() error { return syscall.ENOSPC }

func TestDiskFullLeavesWholeChunksRecoverable(t *testing.T) {
	whole := fiveChunks(t)
	for _, room := range []int{0, 100, nthOf(t, whole, 0) + 10, nthOf(t, whole, 2) + 10, nthOf(t, whole, 3) - 1, len(whole) - 1} {
		disk := &fullDisk{room: room}
		w, err := NewWriter(disk, WriterOptions{Rig: testRig(), Compression: Uncompressed, ChunkBytes: testChunkBytes(t)})
		var accepted int
		if err == nil {
			for i := range 20 {
				if err = w.Write(egoMessage(t, i+1, 100)); err != nil {
					break
				}
				accepted++
			}
			err2 := w.Close()
			if err == nil {
				err = err2
			} else if !errors.Is(err2, err) {
				t.Errorf("room %d: close gave %v, want the first failure %v", room, err2, err)
			}
		}
		var we *WriteError
		if !errors.As(err, &we) || !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("room %d: got %v, want a WriteError for a full disk", room, err)
		}
		if we.Bytes != int64(room) || int(we.Safe+we.Lost) != accepted { //nolint:gosec // small
			t.Errorf("room %d: error says %d bytes, %d safe, %d lost; want %d bytes and %d together", room, we.Bytes, we.Safe, we.Lost, room, accepted)
		}
		var out bytes.Buffer
		rec, err := recoverTo(&out, bytes.NewReader(disk.Bytes()), int64(disk.Len()), "full.mcap")
		if we.Safe == 0 {
			continue
		}
		if err != nil || rec.Messages < we.Safe {
			t.Errorf("room %d: recovered %d (%v), the error promised %d", room, rec.Messages, err, we.Safe)
		}
	}
}

func nthOf(t testing.TB, b []byte, n int) int { return nth(t, b, mcap.OpChunk, n).end }

func TestTopics(t *testing.T) {
	for _, tc := range []struct {
		name string
		want Topic
	}{
		{SensorTopic("car", sensors.Camera, "CAM_FRONT"), Topic{"car", "sensor", sensors.Camera, "CAM_FRONT"}},
		{SensorTopic("car", sensors.Radar, "R"), Topic{"car", "sensor", sensors.Radar, "R"}},
		{EgoTopic("car"), Topic{"car", "ego", sensors.Ego, "ego"}},
		{TruthTopic("car"), Topic{Vehicle: "car", Kind: "truth"}},
		{"av.car.debug.heat.car", Topic{Vehicle: "car", Kind: "debug"}},
		{"av.car.sensor.sonar.x", Topic{}},
		{"av.car.sensor.ego.x", Topic{}},
		{"av.car.sensor.camera", Topic{}},
		{"av..ego", Topic{}},
		{"/tf", Topic{}},
		{"", Topic{}},
	} {
		if got := ParseTopic(tc.name); got != tc.want {
			t.Errorf("ParseTopic(%q) = %+v, want %+v", tc.name, got, tc.want)
		}
	}
	for in, want := range map[string]string{"scene-0061": "scene-0061", "a.b c>*": "a-b-c--", "": "vehicle", "é": "-"} {
		if got := Token(in); got != want {
			t.Errorf("Token(%q) = %q, want %q", in, got, want)
		}
	}
}
