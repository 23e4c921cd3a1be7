package eval

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// A tracking test is a picture. Each row is one place where a car may stand, 20 m from the next; a column is a frame, half a second. In truth a
// letter is the ground-truth track that stands there, in found the predicted one: a capital letter is the same track 3 m aside,
// which is too far for a pair. A minus is nobody.
type picture []struct{ truth, found string }

// samples turns a picture into the samples of one scene. score is of a predicted track, by default 0.9.
func (p picture) samples(t testing.TB, scene string, score map[rune]float64) []Sample {
	t.Helper()
	out := make([]Sample, len(p[0].truth))
	for i := range out {
		out[i] = Sample{Token: fmt.Sprintf("%s/%d", scene, i), Scene: scene, TimestampUs: int64(i) * 500_000}
	}
	for k, row := range p {
		if len(row.truth) != len(out) || len(row.found) != len(out) {
			t.Fatalf("row %d of the picture is not %d frames long", k, len(out))
		}
		y := 20 * float64(k)
		for i, c := range row.truth {
			if c != '-' {
				b := car(10, y)
				b.Track = string(c)
				out[i].GroundTruth = append(out[i].GroundTruth, b)
			}
		}
		for i, c := range row.found {
			if c == '-' {
				continue
			}
			name := strings.ToLower(string(c))
			x := 10.0
			if name != string(c) {
				x = 13
			}
			s, ok := score[rune(name[0])]
			if !ok {
				s = 0.9
			}
			b := found(car(x, y), s)
			b.Track = name
			out[i].Predictions = append(out[i].Predictions, b)
		}
	}
	return out
}

