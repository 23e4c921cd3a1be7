package sim

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/gonum/num/quat"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/timeline"
	"github.com/fusiond/fusiond/sim/world"
)

// DrawOptions say what drawn scenarios vary.
type DrawOptions struct {
	// Rig that they start from. What of it is mounted, where exactly, and behind which lens is drawn for each scenario.
	Rig *Rig
	// Duration of each.
	Duration time.Duration
	// Weather is the share of scenarios that are not clear, and Faults the share with faulty sensors, 0..1.
	Weather, Faults float64
	// Units of lidar that are drawn from; nil keeps the rig's.
	Units []string
}

// Draw makes up the scenario of a seed: what training and test sets are made of.
func Draw(seed uint64, o DrawOptions) *Scenario {
	src := chance.New(seed, "scenario")
	s := &Scenario{
		Name: "drawn", About: fmt.Sprintf("drawn from seed %d", seed), Seed: seed, Duration: o.Duration, World: world.Draw(seed, o.Duration),
		Rig: drawRig(o.Rig, src, o.Units),
	}
	var orders []string
	at := drawStart(src, o.Duration)
	if src.Chance(o.Weather) {
		orders = append(orders, drawWeather(src, at))
	}
	if src.Chance(o.Faults) {
		orders = append(orders, drawFaults(src, at, s.Rig.Rig)...)
	}
	if len(orders) > 0 {
		l, err := timeline.Parse([]byte(strings.Join(orders, "\n")), "drawn")
		if err != nil {
			panic(fmt.Sprintf("sim: drawn time line: %v", err)) // a bug: the text is made here
		}
		s.Timeline = *l
	}
	return s
}

// rareClasses are those that stand around the ego in less than half of the drawn worlds.
var rareClasses = []string{"bus", "trailer", "construction_vehicle", "motorcycle", "traffic_cone", "barrier"}

const (
	rareM       = 45 // how near to the ego an object must come to count
	rareMoments = 4  // at which it is looked, spread over the drive
)

// Rarity tells how much a drive has of the classes that most drives lack: the sum over those of ln(1 + objects near the ego).
func (d *Drive) Rarity() (sum float64) {
	near := map[string]int{}
	for n := range rareMoments {
		at := d.scenario.Duration * time.Duration(2*n+1) / (2 * rareMoments)
		ego := d.world.Ego(at).WorldFromEgo.Translation
		actors := d.world.Actors()
		for i := range actors {
			a := &actors[i]
			if slices.Contains(rareClasses, a.Body.Class) && distance2(a.At(at).WorldFromObject.Translation, ego) < rareM*rareM {
				near[a.Body.Class]++
			}
		}
	}
	for _, class := range rareClasses {
		sum += math.Log1p(float64(near[class]))
	}
	return sum
}

// drawStart is when trouble begins: for a third from the start on, else half way through, so that monitors know what was usual before.
func drawStart(src *chance.Source, duration time.Duration) time.Duration {
	if src.Chance(1.0 / 3) {
		return 0
	}
	return (duration / 2).Truncate(time.Millisecond)
}

// drawWeather orders one kind of weather.
func drawWeather(src *chance.Source, at time.Duration) string {
	order := func(format string, args ...any) string {
		return fmt.Sprintf("- {at: %v, %s}", at, fmt.Sprintf(format, args...))
	}
	sun := fmt.Sprintf("sun_elevation: %.1f, sun_azimuth: %.1f", src.Between(6, 69), src.Between(-180, 180))
	switch src.IntN(6) {
	case 0, 1:
		return order("visibility: %.1f, light: %.2f, %s", logBetween(src, 20, 300), src.Between(0.3, 0.9), sun)
	case 2:
		return order("rain: %.1f, wet: %.2f, spray: %.2f, light: %.2f, %s", src.Between(2, 50), src.Between(0.3, 1.5), src.Float64(), src.Between(0.2, 0.8), sun)
	case 3:
		return order("snow: %.2f, light: %.2f, %s", src.Between(0.5, 8), src.Between(0.3, 0.8), sun)
	case 4:
		return order("sun_elevation: %.1f, sun_azimuth: %.1f", src.Between(2, 12), src.Between(-180, 180))
	default: // night, half of the time wet
		wet := 0.0
		if src.Chance(0.5) {
			wet = src.Between(0.3, 1)
		}
		return order("light: 0, sun_elevation: -17, wet: %.2f", wet)
	}
}

// sensorFaults are the faults that drawn scenarios have, at a strength of 0..1. Of transport and clocks there are none, since tensors are
// made of single moments; and the lidar, which sets the times, is not dead, since training hides whole modalities by itself.
var sensorFaults = map[sensors.Modality][]func(strength float64, src *chance.Source) string{
	sensors.Lidar: {
		func(x float64, _ *chance.Source) string { return fmt.Sprintf("lost_beams: %.2f", 0.2+0.7*x) },
		func(x float64, _ *chance.Source) string { return fmt.Sprintf("lost_points: %.2f", 0.2+0.75*x) },
		func(x float64, _ *chance.Source) string { return fmt.Sprintf("field: %.0f", 150-100*x) },
		func(x float64, _ *chance.Source) string { return fmt.Sprintf("blocked: %.2f", 0.1+0.5*x) },
		miscalibrated,
	},
	sensors.Camera: {
		func(x float64, _ *chance.Source) string { return fmt.Sprintf("blur: %.1f", 1+5*x) },
		func(x float64, _ *chance.Source) string { return fmt.Sprintf("blocked: %.2f", 0.1+0.8*x) },
		func(x float64, _ *chance.Source) string { return fmt.Sprintf("lens_drops: %.2f", 0.2+0.8*x) },
		func(x float64, _ *chance.Source) string { return fmt.Sprintf("glare: %.2f", 0.2+0.8*x) },
		func(x float64, _ *chance.Source) string { return fmt.Sprintf("darken: %.2f", 0.5+0.49*x) },
		miscalibrated,
		func(float64, *chance.Source) string { return "dead: true" },
	},
	sensors.Radar: {
		func(x float64, _ *chance.Source) string { return fmt.Sprintf("interference: %.0f", 3+25*x) },
		func(x float64, _ *chance.Source) string { return fmt.Sprintf("blocked: %.2f", 0.1+0.8*x) },
		miscalibrated,
		func(float64, *chance.Source) string { return "dead: true" },
	},
}

