package eval

import (
	"encoding/json"
	"math"
	"strconv"
)

// TrackingMetric names one of the tracking metrics.
type TrackingMetric int

// The tracking metrics, in the order of nuScenes' files. Those after AMOTP are taken at one threshold.
const (
	AMOTA  TrackingMetric = iota // mean MOTAR over the recalls; 0 where a recall is not reached
	AMOTP                        // mean MOTP over the recalls, m; the largest distance of a pair where a recall is not reached
	Recall                       // share of ground-truth boxes that are paired
	MOTAR                        // MOTA relative to the recall
	GT                           // ground-truth boxes
	MOTA                         // 1 - (misses + false positives + switches) / ground truth, at least 0
	MOTP                         // mean distance of pairs, m
	MT                           // ground-truth tracks that are paired in 80 % of their frames or more
	ML                           // ... in less than 20 %
	FAF                          // false positives per 100 frames
	TP                           // pairs that are no switches
	FP                           // predictions without a pair
	FN                           // ground truths without a pair
	IDSW                         // pairs in which an object changes the track
	FRAG                         // interruptions of ground-truth tracks between their first and last pair
	TID                          // mean time from the first appearance to the first pair, s
	LGD                          // mean of the longest time without a pair, s

	numTrackingMetrics
)

// String returns the name in nuScenes' files, for example "amota".
func (m TrackingMetric) String() string {
	if m < 0 || m >= numTrackingMetrics {
		return "TrackingMetric(" + strconv.Itoa(int(m)) + ")"
	}
	return [numTrackingMetrics]string{
		"amota", "amotp", "recall", "motar", "gt", "mota", "motp", "mt", "ml", "faf", "tp", "fp", "fn", "ids", "frag", "tid", "lgd",
	}[m]
}

// summed reports whether the figure over all classes is the sum; otherwise it is the mean.
func (m TrackingMetric) summed() bool {
	switch m {
	case MT, ML, TP, FP, FN, IDSW, FRAG:
		return true
	default:
		return false
	}
}

// TrackingFigures holds one value per [TrackingMetric]. NaN is not defined, and null in JSON.
type TrackingFigures [numTrackingMetrics]float64

func noFigures() (f TrackingFigures) {
	for m := range f {
		f[m] = math.NaN()
	}
	return f
}

// TrackingThreshold holds the figures at one recall of the averages. AMOTA and AMOTP are NaN in it.
type TrackingThreshold struct {
	RecallGoal float64 // recall at which the threshold was read; NaN if the class reached no recall at all
	Confidence float64 // score that a track needs; NaN if the recall is not reached
	Figures    TrackingFigures
}

// TrackingClassResult holds the figures of one class.
type TrackingClassResult struct {
	Class              string
	NumGroundTruth     int // boxes that the filters kept
	NumPredictions     int
	GroundTruthFilled  int // after the gaps of tracks were filled
	PredictionsFilled  int
	GroundTruthLeftOut LeftOut
	PredictionsLeftOut LeftOut
	Figures            TrackingFigures     // at Best; NaN without ground truth
	Thresholds         []TrackingThreshold // from recall 1 down to the lowest
	Best               int                 // index in Thresholds of the highest MOTA; -1 without ground truth or without a recall that is reached
}

// TrackingResult holds the figures of a whole evaluation.
type TrackingResult struct {
	ConfigName    string
	SamplePeriodS float64 // what one frame counts in TID and LGD
	NumSamples    int
	NumScenes     int
	Classes       []TrackingClassResult // in the order of the configuration
	Figures       TrackingFigures       // means over the classes with ground truth, but sums of MT, ML, TP, FP, FN, IDS and FRAG
}

// MarshalJSON writes the summary with the field names of nuScenes: the figures over all classes (amota, amotp, recall, ...) at
// the top, label_metrics (metric, then class), and beside them per_threshold (class, then confidence, recall_hypo and the
// metrics, one value a recall from 1 down), num_gt_after_filter, num_pred_after_filter, num_gt_after_interpolation,
// num_pred_after_interpolation (by class), and sample_period, s. Values that are not defined are null. Keys of one object are in
// a fixed order.
func (r TrackingResult) MarshalJSON() ([]byte, error) {
	out := map[string]any{"sample_period": r.SamplePeriodS}
	labels := map[string]map[string]*float64{}
	for m := range numTrackingMetrics {
		out[m.String()] = known(r.Figures[m])
		labels[m.String()] = map[string]*float64{}
	}
	thresholds := map[string]map[string][]*float64{}
	var counts [4]map[string]int
	for i, key := range []string{"num_gt_after_filter", "num_pred_after_filter", "num_gt_after_interpolation", "num_pred_after_interpolation"} {
		counts[i] = map[string]int{}
		out[key] = counts[i]
	}
	for i := range r.Classes {
		c := &r.Classes[i]
		for k, n := range []int{c.NumGroundTruth, c.NumPredictions, c.GroundTruthFilled, c.PredictionsFilled} {
			counts[k][c.Class] = n
		}
		for m := range numTrackingMetrics {
			labels[m.String()][c.Class] = known(c.Figures[m])
		}
		rows := map[string][]*float64{}
		for _, t := range c.Thresholds {
			rows["confidence"] = append(rows["confidence"], known(t.Confidence))
			rows["recall_hypo"] = append(rows["recall_hypo"], known(t.RecallGoal))
			for m := Recall; m < numTrackingMetrics; m++ {
				rows[m.String()] = append(rows[m.String()], known(t.Figures[m]))
			}
		}
		thresholds[c.Class] = rows
	}
	out["label_metrics"], out["per_threshold"] = labels, thresholds
	return json.Marshal(out)
}
