//go:build cgo

package onnx

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"
)

// The binding offers memory infos and allocators but no tensors made with them. newDeviceValue therefore
// reads and writes the one pointer that these structs hold; these lines fail to compile if that changes.
var (
	_ [unsafe.Sizeof(uintptr(0))]struct{} = [unsafe.Sizeof(ort.Allocator{})]struct{}{}
	_ [unsafe.Sizeof(uintptr(0))]struct{} = [unsafe.Sizeof(ort.ValueInternalData{})]struct{}{}
)

// deviceValue is a value in device memory as far as bindings need it: they only ask for the internals. The
// embedded interface is nil.
type deviceValue struct {
	ort.Value
	internals *ort.ValueInternalData
	api       nativeAPI
}

// GetInternals implements ort.Value.
func (v *deviceValue) GetInternals() *ort.ValueInternalData { return v.internals }

// DeviceTensor is a tensor in the memory of its session's device: a network's output bound to it stays
// there, and another session on the same device reads it without a copy. With the CPU provider it is
// ordinary memory owned by the library, so that callers need no second path. It belongs to its session and
// must be closed before it. Run on CPU and WebGPU memory; on CUDA memory it was not run.
type DeviceTensor struct {
	handle
	session *Session
}

var _ Value = (*DeviceTensor)(nil)

// NewDeviceTensor allocates a tensor of unset content in the memory of the session's device. Plug-in
// providers do not say how their memory is called: there it fails, and a Tensor must be used.
func (s *Session) NewDeviceTensor(typ ElementType, shape ...int64) (*DeviceTensor, error) {
	if _, err := elementCount(shape, typ); err != nil {
		return nil, fmt.Errorf("%s: new device tensor: %w", s.name, err)
	}
	t := &DeviceTensor{session: s, handle: handle{shape: slices.Clone(shape), typ: typ, memory: s.memory}}
	err := s.do(context.Background(), func() error {
		if s.allocator == nil {
			return errors.New("the memory of plug-in providers cannot be named: use NewTensor")
		}
		value, err := s.rt.api.newDeviceValue(s.allocator, t.shape, typ)
		if err != nil {
			return err
		}
		t.value = value
		t.free = func() error {
			value.api.release(value.internals)
			s.deviceTensors.Add(-1)
			return nil
		}
		s.deviceTensors.Add(1)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: new device tensor %s%v: %w", s.name, typ, t.shape, err)
	}
	return t, nil
}

// ToHost copies the tensor into dst, which must be of the same type and shape, usually a *Tensor. ctx bounds
// the wait for the device. The first call per element type makes a small network for the copy.
func (t *DeviceTensor) ToHost(ctx context.Context, dst Value) error {
	s := t.session
	if dst.Type() != t.typ || !slices.Equal(dst.Shape(), t.shape) {
		return fmt.Errorf("%s: copy to host: destination is %s%v: want %s%v", s.name, dst.Type(), dst.Shape(), t.typ, t.shape)
	}
	copier, err := s.copier(t.typ)
	if err != nil {
		return fmt.Errorf("%s: copy to host: %w", s.name, err)
	}
	return copier.Run(ctx, []Value{t}, []Value{dst})
}

// copier returns the session that copies tensors of the given type from s's device to the host: an Identity
// network on the same provider, whose output the library moves to where it is bound. It needs no function
// of the provider's own, so it is the same on every device.
func (s *Session) copier(typ ElementType) (*Session, error) {
	s.copierMu.Lock()
	defer s.copierMu.Unlock()
	if s.copiers == nil {
		return nil, ErrClosed
	}
	if c := s.copiers[typ]; c != nil {
		return c, nil
	}
	c, err := s.rt.newSession(identityModel(typ), s.provider, SessionOptions{
		Name: s.name + " copy to host", ProviderOptions: s.providerOptions,
	})
	if err != nil {
		return nil, err
	}
	s.copiers[typ] = c
	return c, nil
}

// openAllocator prepares the allocator for the session's device memory. It runs on the session's thread.
func (s *Session) openAllocator() error {
	name := s.provider.memoryName()
	if name == "" {
		s.memory = ""
		return nil
	}
	id := 0
	if text := s.providerOptions[s.provider.Kind]["device_id"]; text != "" {
		var err error
		if id, err = strconv.Atoi(text); err != nil {
			return fmt.Errorf("option device_id: %w: want a device's number", err)
		}
	}
	if s.provider.Kind == WebGPU { // its memory has number 0 on whatever adapter is used
		id = 0
	}
	info, err := ort.NewMemoryInfo(name, ort.AllocatorTypeDevice, id, ort.MemTypeDefault)
	if err != nil {
		return fmt.Errorf("memory %s:%d: %w", name, id, err)
	}
	s.allocator, err = s.network.CreateAllocator(info)
	if err = errors.Join(err, info.Destroy()); err != nil {
		return fmt.Errorf("allocator for memory %s:%d: %w", name, id, err)
	}
	s.memory = name + ":" + strconv.Itoa(id)
	return nil
}
