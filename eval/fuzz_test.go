package eval

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
)

// FuzzReadSamples: whatever the two files hold, they are either refused or scored with finite figures.
func FuzzReadSamples(f *testing.F) {
	truth, pred := handFiles(f)
	f.Add(truth, pred)
	f.Add([]byte(truthFile(truthBox, samples1)), []byte(predFile(predBox)))
	f.Fuzz(func(t *testing.T, truth, pred []byte) {
		c := DetectionCVPR2019()
		samples, err := ReadSamples(Source{"G.json", bytes.NewReader(truth)}, Source{"P.json", bytes.NewReader(pred)}, c)
		if err != nil {
			return
		}
		r, err := EvaluateDetection(samples, c)
		if err != nil {
			t.Fatalf("read but not scored: %v", err)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Fatalf("result is not JSON: %v", err)
		}
		if !(r.NDScore >= 0 && r.NDScore < 1+tolerance) || !(r.MeanAP >= 0 && r.MeanAP < 1+tolerance) {
			t.Errorf("mAP %v, NDS %v: want both in [0, 1]", r.MeanAP, r.NDScore)
		}
		for _, e := range r.Errors {
			if !(e >= 0) || math.IsInf(e, 0) {
				t.Errorf("errors %v: want finite ones", r.Errors)
			}
		}
	})
}

// FuzzScanner: the scanner takes a text exactly when encoding/json does, but for the words NaN and Infinity.
func FuzzScanner(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,-2.5e+3,true,false,null,"\u00e9\n"],"b":{}}`, `[]`, ` 0 `, `01`, `1.`, `-`, `.5`, `1e5`, `1E`, `"\ud800"`,
		`{"a":1,}`, `[1,]`, `[,]`, `{"a"}`, `{1:2}`, "\"\x01\"", `"\u12g4"`, `nul`, `truefalse`, `[1 2]`, `+1`, "\"\xff\"", ``, `"`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		if len(doc) > maxDepth || strings.Contains(string(doc), "NaN") || strings.Contains(string(doc), "Infinity") {
			return // longer texts may nest deeper than the scanner allows
		}
		s := newScanner(bytes.NewReader(doc))
		err := s.skip(0)
		if err == nil {
			err = s.end()
		}
		if got, want := err == nil, json.Valid(doc); got != want {
			t.Errorf("%q: accepted = %v (%v), want %v", doc, got, err, want)
		}
	})
}
