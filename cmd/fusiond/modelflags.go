package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/internal/config"
	"github.com/fusiond/fusiond/internal/onnx"
	"github.com/fusiond/fusiond/internal/pipeline"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	timesync "github.com/fusiond/fusiond/sync"
)

// modelFlags choose the networks; every verb that runs them has these flags.
type modelFlags struct {
	Model    string `default:"models/tribev" help:"Folder of the model package." type:"path"`
	Strategy string `default:"attention" help:"Fuser of the package."`
	Provider string `default:"cpu" help:"auto, cpu, cuda, tensorrt, webgpu or plugin:PATH."`
	Library  string `help:"Own ONNX Runtime library; default: FUSIOND_ONNXRUNTIME, then what make setup fetched." type:"path"`
	Threads  int    `default:"1" help:"Threads an operator of an encoder."`
}

// openRuntime loads the ONNX Runtime library.
func openRuntime(library string) (*onnx.Runtime, error) {
	path, err := onnx.FindLibrary(library)
	if err != nil {
		return nil, err
	}
	return onnx.Open(path)
}

// network is what an Engine and a model's verification need to run networks.
type network struct {
	runtime *onnx.Runtime
	pack    *encoders.Package
	options encoders.Options
}

// provider checks the flags that say how networks run.
func (f *modelFlags) provider() (onnx.Provider, error) {
	if f.Threads < 1 || f.Threads > 64 {
		return onnx.Provider{}, usage("--threads: %d is not in 1..64", f.Threads)
	}
	p, err := onnx.ParseProvider(f.Provider)
	if err != nil {
		return onnx.Provider{}, usage("--provider: %w", err)
	}
	return p, nil
}

func (f *modelFlags) open() (*network, error) {
	provider, err := f.provider()
	if err != nil {
		return nil, err
	}
	pack, err := encoders.LoadPackage(f.Model)
	if err != nil {
		return nil, err
	}
	rt, err := openRuntime(f.Library)
	if err != nil {
		return nil, err
	}
	return &network{rt, pack, encoders.Options{Provider: provider, Threads: f.Threads}}, nil
}

func (n *network) Close() error { return n.runtime.Close() }

// engineOptions are the options of an Engine with the configuration's defaults; the caller adds Sink and the rest.
func engineOptions(n *network, rig *sensors.Rig, strategy string) pipeline.Options {
	c := config.Default()
	return pipeline.Options{
		Rig: rig, Package: n.pack, Runtime: n.runtime, Network: n.options, Strategy: strategy, Align: timesync.ConfigFromRig(rig),
		Decode:     decodeConfig(&c.Fusion),
		ValidityNs: int64(c.Fusion.Validity), HealthNs: int64(c.Health.Period), Version: version,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
}

// openRecording opens a recording and its rig: the file's own, or one that the user names. The rig must know every sensor.
func openRecording(path, rigPath string) (*replay.Reader, *sensors.Rig, error) {
	r, err := replay.Open(path)
	if err != nil {
		return nil, nil, err
	}
	var rig *sensors.Rig
	if rigPath != "" {
		rig, err = sensors.LoadRig(rigPath)
	} else {
		rig, err = r.Rig()
	}
	if err == nil {
		err = covers(r, rig)
	}
	if err != nil {
		return nil, nil, errors.Join(err, r.Close())
	}
	return r, rig, nil
}

// openWithTruth opens a recording that must hold ground truth.
func openWithTruth(path, rigPath string) (*replay.Reader, *sensors.Rig, *pipeline.Truth, error) {
	r, rig, err := openRecording(path, rigPath)
	if err != nil {
		return nil, nil, nil, err
	}
	truth, err := pipeline.LoadTruth(r)
	if err == nil && len(truth.Frames()) == 0 {
		err = fmt.Errorf("recording %s has no ground truth: import or simulate one that has", path)
	}
	if err != nil {
		return nil, nil, nil, errors.Join(err, r.Close())
	}
	return r, rig, truth, nil
}

// covers refuses a rig that lacks a sensor of the recording.
func covers(r *replay.Reader, rig *sensors.Rig) error {
	streams := map[sensors.SensorID]sensors.Modality{}
	for _, s := range r.Streams() {
		if s.Name.Kind == "sensor" {
			streams[s.Name.Sensor] = s.Name.Modality
		}
	}
	if err := rig.Covers(streams); err != nil {
		return fmt.Errorf("recording %s: %w", r.Path(), err)
	}
	return nil
}

// vehicleOf is the vehicle whose topics the recording holds.
func vehicleOf(r *replay.Reader, rig *sensors.Rig) string {
	for _, s := range r.Streams() {
		if s.Name.IsInput() {
			return s.Name.Vehicle
		}
	}
	return rig.Vehicle
}

// parseMask turns "lidar,camera" or sensor names into the set of sensors that are excluded: all that are not named.
func parseMask(list string, rig *sensors.Rig) (func(*sensors.Sensor) bool, error) {
	if list == "" {
		return nil, nil
	}
	keep := map[sensors.SensorID]bool{}
	for _, word := range strings.Split(list, ",") {
		word = strings.TrimSpace(word)
		found := false
		for i := range rig.Sensors {
			if s := &rig.Sensors[i]; s.Modality.String() == word || string(s.Name) == word {
				keep[s.Name], found = true, true
			}
		}
		if _, err := sensors.ParseModality(word); !found && err != nil {
			return nil, usage("--sensors: %q is neither a modality nor a sensor of rig %s", word, rig.Vehicle)
		}
	}
	return func(s *sensors.Sensor) bool { return !keep[s.Name] }, nil
}
