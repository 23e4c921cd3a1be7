package eval

import "fmt"

// Found counts how many of a sample's objects were found, over all classes.
type Found struct {
	Objects int // ground truth that the filters kept
	Found   int // of them, those with a prediction of their class nearer than the distance
}

// CountFound counts for each sample how many of its objects were found, whatever the predictions' scores. Each prediction finds at most one
// object; they are paired as for AP. It returns the errors of [EvaluateDetection].
func CountFound(samples []Sample, c DetectionConfig, distanceM float64) ([]Found, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if !(distanceM > 0) {
		return nil, fmt.Errorf("count found objects at %g m: give a distance above 0", distanceM)
	}
	form := c.format()
	if err := checkSamples(samples, form); err != nil {
		return nil, err
	}
	out := make([]Found, len(samples))
	boxes := filterBoxes(samples, form)
	for k := range boxes {
		cb := &boxes[k]
		order := rank(cb.pred)
		matched, _ := cb.match(order, distanceM)
		for n, i := range order {
			if matched[n] != nil {
				out[cb.pred[i].sample].Found++
			}
		}
		for i := range samples {
			out[i].Objects += cb.first[i+1] - cb.first[i]
		}
	}
	return out, nil
}
