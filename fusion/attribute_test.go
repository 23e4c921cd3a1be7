package fusion

import (
	"math"
	"testing"
)

func TestAttribute(t *testing.T) {
	tests := []struct {
		class  string
		vx, vy float64
		want   string
	}{
		{"car", 0, 0, "vehicle.parked"},
		{"car", 0.5, 0, "vehicle.parked"},
		{"car", 0.51, 0, "vehicle.moving"},
		{"car", -0.4, -0.4, "vehicle.moving"}, // 0.57 m/s: speed counts, not an axis
		{"truck", 0, -3, "vehicle.moving"},
		{"bus", 0, 0, "vehicle.parked"},
		{"trailer", 0.6, 0, "vehicle.moving"},
		{"construction_vehicle", 0.1, 0, "vehicle.parked"},
		{"motorcycle", 8, 0, "cycle.with_rider"},
		{"bicycle", 0.4, 0, "cycle.without_rider"},
		{"pedestrian", 0.3, 0, "pedestrian.standing"},
		{"pedestrian", 0.31, 0, "pedestrian.moving"},
		{"pedestrian", math.NaN(), 0, "pedestrian.standing"},
		{"barrier", 5, 0, ""},
		{"traffic_cone", 0, 0, ""},
		{"deer", 9, 0, ""},
	}
	for _, tt := range tests {
		if got := Attribute(tt.class, tt.vx, tt.vy); got != tt.want {
			t.Errorf("%s at (%g, %g) m/s: got %q, want %q", tt.class, tt.vx, tt.vy, got, tt.want)
		}
	}
}
