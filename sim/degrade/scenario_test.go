package degrade

import (
	"strings"
	"testing"
	"time"
)

func TestScenario(t *testing.T) {
	const whole = "about: a test\nseed: 4\nduration: 8s\nrig: city\nworld: {anything: [1, 2]}\ntimeline:\n  - {at: 1s, fog: 0.06}\n"
	for name, text := range map[string]string{"list": "- {at: 1s, fog: 0.06}\n", "whole scenario": whole} {
		s := scenario(t, text)
		if got := s.Timeline.Weather(2 * time.Second).FogPerM; got != 0.06 || s.Empty() || len(s.SHA256) != 64 {
			t.Errorf("%s: fog %g, empty %v, hash %q", name, got, s.Empty(), s.SHA256)
		}
	}
	for name, text := range map[string]string{"nothing": "", "a comment": "# no order\n", "an empty list": "[]", "an empty time line": "timeline: []"} {
		if s := scenario(t, text); !s.Empty() {
			t.Errorf("%s is not empty", name)
		}
	}
}

func TestScenarioRefuses(t *testing.T) {
	tests := []struct {
		name, text string
		words      []string
	}{
		{"unknown key of an order", "- {at: 1s, fog: 0.06}\n- {at: 2s, smog: 1}\n", []string{"[2:", "smog"}},
		{"unknown key of a scenario", "timeline: []\nweather: bad\n", []string{"[2:", "weather"}},
		{"unknown key of an order of a scenario", "about: x\ntimeline:\n  - {at: 1s, smog: 1}\n", []string{"[3:", "smog"}},
		{"backwards", "- {at: 5s, fog: 0.06}\n- {at: 2s, fog: 0}\n", []string{"[2:", "2s", "5s"}},
		{"no time line", "about: x\n", []string{"no timeline", "list of orders"}},
		{"no YAML", "- {at: ", nil},
		{"a word", "fog\n", []string{"list of orders"}},
		{"too long", strings.Repeat("#", maxScenarioBytes+1), []string{"65536"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseScenario([]byte(tt.text), "test.yaml")
			holds(t, err, append(tt.words, "test.yaml")...)
		})
	}
}

func FuzzScenario(f *testing.F) {
	f.Add([]byte("- {at: 1s, fog: 0.06}\n"))
	f.Add([]byte("about: x\ntimeline:\n  - {at: 1s, sensor: lidar, dead: true}\n"))
	f.Add([]byte("{timeline: &a [*a]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseScenario(data, "fuzz.yaml")
		if err != nil {
			return
		}
		if key, line, ok := s.Timeline.First(depthKeys...); ok && (s.Empty() || line < 1) {
			t.Fatalf("%s in line %d of a time line that is empty: %v", key, line, s.Empty())
		}
	})
}
