package pipeline

import (
	"github.com/fusiond/fusiond/sensors"
)

// egoStream is the ego motion inside the Engine. Its samples are used at once: they enter the history.
type egoStream struct {
	history   sensors.EgoHistory
	received  uint64
	malformed uint64
	unknown   uint64 // messages of streams that the rig does not have
	lastError string
	last      sensors.Meta
}

func (e *egoStream) add(m Message) {
	e.received++
	motion, err := sensors.ParseEgoMotion(m.Data, sensors.Meta{
		Sensor: sensors.EgoStream, Modality: sensors.Ego, Seq: e.received, Received: m.Received,
	})
	if err != nil {
		e.malformed++
		e.lastError = err.Error()
		return
	}
	e.last = motion.Meta
	e.history.Add(motion)
}
