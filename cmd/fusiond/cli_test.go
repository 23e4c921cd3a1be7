package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

// TestExitCodes holds what scripts rely on: 1 failed, 2 usage, 3 finished but something was lost, and that the message names item
// and cure. Verbs that end well are in the tests of their own.
func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	file := madeRecording(t, 3)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cut := writeFile(t, dir, "cut.mcap", string(whole[:len(whole)*9/10]))
	noise := writeFile(t, dir, "noise.mcap", strings.Repeat("no recording ", 100))
	missing := filepath.Join(dir, "missing")
	out := filepath.Join(dir, "out.mcap")
	lame := madeRig(tenHertz)
	lame.Sensors = lame.Sensors[:2]
	lameRig := writeRig(t, dir, lame)
	config := func(name, text string) string { return writeFile(t, dir, name, text) }
	rest := "model: {package: " + filepath.Join(dir, "no-package") + "}\n"
	tests := []struct {
		name string
		args []string
		code int
		errs []string
	}{
		{"no verb", nil, exitUsage, []string{"expected one of"}},
		{"unknown verb", []string{"fly"}, exitUsage, []string{"fly"}},
		{"unknown flag", []string{"info", file, "--fast"}, exitUsage, []string{"--fast"}},
		{"no file", []string{"info", missing}, exitUsage, []string{missing}},
		{"no recording", []string{"info", noise}, exitFail, []string{noise}},
		{"truncated recording", []string{"info", cut}, exitLoss, []string{cut, "fusiond recover"}},
		{"recover a truncated recording", []string{"recover", cut, "--out", out}, exitLoss, []string{"recovered"}},
		{"play a truncated recording", []string{"play", cut}, exitFail, []string{cut, "fusiond recover"}},
		{"process a truncated recording", []string{"process", cut, "--out", filepath.Join(dir, "p.mcap")}, exitFail, []string{cut, "fusiond recover"}},
		{"process into itself", []string{"process", file, "--out", file, "--model", modelPackage}, exitFail, []string{"name another output"}},
		{"recover into itself", []string{"recover", cut, "--out", cut}, exitFail, []string{cut, "name another output"}},
		{"what was recovered", []string{"info", out}, exitOK, nil},
		{"configuration that is not there", []string{"run", "--config", missing}, exitFail, []string{missing, "fusiond.example.yaml"}},
		{
			"unknown key",
			[]string{"run", "--config", config("key.yaml", "rig: rig.yaml\nalign:\n  max_weight: 3ms\n"+rest)},
			exitFail,
			[]string{"key.yaml", "[3:", "max_weight", "fusiond config docs"},
		},
		{
			"values out of range",
			[]string{"check", "--config", config("range.yaml", "rig: rig.yaml\nfusion: {min_score: 2}\nlog: {level: loud}\n"+rest)},
			exitFail,
			[]string{"range.yaml", "fusion.min_score", "log.level"},
		},
		{
			"rig and model that are not there",
			[]string{"check", "--config", config("parts.yaml", "rig: none.yaml\n"+rest)},
			exitFail,
			[]string{"none.yaml", "no-package"},
		},
		{
			"provider that nobody knows",
			[]string{"check", "--config", config("provider.yaml", "rig: rig.yaml\nmodel: {package: x, provider: abacus}\n")},
			exitFail,
			[]string{"abacus"},
		},
		{"rig lacks a sensor", []string{"process", file, "--out", out, "--rig", lameRig}, exitFail, []string{file, "LEFT"}},
		{"sensors that nobody knows", []string{"eval", file, "--sensors", "sonar", "--model", modelPackage}, exitUsage, []string{"--sensors", "sonar"}},
		{"eval of a part that is none", []string{"eval", file, "--from", "5", "--to", "3"}, exitUsage, []string{"--from 5 --to 3"}},
		{"no thread", []string{"eval", file, "--threads", "0", "--model", modelPackage}, exitUsage, []string{"--threads"}},
		{"eval without input", []string{"eval"}, exitUsage, []string{"--ground-truth", "--predictions"}},
		{"eval with half of the input", []string{"eval", "--ground-truth", "testdata/eval/truth.json"}, exitUsage, []string{"--predictions"}},
		{"render beyond the end", []string{"render", file, "--at", "100", "--out", out}, exitUsage, []string{"--at 100"}},
		{"import of nothing", []string{"import", "nuscenes", t.TempDir(), "--out", out}, exitFail, []string{"import"}},
		{"demo of nothing", []string{"demo", "--drive", missing}, exitFail, []string{missing, "nuScenes"}},
		{"model that is not there", []string{"model", "inspect", missing}, exitFail, []string{missing}},
		{"play without a server", []string{"play", file, "--url", "nats://127.0.0.1:1"}, exitFail, []string{"127.0.0.1:1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := fusiond(t, tt.args...)
			if strings.Contains(o.stderr, "no ONNX Runtime") && tt.code == exitUsage {
				t.Skip("SKIP: no ONNX Runtime library: make setup")
			}
			o.want(t, tt.code, tt.errs...)
		})
	}
}

