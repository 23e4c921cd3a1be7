package replay

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/foxglove/mcap/go/mcap"
)

// maxDamages is how many damaged places a scan describes; more are only counted.
const maxDamages = 20

// scanner reads a recording from front to back without its summary, and goes on behind damage.
type scanner struct {
	c        *container
	schemas  map[uint16]*mcap.Schema
	channels map[uint16]*mcap.Channel
	dec      decoder
	record   []byte
	chunk    []byte

	// What to do with what is found; nil fields are skipped (a nil message leaves chunks unread).
	message    func(ch *mcap.Channel, s *mcap.Schema, h messageHead, data []byte) error
	attachment func(Attachment) error
	metadata   func(*mcap.Metadata) error

	found scanned
	// indexed says that the message indexes that come next belong to a chunk that could be read.
	indexed bool
}

// scanned is what a scan found.
type scanned struct {
	messages    uint64
	chunks      int // whole
	lostChunks  int // seen, not readable
	indexLost   uint64
	unknown     uint64 // messages whose channel is not known
	skipped     int64  // bytes that belong to no readable record
	damages     []*DamageError
	moreDamages int
	statistics  *mcap.Statistics
	ended       bool // a data end record was seen
}

func newScanner(c *container) *scanner {
	return &scanner{c: c, schemas: map[uint16]*mcap.Schema{}, channels: map[uint16]*mcap.Channel{}}
}

// learn takes schemas, channels and statistics from a summary: foreign files declare them once only.
func (s *scanner) learn(r *Reader) {
	for id, x := range r.schemas {
		s.schemas[id] = x
	}
	for id, x := range r.channels {
		s.channels[id] = x
	}
	s.found.statistics = r.statistics
}

func (s *scanner) damaged(off int64, what string, err error) {
	s.indexed = false
	if len(s.found.damages) >= maxDamages {
		s.found.moreDamages++
		return
	}
	s.found.damages = append(s.found.damages, &DamageError{Path: s.c.path, Offset: off, What: what, Err: err})
}

// run scans the whole file. Damage is noted, not returned; an error comes from the callbacks only, or says that this is no
// MCAP file at all.
func (s *scanner) run() error {
	pos := int64(len(mcap.Magic))
	if err := s.c.checkMagic(); err != nil {
		var d *DamageError
		if !errors.As(err, &d) {
			return err
		}
		if s.resync(0) >= s.c.size { // nothing like a chunk anywhere
			return err
		}
		s.damaged(0, d.What, d.Err)
	}
	for pos < s.c.size {
		f, err := s.c.frameAt(pos)
		if err == nil && f.op > mcap.OpDataEnd && f.op < 0x80 {
			err = fmt.Errorf("record type 0x%02x is not known", byte(f.op))
		}
		if err == nil && f.op == mcap.OpFooter {
			return nil
		}
		trust := false // whether the record's length can be trusted although its content is bad
		if err == nil {
			trust, err = s.visit(f)
		}
		var stop *stopError
		if errors.As(err, &stop) {
			return stop.err
		}
		next := f.next()
		if err != nil {
			s.damaged(pos, f.op.String()+" record", err)
			if !trust {
				next = s.resync(pos + 1)
			}
			s.found.skipped += next - pos
		}
		pos = next
	}
	if !s.found.ended && len(s.found.damages) == 0 {
		s.damaged(s.c.size, "end of the data", errTruncated)
	}
	return nil
}

// stopError carries a callback's error out of the scan.
type stopError struct{ err error }

func (e *stopError) Error() string { return e.err.Error() }

