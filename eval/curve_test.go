package eval

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInterpolate(t *testing.T) {
	xs := []float64{0.2, 0.4, 0.4, 0.4, 0.8}
	ys := []float64{1, 3, 9, 5, 7}
	tests := []struct {
		name    string
		x, want float64
	}{
		{"before the first", 0.1, 1},
		{"on the first", 0.2, 1},
		{"up to the first of equal ones", 0.3, 2},
		{"on equal ones takes the last", 0.4, 5},
		{"from the last of equal ones", 0.6, 6},
		{"on the last", 0.8, 7},
		{"after the last", 0.81, -1},
	}
	for _, tc := range tests {
		if got := interpolate(tc.x, xs, ys, -1); !near(got, tc.want) {
			t.Errorf("%s: at %v = %v, want %v", tc.name, tc.x, got, tc.want)
		}
	}
	if got := interpolate(0.3, []float64{0.3}, []float64{4}, 0); got != 4 {
		t.Errorf("single entry = %v, want 4", got)
	}
}

func TestRunningMean(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		name      string
		in, wants []float64
	}{
		{"all known", []float64{1, 3, 2}, []float64{1, 2, 2}},
		{"first unknown counts as 0", []float64{nan, nan, 4, 2}, []float64{0, 0, 4, 3}},
		{"later unknown is left out", []float64{4, nan, 2}, []float64{4, 4, 3}},
		{"none known", []float64{nan, nan}, []float64{1, 1}},
		{"empty", nil, []float64{}},
	}
	for _, tc := range tests {
		if d := cmp.Diff(runningMean(tc.in), tc.wants); d != "" {
			t.Errorf("%s: differs (-got +want):\n%s", tc.name, d)
		}
	}
}

// At equal scores the mean up to the first one processed counts, and the ends are held.
func TestMeanError(t *testing.T) {
	flat := func(conf float64, last int) (c Curve) {
		for i := range last + 1 {
			c.Confidence[i] = conf
		}
		return c
	}
	score, errs := []float64{0.9, 0.5, 0.5, 0.1}, []float64{0, 2, 4, 10} // running means 0, 1, 2, 4
	tests := []struct {
		name  string
		curve Curve
		want  float64
	}{
		{"equal scores", flat(0.5, 50), 1},
		{"between", flat(0.7, 50), 0.5},
		{"over all", flat(0.95, 50), 0},
		{"under all", flat(0.05, 50), 4},
		{"recall just enough", flat(0.1, 11), 4},
		{"recall too low", flat(0.1, 10), 1},
		{"no recall", Curve{}, 1},
	}
	for _, tc := range tests {
		if got := tc.curve.meanError(score, errs, 0.1); !near(got, tc.want) {
			t.Errorf("%s = %v, want %v", tc.name, got, tc.want)
		}
	}
}
