package eval

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	truthBox = `{"translation":[10,0,1],"size":[2,4,1.5],"rotation":[1,0,0,0],"velocity":[0,0],"detection_name":"car","attribute_name":"","num_pts":3}`
	predBox  = `{"translation":[10,0,1],"size":[2,4,1.5],"rotation":[1,0,0,0],"velocity":[0,0],"detection_name":"car","attribute_name":"","detection_score":0.5}`
	samples1 = `,"samples":{"s":{"ego_translation":[0,0,0]}}`
)

// truthFile and predFile hold one sample "s" with the given boxes.
func truthFile(boxes, rest string) string {
	return `{"meta":{},"results":{"s":[` + boxes + `]}` + rest + `}`
}
func predFile(boxes string) string { return `{"meta":{},"results":{"s":[` + boxes + `]}}` }

func read(truth, pred string) ([]Sample, error) {
	return ReadSamples(Source{"G.json", strings.NewReader(truth)}, Source{"P.json", strings.NewReader(pred)}, DetectionCVPR2019())
}

// Each case changes one text in a box that is good otherwise, or gives whole files.
func TestReadSamplesRefuses(t *testing.T) {
	goodTruth, goodPred := truthFile(truthBox, samples1), predFile(predBox)
	if _, err := read(goodTruth, goodPred); err != nil {
		t.Fatalf("the unchanged files: %v", err)
	}
	swapPred := func(old, fresh string) string {
		if !strings.Contains(predBox, old) {
			t.Fatalf("%q is not in the box", old)
		}
		return predFile(predBox + "," + strings.Replace(predBox, old, fresh, 1))
	}
	swapTruth := func(old, fresh string) string {
		if !strings.Contains(goodTruth, old) {
			t.Fatalf("%q is not in the file", old)
		}
		return strings.Replace(goodTruth, old, fresh, 1)
	}
	many := predFile(strings.Repeat(predBox+",", 500) + predBox)
	const boxOne = `read P.json line 1: sample "s" box 1 field `
	tests := []struct {
		name, truth, pred, want string
	}{
		{"position NaN", goodTruth, swapPred(`[10,0,1]`, `[10,NaN,1]`), boxOne + "translation: element 1 is NaN"},
		{"position null", goodTruth, swapPred(`[10,0,1]`, `[null,0,1]`), boxOne + "translation: element 0 is NaN"},
		{"position infinite", goodTruth, swapPred(`[10,0,1]`, `[10,0,-Infinity]`), boxOne + "translation: element 2 is -Inf"},
		{"position too large", goodTruth, swapPred(`[10,0,1]`, `[10,0,1e999]`), boxOne + "translation: element 2 is +Inf"},
		{"position implausible", goodTruth, swapPred(`[10,0,1]`, `[10,0,1e10]`), boxOne + "translation: 1e+10 m"},
		{"position short", goodTruth, swapPred(`[10,0,1]`, `[10,0]`), boxOne + "translation: 2 numbers where 3 are expected"},
		{"position long", goodTruth, swapPred(`[10,0,1]`, `[10,0,1,1]`), boxOne + "translation: 4 numbers where 3 are expected"},
		{"position as text", goodTruth, swapPred(`[10,0,1]`, `["10",0,1]`), boxOne + `translation: found '"' where a value is expected`},
		{"position an object", goodTruth, swapPred(`[10,0,1]`, `{"x":10}`), boxOne + "translation: found '{' where '[' is expected"},
		{"position missing", goodTruth, swapPred(`"translation":[10,0,1],`, ``), boxOne + "translation: missing"},
		{"position twice", goodTruth, swapPred(`"size"`, `"translation":[10,0,1],"size"`), boxOne + "translation: given twice"},
		{"size zero", goodTruth, swapPred(`[2,4,1.5]`, `[2,0,1.5]`), boxOne + "size: 0 m"},
		{"size negative", goodTruth, swapPred(`[2,4,1.5]`, `[-2,4,1.5]`), boxOne + "size: -2 m"},
		{"size missing", goodTruth, swapPred(`"size":[2,4,1.5],`, ``), boxOne + "size: missing"},
		{"rotation zero", goodTruth, swapPred(`[1,0,0,0]`, `[0,0,0,0]`), boxOne + "rotation: the quaternion is zero"},
		{"rotation missing", goodTruth, swapPred(`"rotation":[1,0,0,0],`, ``), boxOne + "rotation: missing"},
		{"velocity infinite", goodTruth, swapPred(`"velocity":[0,0]`, `"velocity":[Infinity,0]`), boxOne + "velocity: +Inf m/s"},
		{"velocity of three", goodTruth, swapPred(`"velocity":[0,0]`, `"velocity":[0,0,0]`), boxOne + "velocity: 3 numbers where 2 are expected"},
		{"velocity a number", goodTruth, swapPred(`"velocity":[0,0]`, `"velocity":3`), boxOne + "velocity: one number where two are expected"},
		{"velocity missing", goodTruth, swapPred(`"velocity":[0,0],`, ``), boxOne + "velocity: missing"},
		{"class unknown", goodTruth, swapPred(`"car"`, `"tram"`), boxOne + `detection_name: unknown class "tram"`},
		{"class missing", goodTruth, swapPred(`"detection_name":"car",`, ``), boxOne + `detection_name: missing`},
		{"class a number", goodTruth, swapPred(`"car"`, `7`), boxOne + `detection_name: found '7' where '"' is expected`},
		{"attribute unknown", goodTruth, swapPred(`"attribute_name":""`, `"attribute_name":"flying"`), boxOne + `attribute_name: unknown attribute "flying"`},
		{"attribute missing", goodTruth, swapPred(`"attribute_name":"",`, ``), boxOne + `attribute_name: missing`},
		{"score missing", goodTruth, swapPred(`,"detection_score":0.5`, ``), boxOne + "detection_score: missing"},
		{"score NaN", goodTruth, swapPred(`0.5`, `NaN`), boxOne + "detection_score: NaN"},
		{"score null", goodTruth, swapPred(`0.5`, `null`), boxOne + "detection_score: NaN"},
		{"score not a number", goodTruth, swapPred(`0.5`, `high`), boxOne + `detection_score: found "high" where a number is expected`},
		{"score with a leading zero", goodTruth, swapPred(`0.5`, `00.5`), boxOne + `detection_score: found "00.5" where a number is expected`},
		{"token of another sample", goodTruth, swapPred(`{"translation"`, `{"sample_token":"x","translation"`), boxOne + `sample_token: "x", but the box stands under "s"`},
		{"501 boxes", goodTruth, many, `read P.json line 1: sample "s": more than 500 boxes`},
		{"points missing", swapTruth(`,"num_pts":3`, ``), goodPred, `read G.json line 1: sample "s" box 0 field num_pts: missing`},
		{"points half", swapTruth(`"num_pts":3`, `"num_pts":3.5`), goodPred, `field num_pts: 3.5 points`},
		{"points null", swapTruth(`"num_pts":3`, `"num_pts":null`), goodPred, `field num_pts: NaN points`},
		{"points negative", swapTruth(`"num_pts":3`, `"num_pts":-2`), goodPred, `field num_pts: -2 points`},
		{"ego missing", swapTruth(`"ego_translation":[0,0,0]`, ``), goodPred, `read G.json line 1: sample "s" field ego_translation: missing`},
		{"ego NaN", swapTruth(`"ego_translation":[0,0,0]`, `"ego_translation":[0,NaN,0]`), goodPred, `sample "s" field ego_translation: element 1 is NaN`},
		{"no entry in samples", swapTruth(`"samples":{"s"`, `"samples":{"t"`), goodPred, `read G.json: sample "s" field samples: no entry for this sample`},
		{"samples twice", truthFile(truthBox, samples1+samples1), goodPred, `read G.json line 1: field samples: given twice`},
		{"sample twice in samples", swapTruth(`"samples":{`, `"samples":{"s":{"ego_translation":[0,0,0]},`), goodPred, `sample "s" field samples: sample given twice`},
		{"no ego at all", truthFile(truthBox, ""), goodPred, `read G.json: sample "s" field ego_translation: the ego position is unknown`},
		{
			"rack without size", swapTruth(`"ego_translation":[0,0,0]`, `"ego_translation":[0,0,0],"bike_racks":[{"translation":[0,0,0],"rotation":[1,0,0,0]}]`),
			goodPred, `sample "s" field bike_racks[0].size: missing`,
		},
		{
			"rack of size zero", swapTruth(`"ego_translation":[0,0,0]`, `"ego_translation":[0,0,0],"bike_racks":[{"translation":[0,0,0],"size":[1,0,1],"rotation":[1,0,0,0]}]`),
			goodPred, `sample "s" field bike_racks[0].size: 0 m`,
		},
		{"prediction lacks a sample", strings.Replace(goodTruth, `"results":{`, `"results":{"r":[],`, 1), goodPred, `read P.json: sample "r" field results: sample is in G.json but not here`},
		{"ground truth lacks a sample", goodTruth, strings.Replace(goodPred, `"results":{`, `"results":{"r":[],`, 1), `read G.json: sample "r" field results: sample is in P.json but not here`},
		{"sample twice", goodTruth, strings.Replace(goodPred, `"results":{`, `"results":{"s":[],`, 1), `sample "s" field results: sample given twice`},
		{"no results", goodTruth, `{"meta":{}}`, `read P.json line 1: field results: missing`},
		{"results twice", goodTruth, `{"results":{},"results":{}}`, `read P.json line 1: field results: given twice`},
		{"results a list", goodTruth, "{\n\"results\":\n[]}", `read P.json line 3: found '[' where '{' is expected`},
		{"not JSON", goodTruth, "PK\x03\x04", `read P.json line 1: found 'P' where '{' is expected`},
		{"empty", goodTruth, "", `read P.json line 1: the file ends too early`},
		{"more than one document", goodTruth, goodPred + "{}", `found '{' after the end of the document`},
		{"nested without end", goodTruth, `{"meta":` + strings.Repeat("[", 1000), `nested deeper than 64`},
		{"endless token", goodTruth, `{"results":{"` + strings.Repeat("x", 2000), `string longer than 1024 bytes`},
		{"endless number", goodTruth, swapPred(`0.5`, strings.Repeat("1", 2000)), boxOne + `detection_score: number longer than 1024 bytes`},
		{"wrong escape", goodTruth, `{"results":{"\x"`, `unknown escape \x in a string`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := read(tc.truth, tc.pred)
			var e *InputError
			if !errors.As(err, &e) || !strings.Contains(err.Error(), tc.want) || e.Cure == "" {
				t.Errorf("error = %v, want an InputError with %q and a cure", err, tc.want)
			}
		})
	}
}

