//go:build !cgo

package vision

// Decoder cannot be made in a build without cgo.
type Decoder struct{}

// NewDecoder returns ErrUnavailable.
func NewDecoder() (*Decoder, error) { return nil, ErrUnavailable }

// Close does nothing.
func (*Decoder) Close() {}

// JPEGInfo returns ErrUnavailable.
func (*Decoder) JPEGInfo([]byte) (w, h int, err error) { return 0, 0, ErrUnavailable }

// DecodeJPEG returns ErrUnavailable.
func (*Decoder) DecodeJPEG([]byte, int, int, *Image) (denom int, err error) {
	return 0, ErrUnavailable
}

// Workspace cannot be made in a build without cgo.
type Workspace struct{}

// NewWorkspace returns ErrUnavailable.
func NewWorkspace() (*Workspace, error) { return nil, ErrUnavailable }

// Close does nothing.
func (*Workspace) Close() {}

// Resize returns ErrUnavailable.
func (*Workspace) Resize(*Image, int, int, *Image) error { return ErrUnavailable }

// Remap returns ErrUnavailable.
func (*Workspace) Remap(*Image, *RemapTable, uint8, *Image) error { return ErrUnavailable }

// FromNV12 returns ErrUnavailable.
func (*Workspace) FromNV12([]byte, int, int, *Image) error { return ErrUnavailable }

// RemapTable cannot be made in a build without cgo.
type RemapTable struct{}

// NewRemapTable returns ErrUnavailable.
func NewRemapTable(int, int, int, int, []float32, []float32) (*RemapTable, error) {
	return nil, ErrUnavailable
}

// Close does nothing.
func (*RemapTable) Close() {}
