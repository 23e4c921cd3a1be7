package eval

import "math"

// EvaluateDetection scores the predictions of the samples against their ground truth. It is a pure function: it
// keeps and changes nothing of its arguments. Samples without any box are allowed and so is no sample at all: what was
// not found scores 0.
//
// It returns an [*InputError] for the first box that cannot be scored (unknown class, value not finite, size not above
// 0, too many predictions in a sample), and the joined faults of a configuration that makes no sense.
func EvaluateDetection(samples []Sample, c DetectionConfig) (DetectionResult, error) {
	if err := c.Validate(); err != nil {
		return DetectionResult{}, err
	}
	form := c.format()
	if err := checkSamples(samples, form); err != nil {
		return DetectionResult{}, err
	}
	r := DetectionResult{
		ConfigName: c.Name,
		DistancesM: append([]float64(nil), c.DistancesM...),
		NumSamples: len(samples),
		Classes:    make([]ClassResult, len(c.Classes)),
	}
	boxes := filterBoxes(samples, form)
	for k := range boxes {
		r.Classes[k] = scoreClass(&boxes[k], &c, &c.Classes[k])
	}
	r.summarise(&c)
	return r, nil
}

// scoreClass computes everything that concerns one class alone.
func scoreClass(cb *classBoxes, c *DetectionConfig, k *ClassConfig) ClassResult {
	r := ClassResult{
		Class:              k.Name,
		NumGroundTruth:     len(cb.truth),
		NumPredictions:     len(cb.pred),
		GroundTruthLeftOut: cb.truthOut,
		PredictionsLeftOut: cb.predOut,
		APs:                make([]float64, len(c.DistancesM)),
		Curves:             make([]Curve, len(c.DistancesM)),
	}
	order := rank(cb.pred)
	for d, limitM := range c.DistancesM {
		matched, hits := cb.match(order, limitM)
		if hits > 0 { // otherwise precision and confidence stay 0
			r.Curves[d] = makeCurve(cb, order, matched)
		}
		r.APs[d] = r.Curves[d].averagePrecision(c.MinRecall, c.MinPrecision)
		r.MeanAP += r.APs[d] / float64(len(c.DistancesM))
		if limitM == c.ErrorDistanceM {
			r.Errors = matchErrors(cb, order, matched, &r.Curves[d], c.MinRecall, k)
		}
	}
	return r
}

// matchErrors computes the true-positive errors of the matches of one class.
func matchErrors(cb *classBoxes, order []int, matched []*Box, curve *Curve, minRecall float64, k *ClassConfig) TPErrors {
	var score []float64
	var errs [numErrors][]float64
	for n, i := range order {
		if matched[n] == nil {
			continue
		}
		score = append(score, cb.pred[i].box.Score)
		for m, e := range pairErrors(matched[n], cb.pred[i].box, k.YawPeriodRad) {
			errs[m] = append(errs[m], e)
		}
	}
	var out TPErrors
	for m := range numErrors {
		if k.defines(m) {
			out[m] = curve.meanError(score, errs[m], minRecall)
		} else {
			out[m] = math.NaN()
		}
	}
	return out
}

// pairErrors compares a prediction with the ground truth it matched. NaN is unknown.
func pairErrors(truth, pred *Box, yawPeriodRad float64) TPErrors {
	attr := 1.0
	switch truth.Attribute {
	case "":
		attr = math.NaN()
	case pred.Attribute:
		attr = 0
	}
	return TPErrors{
		TransErr:  planeDistance(&truth.Translation, &pred.Translation),
		ScaleErr:  scaleError(&truth.Size, &pred.Size),
		OrientErr: yawError(yaw(&truth.Rotation), yaw(&pred.Rotation), yawPeriodRad),
		VelErr:    velocityDistance(&truth.Velocity, &pred.Velocity),
		AttrErr:   attr,
	}
}

// summarise computes the means over the classes and the nuScenes detection score,
// NDS = (w mAP + sum of max(0, 1 - mTP)) / (w + 5).
func (r *DetectionResult) summarise(c *DetectionConfig) {
	for i := range r.Classes {
		r.MeanAP += r.Classes[i].MeanAP / float64(len(r.Classes))
	}
	total := c.MeanAPWeight * r.MeanAP
	for m := range numErrors {
		sum, defined := 0.0, 0
		for i := range r.Classes {
			if e := r.Classes[i].Errors[m]; !math.IsNaN(e) {
				sum += e
				defined++
			}
		}
		r.Errors[m] = sum / float64(defined)
		r.Scores[m] = max(0, 1-r.Errors[m])
		total += r.Scores[m]
	}
	r.NDScore = total / (c.MeanAPWeight + float64(numErrors))
}