func TestReadSamplesAccepts(t *testing.T) {
	good := truthFile(truthBox, samples1)
	swap := func(old, fresh string) string { return predFile(strings.Replace(predBox, old, fresh, 1)) }
	tests := []struct {
		name, truth, pred string
	}{
		{"velocity null", good, swap(`"velocity":[0,0]`, `"velocity":null`)},
		{"velocity half unknown", good, swap(`"velocity":[0,0]`, `"velocity":[NaN,0]`)},
		{"fields of other tools", good, swap(`{"translation"`, `{"sample_token":"s","tracking_id":"7","extra":{"a":[1,true,null]},"translation"`)},
		{"doubled unknown fields", good, swap(`{"translation"`, `{"x":1,"x":2,"translation"`)},
		{"escaped class", good, swap(`"car"`, `"\u0063ar"`)},
		{"no meta", good, `{"results":{"s":[]}}`},
		{"score and unknown points in ground truth", strings.Replace(good, `"num_pts":3`, `"num_pts":-1,"detection_score":-1.0`, 1), predFile(predBox)},
		{"extra entries in samples", strings.Replace(good, `"samples":{`, `"samples":{"t":{"ego_translation":[0,0,0]},`, 1), predFile(predBox)},
		{"samples before results", `{"samples":{"s":{"ego_translation":[0,0,0]}},"results":{"s":[` + truthBox + `]}}`, predFile(predBox)},
		{"no boxes, no ego", truthFile("", ""), predFile("")},
		{"no samples", `{"results":{}}`, `{"results":{}}`},
		{"500 boxes", good, predFile(strings.Repeat(predBox+",", 499) + predBox)},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			samples, err := read(tc.truth, tc.pred)
			if err != nil {
				t.Fatal(err)
			}
			evaluate(t, samples)
		})
	}
}

