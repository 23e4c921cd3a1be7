package compare

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

var (
	realColor = color.RGBA{0x1b, 0x5e, 0x9b, 255}
	simColor  = color.RGBA{0xd9, 0x5f, 0x0e, 255}
)

// plotOf draws a measure of both sides as an inline SVG.
func plotOf(m *Measure) (template.HTML, error) {
	p := plot.New()
	p.X.Label.Text = m.X
	if m.Kind == "curve" {
		p.Y.Label.Text = m.Unit
	} else {
		p.Y.Label.Text = "share"
	}
	p.Y.Min = 0
	for _, one := range []struct {
		name   string
		values []*float64
		color  color.RGBA
	}{{"real", m.Real, realColor}, {"simulated", m.Simulated, simColor}} {
		var xy plotter.XYs
		for i, v := range one.values {
			if v == nil {
				continue
			}
			left := m.Low + float64(i)*m.Width
			if m.Kind == "curve" {
				xy = append(xy, plotter.XY{X: left + m.Width/2, Y: *v})
			} else {
				xy = append(xy, plotter.XY{X: left, Y: *v}, plotter.XY{X: left + m.Width, Y: *v})
			}
		}
		if len(xy) == 0 {
			continue
		}
		line, err := plotter.NewLine(xy)
		if err != nil {
			return "", fmt.Errorf("plot %s: %w", m.ID, err)
		}
		line.Color, line.Width = one.color, vg.Points(1.3)
		p.Add(line)
		p.Legend.Add(one.name, line)
	}
	p.Legend.Top = true
	const width, height = 11 * vg.Centimeter, 6 * vg.Centimeter
	canvas := vgsvg.New(width, height)
	p.Draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "", fmt.Errorf("plot %s: %w", m.ID, err)
	}
	text := b.String()
	// Inside a page the XML declaration and comments in front have no place.
	return template.HTML(text[max(0, strings.Index(text, "<svg")):]), nil //nolint:gosec // made above from the report's own texts, which the library escapes
}
