package eval

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// ScoreTracking scores the tracks of the samples' predictions against those of their ground truth. It is a pure function: it keeps and
// changes nothing of its arguments. Samples of a scene are taken in the order of their timestamps, whatever their order in the
// slice; tracks of different scenes are different ones. No sample at all is allowed: no figure is then defined.
//
// It returns an [*InputError] for the first box that cannot be scored (unknown class, value not finite, no track, a track twice in
// a sample, too many predictions in a sample), for two samples of one scene at the same time and for gaps of tracks of millions of
// boxes, and the joined faults of a configuration that makes no sense.
func ScoreTracking(samples []Sample, c TrackingConfig) (TrackingResult, error) {
	if err := c.Validate(); err != nil {
		return TrackingResult{}, err
	}
	form := c.format()
	if err := checkSamples(samples, form); err != nil {
		return TrackingResult{}, err
	}
	if err := checkTimes(samples); err != nil {
		return TrackingResult{}, err
	}
	scenes, counts, err := makeScenes(samples, form)
	if err != nil {
		return TrackingResult{}, err
	}
	r := TrackingResult{
		ConfigName: c.Name, SamplePeriodS: c.SamplePeriodS, NumSamples: len(samples), NumScenes: len(scenes),
		Classes: make([]TrackingClassResult, len(c.Classes)),
	}
	for k := range counts {
		truth, pred := counts[k].side(groundTruthSide), counts[k].side(predictionSide)
		r.Classes[k] = TrackingClassResult{
			Class: c.Classes[k].Name, NumGroundTruth: truth.kept, NumPredictions: pred.kept,
			GroundTruthFilled: truth.full, PredictionsFilled: pred.full, GroundTruthLeftOut: truth.out, PredictionsLeftOut: pred.out,
			Figures: noFigures(), Best: -1,
		}
		r.Classes[k].score(scenes, k, &c)
	}
	r.summarise()
	return r, nil
}

// checkTimes refuses two samples of one scene at one time: nothing says which is first.
func checkTimes(samples []Sample) error {
	type moment struct {
		scene string
		us    int64
	}
	first := make(map[moment]string, len(samples))
	for i := range samples {
		s := &samples[i]
		m := moment{s.Scene, s.TimestampUs}
		if other, ok := first[m]; ok {
			return &InputError{
				Op: "evaluate", Source: groundTruthSide.String(), Token: s.Token, Box: noBox, Field: fieldTimestamp,
				Problem: fmt.Sprintf("%d us is also the time of sample %q in scene %q", s.TimestampUs, other, s.Scene),
				Cure:    "give each sample of a scene a time of its own",
			}
		}
		first[m] = s.Token
	}
	return nil
}

// score fills thresholds and figures of class k.
func (r *TrackingClassResult) score(scenes []trackScene, k int, c *TrackingConfig) {
	r.Thresholds = make([]TrackingThreshold, c.NumThresholds)
	for i := range r.Thresholds {
		r.Thresholds[i] = TrackingThreshold{math.NaN(), math.NaN(), noFigures()}
	}
	if r.GroundTruthFilled == 0 {
		return
	}
	a := &associator{distanceM: c.DistanceM, keepAnyPairing: c.KeepAnyPairing, class: k}
	run := func(threshold float64) trackTotals {
		a.threshold, a.total, a.scores = threshold, trackTotals{}, a.scores[:0]
		for i := range scenes {
			a.scene(&scenes[i])
		}
		return a.total
	}
	all := run(math.Inf(-1))
	reached := r.setThresholds(a.scores, c.recallGrid())
	if !reached { // the figures are by rule, and the same at each recall
		for i := range r.Thresholds {
			r.Thresholds[i].Figures = worstFigures(&all, c)
		}
	}
	for i := range r.Thresholds {
		t := &r.Thresholds[i]
		switch {
		case math.IsNaN(t.Confidence):
		case i > 0 && t.Confidence == r.Thresholds[i-1].Confidence:
			t.Figures = r.Thresholds[i-1].Figures
		default:
			totals := run(t.Confidence)
			t.Figures = totals.figures(c)
		}
	}
	r.pick(c, reached)
}

