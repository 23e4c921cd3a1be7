package encoders

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fusiond/fusiond/internal/npz"
	"github.com/fusiond/fusiond/internal/onnx"
)

// VerifyTolerance is the largest difference, absolute or relative to the value, that a provider's outputs may have from the golden
// ones. They are rounded by up to 3e-5; float32 convolutions in another order differ by some 1e-5 of the largest activation.
const VerifyTolerance = 1e-3

// Comparison is one output of one network against its golden value, or against the CPU's.
type Comparison struct {
	Network string `json:"network"`
	// Case is "full", "subset N" (bits: 1 lidar, 2 radar, 4 camera), "cpu" or "masking N".
	Case   string `json:"case"`
	Output string `json:"output"`
	// Difference is the largest one, divided by 1 or the golden value's size where that is above 1.
	Difference float64 `json:"difference"`
	OK         bool    `json:"ok"`
}

// Verification is the result of Verify.
type Verification struct {
	Provider    string       `json:"provider"`
	Tolerance   float64      `json:"tolerance"`
	Comparisons []Comparison `json:"comparisons"`
	OK          bool         `json:"ok"`
}

// Worst returns the largest difference of a network's comparisons of one kind of case ("full", "subset", "cpu", "masking").
func (v *Verification) Worst(network, kind string) (worst float64, n int) {
	for _, c := range v.Comparisons {
		if c.Network == network && strings.HasPrefix(c.Case, kind) {
			worst = math.Max(worst, c.Difference)
			n++
		}
	}
	return worst, n
}

// maxNamed bounds the comparisons that one error names.
const maxNamed = 10

