package replay

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"

	"github.com/foxglove/mcap/go/mcap"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// chunkHead is a chunk record without its data.
type chunkHead struct {
	start, end  uint64
	size        int64 // uncompressed
	crc         uint32
	compression mcap.CompressionFormat
	records     []byte // still compressed; part of the record's buffer
}

func parseChunk(b []byte) (chunkHead, error) {
	const fixed = 8 + 8 + 8 + 4
	if len(b) < fixed {
		return chunkHead{}, errTruncated
	}
	h := chunkHead{
		start: binary.LittleEndian.Uint64(b),
		end:   binary.LittleEndian.Uint64(b[8:]),
		crc:   binary.LittleEndian.Uint32(b[24:]),
	}
	size := binary.LittleEndian.Uint64(b[16:])
	if size > maxChunkBytes {
		return chunkHead{}, fmt.Errorf("chunk of %d bytes is larger than the limit of %d", size, maxChunkBytes)
	}
	h.size = int64(size)
	compression, rest, err := cutBytes(b[fixed:])
	if err != nil {
		return chunkHead{}, err
	}
	h.compression = mcap.CompressionFormat(compression)
	if len(rest) < 8 || binary.LittleEndian.Uint64(rest) != uint64(len(rest)-8) {
		return chunkHead{}, errors.New("chunk's data length does not fit its record")
	}
	h.records = rest[8:]
	return h, nil
}

// decoder decompresses chunks. It is not safe for concurrent use.
type decoder struct {
	zstd *zstd.Decoder
	lz4  *lz4.Reader
}

// newZstd is shared: DecodeAll of one decoder may be called from several goroutines.
var newZstd = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxChunkBytes),
		zstd.WithDecodeAllCapLimit(true))
})

// decode returns the records of a chunk, in buf if that is large enough, and checks size and checksum. For chunks that
// are not compressed it returns a copy as well.
func (d *decoder) decode(h chunkHead, buf []byte) ([]byte, error) {
	var err error
	switch h.compression {
	case mcap.CompressionNone:
		buf = append(buf[:0], h.records...)
	case mcap.CompressionZSTD:
		buf, err = d.decodeZstd(h, buf)
	case mcap.CompressionLZ4:
		buf, err = d.decodeLZ4(h, buf)
	default:
		return nil, fmt.Errorf("compression %.20q is not known, want none, zstd or lz4", string(h.compression))
	}
	if err != nil {
		return nil, fmt.Errorf("decompress chunk: %w", err)
	}
	if int64(len(buf)) != h.size {
		return nil, fmt.Errorf("chunk holds %d bytes, want %d", len(buf), h.size)
	}
	if got := crc32.ChecksumIEEE(buf); h.crc != 0 && got != h.crc {
		return nil, fmt.Errorf("chunk has checksum %08x, want %08x", got, h.crc)
	}
	return buf, nil
}

// decodeZstd grows its buffer with what really comes out, so that a small file cannot claim much memory.
func (d *decoder) decodeZstd(h chunkHead, buf []byte) ([]byte, error) {
	if d.zstd == nil {
		z, err := newZstd()
		if err != nil {
			return nil, err
		}
		d.zstd = z
	}
	for room := min(h.size, 1<<20+64*int64(len(h.records))); ; room = min(h.size, 4*room) {
		if int64(cap(buf)) < room {
			buf = make([]byte, 0, room)
		}
		out, err := d.zstd.DecodeAll(h.records, buf[:0])
		if errors.Is(err, zstd.ErrDecoderSizeExceeded) && room < h.size {
			continue
		}
		return out, err
	}
}

func (d *decoder) decodeLZ4(h chunkHead, buf []byte) ([]byte, error) {
	if d.lz4 == nil {
		d.lz4 = lz4.NewReader(nil)
	}
	d.lz4.Reset(bytes.NewReader(h.records))
	b := bytes.NewBuffer(buf[:0])
	if _, err := io.Copy(b, io.LimitReader(d.lz4, h.size+1)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
