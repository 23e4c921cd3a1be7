//go:build cgo

package onnx

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// compile makes a shared library from C source, or skips where there is no compiler.
func compile(t *testing.T, source string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "libonnxruntime.so.1")
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skip("needs a C compiler at test time")
	}
	cmd := exec.Command("cc", "-shared", "-fPIC", "-x", "c", "-o", path, "-") //nolint:gosec // a path of the test
	cmd.Stdin = strings.NewReader(source)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cc: %v\n%s", err, out)
	}
	return path
}

const fakeLibrary = `
static const void *get_api(unsigned version) { return 0; }
static const char *get_version(void) { return VERSION; }
static const struct { const void *(*a)(unsigned); const char *(*v)(void); } base = {get_api, get_version};
const void *OrtGetApiBase(void) { return &base; }`

func TestOpenErrors(t *testing.T) {
	if process.runtime != nil {
		t.Fatal("another test left a runtime open")
	}
	text := filepath.Join(t.TempDir(), "text.so")
	if err := os.WriteFile(text, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, path, want string }{
		{"missing", filepath.Join(t.TempDir(), "nothing.so"), "nothing.so: cannot open shared object file"},
		{"not a library", text, "is it an onnx runtime library for this machine?"},
		{"another library", compile(t, "int x;"), "OrtGetApiBase"},
		{"too old", compile(t, `#define VERSION "1.20.1"`+fakeLibrary), "version 1.20.1 does not have C API 29: use 1.30.0"},
		{"no api", compile(t, `#define VERSION "1.99.0"`+fakeLibrary), "version 1.99.0 refuses C API 29"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rt, err := Open(tc.path)
			if err == nil {
				mustClose(t, rt)
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "open onnx runtime ") {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
	rt := openRuntime(t) // failures leave the process usable
	if err := checkVersion(rt.Version()); err != nil {
		t.Error(err)
	}
}

func TestNamedProviderMustWork(t *testing.T) {
	rt := openRuntime(t)
	for _, tc := range []struct{ provider, want string }{
		{"cuda", "setup-cuda.sh"},
		{"tensorrt", "setup-cuda.sh"},
		{"plugin:/nonexistent/libep.so", "/nonexistent/libep.so"},
		{"plugin:testdata/add.onnx", "add.onnx"},
	} {
		t.Run(tc.provider, func(t *testing.T) {
			p, err := ParseProvider(tc.provider)
			if err != nil {
				t.Fatal(err)
			}
			s, err := rt.NewSession(readModel(t, "add.onnx"), SessionOptions{Name: "test net", Provider: p})
			if err == nil {
				mustClose(t, s)
				t.Skipf("this machine has %s", tc.provider)
			}
			var m *MissingError
			if !errors.As(err, &m) {
				t.Fatalf("got error %v, want a MissingError", err)
			}
			if !strings.Contains(err.Error(), tc.want) || m.Provider != p || m.Command == "" {
				t.Errorf("got error %q, want one about %s with %q", err, p, tc.want)
			}
			if err := rt.Probe(p); !errors.As(err, &m) {
				t.Errorf("Probe = %v, want a MissingError", err)
			}
		})
	}
}

func TestAutoFallsBack(t *testing.T) {
	rt := openRuntime(t)
	for _, p := range []Provider{{}, {Kind: Auto}, {Kind: CPU}} {
		if err := rt.Probe(p); err != nil {
			t.Errorf("Probe(%s) = %v, want nil", p, err)
		}
	}
	want := CPU
	if rt.Probe(Provider{Kind: CUDA}) == nil {
		want = CUDA
	}
	s := newSession(t, rt, "add.onnx", SessionOptions{})
	if got := s.Provider().Kind; got != want {
		t.Errorf("auto runs on %s, want %s", got, want)
	}
}
