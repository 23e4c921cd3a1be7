//go:build cgo

package vision

import (
	"errors"
	"fmt"
	"math"

	"gocv.io/x/gocv"
)

// subpixels is OpenCV's resolution of a remap coordinate (INTER_TAB_SIZE): 1/32 of a pixel.
const subpixels = 32

// outside is a coordinate that no picture has; a neighbour of it is outside too.
const outside = -2

// RemapTable says for each pixel of a destination where in the source it comes from. It is fixed point (OpenCV's
// CV_16SC2 with a CV_16UC1 of fractions, the fastest form), owns C memory and is freed by Close.
type RemapTable struct {
	srcW, srcH int
	xy, frac   buffer
}

// NewRemapTable makes a table from source pixel coordinates, pixel centres at integers: x[i], y[i] for destination pixel
// i = row*dstW + column, both of length dstW*dstH. They are rounded to 1/32 of a pixel. NaN and what is farther than half
// a pixel outside the source means "outside"; what lies within that half pixel takes the edge's value. No side may
// exceed 32766. The slices are not kept.
func NewRemapTable(srcW, srcH, dstW, dstH int, x, y []float32) (*RemapTable, error) {
	for _, side := range [...]struct {
		name string
		w, h int
	}{{"source", srcW, srcH}, {"destination", dstW, dstH}} {
		if err := checkSize(side.w, side.h); err != nil {
			return nil, fmt.Errorf("make remap table: %s: %w", side.name, err)
		}
		if side.w > maxSide || side.h > maxSide {
			return nil, fmt.Errorf("make remap table: %s %dx%d has a side over %d", side.name, side.w, side.h, maxSide)
		}
	}
	n := dstW * dstH
	if len(x) != n || len(y) != n {
		return nil, fmt.Errorf("make remap table: %d and %d coordinates for %dx%d pixels", len(x), len(y), dstW, dstH)
	}
	if err := singleThread(); err != nil {
		return nil, err
	}
	t := &RemapTable{srcW: srcW, srcH: srcH}
	if err := errors.Join(t.xy.shape(dstH, dstW, gocv.MatTypeCV16SC2), t.frac.shape(dstH, dstW, gocv.MatTypeCV16U)); err != nil {
		t.Close()
		return nil, fmt.Errorf("make remap table: %w", err)
	}
	xy, errXY := t.xy.mat.DataPtrInt16()
	frac, errFrac := t.frac.mat.DataPtrUint16()
	if err := errors.Join(errXY, errFrac); err != nil {
		t.Close()
		return nil, fmt.Errorf("make remap table: %w", err)
	}
	for i := range x {
		qx, okX := fixed(x[i], srcW)
		qy, okY := fixed(y[i], srcH)
		if !okX || !okY {
			qx, qy = outside*subpixels, outside*subpixels
		}
		xy[2*i], xy[2*i+1] = int16(qx>>5), int16(qy>>5)                  //nolint:gosec // fixed stays below maxSide*32
		frac[i] = uint16(qy&(subpixels-1))<<5 | uint16(qx&(subpixels-1)) //nolint:gosec // two five-bit numbers
	}
	return t, nil
}

// Close frees the table; the second call does nothing.
func (t *RemapTable) Close() {
	t.xy.close()
	t.frac.close()
}

// fixed returns v in 1/32 pixels, drawn to the edge from up to half a pixel outside; ok is false beyond, and for NaN.
func fixed(v float32, side int) (q int, ok bool) {
	last := float64(side - 1)
	f := float64(v)
	if !(f >= -0.5 && f <= last+0.5) {
		return 0, false
	}
	return int(math.Round(math.Min(math.Max(f, 0), last) * subpixels)), true
}
