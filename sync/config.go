package timesync

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/fusiond/fusiond/sensors"
)

// Limits of a configuration. They keep every buffer and every sum of stamps bounded.
const (
	maxStreams = 64 // one bit each in a set's list of streams it waits for
	minPeriod  = time.Millisecond
	maxPeriod  = 10 * time.Second
	maxSpan    = time.Minute // of tolerance, age, jitter, wait and clock limits
)

// Config says what an Aligner aligns. The zero value of a field means its default, where one is named.
type Config struct {
	// Streams in rig order: the order of Set.Members and of every stream index.
	Streams []StreamConfig
	// References are the streams that may set the times, best first. After the last one comes the virtual clock.
	References []sensors.SensorID
	// MaxWait is how long after its reference's arrival a set may stay open. Default 60 ms.
	MaxWait time.Duration
	// Clock holds the limits of the clock guards.
	Clock ClockConfig
}

// StreamConfig describes one stream.
type StreamConfig struct {
	Sensor   sensors.SensorID
	Modality sensors.Modality
	// Period is the nominal time between two samples, 1 ms to 10 s. Required.
	Period time.Duration
	// Phase is the nominal stamp relative to the reference's, modulo the reference's period. It places the virtual clock
	// when no reference was ever seen.
	Phase time.Duration
	// Jitter is how far the time between two stamps may fall short of Period. Default Period/20.
	Jitter time.Duration
	// Tolerance is the largest distance, on either side, of a member's stamp from the set's time. Default Period/2 + Jitter.
	Tolerance time.Duration
	// MaxAge is how old a member may be when no sample is within Tolerance. Default 1.5 periods.
	MaxAge time.Duration
	// CorrectOffset is added to every stamp of the stream: the cure for a known constant clock offset. Default 0.
	CorrectOffset time.Duration
	// Disabled streams are counted and never used.
	Disabled bool
}

// ClockConfig holds the limits beyond which a stream's clock is called bad; see guard.go.
type ClockConfig struct {
	// MaxLag is how far the lower envelope of (arrival - stamp) may lie above the time base. Default 700 ms.
	MaxLag time.Duration
	// MaxLead is how far a single stamp may lie ahead of the time base. Default 250 ms.
	MaxLead time.Duration
	// MaxStep is the largest jump of a stamp, against its period and its arrival alike. Default 25 ms.
	MaxStep time.Duration
	// MaxDriftPpm is the largest drift against the time base, in two windows running. Default 1000.
	MaxDriftPpm int64
	// Window is the time over which the envelope and the drift are measured. Default 15 s.
	Window time.Duration
	// Strikes is how many bad stamps in a row exclude a stream, Readmit how many good ones bring it back. Defaults 3, 20.
	Strikes, Readmit int
	// Pause is the silence of all streams that ends a time base. Until it is over the virtual clock goes on giving sets, at least
	// two whatever the period; then none are made any more, and the next arrival begins a new time base. Default 2 s.
	Pause time.Duration
}

// ConfigFromRig aligns all sensors of a rig: its lidars are the references, in the rig's order; without a lidar its cameras.
// A sensor without a rate gets 10 Hz.
func ConfigFromRig(rig *sensors.Rig) Config {
	var c Config
	for i := range rig.Sensors {
		s := &rig.Sensors[i]
		period := 100 * time.Millisecond
		if s.RateHz > 0 {
			period = time.Duration(math.Round(float64(time.Second) / s.RateHz))
		}
		c.Streams = append(c.Streams, StreamConfig{
			Sensor: s.Name, Modality: s.Modality, Period: period, Phase: time.Duration(s.PhaseNs) % period,
		})
	}
	for _, m := range []sensors.Modality{sensors.Lidar, sensors.Camera} {
		for _, s := range rig.Of(m) {
			c.References = append(c.References, s.Name)
		}
		if len(c.References) > 0 {
			break
		}
	}
	return c
}

// withDefaults returns a copy of c in which every zero that has a default is filled in.
func (c Config) withDefaults() Config {
	orDefault(&c.MaxWait, 60*time.Millisecond)
	orDefault(&c.Clock.MaxLag, 700*time.Millisecond)
	orDefault(&c.Clock.MaxLead, 250*time.Millisecond)
	orDefault(&c.Clock.MaxStep, 25*time.Millisecond)
	orDefault(&c.Clock.MaxDriftPpm, 1000)
	orDefault(&c.Clock.Window, 15*time.Second)
	orDefault(&c.Clock.Strikes, 3)
	orDefault(&c.Clock.Readmit, 20)
	orDefault(&c.Clock.Pause, 2*time.Second)
	c.Streams = append([]StreamConfig(nil), c.Streams...)
	for i := range c.Streams {
		s := &c.Streams[i]
		orDefault(&s.Jitter, s.Period/20)
		orDefault(&s.Tolerance, s.Period/2+s.Jitter)
		orDefault(&s.MaxAge, s.Period+s.Period/2)
	}
	return c
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// check returns every fault of a configuration whose defaults are filled in.
func (c Config) check() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	within := func(what string, d, low, high time.Duration) {
		if d < low || d > high {
			fault("%s is %v: give it a value from %v to %v", what, d, low, high)
		}
	}
	if n := len(c.Streams); n == 0 || n > maxStreams {
		fault("%d streams: list 1 to %d", n, maxStreams)
	}
	index := make(map[sensors.SensorID]bool, len(c.Streams))
	for i, s := range c.Streams {
		name := fmt.Sprintf("stream %d (%s)", i, s.Sensor)
		if s.Sensor == "" || index[s.Sensor] {
			fault("%s: name is empty or used twice: give every stream its own", name)
		}
		index[s.Sensor] = true
		within(name+": period", s.Period, minPeriod, maxPeriod)
		within(name+": phase", s.Phase, -maxSpan, maxSpan)
		within(name+": jitter", s.Jitter, 0, s.Period/2)
		within(name+": tolerance", s.Tolerance, 0, maxSpan)
		within(name+": max age", s.MaxAge, 0, maxSpan)
		within(name+": offset correction", s.CorrectOffset, -24*365*100*time.Hour, 24*365*100*time.Hour)
	}
	used := make(map[sensors.SensorID]bool, len(c.References))
	for _, r := range c.References {
		if !index[r] || used[r] {
			fault("reference %q: not a stream, or listed twice: name each of the streams at most once", r)
		}
		used[r] = true
	}
	within("max wait", c.MaxWait, time.Millisecond, maxPeriod)
	within("clock: max lag", c.Clock.MaxLag, time.Millisecond, maxSpan)
	within("clock: max lead", c.Clock.MaxLead, time.Millisecond, maxSpan)
	within("clock: max step", c.Clock.MaxStep, time.Millisecond, maxSpan)
	within("clock: window", c.Clock.Window, 100*time.Millisecond, time.Hour)
	within("clock: pause", c.Clock.Pause, 100*time.Millisecond, time.Hour)
	if c.Clock.MaxDriftPpm < 1 || c.Clock.Strikes < 1 || c.Clock.Readmit < 1 {
		fault("clock: drift limit, strikes and readmit are %d, %d, %d: each must be at least 1",
			c.Clock.MaxDriftPpm, c.Clock.Strikes, c.Clock.Readmit)
	}
	return errors.Join(faults...)
}
