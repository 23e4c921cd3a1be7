package eval

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// WriteDetectionTable writes r for a reader at a terminal: the two scores, one line per class with AP at each distance
// and the true-positive errors, and what the filters left out. Lines end without blanks. The only errors are w's.
func WriteDetectionTable(w io.Writer, r DetectionResult) error {
	var b strings.Builder
	fmt.Fprintf(&b, "nuScenes detection metrics, %s, %s\n\n", r.ConfigName, plural(r.NumSamples, "sample"))
	fmt.Fprintf(&b, "mAP  %.4f\nNDS  %.4f\n\n", r.MeanAP, r.NDScore)
	scoreTable(&r).write(&b)
	writeNotes(&b, &r)
	b.WriteByte('\n')
	writeLeftOut(&b, len(r.Classes), func(i int) (string, LeftOut, LeftOut) {
		return r.Classes[i].Class, r.Classes[i].GroundTruthLeftOut, r.Classes[i].PredictionsLeftOut
	})
	_, err := io.WriteString(w, b.String())
	return err
}

// scoreTable has one row per class, and the means below.
func scoreTable(r *DetectionResult) *textTable {
	t := &textTable{}
	head := []string{"class", "truth", "found"}
	unit := []string{"", "boxes", "boxes"}
	for _, m := range r.DistancesM {
		head, unit = append(head, "AP@"+distanceKey(m)+"m"), append(unit, "")
	}
	head = append(head, "AP", "ATE", "ASE", "AOE", "AVE", "AAE")
	unit = append(unit, "mean", "m", "1-IoU", "rad", "m/s", "1-acc")
	t.add(head...)
	t.add(unit...)
	t.rule()
	truth, found := 0, 0
	for i := range r.Classes {
		c := &r.Classes[i]
		row := []string{c.Class, strconv.Itoa(c.NumGroundTruth), strconv.Itoa(c.NumPredictions)}
		for _, ap := range c.APs {
			row = append(row, decimal(ap))
		}
		row = append(row, decimal(c.MeanAP))
		for _, e := range c.Errors {
			row = append(row, decimal(e))
		}
		t.add(row...)
		truth, found = truth+c.NumGroundTruth, found+c.NumPredictions
	}
	t.rule()
	row := []string{"mean, total", strconv.Itoa(truth), strconv.Itoa(found)}
	for d := range r.DistancesM {
		sum := 0.0
		for i := range r.Classes {
			sum += r.Classes[i].APs[d]
		}
		row = append(row, decimal(sum/float64(len(r.Classes))))
	}
	row = append(row, decimal(r.MeanAP))
	for _, e := range r.Errors {
		row = append(row, decimal(e))
	}
	t.add(row...)
	return t
}

// writeNotes says what a reader could take for a measured figure and is not.
func writeNotes(b *strings.Builder, r *DetectionResult) {
	var absent []string
	for i := range r.Classes {
		if r.Classes[i].NumGroundTruth == 0 {
			absent = append(absent, r.Classes[i].Class)
		}
	}
	b.WriteString("\n- not defined for the class\n")
	if len(absent) > 0 {
		wrap(b, "no ground truth, so AP 0 and errors 1 by rule, and in the means:", absent)
	}
}

// wrap writes a list after its title, broken before lines grow longer than the table.
func wrap(b *strings.Builder, title string, items []string) {
	const width = 100
	line := title
	for i, item := range items {
		if i < len(items)-1 {
			item += ","
		}
		if len(line)+1+len(item) > width {
			b.WriteString(line + "\n")
			line = " "
		}
		line += " " + item
	}
	b.WriteString(line + "\n")
}

// writeLeftOut says how many boxes each filter left out on each side, and of which classes. class returns one of them.
func writeLeftOut(b *strings.Builder, classes int, class func(i int) (name string, truth, pred LeftOut)) {
	filters := []struct {
		name  string
		count func(LeftOut) int
	}{
		{"out of range", func(l LeftOut) int { return l.Range }},
		{"no point inside", func(l LeftOut) int { return l.ZeroPoints }},
		{"in a bicycle rack", func(l LeftOut) int { return l.BikeRack }},
		{"all", LeftOut.Total},
	}
	t := &textTable{}
	t.add("left out by filter", "truth", "found")
	t.rule()
	var detail strings.Builder
	for n, f := range filters {
		if n == len(filters)-1 {
			t.rule()
		}
		row := []string{f.name}
		for s, side := range [...]string{groundTruthSide: "truth", predictionSide: "found"} {
			total := 0
			var list []string
			for i := range classes {
				name, truth, pred := class(i)
				if k := f.count([...]LeftOut{groundTruthSide: truth, predictionSide: pred}[s]); k > 0 {
					total += k
					list = append(list, fmt.Sprintf("%s %d", name, k))
				}
			}
			row = append(row, strconv.Itoa(total))
			if total > 0 && n < len(filters)-1 {
				wrap(&detail, f.name+", "+side+":", list)
			}
		}
		t.add(row...)
	}
	t.write(b)
	if detail.Len() > 0 {
		b.WriteByte('\n')
		b.WriteString(detail.String())
	}
}

// textTable aligns cells: the first column to the left, the others to the right.
type textTable struct {
	rows [][]string // nil is a rule
}

func (t *textTable) add(cells ...string) { t.rows = append(t.rows, cells) }
func (t *textTable) rule()               { t.rows = append(t.rows, nil) }

func (t *textTable) write(b *strings.Builder) {
	const gap = 2
	var width []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], len(cell))
		}
	}
	total := -gap
	for _, w := range width {
		total += w + gap
	}
	for _, row := range t.rows {
		if row == nil {
			b.WriteString(strings.Repeat("-", total))
		}
		for i, cell := range row {
			if i == 0 {
				fmt.Fprintf(b, "%-*s", width[0], cell)
			} else {
				fmt.Fprintf(b, "%*s", width[i]+gap, cell)
			}
		}
		b.WriteByte('\n')
	}
}

func decimal(v float64) string { return figure(v, 3) }

// figure writes a number, or a dash where it is not defined.
func figure(v float64, decimals int) string {
	if math.IsNaN(v) {
		return "-"
	}
	return strconv.FormatFloat(v, 'f', decimals, 64)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
