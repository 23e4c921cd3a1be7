package degrade

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

// TestFile: the same seed gives the same file, with rig, metadata and hashes of where it came from.
func TestFile(t *testing.T) {
	path, dir := maker{sweeps: 5}.write(t), t.TempDir()
	one, two := filepath.Join(dir, "one.mcap"), filepath.Join(dir, "two.mcap")
	s := scenario(t, everything)
	r := open(t, path)
	for out, workers := range map[string]int{one: 1, two: 3} {
		if _, err := File(context.Background(), r, s, Options{Seed: 9, Workers: workers}, out, false); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(read(t, one), read(t, two)) {
		t.Error("the same seed gives other bytes on more cores")
	}
	got := open(t, one)
	meta, err := got.Metadata()
	if err != nil || meta["scene"] != "wall" || meta[MetaSeed] != "9" || meta[MetaScenario] != s.SHA256 || len(meta[MetaSource]) != 64 {
		t.Errorf("metadata %v, %v", meta, err)
	}
	rig, err := got.Rig()
	if err != nil || rig.Hash() != madeRig().Hash() {
		t.Errorf("rig %v, want the recorded one: calibration errors are not told", err)
	}
}

// TestFileRefuses outputs that would destroy something.
func TestFileRefuses(t *testing.T) {
	path := maker{sweeps: 2}.write(t)
	there := filepath.Join(t.TempDir(), "there.mcap")
	if err := os.WriteFile(there, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := scenario(t, "[{at: 0s, fog: 0.01}]")
	_, err := File(context.Background(), open(t, path), s, Options{}, there, false)
	holds(t, err, there, "exists", "--overwrite")
	if got := read(t, there); string(got) != "mine" {
		t.Errorf("the file that was there holds %q", got)
	}
	_, err = File(context.Background(), open(t, path), s, Options{}, path, true)
	holds(t, err, "same file")
	if _, err := File(context.Background(), open(t, path), s, Options{}, there, true); err != nil {
		t.Errorf("with overwrite: %v", err)
	}
}

// TestNothingHalf: what ends early leaves no file, neither under its name nor beside it.
func TestNothingHalf(t *testing.T) {
	path := maker{sweeps: 6}.write(t)
	cut := filepath.Join(t.TempDir(), "cut.mcap")
	data := read(t, path)
	i := bytes.Index(data[len(data)/2:], []byte{0x28, 0xb5, 0x2f, 0xfd}) // a compressed chunk
	data[len(data)/2+i+20] ^= 0xff
	if err := os.WriteFile(cut, data, 0o600); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	tests := []struct {
		name string
		ctx  context.Context
		in   string
		o    Options
		text string
		is   func(error) bool
	}{
		{"interrupted", cancelled, path, Options{Progress: func(sensors.StampNs) { cancel() }}, "[{at: 0s, fog: 0.01}]", func(err error) bool { return errors.Is(err, context.Canceled) }},
		{"damaged", context.Background(), cut, Options{}, "[{at: 0s, fog: 0.01}]", func(err error) bool { var d *replay.DamageError; return errors.As(err, &d) }},
		{"refused", context.Background(), path, Options{}, "[{at: 0s, sensor: NONE, dead: true}]", func(err error) bool { return strings.Contains(err.Error(), "NONE") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := File(tt.ctx, open(t, tt.in), scenario(t, tt.text), tt.o, filepath.Join(dir, "out.mcap"), false)
			if err == nil || !tt.is(err) {
				t.Errorf("error %v", err)
			}
			if left, _ := os.ReadDir(dir); len(left) != 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}
