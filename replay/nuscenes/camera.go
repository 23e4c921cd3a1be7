package nuscenes

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // for the size in the header
	_ "image/png"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

var (
	jpegMagic = []byte{0xff, 0xd8, 0xff}
	pngMagic  = []byte{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}
)

// makeFrame builds the message of one exposure from an image file. The file's bytes go out as they are; the form is told
// by its first bytes. width and height are the table's and may be zero: then the image's header says. Blank files and
// other forms are refused; a picture that is cut short is not looked for here, its decoder will refuse it.
func makeFrame(header *fusionv1.Header, file []byte, width, height int) (*fusionv1.CameraFrame, error) {
	f := &fusionv1.CameraFrame{Header: header, Data: file}
	switch {
	case bytes.HasPrefix(file, jpegMagic):
		f.Encoding = fusionv1.ImageEncoding_IMAGE_ENCODING_JPEG
	case bytes.HasPrefix(file, pngMagic):
		f.Encoding = fusionv1.ImageEncoding_IMAGE_ENCODING_PNG
	case len(file) == 0:
		return nil, errors.New("it is empty")
	default:
		return nil, errors.New("it is neither JPEG nor PNG")
	}
	if width <= 0 || height <= 0 {
		c, _, err := image.DecodeConfig(bytes.NewReader(file))
		if err != nil {
			return nil, fmt.Errorf("size of the image: %w", err)
		}
		width, height = c.Width, c.Height
	}
	const maxSide = 1 << 16
	if width > maxSide || height > maxSide {
		return nil, fmt.Errorf("%d x %d pixels are more than %d a side", width, height, maxSide)
	}
	f.Width, f.Height = uint32(width), uint32(height) //nolint:gosec // bounded above
	return f, nil
}
