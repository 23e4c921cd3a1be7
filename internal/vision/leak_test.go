//go:build cgo && linux

package vision

import (
	"bytes"
	"fmt"
	"os"
	"runtime/debug"
	"testing"
)

// useAll makes, uses with changing sizes, and closes one of everything that holds C memory.
func useAll(t testing.TB, data []byte) {
	t.Helper()
	d, s := newDecoderOrDie(t), newWorkspaceOrDie(t)
	defer d.Close()
	defer s.Close()
	coords := make([]float32, 300*200)
	table, err := NewRemapTable(640, 480, 300, 200, coords, coords)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	var full, out Image
	if _, err := d.DecodeJPEG(data, 640, 480, &full); err != nil {
		t.Fatal(err)
	}
	if _, err := d.DecodeJPEG(data[:len(data)/2], 640, 480, &out); err == nil {
		t.Fatal("half a JPEG was decoded")
	}
	for _, err := range []error{
		s.Resize(&full, 320, 240, &out), s.Resize(&full, 1280, 960, &out), s.Remap(&full, table, 0, &out),
		s.FromNV12(full.Pix[:640*480/2*3], 640, 480, &out),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func newDecoderOrDie(t testing.TB) *Decoder {
	d, err := NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func newWorkspaceOrDie(t testing.TB) *Workspace {
	s, err := NewWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// residentBytes is the process's resident memory after Go has given back what it can.
func residentBytes(t testing.TB) int {
	debug.FreeOSMemory()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skipf("no /proc/self/statm: %v", err)
	}
	var total, resident int
	if _, err := fmt.Fscan(bytes.NewReader(b), &total, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * os.Getpagesize()
}

// TestNoLeak: one forgotten matrix of 1280x960 a round would add 370 MB.
func TestNoLeak(t *testing.T) {
	data := encodeJPEG(t, smooth(640, 480), 80)
	for range 10 {
		useAll(t, data)
	}
	before := residentBytes(t)
	for range 100 {
		useAll(t, data)
	}
	if grown := residentBytes(t) - before; grown > 100<<20 {
		t.Errorf("got %d MB more resident memory after 100 rounds, want under 100", grown>>20)
	}
}
