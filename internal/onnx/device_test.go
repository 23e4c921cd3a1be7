//go:build cgo

package onnx

import (
	"slices"
	"strings"
	"testing"
)

// chainOnDevice runs a -> a+a -> (a+a)+a, the intermediate result staying on the device, and returns the
// intermediate and final results on the host. It is what an encoder and the fuser do.
func chainOnDevice(t *testing.T, rt *Runtime, opts SessionOptions) (middle, final []float32) {
	t.Helper()
	encoder, fuser := newSession(t, rt, "add.onnx", opts), newSession(t, rt, "add.onnx", opts)
	a := newTensor(t, []float32{1, 2, 3, 4, 5, 6}, 2, 3)
	onHost, sum := newTensor[float32](t, nil, 2, 3), newTensor[float32](t, nil, 2, 3)
	tokens, err := encoder.NewDeviceTensor(Float32, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustClose(t, tokens) })
	for range 2 { // reused
		if err := encoder.Run(t.Context(), []Value{a, a}, []Value{tokens}); err != nil {
			t.Fatal(err)
		}
		if err := fuser.Run(t.Context(), []Value{tokens, a}, []Value{sum}); err != nil {
			t.Fatal(err)
		}
		if err := tokens.ToHost(t.Context(), onHost); err != nil {
			t.Fatal(err)
		}
	}
	return onHost.Data(), sum.Data()
}

func checkChain(t *testing.T, middle, final []float32) {
	t.Helper()
	if want := []float32{2, 4, 6, 8, 10, 12}; !slices.Equal(middle, want) {
		t.Errorf("on the device: got %v, want %v", middle, want)
	}
	if want := []float32{3, 6, 9, 12, 15, 18}; !slices.Equal(final, want) {
		t.Errorf("after the second session: got %v, want %v", final, want)
	}
}

func TestDeviceTensorCPU(t *testing.T) {
	rt := openRuntime(t)
	middle, final := chainOnDevice(t, rt, cpu)
	checkChain(t, middle, final)
}

func TestDeviceTensorDoesNotAllocate(t *testing.T) {
	rt := openRuntime(t)
	s := newSession(t, rt, "add.onnx", cpu)
	a := newTensor(t, []float32{1, 2, 3}, 1, 3)
	d, err := s.NewDeviceTensor(Float32, 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer mustClose(t, d)
	host := newTensor[float32](t, nil, 1, 3)
	in, out := []Value{a, a}, []Value{d}
	ctx := t.Context()
	if err := d.ToHost(ctx, host); err != nil { // makes the copying network
		t.Fatal(err)
	}
	got := testing.AllocsPerRun(100, func() {
		if err := s.Run(ctx, in, out); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 {
		t.Errorf("Run into a device tensor allocates %v times, want 0", got)
	}
}

func TestDeviceTensorErrors(t *testing.T) {
	rt := openRuntime(t)
	s, err := rt.NewSession(readModel(t, "add.onnx"), cpu)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.NewDeviceTensor(Other, 1); err == nil || !strings.Contains(err.Error(), "element type other") {
		t.Errorf("type other: got error %v", err)
	}
	if _, err := s.NewDeviceTensor(Float32); err == nil || !strings.Contains(err.Error(), "no dimensions") {
		t.Errorf("no shape: got error %v", err)
	}
	d, err := s.NewDeviceTensor(Float32, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.ToHost(t.Context(), newTensor[float32](t, nil, 3, 2)); err == nil || !strings.Contains(err.Error(), "want float32[2 3]") {
		t.Errorf("ToHost of another shape: got error %v", err)
	}
	if err := s.Close(); err == nil || !strings.Contains(err.Error(), "1 device tensors are still open") {
		t.Errorf("Close before the device tensor: got error %v", err)
	}
	mustClose(t, d)
	if err := d.ToHost(t.Context(), newTensor[float32](t, nil, 2, 3)); err == nil || !strings.Contains(err.Error(), "already closed") {
		t.Errorf("ToHost after Close: got error %v", err)
	}
	mustClose(t, s)
}
