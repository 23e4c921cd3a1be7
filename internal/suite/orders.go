package suite

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/fusiond/fusiond/sensors"
)

// Condition is one thing that is done to a drive. The zero value is a clean drive.
type Condition struct {
	Group Group
	Name  string
	// Severity is 1 to 3, 0 where there are none.
	Severity int
	Setting  string
	// VisibilityM of the sweep, 0 elsewhere.
	VisibilityM float64
	level       level
}

// turned is a calibration error of so many degrees, about all three axes alike.
func turned(degrees float64) string {
	each := degrees / math.Sqrt(3)
	return fmt.Sprintf("rotate: [%.4f, %.4f, %.4f]", each, each, each)
}

// conditions lists what is done to every drive. quick takes the middle severity and every other visibility.
func conditions(quick bool, fitted []sensors.Modality) []Condition {
	all := []Condition{{Group: Clean, Name: "clean", Setting: "a clear day, nothing fails"}}
	for i := range corruptions {
		c := &corruptions[i]
		for s := range c.levels {
			one := Condition{Group: c.group, Name: c.name, Severity: s + 1, Setting: c.levels[s].setting, level: c.levels[s]}
			if (quick && s != 1) || !one.possible(fitted) {
				continue
			}
			all = append(all, one)
		}
	}
	for i, v := range visibilities {
		if quick && i%2 != 0 {
			continue
		}
		all = append(all, Condition{
			Group: Visibility, Name: "visibility", Setting: fmt.Sprintf("visibility %g m", v), VisibilityM: v,
			level: level{weather: fmt.Sprintf("visibility: %g, %s", v, fogLight)},
		})
	}
	for _, m := range fitted {
		all = append(all, Condition{
			Group: Recovery, Name: m.String(), Setting: fmt.Sprintf("every %s silent from %.2f to %.2f s", m, dieMs/1e3, returnMs/1e3),
			level: level{of: of(1, m), faults: fmt.Sprintf("until: %dms, dead: true", int(returnMs)), laterMs: dieMs - faultBeginMs},
		})
	}
	return all
}

// A sensor of the recovery test dies and returns at these times of the drive, between sweeps.
const (
	dieMs    = 750
	returnMs = 1250
)

// possible tells whether a fault has a sensor to be of.
func (c *Condition) possible(fitted []sensors.Modality) bool {
	return c.Group != Fault || slices.ContainsFunc(c.level.of.modalities, func(m sensors.Modality) bool { return slices.Contains(fitted, m) })
}

// touches lists the modalities that a condition changes.
func (c *Condition) touches(fitted []sensors.Modality) []sensors.Modality {
	if c.level.weather != "" {
		return fitted
	}
	var out []sensors.Modality
	for _, m := range fitted {
		if slices.Contains(c.level.of.modalities, m) {
			out = append(out, m)
		}
	}
	return out
}

// Orders is the condition as a time line for a rig, in YAML.
func (c *Condition) Orders(rig *sensors.Rig) string {
	var lines []string
	if c.level.weather != "" {
		lines = append(lines, fmt.Sprintf("- {at: 0s, %s}", c.level.weather))
	}
	at := faultBeginMs + c.level.laterMs
	if names := c.level.of.names(rig); len(names) > 0 && c.level.faults != "" {
		lines = append(lines, fmt.Sprintf("- {at: %dms, sensor: [%s], %s}", at, strings.Join(names, ", "), c.level.faults))
	}
	if c.level.blurShare > 0 {
		for _, name := range c.level.of.names(rig) {
			s, _ := rig.Find(sensors.SensorID(name))
			lines = append(lines, fmt.Sprintf("- {at: %dms, sensor: %s, blur: %.3f}", at, name, c.level.blurShare*float64(s.Intrinsics.Width)))
		}
	}
	if len(lines) == 0 {
		return "[]\n"
	}
	return strings.Join(lines, "\n") + "\n"
}

// names of the selected sensors, quoted for YAML.
func (s *selection) names(rig *sensors.Rig) (names []string) {
	for _, m := range s.modalities {
		all := rig.Of(m)
		if len(all) == 0 {
			continue
		}
		for _, one := range all[:max(1, int(math.Round(s.share*float64(len(all)))))] {
			names = append(names, string(one.Name))
		}
	}
	return names
}
