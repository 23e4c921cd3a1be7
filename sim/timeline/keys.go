package timeline

import (
	"math"
	"slices"
	"strings"
	"time"
)

// key is one thing that an entry may order. A value is one or three numbers (flags are 0 or 1, durations nanoseconds).
type key struct {
	name, doc string
	kind      kind
	weather   bool // of all sensors; the others are of single ones
	low, high float64
	set       func(*Conditions, [3]float64)
}

type kind uint8

const (
	number   kind = iota
	flag          // true or false: takes effect at once
	duration      // "37s", "20ms"
	triple        // three numbers
)

const degree = math.Pi / 180

// visibilityContrast turns a visibility (meteorological optical range at 5 % contrast) into an extinction: -ln 0.05.
const visibilityContrast = 2.995732273553991

// keys of an entry, in the order of the documentation.
var keys = []key{
	w("fog", "extinction of fog, 1/m; visibility is 3.0 divided by it", 0, 1, func(c *Conditions, v float64) { c.FogPerM = v }),
	w("rain", "rain, mm/h", 0, 200, func(c *Conditions, v float64) { c.RainMmH = v }),
	w("snow", "snowfall, mm/h of water", 0, 50, func(c *Conditions, v float64) { c.SnowMmH = v }),
	w("wet", "water film on the road, mm", 0, 5, func(c *Conditions, v float64) { c.WetMm = v }),
	w("spray", "how strongly vehicles throw up water, 0..1", 0, 1, func(c *Conditions, v float64) { c.Spray = v }),
	w("light", "daylight: 1 clear noon, 0 night", 0, 1, func(c *Conditions, v float64) { c.Light = v }),
	w("sun_elevation", "sun above the horizon, degrees", -90, 90, func(c *Conditions, v float64) { c.SunElevationRad = v * degree }),
	w("sun_azimuth", "direction of the sun, degrees counter-clockwise from the local x axis", -360, 360,
		func(c *Conditions, v float64) { c.SunAzimuthRad = v * degree }),

	on("dead", "sends nothing", func(c *Conditions, v bool) { c.Dead = v }),
	on("stuck", "repeats its last content with new stamps", func(c *Conditions, v bool) { c.Stuck = v }),
	d("delay", "later arrival", 0, time.Minute, func(c *Conditions, v time.Duration) { c.Delay = v }),
	d("jitter", "one sigma of the arrival", 0, 10*time.Second, func(c *Conditions, v time.Duration) { c.Jitter = v }),
	f("drop", "share of messages lost", 0, 1, func(c *Conditions, v float64) { c.DropShare = v }),
	f("duplicate", "share of messages sent twice", 0, 1, func(c *Conditions, v float64) { c.DuplicateShare = v }),
	f("reorder", "share of messages that arrive after the next one", 0, 1, func(c *Conditions, v float64) { c.ReorderShare = v }),
	f("bit_flip", "share of messages with one wrong bit", 0, 1, func(c *Conditions, v float64) { c.BitFlipShare = v }),
	d("clock_offset", "added to the stamp, for example 37s for TAI", -24*time.Hour, 24*time.Hour,
		func(c *Conditions, v time.Duration) { c.ClockOffset = v }),
	f("clock_drift", "drift of the stamp from here on, ppm", -1e5, 1e5, func(c *Conditions, v float64) { c.ClockDriftPpm = v }),
	on("clock_frozen", "the stamp stays the last one", func(c *Conditions, v bool) { c.ClockFrozen = v }),
	f("lost_beams", "share of a lidar's beams that give nothing", 0, 1, func(c *Conditions, v float64) { c.LostBeams = v }),
	f("lost_points", "share of a lidar's returns that are lost", 0, 1, func(c *Conditions, v float64) { c.LostPoints = v }),
	f("field", "what is left of the field of view, degrees to each side; 0 is all", 0, 180,
		func(c *Conditions, v float64) { c.FieldRad = v * degree }),
	f("blocked", "share of the aperture covered", 0, 1, func(c *Conditions, v float64) { c.BlockedShare = v }),
	f("lens_drops", "water drops on a lens, 0..1", 0, 1, func(c *Conditions, v float64) { c.LensDrops = v }),
	f("blur", "defocus, sigma in pixels", 0, 100, func(c *Conditions, v float64) { c.BlurPx = v }),
	f("glare", "low sun in the picture, 0..1", 0, 1, func(c *Conditions, v float64) { c.Glare = v }),
	f("darken", "share of light that a failing exposure loses, 0..1", 0, 1, func(c *Conditions, v float64) { c.Darken = v }),
	f("interference", "raised noise floor of a radar, dB", 0, 60, func(c *Conditions, v float64) { c.InterferenceDB = v }),
	t("rotate", "calibration error about the sensor's x, y, z, degrees", -45, 45, func(c *Conditions, v [3]float64) {
		c.RotateRad = [3]float64{v[0] * degree, v[1] * degree, v[2] * degree}
	}),
	t("shift", "calibration error along the vehicle's x, y, z, m", -5, 5, func(c *Conditions, v [3]float64) { c.ShiftM = v }),
}

func w(name, doc string, low, high float64, set func(*Conditions, float64)) key {
	k := f(name, doc, low, high, set)
	k.weather = true
	return k
}

func f(name, doc string, low, high float64, set func(*Conditions, float64)) key {
	return key{name: name, doc: doc, low: low, high: high, set: func(c *Conditions, v [3]float64) { set(c, v[0]) }}
}

func on(name, doc string, set func(*Conditions, bool)) key {
	return key{name: name, doc: doc, kind: flag, high: 1, set: func(c *Conditions, v [3]float64) { set(c, v[0] != 0) }}
}

func d(name, doc string, low, high time.Duration, set func(*Conditions, time.Duration)) key {
	return key{
		name: name, doc: doc, kind: duration, low: float64(low), high: float64(high),
		set: func(c *Conditions, v [3]float64) { set(c, time.Duration(v[0])) },
	}
}

func t(name, doc string, low, high float64, set func(*Conditions, [3]float64)) key {
	return key{name: name, doc: doc, kind: triple, low: low, high: high, set: set}
}

func keyNamed(name string) *key {
	if i := slices.IndexFunc(keys, func(k key) bool { return k.name == name }); i >= 0 {
		return &keys[i]
	}
	return nil
}

// Docs describes every key of a time line's entries, one a line.
func Docs() string {
	var b strings.Builder
	line := func(name, doc string) { b.WriteString(name + strings.Repeat(" ", max(1, 16-len(name))) + doc + "\n") }
	line("at", "when it begins, from the drive's start")
	line("over", "how long it takes to get there, evenly; flags do not wait; default 0")
	line("until", "when it begins to go back to what it was before, again over the same time; default never")
	line("sensor", "a name, a modality (camera, lidar, radar, ego), or a list; none for weather")
	line("visibility", "instead of fog: the distance of 5 % contrast, m")
	for i := range keys {
		line(keys[i].name, keys[i].doc)
	}
	return b.String()
}
