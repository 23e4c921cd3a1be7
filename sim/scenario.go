package sim

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/fusiond/fusiond/internal/yamlguard"
	"github.com/fusiond/fusiond/sim/timeline"
	"github.com/fusiond/fusiond/sim/world"
)

// Scenario is a drive to be made: what a scenario file holds.
type Scenario struct {
	// Name is the file's, without its ending.
	Name string
	// About says in a sentence what the scenario is for.
	About    string
	Seed     uint64
	Duration time.Duration
	Rig      *Rig
	World    world.Spec
	Timeline timeline.Timeline
}

// scenarioFile is the YAML of a scenario.
type scenarioFile struct {
	About    string            `yaml:"about"`
	Seed     uint64            `yaml:"seed"`
	Duration string            `yaml:"duration"`
	Rig      string            `yaml:"rig"`
	World    world.Spec        `yaml:"world"`
	Timeline timeline.Timeline `yaml:"timeline"`
}

const (
	maxScenarioBytes = 64 << 10
	minDuration      = 200 * time.Millisecond
)

//go:embed scenarios/*.yaml
var scenarios embed.FS

// BuiltinScenarios lists the names of the scenarios that come with the simulator.
func BuiltinScenarios() []string { return namesIn(scenarios, "scenarios") }

// LoadScenario reads a built-in scenario by its name, or a scenario file; a rig that is no built-in is a file beside it.
func LoadScenario(path string) (*Scenario, error) {
	var data []byte
	var err error
	if slices.Contains(BuiltinScenarios(), path) {
		data, err = scenarios.ReadFile("scenarios/" + path + ".yaml")
	} else {
		data, err = readBounded(path, maxScenarioBytes)
	}
	if err != nil {
		return nil, fmt.Errorf("load scenario: %w; built in are %q", err, BuiltinScenarios())
	}
	s, err := ParseScenario(data, filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("load scenario %s: %w", path, err)
	}
	s.Name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	return s, nil
}

// ParseScenario reads a scenario with strict keys; rigs are looked for in dir. What the file does not say of the world is what
// world.Defaults has for its kind of map. Every fault that can be told apart is reported.
func ParseScenario(data []byte, dir string) (*Scenario, error) {
	if err := yamlguard.Check(data); err != nil {
		return nil, err
	}
	var kind struct {
		World struct {
			Map struct {
				Kind world.Kind `yaml:"kind"`
			} `yaml:"map"`
		} `yaml:"world"`
	}
	// Faults of the file show below, where keys are strict.
	_ = yaml.Unmarshal(data, &kind)
	f := scenarioFile{World: world.Defaults(kind.World.Map.Kind)}
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(&f); err != nil {
		return nil, fmt.Errorf("%w\nsee sim/scenarios for examples, and `fusiond sim --keys` for the keys of a time line", err)
	}
	s := &Scenario{About: f.About, Seed: f.Seed, World: f.World, Timeline: f.Timeline}
	var errs []error
	var err error
	if s.Duration, err = time.ParseDuration(f.Duration); err != nil || s.Duration < minDuration || s.Duration > world.MaxDuration {
		errs = append(errs, fmt.Errorf("duration: %q: give %v to %v, for example 10s", f.Duration, minDuration, world.MaxDuration))
	}
	if s.About == "" {
		errs = append(errs, errors.New("about: say in a sentence what the scenario is for"))
	}
	if s.Rig, err = LoadRig(f.Rig, dir); err != nil {
		errs = append(errs, fmt.Errorf("rig: %w", err))
	} else if err := s.Timeline.Check(s.Rig.Rig); err != nil {
		errs = append(errs, err)
	}
	if len(errs) == 0 {
		errs = append(errs, s.World.Validate(s.Duration))
	}
	return s, errors.Join(errs...)
}

// readBounded reads a file that must not be larger than limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%w: name an existing file", err)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s: %d bytes are more than %d: is it the right file?", path, info.Size(), limit)
	}
	return os.ReadFile(path) //nolint:gosec // the caller names the file
}
