package eval

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files of testdata")

// tolerance is absolute. Figures are at most a few units, so it leaves 1e7 roundings of float64.
const tolerance = 1e-9

// The case in testdata/hand, worked out on paper.
//
// Four cars at ego + 10 m and ego + 20 m in two samples. Predictions by score: 0.9 exactly on a car, 0.8 on nothing,
// 0.7 beside a car by 1.5 m, twice as long, turned by 90 degrees, 2 m/s off, wrong attribute.
//
// At 2 m and 4 m: hit, miss, hit: precision 1, 1/2, 2/3 at recall 1/4, 1/4, 1/2. Grid points 0.11 to 0.24 have
// precision 1, 0.25 has 1/2 (the last entry there), from there it rises to 2/3 at 0.50, beyond is 0:
// AP = (14*0.9 + sum over k=0..25 of (0.4 + k/150)) / 90 / 0.9 = (151/6)/81.
// At 0.5 m and 1 m: hit, miss, miss: (14*0.9 + (1/3 - 0.1))/81 = (77/6)/81. The mean of the four is 19/81.
//
// Errors: the running means are 0 at score 0.9 and half of the second match's error at 0.7. Confidence is 0.9 at
// recalls 0.11 to 0.24, 0.8 at 0.25, and falls to 0.7 at 0.50. Where it is c, the error is half*(0.9 - c)/0.2:
// the mean over 40 points is half*(0.5*26 + 0.5*13)/40 = half*0.4875.
// The velocity of the first prediction is unknown, so the second running mean is the whole error.
//
// Left out: a car without points, a bicycle on the face of a rack, a bus at exactly 50 m and one predicted farther.
const (
	handAPNear = 77.0 / 6 / 81
	handAPFar  = 151.0 / 6 / 81
	handFactor = 0.4875
)

func handCar() ClassResult {
	return ClassResult{
		Class: "car", NumGroundTruth: 4, NumPredictions: 3,
		GroundTruthLeftOut: LeftOut{ZeroPoints: 1},
		APs:                []float64{handAPNear, handAPNear, handAPFar, handAPFar},
		MeanAP:             19.0 / 81,
		Errors: TPErrors{
			TransErr: 1.5 / 2 * handFactor, ScaleErr: 0.5 / 2 * handFactor, OrientErr: math.Pi / 2 / 2 * handFactor,
			VelErr: 2 * handFactor, AttrErr: 1.0 / 2 * handFactor,
		},
	}
}

