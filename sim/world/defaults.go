package world

import (
	"math"
	"time"

	"github.com/fusiond/fusiond/sim/chance"
)

// Defaults returns an ordinary world of a kind, which is valid for drives of up to 24 s; an unknown kind gets a street's numbers and
// keeps its name, so that Validate reports it.
func Defaults(kind Kind) Spec {
	s := Spec{
		Map: Map{
			Kind: kind, Lanes: 1, LaneWidthM: 3.2, Buildings: 0.9, BuildingHeightM: 14, TreesPer100M: 4, Parked: 0.7,
		},
		Traffic: Traffic{
			VehiclesPerKm: 18, SpeedMps: 11, SpeedSpread: 0.1, PedestriansPer100M: 6, CrossingPerMin: 2, RidersPerKm: 5, Heavy: 1,
		},
		Ego: Ego{StartMps: 10, TargetMps: 12, Manoeuvre: Follow},
	}
	switch kind {
	case Avenue, Construction:
		s.Map.Lanes, s.Map.BuildingHeightM, s.Map.Parked = 2, 22, 0.5
		s.Traffic.SpeedMps = 13
	case Junction:
		s.Map.TreesPer100M, s.Traffic.PedestriansPer100M = 2, 9
	case Suburb:
		s.Map.Buildings, s.Map.BuildingHeightM, s.Map.TreesPer100M, s.Map.Parked = 0.85, 7, 8, 0.3
		s.Traffic.VehiclesPerKm, s.Traffic.PedestriansPer100M = 10, 2
	case Highway:
		s.Map.Lanes, s.Map.LaneWidthM, s.Map.Buildings, s.Map.TreesPer100M, s.Map.Parked = 3, 3.6, 0.1, 10, 0
		s.Traffic = Traffic{VehiclesPerKm: 14, SpeedMps: 28, SpeedSpread: 0.12, Heavy: 1}
		s.Ego = Ego{StartMps: 25, TargetMps: 28, Manoeuvre: Follow}
	case Street, Curve:
	}
	return s
}

// Draw returns a varied, valid world for a seed and a duration: what training sets are made of. City streets are frequent,
// highways are not.
func Draw(seed uint64, duration time.Duration) Spec {
	src := chance.New(seed, "world", "spec")
	kinds := []Kind{Street, Street, Avenue, Avenue, Junction, Junction, Curve, Suburb, Highway, Construction, Construction}
	s := Defaults(kinds[src.IntN(len(kinds))])
	around := func(v *float64, share, low, high float64) {
		*v = math.Min(high, math.Max(low, *v*src.Between(1-share, 1+share)))
	}
	if s.Map.Kind != Suburb && s.Map.Kind != Highway && src.Chance(0.3) {
		s.Map.Lanes++
	}
	around(&s.Map.LaneWidthM, 0.08, 2.9, 3.8)
	around(&s.Map.Buildings, 0.4, 0, 1)
	around(&s.Map.BuildingHeightM, 0.5, 4, 50)
	around(&s.Map.TreesPer100M, 0.8, 0, 20)
	around(&s.Map.Parked, 0.6, 0, 1)
	s.Map.SlopePercent = src.Between(-2, 2)
	around(&s.Traffic.VehiclesPerKm, 0.7, 0, 60)
	around(&s.Traffic.SpeedMps, 0.25, 3, 35)
	around(&s.Traffic.PedestriansPer100M, 0.8, 0, 40)
	around(&s.Traffic.RidersPerKm, 0.9, 0, 40)
	if src.Chance(0.5) { // what is rare on the road must not be rare in training
		s.Traffic.Heavy = src.Between(1, 3)
	}
	around(&s.Ego.TargetMps, 0.4, 3, math.Min(30, maxTravelM/duration.Seconds()))
	s.Ego.StartMps = s.Ego.TargetMps * src.Between(0.5, 1)
	manoeuvres := []Manoeuvre{Follow, Follow}
	if s.Map.Kind != Highway {
		manoeuvres = append(manoeuvres, Stop)
	}
	if s.Map.Kind == Junction {
		manoeuvres = append(manoeuvres, TurnLeft, TurnRight, TurnLeft, TurnRight)
	}
	if s.Map.Lanes > 1 && s.Map.Kind != Construction {
		manoeuvres = append(manoeuvres, LaneChange, Overtake)
	}
	s.Ego.Manoeuvre = manoeuvres[src.IntN(len(manoeuvres))]
	return s
}
