package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// summary is what eval prints, with the field names of nuScenes' metrics_summary.
type summary struct {
	MeanAP        float64                       `json:"mean_ap"`
	NDScore       float64                       `json:"nd_score"`
	LabelAPs      map[string]map[string]float64 `json:"label_aps"`
	MeanDistAPs   map[string]float64            `json:"mean_dist_aps"`
	LabelTPErrors map[string]map[string]any     `json:"label_tp_errors"`
	TPErrors      map[string]float64            `json:"tp_errors"`
}

// TestEvalFiles scores a pair that can be worked out by hand: a car that is found exactly, a pedestrian found 0.75 m away, and a car
// out of range, which counts for nothing. The other eight classes have no ground truth: AP 0, errors 1.
func TestEvalFiles(t *testing.T) {
	args := []string{"eval", "--ground-truth", "testdata/eval/truth.json", "--predictions", "testdata/eval/predictions.json"}
	fusiond(t, args...).want(t, exitOK)
	o := fusiond(t, append(args, "--json")...)
	o.want(t, exitOK)
	var got summary
	o.decode(t, &got)
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"AP of the car at 0.5 m", got.LabelAPs["car"]["0.5"], 1},
		{"AP of the pedestrian at 0.5 m", got.LabelAPs["pedestrian"]["0.5"], 0},
		{"AP of the pedestrian at 1 m", got.LabelAPs["pedestrian"]["1.0"], 1},
		{"AP of the pedestrian", got.MeanDistAPs["pedestrian"], 0.75},
		{"AP of the bus", got.MeanDistAPs["bus"], 0},
		{"mAP", got.MeanAP, (1 + 0.75) / 10},
		{"translation error", got.TPErrors["trans_err"], (0 + 0.75 + 8) / 10},
		{"scale error", got.TPErrors["scale_err"], 8.0 / 10},
		{"orientation error, without cones", got.TPErrors["orient_err"], 7.0 / 9},
		{"velocity error, without cones and barriers", got.TPErrors["vel_err"], 6.0 / 8},
		{"attribute error, without cones and barriers", got.TPErrors["attr_err"], 6.0 / 8},
		{"NDS", got.NDScore, (5*0.175 + 0.125 + 0.2 + 2.0/9 + 0.25 + 0.25) / 10},
	} {
		if math.Abs(c.got-c.want) > 1e-9 { // as near as the shared golden values are held
			t.Errorf("%s = %v, want %v", c.what, c.got, c.want)
		}
	}
	if v, ok := got.LabelTPErrors["traffic_cone"]["orient_err"]; !ok || v != nil {
		t.Errorf("orientation error of cones = %v, want null: it is not defined", v)
	}
}

// TestEvalRefuses changes one text of the good pair.
func TestEvalRefuses(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"unknown token", `"s0": [`, `"s7": [], "s0": [`, `sample "s7"`},
		{"lacks a token", `"s0"`, `"s7"`, `sample "s0"`},
		{"position not a number", "[10.75,", "[NaN,", "translation: element 0 is NaN"},
		{"score not a number", "0.8", "NaN", "detection_score: NaN"},
		{"position of two numbers", "[10.75, 10.0, 1.0]", "[10.75, 10.0]", "translation: 2 numbers where 3 are expected"},
		{"rotation of five numbers", "[1.0, 0.0, 0.0, 0.0]", "[1.0, 0.0, 0.0, 0.0, 0.0]", "rotation: 5 numbers where 4 are expected"},
		{"size of nothing", "[2.0, 4.5, 1.5]", "[2.0, 0, 1.5]", "size: 0 m"},
		{"unknown class", `"pedestrian"`, `"wizard"`, `unknown class "wizard"`},
		{"no score", `, "detection_score": 0.9`, "", "detection_score: missing"},
		{"truncated", `"velocity": [1.0, 0.0], "detection_name": "pedestrian"`, "\x00", "the file ends too early"},
	}
	good, err := os.ReadFile("testdata/eval/predictions.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(string(good), tt.old) {
				t.Fatalf("%q is not in the good file", tt.old)
			}
			bad := strings.Replace(string(good), tt.old, tt.new, 1)
			if i := strings.IndexByte(bad, 0); i >= 0 {
				bad = bad[:i]
			}
			path := writeFile(t, t.TempDir(), "bad.json", bad)
			fusiond(t, "eval", "--ground-truth", "testdata/eval/truth.json", "--predictions", path, "--json").want(t, exitFail, "bad.json", tt.want)
		})
	}
}

