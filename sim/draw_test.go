package sim

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/world"
)

func drawOptions(t *testing.T) DrawOptions {
	t.Helper()
	rig, err := LoadRig("city", ".")
	if err != nil {
		t.Fatal(err)
	}
	return DrawOptions{Rig: rig, Duration: 5 * time.Second, Weather: 0.5, Faults: 0.5, Units: []string{"spinning16", "dense64"}}
}

// TestDrawVaries draws many scenarios: every one must be usable, and between them they must hold what training needs to see.
func TestDrawVaries(t *testing.T) {
	o := drawOptions(t)
	const n = 300
	weather, faults, radars, units := 0, 0, map[int]int{}, map[string]int{}
	focal := [2]float64{1e9, 0}
	for seed := range uint64(n) {
		s := Draw(seed, o)
		if err := s.Timeline.Check(s.Rig.Rig); err != nil {
			t.Fatalf("seed %d: time line: %v", seed, err)
		}
		text, err := s.Rig.YAML()
		if err != nil {
			t.Fatalf("seed %d: rig: %v", seed, err)
		}
		if _, err := sensors.ParseRig(text, "drawn"); err != nil {
			t.Fatalf("seed %d: rig: %v", seed, err)
		}
		if _, _, ok := s.Timeline.First("fog", "rain", "snow", "light", "sun_elevation", "wet"); ok {
			weather++
		}
		if _, _, ok := s.Timeline.First("lost_beams", "lost_points", "field", "blocked", "rotate", "dead", "blur", "lens_drops", "glare",
			"darken", "interference"); ok {
			faults++
		}
		radars[len(s.Rig.Of(sensors.Radar))]++
		for i := range s.Rig.Sensors {
			switch s.Rig.Sensors[i].Modality {
			case sensors.Lidar:
				units[s.Rig.Models[i].Unit]++
			case sensors.Camera:
				fx := s.Rig.Sensors[i].Intrinsics.Fx / o.Rig.Sensors[1].Intrinsics.Fx
				focal[0], focal[1] = min(focal[0], fx), max(focal[1], fx)
			case sensors.Radar, sensors.Ego:
			}
		}
		if got := len(s.Rig.Models); got != len(s.Rig.Sensors) {
			t.Fatalf("seed %d: %d models for %d sensors", seed, got, len(s.Rig.Sensors))
		}
	}
	for _, c := range []struct {
		what           string
		got, low, high int
	}{
		{"with weather", weather, n * 4 / 10, n * 6 / 10},
		{"with faults", faults, n * 4 / 10, n * 6 / 10},
		{"without radar", radars[0], n * 5 / 100, n * 25 / 100},
		{"with all radars", radars[len(o.Rig.Of(sensors.Radar))], n * 10 / 100, n * 50 / 100},
		{"with 16 beams", units["spinning16"], n * 4 / 10, n * 6 / 10},
	} {
		if c.got < c.low || c.got > c.high {
			t.Errorf("%d of %d scenarios %s, want %d to %d", c.got, n, c.what, c.low, c.high)
		}
	}
	if focal[1]/focal[0] < 1.5 {
		t.Errorf("focal lengths from %.2f to %.2f of the rig's, want more variety", focal[0], focal[1])
	}
}

func TestDrawIsRepeatable(t *testing.T) {
	o := drawOptions(t)
	if a, b := Draw(7, o), Draw(7, o); !reflect.DeepEqual(a, b) {
		t.Errorf("seed 7 drew two scenarios:\n%+v\n%+v", a, b)
	}
	if a, b := Draw(7, o), Draw(8, o); reflect.DeepEqual(a.Rig, b.Rig) {
		t.Error("seeds 7 and 8 drew the same rig")
	}
	before := drawOptions(t)
	Draw(9, o)
	if !reflect.DeepEqual(before.Rig, o.Rig) {
		t.Error("drawing changed the rig that it started from")
	}
}

// TestRarity counts again what is rare, by the ground truth.
func TestRarity(t *testing.T) {
	o := drawOptions(t)
	bodies := world.NewBodies()
	some := 0
	for seed := range uint64(12) {
		d, err := New(Draw(seed, o), bodies)
		if err != nil {
			t.Fatal(err)
		}
		count := map[string]float64{}
		maker := newTruthMaker(d)
		for _, at := range []time.Duration{625 * time.Millisecond, 1875 * time.Millisecond, 3125 * time.Millisecond, 4375 * time.Millisecond} {
			for _, object := range maker.frame(at, nil).Objects {
				c := object.Center
				if slices.Contains(rareClasses, object.Class) && c.X*c.X+c.Y*c.Y+c.Z*c.Z < 45*45 {
					count[object.Class]++
				}
			}
		}
		want := 0.0
		for _, n := range count {
			want += math.Log(1 + n)
		}
		if got := d.Rarity(); math.Abs(got-want) > 1e-9 {
			t.Errorf("seed %d: rarity %g, want %g", seed, got, want)
		}
		if want > 0 {
			some++
		}
	}
	if some < 3 {
		t.Errorf("%d of 12 worlds hold anything rare: nothing was tested", some)
	}
}
