package eval

import (
	"fmt"
	"math"
)

// CalibrationBin holds the predictions whose score lies in [Low, High); the last bin includes 1.
type CalibrationBin struct {
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Count     int     `json:"count"`
	MeanScore float64 `json:"mean_score"` // 0 in an empty bin, as Precision
	Precision float64 `json:"precision"`  // share of the bin's predictions that matched
}

// CalibrationResult tells whether a score of p is right in a share p of the cases. Objects that were not found do not show in it.
type CalibrationResult struct {
	Bins  []CalibrationBin
	Count int
	// ECE is the expected calibration error, sum over the bins of count/n |mean score - precision|; NaN without predictions.
	ECE float64
}

// Calibration bins all classes' predictions of at least minScore by score into equal widths, and compares with the precision of matches
// nearer than distanceM, made per class as for AP. Scores must be 0..1. It returns the errors of [EvaluateDetection].
//
// Method: expected calibration error (Guo et al., ICML 2017).
func Calibration(samples []Sample, c DetectionConfig, distanceM float64, bins int, minScore float64) (CalibrationResult, error) {
	if err := c.Validate(); err != nil {
		return CalibrationResult{}, err
	}
	if bins < 1 || !(distanceM > 0) {
		return CalibrationResult{}, fmt.Errorf("calibration of %d bins at %g m: give at least 1 bin and a distance above 0", bins, distanceM)
	}
	form := c.format()
	if err := checkSamples(samples, form); err != nil {
		return CalibrationResult{}, err
	}
	r := CalibrationResult{Bins: make([]CalibrationBin, bins)}
	boxes := filterBoxes(samples, form)
	for k := range boxes {
		order := rank(boxes[k].pred)
		matched, _ := boxes[k].match(order, distanceM)
		for n, i := range order {
			b := boxes[k].pred[i].box
			if b.Score < minScore {
				continue
			}
			if b.Score < 0 || b.Score > 1 {
				return CalibrationResult{}, fmt.Errorf("calibration: a score of %g for a %s is no probability: give scores of 0 to 1", b.Score, b.Class)
			}
			bin := &r.Bins[min(int(b.Score*float64(bins)), bins-1)]
			bin.Count++
			bin.MeanScore += b.Score
			if matched[n] != nil {
				bin.Precision++
			}
			r.Count++
		}
	}
	r.finish()
	return r, nil
}

// finish turns the sums of the bins into means.
func (r *CalibrationResult) finish() {
	for i := range r.Bins {
		b := &r.Bins[i]
		b.Low, b.High = float64(i)/float64(len(r.Bins)), float64(i+1)/float64(len(r.Bins))
		if b.Count == 0 {
			continue
		}
		b.MeanScore /= float64(b.Count)
		b.Precision /= float64(b.Count)
		r.ECE += float64(b.Count) / float64(r.Count) * math.Abs(b.MeanScore-b.Precision)
	}
	if r.Count == 0 {
		r.ECE = math.NaN()
	}
}