func loadHand(t testing.TB) []Sample {
	t.Helper()
	samples, err := LoadSamples("testdata/hand/ground_truth.json", "testdata/hand/predictions.json", DetectionCVPR2019())
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

func evaluate(t testing.TB, samples []Sample) DetectionResult {
	t.Helper()
	r, err := EvaluateDetection(samples, DetectionCVPR2019())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func near(got, want float64) bool {
	if math.IsNaN(got) || math.IsNaN(want) {
		return math.IsNaN(got) == math.IsNaN(want)
	}
	return math.Abs(got-want) <= tolerance
}

var nearOption = cmp.Comparer(near)

func TestHandCase(t *testing.T) {
	r := evaluate(t, loadHand(t))
	got := r.Classes[0]
	got.Curves = nil
	if d := cmp.Diff(got, handCar(), nearOption); d != "" {
		t.Errorf("car differs (-got +want):\n%s", d)
	}
	byName := map[string]ClassResult{}
	for _, c := range r.Classes {
		byName[c.Class] = c
	}
	if got, want := byName["bus"].GroundTruthLeftOut, (LeftOut{Range: 1}); got != want {
		t.Errorf("bus: ground truth left out = %+v, want %+v", got, want)
	}
	if got, want := byName["bus"].PredictionsLeftOut, (LeftOut{Range: 1}); got != want {
		t.Errorf("bus: predictions left out = %+v, want %+v", got, want)
	}
	if got, want := byName["bicycle"].GroundTruthLeftOut, (LeftOut{BikeRack: 1}); got != want {
		t.Errorf("bicycle: ground truth left out = %+v, want %+v", got, want)
	}
	// Nine classes without matches have errors of 1 where the error is defined: eight orientations, seven others.
	car := handCar().Errors
	want := TPErrors{
		(car[TransErr] + 9) / 10, (car[ScaleErr] + 9) / 10, (car[OrientErr] + 8) / 9, (car[VelErr] + 7) / 8, (car[AttrErr] + 7) / 8,
	}
	if d := cmp.Diff(r.Errors, want, nearOption); d != "" {
		t.Errorf("errors differ (-got +want):\n%s", d)
	}
	nds := 5 * 19.0 / 810
	for _, e := range want {
		nds += 1 - e
	}
	if got, want := r.NDScore, nds/10; !near(got, want) {
		t.Errorf("NDS = %v, want %v", got, want)
	}
	if got, want := r.MeanAP, 19.0/810; !near(got, want) {
		t.Errorf("mAP = %v, want %v", got, want)
	}
	if got, want := r.NumSamples, 2; got != want {
		t.Errorf("samples = %d, want %d", got, want)
	}
	curve := r.Classes[0].Curves[2]
	for _, c := range []struct {
		point                 int
		precision, confidence float64
	}{{0, 1, 0.9}, {24, 1, 0.9}, {25, 0.5, 0.8}, {50, 2.0 / 3, 0.7}, {51, 0, 0}, {100, 0, 0}} {
		if !near(curve.Precision[c.point], c.precision) || !near(curve.Confidence[c.point], c.confidence) {
			t.Errorf("curve at 2 m, point %d = %v, %v, want %v, %v", c.point, curve.Precision[c.point], curve.Confidence[c.point], c.precision, c.confidence)
		}
	}
}

// The files must come in as they stand: order of the predictions file, unknown velocities, points not counted.
func TestHandSamples(t *testing.T) {
	samples := loadHand(t)
	if got, want := []string{samples[0].Token, samples[1].Token}, []string{"b", "a"}; !cmp.Equal(got, want) {
		t.Fatalf("order of samples = %v, want %v", got, want)
	}
	got := samples[1].Predictions[1]
	nan := math.NaN()
	want := Box{
		Translation: [3]float64{10, 0, 1}, Size: [3]float64{2, 4, 1.5}, Rotation: [4]float64{-1, 0, 0, 0}, Velocity: [2]float64{nan, nan},
		Class: "car", Attribute: "vehicle.parked", Score: 0.9, NumPts: UnknownPoints,
	}
	if d := cmp.Diff(got, want, nearOption); d != "" {
		t.Errorf("box differs (-got +want):\n%s", d)
	}
	if got, want := samples[0].EgoTranslation, [3]float64{100, 0, 0}; got != want {
		t.Errorf("ego = %v, want %v", got, want)
	}
	rack := []BikeRack{{Translation: [3]float64{0, 20, 0.5}, Size: [3]float64{2, 4, 1}, Rotation: [4]float64{1, 0, 0, 0}}}
	if got := samples[1].BikeRacks; !cmp.Equal(got, rack) {
		t.Errorf("racks = %v, want %v", got, rack)
	}
	if got, want := samples[1].GroundTruth[1].NumPts, 3; got != want {
		t.Errorf("points = %d, want %d", got, want)
	}
}

func TestWriteDetectionTable(t *testing.T) {
	var got bytes.Buffer
	if err := WriteDetectionTable(&got, evaluate(t, loadHand(t))); err != nil {
		t.Fatal(err)
	}
	compareGolden(t, "detection_table.golden", got.Bytes())
}

// closedWriter takes nothing.
type closedWriter struct{}

func (closedWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestWriteDetectionTableError(t *testing.T) {
	if err := WriteDetectionTable(closedWriter{}, evaluate(t, loadHand(t))); !errors.Is(err, os.ErrClosed) {
		t.Errorf("error = %v, want %v", err, os.ErrClosed)
	}
}

// The object has exactly the fields that scripts know from nuScenes' metrics files, and the counts of the filters.
func TestResultFields(t *testing.T) {
	raw, err := json.Marshal(evaluate(t, loadHand(t)))
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := json.Unmarshal(raw, &object); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"ground_truth_left_out", "label_aps", "label_tp_errors", "mean_ap", "mean_dist_aps", "nd_score", "num_gt_after_filter",
		"num_pred_after_filter", "predictions_left_out", "tp_errors", "tp_scores",
	}
	if got := slices.Sorted(maps.Keys(object)); !cmp.Equal(got, want) {
		t.Errorf("fields = %v, want %v", got, want)
	}
	if got := object["label_tp_errors"].(map[string]any)["traffic_cone"].(map[string]any)["orient_err"]; got != nil {
		t.Errorf("orientation error of cones = %v, want null", got)
	}
}

func TestResultJSON(t *testing.T) {
	raw, err := json.Marshal(evaluate(t, loadHand(t)))
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	compareGolden(t, "detection_result.golden.json", got.Bytes())
}

func compareGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: write it with: go test ./eval -update", err)
	}
	if d := cmp.Diff(string(got), string(want)); d != "" {
		t.Errorf("%s differs (-got +want), rewrite with: go test ./eval -update\n%s", path, d)
	}
}
