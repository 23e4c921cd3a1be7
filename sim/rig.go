package sim

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/fusiond/fusiond/internal/yamlguard"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/lidar"
	"github.com/fusiond/fusiond/sim/radar"
)

//go:embed rigs/*.yaml
var rigs embed.FS

// Rig is a vehicle's rig with what the simulator must know besides.
type Rig struct {
	*sensors.Rig
	// Models of the sensors, in the rig's order.
	Models []Model
}

// Model says how a sensor is simulated. In a rig file it stands in a second document, by sensor or modality:
//
//	vehicle: ...            # the rig, as for every vehicle
//	---
//	lidar: {unit: spinning32}
//	CAM_FRONT: {samples: 4, exposure: 4ms}
type Model struct {
	// Unit of a lidar: see lidar.Units; of a radar: ars408 or imaging.
	Unit string `yaml:"unit"`
	// Width and Height of a camera's pictures (0 = the intrinsics'); Samples: rays a pixel; Edges: more of them where the picture has
	// edges; Quality of the JPEG.
	Width   int `yaml:"width"`
	Height  int `yaml:"height"`
	Samples int `yaml:"samples"`
	Edges   int `yaml:"edges"`
	Quality int `yaml:"quality"`
	// Exposure of a camera; 0 follows the light.
	Exposure duration `yaml:"exposure"`
	// Transfer is the time from the stamp to the arrival; Jitter the mean of what is added to it, exponentially distributed; Drop the share of
	// messages lost on the way.
	Transfer duration `yaml:"transfer"`
	Jitter   duration `yaml:"jitter"`
	Drop     float64  `yaml:"drop"`
}

// duration reads "5ms".
type duration time.Duration

// UnmarshalYAML implements yaml.InterfaceUnmarshaler.
func (d *duration) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if err := unmarshal(&text); err != nil {
		return err
	}
	v, err := time.ParseDuration(text)
	if err != nil || v < 0 || v > time.Second {
		return fmt.Errorf("%q is no duration from 0s to 1s: write for example 5ms", text)
	}
	*d = duration(v)
	return nil
}

// defaultModels are those of sensors that no rig file speaks of.
var defaultModels = map[sensors.Modality]Model{
	sensors.Lidar:  {Unit: "spinning32", Transfer: duration(5 * time.Millisecond), Jitter: duration(time.Millisecond)},
	sensors.Radar:  {Unit: "ars408", Transfer: duration(8 * time.Millisecond), Jitter: duration(time.Millisecond)},
	sensors.Camera: {Samples: 1, Edges: 2, Quality: 85, Transfer: duration(12 * time.Millisecond), Jitter: duration(2 * time.Millisecond)},
}

// egoModel is that of the ego motion.
var egoModel = Model{Transfer: duration(2 * time.Millisecond), Jitter: duration(200 * time.Microsecond)}

// BuiltinRigs lists the names of the rigs that come with the simulator.
func BuiltinRigs() []string { return namesIn(rigs, "rigs") }

// namesIn lists an embedded folder's files without their endings, in order.
func namesIn(f embed.FS, folder string) []string {
	entries, err := f.ReadDir(folder)
	if err != nil {
		return nil // the folder is part of the program
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), path.Ext(e.Name()))
	}
	return names
}

// LoadRig loads a built-in rig by its name, or a rig file (relative to dir).
func LoadRig(name, dir string) (*Rig, error) {
	if slices.Contains(BuiltinRigs(), name) {
		data, err := rigs.ReadFile(path.Join("rigs", name+".yaml"))
		if err != nil {
			return nil, err
		}
		return ParseRig(data, name)
	}
	if name == "" {
		return nil, fmt.Errorf("no name: give one of %q, or a rig file", BuiltinRigs())
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	data, err := readBounded(name, maxScenarioBytes)
	if err != nil {
		return nil, fmt.Errorf("%w; built in are %q", err, BuiltinRigs())
	}
	return ParseRig(data, name)
}

// node keeps a part of a file until it is known what it lies over.
type node struct{ ast.Node }

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (n *node) UnmarshalYAML(a ast.Node) error {
	n.Node = a
	return nil
}

// ParseRig reads a rig file: the rig, and after a line of three dashes the models.
func ParseRig(data []byte, name string) (*Rig, error) {
	if err := yamlguard.Check(data); err != nil {
		return nil, fmt.Errorf("rig %s: %w", name, err)
	}
	text, models, _ := bytes.Cut(data, []byte("\n---\n"))
	rig, err := sensors.ParseRig(text, name)
	if err != nil {
		return nil, err
	}
	var given map[string]node
	// Blank lines in front keep the line numbers of errors true.
	padded := append(bytes.Repeat([]byte("\n"), bytes.Count(text, []byte("\n"))+2), models...)
	if err := yaml.Unmarshal(padded, &given); err != nil {
		return nil, fmt.Errorf("models of rig %s: %w", name, err)
	}
	r := RigOf(rig)
	var errs []error
	for i := range r.Sensors {
		s := &r.Sensors[i]
		for _, key := range []string{s.Modality.String(), string(s.Name)} {
			if n, ok := given[key]; ok {
				if err := yaml.NodeToValue(n.Node, &r.Models[i], yaml.Strict()); err != nil {
					errs = append(errs, fmt.Errorf("models of rig %s: %s: %w", name, key, err))
				}
			}
		}
		if err := r.checkUnit(i); err != nil {
			errs = append(errs, fmt.Errorf("models of rig %s: %s: %w", name, s.Name, err))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if _, err := sensors.ParseModality(key); err == nil {
			continue
		}
		if _, ok := rig.Find(sensors.SensorID(key)); !ok {
			errs = append(errs, fmt.Errorf("models of rig %s: it has no sensor %q: name one, or lidar, radar, camera", name, key))
		}
	}
	return r, errors.Join(errs...)
}

// RigOf gives every sensor of a rig the default model of its modality.
func RigOf(rig *sensors.Rig) *Rig {
	r := &Rig{Rig: rig}
	for i := range rig.Sensors {
		r.Models = append(r.Models, defaultModels[rig.Sensors[i].Modality])
	}
	return r
}

// period of a sensor.
func (r *Rig) period(i int) time.Duration {
	return time.Duration(float64(time.Second) / r.Sensors[i].RateHz)
}

func (r *Rig) checkUnit(i int) (err error) {
	switch r.Sensors[i].Modality {
	case sensors.Lidar:
		_, err = lidar.Unit(r.Models[i].Unit, r.period(i))
	case sensors.Radar:
		_, err = radarUnit(r.Models[i].Unit)
	case sensors.Camera, sensors.Ego:
	}
	return err
}

// radarUnit returns the radar of a name.
func radarUnit(name string) (radar.Spec, error) {
	switch name {
	case "ars408":
		return radar.ARS408(), nil
	case "imaging":
		return radar.Imaging(), nil
	default:
		return radar.Spec{}, fmt.Errorf("radar unit %q is not known: take ars408 or imaging", name)
	}
}
