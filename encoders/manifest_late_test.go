package encoders

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lateManifest is the shipped package's with a late fuser and a member, as far as the check of these two is concerned.
func lateManifest(t *testing.T) *Manifest {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(shipped, "manifest.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := ParseManifest(data, "m.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f := FuserSpec{File: "fuser-attention.onnx", RangeM: []float64{15, 30}, Weights: map[string]map[string][]float64{}, Inputs: m.FuserInputs(), Outputs: m.FuserOutputs(LateFuser)}
	for _, member := range []string{"lidar", "radar", "camera", "yolo"} {
		f.Weights[member] = map[string][]float64{}
		for _, class := range m.Classes {
			f.Weights[member][class] = []float64{1, 0.5}
		}
	}
	m.Fusers[LateFuser] = f
	m.Members = []MemberSpec{*testMember()}
	m.Files["yolo.onnx"] = "00"
	return m
}

func TestLateManifest(t *testing.T) {
	if errs := lateManifest(t).check(); len(errs) > 0 {
		t.Fatalf("the manifest that tests change is not good itself: %v", errs)
	}
	set := func(change func(f *FuserSpec)) func(m *Manifest) {
		return func(m *Manifest) {
			f := m.Fusers[LateFuser]
			change(&f)
			m.Fusers[LateFuser] = f
		}
	}
	member := func(change func(s *MemberSpec)) func(m *Manifest) {
		return func(m *Manifest) { change(&m.Members[0]) }
	}
	tests := []struct {
		name   string
		change func(m *Manifest)
		want   string
	}{
		{"heads of one modality", set(func(f *FuserSpec) {
			f.Outputs = (&Manifest{Grid: GridSpec{TokenCells: 64, HeadCells: 128}, Classes: make([]string, 10)}).FuserOutputs("early")
		}), "fusers.late.outputs[0]: shape [1 10 128 128], want [3 10 128 128]"},
		{"no ranges", set(func(f *FuserSpec) { f.RangeM = nil }), "fusers.late.range_m is [], want 1..16 ascending"},
		{"ranges fall", set(func(f *FuserSpec) { f.RangeM = []float64{30, 15} }), "fusers.late.range_m is [30 15]"},
		{"range not a number", set(func(f *FuserSpec) { f.RangeM[1] = math.NaN() }), "fusers.late.range_m is [15 NaN]"},
		{"no weights of a modality", set(func(f *FuserSpec) { delete(f.Weights, "radar") }), "fusers.late.weights.radar.car is [], want 2 numbers from 0 to 1000"},
		{"no weights of a member", set(func(f *FuserSpec) { delete(f.Weights, "yolo") }), "fusers.late.weights.yolo.car is []"},
		{"no weights of a class", set(func(f *FuserSpec) { delete(f.Weights["lidar"], "bus") }), "fusers.late.weights.lidar.bus is []"},
		{"a weight too few", set(func(f *FuserSpec) { f.Weights["lidar"]["bus"] = []float64{1} }), "fusers.late.weights.lidar.bus is [1], want 2"},
		{"negative", set(func(f *FuserSpec) { f.Weights["lidar"]["bus"][1] = -0.1 }), "fusers.late.weights.lidar.bus is [1 -0.1]"},
		{"not a number", set(func(f *FuserSpec) { f.Weights["camera"]["car"][0] = math.NaN() }), "fusers.late.weights.camera.car is [NaN 0.5]"},
		{"another class", set(func(f *FuserSpec) { f.Weights["lidar"]["deer"] = []float64{1, 1} }), `fusers.late.weights.lidar: "deer" is none of the classes`},
		{"another member", set(func(f *FuserSpec) { f.Weights["sonar"] = nil }), `fusers.late.weights: "sonar" is neither a modality nor one of members`},
		{"weights of another strategy", func(m *Manifest) {
			f := m.Fusers["early"]
			f.RangeM = []float64{1}
			m.Fusers["early"] = f
		}, "fusers.early: weights and range_m belong to fusers.late"},
		{"members without a late fuser", func(m *Manifest) { delete(m.Fusers, LateFuser) }, "members: given without fusers.late"},
		{"called like a modality", member(func(s *MemberSpec) { s.Name = "lidar" }), `members[0](lidar).name: "lidar" is empty, a modality or given twice`},
		{"twice", func(m *Manifest) { m.Members = append(m.Members, m.Members[0]) }, `members[1](yolo).name: "yolo" is empty`},
		{"too many", func(m *Manifest) { m.Members = make([]MemberSpec, 9) }, "members: 9 given, want at most 8"},
		{"kind", member(func(s *MemberSpec) { s.Kind = "ssd" }), `members[0](yolo).kind is "ssd", want yolox`},
		{"file", member(func(s *MemberSpec) { s.File = "x.onnx" }), `members[0](yolo).file: "x.onnx" has no hash`},
		{"names", member(func(s *MemberSpec) { s.Input.Name = "" }), "input.name and output.name must be given"},
		{"size", member(func(s *MemberSpec) { s.Input.Width = 0 }), "members[0](yolo).input: 0 x 16 pixels"},
		{"letterbox", member(func(s *MemberSpec) { s.Input.Letterbox = 256 }), "input.letterbox is 256"},
		{"order", member(func(s *MemberSpec) { s.Input.Order = "gbr" }), `input.order is "gbr", want rgb or bgr`},
		{"scale", member(func(s *MemberSpec) { s.Input.Scale = math.NaN() }), "input.scale is NaN"},
		{"stride", member(func(s *MemberSpec) { s.Output.Strides[0] = 5 }), "output.strides: 5 is no divisor"},
		{"stride zero", member(func(s *MemberSpec) { s.Output.Strides[0] = 0 }), "output.strides: 0 is no divisor"},
		{"no stride", member(func(s *MemberSpec) { s.Output.Strides = nil }), "output.strides: 0 given, want 1..8"},
		{"no classes", member(func(s *MemberSpec) { s.Classes = nil }), "members[0](yolo).classes: none given"},
		{"class", member(func(s *MemberSpec) { s.Classes[7] = "tram" }), `classes: 7: "tram" is none of the package's classes`},
		{"class number", member(func(s *MemberSpec) { s.Classes[-1] = "car" }), `classes: -1: "car" is none of the package's classes, or its number is not in 0..4095`},
		{"score", member(func(s *MemberSpec) { s.MinScore = 0 }), "min_score is 0, want inside 0..1"},
		{"licence", member(func(s *MemberSpec) { s.Licence = "" }), "licence and source must be given"},
	}
	for _, tt := range tests {
		m := lateManifest(t)
		tt.change(m)
		var texts []string
		for _, err := range m.check() {
			texts = append(texts, err.Error())
		}
		if text := strings.Join(texts, "\n"); !strings.Contains(text, tt.want) {
			t.Errorf("%s: got %q\nwant %q in it", tt.name, text, tt.want)
		}
	}
}

func TestCompareMember(t *testing.T) {
	file := func(input, output []byte) []byte {
		return message(modelOpset, message(opsetVersion, 11), modelGraph, message(graphNode, "", graphInput, input, graphOutput, output))
	}
	input, output := value("images", onnxFloat, 1, 3, 16, 32), value("output", onnxFloat, 1, 10, 9)
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"as stated", file(input, output), ""},
		{"free sides", file(value("images", onnxFloat, 1, 3, -1, -1), output), ""},
		{"not ONNX", []byte("text"), "not an ONNX network"},
		{"input's name", file(value("image", onnxFloat, 1, 3, 16, 32), output), `manifest says one of float32 named "images" of shape [1 3 16 32]`},
		{"input's size", file(value("images", onnxFloat, 1, 3, 16, 16), output), "inputs are [{images 1 [1 3 16 16]}]"},
		{"output's name", file(input, value("out", onnxFloat, 1, 10, 9)), `has no output "output"`},
		{"rows", file(input, value("output", onnxFloat, 1, 11, 9)), "output output has shape [1 11 9] of data type 1, want [1, 10, 5 + classes]"},
		{"classes", file(input, value("output", onnxFloat, 1, 10, 7)), "output output has 7 values a box, want at least 8 for class 2"},
		{"weights", message(modelGraph, message(graphNode, "", graphInput, input, graphOutput, output, graphInitializer,
			message(weightsName, "w", weightsType, onnxFloat, weightsRaw, le(float32(math.NaN()))))), `weights "w" hold NaN`},
	}
	for _, tt := range tests {
		got := fmt.Sprint(compareMember(tt.data, testMember()))
		if tt.want == "" && got != "[]" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %s, want %q", tt.name, got, tt.want)
		}
	}
}
