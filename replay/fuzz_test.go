package replay

import (
	"bytes"
	"testing"

	"github.com/foxglove/mcap/go/mcap"
)

// FuzzOpen reads, inspects and recovers whatever bytes there are; only panics and endless loops are wrong.
func FuzzOpen(f *testing.F) {
	small := record(f, WriterOptions{Rig: testRig(), ChunkBytes: 300}, egoMessage(f, 1, 1), egoMessage(f, 2, 1), egoMessage(f, 3, 1))
	f.Add(small)
	f.Add(small[:len(small)/2])
	f.Add(record(f, WriterOptions{Compression: Uncompressed}, egoMessage(f, 1, 1)))
	f.Add(record(f, WriterOptions{}))
	f.Add(foreign(f, mcap.WriterOptions{}, 2))
	f.Add(foreign(f, mcap.WriterOptions{Chunked: true, Compression: mcap.CompressionLZ4, ChunkSize: 100}, 3))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := openBytes(b); err == nil {
			for _, err := range r.Messages(Options{}) {
				if err != nil {
					break
				}
			}
			r.Streams()
			r.Range()
			_, _ = r.Metadata() // errors are fine
			_, _ = r.Rig()      // errors are fine
		}
		_, _ = inspect(t.Context(), bytes.NewReader(b), int64(len(b)), "f") // errors are fine
		var out bytes.Buffer
		if _, err := recoverTo(&out, bytes.NewReader(b), int64(len(b)), "f"); err == nil {
			if _, err := openBytes(out.Bytes()); err != nil {
				t.Errorf("the recovered recording cannot be opened: %v", err)
			}
		}
	})
}
