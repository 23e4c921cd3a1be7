package encoders

import (
	"fmt"
	"math"
	"slices"
)

// LateFuser is the strategy whose fuser has one head a modality, of which each decides by itself.
const LateFuser = "late"

// lateModalities are the members that every late fuser has, in the order of its outputs.
var lateModalities = []string{"lidar", "radar", "camera"}

// Bounds of the late fuser's table of weights.
const (
	maxRangeBins  = 16
	maxLateWeight = 1000
)

// checkLate wants the weights that decision-level fusion needs: for lidar, radar, camera and every foreign member, for every class, one a
// range bin.
func (m *Manifest) checkLate() []error {
	var errs []error
	for _, name := range sortedKeys(m.Fusers) {
		if f := m.Fusers[name]; name != LateFuser && (len(f.Weights) > 0 || len(f.RangeM) > 0) {
			errs = append(errs, fmt.Errorf("fusers.%s: weights and range_m belong to fusers.%s", name, LateFuser))
		}
	}
	f, ok := m.Fusers[LateFuser]
	if !ok {
		if len(m.Members) > 0 {
			errs = append(errs, fmt.Errorf("members: given without fusers.%s, which they take part in", LateFuser))
		}
		return errs
	}
	bins := len(f.RangeM)
	ascending := bins > 0 && bins <= maxRangeBins && slices.IsSorted(f.RangeM)
	for _, r := range f.RangeM {
		ascending = ascending && r > 0 && inReach(r)
	}
	if !ascending {
		errs = append(errs, fmt.Errorf("fusers.%s.range_m is %v, want 1..%d ascending distances above 0", LateFuser, f.RangeM, maxRangeBins))
	}
	members := slices.Clone(lateModalities)
	for i := range m.Members {
		members = append(members, m.Members[i].Name)
	}
	for _, member := range members {
		for _, class := range m.Classes {
			w := f.Weights[member][class]
			bad := slices.ContainsFunc(w, func(v float64) bool { return math.IsNaN(v) || v < 0 || v > maxLateWeight })
			if len(w) != bins || bad {
				errs = append(errs, fmt.Errorf("fusers.%s.weights.%s.%s is %v, want %d numbers from 0 to %d, one for each of range_m",
					LateFuser, member, class, w, bins, maxLateWeight))
			}
		}
		for _, class := range sortedKeys(f.Weights[member]) {
			if !slices.Contains(m.Classes, class) {
				errs = append(errs, fmt.Errorf("fusers.%s.weights.%s: %q is none of the classes", LateFuser, member, class))
			}
		}
	}
	for _, member := range sortedKeys(f.Weights) {
		if !slices.Contains(members, member) {
			errs = append(errs, fmt.Errorf("fusers.%s.weights: %q is neither a modality nor one of members", LateFuser, member))
		}
	}
	return errs
}

// MemberSpec is a foreign network that takes part in the late strategy by its own decisions: a 2D detector of camera pictures, whose boxes
// are lifted. It is used as its maker published it, so everything that its own documentation says of inputs and outputs stands here.
type MemberSpec struct {
	// Name is the member's in fusers.late.weights.
	Name string `yaml:"name"`
	// Kind says how the output is decoded: "yolox".
	Kind   string       `yaml:"kind"`
	File   string       `yaml:"file"`
	Input  MemberInput  `yaml:"input"`
	Output MemberOutput `yaml:"output"`
	// Classes maps the detector's class numbers to classes of the package; others are not told.
	Classes map[int]string `yaml:"classes"`
	// MinScore is the lowest score of a box that is lifted.
	MinScore float64 `yaml:"min_score"`
	Licence  string  `yaml:"licence"`
	Source   string  `yaml:"source"`
}

// MemberInput is a foreign detector's picture: [1, 3, Height, Width], float32.
type MemberInput struct {
	Name   string `yaml:"name"`
	Width  int    `yaml:"width"`
	Height int    `yaml:"height"`
	// Letterbox is the gray level right of and below a picture that keeps its aspect ratio.
	Letterbox float64 `yaml:"letterbox"`
	// Order of the channels: "rgb" or "bgr".
	Order string `yaml:"order"`
	// Scale is what the levels 0..255 are multiplied by.
	Scale float64 `yaml:"scale"`
}

// MemberOutput is a foreign detector's output.
type MemberOutput struct {
	Name string `yaml:"name"`
	// Strides of the grids whose cells the rows are, in order.
	Strides []int `yaml:"strides"`
}

// yoloxKind is the one kind of foreign detector that this version decodes.
const yoloxKind = "yolox"

// maxMembers bounds the foreign members of a package, maxMemberClass their class numbers.
const (
	maxMembers     = 8
	maxMemberClass = 4095
)

