package lidar

import (
	"math"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// Moment is all that a lidar needs to know of one sweep.
type Moment struct {
	// Scene spans the sweep: its Time 0 is the first firing, 1 the end.
	Scene *geom.Scene
	// Origin is where the scene's zero lies in the world, metres.
	Origin r3.Vec
	// WorldFromEgo is the vehicle's pose at a share of the sweep, 0..1.
	WorldFromEgo func(share float64) sensors.Pose
	// EgoFromSensor is where the unit really is; the rig may believe otherwise.
	EgoFromSensor sensors.Pose
	// Roof of the vehicle, if it is to be seen.
	Roof Roof
	// Key of this sweep.
	Key chance.Key
}

// Sweep is one turn: beams column by column in firing order, in each column from ring 0 up. It is memory to be used again.
type Sweep struct {
	spec *Spec
	// Returns of all beams, in clear air; those without a target have Range 0.
	Returns []effect.Return
	// Objects that the beams hit: an instance's number, geom.Static, or nothing.
	Objects []int32
	retro   []float32 // how strong a retro-reflector is
	local   []float64 // azimuth of each column in the sensor's frame
}

// Nothing is the object of a beam that hits none.
const Nothing int32 = -2

// NewSweep makes the memory of one unit's sweep. spec must stay as it is.
func NewSweep(spec *Spec) *Sweep {
	n := spec.Columns * len(spec.Elevations)
	return &Sweep{
		spec: spec, Returns: make([]effect.Return, n), Objects: make([]int32, n), retro: make([]float32, n), local: make([]float64, spec.Columns),
	}
}

// Cast fills columns from to before. Parts may be cast at the same time; Finish must follow once all are there.
func (s *Sweep) Cast(m *Moment, from, to int) {
	beams := len(s.spec.Elevations)
	sensorFromEgo := m.EgoFromSensor.Inverse()
	for column := from; column < to; column++ {
		share := (float64(column) + 0.5) / float64(s.spec.Columns)
		// The azimuth in the vehicle's axes, turned into the sensor's: units are mounted upright, or nearly.
		ego := s.spec.CutRad - 2*math.Pi*share
		d := sensorFromEgo.Rotate(r3.Vec{X: math.Cos(ego), Y: math.Sin(ego)})
		azimuth := math.Atan2(d.Y, d.X)
		s.local[column] = azimuth
		worldFromEgo := m.WorldFromEgo(share)
		worldFromSensor := worldFromEgo.Mul(m.EgoFromSensor)
		c := caster{
			sweep: s, scene: m.Scene, key: m.Key, egoFromSensor: rotation(m.EgoFromSensor), worldFromSensor: rotation(worldFromSensor),
			origin: vec(r3.Sub(worldFromSensor.Translation, m.Origin)), own: m.Roof, at: m.EgoFromSensor.Translation, share: float32(share), sin: math.Sin(azimuth), cos: math.Cos(azimuth),
		}
		for ring := range beams {
			c.beam(column*beams+ring, ring)
		}
	}
}

// caster is one column's firing.
type caster struct {
	sweep                          *Sweep
	scene                          *geom.Scene
	key                            chance.Key
	egoFromSensor, worldFromSensor matrix
	origin                         geom.Vec
	own                            Roof
	at                             r3.Vec // in the vehicle
	share                          float32
	sin, cos                       float64
}

// Numbers of the chances of one beam.
const (
	detectChance = iota
	noiseChance
	dropChance
	edgeChance
	edgeWhereChance
	glassChance
	speckleChance
	roofChance
)

// edgeShare of the beams are looked at twice, to find edges; each stands for all of its neighbours.
const edgeShare = 0.25

func (c *caster) beam(i, ring int) {
	s := c.sweep
	el := s.spec.Elevations[ring]
	d := geom.Vec{float32(math.Cos(el) * c.cos), float32(math.Cos(el) * c.sin), float32(math.Sin(el))}
	r := &s.Returns[i]
	*r = effect.Return{Dir: c.egoFromSensor.apply(d), Beam: uint16(ring)} //nolint:gosec // at most 256
	s.Objects[i], s.retro[i] = Nothing, 0
	key := c.key.At(uint64(i)) //nolint:gosec // an index
	if met, returns, at := c.roof(r.Dir, key); met {
		if returns {
			r.Range = max(at+float32(s.spec.RangeNoiseM*laplace(key.At(noiseChance))), float32(s.spec.MinRangeM))
			r.Intensity = float32(s.spec.WhiteIntensity) * strength(material.Get(roofMaterial), -r.Dir[2])
			s.Objects[i] = geom.Static
		}
		return
	}
	dir := c.worldFromSensor.apply(d)
	distance, power, hit, ok := c.look(dir, key)
	if key.At(edgeChance).Chance(edgeShare) {
		distance, power, ok = c.edge(d, key, distance, power, &hit, ok)
	}
	if !ok || float64(distance) < s.spec.MinRangeM || key.At(dropChance).Chance(s.spec.DropShare) {
		return
	}
	floor := s.spec.FloorReflectance / (s.spec.MaxRangeM * s.spec.MaxRangeM)
	received := float64(power) / float64(distance*distance)
	if key.At(detectChance).Float64() > detected(received/floor) {
		return
	}
	// The error of a range grows as the return gets weaker, to four times that of a strong one.
	noise := s.spec.RangeNoiseM * math.Min(1+math.Sqrt(floor/received), 4)
	r.Range = max(distance+float32(noise*laplace(key.At(noiseChance))), float32(s.spec.MinRangeM))
	m := material.Get(hit.Material)
	speckle := math.Exp(s.spec.IntensityNoise * key.At(speckleChance).Norm())
	r.Intensity = float32(math.Min(float64(power)*s.spec.WhiteIntensity*speckle, 1))
	r.Ground = hit.Object == geom.Static && hit.Normal[2] > 0.9
	s.Objects[i] = hit.Object
	if m.Retro > 1 && power > 1 {
		s.retro[i] = power
	}
}

// detectSlope is how many dB above the floor 84 % are detected.
const detectSlope = 1.5

// detected is the probability that a return of power over floor is found: half at 1, a normal distribution over dB.
func detected(ratio float64) float64 {
	if ratio <= 0 {
		return 0
	}
	return 0.5 * math.Erfc(-10*math.Log10(ratio)/detectSlope/math.Sqrt2)
}

// laplace draws from a double exponential distribution of variance 1: range errors have longer tails than normal ones.
func laplace(key chance.Key) float64 {
	v := key.Exp() / math.Sqrt2
	if key.At(0).Chance(0.5) {
		return -v
	}
	return v
}

// panes is how many sheets of glass a beam goes through at most.
const panes = 3

// look casts one ray and gives the power at 1 m of what it hits.
func (c *caster) look(dir geom.Vec, key chance.Key) (distance, power float32, hit geom.Hit, ok bool) {
	ray := geom.Ray{Origin: c.origin, Dir: dir, Max: float32(2 * c.sweep.spec.MaxRangeM), Time: c.share}
	left := float32(1)
	for pane := range panes {
		if !c.scene.Cast(&ray, &hit) {
			return 0, 0, hit, false
		}
		m := material.Get(hit.Material)
		if m.Clear == 0 || !key.At(glassChance).At(uint64(pane)).Chance(float64(m.Clear)) { //nolint:gosec // small
			return distance + hit.Distance, left * strength(m, -dir.Dot(hit.Normal)), hit, true
		}
		left *= m.Clear * m.Clear // in and out again
		step := hit.Distance + 0.01
		distance += step
		ray.Origin = ray.Origin.Add(dir.Scale(step))
		if ray.Max -= step; ray.Max <= 0 {
			break
		}
	}
	return 0, 0, hit, false
}

// edge looks at the rim of the beam as well. Where it sees another surface a little farther or nearer, the range lies between both; where
// the other is far away, the stronger one wins.
func (c *caster) edge(local geom.Vec, key chance.Key, distance, power float32, hit *geom.Hit, ok bool) (float32, float32, bool) {
	angle := 2 * math.Pi * key.At(edgeWhereChance).Float64()
	side := geom.Vec{-float32(c.sin), float32(c.cos), 0}
	up := local.Cross(side)
	half := float32(c.sweep.spec.DivergenceRad / 2)
	off := side.Scale(half * float32(math.Cos(angle))).Add(up.Scale(half * float32(math.Sin(angle))))
	d2, p2, hit2, ok2 := c.look(c.worldFromSensor.apply(local.Add(off).Unit()), key.At(edgeWhereChance))
	switch {
	case !ok2:
		return distance, power, ok
	case !ok:
		*hit = hit2
		return d2, p2 / 2, true
	}
	gap := d2 - distance
	if gap < 0 {
		gap = -gap
	}
	// Pulses closer than about their length run into one another.
	const pulseM = 1.5
	if gap < 0.1 || hit.Object == hit2.Object && gap < 0.3 {
		return distance, power, true
	}
	if gap < pulseM {
		w := p2 / (power + p2 + 1e-9)
		return distance + w*(d2-distance), power, true
	}
	if p2/(d2*d2) > power/(distance*distance) {
		*hit = hit2
		return d2, p2, true
	}
	return distance, power, true
}

// matrix is a rotation by rows.
type matrix [3]geom.Vec

func rotation(p sensors.Pose) (m matrix) {
	f := p.Matrix()
	for i := range m {
		m[i] = geom.Vec{float32(f[3*i]), float32(f[3*i+1]), float32(f[3*i+2])}
	}
	return m
}

func (m *matrix) apply(v geom.Vec) geom.Vec { return geom.Vec{m[0].Dot(v), m[1].Dot(v), m[2].Dot(v)} }

func vec(v r3.Vec) geom.Vec { return geom.Vec{float32(v.X), float32(v.Y), float32(v.Z)} }
