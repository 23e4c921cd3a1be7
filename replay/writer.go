package replay

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/foxglove/mcap/go/mcap"

	"github.com/fusiond/fusiond/sensors"
)

// FormatVersion is the version of fusiond's conventions inside the MCAP file.
const FormatVersion = "1"

// Names inside the file.
const (
	// MetadataName is the metadata record that holds format, rig hash and provenance.
	MetadataName = "fusiond"
	// RigAttachment is the attachment that holds the rig.
	RigAttachment = "rig.yaml"
	rigMediaType  = "application/yaml"
)

// MaxMessageBytes is the largest payload that a recording takes: the bus's limit of 8 MiB, and room for debug output.
const MaxMessageBytes = 32 << 20

// defaultChunkBytes balances what a crash can lose and what a seek must decode against compression.
const defaultChunkBytes = 4 << 20

// Compression of the chunks of a recording.
type Compression uint8

// The compressions that a Writer offers. Readers also understand lz4.
const (
	// Zstd at its fastest level; stores what does not shrink.
	Zstd Compression = iota
	// ZstdBest is smaller by a quarter and some twenty times slower: for recordings that are made once and shipped.
	ZstdBest
	// Uncompressed costs no processor time: for recorders on small machines.
	Uncompressed
)

// WriterOptions say what a recording carries besides its messages.
type WriterOptions struct {
	// Rig is attached when not nil, and its hash and vehicle are noted in the metadata.
	Rig *sensors.Rig
	// Source says in words where the data is from.
	Source string
	// Metadata is added to the "fusiond" record: model hash, configuration hash, ...
	Metadata map[string]string
	// Attachments are written after the rig.
	Attachments []Attachment
	Compression Compression
	// ChunkBytes is the size, before compression, at which a chunk is closed; 0 = 4 MiB.
	ChunkBytes int

	metadata []*mcap.Metadata // more records, for Recover
}

// Attachment is a small file inside the recording.
type Attachment struct {
	Name, MediaType string
	Data            []byte
}

// Writer writes one recording. It is not safe for concurrent use; see Recorder for a tap that is. After an error the
// writer is dead: every later call returns the same error, and what was written so far is left recoverable.
type Writer struct {
	path     string
	sink     *sink
	buf      *bufio.Writer
	mcap     *mcap.Writer
	file     *os.File // nil when the caller gave an io.Writer
	streams  map[string]*stream
	schemas  map[string]*mcap.Schema
	chunk    int // number of the open chunk, from 0
	messages uint64
	flushed  uint64 // messages in closed chunks
	err      error
	closed   bool
}

type stream struct {
	channel *mcap.Channel
	schema  *mcap.Schema
	chunk   int // chunk in which it was last declared, -1 = none
}

// sink counts the bytes that really went out.
type sink struct {
	w io.Writer
	n int64
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.n += int64(n)
	return n, err
}

// Create makes the file, or empties it, and writes the recording's beginning. Close must be called.
func Create(path string, o WriterOptions) (*Writer, error) {
	f, err := os.Create(path) //nolint:gosec // the user names the file
	if err != nil {
		return nil, fmt.Errorf("create recording: %w", err)
	}
	w, err := newWriter(f, path, o)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	w.file = f
	return w, nil
}

// NewWriter writes a recording to out. Close ends the recording; out stays the caller's.
func NewWriter(out io.Writer, o WriterOptions) (*Writer, error) {
	return newWriter(out, "recording", o)
}

func newWriter(out io.Writer, path string, o WriterOptions) (*Writer, error) {
	w := &Writer{path: path, sink: &sink{w: out}, streams: map[string]*stream{}, schemas: map[string]*mcap.Schema{}}
	w.buf = bufio.NewWriterSize(w.sink, 256<<10)
	mo := &mcap.WriterOptions{
		IncludeCRC: true, Chunked: true, OverrideLibrary: true,
		ChunkSize: int64(cmp.Or(o.ChunkBytes, defaultChunkBytes)),
	}
	if o.Compression != Uncompressed {
		z, err := newChunkZstd(o.Compression)
		if err != nil {
			return nil, fmt.Errorf("create recording %s: start zstd: %w", path, err)
		}
		mo.Compressor = mcap.NewCustomCompressor(mcap.CompressionZSTD, z)
	}
	var err error
	if w.mcap, err = mcap.NewWriter(w.buf, mo); err != nil {
		return nil, fmt.Errorf("create recording %s: %w", path, err)
	}
	if err := w.begin(o); err != nil {
		return nil, w.fail("write the beginning", err)
	}
	return w, nil
}

