package onnx

import (
	"errors"
	"strings"
	"testing"
)

func TestParseProvider(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want Provider
		err  string
	}{
		{"auto", Provider{Kind: Auto}, ""},
		{"cpu", Provider{Kind: CPU}, ""},
		{"cuda", Provider{Kind: CUDA}, ""},
		{"tensorrt", Provider{Kind: TensorRT}, ""},
		{"webgpu", Provider{Kind: WebGPU}, ""},
		{"plugin:/opt/ep:1/libep.so", Provider{Kind: Plugin, Path: "/opt/ep:1/libep.so"}, ""},
		{"plugin:", Provider{}, "no library named"},
		{"plugin", Provider{}, "no library named"},
		{"", Provider{}, `provider "" is unknown: use auto, cpu`},
		{"CPU", Provider{}, `provider "CPU" is unknown`},
		{"cpu:0", Provider{}, `provider "cpu:0" is unknown`},
	} {
		got, err := ParseProvider(tc.in)
		if got != tc.want || (err == nil) != (tc.err == "") || (err != nil && !strings.Contains(err.Error(), tc.err)) {
			t.Errorf("ParseProvider(%q) = %+v, %v, want %+v, error %q", tc.in, got, err, tc.want, tc.err)
		}
		if err == nil && got.String() != tc.in {
			t.Errorf("ParseProvider(%q).String() = %q", tc.in, got.String())
		}
	}
	if got := (Provider{}).String(); got != "auto" {
		t.Errorf("zero Provider = %q, want auto", got)
	}
}

func TestExplain(t *testing.T) {
	load := func(lib string) error {
		return errors.New("Failed to load library libonnxruntime_providers_cuda.so with error: " + lib +
			": cannot open shared object file: No such file or directory")
	}
	for _, tc := range []struct {
		name    string
		kind    ProviderKind
		cause   error
		missing string
		want    string
	}{
		{"cublas", CUDA, load("libcublasLt.so.13"), "libcublasLt.so.13", "setup-cuda.sh --with-cuda, or install CUDA"},
		{"cudnn", CUDA, load("libcudnn.so.9"), "libcudnn.so.9", "cuDNN 9"},
		{"driver", CUDA, load("libcuda.so.1"), "libcuda.so.1", "NVIDIA driver"},
		{"nvinfer", TensorRT, load("libnvinfer.so.10"), "libnvinfer.so.10", "TensorRT 10"},
		{"unknown library", CUDA, load("libfoo.so.3"), "libfoo.so.3", "GPU build"},
		{"no card", CUDA, errors.New("CUDA failure 100: no CUDA-capable device is detected"), "", "check nvidia-smi"},
		{"no vulkan", WebGPU, load("libvulkan.so.1"), "libvulkan.so.1", "apt-get install libvulkan1"},
		{"no adapter", WebGPU, errors.New("No supported adapters"), "", "scripts/setup-webgpu.sh"},
		{"no webgpu", WebGPU, errors.New("WebGPU is not supported in this build"), "", "which /lib/ort.so is not"},
		{"plugin", Plugin, errors.New("no symbol"), "", "with ldd"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := explain(Provider{Kind: tc.kind}, "/lib/ort.so", tc.cause)
			var m *MissingError
			if !errors.As(err, &m) || !errors.Is(err, tc.cause) {
				t.Fatalf("got %v, want a MissingError that wraps the cause", err)
			}
			if got := strings.Join(m.Missing, ","); got != tc.missing {
				t.Errorf("missing %q, want %q", got, tc.missing)
			}
			if !strings.Contains(err.Error(), tc.want) || m.Command == "" {
				t.Errorf("got %q, want it to contain %q and a command", err, tc.want)
			}
		})
	}
	cause := errors.New("model fault")
	if got := explain(Provider{Kind: CPU}, "", cause); !errors.Is(got, cause) || errors.As(got, new(*MissingError)) {
		t.Errorf("cpu: got %v, want the cause itself", got)
	}
}
