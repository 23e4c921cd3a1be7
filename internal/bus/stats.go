package bus

// Stats is a snapshot of the bus. Counters only grow.
type Stats struct {
	// Server is where the bus is connected, without secrets; "in-process" for the embedded server that does not listen.
	Server string `json:"server"`
	// MaxPayload is the largest message in bytes that passes: the smaller of the server's limit and the configured one.
	MaxPayload int64     `json:"max_payload"`
	In         ConnStats `json:"in"`
	Out        ConnStats `json:"out"`
	Control    ConnStats `json:"control"`
	// Publisher is what Publish did.
	Publisher PublisherStats `json:"publisher"`
}

// ConnStats is one connection.
type ConnStats struct {
	Connected   bool   `json:"connected"`
	Disconnects uint64 `json:"disconnects"`
	Reconnects  uint64 `json:"reconnects"`
	// SlowConsumers counts episodes, not messages: those are in IngestStats.SlowConsumer.
	SlowConsumers uint64 `json:"slow_consumers"`
	// AsyncErrors are other errors that NATS reports out of turn, such as a missing permission.
	AsyncErrors uint64 `json:"async_errors"`
	LastError   string `json:"last_error,omitempty"`
	InMessages  uint64 `json:"in_messages"`
	InBytes     uint64 `json:"in_bytes"`
	OutMessages uint64 `json:"out_messages"`
	OutBytes    uint64 `json:"out_bytes"`
}

// PublisherStats counts the calls of Publish by what became of them.
type PublisherStats struct {
	Published uint64 `json:"published"`
	Bytes     uint64 `json:"bytes"` // of published payloads
	// Refused were larger than the limit or had an invalid subject; they took no sequence number.
	Refused uint64 `json:"refused"`
	// Lost could not be sent; their sequence numbers are a gap that every subscriber sees.
	Lost uint64 `json:"lost"`
}

// IngestStats is a snapshot of an Ingest, taken at one moment.
type IngestStats struct {
	// Streams in order of their subjects.
	Streams []StreamStats `json:"streams"`
	// Unknown are subjects that no expected stream has: received and dropped, by subject, sorted. At most 64 are named.
	Unknown []UnknownSubject `json:"unknown,omitempty"`
	// UnknownUnnamed are such messages beyond the 64 names.
	UnknownUnnamed uint64 `json:"unknown_unnamed"`
	// SlowConsumer are messages that NATS dropped before they were received, because the process did not keep up.
	SlowConsumer uint64 `json:"slow_consumer"`
}

// StreamStats is one stream. Received = Delivered + all of Dropped + Pending.
type StreamStats struct {
	Subject   string            `json:"subject"`
	Received  uint64            `json:"received"`
	Delivered uint64            `json:"delivered"`
	Dropped   map[Reason]uint64 `json:"dropped"` // without the reasons that did not occur
	Pending   uint64            `json:"pending"`
	// Gaps is how many messages were skipped in the publisher's numbering.
	Gaps uint64 `json:"gaps"`
	// MissingHeaders counts messages that lacked at least one integrity header.
	MissingHeaders uint64 `json:"missing_headers"`
	// Restarts is how often the publisher began again.
	Restarts uint64 `json:"restarts"`
}

// DroppedTotal is the sum over all reasons.
func (s StreamStats) DroppedTotal() uint64 {
	var n uint64
	for _, v := range s.Dropped {
		n += v
	}
	return n
}

// UnknownSubject is a subject that nobody expected, and how often it came.
type UnknownSubject struct {
	Subject string `json:"subject"`
	Dropped uint64 `json:"dropped"`
}
