package pipeline

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

// scanAt is a radar scan of one standing target.
func scanAt(ms int64) *sensors.RadarScan {
	scan := &sensors.RadarScan{Detections: []sensors.RadarDetection{{Position: r3.Vec{X: 20}}}}
	scan.Stamp = sensors.StampNs(ms * 1e6)
	return scan
}

func TestScanHistory(t *testing.T) {
	const base = 1_700_000_000_000
	tests := []struct {
		name string
		add  []int64 // ms after base
		want []int64
	}{
		{name: "in order", add: []int64{0, 75, 150}, want: []int64{0, 75, 150}},
		{name: "only the newest four", add: []int64{0, 75, 150, 225, 300, 375}, want: []int64{150, 225, 300, 375}},
		{name: "twice", add: []int64{0, 75, 75}, want: []int64{0, 75}},
		{name: "late", add: []int64{0, 150, 75}, want: []int64{0, 150}},
		{name: "clock set back", add: []int64{5000, 5075, 0, 75}, want: []int64{0, 75}},
		{name: "clock set forward", add: []int64{0, 75, 9000}, want: []int64{0, 75, 9000}},
	}
	for _, tt := range tests {
		var h scanHistory
		for _, ms := range tt.add {
			h.add(scanAt(base + ms))
		}
		var got []int64
		for _, scan := range h {
			got = append(got, int64(scan.Stamp)/1e6-base)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: scans at %v give the history %v, want %v", tt.name, tt.add, got, tt.want)
		}
	}
}

// TestTakeRadar looks at the ages of the scans that a set gets: the member's, and those of the scans before it within the span. What
// lies after the member, or too long before, stays out.
func TestTakeRadar(t *testing.T) {
	e := &Engine{}
	s := &stream{Sensor: &sensors.Sensor{Name: "RADAR_FRONT", Modality: sensors.Radar, EgoFromSensor: sensors.Identity}}
	for _, ms := range []int64{1000, 1300, 1375, 1450} {
		s.scans.add(scanAt(ms))
	}
	member := s.scans[2]
	p := &plan{stamp: sensors.StampNs(1400e6)}
	e.takeRadar(p, s, member, member.Stamp, 0.025)
	want := []float64{0.025, 0.1}
	if len(p.returns) != len(want) {
		t.Fatalf("%d returns, want %d: %+v", len(p.returns), len(want), p.returns)
	}
	for i, r := range p.returns {
		if math.Abs(r.AgeS-want[i]) > 1e-9 || r.X != 20 {
			t.Errorf("return %d: age %g s at x %g m, want %g s at 20 m", i, r.AgeS, r.X, want[i])
		}
	}
	if len(p.radars) != 1 {
		t.Errorf("radars in the set: %v, want one", p.radars)
	}
}
