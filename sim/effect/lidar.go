package effect

import (
	"math"

	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/timeline"
)

// Fate is what became of a lidar beam or a radar detection.
type Fate uint8

// The fates.
const (
	Kept  Fate = iota // the same target, perhaps weaker
	Moved             // something in the air returned more
	Lost              // nothing comes back any more
	New               // no target, but the air returned something
	None              // no target and no return
)

// Return is one lidar beam and what it saw.
type Return struct {
	// Dir is the unit direction in vehicle axes.
	Dir [3]float32
	// Range in m; 0 = the beam returned nothing. Intensity is 0..1 of full scale.
	Range, Intensity float32
	// Beam is the ring.
	Beam uint16
	// Ground says that the target is the road: a water film acts on it.
	Ground bool
	// Fate is written by Apply. A lost return keeps its range and intensity, for whoever counts what the clean sensor saw.
	Fate Fate
}

// LidarSpec is what the effects must know about a lidar.
type LidarSpec struct {
	// Beams is the number of rings, for lost ones; 0 = not known: LostBeams does nothing.
	Beams int
	// MaxRangeM is the range at which a target of FloorReflectance is just received in clear air: together the receiver's floor in power,
	// FloorReflectance/MaxRangeM^2. MaxRangeM 0 = 200 m and 0.1, the data sheet of a 64-beam unit.
	MaxRangeM, FloorReflectance float64
	// FogNoiseM spreads the fog's returns: their range is multiplied by R0/U(R0-n, R0+n), the noise of the public code. 0 = 10 m (or half
	// of R0 where that is less); negative = none: all fog returns lie on one sphere.
	FogNoiseM float64
	// Power is the convention for soft returns.
	Power Power
}

// LidarScene is what is around a lidar besides its targets.
type LidarScene struct {
	Plumes []Plume
	// Field makes fog patchy; nil = even.
	Field *FogField
}

// Counts says what became of the beams of a sweep: Kept + Moved + Lost returns came in, New + None beams had none.
type Counts struct{ Kept, Moved, Lost, New, None int }

// Lidar applies weather and faults to the sweeps of one sensor.
type Lidar struct {
	spec  LidarSpec
	table *fogTable
	sweep Sweep
}

// NewLidar fills the fog tables, which takes about a tenth of a second.
func NewLidar(spec LidarSpec) *Lidar {
	if spec.MaxRangeM == 0 {
		spec.MaxRangeM, spec.FloorReflectance = 200, 0.1
	}
	if spec.FogNoiseM == 0 {
		spec.FogNoiseM = 10
	}
	return &Lidar{spec: spec, table: fogTables()}
}

const (
	// quantum is the receiver's floor in intensity: what rounds to 0 of 255 is no return.
	quantum = 0.5 / 255
	// slack: how far above its own threshold a return may have been that was received in clear air although the floors say it could not:
	// between 0 and 10 dB, drawn evenly in dB. So weak returns fade with the extinction instead of vanishing at its first trace.
	slack     = 2.302585 // ln of 10 dB
	slackMost = 10
	// dropReflectance at MaxRangeM is LISA's floor: what drops must return to be seen. It is above the floor for targets because receivers
	// damp what is near.
	dropReflectance = 0.9
	// emptyIntensity stands for the target's intensity where there is none: the public rule scales the fog's return by it.
	emptyIntensity = 0.1
	// resolutionM is LISA's range noise at a signal-to-noise ratio of 1/2.
	resolutionM = 0.09
)

// Sweep is a lidar made ready for one sweep. Apply reads it only: parts of a sweep may be worked on at the same time.
type Sweep struct {
	spec  *LidarSpec
	scene LidarScene
	key   chance.Key
	wetMm float64

	hardware        hardware
	broken, weather bool

	alpha, fogPerM float32 // total and fog's part, 1/m
	floorPower     float32
	dropPower      float32 // the floor for drops
	fog            fogRow
	soft           bool
	drops          [2]droplets // rain, snow
}

// Prepare makes ready for one sweep. sensor is the key of what stays in place on the sensor, and sweep the sweep's number. The result is
// good until the next Prepare and holds scene's slices until then.
func (l *Lidar) Prepare(c *timeline.Conditions, scene LidarScene, sensor chance.Key, sweep uint64) *Sweep {
	s := &l.sweep
	s.spec, s.scene, s.key, s.wetMm = &l.spec, scene, sensor.With("sweep").At(sweep), c.WetMm
	s.hardware.set(&c.Fault, l.spec.Beams, sensor)
	s.broken = s.hardware.any()

	s.fogPerM = float32(c.FogPerM)
	s.alpha = float32(AirExtinctionPerM(&c.Weather))
	s.floorPower = float32(l.spec.FloorReflectance / (l.spec.MaxRangeM * l.spec.MaxRangeM))
	s.weather = s.alpha > 0 || c.WetMm > 0 || len(scene.Plumes) > 0
	near := c.FogPerM
	if scene.Field != nil {
		near *= scene.Field.Here()
	}
	if s.soft = near > 0; s.soft {
		l.table.at(&s.fog, near, l.spec.Power)
	}
	s.dropPower = float32(dropReflectance / (l.spec.MaxRangeM * l.spec.MaxRangeM))
	s.drops[0].set(RainDrops(c.RainMmH), rainIndex, float64(s.alpha), float64(s.dropPower))
	s.drops[1].set(SnowFlakes(c.SnowMmH), snowIndex, float64(s.alpha), float64(s.dropPower))
	return s
}