// nuScenes' own tools write the box as seen from ego into each box.
func TestEgoFromBoxes(t *testing.T) {
	truth := func(fromEgo ...string) string {
		var boxes []string
		for _, e := range fromEgo {
			boxes = append(boxes, strings.Replace(truthBox, `"size"`, e+`"size"`, 1))
		}
		return truthFile(strings.Join(boxes, ","), "")
	}
	pred := func(fromEgo string) string { return predFile(strings.Replace(predBox, `"size"`, fromEgo+`"size"`, 1)) }
	const a, b, zero = `"ego_translation":[4,-2,1],`, `"ego_translation":[4,-2.5,1],`, `"ego_translation":[0,0,0],`
	tests := []struct {
		name, truth, pred string
		want              [3]float64
		wantErr           string
	}{
		{"ground truth", truth(a), predFile(predBox), [3]float64{6, 2, 0}, ""},
		{"predictions", truth(""), pred(a), [3]float64{6, 2, 0}, ""},
		{"both", truth(a, a), pred(a), [3]float64{6, 2, 0}, ""},
		{"zero is not given", truth(zero, a), pred(zero), [3]float64{6, 2, 0}, ""},
		{"ground truth disagrees", truth(a, a, b), pred(a), [3]float64{}, `read G.json: sample "s" box 2 field ego_translation: implies another ego position`},
		{"the files disagree", truth(a), pred(b), [3]float64{}, `read P.json: sample "s" field ego_translation: the boxes imply another ego position than those of G.json`},
		{"only zeros", truth(zero), pred(zero), [3]float64{}, `the ego position is unknown`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			samples, err := read(tc.truth, tc.pred)
			if tc.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
					t.Fatalf("error = %v, want %q", err, tc.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := samples[0].EgoTranslation; got != tc.want {
				t.Errorf("ego = %v, want %v", got, tc.want)
			}
		})
	}
}

