package sim

import (
	"math"
	"time"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/body"
	"github.com/fusiond/fusiond/sim/camera"
	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/radar"
	"github.com/fusiond/fusiond/sim/timeline"
	"github.com/fusiond/fusiond/sim/world"
)

// viewM is how far from the ego actors are in the scene.
const viewM = 160

// stage is one worker's view of the world: a scene that it fills anew for each shot.
type stage struct {
	world     *world.World
	scene     *geom.Scene
	instances []geom.Instance
	lamps     []camera.Lamp
	plumes    []effect.Plume
	targets   []radar.Target
}

func newStage(w *world.World) *stage {
	return &stage{world: w, scene: geom.NewScene(w.Static(), nil)}
}

// set fills the scene for an interval of the drive. The world's own frame is the scene's: maps are small enough for float32.
func (s *stage) set(from, to time.Duration) {
	s.instances = s.instances[:0]
	ego := s.world.Ego((from + to) / 2).WorldFromEgo.Translation
	actors := s.world.Actors()
	for i := range actors {
		a := &actors[i]
		start := a.At(from)
		if !start.Present || distance2(start.WorldFromObject.Translation, ego) > viewM*viewM {
			continue
		}
		end := start.WorldFromObject
		if a.Moves() {
			end = a.At(to).WorldFromObject
		}
		s.instances = append(s.instances, geom.Instance{Solid: start.Solid, Start: start.WorldFromObject, End: end, Object: a.ID})
	}
	actorsEnd := len(s.instances)
	for _, l := range s.world.Lights() {
		s.instances = append(s.instances, l.Instance(((from + to) / 2).Seconds()))
	}
	s.scene.Reset(s.instances)
	s.instances = s.instances[:actorsEnd] // what follows is about actors
}

func distance2(a, b r3.Vec) float64 { return r3.Norm2(r3.Sub(a, b)) }

// darkLight is the daylight below which lamps are lit.
const darkLight = 0.35

// lampsM is how far lamps are looked at.
const lampsM = 110

// lampsAt lists the lamps that are lit at a moment. The slice is the stage's.
func (s *stage) lampsAt(at time.Duration, w *timeline.Weather) []camera.Lamp {
	s.lamps = s.lamps[:0]
	state := s.world.Ego(at)
	ego := state.WorldFromEgo.Translation
	dark := w.Light < darkLight || w.SunElevationRad < 0
	if dark {
		for _, l := range s.world.Lamps() {
			if distance2(l.At, ego) < lampsM*lampsM {
				s.lamps = append(s.lamps, camera.Lamp{
					At: vec(l.At), Dir: geom.Vec{0, 0, -1}, Candela: float32(l.Candela), Color: camera.StreetColor, Beam: camera.Down, RadiusM: 0.15,
				})
			}
		}
		s.lamps = append(s.lamps, egoLamps(state.WorldFromEgo)...)
	}
	s.addSignals(at, ego)
	actors := s.world.Actors()
	for i := range s.instances {
		a := &actors[s.instances[i].Object]
		now := a.At(at)
		if len(a.Body.Lamps) == 0 || !now.Present || now.Attribute == "vehicle.parked" ||
			distance2(now.WorldFromObject.Translation, ego) > lampsM*lampsM {
			continue
		}
		for _, l := range a.Body.Lamps {
			if !dark && (l.Kind != body.Brake || !now.Braking) || l.Kind == body.Brake && !now.Braking {
				continue
			}
			lamp := camera.Lamp{
				At:  vec(now.WorldFromObject.Apply(wide(l.At))),
				Dir: vec(now.WorldFromObject.Rotate(wide(l.Dir))), Candela: l.Candela, Color: camera.TailColor, RadiusM: 0.06,
			}
			if l.Kind == body.Head {
				lamp.Color, lamp.Beam = camera.HeadColor, camera.LowBeam
			}
			s.lamps = append(s.lamps, lamp)
		}
	}
	return s.lamps
}

