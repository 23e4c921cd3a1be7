package eval

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	truthTrack = `{"translation":[10,0,1],"size":[2,4,1.5],"rotation":[1,0,0,0],"velocity":[0,0],"tracking_id":"A","tracking_name":"car","num_pts":3}`
	predTrack  = `{"translation":[10,0,1],"size":[2,4,1.5],"rotation":[1,0,0,0],"velocity":[0,0],"tracking_id":"x","tracking_name":"car","tracking_score":0.5}`
	samplesOne = `,"samples":{"s":{"scene_token":"n","timestamp":1500000000000000,"ego_translation":[0,0,0]}}`
)

func readTracks(truth, pred string) ([]Sample, error) {
	return ReadTrackingSamples(Source{"G.json", strings.NewReader(truth)}, Source{"P.json", strings.NewReader(pred)}, TrackingNIPS2019())
}

func TestReadTrackingSamples(t *testing.T) {
	samples, err := readTracks(truthFile(truthTrack, samplesOne), predFile(predTrack))
	if err != nil {
		t.Fatal(err)
	}
	if len(samples) != 1 || len(samples[0].GroundTruth) != 1 || len(samples[0].Predictions) != 1 {
		t.Fatalf("samples %+v, want one with a box on each side", samples)
	}
	s := samples[0]
	if s.Token != "s" || s.Scene != "n" || s.TimestampUs != 1_500_000_000_000_000 {
		t.Errorf("token %q, scene %q, time %d us", s.Token, s.Scene, s.TimestampUs)
	}
	if g, p := s.GroundTruth[0], s.Predictions[0]; g.Track != "A" || g.NumPts != 3 || p.Track != "x" || p.Score != 0.5 || p.NumPts != UnknownPoints || p.Class != "car" {
		t.Errorf("ground truth %+v, prediction %+v", g, p)
	}
}

