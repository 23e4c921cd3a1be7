//go:build !cgo

package onnx

import (
	"errors"
	"testing"
)

func TestWithoutCgo(t *testing.T) {
	if _, err := Open("libonnxruntime.so.1"); !errors.Is(err, ErrNoCgo) {
		t.Errorf("Open: got %v, want ErrNoCgo", err)
	}
	if _, err := NewTensor[float32](1); !errors.Is(err, ErrNoCgo) {
		t.Errorf("NewTensor: got %v, want ErrNoCgo", err)
	}
	var rt Runtime
	if _, err := rt.NewSession(nil, SessionOptions{}); !errors.Is(err, ErrNoCgo) {
		t.Errorf("NewSession: got %v, want ErrNoCgo", err)
	}
}
