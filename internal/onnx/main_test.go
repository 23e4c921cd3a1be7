//go:build cgo

package onnx

import (
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// openRuntime opens the library for one test, or skips it where there is none.
func openRuntime(t testing.TB) *Runtime {
	t.Helper()
	path, err := FindLibrary("")
	if err != nil {
		t.Skipf("needs the ONNX Runtime library: %v", err)
	}
	rt, err := Open(path)
	if err != nil {
		t.Fatalf("Open(%s): %v", path, err)
	}
	t.Cleanup(func() { mustClose(t, rt) })
	return rt
}

// newSession makes a session from testdata and closes it at the end of the test.
func newSession(t testing.TB, rt *Runtime, model string, opts SessionOptions) *Session {
	t.Helper()
	s, err := rt.NewSession(readModel(t, model), opts)
	if err != nil {
		t.Fatalf("NewSession(%s): %v", model, err)
	}
	t.Cleanup(func() { mustClose(t, s) })
	return s
}

// newTensor makes a tensor, fills it and closes it at the end of the test.
func newTensor[T Element](t testing.TB, data []T, shape ...int64) *Tensor[T] {
	t.Helper()
	x, err := NewTensor[T](shape...)
	if err != nil {
		t.Fatalf("NewTensor(%v): %v", shape, err)
	}
	copy(x.Data(), data)
	t.Cleanup(func() { mustClose(t, x) })
	return x
}

func mustClose(t testing.TB, c interface{ Close() error }) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func readModel(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name)) //nolint:gosec // a test names its own file
	if err != nil {
		t.Fatal(err)
	}
	return b
}
