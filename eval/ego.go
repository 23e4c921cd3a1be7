package eval

import (
	"fmt"
	"math"
)

// egoToleranceM is how far the ego positions that boxes of one sample imply may lie apart: files carry few decimals.
const egoToleranceM = 0.01

// egoGuess is the ego position as the boxes of one sample in one file imply it.
type egoGuess struct {
	known     bool
	ego       [3]float64 // from the first box that carries it, m, global frame
	conflicts bool       // a later box implies another position
	conflict  int        // the first such box
}

// add takes the ego_translation of box i, which is its centre minus the ego position.
func (g *egoGuess) add(i int, centre, fromEgo [3]float64) {
	if fromEgo == ([3]float64{}) { // what tools write when they do not know it
		return
	}
	ego := [3]float64{centre[0] - fromEgo[0], centre[1] - fromEgo[1], centre[2] - fromEgo[2]}
	switch {
	case !g.known:
		g.known, g.ego = true, ego
	case !g.conflicts && !agree(&g.ego, &ego):
		g.conflicts, g.conflict = true, i
	}
}

// agree compares two ego positions in the ground plane, where ranges are measured.
func agree(a, b *[3]float64) bool {
	return math.Hypot(a[0]-b[0], a[1]-b[1]) <= egoToleranceM
}

// egoFromBoxes finds the ego position of a sample in its boxes, ground truth first.
func egoFromBoxes(truthName string, truth *tokenBoxes, predName string, pred *tokenBoxes) ([3]float64, error) {
	fail := func(name string, box int, problem string) ([3]float64, error) {
		return [3]float64{}, &InputError{
			Op: "read", Source: name, Token: truth.token, Box: box, Field: fieldEgo, Problem: problem,
			Cure: `add "samples": {"` + truth.token + `": {"ego_translation": [x, y, z]}} to ` + truthName,
		}
	}
	differ := fmt.Sprintf("implies another ego position than the boxes before it, by more than %v m", egoToleranceM)
	switch {
	case truth.ego.conflicts:
		return fail(truthName, truth.ego.conflict, differ)
	case pred.ego.conflicts:
		return fail(predName, pred.ego.conflict, differ)
	case truth.ego.known && pred.ego.known && !agree(&truth.ego.ego, &pred.ego.ego):
		return fail(predName, noBox, "the boxes imply another ego position than those of "+truthName)
	case truth.ego.known:
		return truth.ego.ego, nil
	case pred.ego.known:
		return pred.ego.ego, nil
	case len(truth.boxes)+len(pred.boxes) == 0:
		return [3]float64{}, nil
	}
	return fail(truthName, noBox, `the ego position is unknown: there is no "samples", and no box carries it`)
}
