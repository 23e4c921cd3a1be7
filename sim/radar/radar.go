package radar

import (
	"math"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/timeline"
)

// Radar makes the scans of one unit. It owns scratch memory: one cycle at a time.
type Radar struct {
	spec Spec
	// waves hold the radar equation of each waveform; air is that of the widest, for weather and interference.
	waves []*effect.Radar
	air   *effect.Radar

	cycle   cycle
	points  []point
	cells   cells
	effects []effect.Detection
	found   []finding
	out     []Detection
}

// cycle is what is the same for all points of a scan.
type cycle struct {
	m               *Moment
	worldFromSensor sensors.Pose
	sensorFromWorld sensors.Pose
	velocity        r3.Vec // of the sensor, world axes
	from            geom.Vec
	key, ghosts     chance.Key
	thin            map[int32]bool // targets that hide nothing
	clear           []bool         // by target: its middle was seen directly
}

// point is a return before the receiver: where it seems to be and its mean cross section there.
type point struct {
	rangeM, azimuth, elevation, rate, rcs float64
	object                                int32
	kind                                  Kind
	id                                    uint64 // names it from cycle to cycle
}

// finding is what is behind an effect.Detection.
type finding struct {
	object int32
	kind   Kind
	wave   uint8
	id     uint64
	drawn  bool // SNR and place are measured already
}

// New makes a radar. The error says which part of the spec is out of bounds.
func New(spec Spec) (*Radar, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	r := &Radar{spec: spec}
	widest := 0
	for i := range spec.Waves {
		w := &spec.Waves[i]
		r.waves = append(r.waves, effect.NewRadar(effect.RadarSpec{
			HalfFieldRad: w.HalfFieldRad, MaxRangeRateMps: w.FoldMps, RefSNRdB: w.RefSNRdB, FalseAlarm: spec.FalseAlarm,
		}))
		if w.HalfFieldRad > spec.Waves[widest].HalfFieldRad {
			widest = i
		}
	}
	r.air = r.waves[widest]
	r.cycle.thin = map[int32]bool{}
	return r, nil
}

// Spec returns what the radar was made of.
func (r *Radar) Spec() Spec { return r.spec }

// Scan returns the detections of one cycle under conditions, the strongest first, those that are lost last. Its memory is the radar's
// until the next Scan. Faults of transport and clock, dead and stuck sensors and wrong calibrations are the caller's business.
func (r *Radar) Scan(m *Moment, conditions *timeline.Conditions) []Detection {
	r.begin(m)
	r.targets()
	r.standing()
	r.walls()
	r.mirrorImages()
	r.effects, r.found = r.effects[:0], r.found[:0]
	for wave := range r.spec.Waves {
		first := len(r.effects)
		r.resolve(wave)
		r.detect(wave)
		r.falseAlarms(wave)
		r.waves[wave].Ambiguity(r.effects[first:], r.spec.AmbiguousShare, r.cycle.key.At(tagAmbiguity).At(uint64(wave)))
	}
	ahead := r3.Dot(r.cycle.velocity, r.cycle.worldFromSensor.Rotate(r3.Vec{X: 1}))
	r.effects = r.air.Apply(r.effects, conditions, ahead, m.Sensor, m.Index)
	out := r.measure()
	r.cycle.m = nil
	return out
}

// Tags name the uses of chance within a cycle.
const (
	tagDetect = iota + 1
	tagReport
	tagPower
	tagNoise
	tagAmbiguity
	tagUnder
	tagFalse
	tagBounce
	tagImage
	tagHalf
	tagFlag
	tagWall
	tagGlint
)

// ghostCycles is for how long a ghost lasts: about half a second.
const ghostCycles = 8

func (r *Radar) begin(m *Moment) {
	c := &r.cycle
	c.m = m
	c.worldFromSensor = m.WorldFromEgo.Mul(m.EgoFromSensor)
	c.sensorFromWorld = c.worldFromSensor.Inverse()
	c.velocity = m.WorldFromEgo.Rotate(r3.Add(m.Velocity, r3.Cross(m.Spin, m.EgoFromSensor.Translation)))
	c.from = c.scene(c.worldFromSensor.Translation)
	c.key = m.Sensor.At(m.Index)
	c.ghosts = m.Sensor.At(m.Index / ghostCycles).At(tagImage)
	clear(c.thin)
	for i := range m.Targets {
		if s := m.Targets[i].Size; s[0] < thinM && s[1] < thinM {
			c.thin[m.Targets[i].ID] = true
		}
	}
	c.clear = c.clear[:0]
	r.points = r.points[:0]
}

// scene turns a place of the world into one of the scene.
func (c *cycle) scene(p r3.Vec) geom.Vec {
	d := r3.Sub(p, c.m.Origin)
	return geom.Vec{float32(d.X), float32(d.Y), float32(d.Z)}
}

// observe fills in where a place with a velocity (both of the world) seems to be: range, direction and range rate
// (v - v_sensor) . u.
func (c *cycle) observe(p *point, at, velocity r3.Vec) {
	q := c.sensorFromWorld.Apply(at)
	flat := math.Hypot(q.X, q.Y)
	p.rangeM = math.Hypot(flat, q.Z)
	p.azimuth, p.elevation = math.Atan2(q.Y, q.X), math.Atan2(q.Z, flat)
	p.rate = 0
	if p.rangeM > 0 {
		u := r3.Scale(1/p.rangeM, r3.Sub(at, c.worldFromSensor.Translation))
		p.rate = r3.Dot(r3.Sub(velocity, c.velocity), u)
	}
}

// faintDB is the mean SNR below which a point is left out: its P_d is below 0.005.
const faintDB = 2

// strong tells whether any waveform may detect the point.
func (r *Radar) strong(p *point) bool {
	if p.rate < r.spec.MinRateMps || p.rate > r.spec.MaxRateMps {
		return false
	}
	for i := range r.spec.Waves {
		if w := &r.spec.Waves[i]; w.sees(p.rangeM, p.azimuth) && r.snr(i, p) > faintDB {
			return true
		}
	}
	return false
}

// snr is the mean signal-to-noise ratio of a point, dB.
func (r *Radar) snr(wave int, p *point) float64 {
	return r.waves[wave].SNRdB(p.rangeM, p.rcs) + r.spec.Waves[wave].patternDB(p.azimuth, p.elevation)
}
