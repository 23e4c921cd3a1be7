package suite

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fusiond/fusiond/eval"
)

func made(m, n float64) Figures {
	return Figures{MAP: Number(m), NDS: Number(n), MAP50: Number(m) / 2, NDS50: Number(n) / 2, CarAP2M: 0.9, ClassAP: map[string]Number{"car": Number(m)}}
}

// madeReport has a clean NDS of 0.8; fog leaves 0.8, 0.6, 0.4 and lost beams 0.4, 0.4, 0.2, as in eval's own test. The camera alone is better
// than all together in the third fog, by NDS only, and lidar alone in fog of 50 m, by mAP only.
func madeReport() *Report {
	members := func(lidar, camera Figures) []Member {
		return []Member{{Sensors: "lidar", Figures: lidar}, {Sensors: "camera", Figures: camera, Same: true}}
	}
	p := Part{
		Kind: "simulated", Drives: []string{"seed 1"}, Modalities: []string{"lidar", "camera"}, Moments: 5, Objects: map[string]int{"bus": 0, "car": 9},
		Subsets: []SubsetResult{
			{Sensors: "lidar+camera", Figures: made(0.6, 0.8), ECE: 0.1},
			{Sensors: "camera", Figures: made(0.3, 0.4), ECE: 0.2},
			{Sensors: "lidar", Figures: made(0.45, 0.6), ECE: Undefined},
		},
		Visibility: []VisibilityResult{
			{VisibilityM: Undefined, Made: "simulated", Figures: made(0.6, 0.8), Members: members(made(0.45, 0.6), made(0.3, 0.4)), Mass: map[string]Number{"lidar": 0.6, "camera": 0.4}},
			{VisibilityM: 50, Made: "simulated", Figures: made(0.3, 0.5), Members: members(made(0.4, 0.5), made(0.1, 0.2)), Mass: map[string]Number{"lidar": 0.9, "camera": 0.1}},
		},
		Calibration: []CalibrationResult{
			{Over: "clean drives", ECE: 0.1, Count: 3, Bins: []eval.CalibrationBin{{Low: 0, High: 1, Count: 3, MeanScore: 0.5, Precision: 0.4}}}, {Over: "all weather and faults", ECE: 0.15},
		},
		Recovery: []RecoveryResult{{Sensors: "lidar", Sets: Undefined, SetsSeen: 2, Recall: []Number{0.1, 0.2}, Undisturbed: []Number{0.9, Undefined}, Lost: 1}},
	}
	for i, n := range []float64{0.8, 0.6, 0.4} {
		camera := made(0.1, 0.2)
		if i == 2 {
			camera = made(0.1, 0.45)
		}
		p.Conditions = append(p.Conditions, ConditionResult{Group: Weather, Name: "fog", Severity: i + 1, Setting: "fog", Made: "simulated", Figures: made(0.3, n), Members: members(made(0.1, 0.1), camera)})
	}
	for i, n := range []float64{0.4, 0.4, 0.2} {
		p.Conditions = append(p.Conditions, ConditionResult{Group: Fault, Name: "lidar_lost_beams", Severity: i + 1, Setting: "<beams>", Made: "laid over simulated", Figures: made(0.15, n), Members: members(made(0.1, 0.1), made(0.1, 0.1))})
	}
	p.summarise()
	return &Report{
		Schema: Schema, Command: "fusiond eval --suite", Date: "2026-01-02", Machine: "2 cores", Program: "0123456789abcdef", Fingerprint: "f",
		Model: Model{Name: "m", Version: "1", Hash: "0123456789abcdef", Strategy: "attention"}, Parts: []Part{p}, NetworkMs: &Timing{Sets: 3, P50: 20.5, P99: 22},
	}
}

func near(a Number, b float64) bool {
	return math.IsNaN(float64(a)) && math.IsNaN(b) || math.Abs(float64(a)-b) < 1e-9
}

