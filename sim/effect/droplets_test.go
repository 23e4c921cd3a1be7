package effect

import (
	"fmt"
	"math"
	"testing"

	"github.com/fusiond/fusiond/sim/chance"
)

// everyDrop is LISA as published: all drops of the cone are strewn, the strongest is found. Returns its power and range, 0 if none is
// above the floor.
func everyDrop(p Drops, reflect, alpha, floor, target float64, s *chance.Source) (rangeM, best float64) {
	volume := math.Pi / 3 * target * math.Pow(target*divergence/2, 2)
	for range s.Poisson(volume * p.PerM3(minDropMm)) {
		r := target * math.Cbrt(s.Float64())
		d := minDropMm + s.Exp()/p.RatePerMm
		if r < nearestDropM {
			continue
		}
		fill := math.Min(d/(1000*r*divergence), 1)
		if power := reflect * math.Exp(-2*alpha*r) * fill * fill / (r * r); power > best {
			rangeM, best = r, power
		}
	}
	if best < floor {
		return 0, 0
	}
	return rangeM, best
}

// TestDropletsAreLISA: the table gives the same chances, mean ranges and mean powers as strewing every drop. The weather is heavier
// than any real one, so that a few thousand beams tell.
func TestDropletsAreLISA(t *testing.T) {
	const floor, target, n = 2.25e-5, 20.0, 4000
	for _, c := range []struct {
		name  string
		p     Drops
		index float64
	}{
		{"rain 100 mm/h", RainDrops(100), rainIndex},
		{"snow 10 mm/h", SnowFlakes(10), snowIndex},
	} {
		alpha := c.p.ExtinctionPerM()
		var table droplets
		table.set(c.p, c.index, alpha, floor)
		root := (c.index - 1) / (c.index + 1)
		source, key := chance.New(1, c.name), chance.Of(2, c.name)
		var hits, ranges, powers [2]float64
		for i := range n {
			for j := range 2 {
				r, p := everyDrop(c.p, root*root, alpha, floor, target, source)
				if j == 1 {
					r, p = table.strongest(floor, target, key.At(uint64(i)))
				}
				if p > 0 {
					hits[j]++
					ranges[j] += r
					powers[j] += math.Log(p)
				}
			}
		}
		if hits[0] < 200 {
			t.Fatalf("%s: only %.0f of %d beams hit a drop, the test says nothing", c.name, hits[0], n)
		}
		// Four standard errors of the difference of two counts, and of the means (range sd about 1.3 m, ln power sd about 1.2).
		within(t, c.name+": beams with a drop", hits[1], hits[0], 4*math.Sqrt(2*hits[0]))
		within(t, c.name+": mean range", ranges[1]/hits[1], ranges[0]/hits[0], 4*1.3*math.Sqrt(2/hits[0]))
		within(t, c.name+": mean ln power", powers[1]/hits[1], powers[0]/hits[0], 4*1.2*math.Sqrt(2/hits[0]))
	}
}

func TestDropletsLimits(t *testing.T) {
	var table droplets
	table.set(RainDrops(100), rainIndex, 0, 2.25e-5)
	for i := range uint64(2000) {
		r, p := table.strongest(2.25e-5, 6, chance.Of(1).At(i))
		if p > 0 && (r < nearestDropM || r >= 6 || p <= 2.25e-5) {
			t.Fatalf("beam %d: a drop at %g m returns %g, want 1.5..6 m and more than 2.25e-5", i, r, p)
		}
	}
	for _, c := range []struct {
		name          string
		power, target float64
	}{
		{"a target nearer than the nearest drop", 2.25e-5, 1.4},
		{"a target stronger than any drop", 0.01, 50},
	} {
		for i := range uint64(2000) {
			if r, p := table.strongest(c.power, c.target, chance.Of(1).At(i)); p > 0 {
				t.Fatalf("%s: a drop at %g m returns %g, want none", c.name, r, p)
			}
		}
	}
	table.set(RainDrops(100), rainIndex, 0, 0.02) // the floor of a sensor of 7 m: above any drop
	for i := range uint64(2000) {
		if r, p := table.strongest(0.02, 5, chance.Of(1).At(i)); p > 0 {
			t.Fatalf("a drop at %g m returns %g, want none", r, p)
		}
	}
	table.set(Drops{}, rainIndex, 0, 2.25e-5)
	if _, p := table.strongest(2.25e-5, 100, chance.Of(1)); p != 0 {
		t.Errorf("no rain: a drop returns %g", p)
	}
}

func ExampleDrops() {
	fmt.Printf("visibility in rain of 25 mm/h: %.0f m\n", VisibilityM(RainDrops(25).ExtinctionPerM()))
	// Output: visibility in rain of 25 mm/h: 1081 m
}
