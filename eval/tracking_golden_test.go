package eval

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// goldenTracking is the part of the shared golden values that is compared.
type goldenTracking struct {
	Config struct {
		Names      []string           `json:"tracking_names"`
		ClassRange map[string]float64 `json:"class_range"`
		Distance   float64            `json:"dist_th_tp"`
		MinRecall  float64            `json:"min_recall"`
		MaxBoxes   int                `json:"max_boxes_per_sample"`
		Worst      map[string]float64 `json:"metric_worst"`
		Thresholds int                `json:"num_thresholds"`
	} `json:"config"`
	Scenarios []goldenTracks `json:"scenarios"`
}

type goldenTracks struct {
	Name   string `json:"name"`
	Scenes []struct {
		Token   string `json:"token"`
		Samples []struct {
			Token     string            `json:"token"`
			Timestamp int64             `json:"timestamp"`
			Ego       json.RawMessage   `json:"ego_translation"`
			Racks     json.RawMessage   `json:"bike_racks"`
			GT        []json.RawMessage `json:"gt"`
			Pred      []json.RawMessage `json:"pred"`
		} `json:"samples"`
	} `json:"scenes"`
	Expected map[string]any `json:"expected"`
	Legacy   map[string]any `json:"expected_legacy"`
}

// files writes the scenario as two files in nuScenes' submission format.
func (g *goldenTracks) files() (truth, pred Source) {
	var t, p, info bytes.Buffer
	comma := ""
	for _, scene := range g.Scenes {
		for _, s := range scene.Samples {
			list := func(boxes []json.RawMessage) []byte { return bytes.Join(asBytes(boxes), []byte(",")) }
			fmt.Fprintf(&t, "%s%q:[%s]", comma, s.Token, list(s.GT))
			fmt.Fprintf(&p, "%s%q:[%s]", comma, s.Token, list(s.Pred))
			fmt.Fprintf(&info, `%s%q:{"scene_token":%q,"timestamp":%d,"ego_translation":%s,"bike_racks":%s}`,
				comma, s.Token, scene.Token, s.Timestamp, s.Ego, s.Racks)
			comma = ","
		}
	}
	truth = Source{"truth.json", strings.NewReader(fmt.Sprintf(`{"meta":{},"results":{%s},"samples":{%s}}`, &t, &info))}
	pred = Source{"pred.json", strings.NewReader(fmt.Sprintf(`{"meta":{},"results":{%s}}`, &p))}
	return truth, pred
}

func loadGoldenTracking(t testing.TB) goldenTracking {
	t.Helper()
	shared := os.Getenv("FUSIOND_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(shared, "golden", "nuscenes_tracking.json"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("shared golden values are not here (%v); FUSIOND_SHARED names the folder that holds golden/", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var g goldenTracking
	if err := json.Unmarshal(raw, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// distanceTolerance is absolute, m, for the figures that rest on distances and scores: the public code takes distances from the expanded
// square, at coordinates of 1000 m.
const distanceTolerance = 1e-6

func TestGoldenTracking(t *testing.T) {
	for _, g := range loadGoldenTracking(t).Scenarios {
		for _, legacy := range []bool{false, true} {
			want := g.Expected
			if legacy && g.Legacy != nil {
				want = g.Legacy
			}
			t.Run(fmt.Sprintf("%s/any pairing %v", g.Name, legacy), func(t *testing.T) {
				c := TrackingNIPS2019()
				c.KeepAnyPairing = legacy
				truth, pred := g.files()
				samples, err := ReadTrackingSamples(truth, pred, c)
				if err != nil {
					t.Fatal(err)
				}
				r, err := ScoreTracking(samples, c)
				if err != nil {
					t.Fatal(err)
				}
				compareTracking(t, r, want)
			})
		}
	}
}

// compareTracking compares every golden value with the JSON of a result.
func compareTracking(t *testing.T, r TrackingResult, want map[string]any) {
	t.Helper()
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for key, w := range want {
		switch key {
		case "all":
			for metric, v := range w.(map[string]any) {
				compared += compareTracks(t, key, metric, got[metric], v)
			}
		case "label_metrics":
			for metric, v := range w.(map[string]any) {
				compared += compareTracks(t, key, metric, got[key].(map[string]any)[metric], v)
			}
		case "per_threshold":
			for class, rows := range w.(map[string]any) {
				for metric, v := range rows.(map[string]any) {
					compared += compareTracks(t, key+" "+class, metric, got[key].(map[string]any)[class].(map[string]any)[metric], v)
				}
			}
		default:
			compared += compareTracks(t, key, "", got[key], w)
		}
	}
	classes, thresholds := 7, 40
	if all := 17 + 17*classes + classes*10*thresholds + 4*classes; compared != all {
		t.Errorf("compared %d values, want %d", compared, all)
	}
}

// compareTracks compares numbers, null, lists and objects of them, and returns how many.
func compareTracks(t *testing.T, path, metric string, got, want any) (compared int) {
	t.Helper()
	allowed := tolerance
	switch metric {
	case "amotp", "motp", "confidence":
		allowed = distanceTolerance
	}
	switch want := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(want) {
			t.Errorf("%s %s = %v, want an object with %d keys", path, metric, got, len(want))
			return 0
		}
		for k := range want {
			compared += compareTracks(t, path+" "+k, metric, g[k], want[k])
		}
		return compared
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(want) {
			t.Errorf("%s %s = %v, want a list of %d", path, metric, got, len(want))
			return 0
		}
		for k := range want {
			compared += compareTracks(t, fmt.Sprintf("%s[%d]", path, k), metric, g[k], want[k])
		}
		return compared
	case float64:
		if g, ok := got.(float64); !ok || !(math.Abs(g-want) <= allowed) {
			t.Errorf("%s %s = %v, want %v within %g", path, metric, got, want, allowed)
		}
	case nil:
		if got != nil {
			t.Errorf("%s %s = %v, want null", path, metric, got)
		}
	default:
		t.Errorf("%s %s: golden value %v is of a kind that nothing compares", path, metric, want)
	}
	return 1
}

func TestGoldenTrackingConfig(t *testing.T) {
	want := loadGoldenTracking(t).Config
	c := TrackingNIPS2019()
	got := map[string]float64{}
	for i, k := range c.Classes {
		got[k.Name] = k.RangeM
		if k.Name != want.Names[i] {
			t.Errorf("class %d = %s, want %s", i, k.Name, want.Names[i])
		}
	}
	if g, w := fmt.Sprint(got), fmt.Sprint(want.ClassRange); g != w {
		t.Errorf("ranges = %s, want %s", g, w)
	}
	for _, v := range []struct {
		what      string
		got, want float64
	}{
		{"distance", c.DistanceM, want.Distance},
		{"minimum recall", c.MinRecall, want.MinRecall},
		{"boxes", float64(c.MaxBoxesPerSample), float64(want.MaxBoxes)},
		{"thresholds", float64(c.NumThresholds), float64(want.Thresholds)},
		{"worst MOTP", c.DistanceM, want.Worst["motp"]},
		{"worst AMOTP", c.DistanceM, want.Worst["amotp"]},
		{"worst FAF", worstFAF, want.Worst["faf"]},
		{"worst TID", worstDurationS, want.Worst["tid"]},
		{"worst LGD", worstDurationS, want.Worst["lgd"]},
	} {
		if v.got != v.want {
			t.Errorf("%s = %v, want %v", v.what, v.got, v.want)
		}
	}
}
