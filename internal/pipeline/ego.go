package pipeline

import (
	"log/slog"
	"time"

	"github.com/fusiond/fusiond/sensors"
)

// egoStream is the ego motion inside the Engine. Its samples are used at once: they enter the history.
type egoStream struct {
	history   sensors.EgoHistory
	received  uint64
	malformed uint64
	clock     uint64             // stamps that cannot be true
	last      *sensors.EgoMotion // in order of arrival; nil before the first
}

func (e *egoStream) add(m Message, log *slog.Logger) {
	e.received++
	motion, err := sensors.ParseEgoMotion(m.Data, sensors.Meta{
		Sensor: sensors.EgoStream, Modality: sensors.Ego, Seq: e.received, Received: m.Received,
	})
	if err != nil {
		e.malformed++
		log.Error("sample dropped", "sensor", sensors.EgoStream, "seq", e.received, "reason", "malformed", "error", err)
		return
	}
	if lead := motion.Stamp.Sub(m.Received); motion.Stamp < firstEgoDate || lead > maxEgoLead {
		e.clock++
		log.Error("sample dropped", "sensor", sensors.EgoStream, "seq", e.received, "reason", "clock", "stamp", int64(motion.Stamp))
		return
	}
	e.last = motion
	e.history.Add(motion)
}

// What a stamp of ego motion must not be: before 2000-01-01, or this far ahead of its arrival. One from the far future would stay the
// newest for ever.
const (
	firstEgoDate sensors.StampNs = 946_684_800e9
	maxEgoLead                   = time.Second
)

// restart forgets the motion of a time base that ended, but for the latest sample: stamps to come may be older than any that the
// history holds, and would find no room in it.
func (e *egoStream) restart() {
	e.history = sensors.EgoHistory{}
	if e.last != nil {
		e.history.Add(e.last)
	}
}
