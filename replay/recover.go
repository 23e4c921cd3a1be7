package replay

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/foxglove/mcap/go/mcap"

	"github.com/fusiond/fusiond/sensors"
)

// Recovery says what Recover kept and what is lost.
type Recovery struct {
	In  string `json:"in"`
	Out string `json:"out"`
	// Whole is true when nothing was wrong with the recording.
	Whole bool `json:"whole"`
	// Messages and Chunks kept.
	Messages uint64 `json:"messages"`
	Chunks   int    `json:"chunks"`
	// LostMessages is what the file's own indexes say about the rest. When LostKnown is false the recording ends before its
	// summary, and more may be lost than could be counted.
	LostMessages uint64 `json:"lost_messages"`
	LostKnown    bool   `json:"lost_known"`
	LostChunks   int    `json:"lost_chunks"`
	SkippedBytes int64  `json:"skipped_bytes"`
	// Damages describes the first places, MoreDamages counts the others.
	Damages     []Damage `json:"damages"`
	MoreDamages int      `json:"more_damages"`
}

// Damage is one damaged place of a file.
type Damage struct {
	Offset int64  `json:"offset"`
	What   string `json:"what"`
	Cause  string `json:"cause"`
}

// Recover rewrites what is whole in recording in as the recording out: all messages of whole chunks, attachments and
// metadata. in is not changed. out appears under its name only when it is finished. A file in which nothing can be read,
// or which is not MCAP, is an error.
func Recover(in, out string) (Recovery, error) {
	f, err := os.Open(in) //nolint:gosec // the user names the file
	if err != nil {
		return Recovery{}, fmt.Errorf("recover recording: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	st, err := f.Stat()
	if err != nil {
		return Recovery{}, fmt.Errorf("recover recording: %w", err)
	}
	if o, err := os.Stat(out); err == nil && os.SameFile(st, o) {
		return Recovery{}, fmt.Errorf("recover recording %s: input and output are the same file: name another output", in)
	}
	partial := out + ".partial"
	o, err := os.Create(partial) //nolint:gosec // the user names the file
	if err != nil {
		return Recovery{}, fmt.Errorf("recover recording: %w", err)
	}
	r, err := recoverTo(o, f, st.Size(), in)
	if err == nil {
		err = o.Sync()
	}
	if cerr := o.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(partial, out)
	}
	if err != nil {
		return Recovery{}, errors.Join(err, os.Remove(partial))
	}
	r.Out = out
	return r, nil
}

// recoverTo does the work of Recover between any source and any sink.
func recoverTo(out io.Writer, in io.ReaderAt, size int64, path string) (Recovery, error) {
	c := &container{path: path, r: in, size: size}
	o := WriterOptions{Metadata: map[string]string{}}
	if err := collect(c, &o); err != nil {
		return Recovery{}, err
	}
	w, err := NewWriter(out, o)
	if err != nil {
		return Recovery{}, err
	}
	s, whole := scannerFor(c)
	refused := uint64(0)
	s.message = func(ch *mcap.Channel, sch *mcap.Schema, h messageHead, data []byte) error {
		if err := w.AddStream(ch.Topic, schemaOfChannel(ch, sch)); err != nil || len(data) > MaxMessageBytes {
			refused++ // a foreign file may hold what a recording of ours cannot
			return nil
		}
		return w.Write(Message{
			Topic: ch.Topic, Seq: h.seq, Stamp: sensors.StampNs(h.stamp), Received: sensors.StampNs(h.received), //nolint:gosec // parseMessageHead checked
			Data: data,
		})
	}
	if err := errors.Join(s.run(), w.Close()); err != nil {
		return Recovery{}, err
	}
	r := s.found.recovery(path)
	r.Whole = whole && r.Whole && refused == 0
	r.Messages -= refused
	r.LostMessages += refused
	if r.Messages == 0 && !r.Whole {
		return Recovery{}, fmt.Errorf("recover recording %s: not one message in it can be read (%d bytes)", path, size)
	}
	return r, nil
}

// scannerFor makes a scanner that knows what the summary says, when there is a good one.
func scannerFor(c *container) (s *scanner, summary bool) {
	s = newScanner(c)
	r := &Reader{c: c, schemas: map[uint16]*mcap.Schema{}, channels: map[uint16]*mcap.Channel{}}
	if r.readSummary() != nil {
		return s, false
	}
	s.learn(r)
	return s, true
}

// maxCarriedBytes bounds the attachments that a recovery holds in memory.
const maxCarriedBytes = 256 << 20

// collect finds the metadata and attachments that are whole.
func collect(c *container, o *WriterOptions) error {
	s := newScanner(c)
	carried := 0
	s.attachment = func(a Attachment) error {
		if carried += len(a.Data); carried > maxCarriedBytes {
			return fmt.Errorf("recover recording %s: attachments of more than %d bytes", c.path, maxCarriedBytes)
		}
		o.Attachments = append(o.Attachments, a)
		return nil
	}
	s.metadata = func(m *mcap.Metadata) error {
		if m.Name != MetadataName {
			o.metadata = append(o.metadata, m)
			return nil
		}
		for k, v := range m.Metadata {
			o.Metadata[k] = v
		}
		return nil
	}
	err := s.run()
	o.Metadata["recovered"] = "true"
	return err
}

// recovery turns what was found into a report.
func (f *scanned) recovery(path string) Recovery {
	r := Recovery{
		In: path, Messages: f.messages, Chunks: f.chunks, LostChunks: f.lostChunks, LostMessages: f.indexLost + f.unknown,
		SkippedBytes: f.skipped, Whole: len(f.damages) == 0 && f.unknown == 0, Damages: []Damage{}, MoreDamages: f.moreDamages,
	}
	if f.statistics != nil && f.statistics.MessageCount >= f.messages {
		r.LostMessages, r.LostKnown = f.statistics.MessageCount-f.messages, true
	}
	for _, d := range f.damages {
		r.Damages = append(r.Damages, Damage{Offset: d.Offset, What: d.What, Cause: d.Err.Error()})
	}
	return r
}
