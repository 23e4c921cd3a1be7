package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/fusiond/fusiond/encoders"
)

// trainer runs training/train.py.
type trainer struct {
	dir    string // of train.py
	python string
}

// trainerStop is how long a training may take to write its checkpoint after it was told to stop.
const trainerStop = 30 * time.Second

// findTrainer looks for train.py and for a Python that has PyTorch.
func findTrainer(ctx context.Context, dir string) (*trainer, error) {
	found, err := findTraining(dir)
	if err != nil {
		return nil, err
	}
	t := &trainer{dir: found, python: filepath.Join(found, ".venv", "bin", "python")}
	if _, err := os.Stat(t.python); err != nil {
		t.python = "/usr/bin/python3" // Debian's packages belong to it
	}
	if _, err := t.output(ctx, "-c", "import torch, onnx, yaml"); err != nil {
		return nil, fmt.Errorf("model adapt: %w: PyTorch, ONNX or YAML is missing: make setup-training", err)
	}
	return t, nil
}

// findTraining returns the folder that holds train.py.
func findTraining(dir string) (string, error) {
	const name = "train.py"
	exists := func(dir string) bool {
		info, err := os.Stat(filepath.Join(dir, name))
		return err == nil && info.Mode().IsRegular()
	}
	if dir != "" {
		if !exists(dir) {
			return "", usage("--training: %s holds no %s", dir, name)
		}
		return filepath.Abs(dir)
	}
	var starts []string
	if here, err := os.Getwd(); err == nil {
		starts = append(starts, here)
	}
	if program, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(program))
	}
	for _, at := range starts {
		for {
			if dir := filepath.Join(at, "training"); exists(dir) {
				return dir, nil
			}
			up := filepath.Dir(at)
			if up == at {
				break
			}
			at = up
		}
	}
	return "", errors.New("model adapt: no training/train.py here, above, or beside the program: give --training DIR of a checkout")
}

func (t *trainer) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, t.python, args...) //nolint:gosec // Python of the checkout or the system, arguments of our own
	cmd.Dir = t.dir
	// The first signal lets it write a checkpoint.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = trainerStop
	return cmd
}

// output runs Python and returns what it prints; an error holds the last line that it wrote on standard error.
func (t *trainer) output(ctx context.Context, args ...string) ([]byte, error) {
	cmd := t.command(ctx, args...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(complaints.String()), "\n")
		return nil, fmt.Errorf("%s: %w: %s", t.python, err, lines[len(lines)-1])
	}
	return out, nil
}

// run runs train.py; what it says goes to standard error.
func (t *trainer) run(ctx context.Context, args ...string) error {
	cmd := t.command(ctx, append([]string{"train.py"}, args...)...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("model adapt: train.py %s: %w: see above", args[0], errors.Join(err, context.Cause(ctx)))
	}
	return nil
}

// adaptJob is one fine-tuning.
type adaptJob struct {
	checkpoint, tensors string
	work                string // scratch folder
	pack                *encoders.Package
	steps, batch        int
}

// adapt fine-tunes and exports; it returns the new package's folder, inside the scratch folder. The folder also holds the checkpoint.
func (t *trainer) adapt(ctx context.Context, j adaptJob) (string, error) {
	text, err := t.output(ctx, "-c", readConfig, j.checkpoint)
	if err != nil {
		return "", fmt.Errorf("model adapt: read checkpoint %s: %w", j.checkpoint, err)
	}
	config, err := adaptConfig(text, j)
	if err != nil {
		return "", fmt.Errorf("model adapt: checkpoint %s: %w", j.checkpoint, err)
	}
	recipe := filepath.Join(j.work, "adapt.json")
	if err := os.WriteFile(recipe, config, 0o600); err != nil {
		return "", err
	}
	run, out := filepath.Join(j.work, "run"), filepath.Join(j.work, "package")
	if err := t.run(ctx, "train", "--tensors", j.tensors, "--init", j.checkpoint, "--config", recipe, "--out", run); err != nil {
		return "", err
	}
	made := filepath.Join(run, checkpointName)
	err = t.run(ctx, "export", "--checkpoint", made, "--tensors", j.tensors, "--out", out, "--name", adaptedName(j.pack.Name), "--version", j.pack.Version)
	if err != nil {
		return "", err
	}
	if err := os.Rename(made, filepath.Join(out, checkpointName)); err != nil {
		return "", err
	}
	return out, nil
}

// readConfig prints the configuration inside a checkpoint.
const readConfig = "import json, sys; from tribev import checkpoint; print(json.dumps(checkpoint.read(sys.argv[1])['config']))"

const adaptedSuffix = "-adapted"

func adaptedName(name string) string { return strings.TrimSuffix(name, adaptedSuffix) + adaptedSuffix }

// Learning rates of the fine-tuning: a few times below those of training from the start, and the encoders' below the fuser's, since ten
// sweeps are soon memorised.
const (
	adaptRate        = 4e-4
	adaptEncoderRate = 0.5
)

// adaptConfig turns the configuration that a checkpoint was trained by into one of a short fine-tuning on the sets of one folder: the
// default fuser with the encoders that the package has trained, then each other fuser of the package on the encoders as they are then.
// What shapes the network stays.
func adaptConfig(text []byte, j adaptJob) ([]byte, error) {
	var config map[string]any
	if err := json.Unmarshal(text, &config); err != nil {
		return nil, fmt.Errorf("its configuration is not JSON: %w", err)
	}
	name, _ := config["name"].(string)
	config["name"] = adaptedName(name)
	config["check_every"] = 0
	config["data"] = map[string]any{"train_sets": []int{}, "check_sets": []int{}, "kinds": []string{"reference"}}
	var parts []string
	e := &j.pack.Encoders
	for _, p := range []struct {
		name    string
		trained bool
	}{{"lidar", e.Lidar.Trained}, {"radar", e.Radar.Trained}, {"camera", e.Camera.Trained}} {
		if p.trained {
			parts = append(parts, p.name)
		}
	}
	stage := func(fuser string, train []string, steps int) map[string]any {
		return map[string]any{
			"name": "adapt-" + fuser, "objective": "fusion", "fuser": fuser, "train": append(train, fuser), "steps": max(steps, 1), "batch": j.batch,
			"lr": adaptRate, "encoder_lr": adaptEncoderRate,
		}
	}
	var stages []map[string]any
	for _, fuser := range fuserNames(j.pack) {
		switch fuser {
		case encoders.LateFuser: // its heads are the encoders' own
		case defaultFuser:
			stages = append([]map[string]any{stage(fuser, parts, j.steps)}, stages...)
		default:
			stages = append(stages, stage(fuser, nil, j.steps/2))
		}
	}
	if len(stages) == 0 {
		return nil, errors.New("the package has no fuser that learns")
	}
	config["stages"] = stages
	return json.MarshalIndent(config, "", " ")
}

// defaultFuser is the one that the encoders are trained with.
const defaultFuser = "attention"
