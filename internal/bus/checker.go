package bus

import (
	"fmt"
	"strings"
)

// Reason is why a message was dropped. The zero value is Accepted.
type Reason uint8

// The reasons. Checker gives ReasonHeader to ReasonSchema, Ingest the others.
const (
	// Accepted is no drop.
	Accepted Reason = iota
	// ReasonHeader: an integrity header is there but cannot be read.
	ReasonHeader
	// ReasonCRC: the payload does not have the checksum of its header.
	ReasonCRC
	// ReasonDuplicate: this sequence number was here before.
	ReasonDuplicate
	// ReasonReorder: a later sequence number was here before.
	ReasonReorder
	// ReasonSchema: the message is not of the type that the subject carries.
	ReasonSchema
	// ReasonOverrun: a newer message of its stream pushed it out of the ring before anybody took it.
	ReasonOverrun
	// ReasonOversize: the payload is larger than the limit.
	ReasonOversize
	// ReasonUnknown: no sensor of this name is expected, or the subject is none of ours.
	ReasonUnknown
	numReasons
)

var reasonNames = [numReasons]string{
	Accepted: "accepted", ReasonHeader: "header", ReasonCRC: "crc", ReasonDuplicate: "duplicate", ReasonReorder: "reorder",
	ReasonSchema: "schema", ReasonOverrun: "overrun", ReasonOversize: "oversize", ReasonUnknown: "unknown",
}

// String returns the reason as metrics and health show it, for example "crc".
func (r Reason) String() string {
	if r < numReasons {
		return reasonNames[r]
	}
	return fmt.Sprintf("reason(%d)", uint8(r))
}

// MarshalText makes a Reason a readable JSON key.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Reasons returns every reason for a drop, in order.
func Reasons() []Reason {
	out := make([]Reason, 0, numReasons-1)
	for r := Accepted + 1; r < numReasons; r++ {
		out = append(out, r)
	}
	return out
}

const (
	// reorderWindow is how far back single sequence numbers are remembered. NATS keeps the order of one publisher, so
	// anything but a repeat comes from a bridge or a second publisher; 64 fits one word.
	reorderWindow = 64
	// restartRun is how many messages in a row, all older than the window and numbered one after the other, are taken for
	// a publisher that began again without a new boot id. RFC 3550 appendix A.1 does the same for RTP, with two.
	restartRun = 4
)

// Verdict is what a Checker says about one message.
type Verdict struct {
	// Reason is Accepted, or why the message must be dropped.
	Reason Reason
	// Missing holds the integrity headers that were not there. The message is accepted; the count should be shown.
	Missing Field
	// Gap is how many messages were skipped right before this one.
	Gap uint64
	// Restarted: the publisher began again (another boot id, or its numbers went back for good); numbering was reset.
	Restarted bool
}

// Checker judges the messages of one subject in the order of their arrival. It is pure and holds a few words of state.
// Not safe for concurrent use.
//
// A message that cannot be trusted (header, crc) never moves the numbering, except when its number is the very next one:
// so a corrupt number cannot make the stream deaf, and a damaged message is not counted again as a gap. A skipped number
// that comes late is dropped as reorder; the gap stays counted.
type Checker struct {
	schema string
	boot   string
	begun  bool
	last   uint64
	// seen has bit i set when number last-i was here.
	seen uint64
	// A run of numbers older than the window: its last number and length.
	oldLast uint64
	oldRun  int
}

// NewChecker returns a Checker that expects messages of the given full name; "" expects none in particular.
func NewChecker(schema string) *Checker { return &Checker{schema: schema} }

// Check judges one message. It reads payload only for its checksum, keeps no reference to either, and allocates nothing
// except once for each new boot id.
func (c *Checker) Check(h Header, payload []byte) Verdict {
	v := Verdict{Missing: AllFields &^ (h.Has | h.Bad)}
	if h.Has&FieldCRC != 0 && Checksum(payload) != h.CRC {
		v.Reason = ReasonCRC
	}
	if h.Bad != 0 {
		v.Reason = ReasonHeader
	}
	if v.Reason != Accepted {
		if c.begun && h.Has&FieldSeq != 0 && h.Boot == c.boot && h.Seq == c.last+1 {
			c.advance(h.Seq)
		}
		return v
	}
	if h.Has&FieldSeq != 0 {
		v.Reason, v.Gap, v.Restarted = c.order(h.Boot, h.Seq)
	}
	if v.Reason == Accepted && h.Has&FieldSchema != 0 && c.schema != "" && h.Schema != c.schema {
		v.Reason = ReasonSchema
	}
	return v
}

// order places a trusted sequence number.
func (c *Checker) order(boot string, seq uint64) (reason Reason, gap uint64, restarted bool) {
	if !c.begun || boot != c.boot {
		restarted = c.begun
		c.begin(boot, seq)
		return Accepted, 0, restarted
	}
	if seq > c.last {
		gap = seq - c.last - 1
		c.advance(seq)
		return Accepted, gap, false
	}
	if back := c.last - seq; back < reorderWindow {
		bit := uint64(1) << back
		if c.seen&bit != 0 {
			return ReasonDuplicate, 0, false
		}
		c.seen |= bit
		return ReasonReorder, 0, false
	}
	if c.oldRun > 0 && seq == c.oldLast+1 {
		c.oldRun++
	} else {
		c.oldRun = 1
	}
	c.oldLast = seq
	if c.oldRun >= restartRun {
		c.begin(boot, seq)
		return Accepted, 0, true
	}
	return ReasonReorder, 0, false
}

func (c *Checker) begin(boot string, seq uint64) {
	if boot != c.boot {
		c.boot = strings.Clone(boot) // boot is a view into a message
	}
	// Numbers before the first one were never awaited: a late one of them is a reorder, not a duplicate.
	c.begun, c.last, c.seen, c.oldRun = true, seq, 1, 0
}

// advance moves the window up to seq, which is greater than last. A shift by 64 or more clears it.
func (c *Checker) advance(seq uint64) {
	c.seen = c.seen<<(seq-c.last) | 1
	c.last, c.oldRun = seq, 0
}
