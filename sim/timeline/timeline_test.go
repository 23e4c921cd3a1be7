package timeline

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fusiond/fusiond/sensors"
)

func parse(t *testing.T, text string) *Timeline {
	t.Helper()
	l, err := Parse([]byte(text), "test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestWeatherOverTime(t *testing.T) {
	l := parse(t, `
- {at: 4s, over: 2s, fog: 0.06}
- {at: 8s, until: 10s, over: 1s, rain: 20}
- {at: 9s, fog: 0.02}
- {at: 12s, visibility: 50}
`)
	for _, c := range []struct {
		at        time.Duration
		fog, rain float64
	}{
		{0, 0, 0},
		{4 * time.Second, 0, 0},
		{5 * time.Second, 0.03, 0},
		{6 * time.Second, 0.06, 0},
		{8500 * time.Millisecond, 0.06, 10},
		{9 * time.Second, 0.02, 20},
		{10 * time.Second, 0.02, 20},
		{10250 * time.Millisecond, 0.02, 15},
		{11 * time.Second, 0.02, 0},
		{13 * time.Second, 0.0599146, 0},
	} {
		got := l.Weather(c.at)
		if math.Abs(got.FogPerM-c.fog) > 1e-6 || math.Abs(got.RainMmH-c.rain) > 1e-9 {
			t.Errorf("at %v: fog %g, rain %g, want %g, %g", c.at, got.FogPerM, got.RainMmH, c.fog, c.rain)
		}
	}
}

func TestFaultsOfSensors(t *testing.T) {
	l := parse(t, `
- {at: 1s, sensor: CAM_FRONT, dead: true}
- {at: 2s, sensor: [lidar, CAM_BACK], delay: 30ms, over: 1s}
- {at: 3s, until: 4s, sensor: camera, stuck: true}
- {at: 5s, sensor: CAM_FRONT, dead: false}
- {at: 6s, sensor: lidar, rotate: [0, 0, 2], lost_beams: 0.5}
`)
	at := func(name sensors.SensorID, m sensors.Modality, s float64) Conditions {
		return l.Conditions(name, m, time.Duration(s*1e9))
	}
	for _, c := range []struct {
		name string
		got  any
		want any
	}{
		{"front dead", at("CAM_FRONT", sensors.Camera, 1).Dead, true},
		{"not before", at("CAM_FRONT", sensors.Camera, 0.999).Dead, false},
		{"others live", at("CAM_BACK", sensors.Camera, 1).Dead, false},
		{"alive again", at("CAM_FRONT", sensors.Camera, 5).Dead, false},
		{"ramp of a delay", at("L", sensors.Lidar, 2.5).Delay, 15 * time.Millisecond},
		{"by name too", at("CAM_BACK", sensors.Camera, 9).Delay, 30 * time.Millisecond},
		{"stuck by modality", at("CAM_BACK", sensors.Camera, 3.5).Stuck, true},
		{"until", at("CAM_BACK", sensors.Camera, 4).Stuck, false},
		{"triple", at("L", sensors.Lidar, 6).RotateRad[2], 2 * degree},
		{"beams", at("L", sensors.Lidar, 6).LostBeams, 0.5},
		{"weather untouched", at("L", sensors.Lidar, 6).Weather, Clear()},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, c.got, c.want)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown key", "- {at: 1s, smog: 1}", `unknown key "smog"`},
		{"line is named", "- {at: 1s, fog: 0.1}\n- {at: 2s, fog: 7}", "[2:17] fog: 7 is not in 0..1"},
		{"both faults", "- {at: 1s, fog: 2}\n- {at: 2s, rain: -1}", "rain: -1 is not in"},
		{"backwards", "- {at: 4s, fog: 0.1}\n- {at: 2s, fog: 0}", "comes after 4s"},
		{"until too early", "- {at: 4s, over: 2s, until: 5s, fog: 0.1}", "runs backwards"},
		{"no time", "- {fog: 0.1}", "give at"},
		{"nothing ordered", "- {at: 1s}", "orders nothing"},
		{"weather of one sensor", "- {at: 1s, sensor: X, fog: 0.1}", "leave sensor out"},
		{"fault of nobody", "- {at: 1s, dead: true}", "give sensor"},
		{"fog twice", "- {at: 1s, fog: 0.1, visibility: 50}", "give one"},
		{"key twice", "- {at: 1s, fog: 0.1, fog: 0.2}", "fog"},
		{"no duration", "- {at: 4, fog: 0.1}", "is no duration"},
		{"no number", "- {at: 4s, fog: thick}", "is no number"},
		{"no flag", "- {at: 4s, sensor: X, dead: 1}", "neither true nor false"},
		{"two of three", "- {at: 4s, sensor: X, shift: [0, 1]}", "three numbers"},
		{"not a number", "- {at: 4s, fog: .nan}", "fog"},
		{"no list", "fog: 1", "list of orders"},
		{"no mapping", "- fog", "a mapping"},
		{"no name", "- {at: 1s, sensor: [], dead: true}", "list is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.text), "test.yaml")
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "test.yaml") {
				t.Errorf("got %v, want an error with %q and the file's name", err, c.want)
			}
		})
	}
}

