package bus

import (
	"errors"
	"fmt"
	"strings"
)

// Kind is what a subject carries.
type Kind uint8

// The kinds. KindUnknown is the zero value and belongs to no valid Subject.
const (
	KindUnknown Kind = iota
	KindCamera
	KindLidar
	KindRadar
	KindEgo
	KindObjects
	KindManifest
	KindHealth
	KindTruth
	KindDebug
	KindControl
	numKinds
)

// kindInfo says how a kind is spelt in a subject and which message it carries.
type kindInfo struct {
	word   string // the token after the vehicle, or after "sensor"
	sensor bool   // av.<veh>.sensor.<word>.<name>
	named  bool   // av.<veh>.<word>.<name>
	schema string // full message name; empty: the kind carries several
}

var kinds = [numKinds]kindInfo{
	KindUnknown:  {word: "unknown"},
	KindCamera:   {word: "camera", sensor: true, schema: "fusion.v1.CameraFrame"},
	KindLidar:    {word: "lidar", sensor: true, schema: "fusion.v1.PointCloud"},
	KindRadar:    {word: "radar", sensor: true, schema: "fusion.v1.RadarScan"},
	KindEgo:      {word: "ego", schema: "fusion.v1.EgoMotion"},
	KindObjects:  {word: "objects", schema: "fusion.v1.ObjectList"},
	KindManifest: {word: "manifest", schema: "fusion.v1.SetManifest"},
	KindHealth:   {word: "health", schema: "fusion.v1.Health"},
	KindTruth:    {word: "truth", schema: "fusion.v1.TruthFrame"},
	KindDebug:    {word: "debug", named: true},
	KindControl:  {word: "ctl", named: true},
}

func (k Kind) info() kindInfo {
	if k >= numKinds {
		k = KindUnknown
	}
	return kinds[k]
}

// String returns the kind's token in a subject ("camera", "ego", "ctl"), or "unknown".
func (k Kind) String() string { return k.info().word }

// Schema returns the full name of the message that the kind carries, or "" where it carries several (debug, control).
func (k Kind) Schema() string { return k.info().schema }

// Input reports whether the kind is something that the daemon takes in: a sensor or the ego motion.
func (k Kind) Input() bool { return k >= KindCamera && k <= KindEgo }

const (
	subjectRoot  = "av"
	sensorToken  = "sensor"
	maxToken     = 64
	maxDebugName = 4 // tokens
)

// Subject is a parsed subject of one vehicle.
type Subject struct {
	// Vehicle is the vehicle's id.
	Vehicle string
	Kind    Kind
	// Name is the sensor's name, the control verb, or the debug channel (which may have several tokens); empty elsewhere.
	Name string
}

// CameraSubject returns av.<vehicle>.sensor.camera.<name>. Like all constructors here it does not validate: see Validate.
func CameraSubject(vehicle, name string) Subject { return Subject{vehicle, KindCamera, name} }

// LidarSubject returns av.<vehicle>.sensor.lidar.<name>.
func LidarSubject(vehicle, name string) Subject { return Subject{vehicle, KindLidar, name} }

// RadarSubject returns av.<vehicle>.sensor.radar.<name>.
func RadarSubject(vehicle, name string) Subject { return Subject{vehicle, KindRadar, name} }

// EgoSubject returns av.<vehicle>.ego.
func EgoSubject(vehicle string) Subject { return Subject{Vehicle: vehicle, Kind: KindEgo} }

// ObjectsSubject returns av.<vehicle>.objects.
func ObjectsSubject(vehicle string) Subject { return Subject{Vehicle: vehicle, Kind: KindObjects} }

// ManifestSubject returns av.<vehicle>.manifest.
func ManifestSubject(vehicle string) Subject { return Subject{Vehicle: vehicle, Kind: KindManifest} }

// HealthSubject returns av.<vehicle>.health.
func HealthSubject(vehicle string) Subject { return Subject{Vehicle: vehicle, Kind: KindHealth} }

// TruthSubject returns av.<vehicle>.truth.
func TruthSubject(vehicle string) Subject { return Subject{Vehicle: vehicle, Kind: KindTruth} }

// DebugSubject returns av.<vehicle>.debug.<name>; name may have up to four tokens.
func DebugSubject(vehicle, name string) Subject { return Subject{vehicle, KindDebug, name} }

