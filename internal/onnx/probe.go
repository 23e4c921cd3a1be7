//go:build cgo

package onnx

import (
	"errors"
	"fmt"
)

// missingFiles returns a MissingError if files that p needs are not beside the loaded library.
func (rt *Runtime) missingFiles(p Provider) error { return missingFiles(p, rt.path) }

// explain is explain for the loaded library. The library says no more than "failed to load" about a provider
// file whose own libraries are missing, so those are asked for one by one.
func (rt *Runtime) explain(p Provider, cause error) error {
	err := explain(p, rt.path, cause)
	var m *MissingError
	if errors.As(err, &m) && len(m.Missing) == 0 {
		var missing []string
		for _, name := range neededBy(p, rt.path) {
			if !loadable(name) {
				missing = append(missing, name)
			}
		}
		m.setMissing(missing)
	}
	return err
}

// Probe returns nil if p can execute a network on this machine; otherwise an error, usually a *MissingError,
// that says what is missing and the command that brings it. It loads a one-node network on p, which takes
// milliseconds on the CPU and up to seconds on a GPU. Auto always works, because the CPU does.
func (rt *Runtime) Probe(p Provider) error {
	s, err := rt.NewSession(identityModel(Float32), SessionOptions{Name: "probe", Provider: p})
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return fmt.Errorf("probe %s: %w", p, err)
	}
	return nil
}
