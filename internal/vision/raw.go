package vision

import (
	"errors"
	"fmt"
)

var errNoDst = errors.New("no destination image")

// ViewRGB8 returns packed RGB bytes as a picture that shares data's memory: nothing is copied, and the picture is for
// reading only while data belongs to someone else. len(data) must be exactly 3*w*h.
func ViewRGB8(data []byte, w, h int) (Image, error) {
	if err := checkRaw("rgb8", len(data), w, h, 3); err != nil {
		return Image{}, err
	}
	return Image{Width: w, Height: h, Pix: data[:len(data):len(data)]}, nil
}

// FromBGR8 writes packed BGR bytes as RGB into dst. len(data) must be exactly 3*w*h.
func FromBGR8(data []byte, w, h int, dst *Image) error {
	if err := checkRaw("bgr8", len(data), w, h, 3); err != nil {
		return err
	}
	if dst == nil {
		return errNoDst
	}
	dst.reserve(w, h)
	pix := dst.Pix[:len(data)]
	for i := 0; i+2 < len(data); i += 3 {
		pix[i], pix[i+1], pix[i+2] = data[i+2], data[i+1], data[i]
	}
	return nil
}

// FromGRAY8 writes gray bytes as RGB with equal channels into dst. len(data) must be exactly w*h.
func FromGRAY8(data []byte, w, h int, dst *Image) error {
	if err := checkRaw("gray8", len(data), w, h, 1); err != nil {
		return err
	}
	if dst == nil {
		return errNoDst
	}
	dst.reserve(w, h)
	pix := dst.Pix
	for i, g := range data {
		o := pix[3*i : 3*i+3 : 3*i+3]
		o[0], o[1], o[2] = g, g, g
	}
	return nil
}

// checkNV12 refuses what is not w*h luma bytes followed by w*h/2 bytes of interleaved Cb and Cr, both sides even.
func checkNV12(n, w, h int) error {
	if err := checkSize(w, h); err != nil {
		return fmt.Errorf("nv12: %w", err)
	}
	if w%2 != 0 || h%2 != 0 {
		return fmt.Errorf("nv12: size %dx%d is odd: the format has one colour for 2x2 pixels", w, h)
	}
	if want := w * h / 2 * 3; n != want {
		return fmt.Errorf("nv12: %d bytes, want %d for %dx%d: check the camera driver's stride and size", n, want, w, h)
	}
	return nil
}

func checkRaw(format string, n, w, h, bytesPerPixel int) error {
	if err := checkSize(w, h); err != nil {
		return fmt.Errorf("%s: %w", format, err)
	}
	if want := bytesPerPixel * w * h; n != want {
		return fmt.Errorf("%s: %d bytes, want %d for %dx%d: check the camera driver's stride and size", format, n, want, w, h)
	}
	return nil
}
