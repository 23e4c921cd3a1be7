package eval

// LeftOut counts the boxes that each filter left out. The filters run in the order of the fields; a box is counted
// under the first that drops it.
type LeftOut struct {
	Range      int // at or beyond the range of the class, measured from ego in the ground plane
	ZeroPoints int // ground truth without any lidar or radar point
	BikeRack   int // bicycle or motorcycle with its centre in a bicycle rack
}

// Total is the number of boxes left out by any filter.
func (l LeftOut) Total() int { return l.Range + l.ZeroPoints + l.BikeRack }

// classBoxes holds the boxes of one class that the filters kept. It points into the samples.
type classBoxes struct {
	truth    []*Box // of all samples, in order
	first    []int  // truth[first[i]:first[i+1]] belongs to sample i
	pred     []prediction
	truthOut LeftOut
	predOut  LeftOut
}

// prediction is a predicted box and the sample it belongs to.
type prediction struct {
	box    *Box
	sample int
}

// filterBoxes sorts the boxes of all samples by class, in their order, without those that are not scored.
// All classes must be known. The result has the order of f.classes.
func filterBoxes(samples []Sample, f *format) []classBoxes {
	out := make([]classBoxes, len(f.classes))
	for i := range samples {
		s := &samples[i]
		for k := range out {
			out[k].first = append(out[k].first, len(out[k].truth))
		}
		for j := range s.GroundTruth {
			b := &s.GroundTruth[j]
			k := f.index[b.Class]
			if keep(b, s, &f.classes[k], &out[k].truthOut) {
				out[k].truth = append(out[k].truth, b)
			}
		}
		for j := range s.Predictions {
			b := &s.Predictions[j]
			k := f.index[b.Class]
			if keep(b, s, &f.classes[k], &out[k].predOut) {
				out[k].pred = append(out[k].pred, prediction{b, i})
			}
		}
	}
	for k := range out {
		out[k].first = append(out[k].first, len(out[k].truth))
	}
	return out
}

// keep reports whether b is scored, and counts it in left if not.
func keep(b *Box, s *Sample, k *ClassConfig, left *LeftOut) bool {
	switch {
	case !(planeDistance(&b.Translation, &s.EgoTranslation) < k.RangeM):
		left.Range++
	case b.NumPts == 0:
		left.ZeroPoints++
	case k.InRackIgnored && inAnyRack(b, s.BikeRacks):
		left.BikeRack++
	default:
		return true
	}
	return false
}

func inAnyRack(b *Box, racks []BikeRack) bool {
	for i := range racks {
		if racks[i].contains(&b.Translation) {
			return true
		}
	}
	return false
}
