package replay

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/foxglove/mcap/go/mcap"

	"github.com/fusiond/fusiond/sensors"
)

// Reader reads one whole recording through its summary. Its methods may be called from several goroutines, and several
// iterations may run at once; each holds a few chunks in memory.
type Reader struct {
	c           *container
	file        *os.File // nil when the caller gave an io.ReaderAt
	schemas     map[uint16]*mcap.Schema
	channels    map[uint16]*mcap.Channel
	chunks      []*mcap.ChunkIndex // by start, then place
	attachments []*mcap.AttachmentIndex
	metadata    []*mcap.MetadataIndex
	statistics  *mcap.Statistics
}

// Stream is one topic of a recording.
type Stream struct {
	Topic  string
	Schema string
	Name   Topic
	// Messages in the recording.
	Messages uint64
	// First and Last are arrivals (log times); zero when the file's index does not say, see Info for exact figures.
	First, Last sensors.StampNs
}

// Open opens a recording and reads its summary. A file that is truncated, corrupt or no MCAP file gives a *DamageError.
// Close must be called.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path) //nolint:gosec // the user names the file
	if err != nil {
		return nil, fmt.Errorf("open recording: %w", err)
	}
	st, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open recording: %w", err), f.Close())
	}
	if !st.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("open recording %s: it is not a regular file", path), f.Close())
	}
	r, err := NewReader(f, st.Size(), path)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.file = f
	return r, nil
}

// NewReader reads a recording of the given size from ra; path names it in errors. ra stays the caller's.
func NewReader(ra io.ReaderAt, size int64, path string) (*Reader, error) {
	r := &Reader{
		c:       &container{path: path, r: ra, size: size},
		schemas: map[uint16]*mcap.Schema{}, channels: map[uint16]*mcap.Channel{},
	}
	if err := r.c.checkMagic(); err != nil {
		return nil, err
	}
	if err := r.readSummary(); err != nil {
		return nil, err
	}
	return r, nil
}

// Close closes a file that Open opened.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

func (c *container) checkMagic() error {
	head, err := c.readAt(0, min(int64(len(mcap.Magic)), c.size), nil)
	if err != nil {
		return c.damage(0, "opening magic", err)
	}
	if !bytes.Equal(head, mcap.Magic) {
		return c.damage(0, "opening magic", errNotMCAP)
	}
	return nil
}

// readSummary reads footer and summary and checks that every place in them lies inside the file.
func (r *Reader) readSummary() error {
	c := r.c
	at := c.size - tailBytes
	tail, err := c.readAt(at, tailBytes, nil)
	if err != nil {
		return c.damage(c.size, "footer", errTruncated)
	}
	if !bytes.Equal(tail[tailBytes-len(mcap.Magic):], mcap.Magic) || mcap.OpCode(tail[0]) != mcap.OpFooter ||
		binary.LittleEndian.Uint64(tail[1:]) != footerBodyBytes {
		return c.damage(c.size, "footer", errTruncated)
	}
	footer, err := mcap.ParseFooter(tail[recordHeaderBytes : recordHeaderBytes+footerBodyBytes])
	if err != nil {
		return c.damage(at, "footer", err)
	}
	if footer.SummaryStart == 0 {
		return c.damage(at, "footer", errors.New("the recording has no summary"))
	}
	start := int64(footer.SummaryStart) //nolint:gosec // checked next
	if start < int64(len(mcap.Magic)) || start > at {
		return c.damage(at, "footer", fmt.Errorf("the summary's place %d is outside the file", footer.SummaryStart))
	}
	if n := at - start; n > maxSummaryBytes {
		return c.damage(start, "summary", fmt.Errorf("%d bytes are more than the limit of %d", n, maxSummaryBytes))
	}
	// The checksum covers the summary and the footer up to the checksum.
	sum, err := c.readAt(start, at-start+recordHeaderBytes+16, nil)
	if err != nil {
		return c.damage(start, "summary", err)
	}
	if got := crc32.ChecksumIEEE(sum); footer.SummaryCRC != 0 && got != footer.SummaryCRC {
		return c.damage(start, "summary", fmt.Errorf("checksum is %08x, want %08x", got, footer.SummaryCRC))
	}
	err = walk(sum[:at-start], func(op mcap.OpCode, body []byte, off int) error {
		if err := r.summaryRecord(op, body); err != nil {
			return c.damage(start+int64(off), op.String()+" in the summary", err)
		}
		return nil
	})
	var damage *DamageError
	if err != nil && !errors.As(err, &damage) {
		err = c.damage(start, "summary", err)
	}
	if err != nil {
		return err
	}
	return r.checkSummary(start)
}

