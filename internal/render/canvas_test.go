package render

import (
	"image"
	"image/color"
	"math"
	"testing"
)

// coverage paints what add collects in white on black, and returns the picture.
func coverage(add func(c *canvas), clip image.Rectangle) *image.RGBA {
	c := newCanvas(image.Pt(100, 100), nil)
	c.box(c.clip, 0)
	c.fill(color.NRGBA{A: 255})
	defer c.within(clip)()
	add(c)
	c.fill(color.NRGBA{R: 255, G: 255, B: 255, A: 255})
	return c.img
}

// painted returns the painted area in pixels.
func painted(img *image.RGBA) (sum float64) {
	for i := 0; i < len(img.Pix); i += 4 {
		sum += float64(img.Pix[i]) / 255
	}
	return sum
}

func TestShapesCoverTheirArea(t *testing.T) {
	all := image.Rect(0, 0, 100, 100)
	square := []pt{{20, 20}, {60, 20}, {60, 60}, {20, 60}}
	other := []pt{{80, 40}, {40, 40}, {40, 80}, {80, 80}} // turns as square does not
	tests := []struct {
		name string
		clip image.Rectangle
		add  func(c *canvas)
		want float64
	}{
		{"square", all, func(c *canvas) { c.polygon(square...) }, 1600},
		{"between pixels", all, func(c *canvas) { c.polygon(pt{10.25, 10}, pt{10.75, 10}, pt{10.75, 20}, pt{10.25, 20}) }, 5},
		{"overlap of opposite turns", all, func(c *canvas) { c.polygon(square...); c.polygon(other...) }, 1600 + 1600 - 400},
		{"clipped", image.Rect(0, 0, 40, 100), func(c *canvas) { c.polygon(square...) }, 800},
		{"far beyond the picture", all, func(c *canvas) { c.polygon(pt{-1e7, 10}, pt{1e7, 10}, pt{1e7, 20}, pt{-1e7, 20}) }, 1000},
		{"thin line", all, func(c *canvas) { c.line(pt{10, 10.5}, pt{50, 10.5}, 1) }, 40},
		{"line with caps", all, func(c *canvas) { c.line(pt{20, 50}, pt{60, 50}, 10) }, 400 + math.Pi*25},
		{"disc", all, func(c *canvas) { c.disc(pt{50, 50}, 30) }, math.Pi * 900},
		{"quarter pie", all, func(c *canvas) { c.arc(pt{50, 50}, 30, 0, math.Pi/2) }, math.Pi * 900 / 4},
		{"ring", all, func(c *canvas) { c.ring(pt{50, 50}, 30, 1) }, 2 * math.Pi * 30},
		{"rounded box", all, func(c *canvas) { c.box(image.Rect(10, 10, 50, 50), 10) }, 1600 - (4-math.Pi)*100},
		{"dashes", all, func(c *canvas) { c.dashes(1, 4, 6, square...) }, 4 * 4 * 4},
		{"nothing", all, func(*canvas) {}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			img := coverage(tt.add, tt.clip)
			// Chords instead of arcs and 8 bits a pixel cost at most two in a hundred.
			if got := painted(img); math.Abs(got-tt.want) > 0.02*tt.want {
				t.Errorf("got %.1f px painted, want %.1f", got, tt.want)
			}
			for y := range 100 {
				for x := range 100 {
					if !image.Pt(x, y).In(tt.clip) && img.RGBAAt(x, y).R != 0 {
						t.Fatalf("got paint at (%d, %d), outside %v", x, y, tt.clip)
					}
				}
			}
		})
	}
}
