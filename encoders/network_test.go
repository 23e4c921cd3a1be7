package encoders

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fusiond/fusiond/internal/onnx"
	"github.com/fusiond/fusiond/internal/onnx/onnxtest"
)

// models are tiny networks: conv_relu.onnx takes x [1 2 4 5] and gives y [1 3 4 5].
const models = "../internal/onnx/testdata"

var (
	convIn  = TensorSpec{"x", []int64{1, 2, 4, 5}}
	convOut = TensorSpec{"y", []int64{1, 3, 4, 5}}
	cpu     = Options{Provider: onnx.Provider{Kind: onnx.CPU}}
)

// tiny is a package of one small network.
func tiny(t testing.TB) *Package {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(models, "conv_relu.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	return &Package{Dir: "tiny", files: map[string][]byte{"net.onnx": data, "text.onnx": []byte("text")}}
}

func TestOpenNetworkRefuses(t *testing.T) {
	rt := onnxtest.Open(t)
	tests := []struct {
		name, file string
		in, out    TensorSpec
		want       []string
	}{
		{"input's shape", "net.onnx", TensorSpec{"x", []int64{1, 2, 5, 4}}, convOut, []string{
			"model package tiny: net.onnx: input x has shape [1 2 4 5], manifest says [1 2 5 4]: fetch the package again",
		}},
		{"both shapes", "net.onnx", TensorSpec{"x", []int64{1, 2, 4}}, TensorSpec{"y", []int64{3, 4, 5}}, []string{
			"input x has shape [1 2 4 5], manifest says [1 2 4]", "output y has shape [1 3 4 5], manifest says [3 4 5]",
		}},
		{"input's name", "net.onnx", TensorSpec{"z", convIn.Shape}, convOut, []string{"model package tiny: net.onnx: ", `no input "z"`, "x float32[1 2 4 5]"}},
		{"output's name", "net.onnx", convIn, TensorSpec{"z", convOut.Shape}, []string{`no output "z"`}},
		{"not ONNX", "text.onnx", convIn, convOut, []string{"text.onnx: ", "not a usable ONNX network"}},
		{"no such file", "other.onnx", convIn, convOut, []string{"other.onnx: ", "the model is empty"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := OpenNetwork(rt, tiny(t), tt.file, []TensorSpec{tt.in}, []TensorSpec{tt.out}, cpu)
			if err == nil {
				closed(t, s)
				t.Fatalf("the network was taken, want it refused with %q", tt.want)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q\nwant %q in it", err, want)
				}
			}
		})
	}
}

// tinyEncoder encodes with the tiny network.
func tinyEncoder(t testing.TB) *network {
	t.Helper()
	e, err := openEncoder(onnxtest.Open(t), tiny(t), &Network{File: "net.onnx", Input: convIn, Output: convOut}, cpu)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, &e) })
	return &e
}

// TestPool: tokens come back to be used again; what is put back twice or into another pool, or read after it was put back, is an
// error that leaves the pool as it was.
func TestPool(t *testing.T) {
	e, other := tinyEncoder(t), tinyEncoder(t)
	a, err := e.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := a.Host(t.Context()); err != nil || len(got) != 60 {
		t.Fatalf("%d tokens, error %v, want 60", len(got), err)
	}
	refused := func(what string, err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q", what, err, want)
		}
	}
	refused("put into another pool", other.Pool().Put(a), "they are of another pool")
	if err := e.Pool().Put(a); err != nil {
		t.Fatal(err)
	}
	refused("put back twice", e.Pool().Put(a), "they were put back before")
	_, err = a.Host(t.Context())
	refused("read after put back", err, "they were put back")
	b, err := e.Pool().Get()
	if err != nil || b != a {
		t.Fatalf("got %p and error %v, want the tokens that were put back, %p", b, err, a)
	}
	c, err := e.Pool().Get()
	if err != nil || c == b {
		t.Fatalf("got %p and error %v, want other tokens than those that are out, %p", c, err, b)
	}
	if err := e.Pool().Close(); err != nil {
		t.Fatal(err)
	}
	for _, x := range []*Tokens{b, c} { // those that were out are freed when they come back
		if err := e.Pool().Put(x); err != nil {
			t.Error(err)
		}
		refused("put back twice into a closed pool", e.Pool().Put(x), "they were put back before")
	}
	_, err = e.Pool().Get()
	refused("get from a closed pool", err, "the pool is closed")
}

// TestEncodeAllocates: encoding allocates nothing in the steady state.
func TestEncodeAllocates(t *testing.T) {
	e := tinyEncoder(t)
	got := testing.AllocsPerRun(100, func() {
		x, err := e.run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Pool().Put(x); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 {
		t.Errorf("%g allocations a run, want 0", got)
	}
}

// TestEncoders runs the three shipped encoders: what they give depends on their input and is the same every time.
func TestEncoders(t *testing.T) {
	rt := onnxtest.Open(t)
	p, err := LoadPackage(shipped)
	if err != nil {
		t.Fatal(err)
	}
	camera, err := NewCameraEncoder(rt, p, cpu)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, camera)
	picture := make([]uint8, 3*96*256)
	encode := func() []float32 {
		t.Helper()
		x, err := camera.Encode(t.Context(), picture)
		if err != nil {
			t.Fatal(err)
		}
		got, err := x.Host(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got = slices.Clone(got)
		if err := camera.Pool().Put(x); err != nil {
			t.Fatal(err)
		}
		return got
	}
	black := encode()
	for i := range picture {
		picture[i] = uint8(i % 251) //nolint:gosec // below 251
	}
	if len(black) != 1024*48 || slices.Equal(black, encode()) {
		t.Errorf("%d tokens, want %d that depend on the picture", len(black), 1024*48)
	}
	clear(picture)
	if !slices.Equal(black, encode()) {
		t.Error("the same picture gave other tokens")
	}
	if _, err := camera.Encode(t.Context(), picture[1:]); err == nil || !strings.Contains(err.Error(), "73727 values, want 73728") {
		t.Errorf("a picture that is too small: got error %v", err)
	}
}
