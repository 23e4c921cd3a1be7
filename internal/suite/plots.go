package suite

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"io"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Colours of the sensors, the same in every plot. Dashes and marks tell them apart without colour.
var (
	inks = map[string]color.RGBA{
		"all": {0x22, 0x22, 0x22, 255}, "lidar": {0x1b, 0x5e, 0x9b, 255}, "radar": {0xd9, 0x5f, 0x0e, 255}, "camera": {0x2a, 0x8f, 0x4b, 255},
	}
	pale   = color.RGBA{0xbb, 0xbb, 0xbb, 255}
	levels = [3]color.RGBA{{0x9e, 0xc5, 0xe8, 255}, {0x4a, 0x8c, 0xc7, 255}, {0x12, 0x3f, 0x6d, 255}}
	glyphs = map[string]draw.GlyphDrawer{"all": draw.CircleGlyph{}, "lidar": draw.BoxGlyph{}, "radar": draw.TriangleGlyph{}, "camera": draw.CrossGlyph{}}
	dashes = map[string][]vg.Length{"lidar": {4, 2}, "radar": {1, 2}, "camera": {6, 2, 1, 2}}
)

// Sizes of the plots.
const (
	plotWidth  = 13 * vg.Centimeter
	plotHeight = 7.5 * vg.Centimeter
)

func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, size := range []*font.Length{&p.X.Tick.Label.Font.Size, &p.Y.Tick.Label.Font.Size, &p.X.Label.TextStyle.Font.Size, &p.Y.Label.TextStyle.Font.Size} {
		*size = 9
	}
	p.Legend.Top, p.Legend.Padding = true, 2
	p.Legend.TextStyle.Font.Size, p.Legend.ThumbnailWidth = 9, 26
	p.Add(&plotter.Grid{Horizontal: draw.LineStyle{Color: color.Gray{0xe4}, Width: 0.5}})
	return p
}

// svg renders a plot for a page.
func svg(p *plot.Plot, w, h vg.Length) (template.HTML, error) {
	canvas := vgsvg.New(w, h)
	p.Draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "", fmt.Errorf("draw a plot: %w", err)
	}
	text := b.String()
	// Inside a page the XML declaration and comments in front have no place.
	return template.HTML(text[max(0, strings.Index(text, "<svg")):]), nil //nolint:gosec // made above from the report's own texts, which the library escapes
}

// addLine draws one sensor's line through the points that are defined.
func addLine(p *plot.Plot, name, who string, xy plotter.XYs) error {
	var known plotter.XYs
	for _, at := range xy {
		if !math.IsNaN(at.Y) && !math.IsInf(at.Y, 0) {
			known = append(known, at)
		}
	}
	if len(known) == 0 {
		return nil
	}
	line, points, err := plotter.NewLinePoints(known)
	if err != nil {
		return fmt.Errorf("plot %s: %w", name, err)
	}
	line.Color, line.Width, line.Dashes = inks[who], vg.Points(1.4), dashes[who]
	points.Color, points.Shape, points.Radius = inks[who], glyphs[who], vg.Points(2.4)
	p.Add(line, points)
	p.Legend.Add(padded(name), line, points)
	return nil
}

// padded leaves room at the end of a label: browsers may draw it in a wider font than the one that it was measured in.
func padded(label string) string { return label + strings.Repeat(" ", 2+len(label)/4) }

// overVisibility draws one metric of the fusion and of each modality alone against visibility.
func (p *Part) overVisibility(metric string, of func(*Figures) Number) (*plot.Plot, error) {
	lines := map[string]plotter.XYs{}
	for i := range p.Visibility {
		v := &p.Visibility[i]
		lines["all"] = append(lines["all"], plotter.XY{X: float64(i), Y: float64(of(&v.Figures))})
		for j := range v.Members {
			m := &v.Members[j]
			lines[m.Sensors] = append(lines[m.Sensors], plotter.XY{X: float64(i), Y: float64(of(&m.Figures))})
		}
	}
	return p.visibilityPlot(metric, lines, map[string]string{"all": "all sensors", "lidar": "lidar alone", "radar": "radar alone", "camera": "camera alone"})
}

