package render

import (
	"fmt"
	"image"
	"math"
	"strings"

	xdraw "golang.org/x/image/draw"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

const (
	// FilmWidth of every film, pixels.
	FilmWidth = 1600
	// FilmRangeM is how far a film's bird's-eye views reach ahead and behind.
	FilmRangeM = 40
	// MaxFilm is how many frames a film may hold; of more, no one could be read.
	MaxFilm = 8
)

const (
	filmMargin = 16
	filmGap    = 8
	// Height of the bird's-eye views as a multiple of a frame's width, at most filmBirdsEyeMax.
	filmBirdsEye, filmBirdsEyeMax = 1.7, 560
	// Lines of the caption: time and mode; what is found; what is wrong; the bar and its words.
	filmLine, filmCaption = 21, 108
	filmFooter            = 34
	// filmFrontRad is how far from straight ahead the front camera may look.
	filmFrontRad = math.Pi / 4
)

// Frame is one moment of a film.
type Frame struct {
	Scene
	// AtS is the moment in seconds from the recording's start.
	AtS float64
	// Found of Labelled objects within FoundRangeM have a published one, False published ones there have no label; Labelled below 0: there is
	// no ground truth to compare with.
	Found, Labelled, False int
	FoundRangeM            float64
}

// Film draws moments side by side: the front camera with boxes, the bird's-eye view of the nearest FilmRangeM, and a caption that
// says when it is, the mode, how much of the truth is found, what is wrong with the sensors, and what the objects drawn rest on.
// The caller owns the picture, which is opaque and FilmWidth pixels wide. Title, Subtitle and RangeM of the scenes are not shown.
// The error names all that is wrong with the scenes.
func Film(frames []Frame) (*image.RGBA, error) {
	if n := len(frames); n < 1 || n > MaxFilm {
		return nil, fmt.Errorf("draw film: %d frames: want 1 to %d", n, MaxFilm)
	}
	for i := range frames {
		if err := frames[i].validate(); err != nil {
			return nil, fmt.Errorf("draw film: frame %d: %w", i, err)
		}
	}
	f, err := newFaces()
	if err != nil {
		return nil, fmt.Errorf("draw film: %w", err)
	}
	l := newFilmLayout(frames)
	c := newCanvas(l.size, f)
	for i := range frames {
		l.draw(c, i, &frames[i])
	}
	drawFilmLegend(c, l.footer, frames)
	return c.img, nil
}

// filmLayout says where everything of a film goes.
type filmLayout struct {
	size                      image.Point
	camera, birdsEye, caption []image.Rectangle
	footer                    image.Rectangle
}

func newFilmLayout(frames []Frame) (l filmLayout) {
	n := len(frames)
	w := (FilmWidth - 2*filmMargin - (n-1)*filmGap) / n
	cameraH := w * 9 / 16
	if v := ahead(frames[0].Cameras); v != nil {
		cameraH = int(float64(w)/aspect(v) + 0.5)
	}
	birdsEyeH := min(int(float64(w)*filmBirdsEye), filmBirdsEyeMax)
	for i := range n {
		at := image.Pt(filmMargin+i*(w+filmGap), filmMargin)
		camera := image.Rectangle{at, at.Add(image.Pt(w, cameraH))}
		birdsEye := image.Rect(camera.Min.X, camera.Max.Y+2, camera.Max.X, camera.Max.Y+2+birdsEyeH)
		l.camera, l.birdsEye = append(l.camera, camera), append(l.birdsEye, birdsEye)
		l.caption = append(l.caption, image.Rect(camera.Min.X, birdsEye.Max.Y, camera.Max.X, birdsEye.Max.Y+filmCaption))
	}
	bottom := l.caption[0].Max.Y
	l.footer = image.Rect(filmMargin, bottom, FilmWidth-filmMargin, bottom+filmFooter)
	l.size = image.Pt(FilmWidth, l.footer.Max.Y)
	return l
}

// ahead is the one that looks ahead most; nil when none does.
func ahead(cameras []CameraView) (front *CameraView) {
	least := filmFrontRad
	for i := range cameras {
		if away := math.Abs(cameras[i].yaw()); away < least {
			front, least = &cameras[i], away
		}
	}
	return front
}

func (l *filmLayout) draw(c *canvas, i int, f *Frame) {
	objects := f.Objects.GetObjects()
	if front := ahead(f.Cameras); front != nil {
		drawFilmCamera(c, l.camera[i], front, &f.Scene)
	} else {
		drawAbsent(c, l.camera[i], &CameraView{Name: "no front camera"})
	}
	r := l.birdsEye[i]
	restore := c.within(r)
	c.box(r, 0)
	c.fill(colSurface)
	g := newGroundView(r, FilmRangeM)
	drawRings(c, &g, r, 20, FilmRangeM)
	drawPoints(c, &g, r, f.Points)
	drawEgo(c, &g, f.Body)
	drawObjects(c, &g, objects)
	drawTruth(c, &g, f.Truth)
	taken := places{egoRect(&g, f.Body)}
	labelObjects(c, &g, r, objects, &taken, func(o *fusionv1.Object) string { return fmt.Sprint(o.GetId()) })
	restore()
	drawFilmCaption(c, l.caption[i], f)
}

// drawFilmCamera draws a camera with boxes and without words, for which there is no room.
func drawFilmCamera(c *canvas, cell image.Rectangle, v *CameraView, s *Scene) {
	defer c.within(cell)()
	c.box(cell, 0)
	c.fill(colSurface)
	if v.Image == nil {
		drawAbsent(c, cell, v)
		return
	}
	frame := imageFrame(cell, v)
	xdraw.CatmullRom.Scale(c.img, frame, v.Image, v.Image.Bounds(), xdraw.Src, nil)
	if v.Intrinsics != nil {
		defer c.within(frame)()
		later, _ := exposedAfter(s.Objects, string(v.Name))
		drawBoxes(c, frame, v, s.Objects.GetObjects(), later, nil)
	}
}

func drawFilmCaption(c *canvas, r image.Rectangle, f *Frame) {
	defer c.within(r)()
	y := r.Min.Y + filmLine
	x := c.text(r.Min.X, y, styleStrong, colText, fmt.Sprintf("%.1f s", f.AtS))
	if f.Objects != nil {
		mode := c.elide(styleLabel, strings.ToUpper(words(f.Objects.GetMode().String(), "MODE_")), r.Max.X-x-8)
		c.textRight(r.Max.X, y, styleLabel, modeColour(f.Objects.GetMode()), mode)
	}
	y += filmLine
	c.text(r.Min.X, y, styleLabel, colText, c.elide(styleLabel, foundWords(f), r.Dx()))
	y += filmLine - 2
	named := troubles(f.Objects.GetManifest())
	if named == "" {
		named = f.Objects.GetModeReason()
	}
	if named != "" {
		c.text(r.Min.X, y, styleTiny, colWarn, c.elide(styleTiny, named, r.Dx()))
	} else {
		c.text(r.Min.X, y, styleTiny, colMuted, "nothing named")
	}
	drawShareBar(c, image.Rect(r.Min.X, y+10, r.Max.X, y+20), meanShares(f.Objects.GetObjects()))
}

func foundWords(f *Frame) string {
	if f.Labelled < 0 {
		return fmt.Sprintf("%d objects", len(f.Objects.GetObjects()))
	}
	return fmt.Sprintf("%d of %d found within %g m, %d false", f.Found, f.Labelled, f.FoundRangeM, f.False)
}

// troubles names what is wrong with the sensors, in the manifest's order: a reason with its sensor, or with how many have it:
// "fog ×7, idle CAM_FRONT". What a rig never had is no trouble.
func troubles(m *fusionv1.SetManifest) string {
	var order []string
	of := map[string][]string{}
	for _, o := range m.GetMembers() {
		why := o.GetReliabilityReason()
		if !o.GetPresent() {
			why = absenceWords(o)
		}
		switch o.GetAbsence() {
		case fusionv1.AbsenceReason_ABSENCE_REASON_NOT_FITTED, fusionv1.AbsenceReason_ABSENCE_REASON_DISABLED:
			continue
		default:
		}
		if why == "" {
			continue
		}
		if of[why] == nil {
			order = append(order, why)
		}
		of[why] = append(of[why], o.GetStream())
	}
	parts := make([]string, len(order))
	for i, why := range order {
		parts[i] = why + " " + of[why][0]
		if n := len(of[why]); n > 1 {
			parts[i] = fmt.Sprintf("%s ×%d", why, n)
		}
	}
	return strings.Join(parts, ", ")
}

// filmModalities in the bar's order.
var filmModalities = [3]fusionv1.Modality{
	fusionv1.Modality_MODALITY_LIDAR, fusionv1.Modality_MODALITY_RADAR, fusionv1.Modality_MODALITY_CAMERA,
}

// meanShares is what objects rest on in the mean, by filmModalities; objects without shares count nothing, and of none it is 0.
func meanShares(objects []*fusionv1.Object) (mean [3]float64) {
	var sum float64
	for _, o := range objects {
		for _, s := range o.GetShares() {
			for i, m := range filmModalities {
				if v := float64(s.GetShare()); m == s.GetModality() && finite(v) && v > 0 {
					mean[i] += v
					sum += v
				}
			}
		}
	}
	for i := range mean {
		if sum > 0 {
			mean[i] /= sum
		}
	}
	return mean
}

// drawShareBar draws shares side by side, and under each its number.
func drawShareBar(c *canvas, r image.Rectangle, shares [3]float64) {
	c.box(r, 0)
	c.fill(colTrack)
	var sum float64
	x := r.Min.X
	text := r.Min.X
	for i, share := range shares {
		sum += share
		col := modalityColour(filmModalities[i])
		to := r.Min.X + int(sum*float64(r.Dx())+0.5)
		if to > x {
			c.box(image.Rect(x, r.Min.Y, to, r.Max.Y), 0)
			c.fill(col)
		}
		x = to
		if sum > 0 || share > 0 {
			s := fmt.Sprintf("%s %.0f %%", words(filmModalities[i].String(), "MODALITY_"), share*100)
			text = c.text(text, r.Max.Y+17, styleTiny, col, s) + 10
		}
	}
	if sum == 0 {
		c.text(r.Min.X, r.Max.Y+17, styleTiny, colFaint, "no objects")
	}
}

// drawFilmLegend names the colours of the classes that the film shows, and the marks.
func drawFilmLegend(c *canvas, r image.Rectangle, frames []Frame) {
	defer c.within(r)()
	shown := map[string]int{}
	for i := range frames {
		for class, n := range countClasses(frames[i].Objects.GetObjects()) {
			shown[class] += n
		}
	}
	const swatch = 11
	x, y := r.Min.X, r.Max.Y-12
	for _, k := range classColours {
		if shown[k.class] == 0 {
			continue
		}
		c.box(image.Rect(x, y-swatch, x+swatch, y), 2)
		c.fill(k.col)
		x = c.text(x+swatch+6, y, styleTiny, colMuted, k.label) + 16
	}
	const about = "ground truth; numbers are track ids; the bar is what the objects rest on"
	w := c.measure(styleTiny, about)
	left, top := float64(r.Max.X-w-34), float64(y)
	c.dashes(1.2, truthOnPx, truthOffPx, pt{left, top - 11}, pt{left + 24, top - 11}, pt{left + 24, top}, pt{left, top})
	c.fill(fade(colTruth, 0.85))
	c.text(r.Max.X-w, y, styleTiny, colMuted, about)
}
