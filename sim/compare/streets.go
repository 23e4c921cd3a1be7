package compare

import (
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim"
	"github.com/fusiond/fusiond/sim/lidar"
	"github.com/fusiond/fusiond/sim/world"
)

// A street is driven this long: some sweeps of each of many streets tell more than many of one.
const (
	streetFor    = 350 * time.Millisecond
	streetSweeps = 3
)

// pictureWidth is that of simulated pictures: twice the network's, so that scaling down averages as it does for real ones.
const pictureWidth = 512

// kinds of streets, in turn.
var kinds = []world.Kind{world.Avenue, world.Street, world.Avenue, world.Junction}

// rigLike makes the simulator's rig of a real one: the lidar that is compared, as the unit whose number of rings is nearest, and the
// cameras. What is left out is named.
func rigLike(recorded *sensors.Rig, lidarName sensors.SensorID, rings int) (rig *sim.Rig, unit lidar.Spec, left []string, err error) {
	r := *recorded
	r.Sensors = nil
	for _, s := range recorded.Sensors {
		switch {
		case s.Modality == sensors.Lidar && s.Name != lidarName:
			left = append(left, fmt.Sprintf("%s: not a spinning lidar, or not the first", s.Name))
		case s.Modality == sensors.Radar:
			left = append(left, fmt.Sprintf("%s: radars are not compared", s.Name))
		case s.Modality == sensors.Ego:
		default:
			r.Sensors = append(r.Sensors, s)
		}
	}
	rig = sim.RigOf(&r)
	unit = nearestUnit(rings)
	for i := range rig.Sensors {
		switch s := &rig.Sensors[i]; s.Modality {
		case sensors.Lidar:
			rig.Models[i].Unit = unit.Name
			if unit, err = lidar.Unit(unit.Name, time.Duration(float64(time.Second)/s.RateHz)); err != nil {
				return nil, unit, nil, err
			}
		case sensors.Camera:
			if s.Intrinsics == nil {
				return nil, unit, nil, fmt.Errorf("camera %s has no intrinsics: give the recording's rig some", s.Name)
			}
			rig.Models[i].Width = pictureWidth
			rig.Models[i].Height = int(math.Round(pictureWidth * float64(s.Intrinsics.Height) / float64(s.Intrinsics.Width)))
		case sensors.Radar, sensors.Ego:
		}
	}
	return rig, unit, left, nil
}

func nearestUnit(rings int) lidar.Spec {
	best := lidar.Units[0]
	for _, u := range lidar.Units {
		if off(u, rings) < off(best, rings) {
			best = u
		}
	}
	return best
}

func off(u lidar.Spec, rings int) int {
	d := len(u.Elevations) - rings
	return max(d, -d)
}

// speeds of the vehicle between frames of the ground truth, m/s, sorted.
func (p *poses) speeds() []float64 {
	var v []float64
	for i := 1; i < len(p.stamps); i++ {
		d := r3.Norm(r3.Sub(p.poses[i].Translation, p.poses[i-1].Translation))
		v = append(v, d/(p.stamps[i]-p.stamps[i-1]).Seconds())
	}
	slices.Sort(v)
	return v
}

// like is what simulated streets take over from a real drive.
type like struct {
	// speeds of the vehicle, sorted, m/s.
	speeds []float64
	// carsPerSweep are boxes of cars within 80 m.
	carsPerSweep float64
	// facadeM is the mean height of what is seen above 3 m: half of a house, about.
	facadeM float64
}

const (
	// usualCars are what the default streets have within 80 m.
	usualCars = 32
	// overM: what is higher is no vehicle.
	overM = 3
)

// likeOf reads it off a measured drive.
func likeOf(c *collector) like {
	l := like{speeds: c.way.speeds()}
	all := newStatistics(c.rings, c.cameras)
	all.merge(c.halves[0])
	all.merge(c.halves[1])
	l.carsPerSweep = side(all).CarsPerSweep
	h := all.Distributions[heightAll].Histogram
	sum, n := 0.0, 0.0
	for i, count := range h.Counts {
		if z := h.Low + (float64(i)+0.5)*h.Width; z > overM {
			sum, n = sum+count*z, n+count
		}
	}
	if l.facadeM = overM; n > 0 {
		l.facadeM = sum / n
	}
	return l
}

// streets are n scenarios in streets of several kinds, driven as fast as the real drive was (the speeds are its quantiles), as busy, and
// with houses about as high.
func streets(rig *sim.Rig, l like, n int) []*sim.Scenario {
	all := make([]*sim.Scenario, n)
	for i := range all {
		kind := kinds[i%len(kinds)]
		spec := world.Defaults(kind)
		// 7 has no factor in common with most n: kinds and speeds are not bound to each other.
		q := (float64(i*7%n) + 0.5) / float64(n)
		v := math.Min(30, l.speeds[int(q*float64(len(l.speeds)))])
		spec.Ego.StartMps, spec.Ego.TargetMps = v, math.Max(v, 1)
		busy := l.carsPerSweep / usualCars
		spec.Map.Parked = math.Min(0.95, spec.Map.Parked*busy)
		spec.Traffic.VehiclesPerKm = math.Min(45, spec.Traffic.VehiclesPerKm*busy)
		spec.Map.BuildingHeightM = math.Max(4, math.Min(50, 2*l.facadeM))
		all[i] = &sim.Scenario{
			Name: fmt.Sprintf("%s %d", kind, i+1), Seed: uint64(i + 1), Duration: streetFor, Rig: rig, World: spec, //nolint:gosec // small
		}
	}
	return all
}
