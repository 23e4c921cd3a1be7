package vision

import (
	"errors"
	"fmt"
)

// MaxPixels bounds every picture, 64 megapixels: the largest automotive imagers have about 18.
const MaxPixels = 64_000_000

// ErrUnavailable is wrapped by what needs OpenCV or TurboJPEG in a build without cgo.
var ErrUnavailable = errors.New("built without cgo: OpenCV and TurboJPEG are missing: build with CGO_ENABLED=1")

var errClosed = errors.New("used after Close")

// Image is a packed RGB picture, 8 bits a channel, row-major, without padding between rows: Pix[3*(y*Width+x)] is the
// red of pixel (x, y), and len(Pix) = 3*Width*Height. The zero value is an empty picture, fit as a destination.
type Image struct {
	Width, Height int
	Pix           []byte
}

// Check returns an error unless the picture has pixels, is within MaxPixels and Pix has exactly the length it needs.
func (m *Image) Check() error {
	if m == nil {
		return errors.New("no image")
	}
	if err := checkSize(m.Width, m.Height); err != nil {
		return err
	}
	if want := 3 * m.Width * m.Height; len(m.Pix) != want {
		return fmt.Errorf("image %dx%d has %d bytes, want %d", m.Width, m.Height, len(m.Pix), want)
	}
	return nil
}

// Rows returns rows [from, to) as a picture that shares m's memory.
func (m *Image) Rows(from, to int) (Image, error) {
	if err := m.Check(); err != nil {
		return Image{}, err
	}
	if from < 0 || to > m.Height || from >= to {
		return Image{}, fmt.Errorf("rows [%d, %d) of an image of %d rows", from, to, m.Height)
	}
	return Image{Width: m.Width, Height: to - from, Pix: m.Pix[3*m.Width*from : 3*m.Width*to]}, nil
}

// reserve gives m the size w x h, keeping its memory where it suffices. The caller has checked the size.
func (m *Image) reserve(w, h int) {
	n := 3 * w * h
	if cap(m.Pix) < n {
		m.Pix = make([]byte, n)
	}
	m.Width, m.Height, m.Pix = w, h, m.Pix[:n]
}

// checkSize refuses sizes that are not positive or beyond MaxPixels; it cannot overflow.
func checkSize(w, h int) error {
	if w <= 0 || h <= 0 {
		return fmt.Errorf("size %dx%d is not positive", w, h)
	}
	if w > MaxPixels/h {
		return fmt.Errorf("size %dx%d is over %d megapixels", w, h, MaxPixels/1_000_000)
	}
	return nil
}