// Each case changes one text in two files that are good otherwise.
func TestReadTrackingRefuses(t *testing.T) {
	truth, pred := truthFile(truthTrack, samplesOne), predFile(predTrack)
	swap := func(text, old, fresh string) string {
		if !strings.Contains(text, old) {
			t.Fatalf("%q is not in %s", old, text)
		}
		return strings.Replace(text, old, fresh, 1)
	}
	many := make([]string, 501)
	for i := range many {
		many[i] = strings.Replace(predTrack, `"x"`, `"x`+strings.Repeat("y", i)+`"`, 1)
	}
	const inTruth, inPred = `read G.json line 1: sample "s"`, `read P.json line 1: sample "s"`
	tests := []struct{ name, truth, pred, want string }{
		{"unknown token", truth, swap(pred, `"s"`, `"u"`), `read P.json: sample "s" field results: sample is in G.json but not here`},
		{"token without truth", truth, swap(pred, `"s":`, `"u":[],"s":`), `read G.json: sample "u" field results: sample is in P.json but not here`},
		{"position NaN", truth, swap(pred, "[10,", "[NaN,"), inPred + " box 0 field translation: element 0 is NaN"},
		{"score NaN", truth, swap(pred, "0.5", "NaN"), inPred + " box 0 field tracking_score: NaN"},
		{"score missing", truth, swap(pred, `,"tracking_score":0.5`, ""), inPred + " box 0 field tracking_score: missing"},
		{"id missing", truth, swap(pred, `"tracking_id":"x",`, ""), inPred + " box 0 field tracking_id: missing"},
		{"id empty", truth, swap(pred, `"x"`, `""`), inPred + " box 0 field tracking_id: empty"},
		{"id a number", truth, swap(pred, `"x"`, `7`), inPred + ` box 0 field tracking_id: found '7' where '"' is expected`},
		{"id twice in a sample", truth, predFile(predTrack + "," + predTrack), inPred + ` box 1 field tracking_id: "x" is in the sample twice`},
		{"id twice in the truth", truthFile(truthTrack+","+truthTrack, samplesOne), pred, inTruth + ` box 1 field tracking_id: "A" is in the sample twice`},
		{"id field twice", truth, swap(pred, `"tracking_id":"x"`, `"tracking_id":"x","tracking_id":"x"`), "field tracking_id: given twice"},
		{"class of detection", truth, swap(pred, `"car"`, `"barrier"`), inPred + ` box 0 field tracking_name: unknown class "barrier": use one of the classes of tracking_nips_2019`},
		{"detections", truth, swap(pred, "tracking_name", "detection_name"), inPred + " box 0 field tracking_name: missing"},
		{"too many boxes", truth, predFile(strings.Join(many, ",")), inPred + ": more than 500 boxes"},
		{"no points", swap(truth, `,"num_pts":3`, ""), pred, inTruth + " box 0 field num_pts: missing"},
		{"no samples", truthFile(truthTrack, ""), pred, "read G.json: field samples: missing"},
		{"no entry", swap(truth, `"samples":{"s"`, `"samples":{"q"`), pred, `read G.json: sample "s" field samples: no entry for this sample: add its scene_token, timestamp, ego_translation`},
		{"no scene", swap(truth, `"scene_token":"n",`, ""), pred, inTruth + " field scene_token: missing"},
		{"scene empty", swap(truth, `"n"`, `""`), pred, inTruth + " field scene_token: empty"},
		{"no time", swap(truth, `"timestamp":1500000000000000,`, ""), pred, inTruth + " field timestamp: missing"},
		{"time of parts", swap(truth, "1500000000000000", "1.5"), pred, inTruth + " field timestamp: 1.5 us"},
		{"time before all times", swap(truth, "1500000000000000", "-1"), pred, inTruth + " field timestamp: -1 us"},
		{"time in ns", swap(truth, "1500000000000000", "1500000000000000000"), pred, inTruth + " field timestamp: 1.5e+18 us"},
		{"no ego", swap(truth, `,"ego_translation":[0,0,0]`, ""), pred, inTruth + " field ego_translation: missing"},
		{"cut", truth, pred[:len(pred)-9], "the file ends too early"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readTracks(tt.truth, tt.pred)
			var input *InputError
			if !errors.As(err, &input) || !strings.Contains(err.Error(), tt.want) || input.Cure == "" {
				t.Errorf("error = %v, want %q in it, and a cure", err, tt.want)
			}
		})
	}
	if _, err := readTracks(truth, predFile(strings.Join(many[:500], ","))); err != nil {
		t.Errorf("500 boxes: %v", err)
	}
	if _, err := LoadTrackingSamples("testdata/tracking/ground_truth.json", "testdata/nowhere.json", TrackingNIPS2019()); err == nil || !strings.Contains(err.Error(), "nowhere.json: cannot be opened") {
		t.Errorf("no file: %v", err)
	}
	if _, err := ReadTrackingSamples(Source{}, Source{}, TrackingConfig{}); err == nil || !strings.Contains(err.Error(), "no classes") {
		t.Errorf("no configuration: %v", err)
	}
}

// The case in testdata/tracking: a car whose middle box has no point and is filled in again, found 0.5 m aside in two of three frames, and another car of
// another scene found 1 m aside, both under the names of the first; a pedestrian whose track goes astray and is taken over; a bus out of
// range.
func loadTrackingCase(t testing.TB) TrackingResult {
	t.Helper()
	samples, err := LoadTrackingSamples("testdata/tracking/ground_truth.json", "testdata/tracking/predictions.json", TrackingNIPS2019())
	if err != nil {
		t.Fatal(err)
	}
	return scoreTracking(t, samples, TrackingNIPS2019())
}

