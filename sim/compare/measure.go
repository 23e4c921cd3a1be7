package compare

import (
	"math"
	"slices"
)

// Info says what a measure is.
type Info struct {
	// ID is short and stable, for example "lidar.range".
	ID string
	// Title and X describe it to people; Unit is that of Wasserstein's distance of a distribution, or of a curve's values.
	Title, X, Unit string
}

// Distribution is a measure with a value for each point, car or pixel.
type Distribution struct {
	Info
	Histogram
}

// Curve is a measure with a value for each bin of something else. Bins hold all values that were seen; the curve is their mean, or their
// median.
type Curve struct {
	Info
	// Low and Width of the bins.
	Low, Width float64
	Median     bool
	values     [][]float64
}

func newCurve(i Info, low, high float64, bins int, median bool) Curve {
	return Curve{i, low, (high - low) / float64(bins), median, make([][]float64, bins)}
}

// add drops what lies outside the bins.
func (c *Curve) add(x, v float64) {
	if i := int(math.Floor((x - c.Low) / c.Width)); i >= 0 && i < len(c.values) {
		c.values[i] = append(c.values[i], v)
	}
}

// leastValues a bin must hold to be compared.
const leastValues = 3

// Points are the curve's: NaN where a bin holds fewer than 3 values.
func (c *Curve) Points() []float64 {
	p := make([]float64, len(c.values))
	for i, v := range c.values {
		switch {
		case len(v) < leastValues:
			p[i] = math.NaN()
		case c.Median:
			p[i] = median(v)
		default:
			sum := 0.0
			for _, x := range v {
				sum += x
			}
			p[i] = sum / float64(len(v))
		}
	}
	return p
}

func median(v []float64) float64 {
	s := slices.Clone(v)
	slices.Sort(s)
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// relative is the mean of |a-b|/(|a|+|b|) over the points that both curves have, and the mean of |a-b|. NaN without any.
func relative(a, b []float64) (share, difference float64) {
	n := 0.0
	for i := range a {
		d, s := math.Abs(a[i]-b[i]), math.Abs(a[i])+math.Abs(b[i])
		if math.IsNaN(d) {
			continue
		}
		n++
		difference += d
		if s > 0 {
			share += d / s
		}
	}
	return share / n, difference / n
}
