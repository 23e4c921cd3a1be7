//go:build cgo

package onnx

import (
	"errors"
	"strings"
	"testing"
)

func TestNewTensorErrors(t *testing.T) {
	openRuntime(t)
	for _, tc := range []struct {
		name  string
		shape []int64
		want  string
	}{
		{"no dimensions", nil, "shape has no dimensions"},
		{"zero", []int64{2, 0}, "dimension 1 is 0"},
		{"negative", []int64{-1}, "dimension 0 is -1"},
		{"above the limit", []int64{1 << 16, 1 << 16}, "above the limit of 2048 MiB"},
		{"product overflows", []int64{1 << 40, 1 << 40}, "above the limit of 2048 MiB"},
		{"product overflows to small", []int64{1 << 32, 1 << 32, 1}, "above the limit of 2048 MiB"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := NewTensor[float32](tc.shape...); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
}

// TestTensorTypes sends each element type through an Identity network.
func TestTensorTypes(t *testing.T) {
	rt := openRuntime(t)
	t.Run("float32", func(t *testing.T) { roundTrip(t, rt, []float32{1.5, -2, 0}) })
	t.Run("int64", func(t *testing.T) { roundTrip(t, rt, []int64{1 << 40, -2, 0}) })
	t.Run("int32", func(t *testing.T) { roundTrip(t, rt, []int32{1 << 30, -2, 0}) })
	t.Run("uint8", func(t *testing.T) { roundTrip(t, rt, []uint8{255, 1, 0}) })
	t.Run("bool", func(t *testing.T) { roundTrip(t, rt, []bool{true, false, true}) })
}

func roundTrip[T Element](t *testing.T, rt *Runtime, data []T) {
	t.Helper()
	typ := elementTypeOf[T]()
	s, err := rt.NewSession(identityModel(typ), cpu)
	if err != nil {
		t.Fatal(err)
	}
	defer mustClose(t, s)
	if got := s.Inputs()[0].Type; got != typ {
		t.Errorf("input type %s, want %s", got, typ)
	}
	x, y := newTensor(t, data, 1, 3), newTensor[T](t, nil, 1, 3)
	if err := s.Run(t.Context(), []Value{x}, []Value{y}); err != nil {
		t.Fatal(err)
	}
	for i, want := range data {
		if got := y.Data()[i]; got != want {
			t.Errorf("y[%d] = %v, want %v", i, got, want)
		}
	}
}

func TestRuntimeLifetime(t *testing.T) {
	path, err := FindLibrary("")
	if err != nil {
		t.Skipf("needs the ONNX Runtime library: %v", err)
	}
	if _, err := NewTensor[float32](1); err == nil || !strings.Contains(err.Error(), "no onnx runtime is open") {
		t.Errorf("NewTensor without a runtime: got error %v", err)
	}
	for range 3 { // the library can be opened again after the last Close
		rt, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Open(path)
		if err != nil || again != rt {
			t.Fatalf("second Open: got %p, %v, want the same runtime %p", again, err, rt)
		}
		if _, err := Open(path + ".other"); err == nil || !strings.Contains(err.Error(), "a process can hold only one") {
			t.Errorf("Open of another path: got error %v", err)
		}
		mustClose(t, again)
		x, err := NewTensor[float32](1)
		if err != nil {
			t.Fatal(err)
		}
		if err := rt.Close(); err == nil || !strings.Contains(err.Error(), "1 sessions and tensors are still open") {
			t.Errorf("Close with an open tensor: got error %v", err)
		}
		mustClose(t, x)
		mustClose(t, x)
		mustClose(t, rt)
		mustClose(t, rt)
		if _, err := rt.NewSession(readModel(t, "add.onnx"), cpu); !errors.Is(err, ErrClosed) {
			t.Errorf("NewSession after Close: got %v, want ErrClosed", err)
		}
	}
}
