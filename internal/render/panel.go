package render

import (
	"fmt"
	"image"
	"slices"
	"strings"
	"time"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// fact is a line of the panel.
type fact struct{ name, value string }

func drawHeader(c *canvas, r image.Rectangle, s *Scene) {
	title := c.elide(styleTitle, s.Title, r.Dx()/2)
	x := c.text(r.Min.X, r.Min.Y+54, styleTitle, colText, title)
	if title != "" {
		x += 22
	}
	right := r.Max.X
	if l := s.Objects; l != nil {
		mode := words(l.GetMode().String(), "MODE_")
		right = drawPill(c, right, r.Min.Y+26, strings.ToUpper(mode), l.GetMode()) - 20
	}
	c.text(x, r.Min.Y+53, styleText, colMuted, c.elide(styleText, s.Subtitle, right-x))
}

// drawPill draws the mode so that it ends at right, and returns where it begins.
func drawPill(c *canvas, right, y int, s string, m fusionv1.Mode) (left int) {
	w := c.measure(styleStrong, s)
	left = right - w - 52
	c.box(image.Rect(left, y, right, y+38), 19)
	c.fill(fade(modeColour(m), 0.16))
	c.disc(pt{float64(left + 21), float64(y + 19)}, 5.5)
	c.fill(modeColour(m))
	c.text(left+36, y+25, styleStrong, modeColour(m), s)
	return left
}

func drawPanel(c *canvas, r image.Rectangle, s *Scene) {
	defer c.within(r)()
	c.box(r, 0)
	c.fill(colSurface)
	in := image.Rect(r.Min.X+28, r.Min.Y+14, r.Max.X-28, r.Max.Y-20)
	y := in.Min.Y
	y = drawFacts(c, in, y, facts(s.Objects))
	y = drawModalities(c, in, y, s.Objects)
	// The legend stands at the bottom; absent members get what is left.
	bottom := in.Max.Y - legendHeight
	drawAbsentMembers(c, in, y, bottom, s.Objects)
	drawLegend(c, in, bottom, s)
}

func heading(c *canvas, in image.Rectangle, y int, s string) int {
	y += 28
	x := c.text(in.Min.X, y, styleHeading, colFaint, strings.ToUpper(s))
	c.line(pt{float64(x + 12), float64(y) - 4.5}, pt{float64(in.Max.X), float64(y) - 4.5}, 1)
	c.fill(colBorder)
	return y + 8
}

// facts returns what the list says of itself.
func facts(l *fusionv1.ObjectList) []fact {
	if l == nil {
		return []fact{{"objects", "none published for this time"}}
	}
	out := []fact{
		{"time", time.Unix(0, l.GetHeader().GetStamp()).UTC().Format("2006-01-02 15:04:05.000 UTC")},
		{"set", setWords(l)},
	}
	if reason := l.GetModeReason(); reason != "" {
		out = append(out, fact{"mode", words(l.GetMode().String(), "MODE_") + ": " + reason})
	}
	out = append(out, fact{"model", l.GetModel()}, fact{"strategy", l.GetStrategy()}, fact{"rig", l.GetRigRevision()})
	if latency := latencyWords(l.GetLatency()); latency != "" {
		out = append(out, fact{"latency", latency})
	}
	return slices.DeleteFunc(out, func(f fact) bool { return f.value == "" })
}

func setWords(l *fusionv1.ObjectList) string {
	s := fmt.Sprintf("%d", l.GetSetId())
	m := l.GetManifest()
	if m == nil {
		return s
	}
	s += ", " + words(m.GetKind().String(), "SET_KIND_")
	if m.GetReference() != "" {
		s += " " + m.GetReference()
	}
	present := 0
	for _, o := range m.GetMembers() {
		if o.GetPresent() {
			present++
		}
	}
	return fmt.Sprintf("%s, %d of %d members", s, present, len(m.GetMembers()))
}

// latencyWords returns the stages' times, and nothing when no clock ran.
func latencyWords(stages []*fusionv1.StageLatency) string {
	var total time.Duration
	var parts []string
	for _, s := range stages {
		if d := time.Duration(s.GetDurationNs()); d > 0 {
			total += d
			parts = append(parts, fmt.Sprintf("%s %.0f", s.GetStage(), d.Seconds()*1e3))
		}
	}
	if total == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f ms: %s", total.Seconds()*1e3, strings.Join(parts, ", "))
}

// words turns an enum's name into words.
func words(name, prefix string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, prefix)), "_", " ")
}

func drawFacts(c *canvas, in image.Rectangle, y int, facts []fact) int {
	const column, line = 96, 26
	y = heading(c, in, y, "set")
	for _, f := range facts {
		y += line
		c.text(in.Min.X, y, styleText, colMuted, f.name)
		c.text(in.Min.X+column, y, styleText, colText, c.elide(styleText, f.value, in.Dx()-column))
	}
	return y
}

