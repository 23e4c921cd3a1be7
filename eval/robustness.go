package eval

import "math"

// Corruption is one kind of weather or fault with the score under each of its severities, NDS or mAP as fractions.
type Corruption struct {
	Name   string
	Scores []float64
}

// RelativeAccuracy compares scores under corruptions with the clean score: a corruption's RA is the mean over its severities of
// score / clean, and mRA the mean of the RA. Without a clean score, or without severities, it is NaN.
//
// Method: MultiCorrupt (Beemelmanns et al., IV 2024).
func RelativeAccuracy(clean float64, c []Corruption) (ra []float64, mRA float64) {
	return eachCorruption(c, func(i int) float64 {
		if !(clean > 0) || len(c[i].Scores) == 0 {
			return math.NaN()
		}
		return sum(c[i].Scores) / float64(len(c[i].Scores)) / clean
	})
}

// RelativeResilience compares scores with those of a baseline under the same corruptions, in the same order: a corruption's RRA is
// sum of scores / sum of the baseline's - 1, and mRRA their mean. Above 0 is better than the baseline. Where the baseline has nothing, or
// the severities are not as many, it is NaN.
//
// Method: MultiCorrupt, as above; it prints percent.
func RelativeResilience(c, baseline []Corruption) (rra []float64, mRRA float64) {
	return eachCorruption(c, func(i int) float64 {
		if !alike(c, baseline, i) || !(sum(baseline[i].Scores) > 0) {
			return math.NaN()
		}
		return sum(c[i].Scores)/sum(baseline[i].Scores) - 1
	})
}

// CorruptionError compares what is missing to a perfect score with what a baseline misses: a corruption's CE is
// sum of (1 - score) / sum of (1 - the baseline's), and mCE their mean. Below 1 is better than the baseline. A perfect baseline, or other
// severities, give NaN.
//
// Method: RoboBEV (Xie et al.), with NDS as score.
func CorruptionError(c, baseline []Corruption) (ce []float64, mCE float64) {
	missing := func(scores []float64) float64 { return float64(len(scores)) - sum(scores) }
	return eachCorruption(c, func(i int) float64 {
		if !alike(c, baseline, i) || !(missing(baseline[i].Scores) > 0) {
			return math.NaN()
		}
		return missing(c[i].Scores) / missing(baseline[i].Scores)
	})
}

// Kept is the share of a score that is left of the full one, NaN if there was none.
func Kept(score, full float64) float64 {
	if !(full > 0) {
		return math.NaN()
	}
	return score / full
}

// eachCorruption collects one figure a corruption and the mean of those that are defined, NaN if none is.
func eachCorruption(c []Corruption, one func(i int) float64) (each []float64, mean float64) {
	total, defined := 0.0, 0
	for i := range c {
		v := one(i)
		each = append(each, v)
		if !math.IsNaN(v) {
			total += v
			defined++
		}
	}
	return each, total / float64(defined)
}

// alike tells whether the i-th corruption is the same on both sides and has as many severities.
func alike(a, b []Corruption, i int) bool {
	return i < len(b) && a[i].Name == b[i].Name && len(a[i].Scores) == len(b[i].Scores) && len(a[i].Scores) > 0
}

func sum(v []float64) (s float64) {
	for _, x := range v {
		s += x
	}
	return s
}
