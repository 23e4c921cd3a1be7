package replay

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/foxglove/mcap/go/mcap"
)

// Bounds on what a file may ask a reader to allocate. Files of other makers fit as well.
const (
	maxRecordBytes  = 64 << 20  // schema, metadata, attachment, one message
	maxChunkBytes   = 256 << 20 // one chunk, compressed or not
	maxSummaryBytes = 256 << 20
)

const (
	recordHeaderBytes = 1 + 8
	footerBodyBytes   = 8 + 8 + 4
	tailBytes         = recordHeaderBytes + footerBodyBytes + 8 // footer record and closing magic
)

// container is the file as bytes at offsets.
type container struct {
	path string
	r    io.ReaderAt
	size int64
}

func (c *container) damage(off int64, what string, err error) error {
	return &DamageError{Path: c.path, Offset: off, What: what, Err: err}
}

// readAt fills a buffer of n bytes (buf if it is large enough) from off. n must be bounded by the caller.
func (c *container) readAt(off, n int64, buf []byte) ([]byte, error) {
	if off < 0 || n < 0 || off > c.size || n > c.size-off {
		return nil, errTruncated
	}
	if int64(cap(buf)) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if m, err := c.r.ReadAt(buf, off); int64(m) < n {
		if errors.Is(err, io.EOF) {
			err = errTruncated
		}
		return nil, err
	}
	return buf, nil
}

// frame is the place of one record.
type frame struct {
	op   mcap.OpCode
	body int64 // offset of the body
	n    int64 // length of the body
}

func (f frame) next() int64 { return f.body + f.n }

// frameAt reads the nine bytes in front of a record and checks that its body lies inside the file and within max.
func (c *container) frameAt(off int64) (frame, error) {
	var head [recordHeaderBytes]byte
	b, err := c.readAt(off, recordHeaderBytes, head[:])
	if err != nil {
		return frame{}, err
	}
	f := frame{op: mcap.OpCode(b[0]), body: off + recordHeaderBytes}
	n := binary.LittleEndian.Uint64(b[1:])
	if f.op == mcap.OpReserved {
		return frame{}, errors.New("record type 0 is not allowed")
	}
	if n > uint64(c.size-f.body) { //nolint:gosec // body <= size
		return frame{}, fmt.Errorf("%s record of %d bytes: %w", f.op, n, errTruncated)
	}
	f.n = int64(n) //nolint:gosec // <= size
	if limit := bodyLimit(f.op); f.n > limit {
		return frame{}, fmt.Errorf("%s record of %d bytes is larger than the limit of %d", f.op, n, limit)
	}
	return f, nil
}

func bodyLimit(op mcap.OpCode) int64 {
	if op == mcap.OpChunk {
		return maxChunkBytes
	}
	return maxRecordBytes
}

// bodyOf reads a record's body.
func (c *container) bodyOf(f frame, buf []byte) ([]byte, error) { return c.readAt(f.body, f.n, buf) }

// walk calls each for every record of buf, which holds whole records one after another.
func walk(buf []byte, each func(op mcap.OpCode, body []byte, offset int) error) error {
	for off := 0; off < len(buf); {
		if len(buf)-off < recordHeaderBytes {
			return errTruncated
		}
		n := binary.LittleEndian.Uint64(buf[off+1:])
		if n > uint64(len(buf)-off-recordHeaderBytes) { //nolint:gosec // not negative
			return fmt.Errorf("%s record of %d bytes: %w", mcap.OpCode(buf[off]), n, errTruncated)
		}
		start := off + recordHeaderBytes
		end := start + int(n) //nolint:gosec // bounded above
		if err := each(mcap.OpCode(buf[off]), buf[start:end:end], start); err != nil {
			return err
		}
		off = end
	}
	return nil
}

// messageHeadBytes stand before a message's payload: channel, sequence, log time, publish time.
const messageHeadBytes = 2 + 4 + 8 + 8

type messageHead struct {
	channel  uint16
	seq      uint32
	received uint64
	stamp    uint64
}

func parseMessageHead(b []byte) (messageHead, error) {
	if len(b) < messageHeadBytes {
		return messageHead{}, fmt.Errorf("message record of %d bytes, want at least %d", len(b), messageHeadBytes)
	}
	h := messageHead{
		channel:  binary.LittleEndian.Uint16(b),
		seq:      binary.LittleEndian.Uint32(b[2:]),
		received: binary.LittleEndian.Uint64(b[6:]),
		stamp:    binary.LittleEndian.Uint64(b[14:]),
	}
	const maxTime = 1<<63 - 1
	if h.received > maxTime || h.stamp > maxTime {
		return messageHead{}, fmt.Errorf("message times %d and %d are out of range", h.received, h.stamp)
	}
	return h, nil
}

// parseAttachment reads an attachment record and checks its checksum.
func parseAttachment(b []byte) (Attachment, error) {
	const fixed = 8 + 8
	if len(b) < fixed+4 {
		return Attachment{}, errTruncated
	}
	rest := b[fixed : len(b)-4]
	name, rest, err := cutBytes(rest)
	if err != nil {
		return Attachment{}, err
	}
	media, rest, err := cutBytes(rest)
	if err != nil {
		return Attachment{}, err
	}
	if len(rest) < 8 || binary.LittleEndian.Uint64(rest) != uint64(len(rest)-8) {
		return Attachment{}, errors.New("attachment's length does not fit its record")
	}
	want := binary.LittleEndian.Uint32(b[len(b)-4:])
	if got := crc32.ChecksumIEEE(b[:len(b)-4]); want != 0 && got != want {
		return Attachment{}, fmt.Errorf("attachment %q has checksum %08x, want %08x", name, got, want)
	}
	return Attachment{Name: string(name), MediaType: string(media), Data: bytes.Clone(rest[8:])}, nil
}

// cutBytes splits off a field that a 32-bit length precedes.
func cutBytes(b []byte) (field, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, errTruncated
	}
	n := binary.LittleEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return nil, nil, errTruncated
	}
	return b[4 : 4+n], b[4+n:], nil
}
