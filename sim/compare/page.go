package compare

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"

	"github.com/fusiond/fusiond/sensors"
)

//go:embed report.html.tmpl
var pageText string

var page = template.Must(template.New("report").Funcs(template.FuncMap{"number": format}).Parse(pageText))

// format shows a number that may be missing.
func format(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.3g", *v)
}

type pagePlot struct {
	*Measure
	SVG template.HTML
}

type pagePair struct {
	Title           string
	Real, Simulated template.URL
}

// WriteHTML writes the report as one page that needs nothing else.
func (r *Report) WriteHTML(w io.Writer) error {
	data := struct {
		*Report
		Plots []pagePlot
		Pairs []pagePair
	}{Report: r}
	for i := range r.Measures {
		svg, err := plotOf(&r.Measures[i])
		if err != nil {
			return err
		}
		data.Plots = append(data.Plots, pagePlot{&r.Measures[i], svg})
	}
	pairs, err := r.pairs()
	if err != nil {
		return err
	}
	for _, p := range pairs {
		data.Pairs = append(data.Pairs, pagePair{p.title, inline(p.real), inline(p.sim)})
	}
	return page.Execute(w, data)
}

// pair of pictures to look at beside each other.
type pair struct {
	title     string
	name      string
	real, sim []byte
}

// pairs of a sweep from above and of each camera. One side may lack a picture.
func (r *Report) pairs() ([]pair, error) {
	above := pair{title: "one sweep from above, 100 x 100 m, ahead is up", name: "above"}
	var err error
	if above.real, err = pngOf(birdsEye(r.realShown.sweep)); err != nil {
		return nil, err
	}
	if r.simShown.sweep != nil {
		if above.sim, err = pngOf(birdsEye(r.simShown.sweep)); err != nil {
			return nil, err
		}
	}
	all := []pair{above}
	for _, c := range r.cameras {
		p := pair{title: c, name: c}
		if p.real, err = jpegOf(r.realShown.pictures[sensors.SensorID(c)]); err != nil {
			return nil, err
		}
		if p.sim, err = jpegOf(r.simShown.pictures[sensors.SensorID(c)]); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// Pictures are the files that are worth having beside the report, by name: above-real.png, CAM_FRONT-simulated.jpg and so on.
func (r *Report) Pictures() (names []string, data [][]byte, err error) {
	pairs, err := r.pairs()
	if err != nil {
		return nil, nil, err
	}
	for i, p := range pairs {
		ending := ".jpg"
		if i == 0 {
			ending = ".png"
		}
		for _, one := range []struct {
			side string
			data []byte
		}{{"-real", p.real}, {"-simulated", p.sim}} {
			if one.data != nil {
				names, data = append(names, p.name+one.side+ending), append(data, one.data)
			}
		}
	}
	return names, data, nil
}

func pngOf(img image.Image) ([]byte, error) {
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}

// jpegOf scales a picture to the width of the simulated ones; nil has no bytes.
func jpegOf(img image.Image) ([]byte, error) {
	if img == nil {
		return nil, nil
	}
	size := img.Bounds()
	small := image.NewRGBA(image.Rect(0, 0, pictureWidth, pictureWidth*size.Dy()/size.Dx()))
	draw.CatmullRom.Scale(small, small.Bounds(), img, size, draw.Src, nil)
	var b bytes.Buffer
	err := jpeg.Encode(&b, small, &jpeg.Options{Quality: 85})
	return b.Bytes(), err
}

// inline is a picture as a data URL, empty for none.
func inline(data []byte) template.URL {
	if data == nil {
		return ""
	}
	kind := "image/jpeg"
	if bytes.HasPrefix(data, []byte("\x89PNG")) {
		kind = "image/png"
	}
	return template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(data)) //nolint:gosec // base64 of our own picture
}
