package compare

import (
	"image"
	"image/color"
	"math"

	"gonum.org/v1/gonum/spatial/r3"
)

const (
	birdsEyeM = 50 // ahead, behind and to the sides
	birdsEyeS = 9  // pixels a metre
)

// birdsEye draws a sweep from above, ahead is up: points by height from blue (road) to red, boxes of cars in white and of others in grey.
func birdsEye(w *sweep) *image.RGBA {
	side := 2 * birdsEyeM * birdsEyeS
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 255
	}
	at := func(p r3.Vec) (int, int) {
		return int(math.Floor((birdsEyeM - p.Y) * birdsEyeS)), int(math.Floor((birdsEyeM - p.X) * birdsEyeS))
	}
	for i := range w.points {
		x, y := at(w.points[i].at)
		img.SetRGBA(x, y, heightColor(w.points[i].at.Z))
	}
	for i := range w.boxes {
		b := &w.boxes[i]
		c := color.RGBA{150, 150, 150, 255}
		if b.car {
			c = color.RGBA{255, 255, 255, 255}
		}
		if b.points == 0 {
			c = color.RGBA{90, 90, 90, 255}
		}
		for t := -0.5; t <= 0.5; t += 0.01 {
			for _, p := range [4][2]float64{{t * b.size.X, b.size.Y / 2}, {t * b.size.X, -b.size.Y / 2}, {b.size.X / 2, t * b.size.Y}, {-b.size.X / 2, t * b.size.Y}} {
				x, y := at(r3.Vec{X: b.centre.X + p[0]*b.cos - p[1]*b.sin, Y: b.centre.Y + p[0]*b.sin + p[1]*b.cos})
				img.SetRGBA(x, y, c)
			}
		}
	}
	return img
}

// heightColor runs from blue at -0.3 m over green and yellow to red at 4 m.
func heightColor(z float64) color.RGBA {
	t := math.Max(0, math.Min(1, (z+0.3)/4.3))
	ramp := func(centre float64) uint8 {
		return uint8(255 * math.Max(0.1, math.Min(1, 1.5-4*math.Abs(t-centre))))
	}
	return color.RGBA{ramp(0.85), ramp(0.45), ramp(0.05), 255}
}