func TestSummary(t *testing.T) {
	p := &madeReport().Parts[0]
	s := p.Summary
	for _, c := range []struct {
		what string
		got  Number
		want float64
	}{
		{"mRA by NDS", s.MRANDS, (0.75 + 1.25/3) / 2},
		{"mRA by mAP", s.MRAMAP, (0.5 + 0.25) / 2},
		{"mean NDS of the conditions", s.CorruptNDS, 2.8 / 6},
		{"mean mAP of the conditions", s.CorruptMAP, (3*0.3 + 3*0.15) / 6},
		{"mean mAP of the subsets", s.SubsetsMAP, 0.45},
		{"mean NDS of the subsets", s.SubsetsNDS, 0.6},
		{"kept without camera", s.NoCameraKept, 0.75},
		{"NDS without camera", s.NoCameraNDS, 0.6},
		{"kept without lidar", s.NoLidarKept, 0.5},
		{"mAP in fog of 50 m", s.Fog50MAP, 0.15},
		{"kept in fog of 50 m", s.Fog50Kept, 0.5},
		{"lidar in fog of 50 m", s.Fog50LidarMAP, 0.2},
		{"ratio to lidar", s.Fog50Ratio, 0.75},
		{"ECE under faults", s.ECECorrupt, 0.15},
		{"mRRA without a baseline", s.MRRA, math.NaN()},
	} {
		if !near(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", c.what, c.got, c.want)
		}
	}
	if s.Tests != 8 || s.Violations != 2 || len(p.Violations) != 2 {
		t.Fatalf("got %d violations in %d tests: %+v, want 2 in 8", s.Violations, s.Tests, p.Violations)
	}
	if v := p.Violations[0]; v.Name != "visibility" || v.Metric != "map" || v.Member != "lidar" || !near(v.Difference, -0.1) {
		t.Errorf("first violation: got %+v, want lidar in fog of 50 m by mAP", v)
	}
	if v := p.Violations[1]; v.Name != "fog" || v.Severity != 3 || v.Metric != "nds" || v.Member != "camera" || !near(v.Difference, -0.05) {
		t.Errorf("second violation: got %+v, want camera in the third fog by NDS", v)
	}
}

func TestCompareWith(t *testing.T) {
	r, base := madeReport(), madeReport()
	for i := range base.Parts[0].Conditions {
		base.Parts[0].Conditions[i].NDS /= 2
	}
	if err := r.CompareWith(base); err != nil {
		t.Fatal(err)
	}
	// Twice as good everywhere: RRA 1. CE: fog 1.2/2.1, beams 2/2.5.
	if s := r.Parts[0].Summary; !near(s.MRRA, 1) || !near(s.MCE, (1.2/2.1+2/2.5)/2) || r.Baseline == "" {
		t.Errorf("got mRRA %v, mCE %v against %q", s.MRRA, s.MCE, r.Baseline)
	}
	for name, change := range map[string]func(*Report){
		"other recordings": func(r *Report) { r.Fingerprint = "g" }, "quick": func(r *Report) { r.Quick = true }, "other worlds": func(r *Report) { r.Parts[0].Drives = []string{"seed 2"} },
	} {
		other := madeReport()
		change(other)
		if err := madeReport().CompareWith(other); err == nil || !strings.Contains(err.Error(), "run the suite") {
			t.Errorf("%s: got %v, want a refusal with the cure", name, err)
		}
	}
}

func TestLoadReport(t *testing.T) {
	var b bytes.Buffer
	if err := madeReport().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "suite.json")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := LoadReport(path)
	if err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if err := r.WriteJSON(&again); err != nil || again.String() != b.String() {
		t.Errorf("read and written again: %v\n%s\nwant\n%s", err, &again, &b)
	}
	for _, c := range []struct{ name, text, want string }{
		{"no JSON", "{", "unexpected end"},
		{"another schema", `{"schema":"x"}`, `schema "x"`},
		{"no parts", `{"schema":"` + Schema + `"}`, "no parts"},
		{"an empty part", `{"schema":"` + Schema + `","parts":[{}]}`, "no clean drives"},
		{"a word for a number", `{"parts":[{"summary":{"map":"much"}}]}`, "much"},
	} {
		_, err := parseReport([]byte(c.text), func(err error) error { return errors.Join(errors.New("FILE"), err) })
		if err == nil || !strings.Contains(err.Error(), "FILE") {
			t.Errorf("%s: got %v, want an error", c.name, err)
		}
	}
	if _, err := LoadReport(t.TempDir()); err == nil || !strings.Contains(err.Error(), "give a suite.json") {
		t.Errorf("a folder: got %v", err)
	}
}

