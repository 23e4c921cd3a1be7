package suite

import (
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes the short version: one table a part.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	for i := range r.Parts {
		r.markdownPart(&b, &r.Parts[i])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) markdownPart(b *strings.Builder, p *Part) {
	s := &p.Summary
	title := "Simulated test worlds"
	if p.Kind == "real" {
		title = "Real drive"
	}
	fmt.Fprintf(b, "**%s** (%s): %s; %d moments; model %s; %s; `%s`\n\n", title, p.Kind, strings.Join(p.Drives, ", "), p.Moments, r.Model.Label(), r.Date, r.Command)
	b.WriteString("| sensors, clean | mAP | NDS | car AP at 2 m | ECE |\n| --- | --- | --- | --- | --- |\n")
	for i := range p.Subsets {
		x := &p.Subsets[i]
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", x.Sensors, x.MAP.text(3), x.NDS.text(3), x.CarAP2M.text(3), x.ECE.text(3))
	}
	b.WriteString("\n| measure | figure | absolute |\n| --- | --- | --- |\n")
	row := func(what string, figure Number, absolute string) {
		fmt.Fprintf(b, "| %s | %s | %s |\n", what, figure.text(3), absolute)
	}
	row("mean mAP of the subsets", s.SubsetsMAP, "NDS "+s.SubsetsNDS.text(3))
	row("mRA over weather and faults, by NDS", s.MRANDS, "mean NDS "+s.CorruptNDS.text(3)+" of "+s.NDS.text(3))
	row("mRA, by mAP", s.MRAMAP, "mean mAP "+s.CorruptMAP.text(3)+" of "+s.MAP.text(3))
	row("NDS kept without camera", s.NoCameraKept, "NDS "+s.NoCameraNDS.text(3))
	row("NDS kept without lidar", s.NoLidarKept, "NDS "+s.NoLidarNDS.text(3))
	row("mAP kept in fog of 50 m, objects within 50 m", s.Fog50Kept, "mAP "+s.Fog50MAP.text(3))
	row("the same against lidar alone in the same fog", s.Fog50Ratio, "lidar alone "+s.Fog50LidarMAP.text(3))
	if r.Baseline != "" {
		row("mRRA against "+r.Baseline, s.MRRA, "")
		row("mCE against it", s.MCE, "")
	}
	row("ECE of the scores, clean", s.ECE, "under weather and faults "+s.ECECorrupt.text(3))
	fmt.Fprintf(b, "| tests in which one modality alone is better than all | %d | of %d, NDS and mAP each |\n", s.Violations, s.Tests)
	for i := range p.Recovery {
		x := &p.Recovery[i]
		sets := x.Sets.text(0)
		if !x.Sets.Known() {
			sets = fmt.Sprintf("more than %d", x.SetsSeen)
		}
		fmt.Fprintf(b, "| sets until recall is back after the %s returns | %s | |\n", x.Sensors, sets)
	}
	if t := r.NetworkMs; t != nil && p.Kind != "real" {
		fmt.Fprintf(b, "| network time a set, p50, ms | %s | p99 %s, %s |\n", t.P50.text(1), t.P99.text(1), r.Machine)
	}
	b.WriteString("\n")
}
