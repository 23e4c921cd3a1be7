package npz

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sbinet/npyio/npy"
)

// maxArrayBytes bounds one array of a file, uncompressed.
const maxArrayBytes = 1 << 28

// File is an .npz file in memory.
type File struct {
	arrays map[string]*zip.File
	names  []string
}

// Open reads the directory of a file; data must not change while it is used.
func Open(data []byte) (*File, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("open npz: %w: the file is damaged, fetch it again", err)
	}
	f := &File{arrays: map[string]*zip.File{}}
	for _, e := range z.File {
		name := strings.TrimSuffix(e.Name, ".npy")
		f.arrays[name] = e
		f.names = append(f.names, name)
	}
	slices.Sort(f.names)
	return f, nil
}

// Names lists the arrays, sorted.
func (f *File) Names() []string { return f.names }

// Read returns one array in C order and its shape. The file's number format must be T's.
func Read[T float32 | int64 | uint8 | int32 | int8](f *File, name string) (data []T, shape []int, err error) {
	e, ok := f.arrays[name]
	if !ok {
		return nil, nil, fmt.Errorf("read array %s: the file has no such array", name)
	}
	if e.UncompressedSize64 > maxArrayBytes {
		return nil, nil, fmt.Errorf("read array %s: %d bytes are over the limit of %d", name, e.UncompressedSize64, maxArrayBytes)
	}
	r, err := e.Open()
	if err != nil {
		return nil, nil, fmt.Errorf("read array %s: %w", name, err)
	}
	defer func() {
		if cerr := r.Close(); err == nil && cerr != nil {
			err = fmt.Errorf("read array %s: %w", name, cerr)
		}
	}()
	// The decoder trusts the header's shape; what it may ask for is bounded by handing it no more bytes than the limit and
	// checking the shape first.
	raw, err := io.ReadAll(io.LimitReader(r, maxArrayBytes))
	if err != nil {
		return nil, nil, fmt.Errorf("read array %s: %w: the file is damaged, fetch it again", name, err)
	}
	n, err := npy.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, nil, fmt.Errorf("read array %s: %w", name, err)
	}
	count := 1
	for _, d := range n.Header.Descr.Shape {
		if d < 0 || (d > 0 && count > maxArrayBytes/d) {
			return nil, nil, fmt.Errorf("read array %s: shape %v is absurd", name, n.Header.Descr.Shape)
		}
		count *= d
	}
	if count > len(raw) {
		return nil, nil, fmt.Errorf("read array %s: %d bytes cannot hold shape %v: the file is truncated", name, len(raw), n.Header.Descr.Shape)
	}
	if n.Header.Descr.Fortran {
		return nil, nil, fmt.Errorf("read array %s: Fortran order: save it in C order", name)
	}
	if err := n.Read(&data); err != nil {
		return nil, nil, fmt.Errorf("read array %s as %T: %w", name, data, err)
	}
	return data, n.Header.Descr.Shape, nil
}
