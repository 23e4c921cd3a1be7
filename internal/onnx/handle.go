//go:build cgo

package onnx

import (
	"fmt"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// handle is what Tensor and DeviceTensor share: the library's value and its lifetime. It is freed when it
// is closed and no run uses it any more, so that Close during a run is safe.
type handle struct {
	shape  []int64
	typ    ElementType
	memory string // ONNX Runtime's name of the memory, with the device's number: "Cpu:0"
	value  ort.Value
	free   func() error

	mu     sync.Mutex
	runs   int
	closed bool
}

// Shape returns the dimensions; the caller must not change them.
func (h *handle) Shape() []int64 { return h.shape }

// Type returns the element type.
func (h *handle) Type() ElementType { return h.typ }

// Close frees the tensor, at the end of the runs that use it. Closing twice is allowed.
func (h *handle) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil
	}
	h.closed = true
	if h.runs > 0 {
		return nil
	}
	return h.free()
}

func (h *handle) base() *handle { return h }

// acquire keeps the value alive for a run.
func (h *handle) acquire() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return fmt.Errorf("tensor %s%v: %w", h.typ, h.shape, ErrClosed)
	}
	h.runs++
	return nil
}

// release ends a run's use of the value.
func (h *handle) release() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.runs--
	if h.closed && h.runs == 0 {
		return h.free()
	}
	return nil
}