func TestFirst(t *testing.T) {
	l := parse(t, "- {at: 1s, fog: 0, light: 1}\n- {at: 2s, rain: 4}\n- {at: 3s, visibility: 100}\n")
	if key, line, ok := l.First("fog", "light"); key != "fog" || line != 3 || !ok {
		t.Errorf("got %s in line %d, %v: want the fog of line 3, the one before is none", key, line, ok)
	}
	if key, _, ok := l.First("snow"); ok {
		t.Errorf("got %s, want nothing", key)
	}
	if l.Empty() || !(&Timeline{}).Empty() {
		t.Error("Empty is wrong")
	}
}

func TestCheckAgainstRig(t *testing.T) {
	l := parse(t, "- {at: 1s, sensor: [CAM_X, lidar], dead: true}\n- {at: 2s, sensor: LIDAR, dead: true}\n")
	rig := &sensors.Rig{Vehicle: "v", Sensors: []sensors.Sensor{{Name: "LIDAR"}}}
	err := l.Check(rig)
	if err == nil || !strings.Contains(err.Error(), `line 1: rig v has no sensor "CAM_X"`) || strings.Contains(err.Error(), "LIDAR\"") {
		t.Errorf("got %v, want one fault about CAM_X", err)
	}
}

func TestEveryKeyIsHeardAndDocumented(t *testing.T) {
	docs := Docs()
	for i := range keys {
		k := &keys[i]
		if !strings.Contains(docs, "\n"+k.name+" ") {
			t.Errorf("%s is not documented", k.name)
		}
		c := Conditions{Weather: clearDay}
		k.set(&c, [3]float64{k.high, k.high, k.high})
		if k.name != "light" && c == (Conditions{Weather: clearDay}) {
			t.Errorf("%s changes nothing", k.name)
		}
	}
}

// Whatever is ordered, values stay within what their keys allow, and nothing is ordered before its time.
func TestValuesStayInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &Timeline{}
		at := time.Duration(0)
		for range rapid.IntRange(1, 6).Draw(t, "orders") {
			at += time.Duration(rapid.Int64Range(0, 3e9).Draw(t, "gap"))
			e := entry{at: at, over: time.Duration(rapid.Int64Range(0, 3e9).Draw(t, "over"))}
			if rapid.Bool().Draw(t, "ends") {
				e.until = e.at + e.over + time.Duration(rapid.Int64Range(0, 3e9).Draw(t, "holds"))
			}
			e.settings = []setting{{keyNamed("fog"), [3]float64{rapid.Float64Range(0, 1).Draw(t, "fog")}}}
			l.entries = append(l.entries, e)
		}
		when := time.Duration(rapid.Int64Range(0, 30e9).Draw(t, "when"))
		got := l.Weather(when).FogPerM
		if got < 0 || got > 1 || (when < l.entries[0].at && got != 0) {
			t.Fatalf("at %v: fog %g of %+v", when, got, l.entries)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("- {at: 4s, over: 2s, fog: 0.06}\n- {at: 9s, sensor: CAM_FRONT, dead: true}\n"))
	f.Add([]byte("- {at: 1s, sensor: [camera, X], rotate: [0, 1, 2], until: 3s}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Parse(data, "fuzz")
		if err != nil {
			return
		}
		for _, at := range []time.Duration{0, time.Second, time.Hour} {
			c := l.Conditions("X", sensors.Camera, at)
			if math.IsNaN(c.FogPerM) || c.FogPerM < 0 || c.FogPerM > 1 {
				t.Fatalf("fog %g at %v", c.FogPerM, at)
			}
		}
	})
}
