package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

var (
	// ErrClosed is wrapped by every error about a Runtime, Session or tensor that was closed before.
	ErrClosed = errors.New("already closed")
	// ErrNoCgo is returned by everything that needs the library in a build without cgo.
	ErrNoCgo = errors.New("onnx runtime: this binary was built without cgo: " +
		"build with CGO_ENABLED=1 and a C compiler (make setup)")
)

// maxTensorBytes bounds one tensor, so that a wrong shape cannot ask for all memory. The largest tensor of
// a six-camera network is below 100 MB.
const maxTensorBytes = 1 << 31

// ElementType is the type of a tensor's elements.
type ElementType uint8

// Element types that a Tensor can hold. Other stands for every further ONNX type (float16, string, ...):
// it shows up in a TensorInfo, but no Tensor of it can be made.
const (
	Other ElementType = iota
	Float32
	Int64
	Int32
	Uint8
	Bool
)

// Element is the Go type of a tensor's elements.
type Element interface {
	float32 | int64 | int32 | uint8 | bool
}

// elementTypeOf returns the ElementType of T.
func elementTypeOf[T Element]() ElementType {
	var v T
	switch any(v).(type) {
	case float32:
		return Float32
	case int64:
		return Int64
	case int32:
		return Int32
	case uint8:
		return Uint8
	default: // Element leaves only bool
		return Bool
	}
}

// String returns the type's name as in NumPy ("float32", ...), or "other".
func (t ElementType) String() string {
	switch t {
	case Float32:
		return "float32"
	case Int64:
		return "int64"
	case Int32:
		return "int32"
	case Uint8:
		return "uint8"
	case Bool:
		return "bool"
	case Other:
	}
	return "other"
}

// Size returns the bytes of one element, 0 for Other.
func (t ElementType) Size() int {
	switch t {
	case Float32, Int32:
		return 4
	case Int64:
		return 8
	case Uint8, Bool:
		return 1
	case Other:
	}
	return 0
}

// onnxCode returns the element type's number in ONNX (TensorProto.DataType), which ONNX Runtime shares.
func (t ElementType) onnxCode() byte {
	switch t {
	case Float32:
		return 1
	case Uint8:
		return 2
	case Int32:
		return 6
	case Int64:
		return 7
	case Bool:
		return 9
	case Other:
	}
	return 0
}

// elementTypeFromONNX is the inverse of onnxCode; unknown numbers give Other.
func elementTypeFromONNX(code int) ElementType {
	for _, t := range []ElementType{Float32, Uint8, Int32, Int64, Bool} {
		if int(t.onnxCode()) == code {
			return t
		}
	}
	return Other
}

// TensorInfo describes one input or output of a network.
type TensorInfo struct {
	Name  string
	Shape []int64 // -1 where a size is free; empty if the network does not declare a shape
	Type  ElementType
}

// String returns "name float32[1 3 -1]".
func (i TensorInfo) String() string { return fmt.Sprintf("%s %s%v", i.Name, i.Type, i.Shape) }

// accepts reports whether a tensor of the given shape and type can be bound to i.
func (i TensorInfo) accepts(shape []int64, typ ElementType) bool {
	if typ != i.Type {
		return false
	}
	if len(i.Shape) == 0 { // undeclared: the library checks
		return true
	}
	if len(shape) != len(i.Shape) {
		return false
	}
	for d, n := range i.Shape {
		if n >= 0 && n != shape[d] {
			return false
		}
	}
	return true
}

// SessionOptions say how a network is run. The zero value runs it on one thread with Provider Auto.
type SessionOptions struct {
	// Name is used in errors, for example "lidar encoder".
	Name string
	// Provider is what executes the network; the zero value is Auto.
	Provider Provider
	// ProviderOptions hold ONNX Runtime's own options per provider, for example
	// {CUDA: {"device_id": "1"}}. Only those of the provider that runs are used.
	ProviderOptions map[ProviderKind]map[string]string
	// IntraOpThreads is the number of threads that share one operator; 0 means 1.
	IntraOpThreads int
	// Inputs and Outputs give the order of Run's arguments. Inputs must name every input of the network;
	// Outputs may leave some out. nil means all, in the network's order.
	Inputs, Outputs []string
}

// elementCount returns the product of shape's dimensions, each at least 1, or an error if the shape is
// empty, not positive or above maxTensorBytes.
func elementCount(shape []int64, typ ElementType) (int, error) {
	size := int64(typ.Size())
	if size == 0 {
		return 0, fmt.Errorf("element type %s cannot be held by a tensor", typ)
	}
	if len(shape) == 0 {
		return 0, errors.New("shape has no dimensions: give at least one")
	}
	count := int64(1)
	for d, n := range shape {
		if n < 1 {
			return 0, fmt.Errorf("shape %v: dimension %d is %d: want at least 1", slices.Clone(shape), d, n)
		}
		if n > math.MaxInt64/count || count*n > maxTensorBytes/size {
			return 0, fmt.Errorf("shape %v of %s is above the limit of %d MiB", slices.Clone(shape), typ, maxTensorBytes>>20)
		}
		count *= n
	}
	return int(count), nil
}

// pick returns, for every wanted name in order, the matching entry of have. With all set every entry of
// have must be named. kind is "input" or "output" and only used in errors.
func pick(kind string, have []TensorInfo, want []string, all bool) ([]TensorInfo, error) {
	if want == nil {
		return have, nil
	}
	picked := make([]TensorInfo, 0, len(want))
	for w, name := range want {
		if slices.Contains(want[:w], name) {
			return nil, fmt.Errorf("%s %q is named twice", kind, name)
		}
		i := slices.IndexFunc(have, func(t TensorInfo) bool { return t.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("the network has no %s %q: it has %v", kind, name, have)
		}
		picked = append(picked, have[i])
	}
	if all && len(picked) != len(have) {
		return nil, fmt.Errorf("%d of the network's %d %ss are named (%v): name all of %v",
			len(picked), len(have), kind, want, have)
	}
	if len(picked) == 0 {
		return nil, fmt.Errorf("no %s is named: name at least one of %v", kind, have)
	}
	return picked, nil
}
