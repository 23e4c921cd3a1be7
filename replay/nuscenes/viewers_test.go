package nuscenes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fusiond/fusiond/proto/foxglove"
	"github.com/fusiond/fusiond/replay"
)

func TestImportForViewers(t *testing.T) {
	_, path := importMade(t, madeFolder(t), func(c *Config) { c.Foxglove = true })
	frames := map[string]bool{}
	each(t, path, "/tf", &foxglove.FrameTransforms{}, func(m *foxglove.FrameTransforms, _ replay.Message) {
		for _, x := range m.GetTransforms() {
			frames[x.GetParentFrameId()+">"+x.GetChildFrameId()] = true
		}
	})
	for _, want := range []string{"local>ego", "ego>LIDAR_TOP", "ego>CAM_FRONT", "ego>CAM_BACK", "ego>RADAR_FRONT"} {
		if !frames[want] {
			t.Errorf("no transform %s", want)
		}
	}
	images := each(t, path, "/camera/CAM_BACK", &foxglove.CompressedImage{}, func(m *foxglove.CompressedImage, _ replay.Message) {
		if m.GetFormat() != "jpeg" || m.GetFrameId() != "CAM_BACK" || len(m.GetData()) == 0 {
			t.Errorf("image %q in %q", m.GetFormat(), m.GetFrameId())
		}
	})
	clouds := each(t, path, "/lidar/LIDAR_TOP", &foxglove.PointCloud{}, func(m *foxglove.PointCloud, _ replay.Message) {
		if m.GetPointStride() != 20 || len(m.GetFields()) != 5 || m.GetFrameId() != "LIDAR_TOP" {
			t.Errorf("cloud %v", m.GetFields())
		}
	})
	if images != 20 || clouds != 18 {
		t.Errorf("%d images, %d clouds; want 20, 18", images, clouds)
	}
}

// Without the option a recording has the views that cost little, and no others.
func TestImportViewsWithoutOption(t *testing.T) {
	_, path := importMade(t, madeFolder(t), nil)
	r, err := replay.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // only read
	var got []string
	for _, s := range r.Streams() {
		if strings.HasPrefix(s.Topic, "/") {
			got = append(got, s.Topic)
		}
	}
	if want := []string{"/tf", "/truth"}; !cmp.Equal(got, want) {
		t.Errorf("views %q, want %q", got, want)
	}
}

// The car is there in the samples 0 to 3, the pedestrian and the animal in sample 1; the last sample is empty.
func TestImportTruthForViewers(t *testing.T) {
	_, path := importMade(t, madeFolder(t), nil)
	var got []string
	each(t, path, "/truth", &foxglove.SceneUpdate{}, func(m *foxglove.SceneUpdate, _ replay.Message) {
		var b strings.Builder
		for _, e := range m.GetEntities() {
			c := e.GetCubes()[0].GetColor()
			fmt.Fprintf(&b, "%s %s in %s %.1f/%.1f/%.1f at %.0f; ", e.GetId(), e.GetTexts()[0].GetText(), e.GetFrameId(),
				c.GetR(), c.GetG(), c.GetB(), e.GetCubes()[0].GetPose().GetPosition().GetY())
		}
		for _, d := range m.GetDeletions() {
			fmt.Fprintf(&b, "without %s; ", d.GetId())
		}
		got = append(got, strings.TrimSuffix(b.String(), "; "))
	})
	want := []string{
		"i0 car in ego 0.2/0.5/1.0 at 0",
		"i0 car in ego 0.2/0.5/1.0 at 1; i1 pedestrian in ego 1.0/0.2/0.2 at 3; i3 animal in ego 0.6/0.6/0.6 at -4",
		"i0 car in ego 0.2/0.5/1.0 at 2; without i1; without i3",
		"i0 car in ego 0.2/0.5/1.0 at 3",
		"without i0",
	}
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("updates (-got +want):\n%s", d)
	}
}
