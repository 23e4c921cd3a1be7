package bus

import (
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
)

// IngestConfig says which streams an Ingest takes in.
type IngestConfig struct {
	// Vehicle is the vehicle's id.
	Vehicle string
	// Streams are the expected subjects, of input kinds; any other is dropped as unknown. Nil takes every valid input
	// subject of the vehicle, up to 64.
	Streams []Subject
	// MaxPayload is the largest payload in bytes that is taken; 0 is DefaultMaxPayload.
	MaxPayload int
	// Clock gives the time of arrival in nanoseconds since the Unix epoch. It is called once per accepted message, in order of
	// arrival, with a lock held: it must be quick.
	Clock func() int64
	// PendingMessages and PendingBytes bound what NATS holds for the callback of each of the two subscriptions; beyond that it
	// drops the newest and counts (slow consumer). 0 is 4096 messages and 128 MiB.
	PendingMessages, PendingBytes int
}

const (
	maxStreams      = 64
	maxUnknownNames = 64
	maxUnknownName  = 256 // bytes
	ingestMessages  = 4096
	ingestBytes     = 128 << 20
)

// Ingest takes in the sensor streams and the ego motion of one vehicle. Safe for concurrent use.
//
// Two callbacks, one per subscription, run on goroutines of the NATS client; they check a message and push it into its
// stream's ring, and never wait for a reader.
type Ingest struct {
	bus     *Bus
	log     *slog.Logger
	cfg     IngestConfig
	subs    []*Subscription
	ready   chan struct{} // 1 slot: something is waiting
	closing chan struct{} // closed by the first Close
	once    sync.Once
	err     error // of Close

	mu      sync.Mutex
	streams map[string]*stream
	order   []*stream // sorted by subject
	arrival uint64
	unknown map[string]uint64
	unnamed uint64
}

// stream is one subject. Its checker belongs to the subscription's callback; the rest is under Ingest.mu.
type stream struct {
	subject  string
	parsed   Subject
	checker  *Checker
	ring     *Ring[Message]
	received uint64
	deliver  uint64
	dropped  [numReasons]uint64
	gaps     uint64
	missing  uint64
	restarts uint64
}

