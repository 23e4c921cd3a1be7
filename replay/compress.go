package replay

import (
	"io"

	"github.com/foxglove/mcap/go/mcap"
	"github.com/klauspost/compress/zstd"
)

// chunkZstd compresses each chunk as one zstd frame that states its size. It collects the chunk first: one call without
// goroutines is quicker than streaming and its bytes depend on nothing else. Blocks that do not shrink (JPEG) are stored.
type chunkZstd struct {
	w   io.Writer
	enc *zstd.Encoder
	raw []byte
	out []byte
}

var _ mcap.ResettableWriteCloser = (*chunkZstd)(nil)

func newChunkZstd(c Compression) (*chunkZstd, error) {
	level := zstd.SpeedFastest
	if c == ZstdBest {
		level = zstd.SpeedBestCompression
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(false)) // the chunk has a checksum of its own
	if err != nil {
		return nil, err
	}
	return &chunkZstd{enc: enc}, nil
}

// Write implements io.Writer.
func (c *chunkZstd) Write(p []byte) (int, error) {
	c.raw = append(c.raw, p...)
	return len(p), nil
}

// Close compresses what was written since Reset.
func (c *chunkZstd) Close() error {
	c.out = c.enc.EncodeAll(c.raw, c.out[:0])
	_, err := c.w.Write(c.out)
	return err
}

// Reset starts a new chunk that goes to w.
func (c *chunkZstd) Reset(w io.Writer) { c.w, c.raw = w, c.raw[:0] }
