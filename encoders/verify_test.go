package encoders

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fusiond/fusiond/internal/npz"
	"github.com/fusiond/fusiond/internal/onnx/onnxtest"
)

// tinyGolden writes golden arrays for the tiny network: an input and what a change makes of the right output.
func tinyGolden(t *testing.T, e *network, inShape, outShape []int, change func(out []float32)) *npz.File {
	t.Helper()
	in := e.input.Data()
	for i := range in {
		in[i] = float32(i%7) - 3
	}
	x, err := e.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out, err := x.Host(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	change(out)
	path := filepath.Join(t.TempDir(), "golden.npz")
	w, err := npz.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	n, m := 1, 1
	for _, d := range inShape {
		n *= d
	}
	for _, d := range outShape {
		m *= d
	}
	err = errors.Join(npz.Write(w, "net.in.x", in[:n], inShape...), npz.Write(w, "net.out.y", out[:m], outShape...), w.Close(), e.Pool().Put(x))
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path) //nolint:gosec // a test's own file
	if err != nil {
		t.Fatal(err)
	}
	f, err := npz.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestVerifyNetwork compares a tiny network with golden tensors that are right, a little off, or of another shape.
func TestVerifyNetwork(t *testing.T) {
	rightIn, rightOut := []int{1, 2, 4, 5}, []int{1, 3, 4, 5}
	tests := []struct {
		name              string
		inShape, outShape []int
		change            func(out []float32)
		difference        string // in the verdict's message; empty: the network passes
		err               string
	}{
		{"right", rightIn, rightOut, func([]float32) {}, "", ""},
		{"within the tolerance", rightIn, rightOut, func(out []float32) { out[17] += 0.9e-3 }, "", ""},
		{"over the tolerance", rightIn, rightOut, func(out []float32) { out[0] -= 1.5e-3 }, "0.0015", ""},
		{"not a number", rightIn, rightOut, func(out []float32) { out[59] = float32(math.NaN()) }, "+Inf", ""},
		{"input of another shape", []int{1, 2, 5, 4}, rightOut, func([]float32) {}, "", "verify net.onnx: golden: array net.in.x has shape [1 2 5 4], want [1 2 4 5]"},
		{"output of another shape", rightIn, []int{3, 4, 5}, func([]float32) {}, "", "verify net.onnx: golden: array net.out.y has shape [3 4 5], want [1 3 4 5]"},
		{"output cut", rightIn, []int{1, 3, 4, 4}, func([]float32) {}, "", "array net.out.y has shape [1 3 4 4], want [1 3 4 5]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := tinyEncoder(t)
			v := &verifier{
				ctx: t.Context(), rt: onnxtest.Open(t), pack: tiny(t), options: cpu, out: &Verification{Tolerance: VerifyTolerance},
				golden: tinyGolden(t, e, tt.inShape, tt.outShape, tt.change),
			}
			err := v.network(packageNetwork{"net.file", "net.onnx", []TensorSpec{convIn}, []TensorSpec{convOut}, false})
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			verdict := v.out.Err()
			switch {
			case tt.difference == "" && verdict != nil:
				t.Errorf("got %v, want it to pass", verdict)
			case tt.difference == "":
			case verdict == nil || !strings.Contains(verdict.Error(), `net.onnx, case "full": output y differs by `+tt.difference+", want at most 0.001"):
				t.Errorf("got %v, want it refused for output y, which differs by %s", verdict, tt.difference)
			}
		})
	}
}

