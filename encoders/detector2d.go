package encoders

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/fusiond/fusiond/internal/onnx"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sensors/camera"
)

// Detector2D runs a foreign 2D detector on pictures of cameras. One goroutine at a time may use it.
type Detector2D struct {
	spec    *MemberSpec
	session *onnx.Session
	input   *onnx.Tensor[float32]
	output  *onnx.Tensor[float32]
	width   int // values a row of the output
	decoder *yolox
}

// NewDetector2D opens one of the package's members.
func NewDetector2D(rt *onnx.Runtime, p *Package, s *MemberSpec, o Options) (d *Detector2D, err error) {
	session, err := rt.NewSession(p.File(s.File), onnx.SessionOptions{
		Name: s.File, Provider: o.Provider, ProviderOptions: o.ProviderOptions, IntraOpThreads: o.Threads,
		Inputs: []string{s.Input.Name}, Outputs: []string{s.Output.Name},
	})
	if err != nil {
		return nil, fmt.Errorf("model package %s: member %s: %w", p.Dir, s.Name, err)
	}
	d = &Detector2D{spec: s, session: session, decoder: newYOLOX(s, p.Classes)}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
			d = nil
		}
	}()
	shape := session.Outputs()[0].Shape
	least := int64(yoloxBox + slices.Max(d.decoder.numbers) + 1)
	if len(shape) != 3 || shape[0] != 1 || shape[1] != int64(s.Rows()) || shape[2] < least {
		return d, fmt.Errorf("model package %s: member %s: output %s has shape %v, want [1, %d, at least %d]: correct strides and classes of the manifest",
			p.Dir, s.Name, s.Output.Name, shape, s.Rows(), least)
	}
	d.width = int(shape[2])
	if d.input, err = onnx.NewTensor[float32](1, 3, int64(s.Input.Height), int64(s.Input.Width)); err != nil {
		return d, err
	}
	d.output, err = onnx.NewTensor[float32](shape...)
	return d, err
}

// View is the detector's picture of a camera: the lens taken out, the whole image at its aspect ratio in the upper left corner.
func (d *Detector2D) View(k *sensors.Intrinsics) camera.View {
	s := math.Min(float64(d.spec.Input.Width)/float64(k.Width), float64(d.spec.Input.Height)/float64(k.Height))
	return camera.View{
		Width: d.spec.Input.Width, Height: d.spec.Input.Height,
		Fx: k.Fx * s, Fy: k.Fy * s, Cx: (k.Cx+0.5)*s - 0.5, Cy: (k.Cy+0.5)*s - 0.5,
	}
}

// Detect returns the objects of a picture: View's, planar RGB [3, height, width]. What lies right of and below the camera's image k is
// taken as the detector was trained to see it. The boxes are valid until the next call.
func (d *Detector2D) Detect(ctx context.Context, picture []uint8, k *sensors.Intrinsics) ([]Box2D, error) {
	if err := d.fill(picture, k); err != nil {
		return nil, fmt.Errorf("detect with %s: %w", d.spec.Name, err)
	}
	if err := d.session.Run(ctx, []onnx.Value{d.input}, []onnx.Value{d.output}); err != nil {
		return nil, err
	}
	return d.decoder.decode(d.output.Data(), d.width), nil
}

// fill writes the input: channels in the detector's order, scaled, the letterbox in its gray.
func (d *Detector2D) fill(picture []uint8, k *sensors.Intrinsics) error {
	in, dst := &d.spec.Input, d.input.Data()
	if len(picture) != len(dst) {
		return fmt.Errorf("picture of %d values, want %d: make it with the detector's View", len(picture), len(dst))
	}
	s := math.Min(float64(in.Width)/float64(k.Width), float64(in.Height)/float64(k.Height))
	cols, rows := int(math.Round(float64(k.Width)*s)), int(math.Round(float64(k.Height)*s))
	plane := in.Width * in.Height
	scale, gray := float32(in.Scale), float32(in.Letterbox*in.Scale)
	for channel := range 3 {
		from := picture[channel*plane : (channel+1)*plane]
		to := channel
		if in.Order == "bgr" {
			to = 2 - channel
		}
		out := dst[to*plane : (to+1)*plane]
		for row := range in.Height {
			for col := range in.Width {
				at := row*in.Width + col
				if row < rows && col < cols {
					out[at] = float32(from[at]) * scale
				} else {
					out[at] = gray
				}
			}
		}
	}
	return nil
}

// Close frees the session and its tensors.
func (d *Detector2D) Close() error {
	errs := []error{d.session.Close()}
	for _, t := range []*onnx.Tensor[float32]{d.input, d.output} {
		if t != nil {
			errs = append(errs, t.Close())
		}
	}
	return errors.Join(errs...)
}