// signalCandela is a traffic light's on its axis (EN 12368, class 2).
const signalCandela = 400

// addSignals adds the lenses of traffic lights that are lit. A head's origin is its lowest lens; the others are 0.3 m apart.
func (s *stage) addSignals(at time.Duration, ego r3.Vec) {
	lights := s.world.Lights()
	for i := range lights {
		l := &lights[i]
		if distance2(l.WorldFromHead.Translation, ego) > lampsM*lampsM {
			continue
		}
		up, color := 0.0, camera.GreenColor
		switch l.Phase(at.Seconds()) {
		case world.Red:
			up, color = 0.6, camera.TailColor
		case world.Amber:
			up, color = 0.3, camera.AmberColor
		case world.Green:
		}
		s.lamps = append(s.lamps, camera.Lamp{
			At: vec(l.WorldFromHead.Apply(r3.Vec{X: 0.05, Z: up})), Dir: vec(l.WorldFromHead.Rotate(r3.Vec{X: 1})), Candela: signalCandela,
			Color: color, RadiusM: 0.1,
		})
	}
}

// egoLamps are the vehicle's own head lamps: at the front, 0.65 m high, 1.2 m apart, pointing one degree down.
func egoLamps(worldFromEgo sensors.Pose) []camera.Lamp {
	dir := vec(worldFromEgo.Rotate(r3.Vec{X: math.Cos(0.017), Z: -math.Sin(0.017)}))
	lamp := func(y float64) camera.Lamp {
		return camera.Lamp{
			At: vec(worldFromEgo.Apply(r3.Vec{X: 3.7, Y: y, Z: 0.65})), Dir: dir, Candela: 20000, Color: camera.HeadColor, Beam: camera.LowBeam,
			RadiusM: 0.07, Hidden: true,
		}
	}
	return []camera.Lamp{lamp(0.6), lamp(-0.6)}
}

// plumesAt lists the spray behind the vehicles that drive on a wet road, in the ego's axes from the sensor's place.
func (s *stage) plumesAt(at time.Duration, w *timeline.Weather, egoFromSensor sensors.Pose) []effect.Plume {
	s.plumes = s.plumes[:0]
	if w.Spray == 0 || w.WetMm == 0 {
		return s.plumes
	}
	egoFromWorld := s.world.Ego(at).WorldFromEgo.Inverse()
	actors := s.world.Actors()
	for i := range s.instances {
		a := &actors[s.instances[i].Object]
		now := a.At(at)
		pose := egoFromWorld.Mul(now.WorldFromObject)
		speed := r3.Norm(now.Velocity)
		size := r3.Vec{X: float64(a.Body.Size[1]), Y: float64(a.Body.Size[0]), Z: float64(a.Body.Size[2])}
		if p, ok := effect.PlumeOf(pose.Translation, size, pose.Yaw(), speed, w.Spray, egoFromSensor.Translation); ok {
			s.plumes = append(s.plumes, p)
		}
	}
	return s.plumes
}

// targetsAt lists the actors of the scene for a radar.
func (s *stage) targetsAt(at time.Duration) []radar.Target {
	s.targets = s.targets[:0]
	actors := s.world.Actors()
	for i := range s.instances {
		a := &actors[s.instances[i].Object]
		now := a.At(at)
		s.targets = append(s.targets, radar.Target{
			ID: a.ID, WorldFromObject: now.WorldFromObject, Velocity: now.Velocity, Spin: now.Spin, Size: a.Body.Size, Scatterers: a.Body.Scatterers,
		})
	}
	return s.targets
}

func vec(v r3.Vec) geom.Vec  { return geom.Vec{float32(v.X), float32(v.Y), float32(v.Z)} }
func wide(v geom.Vec) r3.Vec { return r3.Vec{X: float64(v[0]), Y: float64(v[1]), Z: float64(v[2])} }
