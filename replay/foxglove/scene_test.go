package foxglove

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	foxglovepb "github.com/fusiond/fusiond/proto/foxglove"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

const testStamp = int64(1_700_000_000_250_000_000)

// testList has one object of every kind: moving, parked, not seen in the set.
func testList() *fusionv1.ObjectList {
	return &fusionv1.ObjectList{
		Header: &fusionv1.Header{Stamp: testStamp}, ValidUntil: testStamp + 1_300_000_000,
		LocalFromEgo: &fusionv1.Pose{
			Position: &fusionv1.Vector3{X: 1, Y: 2, Z: 3}, Rotation: &fusionv1.Quaternion{W: 0.5, X: 0.1, Y: 0.2, Z: 0.7},
		},
		Objects: []*fusionv1.Object{
			{
				Id: 7, Class: "car", Center: &fusionv1.Vector3{X: 10, Y: -3, Z: 0.75}, Size: &fusionv1.Vector3{X: 4.5, Y: 1.9, Z: 1.5},
				Yaw: math.Pi / 2, Velocity: &fusionv1.Vector3{X: -3, Y: 4}, Score: 0.876, Existence: 0.5, Attribute: "vehicle.moving",
				Shares: []*fusionv1.SensorShare{{Sensor: "LIDAR", Share: 0.75}, {Sensor: "CAM", Share: 0.25}},
			},
			{Id: 8, Class: "car", Center: &fusionv1.Vector3{X: 1}, Size: &fusionv1.Vector3{X: 4}, Velocity: &fusionv1.Vector3{X: 0.4}, Score: 0.3},
			{Id: 9, Class: "car", Center: &fusionv1.Vector3{X: 2}, Size: &fusionv1.Vector3{X: 4}, UnseenNs: 1e8},
		},
	}
}

// TestObjectEntities is a worked example of every field.
func TestObjectEntities(t *testing.T) {
	got := ObjectEntities(testList())
	if len(got) != 3 {
		t.Fatalf("%d entities, want 3", len(got))
	}
	half := math.Sqrt2 / 2
	toward := math.Atan2(4, -3) / 2
	want := &foxglovepb.SceneEntity{
		Timestamp: &timestamppb.Timestamp{Seconds: 1_700_000_000, Nanos: 250_000_000}, FrameId: "ego", Id: "7",
		Lifetime: &durationpb.Duration{Seconds: 1, Nanos: 300_000_000},
		Metadata: []*foxglovepb.KeyValuePair{
			{Key: "class", Value: "car"},
			{Key: "score", Value: "0.876"},
			{Key: "existence", Value: "0.500"},
			{Key: "attribute", Value: "vehicle.moving"},
			{Key: "share.LIDAR", Value: "0.750"},
			{Key: "share.CAM", Value: "0.250"},
		},
		Cubes: []*foxglovepb.CubePrimitive{{
			Pose: &foxglovepb.Pose{
				Position: &foxglovepb.Vector3{X: 10, Y: -3, Z: 0.75}, Orientation: &foxglovepb.Quaternion{Z: half, W: half},
			},
			Size:  &foxglovepb.Vector3{X: 4.5, Y: 1.9, Z: 1.5},
			Color: &foxglovepb.Color{R: 0.2, G: 0.5, B: 1, A: 0.6},
		}},
		// 5 m/s toward the upper left: a metre a metre-per-second, head included.
		Arrows: []*foxglovepb.ArrowPrimitive{{
			Pose: &foxglovepb.Pose{
				Position:    &foxglovepb.Vector3{X: 10, Y: -3, Z: 0.75},
				Orientation: &foxglovepb.Quaternion{Z: math.Sin(toward), W: math.Cos(toward)},
			},
			ShaftLength: 4.5, ShaftDiameter: 0.15, HeadLength: 0.5, HeadDiameter: 0.45,
			Color: &foxglovepb.Color{R: 0.2, G: 0.5, B: 1, A: 1},
		}},
		Texts: []*foxglovepb.TextPrimitive{{
			Pose: &foxglovepb.Pose{
				Position: &foxglovepb.Vector3{X: 10, Y: -3, Z: 1.9}, Orientation: &foxglovepb.Quaternion{W: 1},
			},
			Billboard: true, FontSize: 12, ScaleInvariant: true, Color: &foxglovepb.Color{R: 1, G: 1, B: 1, A: 1}, Text: "car 0.88 #7",
		}},
	}
	if d := cmp.Diff(got[0], want, protocmp.Transform(), roundOff); d != "" {
		t.Errorf("moving car (-got +want):\n%s", d)
	}
	if a := got[1].Arrows; len(a) > 0 {
		t.Errorf("0.4 m/s has the arrow %v, want none", a)
	}
	if a := got[2].Cubes[0].Color.A; a != coastAlpha {
		t.Errorf("an object that was not seen has alpha %g, want %g", a, coastAlpha)
	}
	if text := got[2].Texts[0].Text; text != "car unseen #9" {
		t.Errorf("an object that was not seen has the label %q, want %q", text, "car unseen #9")
	}
}

