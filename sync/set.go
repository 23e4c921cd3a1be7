package timesync

import (
	"fmt"
	"time"

	"github.com/fusiond/fusiond/sensors"
)

// Header is all that alignment knows of a sample.
type Header struct {
	// Stream is the index in Config.Streams.
	Stream int
	// Seq numbers the stream's samples; the aligner only hands it back.
	Seq uint64
	// Stamp is the sensor's time of validity, Received our clock's time of arrival.
	Stamp, Received sensors.StampNs
}

// Kind says what gave a set its time.
type Kind uint8

// The kinds.
const (
	Reference Kind = iota + 1 // a sample of the reference stream
	Virtual                   // the virtual clock: no reference had a sample
)

// CloseReason says why a set was closed.
type CloseReason uint8

// The reasons to close.
const (
	Complete  CloseReason = iota + 1 // no later arrival could have improved it
	Deadline                         // MaxWait after the reference's arrival
	Overtaken                        // a newer set became complete
	Flushed                          // the end of the streams
)

// Absence says why a stream has no member in a set.
type Absence uint8

// The reasons of absence; NotAbsent for a stream that is present.
const (
	NotAbsent       Absence = iota
	AbsentIdle              // never seen, or no sample for 1.5 periods
	AbsentLate              // alive, but the sample that was due had not come when the set closed
	AbsentTolerance         // alive, but no sample near enough in stamp
	AbsentClock             // excluded by its clock guard
	AbsentDecode            // the sample was rejected as undecodable
	AbsentOverrun           // the sample was overwritten before the set closed
	AbsentDisabled          // disabled by configuration
	NumAbsences             // the number of values above
)

// Fate is what became of a sample.
type Fate uint8

// The fates. All but Used are drops.
const (
	Used      Fate = iota // member of at least one set
	Late                  // came after its set had closed, and no later set could use it
	Unmatched             // no set wanted it: others were nearer
	BadClock              // its stamp, or its stream's clock, is not to be trusted
	Duplicate             // same stamp as the sample before
	Reorder               // older stamp than a sample before
	Overflow              // pushed out of a full buffer before any set used it
	Disabled              // its stream is disabled
	Decode                // rejected by the caller: could not be decoded
	Overrun               // rejected by the caller: overwritten before it was decoded
	NumFates              // the number of values above
)

var (
	kindNames    = [...]string{Reference: "reference", Virtual: "virtual"}
	closeNames   = [...]string{Complete: "complete", Deadline: "deadline", Overtaken: "overtaken", Flushed: "flush"}
	absenceNames = [...]string{
		"present", "idle", "late", "tolerance", "clock", "decode", "overrun", "disabled",
	}
	fateNames = [...]string{
		"used", "late", "unmatched", "clock", "duplicate", "reorder", "overflow", "disabled", "decode", "overrun",
	}
)

// String returns the name used in manifests.
func (k Kind) String() string { return nameOf(kindNames[:], int(k)) }

// String returns the name used in manifests.
func (r CloseReason) String() string { return nameOf(closeNames[:], int(r)) }

// String returns the name used in manifests; "present" for NotAbsent.
func (a Absence) String() string { return nameOf(absenceNames[:], int(a)) }

// String returns the name used in manifests, metrics and `fusiond info`.
func (f Fate) String() string { return nameOf(fateNames[:], int(f)) }

func nameOf(names []string, i int) string {
	if i < len(names) && names[i] != "" {
		return names[i]
	}
	return fmt.Sprintf("unknown(%d)", i)
}

// Member is one stream's part in a set.
type Member struct {
	// Present members have Seq, Stamp, AgeNs, WaitNs and Reused; absent ones have Absence and NewestAgeNs.
	Present bool
	Absence Absence
	// Reused is set when the sample has served an earlier set.
	Reused bool
	Seq    uint64
	Stamp  sensors.StampNs
	// AgeNs is the set's time minus the stamp; negative when the sample is younger than the set's time.
	AgeNs int64
	// WaitNs is how long the sample waited for the set to close.
	WaitNs int64
	// NewestAgeNs is the set's time minus the newest stamp of the stream; -1 when there never was one.
	NewestAgeNs int64
}

// Set is the samples that belong to one time, or for each stream the reason why there is none: the manifest.
type Set struct {
	// ID counts from 1 without gaps, over all time bases.
	ID uint64
	// TimeBase counts from 1. Set times only grow within one time base; see guard.go for when a new one begins.
	TimeBase uint32
	Stamp    sensors.StampNs
	Kind     Kind
	// Reference is the stream that gave the time; -1 for Virtual.
	Reference int
	Close     CloseReason
	// Members has one entry a stream, in rig order.
	Members []Member
	// Opened is when the reference's sample arrived (for a missing one: when it should have); Closed when the set closed.
	Opened, Closed sensors.StampNs
}

// Wait is the time from the reference's arrival to closing: what alignment added to the latency.
func (s *Set) Wait() time.Duration { return s.Closed.Sub(s.Opened) }

// Clone returns a copy that shares no memory with s.
func (s *Set) Clone() *Set {
	c := *s
	c.Members = append([]Member(nil), s.Members...)
	return &c
}

// Sink takes what an Aligner puts out. Both methods are called from inside Add, Tick, Flush and Reject; of the aligner's
// methods that change it only Reject may be called back, and only from Closed.
type Sink interface {
	// Closed is called once for each set, in order of time. The set is valid during the call only: Clone what must last.
	Closed(set *Set)
	// Left is called exactly once for each sample, when no set can use it any more: free its payload now.
	Left(stream int, seq uint64, fate Fate)
}
