//go:build cgo

package onnx

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var cpu = SessionOptions{Name: "test net", Provider: Provider{Kind: CPU}}

// convReLU repeats the network of testdata/make_models.py in float64.
func convReLU(x []float32) []float64 {
	y := make([]float64, 3*4*5)
	for o := range 3 {
		for row := range 4 {
			for col := range 5 {
				sum := float64(o-1) / 4
				for i := range 2 {
					for r := range 3 {
						for c := range 3 {
							yy, xx := row+r-1, col+c-1
							if yy < 0 || yy >= 4 || xx < 0 || xx >= 5 {
								continue
							}
							w := float64((7*o+5*i+3*r+c)%11-5) / 8
							sum += w * float64(x[(i*4+yy)*5+xx])
						}
					}
				}
				y[(o*4+row)*5+col] = max(sum, 0)
			}
		}
	}
	return y
}

// ramp returns n numbers in [-1, 1) that do not repeat in a simple pattern.
func ramp(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32((i*37)%64)/32 - 1
	}
	return x
}

func TestConvReLU(t *testing.T) {
	rt := openRuntime(t)
	s := newSession(t, rt, "conv_relu.onnx", cpu)
	x := newTensor(t, ramp(40), 1, 2, 4, 5)
	y := newTensor[float32](t, nil, 1, 3, 4, 5)
	if err := s.Run(t.Context(), []Value{x}, []Value{y}); err != nil {
		t.Fatal(err)
	}
	for i, want := range convReLU(x.Data()) {
		// Weights and inputs are multiples of 1/32 below 1, so float32 sums of 18 products are exact.
		if got := float64(y.Data()[i]); got != want {
			t.Errorf("y[%d] = %v, want %v", i, got, want)
		}
	}
}

func TestAddFreeDimension(t *testing.T) {
	rt := openRuntime(t)
	opts := cpu
	opts.Inputs = []string{"b", "a"} // the caller's order, not the network's
	s := newSession(t, rt, "add.onnx", opts)
	for _, n := range []int64{1, 4} {
		a, b := newTensor(t, ramp(int(3*n)), n, 3), newTensor(t, []float32{10, 20, 30}, n, 3)
		sum := newTensor[float32](t, nil, n, 3)
		if err := s.Run(t.Context(), []Value{b, a}, []Value{sum}); err != nil {
			t.Fatal(err)
		}
		for i, got := range sum.Data() {
			if want := a.Data()[i] + b.Data()[i]; got != want {
				t.Errorf("n=%d: sum[%d] = %v, want %v", n, i, got, want)
			}
		}
	}
}

func TestGatherInt64(t *testing.T) {
	rt := openRuntime(t)
	s := newSession(t, rt, "gather.onnx", cpu)
	index := newTensor(t, []int64{3, 1}, 2)
	row := newTensor[float32](t, nil, 2, 3)
	run := func() []float32 {
		if err := s.Run(t.Context(), []Value{index}, []Value{row}); err != nil {
			t.Fatal(err)
		}
		return row.Data()
	}
	if got, want := run(), []float32{30, 31, 32, 10, 11, 12}; !slices.Equal(got, want) {
		t.Errorf("row = %v, want %v", got, want)
	}
	index.Data()[0] = 0 // the same tensors again, with other content
	if got, want := run(), []float32{0, 1, 2, 10, 11, 12}; !slices.Equal(got, want) {
		t.Errorf("row = %v, want %v", got, want)
	}
	index.Data()[0] = 99 // only the library can see this one
	err := s.Run(t.Context(), []Value{index}, []Value{row})
	if err == nil || !strings.Contains(err.Error(), "test net: run: ") || !strings.Contains(err.Error(), "99") {
		t.Errorf("index out of range: got error %v, want one from the session that names 99", err)
	}
	index.Data()[0] = 2 // an error leaves the session usable
	if got, want := run(), []float32{20, 21, 22, 10, 11, 12}; !slices.Equal(got, want) {
		t.Errorf("row = %v, want %v", got, want)
	}
}

func TestSessionDescription(t *testing.T) {
	rt := openRuntime(t)
	for _, tc := range []struct{ model, inputs, outputs string }{
		{"conv_relu.onnx", "[x float32[1 2 4 5]]", "[y float32[1 3 4 5]]"},
		{"add.onnx", "[a float32[-1 3] b float32[-1 3]]", "[sum float32[-1 3]]"},
		{"gather.onnx", "[index int64[2]]", "[row float32[2 3]]"},
	} {
		s := newSession(t, rt, tc.model, cpu)
		if got := infoText(s.Inputs()); got != tc.inputs {
			t.Errorf("%s: inputs %s, want %s", tc.model, got, tc.inputs)
		}
		if got := infoText(s.Outputs()); got != tc.outputs {
			t.Errorf("%s: outputs %s, want %s", tc.model, got, tc.outputs)
		}
		if got := s.Provider(); got != (Provider{Kind: CPU}) {
			t.Errorf("%s: provider %v, want cpu", tc.model, got)
		}
	}
}

