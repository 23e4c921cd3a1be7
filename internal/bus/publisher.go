package bus

import (
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/nats-io/nats.go"
)

var (
	// ErrClosed is what a closed Bus or Ingest returns.
	ErrClosed = errors.New("bus is closed")
	// ErrDisconnected means that the connection is down at the moment; the bus is reconnecting.
	ErrDisconnected = errors.New("not connected to nats")
)

// SizeError is a message that is too large to be published.
type SizeError struct {
	Subject string
	// Payload and Headers are in bytes; the limit counts their sum.
	Payload, Headers int64
	// Limit is the smaller of Server, the server's max_payload, and Configured, nats.max_payload.
	Limit, Server, Configured int64
}

// Error names subject, size, limit and cure.
func (e *SizeError) Error() string {
	cure := "send less (lower resolution, JPEG quality or point count)"
	if e.Server < e.Configured {
		cure += fmt.Sprintf(", or set max_payload: %d in the nats server's configuration", e.Configured)
	}
	return fmt.Sprintf("publish %s: message of %d B (payload %d B, headers %d B) is over the limit of %d B: %s",
		e.Subject, e.Payload+e.Headers, e.Payload, e.Headers, e.Limit, cure)
}

// maxPublishSubjects bounds the numbering table; a vehicle has some dozens of subjects.
const maxPublishSubjects = 1024

// Publisher stamps messages with the integrity headers and sends them on the out connection. Sequence numbers count per
// subject from 1; the order on the wire is their order. Safe for concurrent use.
type Publisher struct {
	nc         *nats.Conn
	boot       string
	configured int64

	mu      sync.Mutex
	streams map[string]*outStream
	stats   PublisherStats
}

// outStream is one subject's numbering and its message, which is used again: NATS copies it before PublishMsg returns.
type outStream struct {
	msg              nats.Msg
	seq              uint64
	schema, num, crc []string // the header values, length 1
}

func newPublisher(nc *nats.Conn, boot string, configured int64) *Publisher {
	return &Publisher{nc: nc, boot: boot, configured: configured, streams: make(map[string]*outStream)}
}

// Boot is the boot id in every message.
func (p *Publisher) Boot() string { return p.boot }

// Publish sends payload, which is a serialised message of type schema (its full name), and does not keep it. It returns
// as soon as the client has the bytes; see Bus.Flush. Errors: *SizeError; ErrDisconnected (lost and counted; nothing is sent
// later); ErrClosed; an invalid subject or schema.
func (p *Publisher) Publish(subject, schema string, payload []byte) error {
	return p.publish(subject, "", schema, payload)
}

// publish is Publish with a reply subject, empty for none.
func (p *Publisher) publish(subject, reply, schema string, payload []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, err := p.stream(subject, schema)
	if err != nil {
		p.stats.Refused++
		return err
	}
	num := strconv.FormatUint(s.seq+1, 10)
	if err := p.checkSize(subject, schema, num, payload); err != nil {
		p.stats.Refused++
		return err
	}
	s.seq++
	s.schema[0], s.num[0], s.crc[0] = schema, num, formatCRC(Checksum(payload))
	s.msg.Data, s.msg.Reply = payload, reply
	err = p.nc.PublishMsg(&s.msg)
	s.msg.Data, s.msg.Reply = nil, ""
	if err != nil {
		p.stats.Lost++
		return fmt.Errorf("publish %s seq %d: message is lost: %w", subject, s.seq, publishCause(err))
	}
	p.stats.Published++
	p.stats.Bytes += uint64(len(payload))
	return nil
}

func publishCause(err error) error {
	switch {
	case errors.Is(err, nats.ErrReconnectBufExceeded):
		return ErrDisconnected
	case errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, nats.ErrConnectionDraining):
		return ErrClosed
	default:
		return err
	}
}

func (p *Publisher) stream(subject, schema string) (*outStream, error) {
	if !printable(schema, maxSchemaName) {
		return nil, fmt.Errorf("publish %s: schema %q is not a message's full name: write it like %q",
			clip(subject), clip(schema), KindObjects.Schema())
	}
	if s, ok := p.streams[subject]; ok {
		return s, nil
	}
	if _, err := ParseSubject(subject); err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	if len(p.streams) >= maxPublishSubjects {
		return nil, fmt.Errorf("publish %s: already %d subjects: use fewer", subject, maxPublishSubjects)
	}
	s := &outStream{schema: make([]string, 1), num: make([]string, 1), crc: make([]string, 1)}
	s.msg = nats.Msg{Subject: subject, Header: nats.Header{
		HeaderSchema: s.schema, HeaderBoot: {p.boot}, HeaderSeq: s.num, HeaderCRC: s.crc,
	}}
	p.streams[subject] = s
	return s, nil
}

func (p *Publisher) checkSize(subject, schema, num string, payload []byte) error {
	headers := headerBytes(schema, p.boot, num)
	srv := p.nc.MaxPayload()
	limit := p.configured
	if srv > 0 {
		limit = min(limit, srv)
	}
	if int64(len(payload))+headers <= limit {
		return nil
	}
	return &SizeError{
		Subject: subject, Payload: int64(len(payload)), Headers: headers,
		Limit: limit, Server: srv, Configured: p.configured,
	}
}

// headerBytes is the size of the header block on the wire: a version line, one line per header, an empty line.
func headerBytes(schema, boot, num string) int64 {
	const fixed = len("NATS/1.0\r\n") + len("\r\n") + 4*len(": \r\n") + 8 + // 8: the checksum's digits
		len(HeaderSchema) + len(HeaderBoot) + len(HeaderSeq) + len(HeaderCRC)
	return int64(fixed + len(schema) + len(boot) + len(num))
}

// Stats is a snapshot.
func (p *Publisher) Stats() PublisherStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}