// TestEvalGolden scores the shared golden scenarios through files and the command line.
func TestEvalGolden(t *testing.T) {
	shared := os.Getenv("FUSIOND_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(shared, "golden", "nuscenes_detection.json")) //nolint:gosec // the tester names the folder
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("SKIP: the shared golden values are not here: FUSIOND_SHARED names the folder that holds golden/")
	}
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Scenarios []goldenScenario
	}
	if err := json.Unmarshal(raw, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Scenarios) == 0 {
		t.Fatal("no scenario in the golden file")
	}
	for _, g := range golden.Scenarios {
		t.Run(g.Name, func(t *testing.T) { g.run(t) })
	}
}

type goldenScenario struct {
	Name    string
	Samples []struct {
		Token string
		Ego   json.RawMessage `json:"ego_translation"`
		Racks json.RawMessage `json:"bike_racks"`
		GT    json.RawMessage
		Pred  json.RawMessage
	}
	Expected map[string]any
}

func (g *goldenScenario) run(t *testing.T) {
	var truth, pred, about []string // in the scenario's order, which decides ties
	for _, s := range g.Samples {
		truth = append(truth, fmt.Sprintf("%q:%s", s.Token, s.GT))
		pred = append(pred, fmt.Sprintf("%q:%s", s.Token, s.Pred))
		about = append(about, fmt.Sprintf(`%q:{"ego_translation":%s,"bike_racks":%s}`, s.Token, s.Ego, s.Racks))
	}
	dir := t.TempDir()
	o := fusiond(t, "eval", "--json",
		"--ground-truth", writeFile(t, dir, "truth.json",
			fmt.Sprintf(`{"meta":{},"results":{%s},"samples":{%s}}`, strings.Join(truth, ","), strings.Join(about, ","))),
		"--predictions", writeFile(t, dir, "pred.json", fmt.Sprintf(`{"meta":{},"results":{%s}}`, strings.Join(pred, ","))))
	if _, refused := g.Expected["load_error"]; refused {
		o.want(t, exitFail, "pred.json", "more than 500 boxes")
		return
	}
	o.want(t, exitOK)
	var got map[string]any
	o.decode(t, &got)
	for _, key := range []string{"mean_ap", "nd_score", "label_aps", "mean_dist_aps", "label_tp_errors", "tp_errors"} {
		want, ok := g.Expected[key]
		if !ok {
			t.Fatalf("the golden scenario has no %s", key)
		}
		compareFigures(t, key, got[key], want)
	}
}

// compareFigures compares numbers to 1e-9, null, and objects of them.
func compareFigures(t *testing.T, path string, got, want any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(want) {
			t.Errorf("%s = %v, want an object with %d keys", path, got, len(want))
			return
		}
		for k := range want {
			compareFigures(t, path+"."+k, g[k], want[k])
		}
	case float64:
		if g, ok := got.(float64); !ok || math.Abs(g-want) > 1e-9 {
			t.Errorf("%s = %v, want %v", path, got, want)
		}
	default:
		if got != want {
			t.Errorf("%s = %v, want %v", path, got, want)
		}
	}
}

// TestEvalRecording scores the made drive through the model, with all sensors and with one modality alone.
func TestEvalRecording(t *testing.T) {
	needRuntime(t)
	file := madeRecording(t, 5)
	for _, only := range []string{"", "lidar", "camera"} {
		t.Run("sensors "+only, func(t *testing.T) {
			args := []string{"eval", file, "--json", "--model", modelPackage}
			if only != "" {
				args = append(args, "--sensors", only)
			}
			o := fusiond(t, args...)
			o.want(t, exitOK)
			var got summary // a figure that is not finite cannot be written as JSON, and would have failed
			o.decode(t, &got)
			if len(got.LabelAPs) != 10 || len(got.TPErrors) != 5 || got.MeanAP < 0 || got.MeanAP > 1 || got.NDScore < 0 || got.NDScore > 1 {
				t.Errorf("got %+v, want ten classes, five errors, figures between 0 and 1", got)
			}
			var scored struct {
				Truth map[string]int `json:"num_gt_after_filter"`
			}
			o.decode(t, &scored)
			if scored.Truth["car"] != 5 {
				t.Errorf("%d cars scored, want one in each of the 5 sweeps", scored.Truth["car"])
			}
		})
	}
}
