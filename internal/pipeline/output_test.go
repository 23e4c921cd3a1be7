package pipeline

import (
	"strings"
	"testing"
)

// TestClassScores: which classes an object lists, and in which order.
func TestClassScores(t *testing.T) {
	classes := []string{"car", "truck", "bus", "trailer"}
	tests := []struct {
		name   string
		scores []float32
		want   string
	}{
		{"best first", []float32{0.2, 0.7, 0.02, 0.4}, "truck trailer car bus"},
		{"ties by class order", []float32{0.3, 0.5, 0.3, 0.5}, "truck trailer car bus"},
		{"at and below the floor", []float32{0.5, 0.01, 0.0099, 0}, "car truck"},
		{"unknown", nil, ""},
	}
	for _, tt := range tests {
		var names []string
		for _, s := range classScores(classes, tt.scores) {
			names = append(names, s.Class)
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