// sharesOverVisibility draws attention mass or reliability a modality.
func (p *Part) sharesOverVisibility(what string, of func(*VisibilityResult) map[string]Number) (*plot.Plot, error) {
	lines := map[string]plotter.XYs{}
	for i := range p.Visibility {
		for m, v := range of(&p.Visibility[i]) {
			lines[m] = append(lines[m], plotter.XY{X: float64(i), Y: float64(v)})
		}
	}
	return p.visibilityPlot(what, lines, map[string]string{"lidar": "lidar", "radar": "radar", "camera": "camera"})
}

func (p *Part) visibilityPlot(y string, lines map[string]plotter.XYs, names map[string]string) (*plot.Plot, error) {
	out := newPlot("visibility, m", y)
	ticks := make([]plot.Tick, len(p.Visibility))
	for i := range p.Visibility {
		ticks[i] = plot.Tick{Value: float64(i), Label: p.Visibility[i].VisibilityM.text(0)}
		if !p.Visibility[i].VisibilityM.Known() {
			ticks[i].Label = "clear"
		}
	}
	out.X.Tick.Marker = plot.ConstantTicks(ticks)
	out.X.Max = float64(len(ticks)) - 0.8
	for _, who := range []string{"all", "lidar", "radar", "camera"} {
		if err := addLine(out, names[who], who, lines[who]); err != nil {
			return nil, err
		}
	}
	room(out, lines)
	return out, nil
}

// carsOverVisibility and massOverVisibility are the two plots that show fusion at work: what is found, and on whose word.
func (p *Part) carsOverVisibility() (*plot.Plot, error) {
	return p.overVisibility("AP of cars at 2 m", func(f *Figures) Number { return f.CarAP2M })
}

func (p *Part) massOverVisibility() (*plot.Plot, error) {
	return p.sharesOverVisibility("mean attention mass", func(v *VisibilityResult) map[string]Number { return v.Mass })
}

// WriteVisibility draws both side by side for the first part, as a PNG.
func (r *Report) WriteVisibility(w io.Writer) error {
	p := &r.Parts[0]
	cars, err := p.carsOverVisibility()
	if err != nil {
		return err
	}
	mass, err := p.massOverVisibility()
	if err != nil {
		return err
	}
	canvas := vgimg.NewWith(vgimg.UseWH(2*plotWidth, plotHeight), vgimg.UseDPI(110))
	tiles := draw.Tiles{Rows: 1, Cols: 2, PadX: 12, PadTop: 4, PadBottom: 4, PadLeft: 4, PadRight: 4}
	for i, one := range []*plot.Plot{cars, mass} {
		one.Draw(tiles.At(draw.New(canvas), i, 0))
	}
	_, err = vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}

// room leaves space for the legend above the lines, from 0 on.
func room(p *plot.Plot, lines map[string]plotter.XYs) {
	top := 0.0
	for _, xy := range lines {
		for _, at := range xy {
			if !math.IsNaN(at.Y) {
				top = max(top, at.Y)
			}
		}
	}
	p.Y.Min, p.Y.Max = 0, max(top*1.4, 1e-3)
}

