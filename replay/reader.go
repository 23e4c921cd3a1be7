package replay

import (
	"errors"
	"fmt"
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
