package timesync

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/fusiond/fusiond/sensors"
)

// FuzzAligner feeds any headers at all, 15 bytes each: stream, what to do, wait (4 bytes, microseconds), stamp (8 bytes), a small
// number. The recorder checks every guarantee at every step.
func FuzzAligner(f *testing.F) {
	const size = 15
	header := func(stream, do byte, wait uint32, stamp int64) []byte {
		b := []byte{stream, do}
		b = binary.LittleEndian.AppendUint32(b, wait)
		return append(binary.LittleEndian.AppendUint64(b, uint64(stamp)), 0) //nolint:gosec // bits
	}
	var regular []byte
	for k := range int64(20) {
		for s := range byte(4) {
			regular = append(regular, header(s, 0, 25_000, int64(timeZero)+k*int64(100*ms))...)
		}
	}
	f.Add(regular)
	f.Add(header(0, 2, 1<<31, -1<<63))
	f.Add(append(header(0, 1, 0, 1<<62), header(1, 1, 0, 1<<62)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 400*size {
			return
		}
		c := Config{References: []sensors.SensorID{"a", "b"}, Clock: ClockConfig{Readmit: 2, Window: 200 * ms, Pause: time.Second}}
		for i, name := range []sensors.SensorID{"a", "b", "c", "d"} {
			c.Streams = append(c.Streams, StreamConfig{Sensor: name, Period: time.Duration(i+1) * 40 * ms})
		}
		a, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		r := newRecorder(t, a)
		now := timeZero
		for seq := uint64(1); len(b) >= size; seq++ {
			h := Header{Stream: int(b[0]) % 4, Seq: seq}
			now = now.Add(time.Duration(binary.LittleEndian.Uint32(b[2:])) * time.Microsecond)
			h.Received = now
			if h.Stamp = sensors.StampNs(binary.LittleEndian.Uint64(b[6:])); b[1]&1 != 0 { //nolint:gosec // any bits
				h.Stamp = now.Add(time.Duration(int8(b[14])) * 3 * ms) //nolint:gosec // any bits
			}
			r.add(h)
			switch b[1] & 6 {
			case 2:
				a.Tick(now.Add(time.Duration(b[14])*ms), r)
			case 4:
				a.Reject(h.Stream, seq-uint64(b[14]%4), Decode, r)
			}
			r.check()
			b = b[size:]
		}
		a.Flush(now, r)
		r.check()
		if len(r.pending) != 0 {
			t.Fatalf("%d samples never left", len(r.pending))
		}
	})
}
