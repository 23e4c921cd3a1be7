package eval

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// ErrorMetric names one of the five true-positive errors.
type ErrorMetric int

// The true-positive errors, in the order of reports.
const (
	TransErr  ErrorMetric = iota // ATE: centre distance in the ground plane, m
	ScaleErr                     // ASE: 1 - IoU after alignment
	OrientErr                    // AOE: smallest yaw difference, rad
	VelErr                       // AVE: norm of the velocity difference, m/s
	AttrErr                      // AAE: 1 - attribute accuracy

	numErrors
)

// String returns the name in nuScenes' files, for example "trans_err".
func (m ErrorMetric) String() string {
	if m < 0 || m >= numErrors {
		return "ErrorMetric(" + strconv.Itoa(int(m)) + ")"
	}
	return [numErrors]string{"trans_err", "scale_err", "orient_err", "vel_err", "attr_err"}[m]
}

// TPErrors holds one value per [ErrorMetric]. NaN is not defined, and null in JSON.
type TPErrors [numErrors]float64

// MarshalJSON writes an object with the five names.
func (e TPErrors) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Trans  *float64 `json:"trans_err"`
		Scale  *float64 `json:"scale_err"`
		Orient *float64 `json:"orient_err"`
		Vel    *float64 `json:"vel_err"`
		Attr   *float64 `json:"attr_err"`
	}{known(e[TransErr]), known(e[ScaleErr]), known(e[OrientErr]), known(e[VelErr]), known(e[AttrErr])})
}

func known(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

// ClassResult holds the figures of one class.
type ClassResult struct {
	Class              string
	NumGroundTruth     int // boxes that the filters kept
	NumPredictions     int
	GroundTruthLeftOut LeftOut
	PredictionsLeftOut LeftOut
	APs                []float64 // one per distance
	MeanAP             float64   // mean of APs
	Errors             TPErrors  // NaN where not defined for the class; 1 where nothing was matched
	Curves             []Curve   // one per distance
}

// DetectionResult holds the figures of a whole evaluation. A class without ground truth has AP 0 and errors 1 and
// stays in every mean, as in the benchmark.
type DetectionResult struct {
	ConfigName string
	DistancesM []float64 // matching distances of APs and Curves, m
	NumSamples int
	Classes    []ClassResult // in the order of the configuration
	MeanAP     float64       // mAP: mean of the classes' MeanAP
	NDScore    float64       // nuScenes detection score
	Errors     TPErrors      // means over the classes that define the error
	Scores     TPErrors      // max(0, 1 - error)
}

// MarshalJSON writes the summary with the field names of nuScenes: mean_ap, nd_score, label_aps (class, then distance
// such as "0.5"), mean_dist_aps, label_tp_errors, tp_errors, tp_scores, and beside them num_gt_after_filter,
// num_pred_after_filter (by class), ground_truth_left_out and predictions_left_out (by filter, then class). Values
// that are not defined are null. Keys of one object are in a fixed order. Curves are not written.
func (r DetectionResult) MarshalJSON() ([]byte, error) {
	type byClass map[string]int
	type byFilter struct {
		Range      byClass `json:"range"`
		ZeroPoints byClass `json:"zero_points"`
		BikeRack   byClass `json:"bike_rack"`
	}
	newByFilter := func() byFilter { return byFilter{byClass{}, byClass{}, byClass{}} }
	out := struct {
		MeanAP        float64                       `json:"mean_ap"`
		NDScore       float64                       `json:"nd_score"`
		LabelAPs      map[string]map[string]float64 `json:"label_aps"`
		MeanDistAPs   map[string]float64            `json:"mean_dist_aps"`
		LabelTPErrors map[string]TPErrors           `json:"label_tp_errors"`
		TPErrors      TPErrors                      `json:"tp_errors"`
		TPScores      TPErrors                      `json:"tp_scores"`
		NumGT         byClass                       `json:"num_gt_after_filter"`
		NumPred       byClass                       `json:"num_pred_after_filter"`
		GTLeftOut     byFilter                      `json:"ground_truth_left_out"`
		PredLeftOut   byFilter                      `json:"predictions_left_out"`
	}{
		MeanAP: r.MeanAP, NDScore: r.NDScore, TPErrors: r.Errors, TPScores: r.Scores,
		LabelAPs: map[string]map[string]float64{}, MeanDistAPs: map[string]float64{}, LabelTPErrors: map[string]TPErrors{},
		NumGT: byClass{}, NumPred: byClass{}, GTLeftOut: newByFilter(), PredLeftOut: newByFilter(),
	}
	leftOut := func(f byFilter, class string, l LeftOut) {
		f.Range[class], f.ZeroPoints[class], f.BikeRack[class] = l.Range, l.ZeroPoints, l.BikeRack
	}
	for i := range r.Classes {
		c := &r.Classes[i]
		aps := make(map[string]float64, len(r.DistancesM))
		for d, m := range r.DistancesM {
			aps[distanceKey(m)] = c.APs[d]
		}
		out.LabelAPs[c.Class] = aps
		out.MeanDistAPs[c.Class] = c.MeanAP
		out.LabelTPErrors[c.Class] = c.Errors
		out.NumGT[c.Class], out.NumPred[c.Class] = c.NumGroundTruth, c.NumPredictions
		leftOut(out.GTLeftOut, c.Class, c.GroundTruthLeftOut)
		leftOut(out.PredLeftOut, c.Class, c.PredictionsLeftOut)
	}
	return json.Marshal(out)
}

// distanceKey writes a distance as nuScenes' files do: always with a decimal point.
func distanceKey(m float64) string {
	s := strconv.FormatFloat(m, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
