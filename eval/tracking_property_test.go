package eval

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// drawTracks makes scenes of cars and pedestrians that move, appear and vanish, and tracks of them with noise, gaps, switches and false
// ones. Every predicted track has a score of its own.
func drawTracks(scenes, frames, objects int, seed uint64) []Sample {
	rng := rand.New(rand.NewPCG(seed, 2))
	var out []Sample
	next := 0 // predicted tracks so far
	for n := range scenes {
		samples := make([]Sample, frames)
		for i := range samples {
			samples[i] = Sample{Token: fmt.Sprintf("%d/%d", n, i), Scene: fmt.Sprint(n), TimestampUs: int64(i) * 500_000}
		}
		for k := range objects {
			class := []string{"car", "pedestrian"}[rng.IntN(2)]
			x, y := 60*rng.Float64()-30, 60*rng.Float64()-30
			vx, vy := 2*rng.NormFloat64(), 2*rng.NormFloat64()
			first, last := rng.IntN(frames/2), frames/2+rng.IntN(frames/2)
			track, there := next, rng.Float64() < 0.9
			next++
			for i := first; i <= last; i++ {
				x, y = x+0.5*vx, y+0.5*vy
				b := car(x, y)
				b.Class, b.Track = class, fmt.Sprint(k)
				if rng.Float64() < 0.05 {
					b.NumPts = 0
				}
				if there {
					samples[i].GroundTruth = append(samples[i].GroundTruth, b)
				}
				if rng.Float64() < 0.1 { // lost, and often under a new name
					track = next
					next++
					continue
				}
				p := found(b, 0)
				p.Translation[0] += 0.6 * rng.NormFloat64()
				p.Translation[1] += 0.6 * rng.NormFloat64()
				p.Track, p.Score = fmt.Sprint(track), 1/float64(2+track)
				samples[i].Predictions = append(samples[i].Predictions, p)
			}
		}
		out = append(out, samples...)
	}
	return out
}

func cloneSamples(samples []Sample) []Sample {
	out := slices.Clone(samples)
	for i := range out {
		out[i].GroundTruth, out[i].Predictions = slices.Clone(out[i].GroundTruth), slices.Clone(out[i].Predictions)
	}
	return out
}

// compareResults compares the figures of all classes and thresholds.
func compareResults(t *testing.T, what string, got, want TrackingResult) {
	t.Helper()
	figures := func(where string, got, want *TrackingFigures) {
		for m := range numTrackingMetrics {
			if !near(got[m], want[m]) {
				t.Errorf("%s: %s %v = %v, want %v", what, where, m, got[m], want[m])
			}
		}
	}
	figures("all classes", &got.Figures, &want.Figures)
	for k := range want.Classes {
		g, w := &got.Classes[k], &want.Classes[k]
		figures(w.Class, &g.Figures, &w.Figures)
		for i := range w.Thresholds {
			figures(fmt.Sprintf("%s at %d", w.Class, i), &g.Thresholds[i].Figures, &w.Thresholds[i].Figures)
		}
	}
}

// TestTrackingOrder: neither the order of boxes in a sample nor that of the samples changes a figure, while all scores and distances differ.
// Only the rule that keeps any pairing looks at the order of ground truth, where two objects remember one track.
func TestTrackingOrder(t *testing.T) {
	c := TrackingNIPS2019()
	for seed := range uint64(5) {
		samples := drawTracks(3, 12, 20, seed)
		want := scoreTracking(t, samples, c)
		if f := want.Figures; f[IDSW] == 0 || f[FP] == 0 || f[FN] == 0 || f[AMOTA] == 0 || f[AMOTA] == 1 {
			t.Fatalf("seed %d: figures %v show too little", seed, f)
		}
		mixed := cloneSamples(samples)
		rng := rand.New(rand.NewPCG(seed, 3))
		for i := range mixed {
			s := &mixed[i]
			rng.Shuffle(len(s.GroundTruth), func(a, b int) { s.GroundTruth[a], s.GroundTruth[b] = s.GroundTruth[b], s.GroundTruth[a] })
			rng.Shuffle(len(s.Predictions), func(a, b int) { s.Predictions[a], s.Predictions[b] = s.Predictions[b], s.Predictions[a] })
		}
		rng.Shuffle(len(mixed), func(a, b int) { mixed[a], mixed[b] = mixed[b], mixed[a] })
		compareResults(t, fmt.Sprintf("seed %d mixed", seed), scoreTracking(t, mixed, c), want)
	}
}