func scoreTracking(t testing.TB, samples []Sample, c TrackingConfig) TrackingResult {
	t.Helper()
	r, err := ScoreTracking(samples, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func carTracks(t testing.TB, r TrackingResult) *TrackingClassResult {
	t.Helper()
	for i := range r.Classes {
		if r.Classes[i].Class == "car" {
			return &r.Classes[i]
		}
	}
	t.Fatal("result has no cars")
	return nil
}

// Figures are in the order of the metrics, up to the number of recalls that are reached: n of them are, those up to 0.1 + 0.9 (n-1)/39.
func TestTrackingPictures(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		name  string
		is    picture
		score map[rune]float64
		want  TrackingFigures
	}{
		{"a perfect track", picture{{"AAAAAAAA", "xxxxxxxx"}}, nil, TrackingFigures{
			AMOTA: 1, AMOTP: 0, Recall: 1, MOTAR: 1, GT: 8, MOTA: 1, MOTP: 0, MT: 1, TP: 8,
		}},
		// 7 of 8 are matches: 34 recalls up to 0.875. A switch costs no recall, since it is not missed.
		{"one switch", picture{{"AAAAAAAA", "xxxxyyyy"}}, nil, TrackingFigures{
			AMOTA: 34.0 / 40, AMOTP: 6 * 2.0 / 40, Recall: 1, MOTAR: 1, GT: 8, MOTA: 7.0 / 8, MOTP: 0, MT: 1, TP: 7, IDSW: 1,
		}},
		// As before, and the switch comes after a gap, which nobody fills: 5 of 8 matches, 23 recalls up to 0.625.
		{"a switch after a gap", picture{{"AAAAAAAA", "xxx--yyy"}}, nil, TrackingFigures{
			AMOTA: 23.0 / 40 * 1, AMOTP: 17 * 2.0 / 40, Recall: 6.0 / 8, MOTAR: 1, GT: 8, MOTA: 5.0 / 8, MOTP: 0, TP: 5, FN: 2, IDSW: 1, FRAG: 1, LGD: 1,
		}},
		// The track is there and too far: 6 of 8 matches, 29 recalls up to 0.75, each with MOTAR 1 - (2 + 2 - 0.25*8)/6.
		{"a fragment", picture{{"AAAAAAAA", "xxXXxxxx"}}, nil, TrackingFigures{
			AMOTA: 29.0 / 40 * 2 / 3, AMOTP: 11 * 2.0 / 40, Recall: 0.75, MOTAR: 2.0 / 3, GT: 8, MOTA: 0.5, MOTP: 0, FAF: 25,
			TP: 6, FP: 2, FN: 2, FRAG: 1, LGD: 1,
		}},
		{"two fragments", picture{{"AAAAAAAAAA", "xXxxXxxxxx"}}, nil, TrackingFigures{
			AMOTA: 31.0 / 40 * 6 / 8, AMOTP: 9 * 2.0 / 40, Recall: 0.8, MOTAR: 6.0 / 8, GT: 10, MOTA: 0.6, MOTP: 0, MT: 1, FAF: 20,
			TP: 8, FP: 2, FN: 2, FRAG: 2, LGD: 0.5,
		}},
		{"a gap that is filled", picture{{"AAAAAAAA", "xx-xxxxx"}}, nil, TrackingFigures{
			AMOTA: 1, AMOTP: 0, Recall: 1, MOTAR: 1, GT: 8, MOTA: 1, MOTP: 0, MT: 1, TP: 8,
		}},
		// 5 of 8 matches. The lead-in counts for both durations, the tail for the longest gap alone.
		{"found late", picture{{"AAAAAAAA", "---xxxxx"}}, nil, TrackingFigures{
			AMOTA: 23.0 / 40, AMOTP: 17 * 2.0 / 40, Recall: 5.0 / 8, MOTAR: 1, GT: 8, MOTA: 5.0 / 8, MOTP: 0, TP: 5, FN: 3, TID: 1.5, LGD: 1.5,
		}},
		{"lost early", picture{{"AAAAAAAA", "xxxxx---"}}, nil, TrackingFigures{
			AMOTA: 23.0 / 40, AMOTP: 17 * 2.0 / 40, Recall: 5.0 / 8, MOTAR: 1, GT: 8, MOTA: 5.0 / 8, MOTP: 0, TP: 5, FN: 3, LGD: 1.5,
		}},
		// The track that is never found counts for ML and FN, not for TID and LGD. 8 of 16: 18 recalls up to 0.5.
		{"one of two never found", picture{{"AAAAAAAA", "-xxxxxxx"}, {"BBBBBBBB", "--------"}}, nil, TrackingFigures{
			AMOTA: 15.0 / 40, AMOTP: 25 * 2.0 / 40, Recall: 7.0 / 16, MOTAR: 1, GT: 16, MOTA: 7.0 / 16, MOTP: 0, MT: 1, ML: 1, TP: 7, FN: 9, TID: 0.5, LGD: 0.5,
		}},
		{"four of five frames are mostly tracked", picture{{"AAAAA", "xxxx-"}}, nil, TrackingFigures{
			AMOTA: 31.0 / 40, AMOTP: 9 * 2.0 / 40, Recall: 0.8, MOTAR: 1, GT: 5, MOTA: 0.8, MOTP: 0, MT: 1, TP: 4, FN: 1, LGD: 0.5,
		}},
		{"one of five frames is not mostly lost", picture{{"AAAAA", "x----"}}, nil, TrackingFigures{
			AMOTA: 5.0 / 40, AMOTP: 35 * 2.0 / 40, Recall: 0.2, MOTAR: 1, GT: 5, MOTA: 0.2, MOTP: 0, TP: 1, FN: 4, LGD: 2,
		}},
		{"one of six is", picture{{"AAAAAA", "x-----"}}, nil, TrackingFigures{
			AMOTA: 3.0 / 40, AMOTP: 37 * 2.0 / 40, Recall: 1.0 / 6, MOTAR: 1, GT: 6, MOTA: 1.0 / 6, MOTP: 0, ML: 1, TP: 1, FN: 5, LGD: 2.5,
		}},
		// A false track costs nothing where a threshold leaves it out, and everything where it has the score of the true one.
		{"a false track of low score", picture{{"AAAAAAAA", "xxxxxxxx"}, {"--------", "ffffffff"}}, map[rune]float64{'f': 0.3}, TrackingFigures{
			AMOTA: 1, AMOTP: 0, Recall: 1, MOTAR: 1, GT: 8, MOTA: 1, MOTP: 0, MT: 1, TP: 8,
		}},
		{"two false tracks of the same score", picture{{"AAAAAAAA", "xxxxxxxx"}, {"--------", "ffffffff"}, {"--------", "gggggggg"}}, nil, TrackingFigures{
			AMOTA: 0, AMOTP: 0, Recall: 1, MOTAR: 0, GT: 8, MOTA: 0, MOTP: 0, MT: 1, FAF: 200, TP: 8, FP: 16,
		}},
		// Frames without any box of the class are not frames: one false positive in four.
		{"empty frames", picture{{"AA------", "xx------"}, {"------BB", "------yy"}, {"--------", "f-------"}}, nil, TrackingFigures{
			AMOTA: 0.75, AMOTP: 0, Recall: 1, MOTAR: 0.75, GT: 4, MOTA: 0.75, MOTP: 0, MT: 2, FAF: 25, TP: 4, FP: 1,
		}},
		{"nothing found", picture{{"AAAAAAAA", "--------"}}, nil, TrackingFigures{
			AMOTA: 0, AMOTP: 2, GT: 8, MOTP: 2, ML: 1, FAF: 500, FP: nan, FN: 8, IDSW: nan, FRAG: nan, TID: 20, LGD: 20,
		}},
		// One match of sixteen is a recall below 0.1.
		{"too little found", picture{{"AAAAAAAAAAAAAAAA", "x---------------"}}, nil, TrackingFigures{
			AMOTA: 0, AMOTP: 2, GT: 16, MOTP: 2, ML: 1, FAF: 500, FP: nan, FN: 16, IDSW: nan, FRAG: nan, TID: 20, LGD: 20,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := scoreTracking(t, tt.is.samples(t, "s", tt.score), TrackingNIPS2019())
			got := carTracks(t, r).Figures
			for m := range numTrackingMetrics {
				if !near(got[m], tt.want[m]) {
					t.Errorf("%v = %v, want %v", m, got[m], tt.want[m])
				}
				all := tt.want[m] // the only class with ground truth
				if math.IsNaN(all) && m.summed() {
					all = 0
				}
				if !near(r.Figures[m], all) {
					t.Errorf("%v over all classes = %v, want %v", m, r.Figures[m], all)
				}
			}
		})
	}
}

// TestTrackingPeriod: durations are frames times the period.
func TestTrackingPeriod(t *testing.T) {
	c := TrackingNIPS2019()
	c.SamplePeriodS = 0.1
	got := carTracks(t, scoreTracking(t, picture{{"AAAAAAAA", "---xxxx-"}}.samples(t, "s", nil), c)).Figures
	if !near(got[TID], 0.3) || !near(got[LGD], 0.3) {
		t.Errorf("TID %v s, LGD %v s, want 0.3 and 0.3", got[TID], got[LGD])
	}
}

// TestTrackingScenes: the same names in two scenes are different tracks, and the order of samples in the slice does not count.
func TestTrackingScenes(t *testing.T) {
	samples := append(picture{{"AAAA", "xxxx"}}.samples(t, "first", nil), picture{{"AAAA", "yyxx"}}.samples(t, "second", nil)...)
	mixed := []Sample{samples[6], samples[1], samples[4], samples[0], samples[7], samples[3], samples[2], samples[5]}
	for name, s := range map[string][]Sample{"in order": samples, "mixed": mixed} {
		r := scoreTracking(t, s, TrackingNIPS2019())
		got := carTracks(t, r).Figures
		if got[GT] != 8 || got[IDSW] != 1 || got[MT] != 2 || got[FN] != 0 || r.NumScenes != 2 {
			t.Errorf("%s: %d scenes, GT %v, IDS %v, MT %v, FN %v, want 2, 8, 1, 2, 0", name, r.NumScenes, got[GT], got[IDSW], got[MT], got[FN])
		}
	}
}

// moved puts a predicted track at x into a frame of a picture whose first row is at x = 10 m.
func moved(samples []Sample, frame int, track string, x float64) {
	b := found(car(x, 0), 0.9)
	b.Track = track
	samples[frame].Predictions = append(samples[frame].Predictions, b)
}

// TestTrackingDistance: exactly 2 m is too far, for a new pair and for one that exists.
func TestTrackingDistance(t *testing.T) {
	tests := []struct {
		name     string
		x        [3]float64
		tp, miss float64
	}{
		{"just near enough", [3]float64{11.9, 11.9, 11.9}, 3, 0},
		{"too far from the start", [3]float64{12, 11.9, 11.9}, 2, 1},
		{"too far later", [3]float64{11.9, 12, 11.9}, 2, 1},
	}
	for _, tt := range tests {
		samples := picture{{"AAA", "---"}}.samples(t, "s", nil)
		for i, x := range tt.x {
			moved(samples, i, "x", x)
		}
		if got := carTracks(t, scoreTracking(t, samples, TrackingNIPS2019())).Figures; got[TP] != tt.tp || got[FN] != tt.miss || got[FP] != tt.miss {
			t.Errorf("%s: TP %v, FN %v, FP %v, want %v, %v, %v", tt.name, got[TP], got[FN], got[FP], tt.tp, tt.miss, tt.miss)
		}
	}
}

// TestTrackingSharedMemory: by the old rule two objects may remember one track. The first one in the sample takes it, and only one does.
func TestTrackingSharedMemory(t *testing.T) {
	samples := picture{{"AAA", "---"}}.samples(t, "s", nil)
	for i, x := range []float64{10, 13, 11.5} {
		b := car(13, 0)
		b.Track = "B"
		samples[i].GroundTruth = append(samples[i].GroundTruth, b)
		moved(samples, i, "x", x)
	}
	c := TrackingNIPS2019()
	c.KeepAnyPairing = true
	if got := carTracks(t, scoreTracking(t, samples, c)).Figures; got[TP] != 3 || got[FN] != 3 || got[FP] != 0 || got[FRAG] != 1 {
		t.Errorf("TP %v, FN %v, FP %v, FRAG %v, want 3, 3, 0, and 1 of the first object", got[TP], got[FN], got[FP], got[FRAG])
	}
}

// TestTrackingClassChange: frames in which a track is of another class are a gap for the one, and no miss.
func TestTrackingClassChange(t *testing.T) {
	samples := picture{{"AAAA", "xxxx"}, {"BBBB", "yyyy"}}.samples(t, "s", nil)
	for _, i := range []int{1, 2} {
		samples[i].GroundTruth[0].Class, samples[i].Predictions[0].Class = "truck", "truck"
	}
	got := carTracks(t, scoreTracking(t, samples, TrackingNIPS2019())).Figures
	if got[GT] != 6 || got[FN] != 0 || got[FRAG] != 0 || !near(got[LGD], 1.0/2) {
		t.Errorf("GT %v, FN %v, FRAG %v, LGD %v s, want 6, 0, 0, and 0.5: two frames of the first, none of the second", got[GT], got[FN], got[FRAG], got[LGD])
	}
}

// TestTrackingKeepsPairing: in frame 1 the first track is gone, in frame 2 it is back while the second one is nearer. The old rule goes back to the first one:
// a switch to the second and no way back is what the new rule sees.
func TestTrackingKeepsPairing(t *testing.T) {
	samples := picture{{"AAA", "---"}}.samples(t, "s", nil)
	moved(samples, 0, "x", 10.5)
	moved(samples, 1, "x", 15) // too far, and there, so that no gap is filled
	moved(samples, 2, "x", 10.5)
	moved(samples, 2, "y", 10.1)
	for _, tt := range []struct {
		any                 bool
		matches, switches   float64
		wantSumOfDistancesM float64
	}{{false, 1, 1, 0.6}, {true, 2, 0, 1}} {
		c := TrackingNIPS2019()
		c.KeepAnyPairing = tt.any
		got := carTracks(t, scoreTracking(t, samples, c)).Figures
		if got[TP] != tt.matches || got[IDSW] != tt.switches || !near(got[MOTP]*2, tt.wantSumOfDistancesM) {
			t.Errorf("any pairing %v: TP %v, IDS %v, distances %v m, want %v, %v, %v m",
				tt.any, got[TP], got[IDSW], got[MOTP]*2, tt.matches, tt.switches, tt.wantSumOfDistancesM)
		}
	}
}

// TestFillGapsMirrors: at a quarter of the gap the inserted box lies at three quarters of the way, as in the public code.
func TestFillGapsMirrors(t *testing.T) {
	frames := [][]spot{{{x: 0, y: 8, score: 0.5, class: 2}}, {}, {}, {{x: 4, y: 0, score: 0.9, class: 3}}, {}}
	fillGaps(frames, []int64{0, 1, 2, 4, 5}, trackSpots(frames, 1))
	for i, want := range []spot{{x: 0, y: 8, score: 0.5, class: 2}, {x: 3, y: 2, score: 0.8, class: 3}, {x: 2, y: 4, score: 0.7, class: 3}, {x: 4, y: 0, score: 0.9, class: 3}} {
		if len(frames[i]) != 1 {
			t.Fatalf("frame %d has %d boxes, want 1", i, len(frames[i]))
		}
		got := frames[i][0]
		if !near(got.x, want.x) || !near(got.y, want.y) || !near(got.score, want.score) || got.class != want.class {
			t.Errorf("frame %d: %+v, want %+v", i, got, want)
		}
	}
	if len(frames[4]) != 0 {
		t.Errorf("a box after the end of the track: %+v", frames[4])
	}
}

// TestTrackingFilters: what is out of range, in a rack or without points is on neither side; a gap that a filter tore is filled again.
func TestTrackingFilters(t *testing.T) {
	samples := picture{{"AAAA", "xxxx"}}.samples(t, "s", nil)
	samples[1].GroundTruth[0].NumPts = 0
	add := func(frame int, class, track string, x float64) {
		b := car(x, -20)
		b.Class, b.Track = class, track
		samples[frame].GroundTruth = append(samples[frame].GroundTruth, b)
		samples[frame].Predictions = append(samples[frame].Predictions, found(b, 0.9))
	}
	add(0, "pedestrian", "far", 40)
	add(0, "bicycle", "racked", 10)
	add(0, "pedestrian", "in the rack", 10)
	samples[0].BikeRacks = []BikeRack{{Translation: [3]float64{10, -20, 1}, Size: [3]float64{2, 2, 2}, Rotation: [4]float64{1, 0, 0, 0}}}
	r := scoreTracking(t, samples, TrackingNIPS2019())
	got := map[string][4]int{}
	for i := range r.Classes {
		c := &r.Classes[i]
		got[c.Class] = [4]int{c.NumGroundTruth, c.GroundTruthFilled, c.NumPredictions, c.PredictionsFilled}
	}
	for class, want := range map[string][4]int{"car": {3, 4, 4, 4}, "bicycle": {}, "pedestrian": {1, 1, 1, 1}} {
		if got[class] != want {
			t.Errorf("%s: truth, filled, found, filled = %v, want %v", class, got[class], want)
		}
	}
	if c := carTracks(t, r); c.GroundTruthLeftOut != (LeftOut{ZeroPoints: 1}) || c.Figures[AMOTA] != 1 {
		t.Errorf("car: left out %+v, AMOTA %v, want one without points and 1", c.GroundTruthLeftOut, c.Figures[AMOTA])
	}
	if r.Classes[0].PredictionsLeftOut != (LeftOut{BikeRack: 1}) || r.Classes[4].PredictionsLeftOut != (LeftOut{Range: 1}) {
		t.Errorf("found bicycles left out %+v, pedestrians %+v", r.Classes[0].PredictionsLeftOut, r.Classes[4].PredictionsLeftOut)
	}
}

// TestTrackingGapBound: tracks that reappear after a very long time are refused before memory is taken for their gaps.
func TestTrackingGapBound(t *testing.T) {
	const tracks = 500
	samples := make([]Sample, maxFilled/tracks+3) // one frame more than the bound allows, beside the two ends
	for i := range samples {
		samples[i] = Sample{Token: "s", Scene: "long", TimestampUs: int64(i)}
	}
	last := len(samples) - 1
	for k := range tracks {
		b := found(car(10, 0), 0.5)
		b.Track = fmt.Sprint(k)
		for _, i := range []int{0, last} {
			samples[i].Predictions = append(samples[i].Predictions, b)
		}
	}
	_, err := ScoreTracking(samples, TrackingNIPS2019())
	want := fmt.Sprintf(`evaluate predictions: field tracking_id: the gaps of tracks hold more than %d boxes, the latest in scene "long"`, maxFilled)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error = %v, want %q", err, want)
	}
}

