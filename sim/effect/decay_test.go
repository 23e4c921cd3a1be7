package effect

import (
	"math"
	"testing"
)

func TestDecay(t *testing.T) {
	if got := decay(0); got != 1 {
		t.Errorf("at 0: %g, want exactly 1", got)
	}
	before := float32(1)
	for x := float32(0.003); x < decayMost; x += 0.0171 {
		got := decay(x)
		near(t, "decay", float64(got), math.Exp(-float64(x)), 2e-7*math.Max(1, float64(x)/8))
		if got > before {
			t.Fatalf("at %g: %g rises from %g", x, got, before)
		}
		before = got
	}
	for _, x := range []float32{decayMost, 1e9, float32(math.Inf(1))} {
		if got := decay(x); got != 0 {
			t.Errorf("at %g: %g, want 0", x, got)
		}
	}
	for _, x := range []float32{-1, float32(math.NaN())} {
		if got := decay(x); got != 1 {
			t.Errorf("at %g: %g, want 1", x, got)
		}
	}
}

func TestNormal(t *testing.T) {
	var sum, square, fourth float64
	for i := range uint64(4096) {
		x := float64(normal(i))
		sum, square, fourth = sum+x, square+x*x, fourth+x*x*x*x
	}
	within(t, "mean", sum/4096, 0, 1e-6)
	within(t, "variance", square/4096, 1, 1e-5)
	within(t, "fourth moment", fourth/4096, 3, 0.02)
	if normal(0) > -3.4 || normal(4095) < 3.4 {
		t.Errorf("extremes %g and %g, want beyond 3.4", normal(0), normal(4095))
	}
}

func TestPoissonInversion(t *testing.T) {
	for _, mean := range []float64{0.01, 1, 7, 30} {
		var sum, square float64
		const n = 20000
		for i := range n {
			k := float64(poisson((float64(i)+0.5)/n, mean))
			sum, square = sum+k, square+(k-mean)*(k-mean)
		}
		near(t, "mean", sum/n, mean, 0.002)
		near(t, "variance", square/n, mean, 0.03)
	}
	for _, c := range []struct {
		u, mean float64
		want    int
	}{{0, 5, 0}, {0.99, 0, 0}, {math.Exp(-2) - 1e-6, 2, 0}, {math.Exp(-2) + 1e-6, 2, 1}, {0.9999999999, 1e3, 200}} {
		if got := poisson(c.u, c.mean); got != c.want {
			t.Errorf("u %g, mean %g: %d, want %d", c.u, c.mean, got, c.want)
		}
	}
}
