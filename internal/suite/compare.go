package suite

import (
	"fmt"
	"io"
	"strings"
)

// Row is one network of a comparison.
type Row struct {
	Network string   `json:"network"`
	Kind    string   `json:"kind"`
	Drives  []string `json:"drives"`
	Quick   bool     `json:"quick"`
	Summary Summary  `json:"summary"`
}

// Compare puts the summaries of several runs beside each other: simulated parts first, in the order of the reports.
func Compare(reports []*Report) (rows []Row) {
	for _, kind := range []string{"simulated", "real"} {
		for _, r := range reports {
			for i := range r.Parts {
				if p := &r.Parts[i]; p.Kind == kind {
					rows = append(rows, Row{r.Model.Label(), p.Kind, p.Drives, r.Quick, p.Summary})
				}
			}
		}
	}
	return rows
}

// WriteComparison writes the table of several runs in Markdown, and says where they were not measured alike.
func WriteComparison(w io.Writer, reports []*Report) error {
	var b strings.Builder
	kind := ""
	for _, row := range Compare(reports) {
		if row.Kind != kind {
			kind = row.Kind
			fmt.Fprintf(&b, "\n%s\n\n| network | mAP | NDS | mean mAP of subsets | no camera, NDS kept | no lidar, NDS kept | mRA (NDS) | mean NDS, weather and faults | fog 50 m, mAP kept | worse than a member |\n%s\n",
				kind, "|"+strings.Repeat(" --- |", 10))
		}
		s := &row.Summary
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s (%s) | %s (%s) | %s | %s | %s (%s) | %d of %d |\n", row.Network, s.MAP.text(3), s.NDS.text(3),
			s.SubsetsMAP.text(3), s.NoCameraKept.text(3), s.NoCameraNDS.text(3), s.NoLidarKept.text(3), s.NoLidarNDS.text(3), s.MRANDS.text(3),
			s.CorruptNDS.text(3), s.Fog50Kept.text(3), s.Fog50MAP.text(3), s.Violations, s.Tests)
	}
	for _, r := range reports[1:] {
		if r.Fingerprint != reports[0].Fingerprint || r.Quick != reports[0].Quick || fmt.Sprint(r.Parts[0].Drives) != fmt.Sprint(reports[0].Parts[0].Drives) {
			fmt.Fprintf(&b, "\n%s was measured on other drives or conditions than %s: do not compare.\n", r.Model.Label(), reports[0].Model.Label())
		}
	}
	_, err := io.WriteString(w, strings.TrimPrefix(b.String(), "\n"))
	return err
}
