package camera

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

// DefaultHorizon is where the horizon lies in the view, as a share of its height from the top: what is above the
// horizon is mostly sky, what is below is road and its users.
const DefaultHorizon = 0.42

// Fill is the gray level of view pixels that the camera does not see: about the mean of road pictures.
const Fill = 120

// maxViewSide bounds a view's sides; networks take a few hundred pixels.
const maxViewSide = 4096

// View is the network's picture: an undistorted pinhole image. Pixel centres have integer coordinates; a point (x, y, z)
// of the camera frame with z > 0 lies at u = Fx*x/z + Cx, v = Fy*y/z + Cy.
type View struct {
	Width, Height  int
	Fx, Fy, Cx, Cy float64
}

// NewView lays a view of width x height pixels into the camera's image. The scale is s = width / k.Width in both
// directions and the full width is kept: Fx = s*k.Fx, Cx = s*(k.Cx + 0.5) - 0.5. Rows are cropped so that the horizon
// lies at row horizon*height, rounded to whole rows; DefaultHorizon suits driving. The horizon is where the optical
// axis, laid level, is seen. The crop is moved to stay inside the scaled picture; where that has fewer rows than the
// view, the view holds all of them and Fill in the rest.
//
// Errors: sizes or focal lengths that are not positive, horizon outside [0, 1], a camera that looks straight up or down.
func NewView(k *sensors.Intrinsics, egoFromCamera sensors.Pose, width, height int, horizon float64) (View, error) {
	if err := checkIntrinsics(k); err != nil {
		return View{}, fmt.Errorf("make camera view: %w", err)
	}
	if !(horizon >= 0 && horizon <= 1) {
		return View{}, fmt.Errorf("make camera view: horizon %g is not a share of the height: use %g", horizon, DefaultHorizon)
	}
	s := float64(width) / float64(k.Width)
	v := View{
		Width: width, Height: height,
		Fx: k.Fx * s, Fy: k.Fy * s,
		Cx: (k.Cx+0.5)*s - 0.5, Cy: (k.Cy+0.5)*s - 0.5,
	}
	if err := v.check(); err != nil {
		return View{}, fmt.Errorf("make camera view: %w", err)
	}
	axis := egoFromCamera.Rotate(r3.Vec{Z: 1})
	level := egoFromCamera.Inverse().Rotate(r3.Vec{X: axis.X, Y: axis.Y})
	if !(level.Z > 1e-9) {
		return View{}, errors.New("make camera view: the camera looks straight up or down, or its rotation is not one: no horizon")
	}
	top := math.Round(v.Cy + v.Fy*level.Y/level.Z - horizon*float64(height))
	spare := math.Floor(float64(k.Height)*s+1e-9) - float64(height)
	v.Cy -= math.Max(math.Min(0, spare), math.Min(top, math.Max(0, spare)))
	return v, nil
}

func (v View) check() error {
	if v.Width <= 0 || v.Height <= 0 || v.Width > maxViewSide || v.Height > maxViewSide {
		return fmt.Errorf("view of %dx%d pixels: sides must be 1 to %d", v.Width, v.Height, maxViewSide)
	}
	return checkPinhole(v.Fx, v.Fy, v.Cx, v.Cy)
}

func checkIntrinsics(k *sensors.Intrinsics) error {
	if k == nil {
		return errors.New("no intrinsics: give the rig's")
	}
	if k.Width <= 0 || k.Height <= 0 {
		return fmt.Errorf("intrinsics for a %dx%d image: sides must be positive", k.Width, k.Height)
	}
	for i, c := range k.Distortion {
		if math.IsNaN(c) || math.IsInf(c, 0) {
			return fmt.Errorf("distortion coefficient %d is %g: must be finite", i, c)
		}
	}
	return checkPinhole(k.Fx, k.Fy, k.Cx, k.Cy)
}

func checkPinhole(fx, fy, cx, cy float64) error {
	sum := fx + fy + cx + cy
	if !(fx > 0 && fy > 0) || math.IsNaN(sum) || math.IsInf(sum, 0) {
		return fmt.Errorf("fx %g, fy %g, cx %g, cy %g: focal lengths must be positive and all finite", fx, fy, cx, cy)
	}
	return nil
}
