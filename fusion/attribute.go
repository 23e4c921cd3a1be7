package fusion

import "math"

// Speeds above which an object counts as moving, m/s: standing pedestrians sway less, parked cars' velocity errors stay below.
const (
	vehicleMovingMps    = 0.5
	pedestrianMovingMps = 0.3
)

// Attribute names the nuScenes attribute that a class and velocity suggest; empty for classes that have none. Whether a cycle
// carries a rider is read from its motion, since the networks do not tell.
func Attribute(class string, vx, vy float64) string {
	speed := math.Hypot(vx, vy)
	pick := func(moving bool, a, b string) string {
		if moving {
			return a
		}
		return b
	}
	switch class {
	case "car", "truck", "bus", "trailer", "construction_vehicle":
		return pick(speed > vehicleMovingMps, "vehicle.moving", "vehicle.parked")
	case "motorcycle", "bicycle":
		return pick(speed > vehicleMovingMps, "cycle.with_rider", "cycle.without_rider")
	case "pedestrian":
		return pick(speed > pedestrianMovingMps, "pedestrian.moving", "pedestrian.standing")
	}
	return ""
}
