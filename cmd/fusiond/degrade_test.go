package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/fusiond/fusiond/replay"
)

// TestDegrade: fog over the made drive, twice, on one core the second time; info and the next verb read what comes out.
func TestDegrade(t *testing.T) {
	const sweeps = 5
	file, dir := madeRecording(t, sweeps), t.TempDir()
	fog := writeFile(t, dir, "fog.yaml", "- {at: 0s, over: 300ms, fog: 0.06}\n- {at: 250ms, sensor: LEFT, dead: true}\n")
	first, second := filepath.Join(dir, "first.mcap"), filepath.Join(dir, "second.mcap")
	o := fusiond(t, "degrade", file, "--scenario", fog, "--seed", "3", "--out", first, "--json")
	o.want(t, exitOK)
	var s degradeSummary
	o.decode(t, &s)
	written := map[string]uint64{}
	for _, one := range s.Streams {
		written[one.Topic] = one.Written
	}
	if written["av.made.sensor.camera.LEFT"] != 3 || written["av.made.sensor.lidar.TOP"] != sweeps || s.Seed != 3 || s.Out != first {
		t.Errorf("got %+v, want 3 pictures of LEFT, which dies at 250 ms, and every sweep", s)
	}
	t.Setenv("GOMAXPROCS", "1")
	fusiond(t, "degrade", file, "--scenario", fog, "--seed", "3", "--out", second).want(t, exitOK)
	a, errA := os.ReadFile(first)
	b, errB := os.ReadFile(second)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("two runs gave %d and %d bytes that differ (%v, %v)", len(a), len(b), errA, errB)
	}
	o = fusiond(t, "info", first, "--json")
	o.want(t, exitOK)
	var info replay.Information
	o.decode(t, &info)
	if info.Metadata["degraded_seed"] != "3" || !info.SummaryIntact {
		t.Errorf("info %+v", info)
	}
	o = fusiond(t, "degrade", file, "--scenario", fog, "--out", first)
	o.want(t, exitFail, first, "exists", "--overwrite")
	fusiond(t, "degrade", file, "--scenario", fog, "--out", first, "--overwrite").want(t, exitOK)
}

// TestDegradeRefuses: clear words with file, line and cure, and no output.
func TestDegradeRefuses(t *testing.T) {
	file, dir := madeRecording(t, 2), t.TempDir()
	blind := filepath.Join(dir, "blind.mcap")
	w, err := replay.Create(blind, replay.WriterOptions{Rig: madeRig(tenHertz)})
	if err != nil {
		t.Fatal(err)
	}
	topic, m := madePayloads(t).message("FRONT", madeStart)
	data, err := proto.Marshal(m)
	if err == nil {
		err = w.Write(replay.Message{Topic: topic, Schema: "fusion.v1.CameraFrame", Stamp: 1, Received: 1, Seq: 1, Data: data})
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, file, text string
		errs             []string
	}{
		{"unknown key", file, "- {at: 0s, fog: 0.1}\n- {at: 1s, smog: 1}\n", []string{"orders.yaml", "[2:", "smog"}},
		{"unknown sensor", file, "- {at: 0s, sensor: BACK, dead: true}\n", []string{"orders.yaml", "line 1", "BACK"}},
		{"no lidar for fog", blind, "- {at: 0s, sensor: FRONT, blur: 2}\n- {at: 1s, fog: 0.1}\n", []string{"orders.yaml", "line 2", blind, "no lidar", "leave the order out"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			here := t.TempDir()
			out := filepath.Join(here, "out.mcap")
			fusiond(t, "degrade", tt.file, "--scenario", writeFile(t, dir, "orders.yaml", tt.text), "--out", out).want(t, exitFail, tt.errs...)
			if left, _ := os.ReadDir(here); len(left) != 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}

// TestDegradeFullDisk: where there is no room nothing is left, and the words say why.
func TestDegradeFullDisk(t *testing.T) {
	file, dir := madeRecording(t, 40), t.TempDir()
	fog := writeFile(t, t.TempDir(), "fog.yaml", "- {at: 0s, sensor: TOP, lost_points: 0.1}\n")
	ctx, cancel := context.WithTimeout(context.Background(), testLimit)
	defer cancel()
	cmd := child(ctx, "degrade", file, "--scenario", fog, "--out", filepath.Join(dir, "out.mcap"))
	cmd.Env = append(cmd.Env, limitEnv+"=262144")
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitFail {
		t.Fatalf("got %v, want exit code %d\n%s", err, exitFail, said)
	}
	for _, text := range []string{"file too large", "out.mcap", "nothing was kept", "free some space"} {
		if !strings.Contains(string(said), text) {
			t.Errorf("it says\n%s\nand not %q", said, text)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}