// begin writes what stands before the first message.
func (w *Writer) begin(o WriterOptions) error {
	if err := w.mcap.WriteHeader(&mcap.Header{Library: "fusiond"}); err != nil {
		return err
	}
	meta := map[string]string{"format": FormatVersion}
	if o.Source != "" {
		meta["source"] = o.Source
	}
	if o.Rig != nil {
		meta["vehicle"], meta["rig_revision"], meta["rig_hash"] = o.Rig.Vehicle, o.Rig.Revision, o.Rig.Hash()
	}
	for k, v := range o.Metadata {
		meta[k] = v
	}
	if err := w.mcap.WriteMetadata(&mcap.Metadata{Name: MetadataName, Metadata: meta}); err != nil {
		return err
	}
	for _, m := range o.metadata {
		if err := w.mcap.WriteMetadata(m); err != nil {
			return err
		}
	}
	attachments := o.Attachments
	if o.Rig != nil {
		y, err := o.Rig.YAML()
		if err != nil {
			return fmt.Errorf("write rig: %w", err)
		}
		attachments = append([]Attachment{{Name: RigAttachment, MediaType: rigMediaType, Data: y}}, attachments...)
	}
	for _, a := range attachments {
		err := w.mcap.WriteAttachment(&mcap.Attachment{
			Name: a.Name, MediaType: a.MediaType, DataSize: uint64(len(a.Data)), Data: bytes.NewReader(a.Data),
		})
		if err != nil {
			return fmt.Errorf("attach %s: %w", a.Name, err)
		}
	}
	return w.buf.Flush()
}

// AddStream declares a topic and its schema. Topics whose schema is a message type of this program need not be declared.
// Declaring a topic twice with different schemas is an error.
func (w *Writer) AddStream(topic string, s Schema) error {
	if w.err != nil {
		return w.err
	}
	if have, ok := w.streams[topic]; ok {
		if have.schema.Name != s.Name || !bytes.Equal(have.schema.Data, s.Data) {
			return fmt.Errorf("declare topic %s: it has the schema %s already, not %s: use one topic for each schema",
				topic, have.schema.Name, s.Name)
		}
		return nil
	}
	const maxID = 1<<16 - 1
	if len(w.streams) >= maxID || len(w.schemas) >= maxID {
		return fmt.Errorf("declare topic %s: a recording holds at most %d topics", topic, maxID)
	}
	key := s.Name + "\x00" + s.Encoding + "\x00" + string(s.Data)
	schema, ok := w.schemas[key]
	if !ok {
		schema = &mcap.Schema{ID: uint16(len(w.schemas) + 1), Name: s.Name, Encoding: s.Encoding, Data: s.Data} //nolint:gosec // bounded above
		w.schemas[key] = schema
	}
	w.streams[topic] = &stream{
		schema: schema, chunk: -1,
		channel: &mcap.Channel{
			ID: uint16(len(w.streams)), SchemaID: schema.ID, Topic: topic, MessageEncoding: cmp.Or(s.MessageEncoding, s.Encoding), //nolint:gosec // bounded above
			Metadata: map[string]string{},
		},
	}
	return nil
}

