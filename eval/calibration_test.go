package eval

import (
	"math"
	"testing"
)

// boxAt is a box of 2 x 4 x 1.5 m at ego + (x, 0).
func boxAt(class string, x, score float64, points int) Box {
	return Box{
		Translation: [3]float64{x, 0, 0}, Size: [3]float64{2, 4, 1.5}, Rotation: [4]float64{1}, Class: class, Score: score, NumPts: points,
	}
}

// scored has cars at 10, 20 and 30 m, one without a point at 40 m, and a pedestrian at 5 m; found are the first car within 2 m, the second 3 m
// aside, something where nothing is, a pedestrian, and a car too far away to count.
func scored() []Sample {
	return []Sample{
		{
			Token:       "first",
			GroundTruth: []Box{boxAt("car", 10, 0, 5), boxAt("car", 20, 0, 5), boxAt("car", 40, 0, 0), boxAt("pedestrian", 5, 0, 5)},
			Predictions: []Box{boxAt("car", 11.5, 0.9, -1), boxAt("car", 23, 0.7, -1), boxAt("car", 60, 0.9, -1), boxAt("pedestrian", 5, 0.3, -1)},
		},
		{Token: "second", GroundTruth: []Box{boxAt("car", 30, 0, 5)}, Predictions: []Box{boxAt("car", -30, 0.75, -1), boxAt("car", 30, 0.04, -1)}},
	}
}

// Five bins of 0.2. At 2 m and from 0.05 on: 0.9 hits; 0.7 and 0.75 miss; 0.3 hits.
// Bins: [0.2,0.4) one, mean 0.3, precision 1; [0.6,0.8) two, mean 0.725, precision 0; [0.8,1] one, mean 0.9, precision 1.
// ECE = (0.7 + 2*0.725 + 0.1)/4.
func TestCalibration(t *testing.T) {
	r, err := Calibration(scored(), DetectionCVPR2019(), 2, 5, 0.05)
	if err != nil {
		t.Fatal(err)
	}
	if want := (0.7 + 2*0.725 + 0.1) / 4; r.Count != 4 || !near(r.ECE, want) {
		t.Errorf("got %d predictions, ECE %v, want 4, %v", r.Count, r.ECE, want)
	}
	want := []CalibrationBin{
		{0, 0.2, 0, 0, 0}, {0.2, 0.4, 1, 0.3, 1}, {0.4, 0.6, 0, 0, 0}, {0.6, 0.8, 2, 0.725, 0}, {0.8, 1, 1, 0.9, 1},
	}
	for i, w := range want {
		g := r.Bins[i]
		if g.Count != w.Count || !near(g.Low, w.Low) || !near(g.High, w.High) || !near(g.MeanScore, w.MeanScore) || !near(g.Precision, w.Precision) {
			t.Errorf("bin %d: got %+v, want %+v", i, g, w)
		}
	}
	// At 4 m the second car is a hit: 0.7 and 0.75 are right in half of the cases.
	if r, err = Calibration(scored(), DetectionCVPR2019(), 4, 5, 0.05); err != nil || !near(r.Bins[3].Precision, 0.5) {
		t.Errorf("at 4 m: got %+v, %v, want a precision of 0.5", r.Bins[3], err)
	}
	// With the lowest score too, the first bin has one more, which hits.
	if r, err = Calibration(scored(), DetectionCVPR2019(), 2, 5, 0); err != nil || r.Count != 5 || !near(r.Bins[0].Precision, 1) {
		t.Errorf("from 0 on: got %d, %+v, %v, want 5 and a precision of 1", r.Count, r.Bins[0], err)
	}
	if r, err = Calibration(nil, DetectionCVPR2019(), 2, 15, 0); err != nil || !math.IsNaN(r.ECE) {
		t.Errorf("of nothing: got %v, %v, want NaN", r.ECE, err)
	}
}

// A score of exactly 1 belongs to the last bin.
func TestCalibrationOfCertainty(t *testing.T) {
	s := []Sample{{GroundTruth: []Box{boxAt("car", 10, 0, 5)}, Predictions: []Box{boxAt("car", 10, 1, -1)}}}
	r, err := Calibration(s, DetectionCVPR2019(), 2, 15, 0)
	if err != nil || r.Bins[14].Count != 1 || r.ECE != 0 {
		t.Errorf("got %+v, ECE %v, %v, want one prediction and 0", r.Bins[14], r.ECE, err)
	}
}

func TestCalibrationRefuses(t *testing.T) {
	config := DetectionCVPR2019()
	over := []Sample{{Predictions: []Box{boxAt("car", 10, 1.5, -1)}}}
	for _, c := range []struct {
		name      string
		samples   []Sample
		distanceM float64
		bins      int
	}{{"no bins", nil, 2, 0}, {"no distance", nil, 0, 15}, {"no probability", over, 2, 15}, {"unknown class", []Sample{{GroundTruth: []Box{boxAt("boat", 1, 0, 1)}}}, 2, 15}} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Calibration(c.samples, config, c.distanceM, c.bins, 0); err == nil {
				t.Error("got no error")
			}
		})
	}
}

func TestCountFound(t *testing.T) {
	got, err := CountFound(scored(), DetectionCVPR2019(), 2)
	if err != nil {
		t.Fatal(err)
	}
	want := []Found{{Objects: 3, Found: 2}, {Objects: 1, Found: 1}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, err = CountFound(scored(), DetectionCVPR2019(), 4); err != nil || got[0].Found != 3 {
		t.Errorf("at 4 m: got %+v, %v, want 3 of the first found", got, err)
	}
	if _, err = CountFound(nil, DetectionCVPR2019(), 0); err == nil {
		t.Error("a distance of 0 m gives no error")
	}
}
