package world

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Kind of map.
type Kind string

// The kinds.
const (
	Street       Kind = "street"       // city street between buildings, parked rows on both sides
	Avenue       Kind = "avenue"       // city street with several lanes a direction
	Junction     Kind = "junction"     // city street that meets another at traffic lights
	Curve        Kind = "curve"        // city street that bends
	Suburb       Kind = "suburb"       // houses in gardens
	Highway      Kind = "highway"      // separate carriageways, guard rails
	Construction Kind = "construction" // avenue with a closed lane
)

// Kinds lists the kinds of map.
var Kinds = []Kind{Street, Avenue, Junction, Curve, Suburb, Highway, Construction}

// Manoeuvre of the ego vehicle.
type Manoeuvre string

// The manoeuvres.
const (
	Follow     Manoeuvre = "follow"      // keep to the lane and a distance
	Stop       Manoeuvre = "stop"        // stop at a red light, go on when it turns green
	TurnLeft   Manoeuvre = "turn_left"   // at the junction
	TurnRight  Manoeuvre = "turn_right"  // at the junction
	LaneChange Manoeuvre = "lane_change" // to the lane on the left
	Overtake   Manoeuvre = "overtake"    // pass a slower vehicle on the left and come back
)

// Manoeuvres lists the manoeuvres.
var Manoeuvres = []Manoeuvre{Follow, Stop, TurnLeft, TurnRight, LaneChange, Overtake}

// Spec orders a world. Start from Defaults: a zero number means none of it, not a default.
type Spec struct {
	Map     Map     `yaml:"map"`
	Traffic Traffic `yaml:"traffic"`
	Ego     Ego     `yaml:"ego"`
}

// Map orders what stands still.
type Map struct {
	Kind Kind `yaml:"kind"`
	// Lanes a direction, 1..4, each LaneWidthM wide, 2.75..4 m.
	Lanes      int     `yaml:"lanes"`
	LaneWidthM float64 `yaml:"lane_width_m"`
	// Buildings is the share of the frontage that is built up, 0..1; BuildingHeightM their mean height, 3..60 m.
	Buildings       float64 `yaml:"buildings"`
	BuildingHeightM float64 `yaml:"building_height_m"`
	// TreesPer100M on each side of the road, 0..20.
	TreesPer100M float64 `yaml:"trees_per_100m"`
	// Parked is the share of the parking places that are taken, 0..1.
	Parked float64 `yaml:"parked"`
	// SlopePercent is the gradient of the land along the first stretch of road, -8..8.
	SlopePercent float64 `yaml:"slope_percent"`
}

// Traffic orders what moves.
type Traffic struct {
	// VehiclesPerKm in each lane, 0..60.
	VehiclesPerKm float64 `yaml:"vehicles_per_km"`
	// SpeedMps is the mean of the speeds that drivers wish, 1..40; SpeedSpread their standard deviation as a share of it, 0..0.3.
	SpeedMps    float64 `yaml:"speed_mps"`
	SpeedSpread float64 `yaml:"speed_spread"`
	// PedestriansPer100M on each pavement, 0..40; CrossingPerMin cross the road in front of the ego, 0..20.
	PedestriansPer100M float64 `yaml:"pedestrians_per_100m"`
	CrossingPerMin     float64 `yaml:"crossing_per_min"`
	// RidersPerKm of bicycles on each side, 0..40.
	RidersPerKm float64 `yaml:"riders_per_km"`
	// Heavy is how many trucks, buses and trailers there are, 0..3: 1 is ordinary; with more there are machines among them.
	Heavy float64 `yaml:"heavy"`
}

// Ego orders the vehicle that carries the sensors.
type Ego struct {
	// StartMps at time 0 and TargetMps, the speed that its driver wishes: 0..30 m/s.
	StartMps  float64   `yaml:"start_mps"`
	TargetMps float64   `yaml:"target_mps"`
	Manoeuvre Manoeuvre `yaml:"manoeuvre"`
}

// maxTravelM keeps the map within float32's millimetres: a kilometre from the origin less the view.
const maxTravelM = 800

// MaxDuration bounds what is stored of each actor.
const MaxDuration = 2 * time.Minute

// SpecFault is one thing wrong with a Spec.
type SpecFault struct {
	// Field is the YAML path, for example "map.lanes".
	Field string
	// Got and Want say what is there and what was expected; Cure what to do about it.
	Got, Want, Cure string
}

// String returns "field: got ..., want ...: cure".
func (f SpecFault) String() string {
	return fmt.Sprintf("%s: got %s, want %s: %s", f.Field, f.Got, f.Want, f.Cure)
}

// SpecError lists everything that is wrong with a Spec; there is at least one fault.
type SpecError struct{ Faults []SpecFault }

// Error returns one line a fault.
func (e *SpecError) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = "world: " + f.String()
	}
	return strings.Join(lines, "\n")
}

