//go:build !cgo

package onnx

import "context"

// Runtime cannot exist in a build without cgo; see runtime.go.
type Runtime struct{}

// Open returns ErrNoCgo.
func Open(string) (*Runtime, error) { return nil, ErrNoCgo }

// Version returns "".
func (*Runtime) Version() string { return "" }

// Path returns "".
func (*Runtime) Path() string { return "" }

// Close returns nil.
func (*Runtime) Close() error { return nil }

// Probe returns ErrNoCgo.
func (*Runtime) Probe(Provider) error { return ErrNoCgo }

// NewSession returns ErrNoCgo.
func (*Runtime) NewSession([]byte, SessionOptions) (*Session, error) { return nil, ErrNoCgo }

// Session cannot exist in a build without cgo; see session.go.
type Session struct{}

// Provider returns the zero Provider.
func (*Session) Provider() Provider { return Provider{} }

// Inputs returns nil.
func (*Session) Inputs() []TensorInfo { return nil }

// Outputs returns nil.
func (*Session) Outputs() []TensorInfo { return nil }

// Run returns ErrNoCgo.
func (*Session) Run(context.Context, []Value, []Value) error { return ErrNoCgo }

// NewDeviceTensor returns ErrNoCgo.
func (*Session) NewDeviceTensor(ElementType, ...int64) (*DeviceTensor, error) { return nil, ErrNoCgo }

// Close returns nil.
func (*Session) Close() error { return nil }

// handle is what Tensor and DeviceTensor share; see handle.go.
type handle struct{}

// Shape returns nil.
func (*handle) Shape() []int64 { return nil }

// Type returns Other.
func (*handle) Type() ElementType { return Other }

// Close returns nil.
func (*handle) Close() error { return nil }

func (h *handle) base() *handle { return h }

// Tensor cannot exist in a build without cgo; see tensor.go.
type Tensor[T Element] struct{ handle }

var (
	_ Value = (*Tensor[float32])(nil)
	_ Value = (*DeviceTensor)(nil)
)

// NewTensor returns ErrNoCgo.
func NewTensor[T Element](...int64) (*Tensor[T], error) { return nil, ErrNoCgo }

// Data returns nil.
func (*Tensor[T]) Data() []T { return nil }

// DeviceTensor cannot exist in a build without cgo; see device.go.
type DeviceTensor struct{ handle }

// ToHost returns ErrNoCgo.
func (*DeviceTensor) ToHost(context.Context, Value) error { return ErrNoCgo }