// roundOff lets a few last bits of sines differ.
var roundOff = cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 4e-16*max(1, math.Abs(a)) })

func TestYawRotation(t *testing.T) {
	for _, yaw := range []float64{0, 0.3, math.Pi / 2, -math.Pi / 2, 3, -3, math.Pi} {
		q := yawRotation(yaw)
		// Column one of the rotation matrix is where the box's length axis points.
		x, y, z := 1-2*(q.Y*q.Y+q.Z*q.Z), 2*(q.X*q.Y+q.W*q.Z), 2*(q.X*q.Z-q.W*q.Y)
		if off := math.Hypot(x-math.Cos(yaw), y-math.Sin(yaw)) + math.Abs(z); off > 1e-15 {
			t.Errorf("yaw %g turns x to (%g, %g, %g), want (%g, %g, 0)", yaw, x, y, z, math.Cos(yaw), math.Sin(yaw))
		}
	}
}

// TestLifetime: a list that must not be used any more leaves no entity that would live for ever by a lifetime of zero or less.
func TestLifetime(t *testing.T) {
	for validNs, want := range map[int64]*durationpb.Duration{
		300_000_000: {Nanos: 300_000_000}, 2_000_000_001: {Seconds: 2, Nanos: 1}, 0: nil, -1: nil,
	} {
		l := testList()
		l.ValidUntil = testStamp + validNs
		if got := ObjectEntities(l)[0].Lifetime; cmp.Diff(got, want, protocmp.Transform()) != "" {
			t.Errorf("valid for %d ns: lifetime %v, want %v", validNs, got, want)
		}
	}
}

func TestTruthEntities(t *testing.T) {
	f := &fusionv1.TruthFrame{Header: &fusionv1.Header{Stamp: testStamp}, Objects: []*fusionv1.TruthObject{
		{
			Instance: "a", Class: "bicycle", Category: "vehicle.bicycle", Center: &fusionv1.Vector3{X: 1, Y: 2, Z: 3},
			Size: &fusionv1.Vector3{X: 1.8, Y: 0.6, Z: 1.2}, Yaw: 1, Rotation: &fusionv1.Quaternion{W: 0.1, X: 0.2, Y: 0.3, Z: 0.4},
			LidarPoints: 5, RadarPoints: 6,
		},
		{Category: "animal", Yaw: math.Pi},
		{Category: "animal"},
	}}
	got := TruthEntities(f)
	want := &foxglovepb.CubePrimitive{
		Pose: &foxglovepb.Pose{
			Position: &foxglovepb.Vector3{X: 1, Y: 2, Z: 3}, Orientation: &foxglovepb.Quaternion{X: 0.2, Y: 0.3, Z: 0.4, W: 0.1},
		},
		Size: &foxglovepb.Vector3{X: 1.8, Y: 0.6, Z: 1.2}, Color: ClassColor("bicycle", truthAlpha),
	}
	if d := cmp.Diff(got[0].Cubes[0], want, protocmp.Transform()); d != "" {
		t.Errorf("box with a full rotation (-got +want):\n%s", d)
	}
	if got[0].Lifetime != nil {
		t.Errorf("ground truth lives for %v, want no end", got[0].Lifetime)
	}
	if z := got[1].Cubes[0].Pose.Orientation.Z; math.Abs(z-1) > 1e-15 {
		t.Errorf("box with a yaw of pi only: z of its rotation is %g, want 1", z)
	}
	if got[1].Texts[0].Text != "animal" {
		t.Errorf("box without a class has the label %q, want its category", got[1].Texts[0].Text)
	}
	if got[0].Id != "a" || got[1].Id == got[2].Id {
		t.Errorf("ids %q, %q, %q: want the instance's, and different ones where there is none", got[0].Id, got[1].Id, got[2].Id)
	}
}

