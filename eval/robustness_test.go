package eval

import (
	"math"
	"testing"
)

// fogAndBeams is worked out by hand below: clean 0.8, fog 0.8, 0.6, 0.4, beams 0.4, 0.4, 0.2.
func fogAndBeams() []Corruption {
	return []Corruption{{"fog", []float64{0.8, 0.6, 0.4}}, {"beams", []float64{0.4, 0.4, 0.2}}}
}

func checkFigures(t *testing.T, what string, got []float64, mean float64, want []float64, wantMean float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
	for i := range want {
		if !near(got[i], want[i]) {
			t.Errorf("%s of corruption %d: got %v, want %v", what, i, got[i], want[i])
		}
	}
	if !near(mean, wantMean) {
		t.Errorf("mean %s: got %v, want %v", what, mean, wantMean)
	}
}

func TestRelativeAccuracy(t *testing.T) {
	nan := math.NaN()
	// fog: (1 + 0.75 + 0.5)/3 = 0.75; beams: (0.5 + 0.5 + 0.25)/3 = 1.25/3.
	ra, m := RelativeAccuracy(0.8, fogAndBeams())
	checkFigures(t, "RA", ra, m, []float64{0.75, 1.25 / 3}, (0.75+1.25/3)/2)
	ra, m = RelativeAccuracy(0, fogAndBeams())
	checkFigures(t, "RA without a clean score", ra, m, []float64{nan, nan}, nan)
	ra, m = RelativeAccuracy(0.8, []Corruption{{"fog", []float64{0.4}}, {"none", nil}})
	checkFigures(t, "RA without severities", ra, m, []float64{0.5, nan}, 0.5)
}

func TestAgainstBaseline(t *testing.T) {
	nan := math.NaN()
	base := []Corruption{{"fog", []float64{0.6, 0.4, 0.2}}, {"beams", []float64{0.5, 0.5, 0.25}}}
	// fog: 1.8/1.2 - 1 = 0.5; beams: 1.0/1.25 - 1 = -0.2.
	rra, m := RelativeResilience(fogAndBeams(), base)
	checkFigures(t, "RRA", rra, m, []float64{0.5, -0.2}, 0.15)
	// fog: (0.2+0.4+0.6)/(0.4+0.6+0.8) = 1.2/1.8; beams: 2.0/1.75.
	ce, m := CorruptionError(fogAndBeams(), base)
	checkFigures(t, "CE", ce, m, []float64{1.2 / 1.8, 2 / 1.75}, (1.2/1.8+2/1.75)/2)

	for _, c := range []struct {
		name string
		base []Corruption
	}{
		{"another corruption", []Corruption{{"rain", []float64{0.6, 0.4, 0.2}}, base[1]}},
		{"other severities", []Corruption{{"fog", []float64{0.6, 0.4}}, base[1]}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rra, m := RelativeResilience(fogAndBeams(), c.base)
			checkFigures(t, "RRA", rra, m, []float64{nan, -0.2}, -0.2)
			ce, m := CorruptionError(fogAndBeams(), c.base)
			checkFigures(t, "CE", ce, m, []float64{nan, 2 / 1.75}, 2/1.75)
		})
	}
	rra, m = RelativeResilience(fogAndBeams()[:1], []Corruption{{"fog", []float64{0, 0, 0}}})
	checkFigures(t, "RRA over nothing", rra, m, []float64{nan}, nan)
	ce, m = CorruptionError(fogAndBeams()[:1], []Corruption{{"fog", []float64{1, 1, 1}}})
	checkFigures(t, "CE over a perfect baseline", ce, m, []float64{nan}, nan)
	rra, m = RelativeResilience(fogAndBeams(), base[:1])
	checkFigures(t, "RRA of a shorter baseline", rra, m, []float64{0.5, nan}, 0.5)
}

func TestKept(t *testing.T) {
	if got := Kept(0.3, 0.6); !near(got, 0.5) {
		t.Errorf("got %v, want 0.5", got)
	}
	if got := Kept(0.3, 0); !math.IsNaN(got) {
		t.Errorf("kept of nothing: got %v, want NaN", got)
	}
}
