//go:build cgo

package vision

import (
	"errors"
	"fmt"
	"image"
	"image/color"

	"gocv.io/x/gocv"
)

// Workspace runs OpenCV's picture operations. It owns the C memory they work in, kept from call to call and freed by
// Close. Not for concurrent use.
type Workspace struct {
	in, out buffer
	closed  bool
}

// NewWorkspace makes a Workspace; call Close when done. The first one sets OpenCV to one thread for the whole process.
func NewWorkspace() (*Workspace, error) {
	if err := singleThread(); err != nil {
		return nil, err
	}
	return &Workspace{}, nil
}

// Close frees the C memory; the second call does nothing.
func (s *Workspace) Close() {
	s.in.close()
	s.out.close()
	s.closed = true
}

// Resize scales src to w x h into dst: by area averaging where neither side grows, bilinearly otherwise. Pixel centres
// are kept: x' + 0.5 = (x + 0.5) * w / src.Width. src and dst may be the same picture.
func (s *Workspace) Resize(src *Image, w, h int, dst *Image) error {
	if err := s.check(src, dst); err != nil {
		return fmt.Errorf("resize: %w", err)
	}
	if err := checkSize(w, h); err != nil {
		return fmt.Errorf("resize to %dx%d: %w", w, h, err)
	}
	how := gocv.InterpolationLinear
	if w <= src.Width && h <= src.Height {
		how = gocv.InterpolationArea
	}
	if err := s.load(src.Pix, src.Height, src.Width, gocv.MatTypeCV8UC3); err != nil {
		return fmt.Errorf("resize: %w", err)
	}
	if err := s.out.shape(h, w, gocv.MatTypeCV8UC3); err != nil {
		return fmt.Errorf("resize: %w", err)
	}
	gocv.Resize(s.in.mat, &s.out.mat, image.Pt(w, h), 0, 0, how)
	return s.store(w, h, dst)
}

// Remap writes to each pixel of dst what src has where the table says, interpolated bilinearly; pixels whose place is
// outside src get the gray level fill. dst gets the table's size; src must have the size the table was made for. src and
// dst may be the same picture.
func (s *Workspace) Remap(src *Image, t *RemapTable, fill uint8, dst *Image) error {
	if err := s.check(src, dst); err != nil {
		return fmt.Errorf("remap: %w", err)
	}
	if t == nil || !t.xy.made {
		return errors.New("remap: no table, or a closed one")
	}
	if src.Width != t.srcW || src.Height != t.srcH {
		return fmt.Errorf("remap: image is %dx%d, the table is for %dx%d", src.Width, src.Height, t.srcW, t.srcH)
	}
	if err := s.load(src.Pix, src.Height, src.Width, gocv.MatTypeCV8UC3); err != nil {
		return fmt.Errorf("remap: %w", err)
	}
	if err := s.out.shape(t.xy.rows, t.xy.cols, gocv.MatTypeCV8UC3); err != nil {
		return fmt.Errorf("remap: %w", err)
	}
	border := color.RGBA{R: fill, G: fill, B: fill}
	gocv.Remap(s.in.mat, &s.out.mat, &t.xy.mat, &t.frac.mat, gocv.InterpolationLinear, gocv.BorderConstant, border)
	return s.store(t.xy.cols, t.xy.rows, dst)
}

// FromNV12 writes an NV12 picture (w*h luma bytes, then interleaved Cb and Cr at half the size) as RGB into dst. Colours
// are BT.601 with luma 16..235, which is what OpenCV and most capture drivers mean by NV12. w and h must be even and
// len(data) exactly w*h*3/2.
func (s *Workspace) FromNV12(data []byte, w, h int, dst *Image) error {
	if s.closed {
		return fmt.Errorf("nv12: workspace %w", errClosed)
	}
	if err := checkNV12(len(data), w, h); err != nil {
		return err
	}
	if dst == nil {
		return errNoDst
	}
	if err := s.load(data, h/2*3, w, gocv.MatTypeCV8U); err != nil {
		return fmt.Errorf("nv12: %w", err)
	}
	if err := s.out.shape(h, w, gocv.MatTypeCV8UC3); err != nil {
		return fmt.Errorf("nv12: %w", err)
	}
	gocv.CvtColor(s.in.mat, &s.out.mat, gocv.ColorYUVToRGBNV12)
	return s.store(w, h, dst)
}

func (s *Workspace) check(src, dst *Image) error {
	if s.closed {
		return fmt.Errorf("workspace %w", errClosed)
	}
	if dst == nil {
		return errNoDst
	}
	if err := src.Check(); err != nil {
		return fmt.Errorf("source: %w", err)
	}
	return nil
}

// load copies data into the input matrix. The copy (under 2 % of a decode) keeps Go memory out of C's hands.
func (s *Workspace) load(data []byte, rows, cols int, typ gocv.MatType) error {
	if err := s.in.shape(rows, cols, typ); err != nil {
		return err
	}
	if len(s.in.pix) != len(data) {
		return fmt.Errorf("%d bytes for a matrix of %d", len(data), len(s.in.pix))
	}
	copy(s.in.pix, data)
	return nil
}

func (s *Workspace) store(w, h int, dst *Image) error {
	if !s.out.kept() {
		s.out.close()
		return fmt.Errorf("OpenCV returned another shape than %dx%d RGB", w, h)
	}
	dst.reserve(w, h)
	copy(dst.Pix, s.out.pix)
	return nil
}