// TestPlayRefusesTooLarge: a message above the server's limit is refused where it is published, with size, limit and cure.
func TestPlayRefusesTooLarge(t *testing.T) {
	s, _ := startServer(t, -1)
	file := filepath.Join(t.TempDir(), "large.mcap")
	w, err := replay.Create(file, replay.WriterOptions{Rig: madeRig(tenHertz)})
	if err != nil {
		t.Fatal(err)
	}
	err = w.Write(replay.Message{
		Topic: "av.made.sensor.camera.FRONT", Schema: "fusion.v1.CameraFrame", Stamp: 1, Received: 1, Seq: 1, Data: make([]byte, 9<<20),
	})
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	fusiond(t, "play", file, "--url", s.ClientURL()).want(t, exitFail, "av.made.sensor.camera.FRONT", "9437184 B", "8388608 B", "send less")
}

// TestCheck loads and opens what a daemon would, and says what it found.
func TestCheck(t *testing.T) {
	needRuntime(t)
	config := daemonConfig(t, madeRig(tenHertz), embeddedServer)
	fusiond(t, "check", "--config", config).want(t, exitOK)
	external := daemonConfig(t, madeRig(tenHertz), "nats: {url: 'nats://127.0.0.1:4222'}\n")
	fusiond(t, "check", "--config", external).want(t, exitOK)
	o := fusiond(t, "check", "--config", config, "--json")
	o.want(t, exitOK)
	var got struct {
		OK               bool
		Vehicle, Model   string
		Sensors          int
		RigSHA256        string `json:"rig_sha256"`
		RigRevision      string `json:"rig_revision"`
		Strategy, Config string
	}
	o.decode(t, &got)
	if !got.OK || got.Vehicle != madeVehicle || got.Sensors != 3 || got.RigSHA256 != madeRig(tenHertz).Hash() || got.Model == "" ||
		got.RigRevision != "1" || got.Strategy != "attention" || got.Config != config {
		t.Errorf("got %+v of the made rig with 3 sensors", got)
	}
}

func TestDoctor(t *testing.T) {
	needRuntime(t)
	s, _ := startServer(t, -1)
	o := fusiond(t, "doctor", "--json", "--model", modelPackage, "--url", s.ClientURL())
	o.want(t, exitOK)
	var findings []finding
	o.decode(t, &findings)
	for _, want := range []string{"fusiond", "jpeg decoder", "opencv", "onnx runtime", "provider cpu", "model package", "nats embedded", "nats " + s.ClientURL()} {
		i := slices.IndexFunc(findings, func(f finding) bool { return f.Item == want })
		if i < 0 || !findings[i].OK || findings[i].Found == "" {
			t.Errorf("no good word about %q in %+v", want, findings)
		}
	}
	// A server that is not there is a thing that is missing, with its cure.
	o = fusiond(t, "doctor", "--json", "--model", modelPackage, "--url", "nats://127.0.0.1:1")
	o.want(t, exitFail, "missing")
	findings = nil
	o.decode(t, &findings)
	if last := findings[len(findings)-1]; last.OK || !last.Needed || last.Cure == "" {
		t.Errorf("a server that is not there: %+v", last)
	}
}

func TestInfo(t *testing.T) {
	file := madeRecording(t, 5)
	o := fusiond(t, "info", file, "--json")
	o.want(t, exitOK)
	var got replay.Information
	o.decode(t, &got)
	want := map[string]uint64{
		"av.made.ego": 50, "av.made.sensor.lidar.TOP": 5, "av.made.sensor.camera.FRONT": 5, "av.made.sensor.camera.LEFT": 5, "av.made.truth": 5,
	}
	for _, s := range got.Streams {
		if s.Messages != want[s.Topic] || s.GapCount != 0 {
			t.Errorf("%s: %d messages and %d gaps, want %d and none", s.Topic, s.Messages, s.GapCount, want[s.Topic])
		}
		delete(want, s.Topic)
	}
	if len(want) > 0 || !got.SummaryIntact || got.Bytes != fileSize(t, file) || len(got.SHA256) != 64 || got.Truth == nil {
		t.Errorf("lacks %v; intact %v, %d bytes, hash %q, truth %v", want, got.SummaryIntact, got.Bytes, got.SHA256, got.Truth)
	}
	if got.Rig == nil || got.Rig.Hash != madeRig(tenHertz).Hash() {
		t.Errorf("rig %+v, want the made one", got.Rig)
	}
	o = fusiond(t, "info", file, "--rig")
	o.want(t, exitOK)
	if rig, err := sensors.ParseRig([]byte(o.stdout), "standard output"); err != nil || rig.Hash() != madeRig(tenHertz).Hash() {
		t.Errorf("--rig printed no rig, or another: %v\n%s", err, o.stdout)
	}
}

func fileSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestConfigDocs holds that `config docs` describes every key of the committed example, and no other.
func TestConfigDocs(t *testing.T) {
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	var example map[string]any
	if err := yaml.Unmarshal(text, &example); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	keysOf(example, "", want)
	o := fusiond(t, "config", "docs")
	o.want(t, exitOK)
	table, _, _ := strings.Cut(o.stdout, "\n\n")
	for _, line := range strings.Split(table, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 3 {
			t.Errorf("no description in %q", line)
			continue
		}
		key := fields[0]
		if !want[key] && !strings.HasPrefix(key, "align.streams.NAME.") { // of a mapping that is empty in the example
			t.Errorf("%s is described, but not in the example", key)
		}
		delete(want, key)
	}
	for key := range want {
		t.Errorf("%s is in the example, but not described", key)
	}
}

func keysOf(m map[string]any, prefix string, into map[string]bool) {
	for k, v := range m {
		into[prefix+k] = true
		if sub, ok := v.(map[string]any); ok {
			keysOf(sub, prefix+k+".", into)
		}
	}
}
