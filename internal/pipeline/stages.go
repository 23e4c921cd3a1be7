package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/fusion"
	"github.com/fusiond/fusiond/fusion/mode"
	"github.com/fusiond/fusiond/fusion/track"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sensors/camera"
	timesync "github.com/fusiond/fusiond/sync"
)

// stages holds the encoders; each is used by one goroutine only.
type stages struct {
	lidar  *encoders.LidarEncoder
	camera *encoders.CameraEncoder
	// cameras holds one preprocessor a stream (nil for others), used by the camera worker.
	cameras []*camera.Preprocessor
	views   []camera.View
	picture []uint8               // camera worker
	points  []sensors.Point       // lidar worker
	raster  *encoders.LidarRaster // lidar worker, in capture mode
	// monitors judge what the streams' data is worth.
	monitors monitors
	members  members // camera worker
}

func (e *Engine) openStages() error {
	if err := errors.Join(e.openCameras(), e.openMonitors()); err != nil {
		return err
	}
	f := &fuser{
		engine: e, queue: make(chan fuseItem, fuseQueue), done: make(chan struct{}), stats: newStageStats(), panics: panics{},
	}
	f.lift = encoders.NewLiftTable(e.opt.Package.BEV(), e.opt.Package.Encoders.Camera)
	if e.opt.Capture != nil {
		e.stage.raster = encoders.NewLidarRaster(e.opt.Package.BEV(), e.opt.Package.Encoders.Lidar)
		f.raster = encoders.NewRadarRaster(e.opt.Package.BEV(), e.opt.Package.Encoders.Radar)
	} else if err := e.openNetworks(f); err != nil {
		return errors.Join(err, closeIf(f.radar))
	}
	e.fuse = f
	e.cameras, e.lidars = startWorker(e.clock), startWorker(e.clock)
	go f.loop()
	return nil
}

// openCameras makes the views and preprocessors.
func (e *Engine) openCameras() error {
	n := len(e.streams)
	e.stage.cameras, e.stage.views = make([]*camera.Preprocessor, n), make([]camera.View, n)
	spec := &e.opt.Package.Encoders.Camera
	for i := range e.streams {
		s := &e.streams[i]
		if s.Modality != sensors.Camera {
			continue
		}
		view, err := camera.NewView(s.Intrinsics, s.EgoFromSensor, spec.Width(), spec.Height(), spec.View.Horizon)
		if err != nil {
			return fmt.Errorf("camera %s: %w", s.Name, err)
		}
		e.stage.views[i] = view
		if e.stage.cameras[i], err = camera.NewPreprocessor(s.Intrinsics, view); err != nil {
			return fmt.Errorf("camera %s: %w", s.Name, err)
		}
	}
	e.stage.picture = make([]uint8, 3*spec.Width()*spec.Height())
	return nil
}

// openNetworks opens the encoders and the fuser, and makes what reads their outputs.
func (e *Engine) openNetworks(f *fuser) (err error) {
	opt := &e.opt
	if e.stage.lidar, err = encoders.NewLidarEncoder(opt.Runtime, opt.Package, opt.Network); err != nil {
		return err
	}
	if e.stage.camera, err = encoders.NewCameraEncoder(opt.Runtime, opt.Package, opt.Network); err != nil {
		return err
	}
	if e.radar {
		if f.radar, err = encoders.NewRadarEncoder(opt.Runtime, opt.Package, opt.Network); err != nil {
			return err
		}
	}
	if f.strategy, err = e.OpenStrategy(opt.Strategy); err != nil {
		return err
	}
	f.decoder = fusion.NewDecoder(opt.Decode, opt.Package.BEV(), len(opt.Package.Classes))
	f.groups = fusion.ClassGroups(opt.Package.Classes)
	f.tracker = track.NewGreedy(track.DefaultGreedyConfig(opt.Package.Classes))
	f.mode = mode.New(mode.DefaultConfig())
	f.maps = e.debugMaps()
	return nil
}

// closer is implemented by the encoders; nil ones are skipped by closeIf.
type closer interface{ Close() error }

func closeIf[T any, P interface {
	*T
	closer
}](c P) error {
	if c == nil {
		return nil
	}
	return c.Close()
}

func (e *Engine) closeStages() error {
	var errs []error
	if e.fuse != nil {
		close(e.fuse.queue)
		<-e.fuse.done
		e.cameras.stop()
		e.lidars.stop()
		for i := range e.streams {
			for _, r := range e.streams[i].records {
				if r.job != nil {
					r.job.release()
				}
			}
			e.streams[i].records = nil
		}
		errs = append(errs, closeIf(e.fuse.radar))
		if e.fuse.strategy != nil {
			errs = append(errs, e.fuse.strategy.Close())
		}
	}
	for _, p := range e.stage.cameras {
		if p != nil {
			p.Close()
		}
	}
	return errors.Join(append(errs, closeIf(e.stage.lidar), closeIf(e.stage.camera), e.stage.members.close())...)
}

