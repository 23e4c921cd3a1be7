package sim

import (
	"math"
	"time"

	"gonum.org/v1/gonum/spatial/r3"
	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/camera"
	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/lidar"
	"github.com/fusiond/fusiond/sim/radar"
	"github.com/fusiond/fusiond/sim/timeline"
)

// taken is a shot's result.
type taken struct {
	shot    shot
	payload []byte
	// conditions that the sensor met.
	conditions timeline.Conditions
	// clean and sensed count, for each actor of the world, the points, detections or pixels that the sensor has of it.
	clean, sensed []uint32
}

// worker makes shots. It owns the memory of each sensor's work; one goroutine uses it.
type worker struct {
	drive *Drive
	stage *stage
	tools []tools
	fog   *effect.FogField
}

// tools are a sensor's memory in one worker, made when first needed.
type tools struct {
	frame   *camera.Frame
	develop *camera.Developer
	sweep   *lidar.Sweep
	air     *effect.Lidar
	radar   *radar.Radar
}

func newWorker(d *Drive) *worker {
	return &worker{drive: d, stage: newStage(d.world), tools: make([]tools, len(d.sensors)), fog: effect.NewFogField(d.key.With("fog"))}
}

// take makes one shot.
func (w *worker) take(s shot) (*taken, error) {
	d := w.drive
	one := &d.sensors[s.sensor]
	t := &taken{shot: s, conditions: d.conditions(one, s.stamp)}
	n := len(d.world.Actors())
	t.clean, t.sensed = make([]uint32, n), make([]uint32, n)
	w.stage.set(s.begin, s.end)
	ego := d.world.Ego(s.stamp).WorldFromEgo
	w.fog.At(ego.Translation.X, ego.Translation.Y, ego.Yaw())
	var message proto.Message
	var err error
	switch one.Modality {
	case sensors.Camera:
		message, err = w.picture(one, t)
	case sensors.Lidar:
		message = w.turn(one, t)
	case sensors.Radar:
		message, err = w.cycle(one, t)
	case sensors.Ego:
	}
	if err != nil {
		return nil, err
	}
	t.payload, err = proto.MarshalOptions{Deterministic: true}.Marshal(message)
	return t, err
}

// stamp of a time of the drive.
func stampAt(t time.Duration) sensors.StampNs { return Epoch.Add(t) }

// patches is the fog's field; nil where there is no fog.
func (w *worker) patches(c *timeline.Conditions) *effect.FogField {
	if c.FogPerM > 0 {
		return w.fog
	}
	return nil
}

func (w *worker) turn(s *sensor, t *taken) *fusionv1.PointCloud {
	tool := &w.tools[t.shot.sensor]
	if tool.sweep == nil {
		tool.sweep, tool.air = lidar.NewSweep(&s.lidar), effect.NewLidar(s.lidar.Effects())
	}
	mount := effect.TruePose(s.EgoFromSensor, &t.conditions.Fault)
	span := t.shot.end - t.shot.begin
	m := lidar.Moment{
		Scene: w.stage.scene, EgoFromSensor: mount, Roof: lidar.RoofOf(w.drive.rig.Body), Key: s.key.With("sweep").At(t.shot.index),
		WorldFromEgo: func(share float64) sensors.Pose {
			return w.drive.world.Ego(t.shot.begin + time.Duration(share*float64(span))).WorldFromEgo
		},
	}
	tool.sweep.Cast(&m, 0, s.lidar.Columns)
	tool.sweep.Finish()
	scene := effect.LidarScene{Plumes: w.stage.plumesAt(t.shot.stamp, &t.conditions.Weather, mount), Field: w.patches(&t.conditions)}
	tool.air.Prepare(&t.conditions, scene, s.key, t.shot.index).Apply(tool.sweep.Returns, 0)
	tool.sweep.Count(t.clean, t.sensed)
	return tool.sweep.Cloud(s.Name, stampAt(t.shot.stamp))
}

// visibleShare of an object's contrast must get through the air for its pixels to count as sensed: the 5 % of the definition of visibility.
const visibleShare = 0.05

