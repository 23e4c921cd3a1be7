package onnx

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindLibrary(t *testing.T) {
	dir := t.TempDir()
	touch := func(parts ...string) string {
		path := filepath.Join(append([]string{dir}, parts...)...)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	own, env := touch("own.so"), touch("env.so")
	cached := touch("cache", "fusiond", "onnxruntime", LibraryVersion, "libonnxruntime.so.1")
	system := touch("sys", "libonnxruntime.so")
	full, empty, missing := filepath.Join(dir, "cache"), filepath.Join(dir, "empty"), filepath.Join(dir, "nothing.so")
	sys := filepath.Join(dir, "sys")
	for _, tc := range []struct {
		name, explicit, env, cache, ld string
		want, err                      string
	}{
		{"explicit first", own, env, full, sys, own, ""},
		{"then environment", "", env, full, sys, env, ""},
		{"then cache", "", "", full, sys, cached, ""},
		{"then system", "", "", empty, "::" + sys, system, ""},
		{"explicit missing", missing, env, full, sys, "", "configured onnx runtime library"},
		{"environment missing", "", missing, full, sys, "", LibraryEnv + ": "},
		{"explicit is a folder", dir, "", full, sys, "", "is not a file"},
		{"nowhere", "", "", empty, "", "", "run make setup, or set " + LibraryEnv},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv(LibraryEnv, tc.env)
			t.Setenv("XDG_CACHE_HOME", tc.cache)
			t.Setenv("LD_LIBRARY_PATH", tc.ld)
			got, err := FindLibrary(tc.explicit)
			if tc.name == "nowhere" && err == nil {
				t.Skipf("this machine has a library in a system folder: %s", got)
			}
			if got != tc.want || (err == nil) != (tc.err == "") {
				t.Fatalf("FindLibrary = %q, %v, want %q, error %q", got, err, tc.want, tc.err)
			}
			if err != nil && (!errors.Is(err, ErrNoLibrary) || !strings.Contains(err.Error(), tc.err)) {
				t.Errorf("error %q, want ErrNoLibrary with %q", err, tc.err)
			}
		})
	}
}

func TestCheckVersion(t *testing.T) {
	for _, tc := range []struct {
		version, err string
	}{
		{"1.30.0", ""},
		{"1.29.0", ""},
		{"1.31.1-dev", ""},
		{"1.28.9", "version 1.28.9 does not have C API 29: use 1.30.0 (make setup)"},
		{"2.0.0", "does not have C API"},
		{"", "cannot be read"},
		{"new", "cannot be read"},
	} {
		err := checkVersion(tc.version)
		if (err == nil) != (tc.err == "") || (err != nil && !strings.Contains(err.Error(), tc.err)) {
			t.Errorf("checkVersion(%q) = %v, want error %q", tc.version, err, tc.err)
		}
	}
}