// setThresholds reads, for each recall of the grid, the score that a track needs so that this recall is reached. It reports whether any
// recall is.
func (r *TrackingClassResult) setThresholds(scores, grid []float64) (reached bool) {
	if len(scores) == 0 {
		return false
	}
	slices.SortFunc(scores, func(a, b float64) int { return cmp.Compare(b, a) })
	recall := make([]float64, len(scores))
	for i := range recall {
		recall[i] = float64(i+1) / float64(r.GroundTruthFilled)
	}
	most := recall[len(recall)-1]
	for i := range r.Thresholds {
		goal := grid[len(grid)-1-i]
		r.Thresholds[i].RecallGoal = goal
		if goal <= most {
			r.Thresholds[i].Confidence = interpolate(goal, recall, scores, 0)
			reached = true
		}
	}
	return reached
}

// figures turns counts into metrics. There is ground truth.
func (t *trackTotals) figures(c *TrackingConfig) TrackingFigures {
	truth, pairs := float64(t.truth), float64(t.matches+t.switches)
	errs := float64(t.misses + t.switches + t.fps)
	f := noFigures()
	f[Recall] = pairs / truth
	if recall := float64(t.matches) / truth; recall > 0 {
		f[MOTAR] = max(0, 1-(errs-float64((1-recall)*truth))/float64(recall*truth))
	}
	f[GT] = truth
	f[MOTA] = max(0, 1-errs/truth)
	if pairs > 0 {
		f[MOTP] = t.distanceM / pairs
	}
	f[MT], f[ML] = float64(t.mostlyTracked), float64(t.mostlyLost)
	f[FAF] = 100 * float64(t.fps) / float64(t.frames)
	f[TP], f[FP], f[FN] = float64(t.matches), float64(t.fps), float64(t.misses)
	f[IDSW], f[FRAG] = float64(t.switches), float64(t.fragments)
	if t.tracked > 0 {
		f[TID] = c.SamplePeriodS * float64(t.initFrames) / float64(t.tracked)
		f[LGD] = c.SamplePeriodS * float64(t.gapFrames) / float64(t.tracked)
	}
	return f
}

// Figures of a class that reaches no recall of the averages, by the rules of the benchmark.
const (
	worstFAF       = 500
	worstDurationS = 20
)

func worstFigures(t *trackTotals, c *TrackingConfig) TrackingFigures {
	f := noFigures() // FP, IDS and FRAG are not known
	f[Recall], f[MOTAR], f[MOTA], f[MT], f[TP] = 0, 0, 0, 0, 0
	f[MOTP], f[FAF], f[TID], f[LGD] = c.DistanceM, worstFAF, worstDurationS, worstDurationS
	f[ML], f[GT], f[FN] = float64(t.objects), float64(t.truth), float64(t.truth)
	return f
}

// pick takes the figures of the class from its thresholds: averages over all, the others where MOTA is highest, at the highest
// recall among equals.
func (r *TrackingClassResult) pick(c *TrackingConfig, reached bool) {
	best, amota, amotp := -1, 0.0, 0.0
	for i := range r.Thresholds {
		f := &r.Thresholds[i].Figures
		if v := f[MOTA]; !math.IsNaN(v) && (best < 0 || v > r.Thresholds[best].Figures[MOTA]) {
			best = i
		}
		amota += knownOr(f[MOTAR], 0)
		amotp += knownOr(f[MOTP], c.DistanceM)
	}
	r.Figures = r.Thresholds[best].Figures
	r.Figures[AMOTA], r.Figures[AMOTP] = amota/float64(len(r.Thresholds)), amotp/float64(len(r.Thresholds))
	if reached {
		r.Best = best
	}
}

func knownOr(v, otherwise float64) float64 {
	if math.IsNaN(v) {
		return otherwise
	}
	return v
}

// summarise computes means and sums over the classes that have a figure. A sum without any is 0, a mean is not defined.
func (r *TrackingResult) summarise() {
	for m := range numTrackingMetrics {
		sum, n := 0.0, 0
		for i := range r.Classes {
			if v := r.Classes[i].Figures[m]; !math.IsNaN(v) {
				sum += v
				n++
			}
		}
		if !m.summed() {
			sum /= float64(n) // NaN without any
		}
		r.Figures[m] = sum
	}
}