// Rows is the number of rows of a detector's output: the cells of its grids.
func (s *MemberSpec) Rows() (n int) {
	for _, stride := range s.Output.Strides {
		n += (s.Input.Width / stride) * (s.Input.Height / stride)
	}
	return n
}

// checkMembers returns everything that is wrong with the foreign members.
func (m *Manifest) checkMembers() []error {
	var errs []error
	if len(m.Members) > maxMembers {
		return []error{fmt.Errorf("members: %d given, want at most %d", len(m.Members), maxMembers)}
	}
	for i := range m.Members {
		s := &m.Members[i]
		want := func(ok bool, format string, args ...any) {
			if !ok {
				errs = append(errs, fmt.Errorf("members[%d](%s).%w", i, s.Name, fmt.Errorf(format, args...)))
			}
		}
		first := slices.IndexFunc(m.Members, func(o MemberSpec) bool { return o.Name == s.Name })
		want(s.Name != "" && !slices.Contains(lateModalities, s.Name) && first == i, "name: %q is empty, a modality or given twice", s.Name)
		want(s.Kind == yoloxKind, "kind is %q, want %s", s.Kind, yoloxKind)
		_, hashed := m.Files[s.File]
		want(hashed, "file: %q has no hash under files", s.File)
		in := &s.Input
		want(in.Name != "" && s.Output.Name != "", "input.name and output.name must be given")
		sized := in.Width > 0 && in.Width <= 4096 && in.Height > 0 && in.Height <= 4096
		want(sized, "input: %d x %d pixels, want sides of 1..4096", in.Width, in.Height)
		want(in.Letterbox >= 0 && in.Letterbox <= 255, "input.letterbox is %g, want a gray level 0..255", in.Letterbox)
		want(in.Order == "rgb" || in.Order == "bgr", "input.order is %q, want rgb or bgr", in.Order)
		want(in.Scale > 0 && in.Scale <= 1, "input.scale is %g, want above 0 and at most 1", in.Scale)
		want(len(s.Output.Strides) > 0 && len(s.Output.Strides) <= 8, "output.strides: %d given, want 1..8", len(s.Output.Strides))
		for _, stride := range s.Output.Strides {
			want(stride > 0 && sized && in.Width%stride == 0 && in.Height%stride == 0, "output.strides: %d is no divisor of width and height", stride)
		}
		want(len(s.Classes) > 0, "classes: none given")
		for _, k := range sortedKeys(s.Classes) {
			want(k >= 0 && k <= maxMemberClass && slices.Contains(m.Classes, s.Classes[k]),
				"classes: %d: %q is none of the package's classes, or its number is not in 0..%d", k, s.Classes[k], maxMemberClass)
		}
		want(s.MinScore > 0 && s.MinScore < 1, "min_score is %g, want inside 0..1", s.MinScore)
		want(s.Licence != "" && s.Source != "", "licence and source must be given: the file is somebody else's")
	}
	return errs
}

// compareMember returns everything in which a foreign detector's file differs from what the manifest says of it. Its opset is its maker's.
func compareMember(data []byte, s *MemberSpec) []error {
	f, err := readONNX(data)
	if err != nil {
		return []error{fmt.Errorf("not an ONNX network: %w", err)}
	}
	errs := f.weightErrors()
	in, out := []int64{1, 3, int64(s.Input.Height), int64(s.Input.Width)}, []int64{1, int64(s.Rows()), -1}
	if len(f.inputs) != 1 || f.inputs[0].name != s.Input.Name || f.inputs[0].elements != onnxFloat || !fits(f.inputs[0].shape, in) {
		errs = append(errs, fmt.Errorf("inputs are %v, manifest says one of float32 named %q of shape %v", f.inputs, s.Input.Name, in))
	}
	i := slices.IndexFunc(f.outputs, func(t onnxTensor) bool { return t.name == s.Output.Name })
	if i < 0 {
		return append(errs, fmt.Errorf("has no output %q, which the manifest names", s.Output.Name))
	}
	most := slices.Max(sortedKeys(s.Classes))
	got := f.outputs[i]
	switch {
	case got.elements != onnxFloat || len(got.shape) != 3 || !fits(got.shape[:2], out[:2]):
		errs = append(errs, fmt.Errorf("output %s has shape %v of data type %d, want [1, %d, 5 + classes] of 1 (float32) from strides and input",
			s.Output.Name, got.shape, got.elements, s.Rows()))
	case got.shape[2] < int64(yoloxBox+most+1):
		errs = append(errs, fmt.Errorf("output %s has %d values a box, want at least %d for class %d", s.Output.Name, got.shape[2], yoloxBox+most+1, most))
	}
	return errs
}
