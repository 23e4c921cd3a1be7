package radar

import (
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/body"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/geom"
)

// Moment is all that a radar needs to know of one cycle. Everything is as it is in the middle of the cycle: it lasts 72 ms, in which the
// motion towards the sensor is what the range rate measures. The radar keeps no reference to it after Scan.
type Moment struct {
	Scene *geom.Scene
	// Origin is where the scene's zero lies in the world, metres; Time the middle of the cycle in the scene's interval, 0..1.
	Origin r3.Vec
	Time   float32
	// WorldFromEgo and EgoFromSensor place the sensor: x boresight, y left, z up. Velocity of the ego origin (m/s) and Spin (rad/s) in
	// ego axes: the sensor moves with Velocity + Spin x its lever arm.
	WorldFromEgo, EgoFromSensor sensors.Pose
	Velocity, Spin              r3.Vec
	// Targets, Mirrors and Clutter may hold what is out of sight or reach. Their order names them in the keys: keep it from cycle to cycle
	// (targets are named by ID).
	Targets []Target
	Mirrors []Mirror
	Clutter []Clutter
	// World is the key of what all sensors and cycles share, Sensor that of this unit, Index the number of the cycle.
	World, Sensor chance.Key
	Index         uint64
}

// Target is an object with scattering centres.
type Target struct {
	// ID is that of the scene's instance, not negative.
	ID              int32
	WorldFromObject sensors.Pose
	// Velocity of the origin in world axes, m/s; Spin in the object's axes, rad/s.
	Velocity, Spin r3.Vec
	// Size of its box: what is thin both ways hides nothing from the radar.
	Size       geom.Vec
	Scatterers []body.Scatterer
}

// Mirror is an upright rectangle that mirrors a radar: guard rails, walls, sides of trucks. It has the fields of world.Reflector.
type Mirror struct {
	// Actor is the target in whose object frame the vectors are, or -1 for the world.
	Actor int32
	// At is the middle; Normal and Along are unit vectors, Along in the plane and level.
	At, Normal, Along r3.Vec
	// HalfLength along Along and HalfHeight, metres.
	HalfLength, HalfHeight float64
	// LossDB of a reflection.
	LossDB float64
}

// Clutter is a point of the world that returns a signal at every cycle. It has the fields of world.Clutter.
type Clutter struct {
	At      r3.Vec
	RCSdBsm float64
}
