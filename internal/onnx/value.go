package onnx

// Value is a tensor that Session.Run takes and fills: a *Tensor or a *DeviceTensor.
type Value interface {
	// Shape returns the dimensions; the caller must not change them.
	Shape() []int64
	// Type returns the element type.
	Type() ElementType
	// Close frees the tensor, at the end of the runs that use it. Closing twice is allowed.
	Close() error

	base() *handle
}
