//go:build cgo

package onnx

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	ort "github.com/yalue/onnxruntime_go"
)

// plugin is a registered execution provider library.
type plugin struct {
	name   string
	device ort.EpDevice
}

// appendProvider adds p to the session options. What p cannot execute runs on the CPU.
func (rt *Runtime) appendProvider(o *ort.SessionOptions, p Provider, options map[string]string) error {
	switch p.Kind {
	case CPU:
		return nil
	case CUDA:
		return appendCUDA(o, options)
	case TensorRT:
		return appendTensorRT(o, options)
	case WebGPU:
		return o.AppendExecutionProvider("WebGPU", options)
	case Plugin:
		pl, err := rt.plugin(p.Path)
		if err != nil {
			return err
		}
		return o.AppendExecutionProviderV2([]ort.EpDevice{pl.device}, options)
	case Auto: // candidates() has resolved it
	}
	return fmt.Errorf("provider kind %q cannot be appended", p.Kind)
}

// appendCUDA was not run on a card. The CUDA provider is known to replace Go's signal handlers
// (onnxruntime_go issue 140): a daemon that wants SIGTERM must call signal.Notify after its sessions exist.
func appendCUDA(o *ort.SessionOptions, options map[string]string) error {
	c, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return err
	}
	err = c.Update(options)
	if err == nil {
		err = o.AppendExecutionProviderCUDA(c)
	}
	return errors.Join(err, c.Destroy())
}

// appendTensorRT was not run on a card. Nodes that TensorRT does not know go to CUDA on the same device.
func appendTensorRT(o *ort.SessionOptions, options map[string]string) error {
	c, err := ort.NewTensorRTProviderOptions()
	if err != nil {
		return err
	}
	err = c.Update(options)
	if err == nil {
		err = o.AppendExecutionProviderTensorRT(c)
	}
	if err = errors.Join(err, c.Destroy()); err != nil {
		return err
	}
	var cuda map[string]string
	if id := options["device_id"]; id != "" {
		cuda = map[string]string{"device_id": id}
	}
	return appendCUDA(o, cuda)
}

// plugin registers the execution provider library at path once per Runtime and returns its first device.
func (rt *Runtime) plugin(path string) (plugin, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return plugin{}, err
	}
	process.mu.Lock()
	defer process.mu.Unlock()
	if p, ok := rt.plugins[abs]; ok {
		return p, nil
	}
	before, err := ort.GetEpDevices()
	if err != nil {
		return plugin{}, err
	}
	if err := isFile(abs); err != nil {
		return plugin{}, err
	}
	name := "fusiond:" + abs
	if err := ort.RegisterExecutionProviderLibrary(name, abs); err != nil {
		return plugin{}, err
	}
	after, err := ort.GetEpDevices()
	if err != nil {
		return plugin{}, errors.Join(err, ort.UnregisterExecutionProviderLibrary(name))
	}
	for _, device := range after {
		if !slices.Contains(before, device) {
			p := plugin{name: name, device: device}
			rt.plugins[abs] = p
			return p, nil
		}
	}
	return plugin{}, errors.Join(errors.New("the library finds no device on this machine"),
		ort.UnregisterExecutionProviderLibrary(name))
}
