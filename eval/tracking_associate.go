package eval

import "math"

// associator pairs the ground truth of one class with its tracks, frame by frame, and counts what becomes of them.
//
// Method: CLEAR MOT (Bernardin and Stiefelhagen 2008) in the order of events of py-motmetrics.
type associator struct {
	distanceM      float64
	keepAnyPairing bool
	class          int
	threshold      float64 // tracks of a lower score are not there

	total  trackTotals
	scores []float64 // of matches that are no switches, one a match

	truth, pred []spot        // of the frame
	objects     []trackObject // of the scene
	place       []int         // of each predicted track in pred, -1 if it is not there
	taken       []bool        // by place in pred
	rest        []int         // ground truths that kept no pairing
	free        []int         // predictions that nobody kept
	assign      assigner
}

// trackTotals are the counts of one class at one threshold over all scenes.
type trackTotals struct {
	frames                         int // with any box
	truth                          int
	matches, switches, misses, fps int
	distanceM                      float64 // over matches and switches
	objects                        int     // ground-truth tracks
	mostlyTracked, mostlyLost      int
	fragments                      int
	tracked                        int // objects paired at least once
	initFrames, gapFrames          int // over tracked objects: up to the first pairing, longest gap
}

// trackObject is what is remembered of a ground-truth track. Frames are numbered over the frames that have any box.
type trackObject struct {
	seen, paired    int // frames
	first, last     int // frame of its first and latest appearance
	firstPaired     int
	lastPaired      int
	partner         int // latest predicted track it was paired with, -1 if none
	gap, longestGap int // frames without pairing: up to now, and the longest
	fragments       int
}

// scene adds one scene.
func (a *associator) scene(s *trackScene) {
	a.objects = grown(a.objects, s.truthTracks, trackObject{partner: -1})
	a.place = grown(a.place, s.predTracks, -1)
	frame := 0
	for i := range s.frames {
		a.truth = a.choose(a.truth[:0], s.frames[i].truth, math.Inf(-1))
		a.pred = a.choose(a.pred[:0], s.frames[i].pred, a.threshold)
		if len(a.truth)+len(a.pred) == 0 {
			continue
		}
		a.frame(frame)
		frame++
	}
	a.total.frames += frame
	for i := range a.objects {
		a.finish(&a.objects[i])
	}
}

// choose appends the spots of the class with at least the given score.
func (a *associator) choose(dst, all []spot, threshold float64) []spot {
	for i := range all {
		if all[i].class == a.class && all[i].score >= threshold {
			dst = append(dst, all[i])
		}
	}
	return dst
}

// frame pairs the boxes of one frame.
func (a *associator) frame(n int) {
	a.taken = grown(a.taken, len(a.pred), false)
	for j := range a.pred {
		a.place[a.pred[j].track] = j
	}
	a.rest = a.rest[:0]
	paired := 0
	for i := range a.truth {
		if j, d, ok := a.kept(i, n); ok {
			a.pair(i, j, n, d)
			paired++
		} else {
			a.rest = append(a.rest, i)
		}
	}
	paired += a.pairRest(n)
	a.total.fps += len(a.pred) - paired
	a.total.truth += len(a.truth)
	for i := range a.truth {
		o := &a.objects[a.truth[i].track]
		if o.seen == 0 {
			o.first = n
		} else {
			o.gap += n - o.last - 1 // frames in which it is not there count as not paired
		}
		o.seen++
		o.last = n
		if o.paired > 0 && o.lastPaired == n {
			o.longestGap, o.gap = max(o.longestGap, o.gap), 0
		} else {
			a.total.misses++
			o.gap++
		}
	}
	for j := range a.pred {
		a.place[a.pred[j].track] = -1
	}
}

// kept returns the place of the track that ground truth i was paired with before, if it may keep it.
func (a *associator) kept(i, n int) (place int, distanceM float64, ok bool) {
	o := &a.objects[a.truth[i].track]
	if o.partner < 0 || !a.keepAnyPairing && o.lastPaired != n-1 {
		return 0, 0, false
	}
	j := a.place[o.partner]
	if j < 0 || a.taken[j] {
		return 0, 0, false
	}
	d := a.distance(i, j)
	return j, d, d < a.distanceM
}

func (a *associator) distance(i, j int) float64 {
	t, p := &a.truth[i], &a.pred[j]
	dx, dy := t.x-p.x, t.y-p.y
	return math.Sqrt(float64(dx*dx) + float64(dy*dy))
}

// pairRest assigns what kept no pairing, and returns how many pairs it made.
func (a *associator) pairRest(n int) (pairs int) {
	a.free = a.free[:0]
	for j := range a.pred {
		if !a.taken[j] {
			a.free = append(a.free, j)
		}
	}
	rows, cols := a.rest, a.free
	turned := len(rows) > len(cols)
	if turned {
		rows, cols = cols, rows
	}
	a.assign.reset(len(rows), len(cols))
	possible := false
	for r := range rows {
		for c := range cols {
			i, j := rows[r], cols[c]
			if turned {
				i, j = j, i
			}
			if d := a.distance(i, j); d < a.distanceM {
				a.assign.cost[r*len(cols)+c] = d
				possible = true
			}
		}
	}
	if !possible {
		return 0
	}
	a.assign.solve()
	for r, c := range a.assign.colOf {
		if c < 0 {
			continue
		}
		i, j := rows[r], cols[c]
		if turned {
			i, j = j, i
		}
		a.pair(i, j, n, a.distance(i, j))
		pairs++
	}
	return pairs
}

// pair counts ground truth i as paired with prediction j: a switch if it was paired with another one before.
func (a *associator) pair(i, j, n int, distanceM float64) {
	o, p := &a.objects[a.truth[i].track], &a.pred[j]
	a.taken[j] = true
	a.total.distanceM += distanceM
	if o.partner >= 0 && o.partner != p.track {
		a.total.switches++
	} else {
		a.total.matches++
		a.scores = append(a.scores, p.score)
	}
	switch {
	case o.paired == 0:
		o.firstPaired = n
	case o.gap > 0:
		o.fragments++
	}
	o.partner, o.lastPaired = p.track, n
	o.paired++
}

// A track is mostly tracked from the one share of its frames on, and mostly lost below the other.
const (
	mostlyTrackedShare = 0.8
	mostlyLostShare    = 0.2
)

// finish counts a ground-truth track at the end of its scene.
func (a *associator) finish(o *trackObject) {
	if o.seen == 0 {
		return // of another class
	}
	t := &a.total
	t.objects++
	switch share := float64(o.paired) / float64(o.seen); {
	case share >= mostlyTrackedShare:
		t.mostlyTracked++
	case share < mostlyLostShare:
		t.mostlyLost++
	}
	t.fragments += o.fragments
	if o.paired > 0 { // others are left out, other than the benchmark's text says
		t.tracked++
		t.initFrames += o.firstPaired - o.first
		t.gapFrames += max(o.longestGap, o.gap)
	}
}