// TestTrackingPerfect: ground truth given as prediction has no fault, whatever the scores, and scoring leaves its arguments as they were.
func TestTrackingPerfect(t *testing.T) {
	for seed := range uint64(5) {
		samples := drawTracks(2, 12, 20, seed)
		for i := range samples {
			s := &samples[i]
			s.Predictions = slices.Clone(s.GroundTruth)
			for j := range s.Predictions {
				s.GroundTruth[j].NumPts = 1
				s.Predictions[j] = found(s.Predictions[j], 0.5+0.01*float64(len(s.Predictions[j].Track)))
			}
		}
		before := cloneSamples(samples)
		r := scoreTracking(t, samples, TrackingNIPS2019())
		for _, class := range []int{2, 4} {
			c := &r.Classes[class]
			f := c.Figures
			for m, want := range map[TrackingMetric]float64{AMOTA: 1, AMOTP: 0, MOTA: 1, MOTAR: 1, Recall: 1, FP: 0, FN: 0, IDSW: 0, FRAG: 0, ML: 0, TID: 0, LGD: 0, TP: float64(c.GroundTruthFilled)} {
				if !near(f[m], want) {
					t.Errorf("seed %d %s: %v = %v, want %v", seed, c.Class, m, f[m], want)
				}
			}
		}
		if fmt.Sprint(samples) != fmt.Sprint(before) {
			t.Errorf("seed %d: the samples were changed", seed)
		}
	}
}

// TestTrackingTotals: at every threshold each ground truth is matched, switched or missed, and the best threshold is the one reported.
func TestTrackingTotals(t *testing.T) {
	r := scoreTracking(t, drawTracks(3, 12, 20, 9), TrackingNIPS2019())
	for k := range r.Classes {
		c := &r.Classes[k]
		if c.GroundTruthFilled == 0 {
			continue
		}
		reached := 0
		for i, th := range c.Thresholds {
			f := th.Figures
			if th.Confidence != th.Confidence {
				continue
			}
			reached++
			if f[TP]+f[IDSW]+f[FN] != f[GT] || f[GT] != float64(c.GroundTruthFilled) {
				t.Errorf("%s at %d: TP %v + IDS %v + FN %v, want GT %v = %d", c.Class, i, f[TP], f[IDSW], f[FN], f[GT], c.GroundTruthFilled)
			}
			if f[MOTA] > c.Figures[MOTA] || i < c.Best && f[MOTA] == c.Figures[MOTA] {
				t.Errorf("%s at %d: MOTA %v is as good as the chosen %v at %d", c.Class, i, f[MOTA], c.Figures[MOTA], c.Best)
			}
			if i > 0 && th.Confidence < c.Thresholds[i-1].Confidence {
				t.Errorf("%s at %d: confidence %v falls while the recall does", c.Class, i, th.Confidence)
			}
		}
		if reached == 0 {
			t.Errorf("%s reaches no recall", c.Class)
		}
	}
}

func BenchmarkScoreTracking(b *testing.B) {
	samples := drawTracks(10, 40, 40, 1)
	boxes := 0
	for i := range samples {
		boxes += len(samples[i].GroundTruth) + len(samples[i].Predictions)
	}
	b.ReportAllocs()
	b.ReportMetric(float64(boxes), "boxes/op")
	for b.Loop() {
		if _, err := ScoreTracking(samples, TrackingNIPS2019()); err != nil {
			b.Fatal(err)
		}
	}
}
