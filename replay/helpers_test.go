package replay

import (
	"bytes"
	"encoding/binary"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"
	"google.golang.org/protobuf/proto"

	"github.com/foxglove/mcap/go/mcap"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

const (
	testStart  = sensors.StampNs(1_700_000_000_000_000_000)
	testPeriod = sensors.StampNs(100_000_000)
)

func testRig() *sensors.Rig {
	return &sensors.Rig{
		Vehicle: "car", Revision: "r1", Body: sensors.Body{LengthM: 4, WidthM: 2, HeightM: 1.5, RearOverhangM: 1},
		Sensors: []sensors.Sensor{{
			Name: "LIDAR", Modality: sensors.Lidar, RateHz: 10,
			EgoFromSensor: sensors.FromYaw(0.5, r3.Vec{X: 1, Z: 2}),
		}},
	}
}

// egoMessage is a real message of the stream with number i from 1.
func egoMessage(t testing.TB, i int, padding int) Message {
	t.Helper()
	stamp := testStart + sensors.StampNs(i)*testPeriod
	m := &fusionv1.EgoMotion{Header: &fusionv1.Header{Stamp: int64(stamp), Sensor: "ego"}, PoseCovariance: make([]float64, padding)}
	for k := range m.PoseCovariance {
		m.PoseCovariance[k] = float64(i*7919+k) * 0.1
	}
	data, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return Message{
		Topic: "av.car.ego", Schema: "fusion.v1.EgoMotion", Stamp: stamp, Received: stamp + 2_000_000, Seq: uint32(i), Data: data, //nolint:gosec // small
	}
}

// record writes messages into memory.
func record(t testing.TB, o WriterOptions, ms ...Message) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range ms {
		if err := w.Write(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fiveChunks is a recording of 5 chunks with 4 messages each, not compressed so that places in it are easy to find.
func fiveChunks(t testing.TB) []byte {
	t.Helper()
	var ms []Message
	for i := range 20 {
		ms = append(ms, egoMessage(t, i+1, 100))
	}
	return record(t, WriterOptions{Rig: testRig(), Compression: Uncompressed, ChunkBytes: testChunkBytes(t)}, ms...)
}

// testChunkBytes lets a schema, a channel and four messages into a chunk of fiveChunks.
func testChunkBytes(t testing.TB) int {
	n := 0
	for i := range 5 {
		n += recordHeaderBytes + messageHeadBytes + len(egoMessage(t, i+1, 100).Data)
	}
	return n
}

func openBytes(b []byte) (*Reader, error) {
	return NewReader(bytes.NewReader(b), int64(len(b)), "test.mcap")
}

// readAll copies every chosen message.
func readAll(t testing.TB, r *Reader, o Options) []Message {
	t.Helper()
	var out []Message
	for m, err := range r.Messages(o) {
		if err != nil {
			t.Fatal(err)
		}
		m.Data = bytes.Clone(m.Data)
		out = append(out, m)
	}
	return out
}

// place is a record of a file.
type place struct {
	op         mcap.OpCode
	start, end int
}

// places lists the top-level records of a whole file.
func places(t testing.TB, b []byte) []place {
	t.Helper()
	var out []place
	for off := len(mcap.Magic); off < len(b)-len(mcap.Magic); {
		n := int(binary.LittleEndian.Uint64(b[off+1:])) //nolint:gosec // our own file
		out = append(out, place{mcap.OpCode(b[off]), off, off + recordHeaderBytes + n})
		off += recordHeaderBytes + n
	}
	return out
}

// nth returns the n-th record (from 0) of a kind.
func nth(t testing.TB, b []byte, op mcap.OpCode, n int) place {
	t.Helper()
	for _, p := range places(t, b) {
		if p.op == op {
			if n == 0 {
				return p
			}
			n--
		}
	}
	t.Fatalf("no %s record number %d", op, n)
	return place{}
}
