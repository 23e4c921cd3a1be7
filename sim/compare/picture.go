package compare

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math"

	"golang.org/x/image/draw"
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

// The networks' picture: the whole width of a camera, rows about the horizon, which lies at a share of the height from the top.
const (
	viewWidth, viewHeight = 256, 96
	viewHorizon           = 0.42
	windowSide            = 32
)

// maxPixels bounds what a recorded picture may unpack to.
const maxPixels = 1 << 25

// errNotJPEG says that a picture is stored in another way than the ones that are compared.
var errNotJPEG = errors.New("only JPEG pictures are compared")

// decode unpacks a recorded picture.
func decode(f *sensors.CameraFrame) (image.Image, error) {
	if f.Encoding != sensors.JPEG {
		return nil, fmt.Errorf("picture of %s: %w", f.Sensor, errNotJPEG)
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(f.Data))
	if err != nil {
		return nil, fmt.Errorf("picture of %s: %w", f.Sensor, err)
	}
	if c.Width*c.Height > maxPixels {
		return nil, fmt.Errorf("picture of %s: %dx%d pixels are more than %d", f.Sensor, c.Width, c.Height, maxPixels)
	}
	img, err := jpeg.Decode(bytes.NewReader(f.Data))
	if err != nil {
		return nil, fmt.Errorf("picture of %s: %w", f.Sensor, err)
	}
	return img, nil
}

// view scales a picture down to the network's, by area, and cuts out the rows about the horizon.
func view(img image.Image, s *sensors.Sensor) *image.RGBA {
	b := img.Bounds()
	scale := float64(viewWidth) / float64(b.Dx())
	rows := max(viewHeight, int(math.Round(float64(b.Dy())*scale)))
	small := image.NewRGBA(image.Rect(0, 0, viewWidth, rows))
	draw.CatmullRom.Scale(small, small.Bounds(), img, b, draw.Src, nil)
	top := (rows - viewHeight) / 2
	if k := s.Intrinsics; k != nil {
		k2 := float64(viewWidth) / float64(k.Width)
		axis := s.EgoFromSensor.Rotate(r3.Vec{Z: 1})
		level := s.EgoFromSensor.Inverse().Rotate(r3.Vec{X: axis.X, Y: axis.Y})
		if level.Z > 0 {
			top = int(math.Round((k.Cy+0.5)*k2 - 0.5 + k.Fy*k2*level.Y/level.Z - viewHorizon*viewHeight))
		}
	}
	top = max(0, min(top, rows-viewHeight))
	out := image.NewRGBA(image.Rect(0, 0, viewWidth, viewHeight))
	draw.Draw(out, out.Bounds(), small, image.Pt(0, top), draw.Src)
	return out
}

// addPicture measures a picture at network scale.
func (s *Statistics) addPicture(first int, img *image.RGBA) {
	s.Pictures++
	d := s.Distributions[first : first+cameraDistributions]
	w, h := img.Rect.Dx(), img.Rect.Dy()
	y := make([]float64, w*h)
	for i := range y {
		p := img.Pix[4*i : 4*i+3]
		r, g, b := float64(p[0]), float64(p[1]), float64(p[2])
		y[i] = 0.299*r + 0.587*g + 0.114*b // BT.601
		d[luma].add(y[i])
		if high := max(r, g, b); high > 0 {
			d[saturation].add((high - min(r, g, b)) / high)
		}
	}
	for j := 1; j < h-1; j++ {
		for i := 1; i < w-1; i++ {
			at := j*w + i
			d[edges].add(math.Hypot(y[at+1]-y[at-1], y[at+w]-y[at-w]) / 2)
		}
	}
	for top := 0; top+windowSide <= h; top += windowSide {
		for left := 0; left+windowSide <= w; left += windowSide {
			sum, sq := 0.0, 0.0
			for j := top; j < top+windowSide; j++ {
				for _, v := range y[j*w+left : j*w+left+windowSide] {
					sum, sq = sum+v, sq+v*v
				}
			}
			const n = windowSide * windowSide
			d[contrast].add(math.Sqrt(math.Max(0, sq/n-sum/n*sum/n)))
		}
	}
}
