package pipeline

import (
	"log/slog"

	"github.com/fusiond/fusiond/sensors"
)

// egoStream is the ego motion inside the Engine. Its samples are used at once: they enter the history.
type egoStream struct {
	history   sensors.EgoHistory
	received  uint64
	malformed uint64
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
	e.last = motion
	e.history.Add(motion)
}

// restart forgets the motion of a time base that ended, but for the latest sample: stamps to come may be older than any that the
// history holds, and would find no room in it.
func (e *egoStream) restart() {
	e.history = sensors.EgoHistory{}
	if e.last != nil {
		e.history.Add(e.last)
	}
}