// A file that was cut anywhere is refused, never scored in part.
func TestReadSamplesCut(t *testing.T) {
	truth, pred := handFiles(t)
	whole := bytes.TrimRight(pred, "\n")
	for n := range whole {
		_, err := ReadSamples(Source{"G.json", bytes.NewReader(truth)}, Source{"P.json", bytes.NewReader(whole[:n])}, DetectionCVPR2019())
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut after %d of %d bytes: error = %v, want an unexpected end", n, len(whole), err)
		}
	}
}

func handFiles(t testing.TB) (truth, pred []byte) {
	t.Helper()
	for name, dst := range map[string]*[]byte{"ground_truth.json": &truth, "predictions.json": &pred} {
		b, err := os.ReadFile(filepath.Join("testdata", "hand", name))
		if err != nil {
			t.Fatal(err)
		}
		*dst = b
	}
	return truth, pred
}

// failingReader breaks after its content.
type failingReader struct{ r io.Reader }

var errMedium = errors.New("input/output error")

func (f failingReader) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if errors.Is(err, io.EOF) {
		err = errMedium
	}
	return n, err
}

func TestReadSamplesMedium(t *testing.T) {
	truth := truthFile(truthBox, samples1)
	_, err := ReadSamples(Source{"G.json", failingReader{strings.NewReader(truth[:40])}}, Source{"P.json", strings.NewReader("")}, DetectionCVPR2019())
	if !errors.Is(err, errMedium) {
		t.Errorf("error = %v, want %v", err, errMedium)
	}
	_, err = LoadSamples("testdata/none.json", "testdata/hand/predictions.json", DetectionCVPR2019())
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "testdata/none.json") {
		t.Errorf("error = %v, want that testdata/none.json does not exist", err)
	}
	if _, err = LoadSamples("testdata/hand/ground_truth.json", "testdata/none.json", DetectionCVPR2019()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error = %v, want that testdata/none.json does not exist", err)
	}
	bounded := &boundedReader{r: strings.NewReader("four and more"), left: 4}
	if _, err := io.ReadAll(bounded); !errors.Is(err, errTooLarge) {
		t.Errorf("error = %v, want %v", err, errTooLarge)
	}
}

func BenchmarkReadSamples(b *testing.B) {
	truth := truthFile(strings.Repeat(truthBox+",", 499)+truthBox, samples1)
	pred := predFile(strings.Repeat(predBox+",", 499) + predBox)
	b.SetBytes(int64(len(truth) + len(pred)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := read(truth, pred); err != nil {
			b.Fatal(err)
		}
	}
}