func (e *Engine) clock() int64 {
	if e.opt.Clock == nil {
		return 0
	}
	return e.opt.Clock()
}

// start gives a record a job and hands it to its modality's worker. Radars have none.
func (e *Engine) start(index int, r *record) {
	switch sample := r.sample.(type) {
	case *sensors.CameraFrame:
		r.job = e.cameraJob(index, sample)
		e.cameras.jobs <- r.job
	case *sensors.PointCloud:
		r.job = e.lidarJob(index, sample)
		e.lidars.jobs <- r.job
	}
}

func (e *Engine) cameraJob(index int, frame *sensors.CameraFrame) *job {
	j := newJob(e.opt.Log)
	j.decode = func(context.Context) (err error) {
		if err = e.stage.cameras[index].Process(frame, e.stage.picture); err != nil {
			return err
		}
		j.condition, err = e.stage.monitors.cameras[index].Update(e.stage.picture, frame.Stamp)
		j.judged = err == nil
		return err
	}
	if e.opt.Capture != nil {
		j.encode = func(context.Context) (*encoders.Tokens, error) { return nil, j.capturePicture(e.stage.picture) }
		return j
	}
	j.pool = e.stage.camera.Pool()
	looks := e.looks()
	j.encode = func(ctx context.Context) (_ *encoders.Tokens, err error) {
		if looks {
			if j.sightings, err = e.see(ctx, index, frame); err != nil {
				return nil, err
			}
		}
		return e.stage.camera.Encode(ctx, e.stage.picture)
	}
	return j
}

func (e *Engine) lidarJob(index int, cloud *sensors.PointCloud) *job {
	j := newJob(e.opt.Log)
	mount := e.streams[index].EgoFromSensor
	motion := e.ego.sweep(cloud)
	j.decode = func(context.Context) error {
		e.stage.points, _ = cloud.AppendPoints(e.stage.points[:0])
		j.condition, j.judged = e.stage.monitors.lidars[index].Update(e.stage.points, cloud.Stamp), true
		if len(e.stage.points) == 0 {
			return errors.New("no usable point in the sweep: check the driver's point layout")
		}
		if motion == nil {
			// Deskewed already, or no ego motion is known (the object list then says that it is stale): no times, no motion.
			for i := range e.stage.points {
				e.stage.points[i].T = 0
			}
		}
		_, err := timesync.Deskew(e.stage.points, e.stage.points, mount, cloud.Stamp, motion)
		return err
	}
	if e.opt.Capture != nil {
		j.encode = func(context.Context) (*encoders.Tokens, error) {
			return nil, j.captureSweep(e.stage.points, e.stage.raster)
		}
		return j
	}
	j.pool = e.stage.lidar.Pool()
	looks := e.looks()
	j.encode = func(ctx context.Context) (*encoders.Tokens, error) {
		if looks {
			j.points = slices.Clone(e.stage.points)
		}
		return e.stage.lidar.Encode(ctx, e.stage.points)
	}
	return j
}

// sweepMotion is the ego motion over one sweep, copied out of the history for the lidar worker: poses at even steps.
type sweepMotion struct {
	from  sensors.StampNs
	step  int64
	poses []sensors.Pose
}

// sweepStepNs between copied poses: between them the motion is interpolated.
const sweepStepNs = 5e6

// sweep returns the motion from the sweep's start to its stamp; nil when the points need none or no ego motion is known.
func (e *egoStream) sweep(cloud *sensors.PointCloud) timesync.EgoLookup {
	if cloud.Deskewed {
		return nil
	}
	n := int(math.Ceil(float64(cloud.Stamp-cloud.SweepStart)/sweepStepNs)) + 2
	if n < 2 || n > 1000 {
		return nil
	}
	m := &sweepMotion{from: cloud.SweepStart, step: sweepStepNs, poses: make([]sensors.Pose, n)}
	for i := range m.poses {
		state, _, ok := e.history.At(m.from + sensors.StampNs(i)*sweepStepNs)
		if !ok {
			return nil
		}
		m.poses[i] = state.LocalFromEgo
	}
	return m
}

// At implements timesync.EgoLookup.
func (m *sweepMotion) At(stamp sensors.StampNs) (sensors.Pose, bool) {
	at := float64(stamp-m.from) / float64(m.step)
	i := min(max(int(math.Floor(at)), 0), len(m.poses)-2)
	return m.poses[i].Interpolate(m.poses[i+1], at-float64(i)), true
}