// Err is nil when everything is within its tolerance; otherwise it names the network, the case, the output and the difference of
// each comparison that is not, up to ten.
func (v *Verification) Err() error {
	var errs []error
	for _, c := range v.Comparisons {
		limit := v.Tolerance
		if strings.HasPrefix(c.Case, "masking") {
			limit = 0 // a number of values that changed
		}
		if !c.OK {
			errs = append(errs, fmt.Errorf("%s, case %q: output %s differs by %.3g, want at most %g", c.Network, c.Case, c.Output, c.Difference, limit))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	if more := len(errs) - maxNamed; more > 0 {
		errs = append(errs[:maxNamed], fmt.Errorf("and %d more", more))
	}
	return fmt.Errorf("verify on provider %s: %w: fetch the package again, or use provider cpu", v.Provider, errors.Join(errs...))
}

// goldenStride is the step at which the golden outputs of fusers hold maps; the inputs of all fusers are the same.
const (
	goldenStride = 4
	fuserInputs  = "fuser.in."
)

// Verify runs every network of a package on its golden inputs and compares the outputs with the golden ones; with a provider other
// than the CPU also with the CPU's. For fusers it does so for every subset of the modalities, and checks masking: tokens of absent
// modalities that are NaN, infinite or large must not change one bit.
func Verify(ctx context.Context, rt *onnx.Runtime, p *Package, o Options) (*Verification, error) {
	f, err := npz.Open(p.File(p.Golden))
	if err != nil {
		return nil, fmt.Errorf("verify %s: %s: %w", p.Dir, p.Golden, err)
	}
	v := &verifier{ctx: ctx, rt: rt, pack: p, options: o, golden: f, out: &Verification{Tolerance: VerifyTolerance}}
	var errs []error
	for _, n := range p.networks() {
		if err := ctx.Err(); err != nil {
			return nil, errors.Join(append(errs, fmt.Errorf("verify %s: %w", p.Dir, err))...)
		}
		errs = append(errs, v.network(n))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	v.out.OK = !slices.ContainsFunc(v.out.Comparisons, func(c Comparison) bool { return !c.OK })
	return v.out, nil
}

type verifier struct {
	ctx     context.Context
	rt      *onnx.Runtime
	pack    *Package
	options Options
	golden  *npz.File
	out     *Verification
}

// runner is one session with the tensors that it reads and writes.
type runner struct {
	session *onnx.Session
	inputs  []onnx.Value
	outputs []*onnx.Tensor[float32]
	specs   []TensorSpec // of the outputs
}

func (v *verifier) network(n packageNetwork) (err error) {
	file, inputs, outputs := n.file, n.inputs, n.outputs
	stem := strings.TrimSuffix(file, filepath.Ext(file))
	in := stem + ".in."
	if n.fuser {
		in = fuserInputs
	}
	r, err := v.open(file, in, inputs, outputs, v.options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	v.out.Provider = r.session.Provider().String()
	runners := []*runner{r}
	if r.session.Provider().Kind != onnx.CPU {
		cpu, err := v.open(file, in, inputs, outputs, Options{Provider: onnx.Provider{Kind: onnx.CPU}, Threads: v.options.Threads})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, cpu.close()) }()
		runners = append(runners, cpu)
	}
	if !n.fuser {
		return v.compare(runners, file, stem+".out.", "full", 1)
	}
	for k := 1; k < 8; k++ {
		for _, r := range runners {
			r.setPresent(k)
		}
		name := fmt.Sprintf("subset %d", k)
		if err := v.compare(runners, file, fmt.Sprintf("%s.subset%d.out.", stem, k), name, goldenStride); err != nil {
			return err
		}
		if err := v.masking(r, file, k); err != nil {
			return err
		}
	}
	return nil
}

// open makes a session for a file, with the golden inputs whose names begin with in.
func (v *verifier) open(file, in string, inputs, outputs []TensorSpec, o Options) (*runner, error) {
	s, err := OpenNetwork(v.rt, v.pack, file, inputs, outputs, o)
	if err != nil {
		return nil, err
	}
	r := &runner{session: s, specs: outputs}
	for i, spec := range inputs {
		var t onnx.Value
		if s.Inputs()[i].Type == onnx.Int64 {
			t, err = goldenTensor[int64](v.golden, in+spec.Name, spec.Shape)
		} else {
			t, err = goldenTensor[float32](v.golden, in+spec.Name, spec.Shape)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("verify %s: golden: %w", file, err), r.close())
		}
		r.inputs = append(r.inputs, t)
	}
	for _, spec := range outputs {
		t, err := onnx.NewTensor[float32](spec.Shape...)
		if err != nil {
			return nil, errors.Join(err, r.close())
		}
		r.outputs = append(r.outputs, t)
	}
	return r, nil
}

func goldenTensor[T float32 | int64](f *npz.File, name string, shape []int64) (*onnx.Tensor[T], error) {
	data, err := goldenArray[T](f, name, shape)
	if err != nil {
		return nil, err
	}
	t, err := onnx.NewTensor[T](shape...)
	if err != nil {
		return nil, err
	}
	copy(t.Data(), data)
	return t, nil
}

// goldenArray reads an array that must have the shape.
func goldenArray[T npz.Element](f *npz.File, name string, want []int64) ([]T, error) {
	data, shape, err := npz.Read[T](f, name)
	if err != nil {
		return nil, err
	}
	if !slices.EqualFunc(shape, want, func(a int, b int64) bool { return int64(a) == b }) {
		return nil, fmt.Errorf("array %s has shape %v, want %v: fetch the package again", name, shape, want)
	}
	return data, nil
}

func (r *runner) run(ctx context.Context) error {
	outs := make([]onnx.Value, len(r.outputs))
	for i, t := range r.outputs {
		outs[i] = t
	}
	return r.session.Run(ctx, r.inputs, outs)
}

// setPresent writes a fuser's presence mask.
func (r *runner) setPresent(k int) {
	present := r.input("present")
	for m := range present {
		present[m] = float32(k >> m & 1)
	}
}

// input returns a fuser's float32 input by its name.
func (r *runner) input(name string) []float32 {
	for i, info := range r.session.Inputs() {
		if info.Name == name {
			return r.inputs[i].(*onnx.Tensor[float32]).Data() //nolint:forcetypeassert // only "index" is of another type
		}
	}
	return nil
}

func (r *runner) close() error {
	errs := []error{r.session.Close()}
	for _, t := range r.inputs {
		errs = append(errs, t.Close())
	}
	for _, t := range r.outputs {
		errs = append(errs, t.Close())
	}
	return errors.Join(errs...)
}

// compare runs all runners and compares the first one's outputs with the golden arrays, and with the second one's.
func (v *verifier) compare(runners []*runner, file, prefix, name string, stride int) error {
	for _, r := range runners {
		if err := r.run(v.ctx); err != nil {
			return err
		}
	}
	r := runners[0]
	for i, spec := range r.specs {
		got, shape := r.outputs[i].Data(), slices.Clone(spec.Shape)
		if len(shape) == 4 && stride > 1 {
			got = thin(got, int(shape[2]), int(shape[3]), stride)
			for side := 2; side < 4; side++ {
				shape[side] = (shape[side] + int64(stride) - 1) / int64(stride)
			}
		}
		want, err := goldenArray[float32](v.golden, prefix+spec.Name, shape)
		if err != nil {
			return fmt.Errorf("verify %s: golden: %w", file, err)
		}
		v.add(file, name, spec.Name, difference(got, want), VerifyTolerance)
		if len(runners) > 1 {
			v.add(file, "cpu "+name, spec.Name, difference(r.outputs[i].Data(), runners[1].outputs[i].Data()), VerifyTolerance)
		}
	}
	return nil
}

// masking spoils every absent modality's tokens in three ways and wants the same bits out.
func (v *verifier) masking(r *runner, file string, k int) error {
	before := make([][]float32, len(r.outputs))
	for i, t := range r.outputs {
		before[i] = slices.Clone(t.Data())
	}
	absent := map[string]bool{"lidar": k&1 == 0, "radar": k&2 == 0, "table": k&4 == 0}
	for _, junk := range []float32{float32(math.NaN()), float32(math.Inf(1)), 1e6} {
		saved := map[string][]float32{}
		for _, name := range []string{"lidar", "radar", "table"} {
			if absent[name] {
				in := r.input(name)
				saved[name] = slices.Clone(in)
				for i := range in {
					in[i] = junk
				}
			}
		}
		err := r.run(v.ctx)
		for name, data := range saved {
			copy(r.input(name), data)
		}
		if err != nil {
			return err
		}
		for i, t := range r.outputs {
			changed := 0.0
			for j, got := range t.Data() {
				if math.Float32bits(got) != math.Float32bits(before[i][j]) {
					changed++
				}
			}
			v.add(file, fmt.Sprintf("masking %d", k), r.specs[i].Name, changed, 0)
		}
	}
	return nil
}

func (v *verifier) add(file, name, output string, d, limit float64) {
	v.out.Comparisons = append(v.out.Comparisons, Comparison{
		Network: file, Case: name, Output: output, Difference: d, OK: d <= limit,
	})
}

// thin keeps every stride-th row and column of maps [.., rows, cols].
func thin(data []float32, rows, cols, stride int) (out []float32) {
	for at := 0; at < len(data); at += rows * cols {
		for r := 0; r < rows; r += stride {
			for c := 0; c < cols; c += stride {
				out = append(out, data[at+r*cols+c])
			}
		}
	}
	return out
}

// difference is the largest |got-want| / max(1, |want|); not-a-number counts as infinite.
func difference(got, want []float32) float64 {
	worst := 0.0
	for i, w := range want {
		d := math.Abs(float64(got[i])-float64(w)) / math.Max(1, math.Abs(float64(w)))
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		worst = math.Max(worst, d)
	}
	return worst
}
