package encoders

import (
	"errors"
	"fmt"
	"slices"

	"github.com/fusiond/fusiond/internal/onnx"
)

// Options say how networks run.
type Options struct {
	// Provider runs every network of the package.
	Provider        onnx.Provider
	ProviderOptions map[onnx.ProviderKind]map[string]string
	// Threads is the number of threads that share one operator of an encoder; 0 means 1.
	Threads int
}

// OpenNetwork makes a session for one file of the package and refuses it when its inputs or outputs differ from what the
// manifest says, naming every difference. Values are given to Run in the manifest's order.
func OpenNetwork(rt *onnx.Runtime, p *Package, file string, inputs, outputs []TensorSpec, o Options) (*onnx.Session, error) {
	names := func(specs []TensorSpec) (out []string) {
		for _, s := range specs {
			out = append(out, s.Name)
		}
		return out
	}
	s, err := rt.NewSession(p.File(file), onnx.SessionOptions{
		Name: file, Provider: o.Provider, ProviderOptions: o.ProviderOptions, IntraOpThreads: o.Threads,
		Inputs: names(inputs), Outputs: names(outputs),
	})
	if err != nil {
		return nil, fmt.Errorf("model package %s: %w", p.Dir, err)
	}
	var errs []error
	for _, side := range []struct {
		kind string
		got  []onnx.TensorInfo
		want []TensorSpec
	}{{"input", s.Inputs(), inputs}, {"output", s.Outputs(), outputs}} {
		for i, w := range side.want {
			if !slices.Equal(side.got[i].Shape, w.Shape) {
				errs = append(errs, fmt.Errorf("model package %s: %s: %s %s has shape %v, manifest says %v: fetch the package again",
					p.Dir, file, side.kind, w.Name, side.got[i].Shape, w.Shape))
			}
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(append(errs, s.Close())...)
	}
	return s, nil
}
