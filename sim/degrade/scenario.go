package degrade

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/fusiond/fusiond/internal/yamlguard"
	"github.com/fusiond/fusiond/sim/timeline"
)

// maxScenarioBytes bounds the file that is read.
const maxScenarioBytes = 64 << 10

// Scenario is a time line with where it came from.
type Scenario struct {
	// Path names the file in errors.
	Path string
	// SHA256 of the file, in hexadecimal.
	SHA256   string
	Timeline timeline.Timeline
}

// scenarioFile is a whole scenario; a recorded drive has its own world, rig and length.
type scenarioFile struct {
	About    any                `yaml:"about"`
	Seed     any                `yaml:"seed"`
	Duration any                `yaml:"duration"`
	Rig      any                `yaml:"rig"`
	World    any                `yaml:"world"`
	Timeline *timeline.Timeline `yaml:"timeline"`
}

// LoadScenario reads a file that holds either a bare list of orders or a whole scenario, of which only the time line counts here.
func LoadScenario(path string) (*Scenario, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read scenario: %w: name an existing file", err)
	}
	if info.Size() > maxScenarioBytes {
		return nil, fmt.Errorf("read scenario %s: %d bytes are more than %d: is it the right file?", path, info.Size(), maxScenarioBytes)
	}
	data, err := os.ReadFile(path) //nolint:gosec // the user names the file
	if err != nil {
		return nil, fmt.Errorf("read scenario: %w", err)
	}
	return ParseScenario(data, path)
}

// ParseScenario reads a scenario; path names it in errors. Every fault of the time line is reported at once, each with its line.
func ParseScenario(data []byte, path string) (*Scenario, error) {
	if err := yamlguard.Check(data); err != nil {
		return nil, fmt.Errorf("read scenario %s: %w", path, err)
	}
	sum := sha256.Sum256(data)
	s := &Scenario{Path: path, SHA256: hex.EncodeToString(sum[:])}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, fmt.Errorf("read scenario %s: %w", path, err)
	}
	var root ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil {
			root = doc.Body
			break
		}
	}
	if _, ok := root.(*ast.MappingNode); ok {
		return s, s.whole(data)
	}
	l, err := timeline.Parse(data, path)
	if err != nil {
		return nil, err
	}
	s.Timeline = *l
	return s, nil
}

// whole takes the time line out of a scenario file.
func (s *Scenario) whole(data []byte) error {
	var f scenarioFile
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(&f); err != nil {
		return fmt.Errorf("read scenario %s: %w", s.Path, err)
	}
	if f.Timeline == nil {
		return fmt.Errorf("read scenario %s: it has no timeline: give a list of orders, or a scenario with the key timeline", s.Path)
	}
	s.Timeline = *f.Timeline
	return nil
}

// Empty says that nothing is ordered.
func (s *Scenario) Empty() bool { return s.Timeline.Empty() }

// depthKeys are the orders that need to know how far away what a picture shows is.
var depthKeys = []string{"fog", "rain", "snow", "wet", "light"}

// check refuses orders that cannot be followed with what a recording holds.
func (s *Scenario) check(c *content) error {
	errs := []error{s.Timeline.Check(c.rig)}
	if key, line, ok := s.Timeline.First(depthKeys...); ok && c.cameras > 0 && len(c.lidars) == 0 {
		errs = append(errs, fmt.Errorf("line %d: %s needs the distance of what the cameras show, and recording %s has no lidar to take it from: "+
			"leave the order out, or give a recording with a lidar", line, key, c.path))
	}
	if key, line, ok := s.Timeline.First("spray"); ok && len(c.lidars) > 0 && !c.truth {
		errs = append(errs, fmt.Errorf("line %d: %s needs to know where vehicles are, and recording %s has no ground truth: "+
			"leave the order out, or give a recording with ground truth", line, key, c.path))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("scenario %s: %w", s.Path, err)
	}
	return nil
}
