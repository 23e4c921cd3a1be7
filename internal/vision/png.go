package vision

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
)

// DecodePNG decodes a PNG of any colour type into dst: 16-bit channels lose their low byte, transparent pixels are laid
// over black. The size is checked before pixels are allocated. A truncated or damaged file is an error, and dst is then
// unchanged. PNG is for tools and tests, not for a live camera: it allocates.
func DecodePNG(data []byte, dst *Image) error {
	if dst == nil {
		return errNoDst
	}
	head, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("decode png header of %d bytes: %w", len(data), err)
	}
	if err := checkSize(head.Width, head.Height); err != nil {
		return fmt.Errorf("decode png: %w", err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("decode png %dx%d of %d bytes: %w: the file is damaged", head.Width, head.Height, len(data), err)
	}
	b := img.Bounds()
	rgba, ok := img.(*image.RGBA)
	if !ok {
		rgba = image.NewRGBA(b)
		draw.Draw(rgba, b, img, b.Min, draw.Src)
	}
	dst.reserve(b.Dx(), b.Dy())
	for y := range dst.Height {
		in := rgba.Pix[y*rgba.Stride : y*rgba.Stride+4*dst.Width]
		out := dst.Pix[3*y*dst.Width : 3*(y+1)*dst.Width]
		for x := range dst.Width {
			copy(out[3*x:3*x+3], in[4*x:4*x+3])
		}
	}
	return nil
}