func (w *worker) picture(s *sensor, t *taken) (*fusionv1.CameraFrame, error) {
	tool := &w.tools[t.shot.sensor]
	if tool.frame == nil {
		var err error
		original := w.drive.scenario.Rig.Sensors[t.shot.sensor]
		if tool.develop, err = camera.NewDeveloper(s.camera, &original, s.model.Quality); err != nil {
			return nil, err
		}
		tool.frame = s.camera.NewFrame()
	}
	mount := effect.TruePose(s.EgoFromSensor, &t.conditions.Fault)
	pose := func(at time.Duration) sensors.Pose { return w.drive.world.Ego(at).WorldFromEgo.Mul(mount) }
	tool.frame.Render(&camera.Moment{
		Scene: w.stage.scene, Open: pose(t.shot.begin), Close: pose(t.shot.end), OpenTime: 0, CloseTime: 1, Weather: t.conditions.Weather,
		Lamps: w.stage.lampsAt(t.shot.stamp, &t.conditions.Weather), World: w.drive.key, Frame: s.key.With("frame").At(t.shot.index),
	})
	air := effect.AirExtinctionPerM(&t.conditions.Weather)
	far := float32(math.Inf(1))
	if air > 0 {
		far = float32(-math.Log(visibleShare) / air)
	}
	for i, o := range tool.frame.Object {
		if o < 0 {
			continue
		}
		t.clean[o]++
		if tool.frame.Image.Distance[i] <= far {
			t.sensed[o]++
		}
	}
	state := w.drive.world.Ego(t.shot.stamp)
	velocity := r3.Add(state.Velocity, r3.Cross(state.Spin, mount.Translation))
	p, err := tool.develop.Develop(tool.frame, &camera.Capture{
		Conditions: &t.conditions, Velocity: mount.Inverse().Rotate(velocity), Fog: w.patches(&t.conditions), Sensor: s.key, Index: t.shot.index,
	})
	if err != nil {
		return nil, err
	}
	k := s.Intrinsics
	return &fusionv1.CameraFrame{
		Header:   header(s, t),
		Encoding: fusionv1.ImageEncoding_IMAGE_ENCODING_JPEG, Width: uint32(k.Width), Height: uint32(k.Height), //nolint:gosec // at most 4096
		ExposureNs: int64(t.shot.end - t.shot.begin), Data: p.JPEG,
	}, nil
}

// cycle is one measurement of a radar.
func (w *worker) cycle(s *sensor, t *taken) (*fusionv1.RadarScan, error) {
	tool := &w.tools[t.shot.sensor]
	if tool.radar == nil {
		var err error
		if tool.radar, err = radar.New(s.radar); err != nil {
			return nil, err
		}
	}
	ego := w.drive.world.Ego(t.shot.stamp)
	detections := tool.radar.Scan(&radar.Moment{
		Scene: w.stage.scene, WorldFromEgo: ego.WorldFromEgo, EgoFromSensor: effect.TruePose(s.EgoFromSensor, &t.conditions.Fault),
		Velocity: ego.Velocity, Spin: ego.Spin, Targets: w.stage.targetsAt(t.shot.stamp), Mirrors: w.drive.mirrors, Clutter: w.drive.clutter,
		World: w.drive.key, Sensor: s.key, Index: t.shot.index,
	}, &t.conditions)
	for i := range detections {
		d := &detections[i]
		if d.Kind != radar.True || d.Object < 0 || d.Fate == effect.New {
			continue
		}
		t.clean[d.Object]++
		if d.Fate == effect.Kept {
			t.sensed[d.Object]++
		}
	}
	scan := tool.radar.Message(detections)
	scan.Header = header(s, t)
	return scan, nil
}

func header(s *sensor, t *taken) *fusionv1.Header {
	return &fusionv1.Header{Stamp: int64(stampAt(t.shot.stamp)), Sensor: string(s.Name), Clock: fusionv1.Clock_CLOCK_SYNCHRONISED}
}
