package effect

import (
	"fmt"
	"math"
	"testing"

	"github.com/fusiond/fusiond/sim/timeline"
)

func TestTransmissionGolden(t *testing.T) {
	g := loadGolden(t)
	for i, visibility := range g.Koschmieder.MOR {
		near(t, "extinction", ExtinctionPerM(visibility), g.Koschmieder.Extinction[i], 1e-12)
		for j, d := range g.Koschmieder.Distance {
			within(t, fmt.Sprintf("visibility %g, distance %g", visibility, d),
				Transmission(ExtinctionPerM(visibility), d), g.Koschmieder.Transmission[i][j], 1e-12)
		}
	}
}

func TestTransmission(t *testing.T) {
	for _, c := range []struct{ alpha, d, want float64 }{
		{0, 100, 1},
		{0, math.Inf(1), 1},
		{-1, 5, 1},
		{0.06, 0, 1},
		{0.06, math.Inf(1), 0},
		{0.06, 49.9289, 0.05},
		{0.1, 10, 1 / math.E},
	} {
		within(t, fmt.Sprintf("extinction %g, distance %g", c.alpha, c.d), Transmission(c.alpha, c.d), c.want, 1e-6)
	}
	before := 1.0
	for d := 1.0; d < 300; d++ {
		now := Transmission(0.02, d)
		if !(now < before) {
			t.Fatalf("at %g m: transmission %g is not below %g at a metre less", d, now, before)
		}
		before = now
	}
}

// TestDrops compares the closed forms with sums over diameters, and with values worked out on paper.
func TestDrops(t *testing.T) {
	for _, c := range []struct {
		name       string
		p          Drops
		n0, lambda float64
	}{
		{"rain 25", RainDrops(25), 8000, 4.1 * math.Pow(25, -0.21)},
		{"rain 1", RainDrops(1), 8000, 4.1},
		{"snow 1", SnowFlakes(1), 7600, 2.55},
		{"snow 5", SnowFlakes(5), 7600 * math.Pow(5, -0.87), 2.55 * math.Pow(5, -0.48)},
	} {
		near(t, c.name+": N0", c.p.PerM3Mm, c.n0, 1e-12)
		near(t, c.name+": Lambda", c.p.RatePerMm, c.lambda, 1e-12)
		const step = 1e-3
		alpha, count := 0.0, 0.0
		for d := minDropMm + step/2; d < 40; d += step {
			n := c.n0 * math.Exp(-c.lambda*d) * step
			alpha += 1e-6 * math.Pi / 4 * d * d * 2 * n
			count += n
		}
		near(t, c.name+": extinction", c.p.ExtinctionPerM(), alpha, 1e-5)
		near(t, c.name+": number", c.p.PerM3(minDropMm), count, 1e-5)
	}
	// On paper: Lambda 2.085 /mm, 2/Lambda^3 = 0.2206 mm^3, times 8000 pi/2 1e-6 = 0.00277 1/m.
	near(t, "extinction at 25 mm/h", RainDrops(25).ExtinctionPerM(), 0.00277, 0.01)
	for _, p := range []Drops{RainDrops(0), RainDrops(-3), SnowFlakes(0), {}} {
		if p.ExtinctionPerM() != 0 || p.PerM3(1) != 0 {
			t.Errorf("no precipitation: extinction %g and %g drops, want none", p.ExtinctionPerM(), p.PerM3(1))
		}
	}
}

func TestAirExtinction(t *testing.T) {
	w := timeline.Weather{FogPerM: 0.02, RainMmH: 25, SnowMmH: 1}
	want := 0.02 + RainDrops(25).ExtinctionPerM() + SnowFlakes(1).ExtinctionPerM()
	near(t, "fog, rain and snow", AirExtinctionPerM(&w), want, 1e-12)
	if got := AirExtinctionPerM(&timeline.Weather{}); got != 0 {
		t.Errorf("clear air: %g, want 0", got)
	}
}
