package camera

import (
	"errors"
	"fmt"
	"math"

	"github.com/fusiond/fusiond/internal/vision"
	"github.com/fusiond/fusiond/sensors"
)

// Preprocessor turns the frames of one camera into the network's picture. It owns C memory, freed by Close, and is for
// one goroutine at a time. The plan of the last frame size is kept; the first frame of a new size pays for its table.
type Preprocessor struct {
	k    sensors.Intrinsics
	view View
	// minW, minH is the least size of a decoded frame from which nothing of the view is lost.
	minW, minH int

	jpeg                    *vision.Decoder
	convert, unwarp, shrink *vision.Workspace
	decoded, warped, fitted vision.Image
	plan                    plan
}

// NewPreprocessor makes a Preprocessor for a camera and the view of it; call Close when done. The view may be any
// pinhole view along the same axes; NewView's is the fastest.
func NewPreprocessor(k *sensors.Intrinsics, v View) (*Preprocessor, error) {
	if err := errors.Join(checkIntrinsics(k), v.check()); err != nil {
		return nil, fmt.Errorf("make camera preprocessor: %w", err)
	}
	p := &Preprocessor{
		k: *k, view: v,
		minW: int(math.Ceil(math.Min(float64(k.Width)*v.Fx/k.Fx, vision.MaxPixels) - 1e-6)),
		minH: int(math.Ceil(math.Min(float64(k.Height)*v.Fy/k.Fy, vision.MaxPixels) - 1e-6)),
	}
	var err error
	if p.jpeg, err = vision.NewDecoder(); err != nil {
		return nil, fmt.Errorf("make camera preprocessor: %w", err)
	}
	for _, w := range []**vision.Workspace{&p.convert, &p.unwarp, &p.shrink} {
		if *w, err = vision.NewWorkspace(); err != nil {
			p.Close()
			return nil, fmt.Errorf("make camera preprocessor: %w", err)
		}
	}
	return p, nil
}

// Close frees the C memory; the second call does nothing. Process returns an error afterwards.
func (p *Preprocessor) Close() {
	p.plan.close()
	p.jpeg.Close()
	for _, w := range []*vision.Workspace{p.convert, p.unwarp, p.shrink} {
		if w != nil {
			w.Close()
		}
	}
}

// View returns the view that the pictures show.
func (p *Preprocessor) View() View { return p.view }

// Process writes the view of one frame into dst: 3*Height*Width bytes, the planes red, green, blue, row-major. The
// frame's bytes are only read, and not kept.
//
// The frame may be smaller or larger than the rig's image as long as the aspect ratio is the same to within a row: the
// calibration is scaled. Errors: no or wrong size, another aspect ratio, data that is damaged, truncated, not of the
// declared size or of an unknown encoding. After an error dst is unchanged.
func (p *Preprocessor) Process(frame *sensors.CameraFrame, dst []uint8) error {
	if frame == nil {
		return errors.New("preprocess camera frame: no frame")
	}
	if err := p.process(frame, dst); err != nil {
		return fmt.Errorf("preprocess %s seq %d: %w", frame.Sensor, frame.Seq, err)
	}
	return nil
}

func (p *Preprocessor) process(frame *sensors.CameraFrame, dst []uint8) error {
	if want := 3 * p.view.Width * p.view.Height; len(dst) != want {
		return fmt.Errorf("destination has %d bytes, want %d", len(dst), want)
	}
	if err := p.checkFrame(frame); err != nil {
		return err
	}
	img, denom, err := p.decode(frame)
	if err != nil {
		return err
	}
	src := source{frame.Width, frame.Height, denom}
	if p.plan.src != src {
		next, err := newPlan(&p.k, p.view, src, img.Width, img.Height)
		if err != nil {
			return err
		}
		p.plan.close()
		p.plan = next
	}
	if p.plan.table == nil {
		return p.crop(&img, dst)
	}
	return p.warp(&img, dst)
}

// crop averages the rows that are wanted down to the view.
func (p *Preprocessor) crop(img *vision.Image, dst []uint8) error {
	rows, err := img.Rows(p.plan.from, p.plan.to)
	if err != nil {
		return err
	}
	if err := p.shrink.Resize(&rows, p.view.Width, p.plan.fitH, &p.fitted); err != nil {
		return err
	}
	planar(dst, &p.fitted, p.plan.top, p.view.Height)
	return nil
}

// warp takes the lens out at a multiple of the view's resolution and averages down.
func (p *Preprocessor) warp(img *vision.Image, dst []uint8) error {
	if err := p.unwarp.Remap(img, p.plan.table, Fill, &p.warped); err != nil {
		return err
	}
	out := &p.warped
	if p.plan.factor > 1 {
		out = &p.fitted
		if err := p.shrink.Resize(&p.warped, p.view.Width, p.view.Height, out); err != nil {
			return err
		}
	}
	planar(dst, out, 0, p.view.Height)
	return nil
}

// checkFrame refuses sizes that are no image's or not this camera's, before anything is decoded.
func (p *Preprocessor) checkFrame(f *sensors.CameraFrame) error {
	w, h := int64(f.Width), int64(f.Height)
	if w <= 0 || h <= 0 {
		return fmt.Errorf("frame size %dx%d is not positive: the publisher must state width and height", w, h)
	}
	if w > vision.MaxPixels/h {
		return fmt.Errorf("frame size %dx%d is over %d megapixels", w, h, vision.MaxPixels/1_000_000)
	}
	kw, kh := int64(p.k.Width), int64(p.k.Height)
	if off := w*kh - h*kw; off <= -kw || off >= kw {
		return fmt.Errorf("frame size %dx%d has another aspect ratio than the rig's %dx%d: the image was cropped, or the rig is another camera's",
			w, h, kw, kh)
	}
	return nil
}
