package eval

import (
	"cmp"
	"fmt"
	"slices"
)

// spot is where a track is in one frame, as far as the metrics look at it.
type spot struct {
	x, y  float64 // m, global frame
	score float64 // of the track; 0 for ground truth
	track int     // index, counted over one side of one scene
	class int     // in the configuration
}

// trackFrame holds the tracks of both sides at one moment.
type trackFrame struct {
	truth, pred []spot
}

// trackScene is one scene in time order.
type trackScene struct {
	frames      []trackFrame
	truthTracks int // track indices of the ground truth are below this
	predTracks  int
}

// sideCounts are the boxes of one class on one side.
type sideCounts struct {
	kept, full int // by the filters, and after the gaps were filled
	out        LeftOut
}

// trackCounts are the boxes of one class on both sides.
type trackCounts [2]sideCounts

func (c *trackCounts) side(s side) *sideCounts { return &c[s] }

// maxFilled bounds the boxes that fill gaps: a few tracks that reappear after a very long time must not need more memory than the files.
const maxFilled = 1 << 23

// makeScenes sorts the samples by scene, in order of first appearance, and time, drops the boxes that are not scored, and fills the gaps of
// the tracks. counts has the order of f.classes.
func makeScenes(samples []Sample, f *format) (scenes []trackScene, counts []trackCounts, err error) {
	counts = make([]trackCounts, len(f.classes))
	byScene := map[string]int{}
	var ordered [][]*Sample
	for i := range samples {
		s := &samples[i]
		k, ok := byScene[s.Scene]
		if !ok {
			k = len(ordered)
			byScene[s.Scene] = k
			ordered = append(ordered, nil)
		}
		ordered[k] = append(ordered[k], s)
	}
	left := maxFilled
	for _, of := range ordered {
		slices.SortStableFunc(of, func(a, b *Sample) int { return cmp.Compare(a.TimestampUs, b.TimestampUs) })
		scene := trackScene{frames: make([]trackFrame, len(of))}
		for where := groundTruthSide; where <= predictionSide; where++ {
			if left -= scene.addSide(where, of, f, counts, left); left < 0 {
				return nil, nil, &InputError{
					Op: "evaluate", Source: where.String(), Box: noBox, Field: fieldTrack,
					Problem: fmt.Sprintf("the gaps of tracks hold more than %d boxes, the latest in scene %q", maxFilled, of[0].Scene),
					Cure:    "give objects that are far apart in time names of their own, or split the input by scenes",
				}
			}
		}
		scenes = append(scenes, scene)
	}
	return scenes, counts, nil
}

// addSide adds one side of the samples, which are in time order, and returns how many boxes fill its gaps; if that is more than most, none do.
func (t *trackScene) addSide(where side, samples []*Sample, f *format, counts []trackCounts, most int) (filled int) {
	stamps, frames, id := make([]int64, len(samples)), make([][]spot, len(samples)), map[string]int{}
	for i, s := range samples {
		stamps[i] = s.TimestampUs
		boxes := s.GroundTruth
		if where == predictionSide {
			boxes = s.Predictions
		}
		frames[i] = spots(s, boxes, f, id, func(class int) *LeftOut { return &counts[class].side(where).out })
	}
	count(frames, func(class int) { counts[class].side(where).kept++ })
	if where == predictionSide {
		trackScores(frames, len(id))
	}
	tracks := trackSpots(frames, len(id))
	if filled = gapLength(tracks); filled <= most {
		fillGaps(frames, stamps, tracks)
	}
	count(frames, func(class int) { counts[class].side(where).full++ })
	for i := range frames {
		if where == predictionSide {
			t.frames[i].pred = frames[i]
		} else {
			t.frames[i].truth = frames[i]
		}
	}
	if where == predictionSide {
		t.predTracks = len(id)
	} else {
		t.truthTracks = len(id)
	}
	return filled
}

// spots returns the boxes that the filters keep. id numbers the tracks as they first appear.
func spots(s *Sample, boxes []Box, f *format, id map[string]int, left func(class int) *LeftOut) []spot {
	var out []spot
	for i := range boxes {
		b := &boxes[i]
		class := f.index[b.Class]
		if !keep(b, s, &f.classes[class], left(class)) {
			continue
		}
		track, ok := id[b.Track]
		if !ok {
			track = len(id)
			id[b.Track] = track
		}
		out = append(out, spot{x: b.Translation[0], y: b.Translation[1], score: b.Score, track: track, class: class})
	}
	return out
}

func count(frames [][]spot, one func(class int)) {
	for _, frame := range frames {
		for i := range frame {
			one(frame[i].class)
		}
	}
}

// trackScores gives every box the mean score of its track.
func trackScores(frames [][]spot, tracks int) {
	sum, n := make([]float64, tracks), make([]int, tracks)
	for _, frame := range frames {
		for _, p := range frame {
			sum[p.track] += p.score
			n[p.track]++
		}
	}
	for _, frame := range frames {
		for i := range frame {
			frame[i].score = sum[frame[i].track] / float64(n[frame[i].track])
		}
	}
}

// seenSpot is a spot and its frame.
type seenSpot struct {
	spot
	frame int
}

// trackSpots collects the spots of each track in time order.
func trackSpots(frames [][]spot, tracks int) [][]seenSpot {
	of := make([][]seenSpot, tracks)
	for i, frame := range frames {
		for _, p := range frame {
			of[p.track] = append(of[p.track], seenSpot{p, i})
		}
	}
	return of
}

// gapLength is the number of frames in which tracks have no spot between their first and their last.
func gapLength(tracks [][]seenSpot) (n int) {
	for _, track := range tracks {
		n += track[len(track)-1].frame - track[0].frame + 1 - len(track)
	}
	return n
}

// fillGaps inserts a box wherever a track has none between its first and its last. The inserted boxes stand after those of the
// frame, in the order in which the tracks first appeared.
//
// The weights are those of the public code, which gives the later box what the earlier one should have: close to the earlier box the
// inserted one lies close to the later one. Only the middle of a gap is right. It is kept so that figures are equal.
func fillGaps(frames [][]spot, stamps []int64, tracks [][]seenSpot) {
	for _, track := range tracks {
		for next := 1; next < len(track); next++ {
			left, right := &track[next-1], &track[next]
			for i := left.frame + 1; i < right.frame; i++ {
				weight := float64(stamps[right.frame]-stamps[i]) / float64(stamps[right.frame]-stamps[left.frame])
				p := right.spot
				p.x = mix(left.x, right.x, weight)
				p.y = mix(left.y, right.y, weight)
				p.score = mix(left.score, right.score, weight)
				frames[i] = append(frames[i], p)
			}
		}
	}
}

// mix is the mean of two values with the weight of the second one. Products are rounded before the sum, see geometry.go.
func mix(a, b, weightOfB float64) float64 {
	return float64((1-weightOfB)*a) + float64(weightOfB*b)
}
