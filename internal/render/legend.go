package render

import (
	"fmt"
	"image"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// legendHeight holds the heading, five lines of classes and two of marks.
const legendHeight = 286

// drawLegend draws the classes with their numbers, and what the marks mean.
func drawLegend(c *canvas, in image.Rectangle, y int, s *Scene) {
	const line, swatch = 27, 13
	title := fmt.Sprintf("%d objects", len(s.Objects.GetObjects()))
	if s.Truth != nil {
		title += fmt.Sprintf(", %d annotated", len(s.Truth.GetObjects()))
	}
	y = heading(c, in, y, title)
	counts := countClasses(s.Objects.GetObjects())
	rows := (len(classColours) + 1) / 2
	for i, k := range classColours {
		x := in.Min.X + i/rows*(in.Dx()/2+14)
		base := y + (i%rows+1)*line
		right := x + in.Dx()/2 - 14
		c.box(image.Rect(x, base-swatch, x+swatch, base), 3)
		c.fill(k.col)
		col := colText
		if counts[k.class] == 0 {
			col = colFaint
		}
		c.text(x+swatch+10, base, styleText, col, k.label)
		c.textRight(right, base, styleStrong, col, fmt.Sprintf("%d", counts[k.class]))
	}
	y += (rows+1)*line + 14
	drawMarks(c, in.Min.X, in.Min.X+in.Dx()/2+14, y)
}

func countClasses(objects []*fusionv1.Object) map[string]int {
	counts := make(map[string]int, len(classColours))
	for _, o := range objects {
		counts[o.GetClass()]++
	}
	return counts
}

func drawMarks(c *canvas, x, x2, y int) {
	mark := func(x, y int) [4]pt {
		l, t := float64(x), float64(y)
		return [4]pt{{l + 34, t - 14}, {l + 34, t}, {l, t}, {l, t - 14}}
	}
	p := mark(x, y)
	c.polygon(p[:]...)
	c.fill(fade(classColours[0].col, 0.22))
	c.outline(1.8, p[:]...)
	c.line(p[0], p[1], 3.2)
	c.line(lerp(p[0], p[2], 0.5), lerp(p[0], p[1], 0.5), 1.6)
	c.fill(classColours[0].col)
	c.text(x+48, y, styleText, colMuted, "object, front to the right")
	p = mark(x, y+30)
	c.dashes(1.2, truthOnPx, truthOffPx, p[:]...)
	c.fill(fade(colTruth, 0.85))
	c.text(x+48, y+30, styleText, colMuted, "annotated")
	c.arrow(pt{float64(x2), float64(y) + 23}, pt{float64(x2) + 34, float64(y) + 23}, 2.2)
	c.fill(colText)
	c.text(x2+48, y+30, styleText, colMuted, fmt.Sprintf("way in %g s", arrowSeconds))
}
