package sensors

import (
	"maps"
	"slices"
	"strconv"
)

// Rig is one vehicle's sensors and calibration: what the rig's YAML file holds. See LoadRig.
type Rig struct {
	Vehicle  string
	Revision string
	Body     Body
	// Sensors in the file's order, which is the order of every manifest, mask and table. Between lidars the earlier one is
	// preferred as reference and as the fuser's lidar.
	Sensors []Sensor
}

// Body is the vehicle's box in the ego frame, metres.
type Body struct {
	LengthM, WidthM, HeightM float64
	// RearOverhangM is the distance from the rear axle to the rear bumper.
	RearOverhangM float64
}

// Sensor is one entry of the rig.
type Sensor struct {
	Name          SensorID
	Modality      Modality
	EgoFromSensor Pose
	// RateHz is nominal. PhaseNs is the nominal stamp relative to the reference's, modulo the period.
	RateHz  float64
	PhaseNs int64
	// Field of view in radians (0 = not known; azimuth 2*pi = all around) and useful range in metres.
	AzimuthFovRad, ElevationFovRad, RangeM float64
	Clock                                  Clock
	// Intrinsics is set for cameras only.
	Intrinsics *Intrinsics
}

// Clock says what a sensor's stamps are worth.
type Clock uint8

// The clocks, as in the message.
const (
	ClockUnknown Clock = iota
	ClockSynchronised
	ClockFreeRunning
)

var clockNames = [...]string{ClockUnknown: "unknown", ClockSynchronised: "synchronised", ClockFreeRunning: "free_running"}

// String returns the name in the rig's file: "unknown", "synchronised" or "free_running".
func (c Clock) String() string { return nameOf(clockNames[:], uint8(c), "clock") }

// LensModel is the distortion model of a camera.
type LensModel uint8

// The lens models, named as OpenCV's two families: pinhole with radial and tangential terms, and the Kannala-Brandt fisheye.
const (
	PinholeRadTan LensModel = iota
	FisheyeKB4
)

var lensNames = [...]string{PinholeRadTan: "pinhole_radtan", FisheyeKB4: "fisheye_kb4"}

// String returns the name in the rig's file: "pinhole_radtan" or "fisheye_kb4".
func (l LensModel) String() string { return nameOf(lensNames[:], uint8(l), "lens") }

// nameOf returns names[i], or kind(i) for a number without name.
func nameOf(names []string, i uint8, kind string) string {
	if int(i) < len(names) && names[i] != "" {
		return names[i]
	}
	return kind + "(" + strconv.Itoa(int(i)) + ")"
}

// Intrinsics of a camera, in pixels of the recorded image; pixel centres have integer coordinates.
type Intrinsics struct {
	Width, Height  int
	Fx, Fy, Cx, Cy float64
	Model          LensModel
	// Distortion: k1, k2, p1, p2, k3, k4, k5, k6 for PinholeRadTan; k1..k4 for FisheyeKB4; missing ones are zero.
	Distortion [8]float64
}

// Find returns the sensor of that name.
func (r *Rig) Find(name SensorID) (*Sensor, bool) {
	for i := range r.Sensors {
		if r.Sensors[i].Name == name {
			return &r.Sensors[i], true
		}
	}
	return nil, false
}

// Of returns the sensors of one modality in the rig's order.
func (r *Rig) Of(m Modality) []*Sensor {
	var out []*Sensor
	for i := range r.Sensors {
		if r.Sensors[i].Modality == m {
			out = append(out, &r.Sensors[i])
		}
	}
	return out
}

// Covers reports whether the rig has every stream of a recording with its modality; the ego stream needs no entry. The
// error, a *RigError, names all that are missing or of another kind, in the order of their names.
func (r *Rig) Covers(streams map[SensorID]Modality) error {
	e := RigError{Name: r.Vehicle}
	for _, name := range slices.Sorted(maps.Keys(streams)) {
		m := streams[name]
		if m == Ego {
			continue
		}
		field := string(name)
		s, ok := r.Find(name)
		switch {
		case !ok:
			e.Faults = append(e.Faults, RigFault{
				Field: field, Got: "no such sensor", Want: "an entry for the recorded " + m.String(),
				Cure: "use the rig of the recording, or add the sensor with its calibration",
			})
		case s.Modality != m:
			e.Faults = append(e.Faults, RigFault{
				Field: field, Got: "a " + s.Modality.String(), Want: "a " + m.String() + " as recorded",
				Cure: "use the rig of the recording, or correct the modality",
			})
		}
	}
	if len(e.Faults) > 0 {
		return &e
	}
	return nil
}