// miscalibrated turns a sensor by up to a degree.
func miscalibrated(x float64, src *chance.Source) string {
	return fmt.Sprintf("rotate: [%.2f, %.2f, %.2f]", x*src.Between(-1, 1), x*src.Between(-1, 1), x*src.Between(-1, 1))
}

// drawFaults orders faults of one or two modalities: of a whole one, or of one of its sensors.
func drawFaults(src *chance.Source, at time.Duration, rig *sensors.Rig) (orders []string) {
	for range 1 + src.IntN(2) {
		m := []sensors.Modality{sensors.Lidar, sensors.Camera, sensors.Camera, sensors.Radar}[src.IntN(4)]
		faults := sensorFaults[m]
		fault, strength := faults[src.IntN(len(faults))], src.Float64()
		target := m.String()
		if m != sensors.Lidar && src.Chance(0.6) {
			if of := rig.Of(m); len(of) > 0 {
				target = string(of[src.IntN(len(of))].Name)
			}
		}
		orders = append(orders, fmt.Sprintf("- {at: %v, sensor: %s, %s}", at, target, fault(strength, src)))
	}
	return orders
}

// drawRig is the rig with everything a little different: mounts by 4 cm and 0.6 degrees, all together by up to 35 cm of height, the lidar
// by as much again; lenses by a third; cameras aimed 4 degrees off; some radars missing, some of them imaging ones.
func drawRig(r *Rig, src *chance.Source, units []string) *Rig {
	rig := *r.Rig
	rig.Sensors = slices.Clone(rig.Sensors)
	out := &Rig{Rig: &rig, Models: slices.Clone(r.Models)}
	lift, lens, aim := src.Between(-0.35, 0.35), math.Exp(src.Between(-0.35, 0.3)), src.Between(-2, 2)
	radar := "ars408"
	if src.Chance(0.2) {
		radar = "imaging"
	}
	for i := range rig.Sensors {
		s := &rig.Sensors[i]
		turn := 0.6
		switch s.Modality {
		case sensors.Camera:
			turn = 1
			k, f := *s.Intrinsics, lens*math.Exp(0.05*src.Norm())
			k.Fx, k.Fy = k.Fx*f, k.Fy*f
			s.Intrinsics = &k
			s.AzimuthFovRad /= f // roughly: it tells views, not the picture
			// Down or up about the camera's x axis, sideways about its y axis.
			s.EgoFromSensor = s.EgoFromSensor.Mul(turned(aim*degree, 3*src.Norm()*degree))
		case sensors.Lidar:
			s.EgoFromSensor.Translation.Z += src.Between(-0.35, 0.35)
			if len(units) > 0 {
				out.Models[i].Unit = units[src.IntN(len(units))]
			}
		case sensors.Radar:
			out.Models[i].Unit = radar
		case sensors.Ego:
		}
		s.EgoFromSensor = s.EgoFromSensor.Mul(smallTurn(src, turn*degree))
		s.EgoFromSensor.Translation.X += 0.04 * src.Norm()
		s.EgoFromSensor.Translation.Y += 0.04 * src.Norm()
		s.EgoFromSensor.Translation.Z += 0.04*src.Norm() + lift
	}
	return out.withoutRadars(src)
}

const degree = math.Pi / 180

// withoutRadars takes away some of the radars, in a tenth of the rigs all.
func (r *Rig) withoutRadars(src *chance.Source) *Rig {
	keep := 0.5 + 0.5*src.Float64()
	if src.Chance(0.1) {
		keep = 0
	}
	var all []sensors.Sensor
	var models []Model
	for i := range r.Sensors {
		if r.Sensors[i].Modality == sensors.Radar && !src.Chance(keep) {
			continue
		}
		all, models = append(all, r.Sensors[i]), append(models, r.Models[i])
	}
	r.Sensors, r.Models = all, models
	return r
}

func logBetween(src *chance.Source, low, high float64) float64 {
	return math.Exp(src.Between(math.Log(low), math.Log(high)))
}

// turned is a rotation about x, then y.
func turned(x, y float64) sensors.Pose {
	qx := quat.Number{Real: math.Cos(x / 2), Imag: math.Sin(x / 2)}
	qy := quat.Number{Real: math.Cos(y / 2), Jmag: math.Sin(y / 2)}
	return sensors.Pose{Rotation: quat.Mul(qy, qx)}
}

// smallTurn is a rotation by about sigma radians about each axis.
func smallTurn(src *chance.Source, sigma float64) sensors.Pose {
	half := func() float64 { return sigma * src.Norm() / 2 }
	q := quat.Number{Real: 1, Imag: half(), Jmag: half(), Kmag: half()}
	return sensors.Pose{Rotation: quat.Scale(1/quat.Abs(q), q)}
}
