package effect

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// goldenFog is the part of fog.json that is used here.
type goldenFog struct {
	Schema string
	Lidar  struct {
		Params struct{ R0, Shift float64 }
		Rows   []struct {
			Alpha, MOR, Beta, Integral float64
			RStar                      float64 `json:"r_star"`
			RStarShifted               float64 `json:"r_star_shifted"`
			SoftRel                    float64 `json:"soft_rel"`
			HardRel                    float64 `json:"hard_rel"`
			SoftOverHard               float64 `json:"soft_over_hard"`
			Replaces                   bool    `json:"soft_replaces_hard"`
			SoftRelSI                  float64 `json:"soft_rel_si"`
			ReplacesSI                 bool    `json:"soft_replaces_hard_si"`
			Crossover                  float64 `json:"r0_crossover"`
		}
		Profile []struct {
			Alpha, R0   float64
			R, Integral []float64
		}
		NearTarget []struct {
			Alpha, R0, Integral float64
			RStar               float64 `json:"r_star"`
		} `json:"near_target"`
	}
	Koschmieder struct {
		MOR, Distance, Extinction []float64
		Transmission              [][]float64
		PixelExample              struct {
			Cases []struct{ MOR, Distance, J, A, I float64 }
		} `json:"pixel_example"`
	}
}

func loadGolden(t *testing.T) *goldenFog {
	t.Helper()
	dir := os.Getenv("FUSIOND_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	b, err := os.ReadFile(filepath.Join(dir, "golden", "fog.json"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("SKIP: the golden fog values are not here (%v): FUSIOND_SHARED names the folder that holds golden/", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	g := new(goldenFog)
	if err := json.Unmarshal(b, g); err != nil {
		t.Fatal(err)
	}
	if g.Schema != "fusiond.golden.fog/1" || len(g.Lidar.Rows) != 9 {
		t.Fatalf("schema %q with %d rows, want fusiond.golden.fog/1 with 9", g.Schema, len(g.Lidar.Rows))
	}
	return g
}

// near fails unless got is within a tolerance of want, relative to want.
func near(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if !(math.Abs(got-want) <= relative*math.Abs(want)) {
		t.Errorf("%s: got %.9g, want %.9g within %.0e of it", what, got, want, relative)
	}
}

// within fails unless got is within an absolute tolerance of want.
func within(t *testing.T, what string, got, want, absolute float64) {
	t.Helper()
	if !(math.Abs(got-want) <= absolute) {
		t.Errorf("%s: got %.9g, want %.9g +-%g", what, got, want, absolute)
	}
}