func (s *scanner) visit(f frame) (trust bool, err error) {
	if f.op == mcap.OpChunk && s.message == nil {
		return true, nil
	}
	switch f.op {
	case mcap.OpChunk, mcap.OpMessageIndex, mcap.OpSchema, mcap.OpChannel, mcap.OpMessage, mcap.OpAttachment, mcap.OpMetadata,
		mcap.OpStatistics:
	case mcap.OpDataEnd:
		s.found.ended = true
		return true, nil
	default: // index records of the summary, and other makers' own records
		s.indexed = false
		return true, nil
	}
	body, err := s.c.bodyOf(f, s.record)
	if err != nil {
		return false, err
	}
	s.record = body
	switch f.op {
	case mcap.OpChunk:
		return s.visitChunk(body)
	case mcap.OpMessageIndex:
		return true, s.visitIndex(body)
	case mcap.OpAttachment:
		a, err := parseAttachment(body)
		if err != nil || s.attachment == nil {
			return true, err
		}
		return true, stop(s.attachment(a))
	case mcap.OpMetadata:
		m, err := mcap.ParseMetadata(body)
		if err != nil || s.metadata == nil {
			return true, err
		}
		return true, stop(s.metadata(m))
	case mcap.OpStatistics:
		st, err := mcap.ParseStatistics(body)
		if err == nil {
			s.found.statistics = st
		}
		return true, err
	default:
		return true, s.inner(f.op, body)
	}
}

func stop(err error) error {
	if err == nil {
		return nil
	}
	return &stopError{err}
}

func (s *scanner) visitChunk(body []byte) (trust bool, err error) {
	h, err := parseChunk(body)
	if err != nil {
		s.found.lostChunks++
		return false, err
	}
	records, err := s.dec.decode(h, s.chunk)
	if err != nil {
		s.found.lostChunks++
		return true, err
	}
	s.chunk = records
	if err := walk(records, func(op mcap.OpCode, body []byte, _ int) error { return s.inner(op, body) }); err != nil {
		s.found.lostChunks++
		return true, err
	}
	s.found.chunks++
	s.indexed = true
	return true, nil
}

// inner handles the records that a chunk may hold, or that stand alone in a file without chunks.
func (s *scanner) inner(op mcap.OpCode, body []byte) error {
	switch op {
	case mcap.OpSchema:
		x, err := mcap.ParseSchema(body)
		if err == nil {
			s.schemas[x.ID] = x
		}
		return err
	case mcap.OpChannel:
		x, err := mcap.ParseChannel(body)
		if err == nil {
			s.channels[x.ID] = x
		}
		return err
	case mcap.OpMessage:
		h, err := parseMessageHead(body)
		if err != nil {
			return err
		}
		ch, ok := s.channels[h.channel]
		if !ok {
			s.found.unknown++
			return nil
		}
		s.found.messages++
		if s.message == nil {
			return nil
		}
		return stop(s.message(ch, s.schemas[ch.SchemaID], h, body[messageHeadBytes:]))
	default:
		return nil
	}
}

// visitIndex counts the messages of a chunk that could not be read.
func (s *scanner) visitIndex(body []byte) error {
	idx, err := mcap.ParseMessageIndex(body)
	if err == nil && !s.indexed && s.message != nil {
		s.found.indexLost += uint64(len(idx.Records))
	}
	return err
}

// resync returns the first place at or after from where a chunk begins by all signs, or the file's end.
func (s *scanner) resync(from int64) int64 {
	const window, overlap = 1 << 20, 64
	var buf []byte
	for at := from; at < s.c.size; at += window {
		b, err := s.c.readAt(at, min(window+overlap, s.c.size-at), buf)
		if err != nil {
			return s.c.size
		}
		buf = b
		for i := 0; i < min(window, len(b)); i++ {
			if b[i] == byte(mcap.OpChunk) && plausibleChunk(b[i:], s.c.size-at-int64(i)) {
				return at + int64(i)
			}
		}
	}
	return s.c.size
}

// plausibleChunk checks what a chunk's beginning says against itself; room is what is left of the file.
func plausibleChunk(b []byte, room int64) bool {
	const fixed = recordHeaderBytes + 8 + 8 + 8 + 4
	if len(b) < fixed+4 {
		return false
	}
	n := binary.LittleEndian.Uint64(b[1:])
	if n > uint64(room-recordHeaderBytes) || n > maxChunkBytes || binary.LittleEndian.Uint64(b[25:]) > maxChunkBytes { //nolint:gosec // room >= len(b)
		return false
	}
	name, rest, err := cutBytes(b[fixed:])
	if err != nil || len(rest) < 8 {
		return false
	}
	switch mcap.CompressionFormat(name) {
	case mcap.CompressionNone, mcap.CompressionZSTD, mcap.CompressionLZ4:
	default:
		return false
	}
	return binary.LittleEndian.Uint64(rest)+uint64(fixed-recordHeaderBytes+4+len(name)+8) == n
}