func (r *Reader) summaryRecord(op mcap.OpCode, body []byte) error {
	switch op {
	case mcap.OpSchema:
		s, err := mcap.ParseSchema(body)
		if err != nil {
			return err
		}
		r.schemas[s.ID] = s
	case mcap.OpChannel:
		ch, err := mcap.ParseChannel(body)
		if err != nil {
			return err
		}
		r.channels[ch.ID] = ch
	case mcap.OpChunkIndex:
		idx, err := mcap.ParseChunkIndex(body)
		if err != nil {
			return err
		}
		r.chunks = append(r.chunks, idx)
	case mcap.OpAttachmentIndex:
		idx, err := mcap.ParseAttachmentIndex(body)
		if err != nil {
			return err
		}
		r.attachments = append(r.attachments, idx)
	case mcap.OpMetadataIndex:
		idx, err := mcap.ParseMetadataIndex(body)
		if err != nil {
			return err
		}
		r.metadata = append(r.metadata, idx)
	case mcap.OpStatistics:
		s, err := mcap.ParseStatistics(body)
		if err != nil {
			return err
		}
		r.statistics = s
	default: // other records do not matter here
	}
	return nil
}

func (r *Reader) checkSummary(end int64) error {
	for _, ch := range r.channels {
		if _, ok := r.schemas[ch.SchemaID]; !ok && ch.SchemaID != 0 {
			return r.c.damage(end, "summary", fmt.Errorf("topic %s has the unknown schema %d", ch.Topic, ch.SchemaID))
		}
	}
	inside := func(off, n uint64) bool { return off <= uint64(end) && n <= uint64(end)-off } //nolint:gosec // end >= 0
	for _, x := range r.chunks {
		if !inside(x.ChunkStartOffset, x.ChunkLength) {
			return r.c.damage(end, "summary", fmt.Errorf("chunk at %d lies outside the data", x.ChunkStartOffset))
		}
	}
	for _, x := range r.attachments {
		if !inside(x.Offset, x.Length) {
			return r.c.damage(end, "summary", fmt.Errorf("attachment %q lies outside the data", x.Name))
		}
	}
	if r.statistics != nil && r.statistics.MessageCount > 0 && len(r.chunks) == 0 {
		return r.c.damage(end, "summary", errors.New("messages without a chunk index"))
	}
	slices.SortStableFunc(r.chunks, func(a, b *mcap.ChunkIndex) int {
		if a.MessageStartTime != b.MessageStartTime {
			return cmpUint(a.MessageStartTime, b.MessageStartTime)
		}
		return cmpUint(a.ChunkStartOffset, b.ChunkStartOffset)
	})
	return nil
}

