package render

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

const (
	// DefaultRangeM is the range of the bird's-eye view when a scene names none: the fuser's grid.
	DefaultRangeM = 51.2
	// MaxRangeM is the largest range that is accepted; beyond it a car is less than a pixel.
	MaxRangeM = 500
	// MaxCameras is how many cameras a scene may hold.
	MaxCameras = 16
)

// Scene is one set of a drive at one time. Draw only reads it.
type Scene struct {
	Title, Subtitle string
	// Points in the ego frame at the set's time, metres.
	Points []sensors.Point
	// Objects as published, with modalities and manifest; nil draws none.
	Objects *fusionv1.ObjectList
	// Truth at the set's time in its ego frame; nil when there is none.
	Truth *fusionv1.TruthFrame
	// Cameras in any order; the picture orders them by where they look.
	Cameras []CameraView
	// Body of the ego vehicle; zero draws a mark at the rear axle instead.
	Body sensors.Body
	// RangeM is how far the bird's-eye view reaches ahead and behind; 0 = DefaultRangeM.
	RangeM float64
}

// CameraView is one camera of a scene.
type CameraView struct {
	Name sensors.SensorID
	// Image as recorded (not undistorted) at any scale; nil when the camera is absent.
	Image image.Image
	// Reason says in a few words why Image is nil.
	Reason string
	// Intrinsics in pixels of the recorded image, whatever the size of Image; nil draws no boxes.
	Intrinsics *sensors.Intrinsics
	// CameraFromEgo maps points of the ego frame at the SET'S time into the camera at its own exposure; for an absent camera
	// the mounting alone, which still gives it its place in the picture.
	CameraFromEgo sensors.Pose
}

// Draw draws s. The caller owns the picture, which is opaque, Width pixels wide and as high as its content. The error
// names all that is wrong with the scene.
func Draw(s Scene) (*image.RGBA, error) {
	if err := s.validate(); err != nil {
		return nil, fmt.Errorf("draw scene: %w", err)
	}
	if s.RangeM == 0 {
		s.RangeM = DefaultRangeM
	}
	f, err := newFaces()
	if err != nil {
		return nil, fmt.Errorf("draw scene: %w", err)
	}
	l := newLayout(s.Cameras)
	c := newCanvas(l.size, f)
	drawHeader(c, l.header, &s)
	for i, cell := range l.cells {
		drawCamera(c, cell, &s.Cameras[l.order[i]], &s)
	}
	drawBirdsEye(c, l.birdsEye, &s)
	drawPanel(c, l.panel, &s)
	return c.img, nil
}

// WritePNG writes img as PNG. The bytes depend on img only.
func WritePNG(w io.Writer, img *image.RGBA) error {
	if err := png.Encode(w, img); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	return nil
}

func (s *Scene) validate() error {
	var errs []error
	if !(s.RangeM >= 0 && s.RangeM <= MaxRangeM) {
		errs = append(errs, fmt.Errorf("range %v m: want 0 (the default) to %d m", s.RangeM, MaxRangeM))
	}
	if n := len(s.Cameras); n > MaxCameras {
		errs = append(errs, fmt.Errorf("%d cameras: want at most %d, leave some out", n, MaxCameras))
	}
	for i := range s.Cameras {
		v := &s.Cameras[i]
		if v.Image != nil && v.Image.Bounds().Empty() {
			errs = append(errs, fmt.Errorf("camera %s: image of no size: leave it nil and give the reason", v.Name))
		}
		if k := v.Intrinsics; k != nil && !(k.Width > 0 && k.Height > 0 && k.Fx > 0 && k.Fy > 0) {
			errs = append(errs, fmt.Errorf("camera %s: intrinsics of %dx%d px, focal %v, %v px: want all positive, check the rig",
				v.Name, k.Width, k.Height, k.Fx, k.Fy))
		}
	}
	return errors.Join(errs...)
}

func finite(v ...float64) bool {
	for _, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}
