package camera

import (
	"fmt"

	"github.com/fusiond/fusiond/internal/vision"
	"github.com/fusiond/fusiond/sensors"
)

// decode returns the frame as RGB, at 1/denom of its size where the encoding allows less work for fewer pixels. The
// picture lives until the next call: it shares the memory of p or of the frame.
func (p *Preprocessor) decode(f *sensors.CameraFrame) (img vision.Image, denom int, err error) {
	denom = 1
	switch f.Encoding {
	case sensors.JPEG:
		w, h, err := p.jpeg.JPEGInfo(f.Data)
		if err != nil {
			return vision.Image{}, 0, err
		}
		if err := sameSize("jpeg", w, h, f); err != nil {
			return vision.Image{}, 0, err
		}
		if denom, err = p.jpeg.DecodeJPEG(f.Data, p.minW, p.minH, &p.decoded); err != nil {
			return vision.Image{}, 0, err
		}
	case sensors.PNG:
		if err := vision.DecodePNG(f.Data, &p.decoded); err != nil {
			return vision.Image{}, 0, err
		}
		if err := sameSize("png", p.decoded.Width, p.decoded.Height, f); err != nil {
			return vision.Image{}, 0, err
		}
	case sensors.RGB8:
		img, err := vision.ViewRGB8(f.Data, f.Width, f.Height)
		return img, 1, err
	case sensors.BGR8:
		err = vision.FromBGR8(f.Data, f.Width, f.Height, &p.decoded)
	case sensors.GRAY8:
		err = vision.FromGRAY8(f.Data, f.Width, f.Height, &p.decoded)
	case sensors.NV12:
		err = p.convert.FromNV12(f.Data, f.Width, f.Height, &p.decoded)
	default:
		err = fmt.Errorf("encoding %d is unknown: send JPEG, PNG, RGB8, BGR8, NV12 or GRAY8", f.Encoding)
	}
	return p.decoded, denom, err
}

func sameSize(format string, w, h int, f *sensors.CameraFrame) error {
	if w != f.Width || h != f.Height {
		return fmt.Errorf("the %s is %dx%d, the message says %dx%d", format, w, h, f.Width, f.Height)
	}
	return nil
}
