package degrade

import (
	"math"
	"testing"

	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/timeline"
)

func scanned(t *testing.T, in *fusionv1.RadarScan, text string, index uint64) *fusionv1.RadarScan {
	t.Helper()
	rig := madeRig()
	data := marshal(t, in)
	sample, err := sensors.ParseRadarScan(data, sensors.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	j := &job{index: index, key: 5, scan: &scanJob{sensor: &rig.Sensors[2], sample: sample, motion: sensors.EgoState{LocalFromEgo: sensors.Identity}}}
	j.Data = data
	j.conditions = scenario(t, text).Timeline.Conditions("RADAR", sensors.Radar, 0)
	if err := newWorker(newTools(), 1).scan(j); err != nil {
		t.Fatal(err)
	}
	out := &fusionv1.RadarScan{}
	if err := proto.Unmarshal(j.payload, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRadarWeather: rain weakens what is far, by twice the way, and loses some of it; the rest of a detection stays.
func TestRadarWeather(t *testing.T) {
	lost, near := 0, 0
	for i := range uint64(200) {
		out := scanned(t, madeScan(madeStart), "[{at: 0s, rain: 25}]", i)
		for _, d := range out.Detections {
			switch d.RangeM {
			case 20:
				near++
				if loss := 12 - float64(d.RcsDbsm); math.Abs(loss-2*10.99*0.02) > 0.01 || d.RangeSdM != 0.2 || d.RangeRateMps != -1 {
					t.Fatalf("near detection %v, want 0.44 dB less and the rest as it was", d)
				}
			case 150:
				lost++
			}
		}
	}
	if lost = 200 - lost; lost == 0 || lost == 200 || near < 190 {
		t.Errorf("of 200 scans %d have lost the far detection and %d kept the near one", lost, near)
	}
}

// TestRadarTurned: a misaligned radar measures the same range in another direction, in both forms of the message.
func TestRadarTurned(t *testing.T) {
	const text = "[{at: 0s, sensor: RADAR, rotate: [0, 0, 3]}]"
	polar := scanned(t, madeScan(madeStart), text, 0)
	for i, d := range madeScan(madeStart).Detections {
		got := polar.Detections[i]
		if math.Abs(float64(got.AzimuthRad-d.AzimuthRad)+3*math.Pi/180) > 1e-6 || math.Abs(float64(got.RangeM-d.RangeM)) > 1e-4 || got.Invalid != d.Invalid {
			t.Errorf("detection %d: %v, want %v three degrees further to the right", i, got, d)
		}
	}
	points := &fusionv1.RadarScan{
		Header: &fusionv1.Header{Stamp: int64(madeStart), Sensor: "RADAR"}, Points: []*fusionv1.RadarPoint{{X: 30, Y: 0, Vx: -5, RcsDbsm: 3}},
	}
	got := scanned(t, points, text, 0).Points[0]
	sin, cos := math.Sincos(-3 * math.Pi / 180)
	for name, v := range map[string][2]float64{"x": {float64(got.X), 30 * cos}, "y": {float64(got.Y), 30 * sin}, "vx": {float64(got.Vx), -5 * cos}, "vy": {float64(got.Vy), -5 * sin}} {
		if math.Abs(v[0]-v[1]) > 1e-4 {
			t.Errorf("%s %g, want %g", name, v[0], v[1])
		}
	}
}

// TestRadarInterference adds false detections.
func TestRadarInterference(t *testing.T) {
	more := 0
	for i := range uint64(50) {
		more += len(scanned(t, madeScan(madeStart), "[{at: 0s, sensor: RADAR, interference: 20}]", i).Detections) - 3
	}
	if more < 25 {
		t.Errorf("%d detections more in 50 scans, want some each", more)
	}
}

// TestTouches names for every order the modalities whose data it changes.
func TestTouches(t *testing.T) {
	tests := []struct {
		text                 string
		lidar, camera, radar bool
	}{
		{"fog: 0.01", true, true, true},
		{"rain: 1", true, true, true},
		{"snow: 1", true, true, true},
		{"wet: 1", true, true, false},
		{"spray: 1", true, false, false},
		{"light: 0.5", false, true, false},
		{"sun_elevation: 5", false, false, false},
		{"sensor: [X], lost_beams: 0.1", true, false, false},
		{"sensor: [X], lost_points: 0.1", true, false, false},
		{"sensor: [X], field: 20", true, false, false},
		{"sensor: [X], blocked: 0.1", true, true, true},
		{"sensor: [X], lens_drops: 0.1", false, true, false},
		{"sensor: [X], blur: 1", false, true, false},
		{"sensor: [X], glare: 1", false, true, false},
		{"sensor: [X], darken: 1", false, true, false},
		{"sensor: [X], interference: 1", false, false, true},
		{"sensor: [X], rotate: [0, 0, 1]", true, true, true},
		{"sensor: [X], shift: [0, 0, 1]", true, false, true},
		{"sensor: [X], delay: 1s, drop: 0.5, clock_offset: 1s, stuck: true", false, false, false},
		{"sensor: [X], dead: true, blocked: 1, blur: 3, lost_points: 1", false, false, false},
	}
	for _, tt := range tests {
		l := scenario(t, "[{at: 0s, "+tt.text+"}]").Timeline
		for m, want := range map[sensors.Modality]bool{sensors.Lidar: tt.lidar, sensors.Camera: tt.camera, sensors.Radar: tt.radar, sensors.Ego: false} {
			c := l.Conditions("X", m, 0)
			if got := touches(m, &c); got != want {
				t.Errorf("%s touches %s: %v, want %v", tt.text, m, got, want)
			}
		}
	}
	if day := (timeline.Conditions{Weather: timeline.Clear()}); needsDepth(&day) {
		t.Error("a clear day needs distances")
	}
}