func TestTrackingFiles(t *testing.T) {
	r := loadTrackingCase(t)
	car, ped := carTracks(t, r).Figures, r.Classes[4].Figures
	for _, v := range []struct {
		what      string
		got, want float64
	}{
		// All three matches have the score 0.75: the mean of 0.875 and 0.625 is that of the other scene's track.
		{"car AMOTA", car[AMOTA], 29.0 / 40},
		{"car AMOTP", car[AMOTP], (29*(0.5+0.5+1)/3 + 11*2) / 40},
		{"car MOTA", car[MOTA], 0.75},
		{"car GT", car[GT], 4},
		{"car FN", car[FN], 1},
		{"car MT", car[MT], 1}, // of scene b; the other has two of three
		{"car LGD", car[LGD], 0.5 / 2},
		// A match, a switch to the other track, which then matches: 2 of 3 matches, one false positive, 25 recalls up to 2/3.
		{"pedestrian IDS", ped[IDSW], 1},
		{"pedestrian FP", ped[FP], 1},
		{"pedestrian AMOTA", ped[AMOTA], 25.0 / 40 * (1 - (1+1-1.0/3*3)/2)},
		{"pedestrian MOTP", ped[MOTP], 2.0 / 3},
		{"bus GT", knownOr(r.Classes[1].Figures[GT], -1), -1},
		{"buses out of range", float64(r.Classes[1].GroundTruthLeftOut.Range), 1},
		{"AMOTA", r.Figures[AMOTA], (29 + 12.5) / 80},
		{"IDS", r.Figures[IDSW], 1},
	} {
		if !near(v.got, v.want) {
			t.Errorf("%s = %v, want %v", v.what, v.got, v.want)
		}
	}
}

func TestTrackingOutput(t *testing.T) {
	r := loadTrackingCase(t)
	var table bytes.Buffer
	if err := WriteTrackingTable(&table, r); err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(table.String(), "\n") {
		if line != strings.TrimRight(line, " ") {
			t.Errorf("line %d ends with blanks: %q", i+1, line)
		}
	}
	compareGolden(t, "tracking_table.golden", table.Bytes())
	raw, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	compareGolden(t, "tracking_result.golden.json", append(raw, '\n'))
	if err := WriteTrackingTable(brokenWriter{}, r); !errors.Is(err, os.ErrClosed) {
		t.Errorf("writing to a closed file: %v", err)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

// FuzzReadTracking: whatever the two files hold, they are either refused or scored with figures that are finite or not defined.
func FuzzReadTracking(f *testing.F) {
	var files [2][]byte
	for i, name := range []string{"ground_truth.json", "predictions.json"} {
		raw, err := os.ReadFile(filepath.Join("testdata", "tracking", name))
		if err != nil {
			f.Fatal(err)
		}
		files[i] = raw
	}
	f.Add(files[0], files[1])
	f.Add([]byte(truthFile(truthTrack, samplesOne)), []byte(predFile(predTrack)))
	f.Fuzz(func(t *testing.T, truth, pred []byte) {
		c := TrackingNIPS2019()
		samples, err := ReadTrackingSamples(Source{"G.json", bytes.NewReader(truth)}, Source{"P.json", bytes.NewReader(pred)}, c)
		if err != nil {
			return
		}
		r, err := ScoreTracking(samples, c)
		if err != nil {
			var input *InputError
			if !errors.As(err, &input) || input.Field != fieldTimestamp { // the one fault that no single box or sample shows
				t.Fatalf("read but not scored: %v", err)
			}
			return
		}
		if _, err := json.Marshal(r); err != nil {
			t.Fatalf("result is not JSON: %v", err)
		}
		for _, m := range []TrackingMetric{AMOTA, MOTA, MOTAR, Recall} {
			if v := r.Figures[m]; v < 0 || v > 1+tolerance {
				t.Errorf("%v = %v, want it in [0, 1]", m, v)
			}
		}
		for _, m := range []TrackingMetric{AMOTP, MOTP} {
			if v := r.Figures[m]; v < 0 || v > c.DistanceM+tolerance {
				t.Errorf("%v = %v m, want it in [0, %v]", m, v, c.DistanceM)
			}
		}
	})
}
