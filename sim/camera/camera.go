package camera

import (
	"fmt"
	"math"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/geom"
)

const (
	// maxSide bounds the picture; maxSamples the rays a pixel.
	maxSide    = 4096
	maxSamples = 16
)

// Options of a camera. The zero value is the sensor's own size with one ray a pixel.
type Options struct {
	// Width and Height of the picture in pixels; 0 takes the intrinsics'.
	Width, Height int
	// Samples is the number of rays a pixel, 1 to 16 (0 = 1). One ray goes through the pixel's centre in the middle of the exposure; several
	// are spread over the pixel and the exposure, which smooths edges and blurs what moves.
	Samples int
	// EdgeSamples is the number of further rays, 0 to 16, of pixels that differ from a neighbour in brightness: edges, markings and far
	// things look as if all pixels had them.
	EdgeSamples int
}

// Camera is a lens with a size: the ray of each pixel. It is immutable and may serve any number of frames at once.
type Camera struct {
	intrinsics sensors.Intrinsics
	samples    int
	edges      int
	// rays of the pixels row by row, unit vectors in the camera's frame; zero where the lens sees nothing.
	rays []geom.Vec
	// pixelRad is the angle between the rays of neighbouring pixels in the middle of the picture.
	pixelRad float32
}

// New makes the camera of a rig's entry: the lens model is sensors.Intrinsics.Unproject for each pixel's centre. Errors: no intrinsics,
// sizes out of range, or a lens that sees nothing at all.
func New(s *sensors.Sensor, o Options) (*Camera, error) {
	if s.Intrinsics == nil {
		return nil, fmt.Errorf("make camera %s: no intrinsics: give the rig's", s.Name)
	}
	if o.Width == 0 && o.Height == 0 {
		o.Width, o.Height = s.Intrinsics.Width, s.Intrinsics.Height
	}
	o.Samples = max(o.Samples, 1)
	switch {
	case o.Width < 1 || o.Height < 1 || o.Width > maxSide || o.Height > maxSide:
		return nil, fmt.Errorf("make camera %s: picture of %dx%d pixels: sides must be 1 to %d", s.Name, o.Width, o.Height, maxSide)
	case o.Samples > maxSamples || o.EdgeSamples < 0 || o.EdgeSamples > maxSamples:
		return nil, fmt.Errorf("make camera %s: %d rays a pixel and %d more at edges: each must be 0 to %d", s.Name, o.Samples, o.EdgeSamples, maxSamples)
	case s.Intrinsics.Width < 1 || s.Intrinsics.Height < 1 || !(s.Intrinsics.Fx > 0 && s.Intrinsics.Fy > 0):
		return nil, fmt.Errorf("make camera %s: intrinsics %dx%d with fx %g, fy %g: all must be positive",
			s.Name, s.Intrinsics.Width, s.Intrinsics.Height, s.Intrinsics.Fx, s.Intrinsics.Fy)
	}
	c := &Camera{intrinsics: Scaled(s.Intrinsics, o.Width, o.Height), samples: o.Samples, edges: o.EdgeSamples, rays: make([]geom.Vec, o.Width*o.Height)}
	seen := 0
	for i := range c.rays {
		ray, ok := c.intrinsics.Unproject(float64(i%o.Width), float64(i/o.Width))
		if ok {
			c.rays[i] = geom.Vec{float32(ray.X), float32(ray.Y), float32(ray.Z)}
			seen++
		}
	}
	if seen == 0 {
		return nil, fmt.Errorf("make camera %s: no pixel of %dx%d has a ray: check the lens model and its coefficients", s.Name, o.Width, o.Height)
	}
	c.pixelRad = float32(2 / (c.intrinsics.Fx + c.intrinsics.Fy))
	return c, nil
}

// Intrinsics returns those of the rendered picture: what belongs into the recording's rig.
func (c *Camera) Intrinsics() sensors.Intrinsics { return c.intrinsics }

// Size returns width and height of the picture in pixels.
func (c *Camera) Size() (width, height int) { return c.intrinsics.Width, c.intrinsics.Height }

// Scaled returns the intrinsics of the same camera's picture at another size: the edges of the picture stay where they are, so with s =
// width/k.Width a pixel moves from u to s (u + 1/2) - 1/2. Distortion acts on rays and stays.
func Scaled(k *sensors.Intrinsics, width, height int) sensors.Intrinsics {
	out := *k
	sx, sy := float64(width)/float64(k.Width), float64(height)/float64(k.Height)
	out.Width, out.Height = width, height
	out.Fx, out.Fy = k.Fx*sx, k.Fy*sy
	out.Cx, out.Cy = (k.Cx+0.5)*sx-0.5, (k.Cy+0.5)*sy-0.5
	return out
}

// ray returns the direction of ray s of a pixel in the camera's frame; not of unit length. Ray 0 goes through the centre. The places in the
// pixel are those of the R2 sequence (M. Roberts 2018), which fills it evenly for any count.
func (c *Camera) ray(pixel, s int) geom.Vec {
	d := c.rays[pixel]
	if s == 0 || d == (geom.Vec{}) {
		return d
	}
	width := c.intrinsics.Width
	jx := frac(0.5+0.7548777*float32(s)) - 0.5
	jy := frac(0.5+0.5698403*float32(s)) - 0.5
	return d.Add(c.towards(pixel, pixel%width, width, 1).Scale(jx)).Add(c.towards(pixel, pixel/width, c.intrinsics.Height, width).Scale(jy))
}

// towards is the difference to the ray of the next pixel, at place of size along a line of the given stride.
func (c *Camera) towards(pixel, place, size, stride int) geom.Vec {
	a, b := pixel, pixel+stride
	if place == size-1 {
		a, b = pixel-stride, pixel
	}
	if a < 0 || c.rays[a] == (geom.Vec{}) || c.rays[b] == (geom.Vec{}) {
		return geom.Vec{}
	}
	return c.rays[b].Sub(c.rays[a])
}

func frac(x float32) float32 { return x - float32(math.Floor(float64(x))) }