// ControlSubject returns av.<vehicle>.ctl.<verb>.
func ControlSubject(vehicle, verb string) Subject { return Subject{vehicle, KindControl, verb} }

// String returns the subject as NATS knows it. It does not validate.
func (s Subject) String() string {
	k := s.Kind.info()
	switch {
	case k.sensor:
		return subjectRoot + "." + s.Vehicle + "." + sensorToken + "." + k.word + "." + s.Name
	case k.named:
		return subjectRoot + "." + s.Vehicle + "." + k.word + "." + s.Name
	default:
		return subjectRoot + "." + s.Vehicle + "." + k.word
	}
}

// Validate says what is wrong with the vehicle, the kind or the name; all faults at once.
func (s Subject) Validate() error {
	k := s.Kind.info()
	errs := []error{checkToken("vehicle", s.Vehicle)}
	switch {
	case s.Kind == KindUnknown || s.Kind >= numKinds:
		errs = append(errs, errors.New("kind is not set"))
	case s.Kind == KindDebug:
		tokens := strings.Split(s.Name, ".")
		if len(tokens) > maxDebugName {
			errs = append(errs, fmt.Errorf("debug name %q has %d tokens: at most %d", clip(s.Name), len(tokens), maxDebugName))
			break
		}
		for _, t := range tokens {
			errs = append(errs, checkToken("debug name", t))
		}
	case k.sensor || k.named:
		errs = append(errs, checkToken(k.word+" name", s.Name))
	case s.Name != "":
		errs = append(errs, fmt.Errorf("%s has no name, got %q", k.word, clip(s.Name)))
	}
	return errors.Join(errs...)
}

// CheckToken reports whether s can be a vehicle id or a sensor name: 1 to 64 ASCII letters, digits, '_' or '-'.
func CheckToken(s string) error { return checkToken("name", s) }

func checkToken(what, s string) error {
	const cure = "use 1 to 64 letters, digits, '_' or '-'"
	if s == "" {
		return fmt.Errorf("%s is empty: %s", what, cure)
	}
	if len(s) > maxToken {
		return fmt.Errorf("%s %q is %d characters long: %s", what, clip(s), len(s), cure)
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-':
		case c == '*' || c == '>':
			return fmt.Errorf("%s %q holds the wildcard %q: %s", what, s, c, cure)
		default:
			return fmt.Errorf("%s %q holds %q: %s", what, s, c, cure)
		}
	}
	return nil
}

// ParseSubject is the inverse of Subject.String. Errors name the subject and what was expected.
func ParseSubject(subject string) (Subject, error) {
	const shape = "want av.<vehicle>.sensor.<camera|lidar|radar>.<name>, or " +
		"av.<vehicle>.<ego|objects|manifest|health|truth|debug.<name>|ctl.<verb>>"
	fail := func(why string) (Subject, error) {
		return Subject{}, fmt.Errorf("parse subject %q: %s: %s", clip(subject), why, shape)
	}
	root, rest, ok := strings.Cut(subject, ".")
	if !ok || root != subjectRoot {
		return fail("does not begin with \"av.\"")
	}
	s := Subject{}
	if s.Vehicle, rest, ok = strings.Cut(rest, "."); !ok {
		return fail("ends after the vehicle")
	}
	word, name, named := strings.Cut(rest, ".")
	sensor := word == sensorToken
	if sensor {
		if word, name, named = strings.Cut(name, "."); !named {
			return fail("a sensor needs a modality and a name")
		}
	}
	s.Kind = kindOf(word, sensor)
	if s.Kind == KindUnknown {
		return fail(fmt.Sprintf("%q is not known", clip(word)))
	}
	if k := s.Kind.info(); named && !k.sensor && !k.named {
		return fail(k.word + " takes no name")
	}
	s.Name = name
	if err := s.Validate(); err != nil {
		return Subject{}, fmt.Errorf("parse subject %q: %w", clip(subject), err)
	}
	return s, nil
}

func kindOf(word string, sensor bool) Kind {
	for k := KindCamera; k < numKinds; k++ {
		if kinds[k].word == word && kinds[k].sensor == sensor {
			return k
		}
	}
	return KindUnknown
}

// clip bounds foreign text that goes into an error or a log.
func clip(s string) string {
	const limit = 128
	if len(s) <= limit {
		return s
	}
	return s[:limit] + "..."
}