// conditionBars draws NDS of each condition, a bar a severity, and a line where the clean drives are.
func (p *Part) conditionBars() (template.HTML, error) {
	corruptions := p.corruptions(nds)
	n := len(corruptions)
	if n == 0 {
		return "", nil
	}
	out := newPlot("NDS", "")
	out.Legend.Top, out.Legend.Left = false, false
	names := make([]string, n)
	severities := [3]plotter.Values{make(plotter.Values, n), make(plotter.Values, n), make(plotter.Values, n)}
	row := -1
	for i := range p.Conditions {
		c := &p.Conditions[i]
		if i == 0 || p.Conditions[i-1].Name != c.Name {
			row++
		}
		// The first condition stands at the top.
		names[n-1-row] = padded(strings.ReplaceAll(c.Name, "_", " "))
		severities[c.Severity-1][n-1-row] = float64(c.NDS)
	}
	const bar = 2.5 * vg.Millimeter
	given, drawn := 0, vg.Length(0)
	for s := range severities {
		if !allZero(severities[s]) {
			given++
		}
	}
	for s := range severities {
		if allZero(severities[s]) {
			continue // a quick run has one severity
		}
		drawn++
		bars, err := plotter.NewBarChart(severities[s], bar)
		if err != nil {
			return "", fmt.Errorf("plot conditions: %w", err)
		}
		bars.Horizontal, bars.Color, bars.Offset = true, levels[s], bar*vg.Length(1-s)*min(1, vg.Length(given-1))
		bars.LineStyle.Width = 0
		out.Add(bars)
		out.Legend.Add(padded(fmt.Sprintf("severity %d", s+1)), bars)
	}
	clean := float64(p.Subsets[0].NDS)
	line, err := plotter.NewLine(plotter.XYs{{X: clean, Y: -0.5}, {X: clean, Y: float64(n) - 0.5}})
	if err != nil {
		return "", fmt.Errorf("plot conditions: %w", err)
	}
	line.Color, line.Dashes = inks["all"], []vg.Length{3, 2}
	out.Add(line)
	out.Legend.Add(padded("clean"), line)
	out.NominalY(names...)
	out.X.Min, out.X.Max = 0, max(clean*1.35, 1e-3)
	return svg(out, 1.5*plotWidth, vg.Length(n)*(drawn*bar+1.5*vg.Millimeter)+2*vg.Centimeter)
}

func allZero(v plotter.Values) bool {
	for _, x := range v {
		if x != 0 {
			return false
		}
	}
	return true
}

// reliabilityDiagram draws precision against score; the diagonal is a detector that knows how sure it is.
func (p *Part) reliabilityDiagram() (template.HTML, error) {
	out := newPlot("mean score of the bin", "share that is right, 2 m")
	diagonal, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}})
	if err != nil {
		return "", fmt.Errorf("plot calibration: %w", err)
	}
	diagonal.Color = pale
	out.Add(diagonal)
	for i, who := range []string{"all", "radar"} {
		if i >= len(p.Calibration) {
			break
		}
		var xy plotter.XYs
		for _, b := range p.Calibration[i].Bins {
			if b.Count > 0 {
				xy = append(xy, plotter.XY{X: b.MeanScore, Y: b.Precision})
			}
		}
		if err := addLine(out, p.Calibration[i].Over, who, xy); err != nil {
			return "", err
		}
	}
	out.Legend.Left = true
	out.X.Min, out.X.Max, out.Y.Min, out.Y.Max = 0, 1, 0, 1
	return svg(out, plotHeight*1.25, plotHeight*1.25)
}

// recoveryPlot draws recall over the sets from a sensor's loss on.
func (r *RecoveryResult) recoveryPlot() (template.HTML, error) {
	out := newPlot("sets since the sensor fell silent", "recall of published objects, 2 m")
	lines := map[string]plotter.XYs{}
	for i := range r.Recall {
		lines[r.Sensors] = append(lines[r.Sensors], plotter.XY{X: float64(i), Y: float64(r.Recall[i])})
		lines["all"] = append(lines["all"], plotter.XY{X: float64(i), Y: float64(r.Undisturbed[i])})
	}
	if err := addLine(out, "undisturbed", "all", lines["all"]); err != nil {
		return "", err
	}
	if err := addLine(out, r.Sensors+" silent", r.Sensors, lines[r.Sensors]); err != nil {
		return "", err
	}
	room(out, lines)
	back, err := plotter.NewLine(plotter.XYs{{X: float64(r.Lost) - 0.5, Y: 0}, {X: float64(r.Lost) - 0.5, Y: out.Y.Max}})
	if err != nil {
		return "", fmt.Errorf("plot recovery: %w", err)
	}
	back.Color, back.Dashes = pale, []vg.Length{2, 2}
	out.Add(back)
	out.Legend.Add(padded("returns"), back)
	return svg(out, 0.8*plotWidth, 0.8*plotHeight)
}
