package degrade

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"

	"github.com/fusiond/fusiond/sensors"
)

// picture is one decoded image and the memory for it: codes are H x W x 3, sRGB.
type picture struct {
	w, h    int
	codes   []uint8
	grey    bool // one channel: written back so
	quality int  // of the JPEG it came from
	rgba    *image.RGBA
	file    bytes.Buffer
}

// maxPicturePixels bounds a picture before it is decoded.
const maxPicturePixels = 64 << 20

// read decodes a frame.
func (p *picture) read(f *sensors.CameraFrame) error {
	p.w, p.h, p.grey = f.Width, f.Height, false
	if n := p.w * p.h; p.w <= 0 || p.h <= 0 || n > maxPicturePixels {
		return fmt.Errorf("picture of %dx%d: at most %d pixels are read", p.w, p.h, maxPicturePixels)
	}
	p.codes = grown(p.codes, 3*p.w*p.h)
	switch f.Encoding {
	case sensors.JPEG, sensors.PNG:
		return p.readFile(f)
	case sensors.RGB8, sensors.BGR8, sensors.GRAY8, sensors.NV12:
		if want := f.Encoding.RawSize(p.w, p.h); len(f.Data) != want {
			return fmt.Errorf("%s picture of %dx%d has %d bytes, want %d", f.Encoding, p.w, p.h, len(f.Data), want)
		}
		p.readRaw(f)
		return nil
	}
	return fmt.Errorf("encoding %s is not known", f.Encoding)
}

func (p *picture) readFile(f *sensors.CameraFrame) error {
	config, decode := jpeg.DecodeConfig, jpeg.Decode
	if f.Encoding == sensors.PNG {
		config, decode = png.DecodeConfig, png.Decode
	} else {
		p.quality = jpegQuality(f.Data)
	}
	c, err := config(bytes.NewReader(f.Data))
	if err != nil {
		return err
	}
	if c.Width != p.w || c.Height != p.h {
		return fmt.Errorf("the image is %dx%d, the message says %dx%d", c.Width, c.Height, p.w, p.h)
	}
	img, err := decode(bytes.NewReader(f.Data))
	if err != nil {
		return err
	}
	switch m := img.(type) {
	case *image.YCbCr:
		p.fromYCbCr(m)
	case *image.Gray:
		p.grey = true
		for y := range p.h {
			p.spread(m.Pix[y*m.Stride:][:p.w], y)
		}
	default:
		for y := range p.h {
			for x := range p.w {
				r, g, b, _ := img.At(img.Bounds().Min.X+x, img.Bounds().Min.Y+y).RGBA()
				to := p.codes[3*(y*p.w+x):][:3]
				to[0], to[1], to[2] = uint8(r>>8), uint8(g>>8), uint8(b>>8)
			}
		}
	}
	return nil
}

// spread fills a row of all three channels from one.
func (p *picture) spread(row []uint8, y int) {
	to := p.codes[3*y*p.w:][:3*p.w]
	for x, v := range row {
		to[3*x], to[3*x+1], to[3*x+2] = v, v, v
	}
}

func (p *picture) fromYCbCr(m *image.YCbCr) {
	half := 0 // chroma columns a pixel, as a shift
	if m.SubsampleRatio == image.YCbCrSubsampleRatio420 || m.SubsampleRatio == image.YCbCrSubsampleRatio422 {
		half = 1
	}
	plain := half == 1 || m.SubsampleRatio == image.YCbCrSubsampleRatio444 || m.SubsampleRatio == image.YCbCrSubsampleRatio440
	for y := range p.h {
		to := p.codes[3*y*p.w:][:3*p.w]
		luma := m.Y[m.YOffset(m.Rect.Min.X, m.Rect.Min.Y+y):]
		at := m.COffset(m.Rect.Min.X, m.Rect.Min.Y+y)
		for x := range p.w {
			c := at + x>>half
			if !plain {
				c = m.COffset(m.Rect.Min.X+x, m.Rect.Min.Y+y)
			}
			to[3*x], to[3*x+1], to[3*x+2] = fromYCC(int32(luma[x]), int32(m.Cb[c]), int32(m.Cr[c]))
		}
	}
}

// fromYCC is JFIF's conversion (ITU-R BT.601, full range) in 16-bit fixed point.
func fromYCC(y, cb, cr int32) (r, g, b uint8) {
	y = y<<16 + 1<<15
	cb, cr = cb-128, cr-128
	return clamp8((y + 91881*cr) >> 16), clamp8((y - 22554*cb - 46802*cr) >> 16), clamp8((y + 116130*cb) >> 16)
}