func TestScoreTrackingRefuses(t *testing.T) {
	tests := []struct {
		name string
		do   func([]Sample, *TrackingConfig)
		want string
	}{
		{"no track", func(s []Sample, _ *TrackingConfig) { s[1].Predictions[0].Track = "" }, `predictions: sample "s/1" box 0 field tracking_id: empty`},
		{"a track twice", func(s []Sample, _ *TrackingConfig) { s[1].GroundTruth[1].Track = "A" }, `ground truth: sample "s/1" box 1 field tracking_id: "A" is in the sample twice`},
		{"score", func(s []Sample, _ *TrackingConfig) { s[0].Predictions[0].Score = math.NaN() }, "field tracking_score: NaN"},
		{"class", func(s []Sample, _ *TrackingConfig) { s[0].Predictions[0].Class = "barrier" }, `field tracking_name: unknown class "barrier"`},
		{"position", func(s []Sample, _ *TrackingConfig) { s[0].GroundTruth[0].Translation[0] = math.Inf(1) }, "field translation: +Inf m"},
		{"same time", func(s []Sample, _ *TrackingConfig) { s[1].TimestampUs = 0 }, `sample "s/1" field timestamp: 0 us is also the time of sample "s/0" in scene "s"`},
		{"too many boxes", func(_ []Sample, c *TrackingConfig) { c.MaxBoxesPerSample = 1 }, "more than 1 boxes"},
		{"no distance", func(_ []Sample, c *TrackingConfig) { c.DistanceM = 0 }, "distance 0 m"},
		{"one threshold", func(_ []Sample, c *TrackingConfig) { c.NumThresholds = 1 }, "1 thresholds"},
		{"recall", func(_ []Sample, c *TrackingConfig) { c.MinRecall = 1 }, "minimum recall 1"},
		{"period", func(_ []Sample, c *TrackingConfig) { c.SamplePeriodS = math.NaN() }, "sample period NaN s"},
		{"class twice", func(_ []Sample, c *TrackingConfig) { c.Classes[1].Name = "car" }, `class name "car"`},
		{"no range", func(_ []Sample, c *TrackingConfig) { c.Classes[1].RangeM = 0 }, "class bus: range 0 m"},
		{"no classes", func(_ []Sample, c *TrackingConfig) { c.Classes = nil }, "no classes"},
		{"no boxes", func(_ []Sample, c *TrackingConfig) { c.MaxBoxesPerSample = 0 }, "at most 0 boxes per sample"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			samples, c := picture{{"AAA", "xxx"}, {"BBB", "yyy"}}.samples(t, "s", nil), TrackingNIPS2019()
			scoreTracking(t, samples, c)
			tt.do(samples, &c)
			_, err := ScoreTracking(samples, c)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q in it", err, tt.want)
			}
			var input *InputError
			if errors.As(err, &input) != strings.HasPrefix(fmt.Sprint(err), "evaluate ") {
				t.Errorf("error of type %T: %v", err, err)
			}
		})
	}
}
