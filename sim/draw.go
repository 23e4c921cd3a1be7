package sim

import (
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/num/quat"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/timeline"
	"github.com/fusiond/fusiond/sim/world"
)

// DrawOptions say what drawn scenarios vary.
type DrawOptions struct {
	// Rig that they start from. Mounts are moved by a few centimetres and degrees, differently in each.
	Rig *Rig
	// Duration of each.
	Duration time.Duration
	// Weather is the share of scenarios that are not clear, 0..1.
	Weather float64
	// Units of lidar that are drawn from; nil keeps the rig's.
	Units []string
}

// Draw makes up the scenario of a seed: what training sets are made of.
func Draw(seed uint64, o DrawOptions) *Scenario {
	src := chance.New(seed, "scenario")
	s := &Scenario{
		Name: "drawn", About: "drawn for training", Seed: seed, Duration: o.Duration, World: world.Draw(seed, o.Duration), Rig: o.Rig.shaken(src, o.Units),
	}
	if src.Chance(o.Weather) {
		s.Timeline = drawWeather(src)
	}
	return s
}

// drawWeather orders one kind of weather for the whole drive.
func drawWeather(src *chance.Source) timeline.Timeline {
	w := timeline.Clear()
	w.SunElevationRad, w.SunAzimuthRad = src.Between(0.1, 1.2), src.Between(-math.Pi, math.Pi)
	switch src.IntN(5) {
	case 0, 1: // fog of 20 to 300 m
		w.FogPerM = 2.9957 / math.Exp(src.Between(math.Log(20), math.Log(300)))
		w.Light = src.Between(0.3, 0.9)
	case 2:
		w.RainMmH, w.WetMm, w.Spray, w.Light = src.Between(2, 40), src.Between(0.3, 1.5), src.Float64(), src.Between(0.2, 0.8)
	case 3:
		w.SnowMmH, w.Light = src.Between(0.5, 6), src.Between(0.3, 0.8)
	default: // night, half of the time wet
		w.Light, w.SunElevationRad = 0, -0.3
		if src.Chance(0.5) {
			w.WetMm = src.Between(0.3, 1)
		}
	}
	return timeline.Constant(w)
}

// shaken is the rig with mounts a little different: 4 cm, 0.6 degrees, and for all together up to 25 cm of height.
func (r *Rig) shaken(src *chance.Source, units []string) *Rig {
	rig := *r.Rig
	rig.Sensors = slices.Clone(rig.Sensors)
	out := &Rig{Rig: &rig, Models: slices.Clone(r.Models)}
	lift := src.Between(-0.25, 0.25)
	for i := range rig.Sensors {
		s := &rig.Sensors[i]
		s.EgoFromSensor = s.EgoFromSensor.Mul(smallTurn(src, 0.6*math.Pi/180))
		s.EgoFromSensor.Translation.X += 0.04 * src.Norm()
		s.EgoFromSensor.Translation.Y += 0.04 * src.Norm()
		s.EgoFromSensor.Translation.Z += 0.04*src.Norm() + lift
		if s.Modality == sensors.Lidar && len(units) > 0 {
			out.Models[i].Unit = units[src.IntN(len(units))]
		}
	}
	return out
}

// smallTurn is a rotation by about sigma radians about each axis.
func smallTurn(src *chance.Source, sigma float64) sensors.Pose {
	half := func() float64 { return sigma * src.Norm() / 2 }
	q := quat.Number{Real: 1, Imag: half(), Jmag: half(), Kmag: half()}
	return sensors.Pose{Rotation: quat.Scale(1/quat.Abs(q), q)}
}
