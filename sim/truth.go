package sim

import (
	"fmt"
	"time"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/world"
)

// truthM is how far from the ego objects are labelled.
const truthM = 80

// truthMaker makes the ground truth, one frame for each sample of the reference: the rig's first lidar, or else its first sensor.
type truthMaker struct {
	drive     *Drive
	stage     *stage
	reference int
	frames    int
}

func newTruthMaker(d *Drive) *truthMaker {
	m := &truthMaker{drive: d, stage: newStage(d.world)}
	for i := range d.sensors {
		if d.sensors[i].Modality == sensors.Lidar {
			m.reference = i
			break
		}
	}
	return m
}

// frame is the truth at a time of the drive. latest holds each sensor's newest shot.
func (m *truthMaker) frame(at time.Duration, latest []*taken) *fusionv1.TruthFrame {
	w := m.drive.world
	m.frames++
	m.stage.set(at, at)
	ego := w.Ego(at)
	f := &fusionv1.TruthFrame{
		Header:       &fusionv1.Header{Stamp: int64(stampAt(at)), Sensor: "truth"},
		Token:        fmt.Sprintf("%016x-%06d", m.drive.scenario.Seed, m.frames),
		LocalFromEgo: ego.WorldFromEgo.Proto(),
	}
	egoFromWorld := ego.WorldFromEgo.Inverse()
	actors := w.Actors()
	for i := range m.stage.instances {
		a := &actors[m.stage.instances[i].Object]
		now := a.At(at)
		if distance2(now.WorldFromObject.Translation, ego.WorldFromEgo.Translation) > truthM*truthM {
			continue
		}
		f.Objects = append(f.Objects, m.object(a, &now, ego.WorldFromEgo, egoFromWorld, at, latest))
	}
	return f
}

func (m *truthMaker) object(a *world.Actor, now *world.State, worldFromEgo, egoFromWorld sensors.Pose, at time.Duration, latest []*taken) *fusionv1.TruthObject {
	pose := egoFromWorld.Mul(now.WorldFromObject)
	velocity := egoFromWorld.Rotate(now.Velocity)
	o := &fusionv1.TruthObject{
		Instance: a.Instance, Class: a.Body.Class, Category: a.Category, Center: vector(pose.Translation),
		Size: &fusionv1.Vector3{X: float64(a.Body.Size[0]), Y: float64(a.Body.Size[1]), Z: float64(a.Body.Size[2])},
		Yaw:  pose.Yaw(), Rotation: quaternion(pose.Rotation), Velocity: vector(velocity), Attribute: now.Attribute,
		Visibility: m.visibility(a, now, worldFromEgo),
	}
	for i, t := range latest {
		if t == nil || max(at-t.shot.stamp, t.shot.stamp-at) > m.drive.scenario.Rig.period(i) || t.clean[a.ID] == 0 {
			continue
		}
		s := &m.drive.sensors[i]
		v := &fusionv1.SensorView{Sensor: string(s.Name), Modality: s.Modality.Proto(), Points: t.sensed[a.ID], CleanPoints: t.clean[a.ID]}
		if t.conditions.Dead {
			v.Points = 0
		}
		o.Views = append(o.Views, v)
		switch s.Modality {
		case sensors.Lidar:
			o.LidarPoints += v.Points
		case sensors.Radar:
			o.RadarPoints += v.Points
		case sensors.Camera, sensors.Ego:
		}
	}
	return o
}

// eye is where visibility is judged from, in the ego frame: about the roof's front edge.
var eye = r3.Vec{X: 1, Z: 1.7}

// visibility is nuScenes' level, 1 for up to 40 % to 4 for more than 80 %: the share of an even grid of rays towards the object's box that
// meet the object, of those that meet it or something in front of it.
func (m *truthMaker) visibility(a *world.Actor, now *world.State, worldFromEgo sensors.Pose) uint32 {
	const side = 3
	from := vec(worldFromEgo.Apply(eye))
	seen, hidden := 0, 0
	for i := range side * side * side {
		share := func(n int) float64 { return (float64(n%side)+0.5)/side - 0.5 }
		at := r3.Vec{
			X: share(i) * float64(a.Body.Size[0]), Y: share(i/side) * float64(a.Body.Size[1]), Z: share(i/side/side) * float64(a.Body.Size[2]),
		}
		to := vec(now.WorldFromObject.Apply(at)).Sub(from)
		ray := geom.Ray{Origin: from, Dir: to.Unit(), Max: to.Norm()}
		var hit geom.Hit
		switch {
		case !m.stage.scene.Cast(&ray, &hit):
		case hit.Object == a.ID:
			seen++
		default:
			hidden++
		}
	}
	share := 1.0
	if seen+hidden > 0 {
		share = float64(seen) / float64(seen+hidden)
	}
	switch {
	case share > 0.8:
		return 4
	case share > 0.6:
		return 3
	case share > 0.4:
		return 2
	default:
		return 1
	}
}

func vector(v r3.Vec) *fusionv1.Vector3 { return &fusionv1.Vector3{X: v.X, Y: v.Y, Z: v.Z} }

func quaternion(q quat.Number) *fusionv1.Quaternion {
	return &fusionv1.Quaternion{W: q.Real, X: q.Imag, Y: q.Jmag, Z: q.Kmag}
}
