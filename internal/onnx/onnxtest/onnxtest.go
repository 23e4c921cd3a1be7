// Package onnxtest opens the real ONNX Runtime for tests.
package onnxtest

import (
	"testing"

	"github.com/fusiond/fusiond/internal/onnx"
)

// Open opens ONNX Runtime until the end of a test; where there is none the test is skipped.
func Open(t testing.TB) *onnx.Runtime {
	t.Helper()
	path, err := onnx.FindLibrary("")
	if err != nil {
		t.Skip("SKIP: no ONNX Runtime library: make setup")
	}
	rt, err := onnx.Open(path)
	if err != nil {
		t.Skip("SKIP: ONNX Runtime cannot be opened: ", err)
	}
	t.Cleanup(func() {
		if err := rt.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return rt
}
