package render

import (
	"fmt"
	"image"
	"image/color"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// style is a font in a size.
type style uint8

const (
	styleTiny style = iota // labels of rings and objects
	styleLabel
	styleText
	styleStrong
	styleHeading
	styleTitle
	numStyles
)

var styles = [numStyles]struct {
	bold bool
	size float64 // pixels
}{
	styleTiny:    {false, 13},
	styleLabel:   {true, 13},
	styleText:    {false, 18},
	styleStrong:  {true, 18},
	styleHeading: {true, 14},
	styleTitle:   {true, 34},
}

// faces are the fonts of one canvas; font.Face is not safe for concurrent use, the parsed fonts are.
type faces [numStyles]font.Face

var parseFonts = sync.OnceValues(func() (f [2]*opentype.Font, err error) {
	for i, ttf := range [2][]byte{goregular.TTF, gobold.TTF} {
		if f[i], err = opentype.Parse(ttf); err != nil {
			return f, fmt.Errorf("parse built-in font: %w", err)
		}
	}
	return f, nil
})

func newFaces() (*faces, error) {
	fonts, err := parseFonts()
	if err != nil {
		return nil, err
	}
	var f faces
	for i, s := range styles {
		from := fonts[0]
		if s.bold {
			from = fonts[1]
		}
		// 72 dots an inch make a point a pixel.
		if f[i], err = opentype.NewFace(from, &opentype.FaceOptions{Size: s.size, DPI: 72, Hinting: font.HintingNone}); err != nil {
			return nil, fmt.Errorf("make font face: %w", err)
		}
	}
	return &f, nil
}

// text writes s with its baseline at (x, y) and returns the x where it ends.
func (c *canvas) text(x, y int, st style, col color.NRGBA, s string) int {
	dst, ok := c.img.SubImage(c.clip).(*image.RGBA)
	if !ok {
		return x // an RGBA's sub-image is an RGBA
	}
	d := font.Drawer{Dst: dst, Src: image.NewUniform(col), Face: c.faces[st], Dot: fixed.P(x, y)}
	d.DrawString(s)
	return d.Dot.X.Ceil()
}

// textRight writes s so that it ends at x.
func (c *canvas) textRight(x, y int, st style, col color.NRGBA, s string) {
	c.text(x-c.measure(st, s), y, st, col, s)
}

// textCentre writes s around x.
func (c *canvas) textCentre(x, y int, st style, col color.NRGBA, s string) {
	c.text(x-c.measure(st, s)/2, y, st, col, s)
}

// measure returns the width of s in pixels.
func (c *canvas) measure(st style, s string) int { return font.MeasureString(c.faces[st], s).Ceil() }

// maxText bounds the work for a text of any length: no place holds as many bytes.
const maxText = 400

// elide cuts s to a width, marking the cut, and makes it one line of printable text.
func (c *canvas) elide(st style, s string, width int) string {
	cut := len(s) > maxText
	if cut {
		s = s[:maxText]
	}
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
	if !cut && c.measure(st, s) <= width {
		return s
	}
	runes := []rune(s)
	for n := len(runes); n > 0; n-- {
		if t := strings.TrimSpace(string(runes[:n])) + "…"; c.measure(st, t) <= width {
			return t
		}
	}
	return ""
}

// tagRect returns where tag puts its background for a text whose box begins at (x, y).
func (c *canvas) tagRect(x, y int, st style, s string) image.Rectangle {
	return image.Rect(x, y, x+c.measure(st, s)+10, y+int(styles[st].size)+6)
}

// tag writes s on a readable background whose top left corner is (x, y).
func (c *canvas) tag(x, y int, st style, col color.NRGBA, s string) {
	r := c.tagRect(x, y, st, s)
	c.box(r, 4)
	c.fill(colTag)
	c.text(x+5, y+int(styles[st].size)+1, st, col, s)
}

// places remembers what labels cover, so that none hides another.
type places []image.Rectangle

// take reports whether r is free, and takes it.
func (p *places) take(r image.Rectangle) bool {
	for _, o := range *p {
		if r.Overlaps(o) {
			return false
		}
	}
	*p = append(*p, r)
	return true
}
