package onnx

import (
	"fmt"
	"strings"
)

// ProviderKind names what executes a network: ONNX Runtime's execution providers under fusiond's names.
type ProviderKind string

// The provider kinds. Auto is CUDA where it works, else CPU: WebGPU and TensorRT must be asked for, because
// the first may run on a software device slower than the CPU and the second builds its engine for minutes.
const (
	Auto     ProviderKind = "auto"
	CPU      ProviderKind = "cpu"
	CUDA     ProviderKind = "cuda"
	TensorRT ProviderKind = "tensorrt"
	WebGPU   ProviderKind = "webgpu"
	Plugin   ProviderKind = "plugin"
)

// Provider is one way to execute a network. The zero value is Auto.
type Provider struct {
	Kind ProviderKind
	Path string // the execution provider library, for Plugin only
}

// ParseProvider reads auto, cpu, cuda, tensorrt, webgpu or plugin:PATH.
func ParseProvider(s string) (Provider, error) {
	kind, path, hasPath := strings.Cut(s, ":")
	p := Provider{Kind: ProviderKind(kind), Path: path}
	switch p.Kind {
	case Auto, CPU, CUDA, TensorRT, WebGPU:
		if !hasPath {
			return p, nil
		}
	case Plugin:
		if path != "" {
			return p, nil
		}
		return Provider{}, fmt.Errorf("provider %q: no library named: write plugin:PATH with the path of "+
			"an execution provider library", s)
	}
	return Provider{}, fmt.Errorf("provider %q is unknown: use auto, cpu, cuda, tensorrt, webgpu or plugin:PATH", s)
}

// String returns what ParseProvider reads.
func (p Provider) String() string {
	switch p.Kind {
	case "":
		return string(Auto)
	case Plugin:
		return string(Plugin) + ":" + p.Path
	case Auto, CPU, CUDA, TensorRT, WebGPU:
	}
	return string(p.Kind)
}

// candidates returns the providers to try in order. Only Auto has more than one.
func (p Provider) candidates() []Provider {
	if p.Kind == Auto || p.Kind == "" {
		return []Provider{{Kind: CUDA}, {Kind: CPU}}
	}
	return []Provider{p}
}

// memoryName is ONNX Runtime's name for the device memory of p, "" where it is not known.
func (p Provider) memoryName() string {
	switch p.Kind {
	case CPU:
		return "Cpu"
	case CUDA, TensorRT:
		return "Cuda"
	case WebGPU:
		return "WebGPU_Buf"
	case Auto, Plugin:
	}
	return ""
}
