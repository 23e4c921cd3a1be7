package bus

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Ready gives a value when messages may be waiting: then call TryReceive until it returns false. The channel is never
// closed.
func (in *Ingest) Ready() <-chan struct{} { return in.ready }

// TryReceive returns the message that arrived first of all that wait, or false.
func (in *Ingest) TryReceive() (Message, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	var oldest *stream
	var at uint64
	for _, st := range in.order {
		if m := st.ring.Oldest(); m != nil && (oldest == nil || m.Arrival < at) {
			oldest, at = st, m.Arrival
		}
	}
	if oldest == nil {
		return Message{}, false
	}
	oldest.deliver++
	return oldest.ring.Pop()
}

// Receive waits for the next message in order of arrival. After Close it still gives what waits, then ErrClosed.
func (in *Ingest) Receive(ctx context.Context) (Message, error) {
	for {
		if m, ok := in.TryReceive(); ok {
			in.signal() // another reader may wait for what is left
			return m, nil
		}
		select {
		case <-in.ready:
		case <-ctx.Done():
			return Message{}, fmt.Errorf("receive: %w", ctx.Err())
		case <-in.closing:
			if m, ok := in.TryReceive(); ok {
				return m, nil
			}
			return Message{}, fmt.Errorf("receive: %w", ErrClosed)
		}
	}
}

// Stats is a snapshot of all streams at one moment.
func (in *Ingest) Stats() IngestStats {
	var out IngestStats
	for _, s := range in.subs {
		out.SlowConsumer += s.Dropped()
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	out.UnknownUnnamed = in.unnamed
	for _, st := range in.order {
		s := StreamStats{
			Subject: st.subject, Received: st.received, Delivered: st.deliver, Pending: uint64(st.ring.Len()), //nolint:gosec // not negative
			Dropped: make(map[Reason]uint64), Gaps: st.gaps, MissingHeaders: st.missing, Restarts: st.restarts,
		}
		for r, n := range st.dropped {
			if n > 0 {
				s.Dropped[Reason(r)] = n //nolint:gosec // an index of numReasons
			}
		}
		out.Streams = append(out.Streams, s)
	}
	for subject, n := range in.unknown {
		out.Unknown = append(out.Unknown, UnknownSubject{Subject: subject, Dropped: n})
	}
	slices.SortFunc(out.Unknown, func(a, b UnknownSubject) int { return strings.Compare(a.Subject, b.Subject) })
	return out
}

// Close ends the subscriptions; what NATS had delivered is still taken in, within two seconds. What waits in the rings
// can be received afterwards. Further calls return the first one's error.
func (in *Ingest) Close() error {
	in.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		errs := make([]error, len(in.subs))
		var wg sync.WaitGroup
		for i, s := range in.subs {
			wg.Go(func() { errs[i] = s.drain(ctx) })
		}
		wg.Wait()
		close(in.closing)
		in.bus.mu.Lock()
		delete(in.bus.ingests, in)
		in.bus.mu.Unlock()
		for _, err := range errs {
			if err != nil && in.err == nil {
				in.err = fmt.Errorf("close ingest: %w", err)
			}
		}
	})
	return in.err
}
