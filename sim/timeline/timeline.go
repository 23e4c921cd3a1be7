package timeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fusiond/fusiond/sensors"
)

// Timeline is what a scenario orders. The zero value orders nothing. It implements goccy/go-yaml's NodeUnmarshaler, so a scenario file
// can embed it; see Docs for the keys.
type Timeline struct {
	entries []entry
}

// entry is one order.
type entry struct {
	line     int
	at, over time.Duration
	until    time.Duration // 0: never
	sensors  []string      // names and modalities; none for weather
	settings []setting
}

type setting struct {
	key   *key
	value [3]float64
}

// Defaults of the weather: a clear day, sun half way up.
var clearDay = Weather{Light: 1, SunElevationRad: 40 * degree, SunAzimuthRad: 130 * degree}

// Clear is the weather before a time line changes it.
func Clear() Weather { return clearDay }

// Weather at a moment after the drive's start.
func (l *Timeline) Weather(at time.Duration) Weather {
	c := Conditions{Weather: clearDay}
	l.apply(&c, at, func(e *entry) bool { return len(e.sensors) == 0 })
	return c.Weather
}

// Conditions that a sensor meets at a moment after the drive's start.
func (l *Timeline) Conditions(sensor sensors.SensorID, modality sensors.Modality, at time.Duration) Conditions {
	c := Conditions{Weather: clearDay}
	l.apply(&c, at, func(e *entry) bool { return len(e.sensors) == 0 || e.names(sensor, modality) })
	return c
}

// Empty says that nothing is ordered.
func (l *Timeline) Empty() bool { return len(l.entries) == 0 }

// First returns key and line of the first order of one of the keys whose value is not what it is before anything is ordered.
func (l *Timeline) First(keys ...string) (key string, line int, ok bool) {
	for i := range l.entries {
		for _, s := range l.entries[i].settings {
			if slices.Contains(keys, s.key.name) && s.value != baseOf(s.key) {
				return s.key.name, l.entries[i].line, true
			}
		}
	}
	return "", 0, false
}

// Check reports every order that names a sensor which the rig does not have.
func (l *Timeline) Check(rig *sensors.Rig) error {
	var faults []error
	for i := range l.entries {
		for _, name := range l.entries[i].sensors {
			if _, ok := rig.Find(sensors.SensorID(name)); ok || slices.Contains(modalities, name) || name == string(sensors.EgoStream) {
				continue
			}
			faults = append(faults, fmt.Errorf("time line, line %d: rig %s has no sensor %q: name one of its sensors, or %s",
				l.entries[i].line, rig.Vehicle, name, strings.Join(modalities, ", ")))
		}
	}
	return errors.Join(faults...)
}

// modalities are the names that stand for all sensors of a kind.
var modalities = []string{sensors.Lidar.String(), sensors.Radar.String(), sensors.Camera.String(), sensors.Ego.String()}

func (e *entry) names(sensor sensors.SensorID, modality sensors.Modality) bool {
	return slices.Contains(e.sensors, string(sensor)) || slices.Contains(e.sensors, modality.String())
}

// apply sets every key to its value at that moment. An order starts from what the orders before it have made of the key, moves evenly to
// its own value, holds it, and after until goes back to where it started.
func (l *Timeline) apply(c *Conditions, at time.Duration, applies func(*entry) bool) {
	for k := range keys {
		value, known := baseOf(&keys[k]), false
		for i := range l.entries {
			e := &l.entries[i]
			if at < e.at || !applies(e) {
				continue
			}
			for _, s := range e.settings {
				if s.key == &keys[k] {
					value, known = blend(value, s, e.share(at, s.key.kind)), true
				}
			}
		}
		if known {
			keys[k].set(c, value)
		}
	}
}

// baseOf is the value of a key before anything is ordered.
func baseOf(k *key) [3]float64 {
	w := clearDay
	switch k.name {
	case "fog":
		return [3]float64{w.FogPerM}
	case "rain":
		return [3]float64{w.RainMmH}
	case "snow":
		return [3]float64{w.SnowMmH}
	case "wet":
		return [3]float64{w.WetMm}
	case "spray":
		return [3]float64{w.Spray}
	case "light":
		return [3]float64{w.Light}
	case "sun_elevation":
		return [3]float64{w.SunElevationRad / degree}
	case "sun_azimuth":
		return [3]float64{w.SunAzimuthRad / degree}
	default:
		return [3]float64{}
	}
}

// share is how far an order has come at a moment: 0 not at all, 1 entirely.
func (e *entry) share(at time.Duration, k kind) float64 {
	ramp := func(since time.Duration) float64 {
		if e.over == 0 || k == flag {
			return 1
		}
		return min(float64(since)/float64(e.over), 1)
	}
	if e.until > 0 && at >= e.until {
		return 1 - ramp(at-e.until)
	}
	return ramp(at - e.at)
}

func blend(from [3]float64, s setting, share float64) [3]float64 {
	if s.key.kind == flag {
		if share > 0 {
			return s.value
		}
		return from
	}
	for i := range from {
		from[i] += share * (s.value[i] - from[i])
	}
	return from
}
