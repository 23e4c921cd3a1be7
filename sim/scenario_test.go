package sim

import (
	"strings"
	"testing"
	"time"
)

func TestBuiltinScenarios(t *testing.T) {
	names := BuiltinScenarios()
	if len(names) < 10 {
		t.Errorf("got %d scenarios, want at least 10", len(names))
	}
	for _, name := range names {
		s, err := LoadScenario(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if s.Name != name || s.About == "" || s.Duration < 8*time.Second {
			t.Errorf("%s: got %+v", name, s)
		}
	}
}

func TestScenarioRefused(t *testing.T) {
	const rest = "about: x\nseed: 1\nduration: 1s\nrig: light\nworld: {map: {kind: street}}\n"
	for _, c := range []struct{ name, text, want string }{
		{"unknown key", rest + "weather: bad\n", `unknown field "weather"`},
		{"unknown key of the world", "about: x\nduration: 1s\nrig: light\nworld: {map: {kind: street, lakes: 1}}\n", "lakes"},
		{"no duration", strings.Replace(rest, "1s", "soon", 1), "duration"},
		{"too long", strings.Replace(rest, "1s", "3h", 1), "duration"},
		{"no word about it", strings.Replace(rest, "about: x\n", "", 1), "about"},
		{"unknown rig", strings.Replace(rest, "light", "lorry", 1), "lorry"},
		{"kind of map", strings.Replace(rest, "street", "moon", 1), "map.kind"},
		{"sensor that the rig lacks", rest + "timeline:\n  - {at: 1s, sensor: CAM_TOP, dead: true}\n", "CAM_TOP"},
		{"time line backwards", rest + "timeline:\n  - {at: 2s, fog: 0.1}\n  - {at: 1s, fog: 0}\n", "comes after 2s"},
		{"value out of range, with its line", rest + "timeline:\n  - {at: 2s, fog: 8}\n", "[7:19] fog: 8 is not in 0..1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseScenario([]byte(c.text), t.TempDir())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestRigModels(t *testing.T) {
	data, err := rigs.ReadFile("rigs/light.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(data), "\n---\n")
	for _, c := range []struct{ name, models, want string }{
		{"none", "", ""},
		{"by modality and by name", "camera: {quality: 50}\nCAM_FRONT: {samples: 4}\n", ""},
		{"unknown sensor", "CAM_TOP: {samples: 4}\n", `no sensor "CAM_TOP"`},
		{"unknown key", "lidar: {beams: 4}\n", "beams"},
		{"unknown unit", "lidar: {unit: lidar9000}\n", "spinning16"},
		{"duration", "camera: {exposure: long}\n", "long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := ParseRig([]byte(text+"\n---\n"+c.models), "test")
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want an error with %q", err, c.want)
			case c.name == "by modality and by name":
				front, back := r.Models[1], r.Models[6]
				if front.Quality != 50 || front.Samples != 4 || back.Quality != 50 || back.Samples != 1 {
					t.Errorf("front %+v, back %+v", front, back)
				}
			}
		})
	}
}
