package replay

import (
	"fmt"
	"strings"

	"github.com/fusiond/fusiond/sensors"
)

// Names of the topics of one vehicle, as on the bus.

// SensorTopic is av.<vehicle>.sensor.<modality>.<sensor>.
func SensorTopic(vehicle string, m sensors.Modality, sensor sensors.SensorID) string {
	return fmt.Sprintf("av.%s.sensor.%s.%s", vehicle, m, sensor)
}

// EgoTopic is av.<vehicle>.ego.
func EgoTopic(vehicle string) string { return "av." + vehicle + ".ego" }

// TruthTopic is av.<vehicle>.truth; recordings only.
func TruthTopic(vehicle string) string { return "av." + vehicle + ".truth" }

// Topic is what a topic's name says.
type Topic struct {
	Vehicle string
	// Kind is "sensor", "ego", "truth", "objects", "manifest", "health", "debug", "ctl", ...; empty for names of other forms.
	Kind string
	// Modality and Sensor are set for Kind "sensor" and "ego" only: ask Kind first, because the zero Modality is that of lidars.
	Modality sensors.Modality
	Sensor   sensors.SensorID
}

// IsInput reports whether a vehicle sends it: a sensor or the ego motion.
func (t Topic) IsInput() bool { return t.Kind == "sensor" || t.Kind == "ego" }

// ParseTopic reads a topic's name. Names of other forms ("/tf") give a Topic with an empty Kind.
func ParseTopic(name string) Topic {
	part := strings.Split(name, ".")
	if len(part) < 3 || part[0] != "av" || part[1] == "" {
		return Topic{}
	}
	t := Topic{Vehicle: part[1], Kind: part[2]}
	switch {
	case t.Kind == "sensor":
		if len(part) != 5 {
			return Topic{}
		}
		m, err := sensors.ParseModality(part[3])
		if err != nil || m == sensors.Ego || part[4] == "" {
			return Topic{}
		}
		t.Modality, t.Sensor = m, sensors.SensorID(part[4])
	case t.Kind == "ego":
		t.Modality, t.Sensor = sensors.Ego, sensors.EgoStream
	}
	return t
}

// Token makes a name safe as one token of a subject and as part of a file name: letters, digits, '-' and '_' stay,
// everything else becomes '-'. An empty name becomes "vehicle".
func Token(name string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '-'
	}, name)
	if s == "" {
		return "vehicle"
	}
	return s
}
