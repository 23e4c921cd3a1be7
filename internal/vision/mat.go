//go:build cgo

package vision

/*
#cgo !customenv pkg-config: opencv4
#cgo CXXFLAGS: -std=c++11
#include "threads.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"sync"

	"gocv.io/x/gocv"
)

// maxSide is what one side of a picture may have in remap, which keeps coordinates in 16 bits.
const maxSide = 32766

// singleThread runs once, before the first OpenCV call of the process.
var singleThread = sync.OnceValue(func() error {
	if C.fd_single_thread() != 0 {
		return errors.New("set OpenCV to one thread: cv::setNumThreads(1) did not take effect")
	}
	return nil
})

// buffer is one OpenCV matrix with its memory in C, kept while size and type stay. pix is that memory as bytes.
type buffer struct {
	mat        gocv.Mat
	pix        []byte
	rows, cols int
	typ        gocv.MatType
	made       bool
}

// shape gives b the wanted shape. The caller has checked that rows and cols are positive and bounded.
func (b *buffer) shape(rows, cols int, typ gocv.MatType) error {
	if b.made && b.rows == rows && b.cols == cols && b.typ == typ {
		return nil
	}
	b.close()
	mat := gocv.NewMatWithSize(rows, cols, typ)
	pix, err := mat.DataPtrUint8()
	if err != nil {
		return errors.Join(fmt.Errorf("make %dx%d matrix: %w", cols, rows, err), mat.Close())
	}
	*b = buffer{mat: mat, pix: pix, rows: rows, cols: cols, typ: typ, made: true}
	return nil
}

// kept says whether OpenCV left the output in place. It replaces an output's memory only when the shape differs from
// what it computes, which would be a mistake here: pix would be dangling.
func (b *buffer) kept() bool {
	return b.mat.Rows() == b.rows && b.mat.Cols() == b.cols && b.mat.Type() == b.typ
}

func (b *buffer) close() {
	if b.made {
		// Close of a made Mat deletes it and always returns nil (gocv v0.31.0).
		_ = b.mat.Close()
	}
	*b = buffer{}
}
