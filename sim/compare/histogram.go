package compare

import "math"

// Histogram counts values in bins of equal width from Low on. Values outside go into the first and the last bin.
type Histogram struct {
	Low, Width float64
	Counts     []float64
}

func newHistogram(low, high float64, bins int) Histogram {
	return Histogram{low, (high - low) / float64(bins), make([]float64, bins)}
}

func (h *Histogram) add(v float64) {
	i := int(math.Floor((v - h.Low) / h.Width))
	h.Counts[max(0, min(i, len(h.Counts)-1))]++
}

// Total is the number of values.
func (h *Histogram) Total() (n float64) {
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// Mean of the values, each taken at the middle of its bin; NaN without any.
func (h *Histogram) Mean() float64 {
	sum := 0.0
	for i, c := range h.Counts {
		sum += c * (h.Low + (float64(i)+0.5)*h.Width)
	}
	return sum / h.Total()
}

// Shares are the counts divided by their sum, all zero without values.
func (h *Histogram) Shares() []float64 {
	s := make([]float64, len(h.Counts))
	if n := h.Total(); n > 0 {
		for i, c := range h.Counts {
			s[i] = c / n
		}
	}
	return s
}

// JensenShannon is the divergence of two distributions over the same bins in bits, 0..1: the mean of the relative entropies of each to
// the middle of both. NaN where one of them is empty.
func JensenShannon(a, b *Histogram) float64 {
	if a.Total() == 0 || b.Total() == 0 {
		return math.NaN()
	}
	p, q := a.Shares(), b.Shares()
	sum := 0.0
	for i := range p {
		m := (p[i] + q[i]) / 2
		sum += entropy(p[i], m)/2 + entropy(q[i], m)/2
	}
	return math.Max(0, math.Min(1, sum))
}

func entropy(p, m float64) float64 {
	if p == 0 {
		return 0
	}
	return p * math.Log2(p/m)
}

// Wasserstein is how far, on average, the values of one distribution must be moved to give the other, in the unit of the bins: the area
// between the cumulative distributions. NaN where one of them is empty.
func Wasserstein(a, b *Histogram) float64 {
	if a.Total() == 0 || b.Total() == 0 {
		return math.NaN()
	}
	p, q := a.Shares(), b.Shares()
	sum, gap := 0.0, 0.0
	for i := range p {
		gap += p[i] - q[i]
		sum += math.Abs(gap)
	}
	return sum * a.Width
}
