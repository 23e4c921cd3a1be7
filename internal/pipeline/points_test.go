package pipeline

import (
	"testing"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

func TestTruthPoints(t *testing.T) {
	lidar := &fusionv1.SensorView{Modality: fusionv1.Modality_MODALITY_LIDAR, Points: 1, CleanPoints: 40}
	radar := &fusionv1.SensorView{Modality: fusionv1.Modality_MODALITY_RADAR, Points: 2, CleanPoints: 2}
	camera := &fusionv1.SensorView{Modality: fusionv1.Modality_MODALITY_CAMERA, Points: 500, CleanPoints: 900}
	for _, c := range []struct {
		name string
		o    *fusionv1.TruthObject
		want int
	}{
		{"recorded: what was counted", &fusionv1.TruthObject{LidarPoints: 3, RadarPoints: 4}, 7},
		{"in fog: what clean sensors would have", &fusionv1.TruthObject{LidarPoints: 1, Views: []*fusionv1.SensorView{lidar, radar, camera}}, 42},
		{"pixels are no points", &fusionv1.TruthObject{Views: []*fusionv1.SensorView{camera}}, 0},
	} {
		if got := TruthPoints(c.o); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}