// Validate returns nil or a *SpecError with every fault of the Spec for a drive of that duration.
func (s *Spec) Validate(duration time.Duration) error {
	var c checker
	c.oneOf("map.kind", string(s.Map.Kind), names(Kinds))
	c.number("map.lanes", float64(s.Map.Lanes), 1, 4, "count the lanes of one direction")
	c.number("map.lane_width_m", s.Map.LaneWidthM, 2.75, 4, "3.2 suits a street, 3.6 a highway")
	c.number("map.buildings", s.Map.Buildings, 0, 1, "give the share of the frontage")
	c.number("map.building_height_m", s.Map.BuildingHeightM, 3, 60, "a storey is 3 m")
	c.number("map.trees_per_100m", s.Map.TreesPer100M, 0, 20, "a street with trees has 6")
	c.number("map.parked", s.Map.Parked, 0, 1, "give the share of the places")
	c.number("map.slope_percent", s.Map.SlopePercent, -8, 8, "streets are gentle")
	c.number("traffic.vehicles_per_km", s.Traffic.VehiclesPerKm, 0, 60, "above 60 a lane stands still")
	c.number("traffic.speed_mps", s.Traffic.SpeedMps, 1, 40, "city traffic drives at 11")
	c.number("traffic.speed_spread", s.Traffic.SpeedSpread, 0, 0.3, "give a share of the mean, 0.1 is usual")
	c.number("traffic.pedestrians_per_100m", s.Traffic.PedestriansPer100M, 0, 40, "a busy pavement has 15")
	c.number("traffic.crossing_per_min", s.Traffic.CrossingPerMin, 0, 20, "more would stop the traffic for good")
	c.number("traffic.riders_per_km", s.Traffic.RidersPerKm, 0, 40, "a busy street has 10")
	c.number("traffic.heavy", s.Traffic.Heavy, 0, 3, "1 is ordinary")
	c.number("ego.start_mps", s.Ego.StartMps, 0, 30, "give metres a second, not km/h")
	c.number("ego.target_mps", s.Ego.TargetMps, 0, 30, "give metres a second, not km/h")
	c.oneOf("ego.manoeuvre", string(s.Ego.Manoeuvre), names(Manoeuvres))
	s.together(&c, duration)
	if len(c.faults) > 0 {
		return &SpecError{c.faults}
	}
	return nil
}

// together checks what depends on several fields.
func (s *Spec) together(c *checker, duration time.Duration) {
	if duration <= 0 || duration > MaxDuration {
		c.add("duration", duration.String(), "above 0 to "+MaxDuration.String(), "cut a longer drive into several scenarios")
		return
	}
	speed := math.Max(s.Ego.StartMps, s.Ego.TargetMps)
	if far := speed * duration.Seconds(); far > maxTravelM {
		c.add("ego.target_mps", fmt.Sprintf("%g m of road", far), fmt.Sprintf("at most %d m", maxTravelM), "lower the speed or shorten the duration")
	}
	m := s.Ego.Manoeuvre
	if (m == LaneChange || m == Overtake) && s.Map.Lanes == 1 {
		c.add("map.lanes", "1", "at least 2 for the manoeuvre "+string(m), "add a lane or choose another manoeuvre")
	}
	if (m == TurnLeft || m == TurnRight) && s.Map.Kind != Junction {
		c.add("map.kind", string(s.Map.Kind), "junction for the manoeuvre "+string(m), "choose the map junction or another manoeuvre")
	}
	if m == Stop && s.Map.Kind == Highway {
		c.add("map.kind", string(s.Map.Kind), "a map with traffic lights for the manoeuvre stop", "choose the map street or another manoeuvre")
	}
	if m == LaneChange && s.Map.Kind == Construction && s.Map.Lanes == 2 {
		c.add("map.lanes", "2", "at least 3 to change lanes beside the closed one", "add a lane or choose another manoeuvre")
	}
	if m == Overtake && s.Map.Kind == Construction {
		c.add("map.kind", string(s.Map.Kind), "avenue or highway for the manoeuvre overtake", "choose another map or manoeuvre")
	}
	if m != Follow && speed < 3 {
		c.add("ego.target_mps", fmt.Sprintf("%g m/s", speed), "at least 3 m/s for the manoeuvre "+string(m), "raise the speed or choose the manoeuvre follow")
	}
}

// checker collects faults.
type checker struct{ faults []SpecFault }

func (c *checker) add(field, got, want, cure string) {
	c.faults = append(c.faults, SpecFault{field, got, want, cure})
}

// number wants low <= v <= high; NaN fails too.
func (c *checker) number(field string, v, low, high float64, cure string) {
	if !(v >= low && v <= high) {
		c.add(field, fmt.Sprint(v), fmt.Sprintf("%g to %g", low, high), cure)
	}
}

func (c *checker) oneOf(field, v string, all []string) {
	for _, a := range all {
		if v == a {
			return
		}
	}
	c.add(field, fmt.Sprintf("%q", v), "one of "+strings.Join(all, ", "), "choose one of them")
}

func names[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, a := range all {
		out[i] = string(a)
	}
	return out
}