// toYCC is its inverse.
func toYCC(r, g, b int32) (y, cb, cr uint8) {
	return clamp8((19595*r + 38470*g + 7471*b + 1<<15) >> 16),
		clamp8((-11056*r-21712*g+32768*b+1<<15)>>16 + 128), clamp8((32768*r-27440*g-5328*b+1<<15)>>16 + 128)
}

func clamp8(v int32) uint8 { return uint8(min(max(v, 0), 255)) }

func (p *picture) readRaw(f *sensors.CameraFrame) {
	n := p.w * p.h
	switch f.Encoding {
	case sensors.RGB8:
		copy(p.codes, f.Data)
	case sensors.BGR8:
		for i := range n {
			p.codes[3*i], p.codes[3*i+1], p.codes[3*i+2] = f.Data[3*i+2], f.Data[3*i+1], f.Data[3*i]
		}
	case sensors.GRAY8:
		p.grey = true
		for y := range p.h {
			p.spread(f.Data[y*p.w:][:p.w], y)
		}
	default: // NV12
		for i := range n {
			c := n + (i/p.w/2)*p.w + i%p.w&^1
			to := p.codes[3*i : 3*i+3]
			to[0], to[1], to[2] = fromYCC(int32(f.Data[i]), int32(f.Data[c]), int32(f.Data[c+1]))
		}
	}
}

// write encodes the picture as the frame was; the result is the picture's until the next one.
func (p *picture) write(e sensors.Encoding) ([]byte, error) {
	p.file.Reset()
	switch e {
	case sensors.JPEG:
		err := jpeg.Encode(&p.file, p.image(), &jpeg.Options{Quality: p.quality})
		return p.file.Bytes(), err
	case sensors.PNG:
		err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&p.file, p.image())
		return p.file.Bytes(), err
	case sensors.RGB8, sensors.BGR8, sensors.GRAY8, sensors.NV12:
		return p.raw(e), nil
	}
	return nil, errors.New("encoding is not known")
}

// image is the picture for the encoders of the standard library.
func (p *picture) image() image.Image {
	if p.grey {
		m := image.NewGray(image.Rect(0, 0, p.w, p.h))
		for i := range m.Pix {
			m.Pix[i] = p.codes[3*i+1]
		}
		return m
	}
	if p.rgba == nil || p.rgba.Rect.Dx() != p.w || p.rgba.Rect.Dy() != p.h {
		p.rgba = image.NewRGBA(image.Rect(0, 0, p.w, p.h))
	}
	for i := range p.w * p.h {
		to, from := p.rgba.Pix[4*i:4*i+4:4*i+4], p.codes[3*i:3*i+3:3*i+3]
		to[0], to[1], to[2], to[3] = from[0], from[1], from[2], 255
	}
	return p.rgba
}

func (p *picture) raw(e sensors.Encoding) []byte {
	n := p.w * p.h
	out := make([]byte, e.RawSize(p.w, p.h))
	switch e {
	case sensors.RGB8:
		copy(out, p.codes)
	case sensors.BGR8:
		for i := range n {
			out[3*i], out[3*i+1], out[3*i+2] = p.codes[3*i+2], p.codes[3*i+1], p.codes[3*i]
		}
	case sensors.GRAY8:
		for i := range n {
			out[i] = p.codes[3*i+1]
		}
	default: // NV12: the chroma of four pixels is that of their mean
		for i := range n {
			out[i], _, _ = toYCC(int32(p.codes[3*i]), int32(p.codes[3*i+1]), int32(p.codes[3*i+2]))
		}
		for y := 0; y+1 < p.h; y += 2 {
			for x := 0; x+1 < p.w; x += 2 {
				var sum [3]int32
				for _, i := range [...]int{y*p.w + x, y*p.w + x + 1, (y+1)*p.w + x, (y+1)*p.w + x + 1} {
					for c := range sum {
						sum[c] += int32(p.codes[3*i+c])
					}
				}
				c := n + y/2*p.w + x
				_, out[c], out[c+1] = toYCC((sum[0]+2)/4, (sum[1]+2)/4, (sum[2]+2)/4)
			}
		}
	}
	return out
}

// grown is a slice of n elements, with the old one's memory where it is large enough.
func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
