package eval

import (
	"cmp"
	"math"
	"slices"
)

// rank returns the indices of the predictions in processing order: highest score first, and the later one first
// among equal scores.
func rank(pred []prediction) []int {
	order := make([]int, len(pred))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if c := cmp.Compare(pred[b].box.Score, pred[a].box.Score); c != 0 {
			return c
		}
		return cmp.Compare(b, a)
	})
	return order
}

// match gives each prediction, in the given order, the nearest ground truth of its sample that is not yet taken, if it
// is nearer than limitM. The first of equally near ones is taken. A prediction whose nearest free ground truth is too
// far stays without. It returns the ground truth of each, in the given order, nil for a false positive, and how many
// were matched.
func (cb *classBoxes) match(order []int, limitM float64) (matched []*Box, hits int) {
	matched = make([]*Box, len(order))
	taken := make([]bool, len(cb.truth))
	for n, i := range order {
		p := cb.pred[i]
		best, bestM := -1, math.Inf(1)
		for j := cb.first[p.sample]; j < cb.first[p.sample+1]; j++ {
			if taken[j] {
				continue
			}
			if d := planeDistance(&cb.truth[j].Translation, &p.box.Translation); d < bestM {
				best, bestM = j, d
			}
		}
		if best >= 0 && bestM < limitM {
			taken[best] = true
			matched[n] = cb.truth[best]
			hits++
		}
	}
	return matched, hits
}