func TestNumber(t *testing.T) {
	data, err := json.Marshal([]Number{0.1234567, Undefined, Number(math.Inf(1))})
	if err != nil || string(data) != "[0.123457,null,null]" {
		t.Errorf("got %s, %v", data, err)
	}
}

// TestWriters: what is simulated is called so, undefined figures are dashes, and the page needs nothing from elsewhere.
func TestWriters(t *testing.T) {
	r := madeReport()
	road := r.Parts[0]
	road.Kind, road.Drives = "real", []string{"road.mcap"}
	r.Parts = append(r.Parts, road)
	var html, md, table bytes.Buffer
	if err := errors.Join(r.WriteHTML(&html), r.WriteMarkdown(&md), WriteComparison(&table, []*Report{r, madeReport()})); err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"page": html.String(), "markdown": md.String(), "comparison": table.String()} {
		if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
			t.Errorf("%s holds a number that is none", what)
		}
		for _, want := range []string{"simulated", "real", "attention"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q", what, want)
			}
		}
	}
	page := html.String()
	for _, want := range []string{"seed 1", "road.mcap", "0123456789abcdef", "fusiond eval --suite", "none of bus", "&lt;beams&gt;", "not back within 2 sets"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	if n := strings.Count(page, "<svg"); n != 14 {
		t.Errorf("got %d plots, want 7 a part", n)
	}
	for _, outside := range []string{"src=", "href=\"http", "@import", "url("} {
		if strings.Contains(page, outside) {
			t.Errorf("the page needs something from elsewhere: %q", outside)
		}
	}
	if !strings.Contains(md.String(), "| mRA over weather and faults, by NDS | 0.583 | mean NDS 0.467 of 0.800 |") {
		t.Errorf("markdown:\n%s", &md)
	}
	if strings.Contains(table.String(), "do not compare") {
		t.Errorf("reports of the same drives are said not to compare:\n%s", &table)
	}
	other := madeReport()
	other.Quick = true
	table.Reset()
	if err := WriteComparison(&table, []*Report{r, other}); err != nil || !strings.Contains(table.String(), "do not compare") {
		t.Errorf("a quick run beside a whole one: %v\n%s", err, &table)
	}
}

func TestRecovery(t *testing.T) {
	// Sets every 100 ms from 0.6 s on; the sensor is silent from 0.75 to 1.25 s. Of 10 objects 9 are found undisturbed.
	var disturbed, undisturbed []frame
	for i, found := range []int{9, 9, 4, 4, 4, 4, 4, 8, 9, 9} {
		f := frame{Stamp: int64(i), Since: int64(600+100*i) * 1e6, Tracked: eval.Found{Objects: 10, Found: 9}}
		undisturbed = append(undisturbed, f)
		f.Tracked.Found = found
		disturbed = append(disturbed, f)
	}
	r := recoveryOf(&test{Condition: Condition{Name: "lidar"}}, [][]frame{disturbed}, [][]frame{undisturbed})
	if r.Lost != 5 || r.Sets != 1 || r.SetsSeen != 3 || len(r.Recall) != 8 || !near(r.Recall[0], 0.4) || !near(r.Undisturbed[0], 0.9) {
		t.Errorf("got %+v, want 5 lost sets, back after 1 of 3", r)
	}
	for i := range disturbed {
		disturbed[i].Tracked.Found = min(disturbed[i].Tracked.Found, 8) // 0.8 of 0.9 is less than 95 %
	}
	if r = recoveryOf(&test{}, [][]frame{disturbed}, [][]frame{undisturbed}); r.Sets.Known() || r.SetsSeen != 3 {
		t.Errorf("never back: got %+v", r)
	}
}
