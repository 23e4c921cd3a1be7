//go:build cgo

package onnx

import (
	"fmt"
	"runtime"
	"slices"

	ort "github.com/yalue/onnxruntime_go"
)

// hostMemory is the memory of Tensor.
const hostMemory = "Cpu:0"

// Tensor is a dense row-major array in Go memory, read and written by networks in place. Make it once and
// reuse it; do not touch its data while a run uses it. It is not safe for concurrent use, except Close.
type Tensor[T Element] struct {
	handle
	data []T
}

var _ Value = (*Tensor[float32])(nil)

// NewTensor returns a tensor of zeros with the given dimensions, each at least 1 and 2 GiB at most together.
// A Runtime must be open; the tensor counts as its user until Close.
func NewTensor[T Element](shape ...int64) (*Tensor[T], error) {
	typ := elementTypeOf[T]()
	n, err := elementCount(shape, typ)
	if err != nil {
		return nil, fmt.Errorf("new tensor: %w", err)
	}
	rt, err := useCurrent()
	if err != nil {
		return nil, fmt.Errorf("new tensor: %w", err)
	}
	data := make([]T, n)
	// The library keeps the address between calls: the slice must stay where it is until Close.
	var pin runtime.Pinner
	pin.Pin(&data[0])
	value, err := ort.NewTensor(ort.NewShape(shape...), data)
	if err != nil {
		pin.Unpin()
		rt.unuse()
		return nil, fmt.Errorf("new tensor %s%v: %w", typ, slices.Clone(shape), err)
	}
	t := &Tensor[T]{data: data, handle: handle{
		shape: slices.Clone(shape), typ: typ, memory: hostMemory,
		value: &boundValue{Value: value, internals: value.GetInternals()},
	}}
	t.free = func() error {
		err := value.Destroy()
		pin.Unpin()
		rt.unuse()
		return err
	}
	return t, nil
}

// Data returns the elements in row-major order: the tensor's own memory, not a copy. The slice outlives
// Close, but is then no longer connected with any network.
func (t *Tensor[T]) Data() []T { return t.data }

// boundValue is a value whose internals are looked up once: the binding's own lookup allocates each time.
type boundValue struct {
	ort.Value
	internals *ort.ValueInternalData
}

// GetInternals implements ort.Value.
func (v *boundValue) GetInternals() *ort.ValueInternalData { return v.internals }
