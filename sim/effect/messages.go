package effect

import (
	"math"
	"time"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/timeline"
)

// TAIOffset is what TAI is ahead of UTC since 2017: a clock fault of ClockOffset 37 s is a driver that forgot the leap seconds.
const TAIOffset = 37 * time.Second

// Event is one message of one stream.
type Event struct {
	// Stamp is the time of validity by the sensor's clock. The payload carries it too: who changed it here must write it there, see
	// Restamped.
	Stamp sensors.StampNs
	// Received is the arrival by the receiver's clock.
	Received sensors.StampNs
	// Payload is the message. It is shared with the input, except where bits were flipped (then it is a copy).
	Payload []byte
	// Restamped says that Stamp is not the one in Payload any more.
	Restamped bool
	// Flipped says that bits of the payload were turned over: it is broken on purpose and must not be parsed and written anew. When Restamped
	// too, the stamp in the payload is the old one.
	Flipped bool
}

// Messages lays transport and clock faults over the messages of one stream, in the order of their numbers.
type Messages struct {
	key    chance.Key
	period time.Duration // between the last two stamps

	began           bool
	last            sensors.StampNs // true stamp of the last message
	drift           float64         // ns, gathered while there is drift
	stuck           []byte          // content that is repeated
	stuckOn         bool
	lastPayload     []byte
	frozen, shown   sensors.StampNs
	frozenOn, shows bool
}

// NewMessages makes the faults of a stream; sensor is the sensor's key.
func NewMessages(sensor chance.Key) *Messages {
	return &Messages{key: sensor.With("messages"), period: 100 * time.Millisecond}
}

// flipBits is how many bits are turned over in a broken message at most.
const flipBits = 4

// Append appends what becomes of message number index under a fault: nothing (dead, dropped), one event, or two (duplicate). Events may
// be out of order of arrival and must be sorted by Received by the caller; none arrives before it was received in truth. The last payload
// is retained, for a sensor that gets stuck.
//
//   - Dead and dropped messages vanish.
//   - Stuck repeats the content of the last message before it, with stamps that go on.
//   - Delay and jitter (normal, of one sigma Jitter) are added to the arrival, together never negative.
//   - Reorder holds a message back for 1.2 to 2.2 periods, so that the next one or two overtake it.
//   - A duplicate comes again 0.05 to 0.5 periods later.
//   - A bit flip turns over 1 to 4 bits.
//   - The clock: ClockOffset is added to the stamp, ClockDriftPpm grows from the moment it begins, and a frozen clock shows its last stamp.
func (m *Messages) Append(dst []Event, index uint64, e Event, f *timeline.Fault) []Event {
	key := m.key.At(index)
	m.follow(&e, f)
	if f.Dead || key.At(0).Chance(f.DropShare) {
		return dst
	}
	extra := float64(f.Delay)
	if f.Jitter > 0 {
		extra += float64(f.Jitter) * key.At(1).Norm()
	}
	if key.At(2).Chance(f.ReorderShare) {
		extra += float64(m.period) * (1.2 + key.At(3).Float64())
	}
	e.Received += sensors.StampNs(max(extra, 0))
	again := key.At(4).Chance(f.DuplicateShare)
	twin := e
	if key.At(5).Chance(f.BitFlipShare) && len(e.Payload) > 0 {
		e.Payload, e.Flipped = flipped(e.Payload, key.At(6)), true
	}
	dst = append(dst, e)
	if again {
		twin.Received += sensors.StampNs(float64(m.period) * (0.05 + 0.45*key.At(7).Float64()))
		dst = append(dst, twin)
	}
	return dst
}

// follow keeps the stream's state and applies stuck content and the clock.
func (m *Messages) follow(e *Event, f *timeline.Fault) {
	if step := e.Stamp.Sub(m.last); m.began {
		if step > 0 && step < 10*time.Second {
			m.period = step
		}
		m.drift += float64(step) * f.ClockDriftPpm * 1e-6
	}
	if f.ClockDriftPpm == 0 {
		m.drift = 0
	}
	m.began, m.last = true, e.Stamp

	if f.Stuck {
		if !m.stuckOn {
			m.stuck, m.stuckOn = m.lastPayload, true
			if m.stuck == nil {
				m.stuck = e.Payload
			}
		}
		e.Payload, e.Restamped = m.stuck, true
	} else {
		m.stuckOn, m.lastPayload = false, e.Payload
	}

	if moved := f.ClockOffset + time.Duration(math.Round(m.drift)); moved != 0 {
		e.Stamp, e.Restamped = e.Stamp.Add(moved), true
	}
	if f.ClockFrozen {
		if !m.frozenOn {
			m.frozen, m.frozenOn = e.Stamp, true
			if m.shows {
				m.frozen = m.shown
			}
		}
		if e.Stamp != m.frozen {
			e.Stamp, e.Restamped = m.frozen, true
		}
	} else {
		m.frozenOn = false
	}
	m.shown, m.shows = e.Stamp, true
}

// flipped is a copy with 1 to 4 different bits turned over.
func flipped(payload []byte, key chance.Key) []byte {
	out := append([]byte(nil), payload...)
	s := key.Source()
	count := min(1+s.IntN(flipBits), 8*len(out))
	for done := 0; done < count; {
		bit := s.IntN(8 * len(out))
		if mask := byte(1) << (bit % 8); (out[bit/8]^payload[bit/8])&mask == 0 {
			out[bit/8] ^= mask
			done++
		}
	}
	return out
}
