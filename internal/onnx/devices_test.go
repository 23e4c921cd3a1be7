//go:build cgo

package onnx

import (
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	ort "github.com/yalue/onnxruntime_go"
)

// softwareVulkan is the software Vulkan device that comes with Chromium (scripts/setup-webgpu.sh). Mesa's
// lacks a feature that WebGPU needs.
const softwareVulkan = "/usr/lib/chromium/vk_swiftshader_icd.json"

// needWebGPU skips the test unless it is asked for and there is a Vulkan device.
func needWebGPU(t *testing.T) {
	t.Helper()
	if os.Getenv("FUSIOND_TEST_WEBGPU") != "1" {
		t.Skip("set FUSIOND_TEST_WEBGPU=1 to test on a Vulkan device")
	}
	if os.Getenv("VK_ICD_FILENAMES") == "" {
		if isFile(softwareVulkan) != nil {
			t.Skipf("needs %s: run scripts/setup-webgpu.sh", softwareVulkan)
		}
		t.Setenv("VK_ICD_FILENAMES", softwareVulkan)
	}
}

// equalsCPU runs a convolution on p and compares it with the formula.
func equalsCPU(t *testing.T, p Provider) {
	t.Helper()
	rt := openRuntime(t)
	s := newSession(t, rt, "conv_relu.onnx", SessionOptions{Name: "test net", Provider: p})
	if got := s.Provider(); got != p {
		t.Errorf("provider %v, want %v", got, p)
	}
	x, y := newTensor(t, ramp(40), 1, 2, 4, 5), newTensor[float32](t, nil, 1, 3, 4, 5)
	for range 2 {
		x.Data()[0] += 0.25 // host input must be sent again at every run
		if err := s.Run(t.Context(), []Value{x}, []Value{y}); err != nil {
			t.Fatal(err)
		}
		for i, want := range convReLU(x.Data()) {
			// 18 products below 1.3: float32 rounding in any order stays below 1e-5.
			if got := float64(y.Data()[i]); math.Abs(got-want) > 1e-5 {
				t.Errorf("y[%d] = %v, want %v", i, got, want)
			}
		}
	}
	if err := rt.Probe(p); err != nil {
		t.Errorf("Probe: %v", err)
	}
}

func TestWebGPUEqualsCPU(t *testing.T) {
	needWebGPU(t)
	equalsCPU(t, Provider{Kind: WebGPU})
}

// TestPlugin needs a plug-in execution provider library that finds a device here, for example the OpenVINO
// one from its Python package, which has a CPU device.
func TestPlugin(t *testing.T) {
	path := os.Getenv("FUSIOND_TEST_PLUGIN")
	if path == "" {
		t.Skip("set FUSIOND_TEST_PLUGIN to the path of an execution provider library")
	}
	equalsCPU(t, Provider{Kind: Plugin, Path: path})
}

// TestPluginDevice runs a session on a device of the plug-in kind without a plug-in library: the library
// lists the CPU among such devices. Only the registration of a library with a device is left out.
func TestPluginDevice(t *testing.T) {
	rt := openRuntime(t)
	devices, err := ort.GetEpDevices()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(devices, func(d ort.EpDevice) bool { return d.EpName() == "CPUExecutionProvider" })
	if i < 0 {
		t.Fatalf("no CPU among %d devices", len(devices))
	}
	rt.plugins["/built-in/cpu"] = plugin{device: devices[i]}
	defer delete(rt.plugins, "/built-in/cpu") // nothing to unregister
	p := Provider{Kind: Plugin, Path: "/built-in/cpu"}
	equalsCPU(t, p)
	s := newSession(t, rt, "add.onnx", SessionOptions{Name: "test net", Provider: p})
	if _, err := s.NewDeviceTensor(Float32, 1); err == nil || !strings.Contains(err.Error(), "use NewTensor") {
		t.Errorf("NewDeviceTensor on a plug-in: got error %v", err)
	}
}

func TestDeviceTensorWebGPU(t *testing.T) {
	needWebGPU(t)
	rt := openRuntime(t)
	opts := SessionOptions{Name: "test net", Provider: Provider{Kind: WebGPU}}
	middle, final := chainOnDevice(t, rt, opts)
	checkChain(t, middle, final)

	gpu, host := newSession(t, rt, "add.onnx", opts), newSession(t, rt, "add.onnx", cpu)
	d, err := gpu.NewDeviceTensor(Float32, 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer mustClose(t, d)
	a := newTensor[float32](t, nil, 1, 3)
	err = host.Run(t.Context(), []Value{a, d}, []Value{a})
	if err == nil || !strings.Contains(err.Error(), "copy it with ToHost") {
		t.Errorf("GPU tensor in a CPU session: got error %v", err)
	}
}