func TestClassColor(t *testing.T) {
	groups := [][]string{
		{"car", "truck", "bus", "trailer", "construction_vehicle"},
		{"motorcycle", "bicycle"},
		{"pedestrian"},
		{"traffic_cone", "barrier"},
		{"", "unicorn"},
	}
	seen := map[string]string{}
	for _, g := range groups {
		key := fmt.Sprint(ClassColor(g[0], 0.5))
		if other, ok := seen[key]; ok {
			t.Errorf("%q has the colour of %q: %s", g[0], other, key)
		}
		seen[key] = g[0]
		for _, class := range g {
			if got := fmt.Sprint(ClassColor(class, 0.5)); got != key {
				t.Errorf("%q has the colour %s, want that of %q: %s", class, got, g[0], key)
			}
		}
	}
}

func TestSceneDeletesWhatVanished(t *testing.T) {
	var s Scene
	for i, step := range []struct{ ids, deleted []string }{
		{ids: []string{"1", "2", "3"}},
		{ids: []string{"2", "4"}, deleted: []string{"1", "3"}},
		{ids: []string{"1", "2", "4"}},
		{deleted: []string{"1", "2", "4"}},
		{},
	} {
		stamp := sensors.StampNs(i+1) * 1e9
		got := s.Update(stamp, entitiesOf(step.ids))
		var deleted []string
		for _, d := range got.Deletions {
			deleted = append(deleted, d.Id)
			if d.Type != foxglovepb.SceneEntityDeletion_MATCHING_ID || d.Timestamp.AsTime().UnixNano() != int64(stamp) {
				t.Errorf("step %d: deletion %v, want one by id at %d", i, d, stamp)
			}
		}
		if !slices.Equal(deleted, step.deleted) {
			t.Errorf("step %d: deleted %q, want %q", i, deleted, step.deleted)
		}
		if len(got.Entities) != len(step.ids) {
			t.Errorf("step %d: %d entities, want %d", i, len(got.Entities), len(step.ids))
		}
	}
}

// TestSceneShowsTheLastUpdate: a viewer that does what the messages say shows the entities of the last one, whatever came before.
func TestSceneShowsTheLastUpdate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Scene
		shown := map[string]bool{}
		for i := range rapid.IntRange(1, 20).Draw(t, "updates") {
			ids := rapid.SliceOfNDistinct(rapid.StringMatching("[1-9]"), 0, 9, rapid.ID[string]).Draw(t, "ids")
			m := s.Update(sensors.StampNs(i+1), entitiesOf(ids))
			for _, d := range m.Deletions {
				if !shown[d.Id] {
					t.Fatalf("update %d deletes %q, which is not shown", i, d.Id)
				}
				delete(shown, d.Id)
			}
			for _, e := range m.Entities {
				shown[e.Id] = true
			}
			if len(shown) != len(ids) {
				t.Fatalf("update %d: %v shown, want %v", i, shown, ids)
			}
		}
	})
}

func entitiesOf(ids []string) []*foxglovepb.SceneEntity {
	var out []*foxglovepb.SceneEntity
	for _, id := range ids {
		out = append(out, &foxglovepb.SceneEntity{Id: id})
	}
	return out
}