// Write appends m; it keeps no reference to m.Data. Messages should come in order of arrival: a reader restores that
// order at the price of memory. A message that is refused (too large, unknown schema) leaves the recording usable; a
// failure of the file does not, see Err.
func (w *Writer) Write(m Message) error {
	if w.err != nil {
		return w.err
	}
	if w.closed {
		return fmt.Errorf("write %s to recording %s: it is closed", m.Topic, w.path)
	}
	if len(m.Data) > MaxMessageBytes {
		return fmt.Errorf("record %s seq %d: %d bytes are more than the %d that a recording takes: send smaller messages",
			m.Topic, m.Seq, len(m.Data), MaxMessageBytes)
	}
	if m.Stamp < 0 || m.Received < 0 {
		return fmt.Errorf("record %s seq %d: stamp %d, received %d: times before 1970 cannot be recorded",
			m.Topic, m.Seq, m.Stamp, m.Received)
	}
	st, ok := w.streams[m.Topic]
	if !ok {
		s, err := schemaByName(m.Schema)
		if err != nil {
			return fmt.Errorf("record %s: %w", m.Topic, err)
		}
		if err := w.AddStream(m.Topic, s); err != nil {
			return err
		}
		st = w.streams[m.Topic]
	}
	if m.Schema != "" && m.Schema != st.schema.Name {
		return fmt.Errorf("record %s seq %d: schema %s, but the topic has %s: use one topic for each schema",
			m.Topic, m.Seq, m.Schema, st.schema.Name)
	}
	if err := w.append(st, m); err != nil {
		return w.fail(fmt.Sprintf("write %s seq %d", m.Topic, m.Seq), err)
	}
	return nil
}

func (w *Writer) append(st *stream, m Message) error {
	if st.chunk != w.chunk { // every chunk declares what it holds
		if err := w.mcap.WriteSchema(st.schema); err != nil {
			return err
		}
		if err := w.mcap.WriteChannel(st.channel); err != nil {
			return err
		}
		st.chunk = w.chunk
	}
	err := w.mcap.WriteMessage(&mcap.Message{
		ChannelID: st.channel.ID, Sequence: m.Seq, LogTime: uint64(m.Received), PublishTime: uint64(m.Stamp), //nolint:gosec // checked
		Data: m.Data,
	})
	if err != nil {
		return err
	}
	n := len(w.mcap.ChunkIndexes)
	if n > w.chunk { // the message closed a chunk
		if err := w.buf.Flush(); err != nil {
			return err
		}
	}
	w.messages++
	if n > w.chunk {
		w.chunk, w.flushed = n, w.messages
	}
	return nil
}

// fail makes err final and says what is left of the file.
func (w *Writer) fail(op string, err error) error {
	w.err = &WriteError{Path: w.path, Op: op, Bytes: w.sink.n, Safe: w.flushed, Lost: w.messages - w.flushed, Err: err}
	return w.err
}

// Err returns the error that ended the recording, nil while it is good.
func (w *Writer) Err() error { return w.err }

// Messages returns how many messages were accepted, and how many of them are in chunks that were handed to the file.
func (w *Writer) Messages() (accepted, flushed uint64) { return w.messages, w.flushed }

// Bytes returns how many bytes have gone to the file.
func (w *Writer) Bytes() int64 { return w.sink.n }

// Close writes the last chunk and the summary, and, for a Writer made by Create, syncs and closes the file. After an
// earlier failure it closes the file and returns that failure. Calling it again does nothing.
func (w *Writer) Close() error {
	if w.closed {
		return w.err
	}
	w.closed = true
	if w.err == nil {
		err := w.mcap.Close()
		if err == nil {
			err = w.buf.Flush()
		}
		if err == nil && w.file != nil {
			err = w.file.Sync()
		}
		if err != nil {
			_ = w.fail("finish", err) // kept in w.err
		} else {
			w.flushed = w.messages
		}
	}
	if w.file != nil {
		if err := w.file.Close(); err != nil && w.err == nil {
			_ = w.fail("close", err) // kept in w.err
		}
	}
	return w.err
}

// WriteError says that a recording could not be written on, and what is left of it.
type WriteError struct {
	Path, Op string
	// Bytes reached the file. Safe messages are in whole chunks there; Lost ones were accepted and are not.
	Bytes      int64
	Safe, Lost uint64
	Err        error
}

// Error implements error.
func (e *WriteError) Error() string {
	return fmt.Sprintf("record into %s: %s: %v: stopped after %d bytes with %d messages safe and %d lost: "+
		"free some space, then run 'fusiond recover %s --out FILE'", e.Path, e.Op, e.Err, e.Bytes, e.Safe, e.Lost, e.Path)
}

// Unwrap returns the cause, for example syscall.ENOSPC.
func (e *WriteError) Unwrap() error { return e.Err }
