package effect

import (
	"math"

	"github.com/fusiond/fusiond/sim/chance"
)

// Droplet returns after LISA: Kilic et al., "Lidar Light Scattering Augmentation" (2021). Drops are strewn over the beam's cone; one of
// diameter D at range r returns
//
//	p = |(n-1)/(n+1)|^2 exp(-2 alpha r) min((D/D_beam)^2, 1) / r^2,  D_beam = r divergence
//
// against rho exp(-2 alpha R)/R^2 of the target, and the strongest wins. LISA draws every drop (thousands a beam in heavy rain). Here a
// table M(x, r), the mean number of drops nearer than r that return more than x, gives the number of those that matter, which is mostly
// none; they alone are drawn, first where (from M), then how large (an exponential law cut from below is the same law moved). The
// result has the distribution of LISA's.
const (
	rainIndex    = 1.328  // water at 905 nm
	snowIndex    = 1.3031 // ice
	divergence   = 3e-3   // rad
	nearestDropM = 1.5
	farthestM    = 200.0
	dropLevels   = 40
	dropRanges   = 48
	maxDrops     = 8 // a beam; more above the threshold are as good as certain to hold the strongest among them
)

// droplets is the table of one population in one weather.
type droplets struct {
	on         bool
	population Drops
	reflect    float64 // |(n-1)/(n+1)|^2
	alpha      float64
	floor      float64
	levels     [dropLevels]float64 // ln x, ascending
	ranges     [dropRanges]float64 // m, ascending, evenly spaced in the logarithm
	perLevel   float64             // levels per unit of ln x
	mean       [dropLevels][dropRanges]float64
}

// set prepares the table for a population within a total extinction; returns below floorPower do not matter.
func (d *droplets) set(p Drops, index, alpha, floorPower float64) {
	if d.on = p.PerM3Mm > 0; !d.on {
		return
	}
	root := (index - 1) / (index + 1)
	reflect := root * root
	if d.population == p && d.reflect == reflect && d.alpha == alpha && d.floor == floorPower {
		return
	}
	d.population, d.reflect, d.alpha, d.floor = p, reflect, alpha, floorPower
	high := math.Log(reflect / (nearestDropM * nearestDropM))
	low := min(math.Log(floorPower), high-1) // a sensor of a few metres sees no drop, and its table is still one
	d.perLevel = (dropLevels - 1) / (high - low)
	for i := range d.levels {
		d.levels[i] = low + (high-low)*float64(i)/(dropLevels-1)
	}
	for j := range d.ranges {
		d.ranges[j] = nearestDropM * math.Pow(farthestM/nearestDropM, float64(j)/(dropRanges-1))
	}
	for i, level := range d.levels {
		sum, before := 0.0, d.perMetre(math.Exp(level), d.ranges[0])
		for j := 1; j < dropRanges; j++ {
			next := d.perMetre(math.Exp(level), d.ranges[j])
			sum += (before + next) / 2 * (d.ranges[j] - d.ranges[j-1])
			d.mean[i][j], before = sum, next
		}
	}
}

// smallest is the diameter in mm of a drop at r that returns x; it may be larger than the beam, which no drop is for this purpose.
func (d *droplets) smallest(x, r float64) float64 {
	return max(minDropMm, 1000*r*divergence*math.Sqrt(x/d.reflect*r*r*math.Exp(2*d.alpha*r)))
}

// perMetre is the density of drops along the beam at r that return more than x.
func (d *droplets) perMetre(x, r float64) float64 {
	if x > d.reflect*math.Exp(-2*d.alpha*r)/(r*r) {
		return 0 // even one that fills the beam returns less
	}
	radius := r * divergence / 2
	return math.Pi * radius * radius * d.population.PerM3(d.smallest(x, r))
}

// strongest draws the strongest drop in a beam that ends at targetM and returns more than power, if there is one.
func (d *droplets) strongest(power, targetM float64, key chance.Key) (rangeM, best float64) {
	if !d.on || targetM <= nearestDropM {
		return 0, 0
	}
	i := int((logBelow(power) - d.levels[0]) * d.perLevel)
	if i >= dropLevels {
		return 0, 0
	}
	row := &d.mean[max(i, 0)] // a level below: what it has too much is drawn and refused
	u := key.Float64()
	if u <= 1-row[dropRanges-1] { // as good as always, and exp(-x) >= 1 - x
		return 0, 0
	}
	total := at(&d.ranges, row, targetM)
	if u < math.Exp(-total) {
		return 0, 0
	}
	low := math.Exp(d.levels[max(i, 0)])
	for n := range min(poisson(u, total), maxDrops) {
		k := key.At(uint64(n))
		r := inverse(&d.ranges, row, k.Float64()*total)
		size := d.smallest(low, r) + k.At(0).Exp()/d.population.RatePerMm
		fill := min(size/(1000*r*divergence), 1)
		if p := d.reflect * math.Exp(-2*d.alpha*r) * fill * fill / (r * r); p > power && p > best {
			rangeM, best = r, p
		}
	}
	return rangeM, best
}

// logBelow is a lower bound of ln x for a normal x > 0, at most 0.06 below it: the exponent and the mantissa as they are stored
// (log2(1+f) >= f).
func logBelow(x float64) float64 {
	b := math.Float64bits(x)
	return math.Ln2 * (float64(int64(b>>52)-1023) + float64(b&(1<<52-1))/(1<<52)) //nolint:gosec // eleven bits
}

// at reads y at x, linear between the nodes, constant outside.
func at(xs, ys *[dropRanges]float64, x float64) float64 {
	x = min(max(x, xs[0]), xs[dropRanges-1])
	i := min(int(math.Log(x/xs[0])/math.Log(xs[dropRanges-1]/xs[0])*(dropRanges-1)), dropRanges-2)
	return ys[i] + (ys[i+1]-ys[i])*(x-xs[i])/(xs[i+1]-xs[i])
}

// inverse is the x at which a rising y reaches a value.
func inverse(xs, ys *[dropRanges]float64, y float64) float64 {
	low, high := 0, dropRanges-1
	for high-low > 1 {
		if mid := (low + high) / 2; ys[mid] <= y {
			low = mid
		} else {
			high = mid
		}
	}
	step := ys[high] - ys[low]
	if step <= 0 {
		return xs[low]
	}
	return xs[low] + (xs[high]-xs[low])*min((y-ys[low])/step, 1)
}
