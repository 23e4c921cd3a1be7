package eval

import (
	"math"
	"sort"
)

// CurvePoints is the number of recalls at which curves are sampled: 0, 0.01 ... 1.
const CurvePoints = 101

// Curve is precision and confidence of one class at one matching distance over recall. Entry i belongs to recall
// i * 0.01. Both are 0 beyond the recall that was reached.
type Curve struct {
	Precision  [CurvePoints]float64
	Confidence [CurvePoints]float64 // score a prediction needs to be counted at that recall
}

// recallGrid holds the recalls of a curve as float64 products, so that 57*0.01 lies above 57/100: a grid point is
// reached or not by these bits.
var recallGrid = func() (g [CurvePoints]float64) {
	for i := range g {
		g[i] = float64(i) * 0.01
	}
	return g
}()

// makeCurve turns matches in processing order into a curve. At least one prediction must be matched.
func makeCurve(cb *classBoxes, order []int, matched []*Box) Curve {
	precision := make([]float64, len(order))
	recall := make([]float64, len(order))
	score := make([]float64, len(order))
	tp := 0
	for n, i := range order {
		if matched[n] != nil {
			tp++
		}
		precision[n] = float64(tp) / float64(n+1)
		recall[n] = float64(tp) / float64(len(cb.truth))
		score[n] = cb.pred[i].box.Score
	}
	var c Curve
	for i, r := range recallGrid {
		c.Precision[i] = interpolate(r, recall, precision, 0)
		c.Confidence[i] = interpolate(r, recall, score, 0)
	}
	return c
}

// lastReached is the last grid point of non-zero confidence, 0 if there is none.
func (c *Curve) lastReached() int {
	for i := CurvePoints - 1; i > 0; i-- {
		if c.Confidence[i] != 0 {
			return i
		}
	}
	return 0
}

// averagePrecision is the mean of precision beyond minPrecision over the grid points beyond minRecall, scaled so that
// a perfect detector has 1.
func (c *Curve) averagePrecision(minRecall, minPrecision float64) float64 {
	sum, first := 0.0, firstPoint(minRecall)
	for _, p := range c.Precision[first:] {
		sum += max(0, p-minPrecision)
	}
	return sum / float64(CurvePoints-first) / (1 - minPrecision)
}

// firstPoint is the first grid point beyond minRecall: the point of minRecall itself is not counted.
func firstPoint(minRecall float64) int {
	return int(math.RoundToEven(100*minRecall)) + 1
}

// meanError brings one error of the matches onto the curve and averages it from minRecall to the last recall reached.
// Inputs are in processing order: score is not increasing. It is 1 if recall stayed under minRecall.
//
// The error at a grid point is the running mean of the errors of all matches up to the confidence of that point.
func (c *Curve) meanError(score, errs []float64, minRecall float64) float64 {
	first, last := firstPoint(minRecall), c.lastReached()
	if last < first {
		return 1
	}
	mean := runningMean(errs)
	ascending, meanAscending := reversed(score), reversed(mean)
	sum := 0.0
	for _, conf := range c.Confidence[first : last+1] {
		sum += interpolate(conf, ascending, meanAscending, meanAscending[len(meanAscending)-1])
	}
	return sum / float64(last+1-first)
}

// runningMean returns the means of the known entries among the first 1, 2 ... n. It is 0 while none is known, and 1
// everywhere if none is known at all. NaN is unknown.
func runningMean(errs []float64) []float64 {
	out := make([]float64, len(errs))
	sum, known := 0.0, 0
	for i, e := range errs {
		if !math.IsNaN(e) {
			sum += e
			known++
		}
		if known > 0 {
			out[i] = sum / float64(known)
		}
	}
	if known == 0 {
		for i := range out {
			out[i] = 1
		}
	}
	return out
}

// interpolate returns y at x on the polygon through (xs, ys). xs must not decrease and must not be empty. At an x that
// stands several times in xs it is the last entry's y; before the first x it is ys[0], after the last it is right.
func interpolate(x float64, xs, ys []float64, right float64) float64 {
	j := sort.Search(len(xs), func(i int) bool { return xs[i] > x }) - 1 // last entry at or before x
	switch {
	case j < 0:
		return ys[0]
	case xs[j] == x:
		return ys[j]
	case j == len(xs)-1:
		return right
	}
	return ys[j] + float64((ys[j+1]-ys[j])*((x-xs[j])/(xs[j+1]-xs[j])))
}

func reversed(v []float64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[len(v)-1-i] = x
	}
	return out
}