// Apply changes returns in place. first is the number of returns[0] within the sweep: it is part of each beam's key.
//
// The strongest of what comes back wins: the target, weakened by exp(-2 optical depth) and by water on the road; the fog's own pulse
// (Hahner 2021, see SoftIntegral); the strongest drop or flake (LISA 2021); spray. It must be above the receiver's floors. A kept return
// of rain or snow gains range noise of 0.09 m/sqrt(2 SNR), less what it had already in clear air.
func (s *Sweep) Apply(returns []Return, first int) Counts {
	var n Counts
	for i := range returns {
		r := &returns[i]
		empty := !(r.Range > 0)
		key := s.key.At(uint64(first + i)) //nolint:gosec // an index is not negative
		switch {
		case s.broken && s.hardware.loses(r, key):
			r.Fate = Lost
		case s.weather:
			r.Fate = s.air(r, key, empty)
		default:
			r.Fate = Kept
		}
		if empty && r.Fate != Moved {
			r.Fate = None
		}
		switch r.Fate {
		case Kept:
			n.Kept++
		case Lost:
			n.Lost++
		case None:
			n.None++
		default:
			if empty {
				r.Fate = New
				n.New++
			} else {
				n.Moved++
			}
		}
	}
	return n
}

// air is the weather on one beam.
func (s *Sweep) air(r *Return, key chance.Key, empty bool) Fate {
	target, before := r.Range, max(r.Intensity, quantum)
	if empty {
		target, before = float32(s.spec.MaxRangeM), emptyIntensity
	}
	depth := s.alpha * target
	if s.scene.Field != nil && s.fogPerM > 0 {
		depth += s.fogPerM * target * (s.scene.Field.Mean(r.Dir[0], r.Dir[1], target) - 1)
	}
	sprayAt := float32(0)
	if len(s.scene.Plumes) > 0 {
		var more float32
		more, sprayAt = along(s.scene.Plumes, &r.Dir, target, key.At(1).Float64())
		depth += more
	}
	left := decay(2 * depth)
	if s.wetMm > 0 && r.Ground && !empty {
		left *= float32(WetGround(s.wetMm, math.Abs(float64(r.Dir[2])), float64(before)))
	}

	// All strengths as intensities at the target's range: power times target^2.
	square := target * target
	best, fate := float32(0), Lost
	hard := before * left
	if empty {
		hard = 0
	} else if s.received(hard, before, square, key) {
		best, fate = hard, Kept
	}
	at, shown := r.Range, r.Intensity*left
	if s.soft {
		if where, relative := s.fog.soft(target); where > 0 {
			if soft := min(before*relative, 1); soft > hard && soft >= quantum {
				best, fate, shown, at = soft, Moved, soft, s.spread(where, target, key)
			}
		}
	}
	for i := range s.drops {
		if !s.drops[i].on {
			continue
		}
		where, power := s.drops[i].strongest(float64(max(best/square, s.dropPower)), float64(target), key.At(uint64(2+i))) //nolint:gosec // two
		if power > 0 {
			best, fate, at, shown = float32(power)*square, Moved, float32(where), float32(power*where*where)
		}
	}
	if sprayAt > 0 {
		if spray := sprayIntense * square / (sprayAt * sprayAt); spray > best {
			fate, at, shown = Moved, sprayAt, sprayIntense
		}
	}
	if fate == Kept {
		if s.drops[0].on || s.drops[1].on {
			at += s.noise(before, left, square, key)
		}
	}
	if fate != Lost {
		r.Range, r.Intensity = at, min(shown, 1)
	}
	return fate
}

// received says whether a target's return is above the floors, see slack.
func (s *Sweep) received(hard, before, square float32, key chance.Key) bool {
	floor := max(quantum, s.floorPower*square)
	return hard >= floor || (before < slackMost*floor && hard >= before*decay(slack*key.Float32()))
}

// spread is the noise variant of the public code, bounded so that the result stays in front of the target.
func (s *Sweep) spread(where, target float32, key chance.Key) float32 {
	n := min(float32(s.spec.FogNoiseM), target/2)
	if n <= 0 {
		return where
	}
	return min(where*target/(target+n*(2*key.At(4).Float32()-1)), target)
}

// noise is the range noise that the weather adds to a kept return, m.
func (s *Sweep) noise(before, left, square float32, key chance.Key) float32 {
	snr := max(before/(s.floorPower*square), 1)
	variance := resolutionM * resolutionM / 2 / snr * (1/max(left, 1e-3) - 1)
	sd := float32(math.Sqrt(float64(min(variance, resolutionM*resolutionM))))
	return sd * normal(key.At(5).Uint64())
}
