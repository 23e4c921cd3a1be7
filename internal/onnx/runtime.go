//go:build cgo

package onnx

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// process guards what ONNX Runtime has once per process: the loaded library and its environment.
var process struct {
	mu      sync.Mutex
	runtime *Runtime // nil while none is open
}

// Runtime is the loaded ONNX Runtime library. There is one per process; it starts no goroutine.
type Runtime struct {
	path    string
	version string
	api     nativeAPI

	// Guarded by process.mu.
	opens   int // Open calls not yet matched by Close
	users   int // open sessions and tensors
	plugins map[string]plugin
}

// Open loads the ONNX Runtime library at path (see FindLibrary) and makes its environment. Opening the same
// path again returns the same Runtime; each Open needs a Close. Another path while one is open is an error:
// a process can hold one library.
func Open(path string) (*Runtime, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open onnx runtime %s: %w", path, err)
	}
	process.mu.Lock()
	defer process.mu.Unlock()
	if rt := process.runtime; rt != nil {
		if rt.path != abs {
			return nil, fmt.Errorf("open onnx runtime %s: %s is loaded already and a process can hold only one: "+
				"use one path everywhere", abs, rt.path)
		}
		rt.opens++
		return rt, nil
	}
	version, api, err := loadLibrary(abs)
	if err != nil {
		return nil, fmt.Errorf("open onnx runtime %s: %w", abs, err)
	}
	ort.SetSharedLibraryPath(abs)
	// Every failure also comes back as an error, so the library's own messages on stderr are turned off.
	if err := ort.InitializeEnvironment(ort.WithLogLevelFatal()); err != nil {
		return nil, fmt.Errorf("open onnx runtime %s: %w", abs, err)
	}
	rt := &Runtime{path: abs, version: version, api: api, opens: 1, plugins: map[string]plugin{}}
	process.runtime = rt
	return rt, nil
}

// Version returns the library's version, for example "1.30.0".
func (rt *Runtime) Version() string { return rt.version }

// Path returns the absolute path of the loaded library.
func (rt *Runtime) Path() string { return rt.path }

// Close gives back one Open. The last one frees the environment; it fails and leaves the Runtime open
// while sessions or tensors are in use. The library's code stays mapped until the process ends.
func (rt *Runtime) Close() error {
	process.mu.Lock()
	defer process.mu.Unlock()
	if rt.opens == 0 {
		return nil
	}
	if rt.opens == 1 && rt.users > 0 {
		return fmt.Errorf("close onnx runtime: %d sessions and tensors are still open: close them first", rt.users)
	}
	rt.opens--
	if rt.opens > 0 {
		return nil
	}
	process.runtime = nil
	var errs []error
	for _, p := range rt.plugins {
		errs = append(errs, ort.UnregisterExecutionProviderLibrary(p.name))
	}
	if err := errors.Join(append(errs, ort.DestroyEnvironment())...); err != nil {
		return fmt.Errorf("close onnx runtime: %w", err)
	}
	return nil
}

// use counts a session or tensor as a user of rt, and fails if rt is closed.
func (rt *Runtime) use() error {
	process.mu.Lock()
	defer process.mu.Unlock()
	if rt.opens == 0 {
		return fmt.Errorf("onnx runtime: %w", ErrClosed)
	}
	rt.users++
	return nil
}

// unuse is the counterpart of use.
func (rt *Runtime) unuse() {
	process.mu.Lock()
	defer process.mu.Unlock()
	rt.users--
}

// useCurrent is use of the open Runtime.
func useCurrent() (*Runtime, error) {
	process.mu.Lock()
	defer process.mu.Unlock()
	if process.runtime == nil {
		return nil, errors.New("no onnx runtime is open: call Open first")
	}
	process.runtime.users++
	return process.runtime, nil
}
