package npz

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxArrayBytes bounds one array of a file, uncompressed.
const maxArrayBytes = 1 << 28

// maxRatio is how many bytes one byte of deflate can stand for at most (zlib's technical notes: 1032).
const maxRatio = 1032

// File is an .npz file in memory.
type File struct {
	arrays map[string]*zip.File
	names  []string
	size   uint64
}

// Open reads the directory of a file; data must not change while it is used. Arrays are read, and checked, by Read.
func Open(data []byte) (*File, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("open npz: %w: the file is damaged, fetch it again", err)
	}
	f := &File{arrays: map[string]*zip.File{}, size: uint64(len(data))}
	for _, e := range z.File {
		name := strings.TrimSuffix(e.Name, ".npy")
		if f.arrays[name] != nil {
			return nil, fmt.Errorf("open npz: array %q is there twice: the file is damaged, fetch it again", name)
		}
		f.arrays[name] = e
		f.names = append(f.names, name)
	}
	slices.Sort(f.names)
	return f, nil
}

// Names lists the arrays, sorted.
func (f *File) Names() []string { return f.names }

// Read returns one array in C order and its shape (empty for a single number). The file's number format must be T's, its order C,
// and its size what the shape says. Memory is only taken for what the file's own size makes possible, and never over 256 MiB.
func Read[T Element](f *File, name string) (data []T, shape []int, err error) {
	e, ok := f.arrays[name]
	if !ok {
		return nil, nil, fmt.Errorf("read array %s: the file has no such array", name)
	}
	data, shape, err = readArray[T](f, e)
	if err != nil {
		return nil, nil, fmt.Errorf("read array %s: %w", name, err)
	}
	return data, shape, nil
}

func readArray[T Element](f *File, e *zip.File) (data []T, shape []int, err error) {
	if e.UncompressedSize64 > maxArrayBytes {
		return nil, nil, fmt.Errorf("%d bytes are over the limit of %d", e.UncompressedSize64, maxArrayBytes)
	}
	if e.CompressedSize64 > f.size || e.UncompressedSize64 > maxRatio*(e.CompressedSize64+1) {
		return nil, nil, fmt.Errorf("%d bytes cannot come out of %d in a file of %d: the file is damaged, fetch it again",
			e.UncompressedSize64, e.CompressedSize64, f.size)
	}
	r, err := e.Open()
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	h, err := readHeader(r)
	if err != nil {
		return nil, nil, err
	}
	var zero T
	if want := format(zero); h.descr != want {
		return nil, nil, fmt.Errorf("holds numbers of format %q, want %q: save it as %T", h.descr, want, zero)
	}
	if h.fortran {
		return nil, nil, errors.New("holds numbers in Fortran order: save it in C order")
	}
	n, err := count(h.shape, binary.Size(zero))
	if err != nil {
		return nil, nil, err
	}
	if got, want := e.UncompressedSize64, uint64(h.size+n*binary.Size(zero)); got != want { //nolint:gosec // below 2^28
		return nil, nil, fmt.Errorf("has %d bytes, want %d for shape %v: the file is damaged, fetch it again", got, want, h.shape)
	}
	data = make([]T, n)
	if err := binary.Read(r, binary.LittleEndian, data); err != nil {
		return nil, nil, fmt.Errorf("numbers: %w: the file is damaged, fetch it again", noEOF(err))
	}
	// The checksum is compared at the end of the stream, which must be here.
	switch _, err := io.ReadFull(r, make([]byte, 1)); {
	case err == nil:
		return nil, nil, errors.New("goes on after its numbers: the file is damaged, fetch it again")
	case !errors.Is(err, io.EOF):
		return nil, nil, fmt.Errorf("numbers: %w: the file is damaged, fetch it again", err)
	}
	return data, h.shape, nil
}

// count is the number of elements of a shape; they must fit into the limit.
func count(shape []int, elementBytes int) (int, error) {
	n := 1
	for _, d := range shape {
		if d > 0 && n > maxArrayBytes/elementBytes/d {
			return 0, fmt.Errorf("shape %v is over the limit of %d bytes", shape, maxArrayBytes)
		}
		n *= d
	}
	return n, nil
}
