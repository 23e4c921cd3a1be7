package suite

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"gonum.org/v1/plot"
)

//go:embed report.html.tmpl
var pageText string

var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"n3":    func(n Number) string { return n.text(3) },
	"n2":    func(n Number) string { return n.text(2) },
	"n1":    func(n Number) string { return n.text(1) },
	"n0":    func(n Number) string { return n.text(0) },
	"join":  func(s []string) string { return strings.Join(s, ", ") },
	"plain": func(s string) string { return strings.ReplaceAll(s, "_", " ") },
	"tint":  tint,
}).Parse(pageText))

// tint is the background of a share that was kept: white for all of it, red for nothing.
func tint(kept Number) template.CSS {
	if !kept.Known() {
		return ""
	}
	lost := 1 - min(max(float64(kept), 0), 1)
	return template.CSS(fmt.Sprintf("background: rgba(200, 60, 40, %.2f)", 0.55*lost)) //nolint:gosec // a number
}

type pagePart struct {
	*Part
	Without                                      []string
	Bars, MAPPlot, CarPlot, Mass, Relied, Scores template.HTML
	Recoveries                                   []pageRecovery
}

type pageRecovery struct {
	*RecoveryResult
	Plot template.HTML
}

// WriteHTML writes the report as one page that needs nothing else.
func (r *Report) WriteHTML(w io.Writer) error {
	data := struct {
		*Report
		Pages []*pagePart
	}{Report: r}
	for i := range r.Parts {
		p := &pagePart{Part: &r.Parts[i], Without: r.Parts[i].classesWithout()}
		if err := p.draw(); err != nil {
			return err
		}
		data.Pages = append(data.Pages, p)
	}
	return page.Execute(w, data)
}

// draw makes the part's plots.
func (p *pagePart) draw() (err error) {
	for _, one := range []struct {
		to   *template.HTML
		draw func() (template.HTML, error)
	}{
		{&p.Bars, p.conditionBars},
		{&p.MAPPlot, func() (template.HTML, error) {
			return small(p.overVisibility("mAP within 50 m", func(f *Figures) Number { return f.MAP50 }))
		}},
		{&p.CarPlot, func() (template.HTML, error) { return small(p.carsOverVisibility()) }},
		{&p.Mass, func() (template.HTML, error) { return small(p.massOverVisibility()) }},
		{&p.Relied, func() (template.HTML, error) {
			return small(p.sharesOverVisibility("mean reliability", func(v *VisibilityResult) map[string]Number { return v.Reliability }))
		}},
		{&p.Scores, p.reliabilityDiagram},
	} {
		if *one.to, err = one.draw(); err != nil {
			return err
		}
	}
	for i := range p.Recovery {
		svg, err := p.Recovery[i].recoveryPlot()
		if err != nil {
			return err
		}
		p.Recoveries = append(p.Recoveries, pageRecovery{&p.Recovery[i], svg})
	}
	return nil
}

// small renders a plot of the usual size, if there is one.
func small(p *plot.Plot, err error) (template.HTML, error) {
	if err != nil {
		return "", err
	}
	return svg(p, plotWidth, plotHeight)
}
