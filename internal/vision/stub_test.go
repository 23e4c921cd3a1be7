//go:build !cgo

package vision

import (
	"errors"
	"testing"
)

func TestStubs(t *testing.T) {
	_, errDecoder := NewDecoder()
	_, errWorkspace := NewWorkspace()
	_, errTable := NewRemapTable(1, 1, 1, 1, []float32{0}, []float32{0})
	for _, err := range []error{errDecoder, errWorkspace, errTable} {
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
	}
}
