package render

import (
	"image/color"
	"testing"

	"github.com/google/go-cmp/cmp"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

func TestFacts(t *testing.T) {
	tests := []struct {
		name string
		list *fusionv1.ObjectList
		want []fact
	}{
		{"no list", nil, []fact{{"objects", "none published for this time"}}},
		{"bare list", list(), []fact{{"time", "1970-01-01 00:00:00.000 UTC"}, {"set", "0"}}},
		{"everything", &fusionv1.ObjectList{
			Header: &fusionv1.Header{Stamp: 1557539960500117000}, SetId: 41, Mode: fusionv1.Mode_MODE_DEGRADED,
			ModeReason: "CAM_BACK idle", Model: "m 1", Strategy: "attention", RigRevision: "r2",
			Manifest: &fusionv1.SetManifest{Kind: fusionv1.SetKind_SET_KIND_REFERENCE, Reference: "LIDAR_TOP", Members: []*fusionv1.Member{
				{Stream: "LIDAR_TOP", Present: true}, {Stream: "CAM_BACK"},
			}},
			Latency: []*fusionv1.StageLatency{{Stage: "wait", DurationNs: 12e6}, {Stage: "track"}, {Stage: "fuse", DurationNs: 5e6}},
		}, []fact{
			{"time", "2019-05-11 01:59:20.500 UTC"},
			{"set", "41, reference LIDAR_TOP, 1 of 2 members"},
			{"mode", "degraded: CAM_BACK idle"},
			{"model", "m 1"},
			{"strategy", "attention"},
			{"rig", "r2"},
			{"latency", "17 ms: wait 12, fuse 5"},
		}},
		{"virtual set without clock", &fusionv1.ObjectList{
			SetId: 2, Manifest: &fusionv1.SetManifest{Kind: fusionv1.SetKind_SET_KIND_VIRTUAL},
			Latency: []*fusionv1.StageLatency{{Stage: "wait"}},
		}, []fact{{"time", "1970-01-01 00:00:00.000 UTC"}, {"set", "2, virtual, 0 of 0 members"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, facts(tt.list), cmp.AllowUnexported(fact{})); d != "" {
				t.Errorf("facts differ (-want +got):\n%s", d)
			}
		})
	}
}

func TestAbsentMembers(t *testing.T) {
	const camera, radar = fusionv1.Modality_MODALITY_CAMERA, fusionv1.Modality_MODALITY_RADAR
	m := &fusionv1.SetManifest{Members: []*fusionv1.Member{
		{Stream: "LIDAR_TOP", Modality: fusionv1.Modality_MODALITY_LIDAR, Present: true},
		{Stream: "CAM_BACK", Modality: camera, Absence: fusionv1.AbsenceReason_ABSENCE_REASON_IDLE, NewestAgeNs: 412e6},
		{Stream: "CAM_LEFT", Modality: camera, Absence: fusionv1.AbsenceReason_ABSENCE_REASON_IDLE},
		{Stream: "radar", Modality: radar, Absence: fusionv1.AbsenceReason_ABSENCE_REASON_NOT_FITTED},
	}}
	want := []fact{{"CAM_BACK", "idle, newest 412 ms old"}, {"CAM_LEFT", "idle"}, {"radar", "not fitted"}}
	if d := cmp.Diff(want, absentMembers(m), cmp.AllowUnexported(fact{})); d != "" {
		t.Errorf("absent members differ (-want +got):\n%s", d)
	}
	reasons := map[fusionv1.Modality]string{camera: ": idle", radar: ": not fitted", fusionv1.Modality_MODALITY_LIDAR: ""}
	for modality, want := range reasons {
		if got := absenceOf(m, modality); got != want {
			t.Errorf("%v: got %q, want %q", modality, got, want)
		}
	}
}

// TestConditions: members whose data is not what it should be are listed with what it is worth, whether they are in the set or were left out.
func TestConditions(t *testing.T) {
	const camera, lidar = fusionv1.Modality_MODALITY_CAMERA, fusionv1.Modality_MODALITY_LIDAR
	m := &fusionv1.SetManifest{Members: []*fusionv1.Member{
		{Stream: "LIDAR_TOP", Modality: lidar, Present: true, Reliability: 0.254, ReliabilityReason: "fog"},
		{Stream: "CAM_FRONT", Modality: camera, Present: true, Reliability: 0.9},
		{Stream: "CAM_LEFT", Modality: camera, Present: true, Reliability: 0.6, ReliabilityReason: "glare"},
		{Stream: "CAM_RIGHT", Modality: camera, Present: true, Reliability: 0.5, ReliabilityReason: "glare"},
		{
			Stream: "CAM_BACK", Modality: camera, Absence: fusionv1.AbsenceReason_ABSENCE_REASON_UNRELIABLE, NewestAgeNs: 20e6,
			Reliability: 0.01, ReliabilityReason: "frozen",
		},
		{
			Stream: "LIDAR_REAR", Modality: lidar, Absence: fusionv1.AbsenceReason_ABSENCE_REASON_DECODE, ReliabilityReason: "few returns",
		},
	}}
	want := []fact{
		{"LIDAR_TOP", "fog, reliability 0.25"},
		{"CAM_LEFT", "glare, reliability 0.60"},
		{"CAM_RIGHT", "glare, reliability 0.50"},
		{"CAM_BACK", "left out: frozen, reliability 0.01"},
		{"LIDAR_REAR", "decode"},
	}
	if d := cmp.Diff(want, absentMembers(m), cmp.AllowUnexported(fact{})); d != "" {
		t.Errorf("members differ (-want +got):\n%s", d)
	}
	for modality, want := range map[fusionv1.Modality]string{lidar: "fog", camera: "glare", fusionv1.Modality_MODALITY_RADAR: ""} {
		if got := conditionsOf(m, modality); got != want {
			t.Errorf("conditions of %v: got %q, want %q", modality, got, want)
		}
	}
	if got, want := absenceOf(m, camera), ": frozen"; got != want {
		t.Errorf("absence of the cameras: got %q, want %q", got, want)
	}
}

// TestMassBar: the bar's length is the mass.
func TestMassBar(t *testing.T) {
	r := newLayout(nil).panel
	length := func(mass float32) (bar, track int) {
		l := list()
		l.Modalities = []*fusionv1.ModalityState{{Modality: fusionv1.Modality_MODALITY_LIDAR, Present: true, Mass: mass, Reliability: 1}}
		img := mustDraw(t, Scene{Objects: l})
		columns := func(want color.NRGBA) (n int) {
			for x := r.Min.X; x < r.Max.X; x++ {
				for y := r.Min.Y; y < r.Min.Y+300; y++ {
					if c := img.RGBAAt(x, y); c.R == want.R && c.G == want.G && c.B == want.B {
						n++
						break
					}
				}
			}
			return n
		}
		return columns(modalityColour(fusionv1.Modality_MODALITY_LIDAR)), columns(colTrack)
	}
	_, full := length(0)
	if full < 150 {
		t.Fatalf("got a track of %d px, want it to be seen", full)
	}
	for _, mass := range []float32{0, 0.25, 0.5, 1, 2} {
		want := int(clamp(float64(mass), 0, 1)*float64(full) + 0.5)
		if got, _ := length(mass); got < want-2 || got > want+2 {
			t.Errorf("mass %v: got %d of %d px, want %d", mass, got, full, want)
		}
	}
}

func TestElide(t *testing.T) {
	f, err := newFaces()
	if err != nil {
		t.Fatal(err)
	}
	c := &canvas{faces: f}
	for _, tt := range []struct {
		name, in string
		width    int
		want     string
	}{
		{"fits", "lidar", 200, "lidar"},
		{"one line", " a\n\tb  c ", 200, "a b c"},
		{"not text", "a\xff\xfeb", 200, "a?b"},
		{"no room", "lidar", 3, ""},
		{"cut", "construction vehicle", 60, "cons…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := c.elide(styleText, tt.in, tt.width)
			if got != tt.want {
				t.Errorf("elide %q to %d px: got %q, want %q", tt.in, tt.width, got, tt.want)
			}
			if w := c.measure(styleText, got); w > tt.width {
				t.Errorf("elide %q: got %d px, want at most %d", tt.in, w, tt.width)
			}
		})
	}
}

func TestPlacesNeverOverlap(t *testing.T) {
	var p places
	f, err := newFaces()
	if err != nil {
		t.Fatal(err)
	}
	c := &canvas{faces: f}
	first := c.tagRect(10, 10, styleLabel, "car 1")
	if !p.take(first) {
		t.Error("got a free place refused")
	}
	if p.take(c.tagRect(first.Max.X-1, 12, styleLabel, "car 2")) {
		t.Error("got an overlapping place")
	}
	if !p.take(c.tagRect(first.Max.X, 10, styleLabel, "car 3")) {
		t.Error("got the place beside refused")
	}
}