// drawModalities draws a bar of attention mass for each modality, or why there is none.
func drawModalities(c *canvas, in image.Rectangle, y int, l *fusionv1.ObjectList) int {
	if len(l.GetModalities()) == 0 {
		return y
	}
	const column, line, h = 96, 32, 10
	y = heading(c, in, y+8, "share of attention")
	for _, m := range l.GetModalities() {
		y += line
		col := modalityColour(m.GetModality())
		name := words(m.GetModality().String(), "MODALITY_")
		left, right := in.Min.X+column, in.Max.X-220
		if !m.GetPresent() {
			c.text(in.Min.X, y, styleText, colFaint, name)
			c.text(left, y, styleText, colMuted, c.elide(styleText, "absent"+absenceOf(l.GetManifest(), m.GetModality()), in.Max.X-left))
			continue
		}
		c.text(in.Min.X, y, styleText, colText, name)
		track := image.Rect(left, y-h-1, right, y-1)
		c.box(track, h/2)
		c.fill(colTrack)
		mass := clamp(float64(m.GetMass()), 0, 1)
		if w := int(mass*float64(track.Dx()) + 0.5); w >= h {
			c.box(image.Rect(left, track.Min.Y, left+w, track.Max.Y), h/2)
			c.fill(col)
		}
		x := c.text(right+14, y, styleStrong, colText, fmt.Sprintf("%.0f %%", mass*100))
		why, col := fmt.Sprintf("reliability %.2f", m.GetReliability()), colMuted
		if named := conditionsOf(l.GetManifest(), m.GetModality()); named != "" {
			why, col = fmt.Sprintf("%.2f, %s", m.GetReliability(), named), colWarn
		}
		c.textRight(in.Max.X, y, styleText, col, c.elide(styleText, why, in.Max.X-x-10))
	}
	return y
}

// absenceOf names the reasons why a modality has no member.
func absenceOf(m *fusionv1.SetManifest, modality fusionv1.Modality) string {
	var reasons []string
	for _, o := range m.GetMembers() {
		if o.GetModality() == modality && !o.GetPresent() {
			if r := absenceWords(o); !slices.Contains(reasons, r) {
				reasons = append(reasons, r)
			}
		}
	}
	if len(reasons) == 0 {
		return ""
	}
	return ": " + strings.Join(reasons, ", ")
}

// absenceWords is why a member is absent: what is wrong with its data, where that is why it was left out.
func absenceWords(m *fusionv1.Member) string {
	if why := m.GetReliabilityReason(); why != "" && m.GetAbsence() == fusionv1.AbsenceReason_ABSENCE_REASON_UNRELIABLE {
		return why
	}
	return words(m.GetAbsence().String(), "ABSENCE_REASON_")
}

// conditionsOf names what is wrong with the sensors of a modality that are present.
func conditionsOf(m *fusionv1.SetManifest, modality fusionv1.Modality) string {
	var reasons []string
	for _, o := range m.GetMembers() {
		if r := o.GetReliabilityReason(); o.GetModality() == modality && o.GetPresent() && r != "" && !slices.Contains(reasons, r) {
			reasons = append(reasons, r)
		}
	}
	return strings.Join(reasons, ", ")
}

// conditionWords says what a member's data is worth when something is wrong with it, for example "fog, reliability 0.31", and whether it was
// left out for that; empty when nothing is named.
func conditionWords(m *fusionv1.Member) string {
	why := m.GetReliabilityReason()
	if why == "" {
		return ""
	}
	why = fmt.Sprintf("%s, reliability %.2f", why, m.GetReliability())
	if m.GetAbsence() == fusionv1.AbsenceReason_ABSENCE_REASON_UNRELIABLE {
		why = "left out: " + why
	}
	return why
}

// absentMembers lists the streams without a member in this set or with one whose data is not what it should be, with reasons.
func absentMembers(m *fusionv1.SetManifest) []fact {
	var out []fact
	for _, o := range m.GetMembers() {
		condition := conditionWords(o)
		if condition != "" && (o.GetPresent() || o.GetAbsence() == fusionv1.AbsenceReason_ABSENCE_REASON_UNRELIABLE) {
			out = append(out, fact{o.GetStream(), condition})
			continue
		}
		if o.GetPresent() {
			continue
		}
		why := words(o.GetAbsence().String(), "ABSENCE_REASON_")
		if age := o.GetNewestAgeNs(); age > 0 {
			why += fmt.Sprintf(", newest %.0f ms old", float64(age)*1e-6)
		}
		out = append(out, fact{o.GetStream(), why})
	}
	return out
}

func drawAbsentMembers(c *canvas, in image.Rectangle, y, bottom int, l *fusionv1.ObjectList) {
	absent := absentMembers(l.GetManifest())
	if l.GetManifest() == nil {
		return
	}
	const line = 25
	y = heading(c, in, y+8, "absent or unreliable")
	if len(absent) == 0 {
		c.text(in.Min.X, y+line, styleText, colMuted, "none")
		return
	}
	room := max(1, (bottom-y)/line)
	for i, f := range absent {
		y += line
		if i == room-1 && len(absent) > room {
			c.text(in.Min.X, y, styleText, colMuted, fmt.Sprintf("and %d more", len(absent)-i))
			return
		}
		name := c.elide(styleText, f.name, in.Dx()/2-10)
		c.text(in.Min.X, y, styleText, colText, name)
		c.textRight(in.Max.X, y, styleText, colWarn, c.elide(styleText, f.value, in.Dx()/2-10))
	}
}
