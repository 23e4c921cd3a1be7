package degrade

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/timeline"
)

// job is one message on its way through the workers.
type job struct {
	replay.Message // as recorded; Data is the job's own
	name           replay.Topic
	index          uint64 // in its stream, from 0
	at             time.Duration
	conditions     timeline.Conditions
	key            chance.Key // of the sensor
	stream         *stream

	// At most one of them is set; then a worker has something to do, and closes done afterwards.
	sweep *sweepJob
	frame *frameJob
	scan  *scanJob
	truth *truthFrame // filled by others
	done  chan struct{}

	// What came of it. payload is Data unless changed.
	payload []byte
	changed bool
	err     error
}

func (j *job) works() bool { return j.sweep != nil || j.frame != nil || j.scan != nil }

// unreadableError says that a recorded message cannot be degraded because it is broken itself: it stays as it is.
type unreadableError struct{ err error }

func (e *unreadableError) Error() string { return e.err.Error() }
func (e *unreadableError) Unwrap() error { return e.err }

// place is where the vehicle is in the local frame.
type place struct{ x, y, yaw float64 }

// worker does jobs. It owns scratch memory; one goroutine uses it.
type worker struct {
	tools  *tools
	patchy *effect.FogField
	at     place // of patchy
	placed bool

	rows    rows
	returns []effect.Return
	inside  [][3]float32
	boxes   boxGrid

	picture picture
	image   effect.Image
	depth   depth

	clean, detections []effect.Detection
}

func newWorker(t *tools, key chance.Key) *worker {
	return &worker{tools: t, patchy: effect.NewFogField(key.With("fog"))}
}

// do finishes a job.
func (w *worker) do(j *job) {
	defer close(j.done)
	var err error
	switch {
	case j.sweep != nil:
		err = w.sweep(j)
	case j.frame != nil:
		err = w.frame(j)
	case j.scan != nil:
		err = w.scan(j)
	}
	var broken *unreadableError
	switch {
	case errors.As(err, &broken):
		j.err, j.payload, j.changed = broken, j.Data, false
	case err != nil:
		j.err = fmt.Errorf("degrade message %d of %s: %w", j.index+1, j.Topic, err)
	}
}

// fog is the field of the patches around a place; nil where there is no fog.
func (w *worker) fog(at place, c *timeline.Weather) *effect.FogField {
	if c.FogPerM <= 0 {
		return nil
	}
	if !w.placed || w.at != at {
		w.patchy.At(at.x, at.y, at.yaw)
		w.at, w.placed = at, true
	}
	return w.patchy
}

// tools lends the effects of each sensor, which own tables and memory of the size of their data, to the workers: there are never more of
// one sensor than work on it at once. It is safe for concurrent use.
type tools struct {
	mu      sync.Mutex
	lidars  map[sensors.SensorID][]*effect.Lidar
	cameras map[*view][]*effect.Camera
	views   map[viewKey]*view
}

type viewKey struct {
	sensor sensors.SensorID
	w, h   int
}

func newTools() *tools {
	return &tools{lidars: map[sensors.SensorID][]*effect.Lidar{}, cameras: map[*view][]*effect.Camera{}, views: map[viewKey]*view{}}
}

func (t *tools) lidar(s sensors.SensorID, beams int) *effect.Lidar {
	t.mu.Lock()
	defer t.mu.Unlock()
	if free := t.lidars[s]; len(free) > 0 {
		t.lidars[s] = free[:len(free)-1]
		return free[len(free)-1]
	}
	return effect.NewLidar(effect.LidarSpec{Beams: beams})
}

func (t *tools) giveLidar(s sensors.SensorID, l *effect.Lidar) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lidars[s] = append(t.lidars[s], l)
}

func (t *tools) camera(v *view) *effect.Camera {
	t.mu.Lock()
	defer t.mu.Unlock()
	if free := t.cameras[v]; len(free) > 0 {
		t.cameras[v] = free[:len(free)-1]
		return free[len(free)-1]
	}
	horizon := v.horizon
	if !v.ahead {
		horizon = math.MaxInt32 // the headlamps' light begins below it: what is beside and behind gets next to none
	}
	return effect.NewCamera(effect.CameraSpec{
		FocalPx: (v.k.Fx + v.k.Fy) / 2, CentreX: v.k.Cx, CentreY: v.k.Cy, HorizonPx: horizon,
		Scale: float64(v.w) / float64(v.sensor.Intrinsics.Width),
	})
}

func (t *tools) giveCamera(v *view, c *effect.Camera) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cameras[v] = append(t.cameras[v], c)
}

func (t *tools) view(s *sensors.Sensor, w, h int) *view {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := viewKey{s.Name, w, h}
	v := t.views[key]
	if v == nil {
		v = newView(s, w, h)
		t.views[key] = v
	}
	return v
}
