package render

import (
	"image"

	"golang.org/x/image/draw"
)

// Strip puts pictures side by side, each scaled to width pixels, with the tallest one's height.
func Strip(pictures []image.Image, width int) *image.RGBA {
	const gap = 8
	height := 0
	for _, p := range pictures {
		height = max(height, p.Bounds().Dy()*width/p.Bounds().Dx())
	}
	out := image.NewRGBA(image.Rect(0, 0, len(pictures)*(width+gap)-gap, height))
	draw.Draw(out, out.Bounds(), image.NewUniform(colBackground), image.Point{}, draw.Src)
	for i, p := range pictures {
		at := image.Rect(0, 0, width, p.Bounds().Dy()*width/p.Bounds().Dx()).Add(image.Pt(i*(width+gap), 0))
		draw.CatmullRom.Scale(out, at, p, p.Bounds(), draw.Src, nil)
	}
	return out
}
