package eval

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// WriteTrackingTable writes r for a reader at a terminal: the averages, one line per class with the main figures, and what the filters left
// out. Lines end without blanks. The only errors are w's.
func WriteTrackingTable(w io.Writer, r TrackingResult) error {
	var b strings.Builder
	fmt.Fprintf(&b, "nuScenes tracking metrics, %s, %s in %s\n\n", r.ConfigName, plural(r.NumSamples, "sample"), plural(r.NumScenes, "scene"))
	fmt.Fprintf(&b, "AMOTA  %s\nAMOTP  %s m\n\n", figure(r.Figures[AMOTA], 4), figure(r.Figures[AMOTP], 4))
	trackTable(&r).write(&b)
	fmt.Fprintf(&b, "\n- not defined, and in no mean; columns after AMOTP are at the score of highest MOTA; one frame counts %.3g s in TID and LGD\n",
		r.SamplePeriodS)
	trackNotes(&b, &r)
	b.WriteByte('\n')
	writeLeftOut(&b, len(r.Classes), func(i int) (string, LeftOut, LeftOut) {
		return r.Classes[i].Class, r.Classes[i].GroundTruthLeftOut, r.Classes[i].PredictionsLeftOut
	})
	_, err := io.WriteString(w, b.String())
	return err
}

// trackColumns are the figures of the table and their decimals.
var trackColumns = []struct {
	metric   TrackingMetric
	unit     string
	decimals int
}{
	{AMOTA, "", 3},
	{AMOTP, "m", 3},
	{MOTA, "", 3},
	{MOTP, "m", 3},
	{Recall, "", 3},
	{MOTAR, "", 3},
	{TP, "", 0},
	{FP, "", 0},
	{FN, "", 0},
	{IDSW, "", 0},
	{FRAG, "", 0},
	{MT, "", 0},
	{ML, "", 0},
	{FAF, "", 1},
	{TID, "s", 2},
	{LGD, "s", 2},
}

// trackTable has one row per class, and the line over all below.
func trackTable(r *TrackingResult) *textTable {
	t := &textTable{}
	head, unit := []string{"class", "truth", "found", "score"}, []string{"", "boxes", "boxes", "at"}
	for _, c := range trackColumns {
		head, unit = append(head, strings.ToUpper(c.metric.String())), append(unit, c.unit)
	}
	t.add(head...)
	t.add(unit...)
	t.rule()
	row := func(name string, truth, found int, score float64, f *TrackingFigures) {
		cells := []string{name, strconv.Itoa(truth), strconv.Itoa(found), figure(score, 3)}
		for _, c := range trackColumns {
			cells = append(cells, figure(f[c.metric], c.decimals))
		}
		t.add(cells...)
	}
	truth, found := 0, 0
	for i := range r.Classes {
		c := &r.Classes[i]
		score := math.NaN()
		if c.Best >= 0 {
			score = c.Thresholds[c.Best].Confidence
		}
		row(c.Class, c.GroundTruthFilled, c.PredictionsFilled, score, &c.Figures)
		truth, found = truth+c.GroundTruthFilled, found+c.PredictionsFilled
	}
	t.rule()
	row("mean, total", truth, found, math.NaN(), &r.Figures)
	return t
}

// trackNotes says what a reader could take for a measured figure and is not.
func trackNotes(b *strings.Builder, r *TrackingResult) {
	var absent, unreached []string
	filledTruth, filledPred := 0, 0
	for i := range r.Classes {
		c := &r.Classes[i]
		switch {
		case c.GroundTruthFilled == 0:
			absent = append(absent, c.Class)
		case c.Best < 0:
			unreached = append(unreached, c.Class)
		}
		filledTruth += c.GroundTruthFilled - c.NumGroundTruth
		filledPred += c.PredictionsFilled - c.NumPredictions
	}
	fmt.Fprintf(b, "boxes that fill gaps of tracks: truth %d, found %d\n", filledTruth, filledPred)
	if len(absent) > 0 {
		wrap(b, "no ground truth, not scored:", absent)
	}
	if len(unreached) > 0 {
		wrap(b, "reached no recall of the averages, figures by rule:", unreached)
	}
}