// NewIngest subscribes to av.<vehicle>.sensor.> and av.<vehicle>.ego on the bulk connection.
func (b *Bus) NewIngest(cfg IngestConfig) (*Ingest, error) {
	in, err := newIngest(cfg, b.log)
	if err != nil {
		return nil, fmt.Errorf("open ingest: %w", err)
	}
	in.bus = b
	for _, subject := range []string{
		subjectRoot + "." + cfg.Vehicle + "." + sensorToken + ".>",
		EgoSubject(cfg.Vehicle).String(),
	} {
		sub, err := b.subscribe(b.in, subject, in.cfg.PendingMessages, in.cfg.PendingBytes, in.handle)
		if err != nil {
			return nil, fmt.Errorf("open ingest: %w", joinClose(err, in.subs))
		}
		in.subs = append(in.subs, sub)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ingests[in] = struct{}{}
	return in, nil
}

func newIngest(cfg IngestConfig, log *slog.Logger) (*Ingest, error) {
	if err := checkToken("vehicle", cfg.Vehicle); err != nil {
		return nil, err
	}
	if cfg.Clock == nil {
		return nil, fmt.Errorf("vehicle %s: no clock: set IngestConfig.Clock", cfg.Vehicle)
	}
	if len(cfg.Streams) > maxStreams {
		return nil, fmt.Errorf("vehicle %s: %d streams: at most %d", cfg.Vehicle, len(cfg.Streams), maxStreams)
	}
	if cfg.MaxPayload == 0 {
		cfg.MaxPayload = DefaultMaxPayload
	}
	if cfg.PendingMessages == 0 {
		cfg.PendingMessages = ingestMessages
	}
	if cfg.PendingBytes == 0 {
		cfg.PendingBytes = ingestBytes
	}
	in := &Ingest{
		log: log.With("vehicle", cfg.Vehicle), cfg: cfg,
		ready: make(chan struct{}, 1), closing: make(chan struct{}),
		streams: make(map[string]*stream), unknown: make(map[string]uint64),
	}
	for _, s := range cfg.Streams {
		if err := s.Validate(); err != nil {
			return nil, fmt.Errorf("stream %s: %w", s, err)
		}
		if !s.Kind.Input() || s.Vehicle != cfg.Vehicle {
			return nil, fmt.Errorf("stream %s: not an input of vehicle %s", s, cfg.Vehicle)
		}
		in.add(s)
	}
	return in, nil
}

// add makes a stream; the lock is held or not yet needed.
func (in *Ingest) add(s Subject) *stream {
	name := s.String()
	if old, ok := in.streams[name]; ok {
		return old
	}
	st := &stream{
		subject: name, parsed: s, checker: NewChecker(s.Kind.Schema()), ring: NewRing[Message](DefaultRingSize(s.Kind)),
	}
	in.streams[name] = st
	at, _ := slices.BinarySearchFunc(in.order, name, func(o *stream, n string) int { return strings.Compare(o.subject, n) })
	in.order = slices.Insert(in.order, at, st)
	return st
}

// handle is the NATS callback.
func (in *Ingest) handle(m *nats.Msg) {
	st := in.find(m.Subject)
	if st == nil {
		in.countUnknown(m.Subject)
		return
	}
	var h Header
	var v Verdict
	if len(m.Data) > in.cfg.MaxPayload {
		v.Reason = ReasonOversize
	} else {
		h = ParseHeader(m.Header)
		v = st.checker.Check(h, m.Data)
	}
	first, waiting := in.take(st, m.Data, h, v)
	if waiting {
		in.signal()
	}
	if first != Accepted {
		in.log.Warn("message dropped (further ones like it are only counted)",
			"subject", st.subject, "reason", first.String(), "seq", h.Seq, "bytes", len(m.Data))
	}
}

func (in *Ingest) find(subject string) *stream {
	in.mu.Lock()
	defer in.mu.Unlock()
	if st, ok := in.streams[subject]; ok {
		return st
	}
	if in.cfg.Streams != nil || len(in.streams) >= maxStreams {
		return nil
	}
	s, err := ParseSubject(subject)
	if err != nil || !s.Kind.Input() {
		return nil
	}
	return in.add(s)
}

// take counts one message and pushes it if it was accepted. It returns the reason of a drop if it is the stream's first
// for that reason.
func (in *Ingest) take(st *stream, data []byte, h Header, v Verdict) (first Reason, waiting bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	st.received++
	st.gaps = addSaturated(st.gaps, v.Gap)
	if v.Missing != 0 {
		st.missing++
	}
	if v.Restarted {
		st.restarts++
	}
	reason := v.Reason
	if reason == Accepted {
		in.arrival++
		overrun := st.ring.Push(Message{
			Subject: st.subject, Kind: st.parsed.Kind, Vehicle: st.parsed.Vehicle, Name: st.parsed.Name,
			Schema: h.Schema, Boot: h.Boot, Seq: h.Seq, Data: data,
			Received: in.cfg.Clock(), Arrival: in.arrival,
		})
		waiting = true
		if !overrun {
			return Accepted, waiting
		}
		reason = ReasonOverrun
	}
	st.dropped[reason]++
	if st.dropped[reason] > 1 {
		reason = Accepted
	}
	return reason, waiting
}

// Insert puts a message of the process's own among those that arrive, at its place in the order of arrival: a control request that
// was accepted is an event like any other. subject is one of the vehicle's control subjects. One goroutine inserts at a time; nobody
// writes to the payload afterwards. It never waits: the ring keeps the newest 16 and counts the rest as overruns.
func (in *Ingest) Insert(subject Subject, schema string, payload []byte) error {
	if err := subject.Validate(); err != nil {
		return fmt.Errorf("insert: %w", err)
	}
	if subject.Kind != KindControl || subject.Vehicle != in.cfg.Vehicle {
		return fmt.Errorf("insert %s: not a control subject of vehicle %s", subject, in.cfg.Vehicle)
	}
	select {
	case <-in.closing:
		return fmt.Errorf("insert %s: %w", subject, ErrClosed)
	default:
	}
	in.mu.Lock()
	st := in.add(subject)
	seq := st.received + 1
	in.mu.Unlock()
	if first, _ := in.take(st, payload, Header{Schema: schema, Seq: seq}, Verdict{}); first != Accepted {
		in.log.Warn("message dropped (further ones like it are only counted)", "subject", st.subject, "reason", first.String())
	}
	in.signal()
	return nil
}

func addSaturated(a, b uint64) uint64 {
	if b > math.MaxUint64-a {
		return math.MaxUint64
	}
	return a + b
}

func (in *Ingest) countUnknown(subject string) {
	in.mu.Lock()
	n, known := in.unknown[subject]
	named := known || (len(in.unknown) < maxUnknownNames && len(subject) <= maxUnknownName)
	if named {
		in.unknown[subject] = n + 1
	} else {
		in.unnamed++
	}
	in.mu.Unlock()
	if named && !known {
		in.log.Warn("unknown stream dropped (further messages of it are only counted): add it to the rig or stop its publisher",
			"subject", subject)
	}
}

func (in *Ingest) signal() {
	select {
	case in.ready <- struct{}{}:
	default:
	}
}

func joinClose(err error, subs []*Subscription) error {
	for _, s := range subs {
		if cerr := s.Close(); cerr != nil {
			err = fmt.Errorf("%w; %w", err, cerr)
		}
	}
	return err
}