func cmpUint(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Path returns the name under which the recording was opened.
func (r *Reader) Path() string { return r.c.path }

// Size returns the file's length in bytes.
func (r *Reader) Size() int64 { return r.c.size }

// Range returns the first and the last arrival, zero for an empty recording.
func (r *Reader) Range() (first, last sensors.StampNs) {
	for _, x := range r.chunks {
		if x.MessageStartTime == 0 && x.MessageEndTime == 0 { // a chunk without messages
			continue
		}
		if f := stampOf(x.MessageStartTime); first == 0 || f < first {
			first = f
		}
		last = max(last, stampOf(x.MessageEndTime))
	}
	return first, last
}

func stampOf(t uint64) sensors.StampNs { return sensors.StampNs(min(t, 1<<63-1)) } //nolint:gosec // bounded

// Streams lists the topics that have messages, by name. First and Last are those of the chunks that hold the topic.
func (r *Reader) Streams() []Stream {
	var out []Stream
	for id, ch := range r.channels {
		s := Stream{Topic: ch.Topic, Name: ParseTopic(ch.Topic)}
		if sch := r.schemas[ch.SchemaID]; sch != nil {
			s.Schema = sch.Name
		}
		if r.statistics != nil {
			s.Messages = r.statistics.ChannelMessageCounts[id]
		}
		for _, x := range r.chunks {
			if _, ok := x.MessageIndexOffsets[id]; !ok {
				continue
			}
			if f := stampOf(x.MessageStartTime); s.First == 0 || f < s.First {
				s.First = f
			}
			s.Last = max(s.Last, stampOf(x.MessageEndTime))
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Stream) int { return strings.Compare(a.Topic, b.Topic) })
	return out
}

// Schema returns the schema of a topic.
func (r *Reader) Schema(topic string) (Schema, bool) {
	for _, ch := range r.channels {
		if ch.Topic == topic {
			return schemaOfChannel(ch, r.schemas[ch.SchemaID]), true
		}
	}
	return Schema{}, false
}

func schemaOfChannel(ch *mcap.Channel, s *mcap.Schema) Schema {
	if s == nil {
		s = &mcap.Schema{}
	}
	return Schema{Name: s.Name, Encoding: s.Encoding, Data: s.Data, MessageEncoding: ch.MessageEncoding}
}

// Metadata returns the "fusiond" record, empty when the recording has none.
func (r *Reader) Metadata() (map[string]string, error) {
	for _, x := range r.metadata {
		if x.Name != MetadataName {
			continue
		}
		body, err := r.recordOf(int64(x.Offset), mcap.OpMetadata) //nolint:gosec // frameAt checks
		if err != nil {
			return nil, err
		}
		m, err := mcap.ParseMetadata(body)
		if err != nil {
			return nil, r.c.damage(int64(x.Offset), "metadata", err) //nolint:gosec // read already
		}
		return m.Metadata, nil
	}
	return map[string]string{}, nil
}

// recordOf reads the record of the given kind at off.
func (r *Reader) recordOf(off int64, want mcap.OpCode) ([]byte, error) {
	f, err := r.c.frameAt(off)
	if err == nil && f.op != want {
		err = fmt.Errorf("found a %s record", f.op)
	}
	if err != nil {
		return nil, r.c.damage(off, want.String(), err)
	}
	body, err := r.c.bodyOf(f, nil)
	if err != nil {
		return nil, r.c.damage(off, want.String(), err)
	}
	return body, nil
}

// Attachments lists the names of the attachments in the file's order.
func (r *Reader) Attachments() []string {
	out := make([]string, 0, len(r.attachments))
	for _, x := range r.attachments {
		out = append(out, x.Name)
	}
	return out
}

// ErrNoAttachment says that a recording has no attachment of that name.
var ErrNoAttachment = errors.New("the recording has no such attachment")

// Attachment reads an attachment and checks its checksum.
func (r *Reader) Attachment(name string) (Attachment, error) {
	for _, x := range r.attachments {
		if x.Name != name {
			continue
		}
		body, err := r.recordOf(int64(x.Offset), mcap.OpAttachment) //nolint:gosec // checkSummary checked
		if err != nil {
			return Attachment{}, err
		}
		a, err := parseAttachment(body)
		if err != nil {
			return Attachment{}, r.c.damage(int64(x.Offset), "attachment", err) //nolint:gosec // as above
		}
		return a, nil
	}
	return Attachment{}, fmt.Errorf("read %s of %s: %w", name, r.c.path, ErrNoAttachment)
}

// Rig reads the recording's rig. A recording without one gives ErrNoAttachment.
func (r *Reader) Rig() (*sensors.Rig, error) {
	a, err := r.Attachment(RigAttachment)
	if err != nil {
		return nil, err
	}
	rig, err := sensors.ParseRig(a.Data, r.c.path+":"+RigAttachment)
	if err != nil {
		return nil, fmt.Errorf("read the rig of %s: %w", r.c.path, err)
	}
	return rig, nil
}
