package sim

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/camera"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/lidar"
	"github.com/fusiond/fusiond/sim/radar"
	"github.com/fusiond/fusiond/sim/timeline"
	"github.com/fusiond/fusiond/sim/world"
)

// Epoch is the stamp at which every simulated drive begins: 2026-01-01 00:00 UTC.
const Epoch sensors.StampNs = 1_767_225_600e9

// Drive is a scenario made ready to run. It is immutable.
type Drive struct {
	scenario *Scenario
	rig      *sensors.Rig // as recorded: cameras have the size of their pictures
	world    *world.World
	key      chance.Key
	sensors  []sensor
	shots    []shot
	mirrors  []radar.Mirror
	clutter  []radar.Clutter
}

// sensor is one of the rig, with what all workers share of it.
type sensor struct {
	*sensors.Sensor // as recorded
	model           Model
	key             chance.Key
	camera          *camera.Camera
	lidar           lidar.Spec
	radar           radar.Spec
}

// shot is one exposure, sweep or cycle.
type shot struct {
	sensor int
	index  uint64
	// stamp, begin and end are times of the drive.
	stamp, begin, end time.Duration
}

// New makes the world of a scenario and lists its shots. bodies may be nil; drives that share one are made faster.
func New(s *Scenario, bodies *world.Bodies) (*Drive, error) {
	if bodies == nil {
		bodies = world.NewBodies()
	}
	w, err := world.NewFrom(bodies, s.Seed, s.World, s.Duration)
	if err != nil {
		return nil, fmt.Errorf("make the world of %s: %w", s.Name, err)
	}
	d := &Drive{scenario: s, world: w, key: chance.Of(s.Seed, "drive")}
	recorded := *s.Rig.Rig
	recorded.Sensors = slices.Clone(recorded.Sensors)
	d.rig = &recorded
	for i := range recorded.Sensors {
		one, err := d.sensor(i)
		if err != nil {
			return nil, err
		}
		d.sensors = append(d.sensors, one)
	}
	for _, r := range w.Reflectors() {
		d.mirrors = append(d.mirrors, radar.Mirror(r))
	}
	for _, c := range w.Clutter() {
		d.clutter = append(d.clutter, radar.Clutter(c))
	}
	d.listShots()
	return d, nil
}

// sensor makes what all shots of a sensor share, and enters the size of its pictures into the recorded rig.
func (d *Drive) sensor(i int) (sensor, error) {
	s := sensor{Sensor: &d.rig.Sensors[i], model: d.scenario.Rig.Models[i]}
	s.key = d.key.With("sensor", string(s.Name))
	var err error
	switch s.Modality {
	case sensors.Camera:
		if s.camera, err = camera.New(s.Sensor, camera.Options{Width: s.model.Width, Height: s.model.Height, Samples: s.model.Samples, EdgeSamples: s.model.Edges}); err != nil {
			return s, err
		}
		k := s.camera.Intrinsics()
		s.Intrinsics = &k
	case sensors.Lidar:
		s.lidar, err = lidar.Unit(s.model.Unit, d.scenario.Rig.period(i))
	case sensors.Radar:
		s.radar, err = radarUnit(s.model.Unit)
	case sensors.Ego:
	}
	return s, err
}

// listShots lists what the sensors do within the drive, in the order of the stamps, then of the rig.
func (d *Drive) listShots() {
	for i := range d.sensors {
		s := &d.sensors[i]
		period := d.scenario.Rig.period(i)
		phase := time.Duration(s.PhaseNs) % period
		if phase < 0 {
			phase += period
		}
		for k := uint64(0); ; k++ {
			one := shot{sensor: i, stamp: time.Duration(k)*period + phase}
			one.begin, one.end = one.stamp, one.stamp
			switch s.Modality {
			case sensors.Camera:
				shutter := d.exposure(s, one.stamp)
				one.begin, one.end = one.stamp-shutter/2, one.stamp+shutter/2
			case sensors.Lidar:
				one.begin = one.stamp - s.lidar.Turn
			case sensors.Radar, sensors.Ego:
			}
			if one.end > d.scenario.Duration {
				break
			}
			if one.begin < 0 {
				continue
			}
			one.index = k
			d.shots = append(d.shots, one)
		}
	}
	slices.SortStableFunc(d.shots, func(a, b shot) int {
		if a.stamp != b.stamp {
			return int(a.stamp - b.stamp)
		}
		return a.sensor - b.sensor
	})
}

// exposure of a camera at a time of the drive.
func (d *Drive) exposure(s *sensor, at time.Duration) time.Duration {
	if s.model.Exposure > 0 {
		return time.Duration(s.model.Exposure)
	}
	w := d.scenario.Timeline.Weather(at)
	return camera.Shutter(&w)
}

// Rig is the one that belongs to what the drive sends.
func (d *Drive) Rig() *sensors.Rig { return d.rig }

// Metadata says in a recording what it was made of.
func (d *Drive) Metadata() map[string]string {
	return map[string]string{
		"simulated": "true", "scenario": d.scenario.Name, "about": d.scenario.About, "seed": strconv.FormatUint(d.scenario.Seed, 10),
	}
}

// conditions that a sensor of the rig meets at a time of the drive.
func (d *Drive) conditions(s *sensor, at time.Duration) timeline.Conditions {
	return d.scenario.Timeline.Conditions(s.Name, s.Modality, at)
}

// Run makes the drive and hands its messages to emit in the order of their arrival, from the calling goroutine. It works on as many shots at
// once as there are workers; the messages do not depend on their number. progress, if not nil, is told how far the drive has come.
func (d *Drive) Run(ctx context.Context, workers int, emit func(replay.Message) error, progress func(time.Duration)) error {
	type job struct {
		shot shot
		done chan *taken
	}
	group, ctx := errgroup.WithContext(ctx)
	jobs := make(chan job)
	waiting := make(chan chan *taken, 2*workers) // in the order of the shots; bounds how far workers run ahead
	for range workers {
		w := newWorker(d)
		group.Go(func() error {
			for j := range jobs {
				t, err := w.take(j.shot)
				if err != nil {
					return fmt.Errorf("%s at %v: %w", d.sensors[j.shot.sensor].Name, j.shot.stamp, err)
				}
				j.done <- t
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(jobs)
		defer close(waiting)
		for _, s := range d.shots {
			j := job{s, make(chan *taken, 1)}
			select {
			case waiting <- j.done:
			case <-ctx.Done():
				return ctx.Err()
			}
			select {
			case jobs <- j:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	err := d.sequence(ctx, waiting, emit, progress)
	if err != nil {
		// Whatever the workers are at ends with their next send or receive.
		group.Go(func() error { return err })
	}
	for range waiting { //nolint:revive // lets the list's sender go
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return err
}

func (d *Drive) sequence(ctx context.Context, waiting <-chan chan *taken, emit func(replay.Message) error, progress func(time.Duration)) error {
	q, err := newSequencer(d, emit)
	if err != nil {
		return err
	}
	for done := range waiting {
		select {
		case t := <-done:
			if err := q.put(t); err != nil {
				return err
			}
			if progress != nil {
				progress(t.shot.stamp)
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return q.finish()
}
