package suite

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim"
	"github.com/fusiond/fusiond/sim/timeline"
)

var allThree = []sensors.Modality{sensors.Lidar, sensors.Radar, sensors.Camera}

func cityRig(t *testing.T) *sensors.Rig {
	t.Helper()
	rig, err := sim.LoadRig("city", ".")
	if err != nil {
		t.Fatal(err)
	}
	return rig.Rig
}

// TestOrdersAreFollowed parses every condition's time line and holds it against the rig: a wrong key or name would be no condition at all.
func TestOrdersAreFollowed(t *testing.T) {
	rig := cityRig(t)
	seen := map[string]string{}
	for _, c := range conditions(false, allThree) {
		name := fmt.Sprintf("%s %s %d %s", c.Group, c.Name, c.Severity, c.Setting)
		text := c.Orders(rig)
		l, err := timeline.Parse([]byte(text), name)
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
			continue
		}
		if err := l.Check(rig); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if l.Empty() != (c.Group == Clean) {
			t.Errorf("%s orders nothing: %q", name, text)
		}
		// Fog takes its severities from the sweep; any other two conditions that order the same are one too many.
		if other := seen[text]; other != "" && !(c.Group == Visibility && strings.Contains(other, "fog")) {
			t.Errorf("%s orders the same as %s", name, other)
		}
		seen[text] = name
	}
}

func TestConditionsOfTheSuite(t *testing.T) {
	count := func(quick bool, fitted []sensors.Modality) map[Group]int {
		n := map[Group]int{}
		for _, c := range conditions(quick, fitted) {
			n[c.Group]++
		}
		return n
	}
	for _, c := range []struct {
		name   string
		quick  bool
		fitted []sensors.Modality
		want   map[Group]int
	}{
		{"whole", false, allThree, map[Group]int{Clean: 1, Weather: 18, Fault: 54, Visibility: 7, Recovery: 3}},
		{"quick", true, allThree, map[Group]int{Clean: 1, Weather: 6, Fault: 18, Visibility: 4, Recovery: 3}},
		{"no radar", true, []sensors.Modality{sensors.Lidar, sensors.Camera}, map[Group]int{Clean: 1, Weather: 6, Fault: 16, Visibility: 4, Recovery: 2}},
	} {
		if got := count(c.quick, c.fitted); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	for _, quick := range []bool{false, true} {
		all := conditions(quick, allThree)
		if all[0].Group != Clean {
			t.Errorf("the first condition is %s, want clean: others are laid over it", all[0].Name)
		}
		if !slices.ContainsFunc(all, func(c Condition) bool { return c.VisibilityM == 50 }) {
			t.Errorf("quick %v: no fog of 50 m, which the summary needs", quick)
		}
	}
}

func TestSelection(t *testing.T) {
	rig := cityRig(t)
	for _, c := range []struct {
		name string
		of   selection
		want string
	}{
		{"the first", oneCamera, "CAM_FRONT"},
		{"half", someCameras, "CAM_FRONT CAM_FRONT_LEFT CAM_FRONT_RIGHT"},
		{"half of five", someRadars, "RADAR_FRONT RADAR_FRONT_LEFT RADAR_FRONT_RIGHT"},
		{"all", lidars, "LIDAR_TOP"},
		{"none", selection{}, ""},
	} {
		if got := strings.Join(c.of.names(rig), " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// A picture of another size is blurred by the same share of its width.
func TestBlurFollowsTheWidth(t *testing.T) {
	rig := *cityRig(t)
	i := slices.IndexFunc(conditions(true, allThree), func(c Condition) bool { return c.Name == "camera_blurred" })
	c := conditions(true, allThree)[i]
	if got := c.Orders(&rig); !strings.Contains(got, "sensor: CAM_FRONT, blur: 11.200}") { // 0.7 % of 1600
		t.Errorf("got %s", got)
	}
}

func TestTouches(t *testing.T) {
	for _, c := range conditions(false, allThree) {
		got := fmt.Sprint(c.touches(allThree))
		want := map[string]string{"camera_dark": "[camera]", "lidar_dead": "[lidar]", "radar_dead": "[radar]", "clock_offset": "[radar camera]", "rain": "[lidar radar camera]", "clean": "[]"}[c.Name]
		if want != "" && got != want {
			t.Errorf("%s touches %s, want %s", c.Name, got, want)
		}
	}
}

func TestTurnedByTheWholeAngle(t *testing.T) {
	var x, y, z float64
	if _, err := fmt.Sscanf(turned(0.6), "rotate: [%f, %f, %f]", &x, &y, &z); err != nil {
		t.Fatal(err)
	}
	if got := x*x + y*y + z*z; got < 0.359 || got > 0.361 {
		t.Errorf("got the square of %v degrees, want 0.6^2", got)
	}
}

func TestSubsets(t *testing.T) {
	got := fmt.Sprint(subsets(allThree))
	if want := "[lidar+radar+camera radar+camera lidar+camera lidar+radar camera radar lidar]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	got = fmt.Sprint(subsets([]sensors.Modality{sensors.Lidar, sensors.Camera}))
	if want := "[lidar+camera camera lidar]"; got != want {
		t.Errorf("without radar: got %s, want %s", got, want)
	}
}