func infoText(infos []TensorInfo) string {
	var parts []string
	for _, i := range infos {
		parts = append(parts, i.String())
	}
	return "[" + strings.Join(parts, " ") + "]"
}

func TestNewSessionErrors(t *testing.T) {
	rt := openRuntime(t)
	add := readModel(t, "add.onnx")
	flipped := slices.Clone(add)
	for i := 20; i < 60; i++ {
		flipped[i] ^= 0xff
	}
	for _, tc := range []struct {
		name  string
		model []byte
		opts  SessionOptions
		want  string
	}{
		{"empty", nil, cpu, "the model is empty"},
		{"text", []byte("not a network"), cpu, "not a usable ONNX network"},
		{"truncated", add[:len(add)/2], cpu, "not a usable ONNX network"},
		{"flipped", flipped, cpu, "not a usable ONNX network"},
		{"truncated, auto", add[:len(add)/2], SessionOptions{Name: "test net"}, "not a usable ONNX network"},
		{"unknown input", add, withNames([]string{"a", "c"}, nil), `the network has no input "c": it has [a float32[-1 3] b float32[-1 3]]`},
		{"input left out", add, withNames([]string{"a"}, nil), "1 of the network's 2 inputs are named"},
		{"input twice", add, withNames([]string{"a", "a"}, nil), `input "a" is named twice`},
		{"unknown output", add, withNames(nil, []string{"a"}), `the network has no output "a"`},
		{"no output", add, withNames(nil, []string{}), "no output is named"},
		{"unknown kind", add, SessionOptions{Name: "test net", Provider: Provider{Kind: "npu"}}, `provider kind "npu"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, err := rt.NewSession(tc.model, tc.opts)
			if err == nil {
				mustClose(t, s)
				t.Fatalf("got a session, want error %q", tc.want)
			}
			if !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "test net: load network: ") {
				t.Errorf("got error %q, want one of the session with %q", err, tc.want)
			}
		})
	}
}

func withNames(inputs, outputs []string) SessionOptions {
	opts := cpu
	opts.Inputs, opts.Outputs = inputs, outputs
	return opts
}

func TestRunErrors(t *testing.T) {
	rt := openRuntime(t)
	s := newSession(t, rt, "add.onnx", cpu)
	a, b := newTensor[float32](t, nil, 2, 3), newTensor[float32](t, nil, 2, 3)
	sum := newTensor[float32](t, nil, 2, 3)
	ints := newTensor[int64](t, nil, 2, 3)
	wide, flat, tall := newTensor[float32](t, nil, 2, 4), newTensor[float32](t, nil, 6), newTensor[float32](t, nil, 5, 3)
	closed, err := NewTensor[float32](2, 3)
	if err != nil {
		t.Fatal(err)
	}
	mustClose(t, closed)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tc := range []struct {
		name    string
		ctx     context.Context
		in, out []Value
		want    string
		is      error
	}{
		{"too few inputs", t.Context(), []Value{a}, []Value{sum}, "got 1 inputs, want 2", nil},
		{"too many outputs", t.Context(), []Value{a, b}, []Value{sum, sum}, "got 2 outputs, want 1", nil},
		{"nil", t.Context(), []Value{a, nil}, []Value{sum}, "input b float32[-1 3] is nil", nil},
		{"type", t.Context(), []Value{a, ints}, []Value{sum}, "input b float32[-1 3] does not take int64[2 3]", nil},
		{"size", t.Context(), []Value{a, wide}, []Value{sum}, "does not take float32[2 4]", nil},
		{"rank", t.Context(), []Value{a, flat}, []Value{sum}, "does not take float32[6]", nil},
		{"output size", t.Context(), []Value{a, b}, []Value{wide}, "output sum float32[-1 3] does not take float32[2 4]", nil},
		{"free size", t.Context(), []Value{a, b}, []Value{tall}, "test net: run: ", nil},
		{"free sizes differ", t.Context(), []Value{a, tall}, []Value{sum}, "test net: run: ", nil},
		{"closed input", t.Context(), []Value{a, closed}, []Value{sum}, "tensor float32[2 3]: already closed", ErrClosed},
		{"closed output", t.Context(), []Value{a, b}, []Value{closed}, "tensor float32[2 3]: already closed", ErrClosed},
		{"canceled", canceled, []Value{a, b}, []Value{sum}, "wait for the session", context.Canceled},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := s.Run(tc.ctx, tc.in, tc.out)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got error %v, want one with %q", err, tc.want)
			}
			if tc.is != nil && !errors.Is(err, tc.is) {
				t.Errorf("error %v is not %v", err, tc.is)
			}
		})
	}
	if err := s.Run(t.Context(), []Value{a, b}, []Value{sum}); err != nil {
		t.Errorf("run after the errors: %v", err)
	}
}

func TestRunAfterClose(t *testing.T) {
	rt := openRuntime(t)
	s := newSession(t, rt, "add.onnx", cpu)
	a, sum := newTensor[float32](t, nil, 1, 3), newTensor[float32](t, nil, 1, 3)
	mustClose(t, s)
	mustClose(t, s)
	if err := s.Run(t.Context(), []Value{a, a}, []Value{sum}); !errors.Is(err, ErrClosed) {
		t.Errorf("Run after Close: got %v, want ErrClosed", err)
	}
	if _, err := s.NewDeviceTensor(Float32, 1); !errors.Is(err, ErrClosed) {
		t.Errorf("NewDeviceTensor after Close: got %v, want ErrClosed", err)
	}
}

// TestConcurrent has callers with tensors of their own on one session, and closes it under them: every run
// gives its own right answer or ErrClosed.
func TestConcurrent(t *testing.T) {
	rt := openRuntime(t)
	s, err := rt.NewSession(readModel(t, "add.onnx"), cpu)
	if err != nil {
		t.Fatal(err)
	}
	const callers, runs = 8, 50
	var wg sync.WaitGroup
	var half sync.WaitGroup
	half.Add(callers)
	for c := range callers {
		a := newTensor(t, []float32{float32(c), 0, 0}, 1, 3)
		b := newTensor[float32](t, nil, 1, 3)
		sum := newTensor[float32](t, nil, 1, 3)
		wg.Go(func() {
			for r := range runs {
				if r == runs/2 {
					half.Done()
				}
				b.Data()[0] = float32(100 * r)
				err := s.Run(t.Context(), []Value{a, b}, []Value{sum})
				if errors.Is(err, ErrClosed) && r >= runs/2 {
					return
				}
				if got, want := sum.Data()[0], float32(100*r+c); err != nil || got != want {
					t.Errorf("caller %d run %d: sum %v, error %v, want %v", c, r, got, err, want)
					return
				}
			}
		})
	}
	half.Wait()
	mustClose(t, s)
	wg.Wait()
}

// TestWaitEndsWithContext holds the session's thread and checks that a waiting call gives up.
func TestWaitEndsWithContext(t *testing.T) {
	rt := openRuntime(t)
	s := newSession(t, rt, "add.onnx", cpu)
	a, sum := newTensor[float32](t, nil, 1, 3), newTensor[float32](t, nil, 1, 3)
	begun, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.do(context.Background(), func() error { close(begun); <-release; return nil }); err != nil {
			t.Errorf("do: %v", err)
		}
	})
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := s.Run(ctx, []Value{a, a}, []Value{sum}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Run on a busy session: got %v, want DeadlineExceeded", err)
	}
	// A tensor closed while it is in use is freed at the end of that use, not before.
	if err := sum.acquire(); err != nil {
		t.Fatal(err)
	}
	mustClose(t, sum)
	if sum.value.GetInternals() == nil {
		t.Error("value freed under a run")
	}
	if err := sum.release(); err != nil {
		t.Error(err)
	}
	close(release)
	wg.Wait()
}

func TestRunDoesNotAllocate(t *testing.T) {
	rt := openRuntime(t)
	s := newSession(t, rt, "conv_relu.onnx", cpu)
	in := []Value{newTensor(t, ramp(40), 1, 2, 4, 5)}
	out := []Value{newTensor[float32](t, nil, 1, 3, 4, 5)}
	ctx := t.Context()
	got := testing.AllocsPerRun(200, func() {
		if err := s.Run(ctx, in, out); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 {
		t.Errorf("Run allocates %v times, want 0", got)
	}
}

func TestSameBytesEveryRun(t *testing.T) {
	rt := openRuntime(t)
	var first []float32
	for _, threads := range []int{1, 2} {
		opts := cpu
		opts.IntraOpThreads = threads
		s := newSession(t, rt, "conv_relu.onnx", opts)
		x, y := newTensor(t, ramp(40), 1, 2, 4, 5), newTensor[float32](t, nil, 1, 3, 4, 5)
		for range 3 {
			y.Data()[0] = float32(math.NaN())
			if err := s.Run(t.Context(), []Value{x}, []Value{y}); err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = slices.Clone(y.Data())
			}
			if !slices.Equal(y.Data(), first) {
				t.Fatalf("%d threads: outputs differ between runs", threads)
			}
		}
	}
}
