// Package npz writes and reads NumPy's .npz files: the tensors that training reads, and the golden tensors of model packages.
// Both are bounded: a file can be anybody's, and what is read of it never takes more memory than its size makes possible.
package npz

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/sbinet/npyio/npy/float16"
)

// Writer writes one file. Its bytes depend on the arrays only.
type Writer struct {
	file *os.File
	buf  *bufio.Writer
	zip  *zip.Writer
	err  error
}

// Create makes or empties the file. Close must be called.
func Create(path string) (*Writer, error) {
	f, err := os.Create(path) //nolint:gosec // the user names the folder
	if err != nil {
		return nil, err
	}
	b := bufio.NewWriterSize(f, 1<<16)
	w := &Writer{file: f, buf: b, zip: zip.NewWriter(b)}
	w.zip.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(out, flate.BestSpeed)
	})
	return w, nil
}

// Element is a number format that can be written and read.
type Element interface {
	uint8 | int8 | int32 | int64 | float32
}

// format is NumPy's name of a number format; all are little-endian.
func format(v any) string {
	switch v.(type) {
	case uint8:
		return "|u1"
	case int8:
		return "|i1"
	case int32:
		return "<i4"
	case int64:
		return "<i8"
	default: // the last of Element
		return "<f4"
	}
}

// Write adds an array in C order; the product of shape must be len(data). It returns the first error of the file.
func Write[T Element](w *Writer, name string, data []T, shape ...int) error {
	var v T
	return w.array(name, format(v), len(data), shape, func(out io.Writer) error {
		return binary.Write(out, binary.LittleEndian, data)
	})
}

// WriteHalf adds an array of float32 values cut to float16 (towards zero, as npyio does; subnormals become 0).
func WriteHalf(w *Writer, name string, data []float32, shape ...int) error {
	return w.array(name, "<f2", len(data), shape, func(out io.Writer) error {
		raw := make([]byte, 2*len(data))
		for i, v := range data {
			if v != 0 || math.Signbit(float64(v)) {
				binary.LittleEndian.PutUint16(raw[2*i:], float16.New(v).Uint16())
			}
		}
		_, err := out.Write(raw)
		return err
	})
}

func (w *Writer) array(name, descr string, n int, shape []int, write func(io.Writer) error) error {
	if w.err != nil {
		return w.err
	}
	want, words := 1, make([]string, len(shape))
	for i, d := range shape {
		if d < 0 {
			w.err = fmt.Errorf("write array %s: shape %v has a negative side", name, shape)
			return w.err
		}
		want *= d
		words[i] = fmt.Sprintf("%d,", d)
	}
	if want != n {
		w.err = fmt.Errorf("write array %s: %d values for shape %v", name, n, shape)
		return w.err
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, strings.Join(words, " "))
	pad := 64 - (10+len(header)+1)%64
	header += strings.Repeat(" ", pad%64) + "\n"
	out, err := w.zip.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Deflate})
	if err == nil {
		magic := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8)) //nolint:gosec // headers are short
		_, err = out.Write(append(magic, header...))
	}
	if err == nil {
		err = write(out)
	}
	if err != nil {
		w.err = fmt.Errorf("write array %s: %w", name, err)
	}
	return w.err
}

// Close finishes the file and returns the first error of the whole writing.
func (w *Writer) Close() error {
	if w.err == nil {
		w.err = errors.Join(w.zip.Close(), w.buf.Flush())
	}
	return errors.Join(w.err, w.file.Close())
}
