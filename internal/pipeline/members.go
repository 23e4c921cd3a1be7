package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/fusion"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sensors/camera"
)

// members run the package's foreign detectors on camera frames, for the strategy that takes them. They
// belong to the camera worker. The detectors' pictures are larger than the camera network's, so a frame is decoded once more for them.
type members struct {
	detectors []*encoders.Detector2D
	eyes      [][]*camera.Preprocessor // by member and stream; nil where the stream is no camera
	picture   []uint8
}

// openMembers opens what a strategy needs, once. The camera worker sees it with the first job that was made to look.
func (e *Engine) openMembers(strategy string) (err error) {
	opt, m := &e.opt, members{}
	if strategy != fusion.LateStrategy || len(opt.Package.Members) == 0 || len(e.stage.members.detectors) > 0 {
		return nil
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.close())
		}
	}()
	for i := range opt.Package.Members {
		spec := &opt.Package.Members[i]
		d, err := encoders.NewDetector2D(opt.Runtime, opt.Package, spec, opt.Network)
		if err != nil {
			return err
		}
		m.detectors, m.eyes = append(m.detectors, d), append(m.eyes, make([]*camera.Preprocessor, len(e.streams)))
		m.picture = slices.Grow(m.picture[:0], 3*spec.Input.Width*spec.Input.Height)
		for k := range e.streams {
			s := &e.streams[k]
			if s.Modality != sensors.Camera || s.masked {
				continue
			}
			if m.eyes[i][k], err = camera.NewPreprocessor(s.Intrinsics, d.View(s.Intrinsics)); err != nil {
				return fmt.Errorf("camera %s for member %s: %w", s.Name, spec.Name, err)
			}
		}
	}
	e.stage.members = m
	return nil
}

// see runs every detector on a frame of a stream.
func (e *Engine) see(ctx context.Context, index int, frame *sensors.CameraFrame) (seen []fusion.Sighting, err error) {
	m := &e.stage.members
	for i, d := range m.detectors {
		spec, eye := &e.opt.Package.Members[i], m.eyes[i][index]
		picture := m.picture[:3*spec.Input.Width*spec.Input.Height]
		if err := eye.Process(frame, picture); err != nil {
			return nil, err
		}
		boxes, err := d.Detect(ctx, picture, e.streams[index].Intrinsics)
		if err != nil {
			return nil, err
		}
		s := fusion.Sighting{Member: spec.Name, Boxes: slices.Clone(boxes)}
		s.Camera.Present, s.Camera.View = true, eye.View()
		seen = append(seen, s)
	}
	return seen, nil
}

// appendSightings adds what the members saw in a camera of a set, placed where the camera was.
func (c *cameraInput) appendSightings(dst []fusion.Sighting) []fusion.Sighting {
	if c.job == nil {
		return dst
	}
	for _, s := range c.job.sightings {
		s.Camera.CameraFromEgo = c.lift.CameraFromEgo
		dst = append(dst, s)
	}
	return dst
}

func (m *members) close() error {
	var errs []error
	for i, d := range m.detectors {
		errs = append(errs, d.Close())
		for _, eye := range m.eyes[i] {
			if eye != nil {
				eye.Close()
			}
		}
	}
	return errors.Join(errs...)
}
