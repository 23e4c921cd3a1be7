package foxglove

import (
	"cmp"
	"fmt"
	"math"
	"strconv"

	"google.golang.org/protobuf/types/known/durationpb"

	foxglovepb "github.com/fusiond/fusiond/proto/foxglove"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// How strongly boxes are painted: an object seen in its set, one that coasts, ground truth.
const (
	seenAlpha  = 0.6
	coastAlpha = 0.25
	truthAlpha = 0.15
)

// Labels stand above their boxes; arrows show where an object is a second later, from slowMps on.
const (
	labelPixels  = 12
	labelAboveM  = 0.4
	arrowWidthM  = 0.15
	arrowHeadM   = 0.5
	arrowSeconds = 1.0
	slowMps      = 0.5
)

// ObjectEntities draws an object list: each object as a box, a label with class, score and id, and an arrow for its velocity.
// Entities live until the list's valid_until at most, so that nothing stays on screen when the lists end. They stand in the ego
// frame at the set's time and do not move with the vehicle afterwards.
func ObjectEntities(l *fusionv1.ObjectList) []*foxglovepb.SceneEntity {
	stamp := l.GetHeader().GetStamp()
	out := make([]*foxglovepb.SceneEntity, 0, len(l.GetObjects()))
	for _, o := range l.GetObjects() {
		color, score := ClassColor(o.GetClass(), seenAlpha), fmt.Sprintf("%.2f", o.GetScore())
		if o.GetUnseenNs() > 0 {
			color, score = ClassColor(o.GetClass(), coastAlpha), "unseen"
		}
		e := entity(strconv.FormatUint(o.GetId(), 10), stamp, box{
			center: o.GetCenter(), size: o.GetSize(), rotation: yawRotation(o.GetYaw()), velocity: o.GetVelocity(), color: color,
			label: fmt.Sprintf("%s %s #%d", o.GetClass(), score, o.GetId()),
		})
		if left := l.GetValidUntil() - stamp; left > 0 {
			e.Lifetime = &durationpb.Duration{Seconds: left / 1e9, Nanos: int32(left % 1e9)} //nolint:gosec // below 1e9
		}
		e.Metadata = []*foxglovepb.KeyValuePair{
			{Key: "class", Value: o.GetClass()},
			{Key: "score", Value: decimal(float64(o.GetScore()))},
			{Key: "existence", Value: decimal(float64(o.GetExistence()))},
			{Key: "attribute", Value: o.GetAttribute()},
		}
		for _, s := range o.GetShares() {
			e.Metadata = append(e.Metadata, &foxglovepb.KeyValuePair{Key: "share." + s.GetSensor(), Value: decimal(float64(s.GetShare()))})
		}
		out = append(out, e)
	}
	return out
}

// TruthEntities draws a frame of ground truth like ObjectEntities, paler and without an end.
func TruthEntities(f *fusionv1.TruthFrame) []*foxglovepb.SceneEntity {
	out := make([]*foxglovepb.SceneEntity, 0, len(f.GetObjects()))
	for i, o := range f.GetObjects() {
		rotation := yawRotation(o.GetYaw())
		if q := o.GetRotation(); q != nil {
			rotation = quaternion(q)
		}
		class := cmp.Or(o.GetClass(), o.GetCategory())
		e := entity(cmp.Or(o.GetInstance(), "object "+strconv.Itoa(i)), f.GetHeader().GetStamp(), box{
			center: o.GetCenter(), size: o.GetSize(), rotation: rotation, velocity: o.GetVelocity(),
			color: ClassColor(o.GetClass(), truthAlpha), label: class,
		})
		e.Metadata = []*foxglovepb.KeyValuePair{
			{Key: "class", Value: o.GetClass()},
			{Key: "category", Value: o.GetCategory()},
			{Key: "lidar_points", Value: strconv.FormatUint(uint64(o.GetLidarPoints()), 10)},
			{Key: "radar_points", Value: strconv.FormatUint(uint64(o.GetRadarPoints()), 10)},
		}
		out = append(out, e)
	}
	return out
}

// box is what objects and ground truth have in common.
type box struct {
	center, size *fusionv1.Vector3 // size along the box's own axes
	rotation     *foxglovepb.Quaternion
	velocity     *fusionv1.Vector3 // nil = not known
	color        *foxglovepb.Color
	label        string
}

func entity(id string, stamp int64, b box) *foxglovepb.SceneEntity {
	e := &foxglovepb.SceneEntity{
		Timestamp: timestamp(sensors.StampNs(stamp)), FrameId: EgoFrame, Id: id,
		Cubes: []*foxglovepb.CubePrimitive{{
			Pose: &foxglovepb.Pose{Position: vector(b.center), Orientation: b.rotation}, Size: vector(b.size), Color: b.color,
		}},
	}
	above := vector(b.center)
	above.Z += b.size.GetZ()/2 + labelAboveM
	e.Texts = []*foxglovepb.TextPrimitive{{
		Pose: &foxglovepb.Pose{Position: above, Orientation: yawRotation(0)}, Billboard: true,
		FontSize: labelPixels, ScaleInvariant: true, Color: &foxglovepb.Color{R: 1, G: 1, B: 1, A: 1}, Text: b.label,
	}}
	speed := math.Hypot(b.velocity.GetX(), b.velocity.GetY())
	if speed >= slowMps {
		e.Arrows = []*foxglovepb.ArrowPrimitive{{
			Pose: &foxglovepb.Pose{
				Position: vector(b.center), Orientation: yawRotation(math.Atan2(b.velocity.GetY(), b.velocity.GetX())),
			},
			ShaftLength: max(0, speed*arrowSeconds-arrowHeadM), ShaftDiameter: arrowWidthM,
			HeadLength: arrowHeadM, HeadDiameter: 3 * arrowWidthM,
			Color: &foxglovepb.Color{R: b.color.R, G: b.color.G, B: b.color.B, A: 1},
		}}
	}
	return e
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }

// Scene turns the entities of one topic's updates into messages that also delete what is no longer there. The zero value is an
// empty scene. Objects that stay keep their entity, so that a viewer keeps them selected.
type Scene struct {
	shown []string // in the order of the last update
}

// Update returns the message that replaces the last update's entities by these, which should have different ids.
func (s *Scene) Update(stamp sensors.StampNs, entities []*foxglovepb.SceneEntity) *foxglovepb.SceneUpdate {
	m := &foxglovepb.SceneUpdate{Entities: entities}
	here := make(map[string]bool, len(entities))
	for _, e := range entities {
		here[e.GetId()] = true
	}
	for _, id := range s.shown {
		if !here[id] {
			m.Deletions = append(m.Deletions, &foxglovepb.SceneEntityDeletion{
				Timestamp: timestamp(stamp), Type: foxglovepb.SceneEntityDeletion_MATCHING_ID, Id: id,
			})
		}
	}
	s.shown = s.shown[:0]
	for _, e := range entities {
		s.shown = append(s.shown, e.GetId())
	}
	return m
}
