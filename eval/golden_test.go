package eval

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// goldenFile is the part of the shared golden values that is compared.
type goldenFile struct {
	Config    goldenConfig     `json:"config"`
	Scenarios []goldenScenario `json:"scenarios"`
}

type goldenConfig struct {
	ClassRange        map[string]float64 `json:"class_range"`
	DistThs           []float64          `json:"dist_ths"`
	DistThTP          float64            `json:"dist_th_tp"`
	MinRecall         float64            `json:"min_recall"`
	MinPrecision      float64            `json:"min_precision"`
	MaxBoxesPerSample int                `json:"max_boxes_per_sample"`
	MeanAPWeight      float64            `json:"mean_ap_weight"`
}

type goldenScenario struct {
	Name    string `json:"name"`
	Samples []struct {
		Token string            `json:"token"`
		Ego   json.RawMessage   `json:"ego_translation"`
		Racks json.RawMessage   `json:"bike_racks"`
		GT    []json.RawMessage `json:"gt"`
		Pred  []json.RawMessage `json:"pred"`
	} `json:"samples"`
	Expected map[string]any `json:"expected"`
}

// files writes the scenario as two files in nuScenes' submission format, in its order.
func (g *goldenScenario) files() (truth, pred Source) {
	var t, p, info bytes.Buffer
	for i, s := range g.Samples {
		comma := ","
		if i == 0 {
			comma = ""
		}
		list := func(boxes []json.RawMessage) []byte { return bytes.Join(asBytes(boxes), []byte(",")) }
		fmt.Fprintf(&t, "%s%q:[%s]", comma, s.Token, list(s.GT))
		fmt.Fprintf(&p, "%s%q:[%s]", comma, s.Token, list(s.Pred))
		fmt.Fprintf(&info, `%s%q:{"ego_translation":%s,"bike_racks":%s}`, comma, s.Token, s.Ego, s.Racks)
	}
	truth = Source{"truth.json", strings.NewReader(fmt.Sprintf(`{"meta":{},"results":{%s},"samples":{%s}}`, &t, &info))}
	pred = Source{"pred.json", strings.NewReader(fmt.Sprintf(`{"meta":{},"results":{%s}}`, &p))}
	return truth, pred
}

func asBytes(raw []json.RawMessage) [][]byte {
	out := make([][]byte, len(raw))
	for i := range raw {
		out[i] = raw[i]
	}
	return out
}

func loadGolden(t testing.TB) goldenFile {
	t.Helper()
	shared := os.Getenv("FUSIOND_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(shared, "golden", "nuscenes_detection.json"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("shared golden values are not here (%v); FUSIOND_SHARED names the folder that holds golden/", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var g goldenFile
	if err := json.Unmarshal(raw, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGoldenScenarios(t *testing.T) {
	for _, g := range loadGolden(t).Scenarios {
		t.Run(g.Name, func(t *testing.T) {
			c := DetectionCVPR2019()
			truth, pred := g.files()
			samples, err := ReadSamples(truth, pred, c)
			if reason, refused := g.Expected["load_error"]; refused {
				var e *InputError
				if !errors.As(err, &e) || e.Source != "pred.json" || !strings.Contains(e.Problem, "more than 500 boxes") {
					t.Fatalf("error = %v, want a refusal of pred.json for %v", err, reason)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			r, err := EvaluateDetection(samples, c)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := json.Unmarshal(raw, &got); err != nil {
				t.Fatal(err)
			}
			for key, want := range g.Expected {
				switch key {
				case "curves":
					compareCurves(t, r, want.(map[string]any))
				case "filter_error": // the public filter fails on a side without boxes; here it is empty
				default:
					compareJSON(t, key, got[key], want)
				}
			}
		})
	}
}

// compareJSON compares numbers, null and objects of them.
func compareJSON(t *testing.T, path string, got, want any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(want) {
			t.Errorf("%s = %v, want an object with %d keys", path, got, len(want))
			return
		}
		for k := range want {
			compareJSON(t, path+"."+k, g[k], want[k])
		}
	case float64:
		if g, ok := got.(float64); !ok || !near(g, want) {
			t.Errorf("%s = %v, want %v", path, got, want)
		}
	case nil:
		if got != nil {
			t.Errorf("%s = %v, want null", path, got)
		}
	default:
		t.Errorf("%s: golden value %v is of a kind that nothing compares", path, want)
	}
}

func compareCurves(t *testing.T, r DetectionResult, want map[string]any) {
	t.Helper()
	compared := 0
	for i := range r.Classes {
		for d, m := range r.DistancesM {
			w, ok := want[r.Classes[i].Class+":"+distanceKey(m)].(map[string]any)
			if !ok {
				continue
			}
			compared++
			for name, got := range map[string][CurvePoints]float64{
				"precision": r.Classes[i].Curves[d].Precision, "confidence": r.Classes[i].Curves[d].Confidence,
			} {
				points := w[name].([]any)
				if len(points) != CurvePoints {
					t.Fatalf("golden curve has %d points", len(points))
				}
				for p, v := range points {
					if !near(got[p], v.(float64)) {
						t.Errorf("%s %v m, %s[%d] = %v, want %v", r.Classes[i].Class, m, name, p, got[p], v)
					}
				}
			}
		}
	}
	if compared != len(want) {
		t.Errorf("compared %d curves, want %d", compared, len(want))
	}
}

func TestGoldenConfig(t *testing.T) {
	want := loadGolden(t).Config
	c := DetectionCVPR2019()
	got := goldenConfig{
		ClassRange: map[string]float64{}, DistThs: c.DistancesM, DistThTP: c.ErrorDistanceM, MinRecall: c.MinRecall,
		MinPrecision: c.MinPrecision, MaxBoxesPerSample: c.MaxBoxesPerSample, MeanAPWeight: c.MeanAPWeight,
	}
	for _, k := range c.Classes {
		got.ClassRange[k.Name] = k.RangeM
	}
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		t.Errorf("configuration = %s, want %s", g, w)
	}
}
