package onnx

import (
	"debug/elf"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// MissingError says why a provider cannot be used on this machine and how to change that.
type MissingError struct {
	Provider Provider
	Missing  []string // file names, empty if the reason is another one
	Source   string   // what brings them, for example a package
	Command  string   // the command to run
	Cause    error    // the library's own words; nil if the files were looked for and not found
}

// Error names the provider, what is missing, where it comes from and the command.
func (e *MissingError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "provider %s cannot be used", e.Provider)
	if len(e.Missing) > 0 {
		fmt.Fprintf(&b, ": missing %s", strings.Join(e.Missing, ", "))
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %v", e.Cause)
	}
	fmt.Fprintf(&b, ": it needs %s: %s", e.Source, e.Command)
	return b.String()
}

// Unwrap returns the cause.
func (e *MissingError) Unwrap() error { return e.Cause }

// Where things come from. setup-cuda.sh brings the first group in the version of LibraryVersion.
const (
	gpuSource     = "the GPU build of onnx runtime " + LibraryVersion
	gpuCommand    = "run scripts/setup-cuda.sh and set " + LibraryEnv + " as it says"
	vulkanSource  = "the Vulkan loader and a driver"
	vulkanCommand = "apt-get install libvulkan1 and the card's driver, or run scripts/setup-webgpu.sh for a software device"
)

// providerFiles lists the files that a provider needs beside the library.
var providerFiles = map[ProviderKind][]string{
	CUDA:     {"libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"},
	TensorRT: {"libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so", "libonnxruntime_providers_tensorrt.so"},
}

// needs maps the beginning of a shared library's name to what brings it.
var needs = []struct{ prefix, source, command string }{
	{"libcudnn", "cuDNN 9", "run scripts/setup-cuda.sh --with-cuda, or install cuDNN and put it on LD_LIBRARY_PATH"},
	{"libcuda.so", "the NVIDIA driver", "install the card's driver; nvidia-smi must work"},
	{"libcu", "the CUDA runtime libraries", "run scripts/setup-cuda.sh --with-cuda, or install CUDA and put it on LD_LIBRARY_PATH"},
	{"libnv", "TensorRT 10 and the CUDA runtime libraries", "install TensorRT and put it on LD_LIBRARY_PATH"},
	{"libvulkan", vulkanSource, vulkanCommand},
	{"libonnxruntime_providers", gpuSource, gpuCommand},
}

// loaderMessage is how the dynamic loader names a library that it does not find.
var loaderMessage = regexp.MustCompile(`(lib[A-Za-z0-9_+.-]+\.so[0-9.]*): cannot open shared object file`)

// missingFiles looks for the files that p needs beside the library, before the library is asked.
func missingFiles(p Provider, libraryPath string) error {
	var missing []string
	for _, name := range providerFiles[p.Kind] {
		if isFile(filepath.Join(libraryDir(libraryPath), name)) != nil {
			missing = append(missing, name)
		}
	}
	if missing == nil {
		return nil
	}
	return &MissingError{Provider: p, Missing: missing, Source: gpuSource + " beside " + libraryPath, Command: gpuCommand}
}

// explain turns the library's error about p into a MissingError where it is about the machine and not
// about the network. The network was loaded on the CPU before, so any error of a device's provider is.
func explain(p Provider, libraryPath string, cause error) error {
	e := &MissingError{Provider: p, Cause: cause}
	switch p.Kind {
	case CPU, Auto, "":
		return cause
	case CUDA, TensorRT:
		e.Source, e.Command = gpuSource+" and an NVIDIA card with its driver", "check nvidia-smi, then "+gpuCommand
	case WebGPU:
		e.Source, e.Command = vulkanSource+", and a library with WebGPU", vulkanCommand
		if strings.Contains(cause.Error(), "not supported in this build") {
			e.Source = "a library with WebGPU, which " + libraryPath + " is not"
			e.Command = "run make setup where npm is (x86-64 only), or use plugin:PATH with a WebGPU execution provider library"
		}
	case Plugin:
		e.Source = "an execution provider library, and a device and driver for it"
		e.Command = "check the path, the device, and the libraries it needs with ldd"
	}
	if m := loaderMessage.FindStringSubmatch(cause.Error()); m != nil {
		e.setMissing([]string{m[1]})
	}
	return e
}

// setMissing names missing libraries, and what brings the first of them that is known.
func (e *MissingError) setMissing(names []string) {
	e.Missing = names
	for _, name := range names {
		for _, n := range needs {
			if strings.HasPrefix(name, n.prefix) {
				e.Source, e.Command = n.source, n.command
				return
			}
		}
	}
}

// neededBy returns the libraries that the provider files of p beside libraryPath ask the loader for, less
// those that lie beside it. Files that cannot be read give nothing: the caller has an error already.
func neededBy(p Provider, libraryPath string) []string {
	var names []string
	dir := libraryDir(libraryPath)
	for _, file := range providerFiles[p.Kind] {
		f, err := elf.Open(filepath.Join(dir, file))
		if err != nil {
			continue
		}
		imported, err := f.ImportedLibraries()
		_ = f.Close() // opened for reading
		if err != nil {
			continue
		}
		for _, name := range imported {
			if isFile(filepath.Join(dir, name)) != nil && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// libraryDir is the folder in which the library looks for provider files.
func libraryDir(libraryPath string) string {
	if resolved, err := filepath.EvalSymlinks(libraryPath); err == nil {
		libraryPath = resolved
	}
	return filepath.Dir(libraryPath)
}
