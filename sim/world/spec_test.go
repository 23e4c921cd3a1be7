package world

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"pgregory.net/rapid"
)

func TestValidateNamesEveryFault(t *testing.T) {
	cases := []struct {
		name     string
		kind     Kind
		change   func(*Spec)
		duration time.Duration
		field    string
		cure     string
	}{
		{"kind", "moon", func(*Spec) {}, time.Second, "map.kind", "choose one"},
		{"no lane", Street, func(s *Spec) { s.Map.Lanes = 0 }, time.Second, "map.lanes", "count the lanes"},
		{"too many lanes", Street, func(s *Spec) { s.Map.Lanes = 5 }, time.Second, "map.lanes", "count the lanes"},
		{"narrow lane", Street, func(s *Spec) { s.Map.LaneWidthM = 2.7 }, time.Second, "map.lane_width_m", "3.2"},
		{"not a number", Street, func(s *Spec) { s.Map.LaneWidthM = math.NaN() }, time.Second, "map.lane_width_m", "3.2"},
		{"share", Street, func(s *Spec) { s.Map.Parked = 1.1 }, time.Second, "map.parked", "share"},
		{"buildings", Street, func(s *Spec) { s.Map.Buildings = -0.1 }, time.Second, "map.buildings", "share"},
		{"tower", Street, func(s *Spec) { s.Map.BuildingHeightM = 61 }, time.Second, "map.building_height_m", "storey"},
		{"forest", Street, func(s *Spec) { s.Map.TreesPer100M = 21 }, time.Second, "map.trees_per_100m", "6"},
		{"cliff", Street, func(s *Spec) { s.Map.SlopePercent = 9 }, time.Second, "map.slope_percent", "gentle"},
		{"jam", Street, func(s *Spec) { s.Traffic.VehiclesPerKm = 61 }, time.Second, "traffic.vehicles_per_km", "60"},
		{"traffic speed", Street, func(s *Spec) { s.Traffic.SpeedMps = 0 }, time.Second, "traffic.speed_mps", "11"},
		{"spread", Street, func(s *Spec) { s.Traffic.SpeedSpread = 0.4 }, time.Second, "traffic.speed_spread", "0.1"},
		{"crowd", Street, func(s *Spec) { s.Traffic.PedestriansPer100M = 41 }, time.Second, "traffic.pedestrians_per_100m", "15"},
		{"crossings", Street, func(s *Spec) { s.Traffic.CrossingPerMin = 21 }, time.Second, "traffic.crossing_per_min", "stop"},
		{"riders", Street, func(s *Spec) { s.Traffic.RidersPerKm = 41 }, time.Second, "traffic.riders_per_km", "10"},
		{"km/h", Street, func(s *Spec) { s.Ego.StartMps = 50 }, time.Second, "ego.start_mps", "km/h"},
		{"backwards", Street, func(s *Spec) { s.Ego.TargetMps = -1 }, time.Second, "ego.target_mps", "km/h"},
		{"manoeuvre", Street, func(s *Spec) { s.Ego.Manoeuvre = "fly" }, time.Second, "ego.manoeuvre", "choose one"},
		{"no time", Street, func(*Spec) {}, 0, "duration", "several scenarios"},
		{"too long", Street, func(*Spec) {}, MaxDuration + 1, "duration", "several scenarios"},
		{"too far", Highway, func(*Spec) {}, 40 * time.Second, "ego.target_mps", "shorten"},
		{"one lane to change", Street, func(s *Spec) { s.Ego.Manoeuvre = LaneChange }, time.Second, "map.lanes", "add a lane"},
		{"one lane to overtake", Street, func(s *Spec) { s.Ego.Manoeuvre = Overtake }, time.Second, "map.lanes", "add a lane"},
		{"nowhere to turn", Avenue, func(s *Spec) { s.Ego.Manoeuvre = TurnLeft }, time.Second, "map.kind", "junction"},
		{"stop on a highway", Highway, func(s *Spec) { s.Ego.Manoeuvre = Stop }, time.Second, "map.kind", "street"},
		{"overtake beside works", Construction, func(s *Spec) { s.Ego.Manoeuvre = Overtake }, time.Second, "map.kind", "another map"},
		{"change beside works", Construction, func(s *Spec) { s.Ego.Manoeuvre = LaneChange }, time.Second, "map.lanes", "add a lane"},
		{"standing turn", Junction, func(s *Spec) { s.Ego = Ego{1, 1, TurnLeft} }, time.Second, "ego.target_mps", "raise the speed"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := Defaults(c.kind)
			c.change(&s)
			_, err := New(1, s, c.duration)
			var spec *SpecError
			if !errors.As(err, &spec) || len(spec.Faults) != 1 {
				t.Fatalf("New = %v, want one fault", err)
			}
			if f := spec.Faults[0]; f.Field != c.field || !strings.Contains(f.Cure, c.cure) {
				t.Errorf("fault %+v, want field %s and a cure with %q", f, c.field, c.cure)
			}
		})
	}
	s := Defaults(Street)
	s.Map.Lanes, s.Traffic.SpeedMps, s.Ego.Manoeuvre = 9, 99, "sleep"
	var all *SpecError
	if err := s.Validate(time.Second); !errors.As(err, &all) || len(all.Faults) != 3 || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("Validate = %v, want three faults, one a line", err)
	}
}

func TestDefaultsAndDrawsAreValid(t *testing.T) {
	for _, k := range Kinds {
		s := Defaults(k)
		if err := s.Validate(24 * time.Second); err != nil {
			t.Errorf("Defaults(%s): %v", k, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		duration := time.Duration(rapid.Int64Range(1, int64(MaxDuration)).Draw(t, "duration"))
		s := Draw(rapid.Uint64().Draw(t, "seed"), duration)
		if err := s.Validate(duration); err != nil {
			t.Fatalf("Draw: %v", err)
		}
	})
}

// A scenario file writes a Spec in YAML and gets it back.
func TestSpecInYAML(t *testing.T) {
	want := Defaults(Junction)
	b, err := yaml.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Spec
	if err := yaml.UnmarshalWithOptions(b, &got, yaml.Strict()); err != nil || got != want {
		t.Errorf("%s\nread as %+v, %v, want %+v", b, got, err, want)
	}
	if !strings.Contains(string(b), "lane_width_m: 3.2") {
		t.Errorf("no lane_width_m in\n%s", b)
	}
}