// TestVerifyRefuses changes the shipped package's golden tensors, hashes right.
func TestVerifyRefuses(t *testing.T) {
	rt := onnxtest.Open(t)
	verify := func(ctx context.Context, golden func(whole []byte) []byte) (*Verification, error) {
		t.Helper()
		f := copyShipped(t)
		f.putHashed("golden.npz", golden(f.read("golden.npz")))
		p, err := LoadPackage(f.dir)
		if err != nil {
			t.Fatal(err)
		}
		return Verify(ctx, rt, p, cpu)
	}
	cut := func(whole []byte) []byte { return whole[:len(whole)-100] }
	if _, err := verify(t.Context(), cut); err == nil || !strings.Contains(err.Error(), "golden.npz: open npz") {
		t.Errorf("truncated golden tensors: got error %v", err)
	}
	flipped := func(whole []byte) []byte { // in the middle of the first array's numbers
		whole[len(whole)/1000] ^= 0xff
		return whole
	}
	if _, err := verify(t.Context(), flipped); err == nil || !strings.Contains(err.Error(), "verify lidar.onnx: golden: read array lidar.in.raster: ") {
		t.Errorf("damaged golden tensors: got error %v", err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := verify(canceled, func(whole []byte) []byte { return whole }); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want %v", err, context.Canceled)
	}
}

// TestVerifyNamesTheTensor changes one value of one golden output of a whole package.
func TestVerifyNamesTheTensor(t *testing.T) {
	rt, f := onnxtest.Open(t), copyShipped(t)
	golden, err := npz.Open(f.read("golden.npz"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "golden.npz")
	w, err := npz.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range golden.Names() {
		data, shape, err := npz.Read[float32](golden, name)
		if err != nil { // of integers
			data, shape, err := npz.Read[int64](golden, name)
			if err := errors.Join(err, npz.Write(w, name, data, shape...)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if name == "fuser-early.subset5.out.mass" {
			data[1] += 0.25
		}
		if err := npz.Write(w, name, data, shape...); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path) //nolint:gosec // a test's own file
	if err != nil {
		t.Fatal(err)
	}
	f.putHashed("golden.npz", data)
	p, err := LoadPackage(f.dir)
	if err != nil {
		t.Fatal(err)
	}
	v, err := Verify(t.Context(), rt, p, cpu)
	if err != nil {
		t.Fatal(err)
	}
	const want = "verify on provider cpu: fuser-early.onnx, case \"subset 5\": output mass differs by 0.25, want at most 0.001: fetch the package again, or use provider cpu"
	if err := v.Err(); v.OK || err == nil || err.Error() != want {
		t.Errorf("got OK %t and %v, want %q", v.OK, err, want)
	}
}

func TestVerificationErr(t *testing.T) {
	v := &Verification{Provider: "webgpu", Tolerance: 1e-3, OK: true}
	v.Comparisons = []Comparison{{"lidar.onnx", "full", "tokens", 1e-4, true}}
	if err := v.Err(); err != nil {
		t.Errorf("got %v, want nothing", err)
	}
	for range 12 {
		v.Comparisons = append(v.Comparisons, Comparison{"fuser.onnx", "masking 3", "heat", 41, false})
	}
	err := v.Err()
	if err == nil || strings.Count(err.Error(), `fuser.onnx, case "masking 3": output heat differs by 41, want at most 0`) != maxNamed ||
		!strings.Contains(err.Error(), "and 2 more") || !strings.Contains(err.Error(), "provider webgpu") {
		t.Errorf("got %v, want ten of twelve named, and the provider", err)
	}
	if worst, n := v.Worst("fuser.onnx", "masking"); worst != 41 || n != 12 {
		t.Errorf("worst %g of %d, want 41 of 12", worst, n)
	}
}

func TestDifference(t *testing.T) {
	nan := float32(math.NaN())
	tests := []struct {
		name      string
		got, want []float32
		result    float64
	}{
		{"equal", []float32{1, 2}, []float32{1, 2}, 0},
		{"absolute below 1", []float32{0.5, 0.25}, []float32{0.5, 0}, 0.25},
		{"relative above 1", []float32{100}, []float32{50}, 1},
		{"negative values too", []float32{-100}, []float32{-50}, 1},
		{"not a number", []float32{nan}, []float32{1}, math.Inf(1)},
		{"infinite", []float32{float32(math.Inf(1))}, []float32{1}, math.Inf(1)},
	}
	for _, tt := range tests {
		if got := difference(tt.got, tt.want); got != tt.result {
			t.Errorf("%s: got %g, want %g", tt.name, got, tt.result)
		}
	}
}

func TestThin(t *testing.T) {
	data := make([]float32, 2*5*5)
	for i := range data {
		data[i] = float32(i)
	}
	got := thin(data, 5, 5, 4)
	want := []float32{0, 4, 20, 24, 25, 29, 45, 49}
	if len(got) != len(want) || difference(got, want) != 0 {
		t.Errorf("got %v, want %v", got, want)
	}
}
