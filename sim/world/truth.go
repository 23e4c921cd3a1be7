package world

import (
	"math"
	"time"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/body"
	"github.com/fusiond/fusiond/sim/geom"
)

// The classes of nuScenes' detection task, which are the categories of actors.
const (
	Car          = "car"
	Truck        = "truck"
	Bus          = "bus"
	Trailer      = "trailer"
	Machine      = "construction_vehicle"
	Pedestrian   = "pedestrian"
	Motorcycle   = "motorcycle"
	Bicycle      = "bicycle"
	TrafficCone  = "traffic_cone"
	Barrier      = "barrier"
	VehicleMoves = "vehicle.moving"
	VehicleStops = "vehicle.stopped"
	VehicleParks = "vehicle.parked"
	WithRider    = "cycle.with_rider"
	WithoutRider = "cycle.without_rider"
	PersonMoves  = "pedestrian.moving"
	PersonStands = "pedestrian.standing"
)

// Classes lists the categories in nuScenes' order.
var Classes = []string{Car, Truck, Bus, Trailer, Machine, Pedestrian, Motorcycle, Bicycle, TrafficCone, Barrier}

// Actor is a body that is labelled: it may move, be parked or stand.
type Actor struct {
	// ID is its index in World.Actors, for geom.Instance.Object.
	ID int32
	// Instance is its name in the truth, the same in every run of the seed.
	Instance string
	// Category is one of Classes.
	Category string
	Body     *body.Body

	track   track
	ways    []float32
	braked  []bool
	parked  bool
	rider   bool
	present [2]float64 // from, until in seconds
}

// State of an actor at one time.
type State struct {
	// WorldFromObject is the pose of the body's box: origin in its middle, x forward, y left, z up.
	WorldFromObject sensors.Pose
	// Velocity of the origin in world axes, m/s: the derivative of the position.
	Velocity r3.Vec
	// Spin is the angular velocity in the object's axes, rad/s; YawRate that about the world's z axis.
	Spin    r3.Vec
	YawRate float64
	// Present is false while the actor is beyond the map.
	Present bool
	// Attribute is nuScenes': vehicle.moving, vehicle.stopped, vehicle.parked, cycle.with_rider, cycle.without_rider,
	// pedestrian.moving, pedestrian.standing; empty for cones and barriers.
	Attribute string
	// Braking lights the brake lamps.
	Braking bool
	// Solid is the body's in the phase of its step or of its cranks.
	Solid *geom.Solid
}

// doubleStepM is how far a walker comes with two steps, crankM a bicycle with a turn of the cranks.
const (
	doubleStepM = 1.5
	crankM      = 5.0
)

// standingMps is the speed below which something stands.
const standingMps = 0.2

// At returns the state at t in [-1 s, duration + 1 s].
func (a *Actor) At(t time.Duration) State {
	sec := t.Seconds()
	p, r := a.track.at(sec)
	s := State{
		WorldFromObject: p.pose(), Velocity: r3.Vec{X: r.x, Y: r.y, Z: r.z}, Spin: p.spin(&r), YawRate: r.yaw,
		Present: sec >= a.present[0] && sec <= a.present[1],
	}
	s.Solid = a.Body.Solid
	if n := len(a.braked); n > 0 {
		u := math.Max(0, math.Min((sec-a.track.begin)/tickS, float64(n-1)))
		s.Braking = a.braked[int(u+0.5)]
		s.Solid = a.phase(u)
	}
	speed := math.Hypot(r.x, r.y)
	s.Attribute = a.attribute(speed)
	return s
}

// phase picks the solid for the way travelled at tick u.
func (a *Actor) phase(u float64) *geom.Solid {
	n := len(a.Body.Phases)
	if n <= 1 {
		return a.Body.Solid
	}
	period := doubleStepM
	if a.Category != Pedestrian {
		period = crankM
	}
	i := min(int(u), len(a.ways)-2)
	way := float64(a.ways[i]) + (u-float64(i))*float64(a.ways[i+1]-a.ways[i])
	turn := way/period + float64(a.ID)*0.37 // not all in step
	turn -= math.Floor(turn)
	return a.Body.Phases[min(int(turn*float64(n)), n-1)]
}

func (a *Actor) attribute(speed float64) string {
	moves := speed > standingMps
	switch a.Category {
	case Pedestrian:
		if moves {
			return PersonMoves
		}
		return PersonStands
	case Bicycle, Motorcycle:
		if a.rider {
			return WithRider
		}
		return WithoutRider
	case TrafficCone, Barrier:
		return ""
	}
	switch {
	case a.parked:
		return VehicleParks
	case moves:
		return VehicleMoves
	}
	return VehicleStops
}

// Moves tells whether the actor ever moves: what does not has one pose for all times.
func (a *Actor) Moves() bool { return len(a.track.places) > 1 }
