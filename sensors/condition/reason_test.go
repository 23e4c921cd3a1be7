package condition

import (
	"strings"
	"testing"

	"github.com/fusiond/fusiond/sensors"
)

func TestConditionText(t *testing.T) {
	tests := []struct {
		c    Condition
		want string
	}{
		{Condition{Reliability: 1, Modality: sensors.Camera}, ""},
		{Condition{Reason: Dark, Modality: sensors.Camera, Value: 24, Onset: 50}, "dark: mean brightness of 255 24, normal from 50"},
		{Condition{Reason: Blocked, Modality: sensors.Radar, Value: 12, Onset: 5}, "blocked: median radar cross-section, dB below its usual 12, normal up to 5"},
		{Condition{Reason: Fog, Modality: sensors.Lidar, Value: 27.06, Onset: 60}, "fog: distance within which 99 % of the returns lie, m 27.1, normal from 60"},
	}
	for _, tt := range tests {
		if got := tt.c.String(); got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt.c, got, tt.want)
		}
	}
}

// TestEveryReasonHasWords holds the two tables complete, and names distinct.
func TestEveryReasonHasWords(t *testing.T) {
	seen := map[string]Reason{}
	for r := None + 1; r < numReasons; r++ {
		name := r.String()
		if other, twice := seen[name]; twice || name == "" || name != strings.ToLower(name) {
			t.Errorf("reason %d: got %q, like reason %d, want a name of its own in lower case", r, name, other)
		}
		seen[name] = r
		if measures[r].what == "" {
			t.Errorf("%v: got no measure", r)
		}
	}
	if got := numReasons.String(); got != "reason 12" {
		t.Errorf("unknown reason: got %q", got)
	}
}
