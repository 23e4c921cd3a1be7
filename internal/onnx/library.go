package onnx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// LibraryVersion is the ONNX Runtime release that fusiond is tested with and that make setup brings.
const LibraryVersion = "1.30.0"

// LibraryEnv names the environment variable that points to an own ONNX Runtime library.
const LibraryEnv = "FUSIOND_ONNXRUNTIME"

// minMinor is the oldest 1.x release whose C API (version 29) the binding can use.
const minMinor = 29

// ErrNoLibrary is wrapped by FindLibrary's error when no library was found.
var ErrNoLibrary = errors.New("no onnx runtime library found")

// FindLibrary returns the path of the ONNX Runtime library to Open: explicit (the configuration key) if
// not empty, else the one named by FUSIOND_ONNXRUNTIME, else the one that make setup put into the user's
// cache folder, else one of the system's library folders. A path that was named explicitly must exist: a
// typing error never falls through to another library. It only looks; Open loads.
func FindLibrary(explicit string) (string, error) {
	for _, named := range []struct{ source, path string }{
		{"configured onnx runtime library", explicit},
		{LibraryEnv, os.Getenv(LibraryEnv)},
	} {
		if named.path == "" {
			continue
		}
		if err := isFile(named.path); err != nil {
			return "", fmt.Errorf("%s: %w: %w: correct the path, or remove it to use the one of make setup",
				named.source, ErrNoLibrary, err)
		}
		return named.path, nil
	}
	tried := candidatePaths()
	for _, path := range tried {
		if isFile(path) == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: looked at $%s and %s: run make setup, or set %s to a libonnxruntime.so of %s or newer",
		ErrNoLibrary, LibraryEnv, strings.Join(tried, ", "), LibraryEnv, LibraryVersion)
}

// candidatePaths lists where a library may be, best first.
func candidatePaths() []string {
	var paths []string
	if cache, err := os.UserCacheDir(); err == nil {
		paths = append(paths, filepath.Join(cache, "fusiond", "onnxruntime", LibraryVersion, "libonnxruntime.so.1"))
	}
	triplet := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[runtime.GOARCH]
	for _, dir := range append(filepath.SplitList(os.Getenv("LD_LIBRARY_PATH")),
		"/usr/local/lib", filepath.Join("/usr/lib", triplet), "/usr/lib") {
		if dir == "" {
			continue
		}
		paths = append(paths, filepath.Join(dir, "libonnxruntime.so.1"), filepath.Join(dir, "libonnxruntime.so"))
	}
	return paths
}

// isFile returns nil if path is a file (links are followed).
func isFile(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", path)
	}
	return nil
}

// checkVersion returns an error if the library version ("1.30.0") is too old or not of the 1.x line.
func checkVersion(version string) error {
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
		return fmt.Errorf("version %q cannot be read: %w", version, err)
	}
	if major != 1 || minor < minMinor {
		return fmt.Errorf("version %s does not have C API %d: use %s (make setup), at least 1.%d",
			version, minMinor, LibraryVersion, minMinor)
	}
	return nil
}
