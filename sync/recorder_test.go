package timesync

import (
	"testing"
	"time"

	"github.com/fusiond/fusiond/sensors"
)

type sampleKey struct {
	stream int
	seq    uint64
}

type leaving struct {
	stream int
	seq    uint64
	fate   Fate
}

// recorder is a Sink that keeps everything and checks, at every call, what must always hold: samples leave once, members are
// held, sets have gapless ids, never cross and never go back, closing is in time, a silence ends in sleep, and the counters add up.
type recorder struct {
	t       testing.TB
	a       *Aligner
	sets    []*Set
	left    []leaving
	pending map[sampleKey]bool
	used    map[sampleKey]bool
	fates   [][NumFates]uint64
	added   []uint64
	heard   sensors.StampNs // latest arrival of a stream that is not disabled
	reject  func(*Set)      // called from Closed
}

func newRecorder(t testing.TB, a *Aligner) *recorder {
	n := len(a.config.Streams)
	return &recorder{
		t: t, a: a, pending: map[sampleKey]bool{}, used: map[sampleKey]bool{},
		fates: make([][NumFates]uint64, n), added: make([]uint64, n),
	}
}

// add hands one arrival to the aligner and checks the accounts.
func (r *recorder) add(h Header) {
	r.t.Helper()
	k := sampleKey{h.Stream, h.Seq}
	r.pending[k] = true
	r.added[h.Stream]++
	kept := r.a.Add(h, r)
	if !r.a.config.Streams[h.Stream].Disabled {
		r.heard = r.a.now
	}
	if kept != r.pending[k] {
		r.t.Fatalf("Add(%+v) reports held = %v, but the sample left = %v", h, kept, !r.pending[k])
	}
	r.check()
}

func (r *recorder) check() {
	r.t.Helper()
	var pending uint64
	for i := range r.added {
		c := r.a.Counters(i)
		pending += c.Pending
		if c.Received != r.added[i] || c.Received != c.Used+c.DroppedTotal()+c.Pending {
			r.t.Fatalf("stream %d: %+v: want received = %d = used + dropped + pending", i, c, r.added[i])
		}
		for f := range NumFates {
			got := c.Dropped[f]
			if f == Used {
				got = c.Used
			}
			if got != r.fates[i][f] {
				r.t.Fatalf("stream %d: counted %d %v, but %d left so", i, got, f, r.fates[i][f])
			}
		}
		if limit := uint64(len(r.a.streams[i].ring)); c.Pending > limit || limit > 256 {
			r.t.Fatalf("stream %d holds %d samples in a ring of %d", i, c.Pending, limit)
		}
	}
	if int(pending) != len(r.pending) {
		r.t.Fatalf("%d samples pending, but %d have not left", pending, len(r.pending))
	}
	if len(r.a.open) > maxOpen {
		r.t.Fatalf("%d open sets", len(r.a.open))
	}
	if due, ok := r.a.Deadline(); ok && due <= r.a.now {
		r.t.Fatalf("deadline %v is not after now %v", due, r.a.now)
	}
}

func (r *recorder) Left(stream int, seq uint64, fate Fate) {
	k := sampleKey{stream, seq}
	if !r.pending[k] {
		r.t.Fatalf("stream %d seq %d left twice, or was never added (%v)", stream, seq, fate)
	}
	if (fate == Used) && !r.used[k] || fate != Used && fate != Decode && fate != Overrun && r.used[k] {
		r.t.Fatalf("stream %d seq %d left as %v, used = %v", stream, seq, fate, r.used[k])
	}
	delete(r.pending, k)
	r.fates[stream][fate]++
	r.left = append(r.left, leaving{stream, seq, fate})
}

func (r *recorder) Closed(s *Set) {
	r.t.Helper()
	if s.ID != uint64(len(r.sets)+1) {
		r.t.Fatalf("set id %d after %d sets", s.ID, len(r.sets))
	}
	for i, m := range s.Members {
		k := sampleKey{i, m.Seq}
		switch {
		case m.Present != (m.Absence == NotAbsent):
			r.t.Fatalf("set %d stream %d: present %v and absence %v", s.ID, i, m.Present, m.Absence)
		case m.Present && !r.pending[k]:
			r.t.Fatalf("set %d: member %d of stream %d has left", s.ID, m.Seq, i)
		case m.Present && m.Reused != r.used[k]:
			r.t.Fatalf("set %d: member %d of stream %d: reused = %v, was used = %v", s.ID, m.Seq, i, m.Reused, r.used[k])
		case m.Present && (m.AgeNs != int64(s.Stamp-m.Stamp) || m.WaitNs < 0):
			r.t.Fatalf("set %d: member %+v: wrong age or wait", s.ID, m)
		}
		if m.Present {
			r.used[k] = true
		}
	}
	if len(r.sets) > 0 {
		r.checkOrder(r.sets[len(r.sets)-1], s)
	}
	limit := r.a.config.MaxWait
	if s.Kind != Reference || s.Reference != r.a.references[0] {
		limit = max(limit, r.a.grid.period/2)
	}
	if s.Wait() > limit || s.Wait() < 0 {
		r.t.Fatalf("set %d (%v, %v) closed %v after its reference's arrival, want at most %v", s.ID, s.Kind, s.Close, s.Wait(), limit)
	}
	if r.heard == 0 && s.Kind == Virtual {
		r.t.Fatalf("set %d of the virtual clock before anything was heard", s.ID)
	}
	if limit := r.silence(); s.Kind == Virtual && s.Closed.Sub(r.heard) > limit {
		r.t.Fatalf("set %d of the virtual clock closed %v after the last arrival, want at most %v", s.ID, s.Closed.Sub(r.heard), limit)
	}
	r.sets = append(r.sets, s.Clone())
	if r.reject != nil {
		r.reject(s)
	}
}

// silence is how long after the last arrival there may still be sets: until the pause is over and the slowest stream is idle,
// and then a period and a wait.
func (r *recorder) silence() time.Duration {
	limit := r.a.pause()
	for i := range r.a.streams {
		limit = max(limit, r.a.streams[i].config.Period*3/2)
	}
	return limit + r.a.grid.period + r.a.config.MaxWait
}

// checkOrder holds that times grow by at least half a period, and that no stream's members run backwards.
func (r *recorder) checkOrder(before, s *Set) {
	r.t.Helper()
	if s.Closed < before.Closed {
		r.t.Fatalf("set %d closed before set %d", s.ID, before.ID)
	}
	if s.TimeBase != before.TimeBase {
		return
	}
	if gap := s.Stamp.Sub(before.Stamp); gap < r.a.grid.period/2 {
		r.t.Fatalf("sets %d and %d are %v apart, want at least half a period", before.ID, s.ID, gap)
	}
	for i := range s.Members {
		if b, m := before.Members[i], s.Members[i]; b.Present && m.Present && m.Stamp < b.Stamp {
			r.t.Fatalf("sets %d and %d cross in stream %d: %+v, then %+v", before.ID, s.ID, i, b, m)
		}
	}
}

// feed adds headers in order of arrival and then flushes after the given time.
func (r *recorder) feed(headers []Header, after time.Duration) {
	r.t.Helper()
	var end sensors.StampNs
	for _, h := range headers {
		r.add(h)
		end = max(end, h.Received)
	}
	r.a.Flush(end.Add(after), r)
	r.check()
	if len(r.pending) != 0 {
		r.t.Fatalf("%d samples never left", len(r.pending))
	}
}
