package suite

import (
	"bytes"
	"log/slog"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/fusiond/fusiond/eval"
)

func testStore(t *testing.T) (*store, *bytes.Buffer) {
	t.Helper()
	var said bytes.Buffer
	s, err := newStore(t.TempDir(), slog.New(slog.NewTextHandler(&said, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return s, &said
}

// TestStoreDamage damages a file in named places: it is then not there, and the log says so.
func TestStoreDamage(t *testing.T) {
	key, other := hashOf("a"), hashOf("a")[:40]+strings.Repeat("0", 24) // the same file name
	for _, c := range []struct {
		name   string
		damage func([]byte) []byte
		key    string
		said   string
	}{
		{"whole", func(b []byte) []byte { return b }, key, ""},
		{"empty", func([]byte) []byte { return nil }, key, "no unit of the suite"},
		{"cut in the head", func(b []byte) []byte { return b[:20] }, key, "no unit of the suite"},
		{"cut by a byte", func(b []byte) []byte { return b[:len(b)-1] }, key, "damaged"},
		{"another magic", func(b []byte) []byte { b[0]++; return b }, key, "no unit of the suite"},
		{"a flipped bit in the hash", func(b []byte) []byte { b[10] ^= 1; return b }, key, "damaged"},
		{"a flipped bit in the content", func(b []byte) []byte { b[len(b)-2] ^= 1; return b }, key, "damaged"},
		{"something more", func(b []byte) []byte { return append(b, 0) }, key, "damaged"},
		{"of another unit", func(b []byte) []byte { return b }, other, "another unit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, said := testStore(t)
			if err := s.put("outcomes", key, []byte("content")); err != nil {
				t.Fatal(err)
			}
			path := s.path("outcomes", key)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, c.damage(data), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := s.get("outcomes", c.key)
			if err != nil {
				t.Fatal(err)
			}
			if want := c.said == ""; (string(got) == "content") != want {
				t.Errorf("got %q, want content: %v", got, want)
			}
			if !strings.Contains(said.String(), c.said) || (c.said == "") != (said.Len() == 0) {
				t.Errorf("said %q, want %q", said, c.said)
			}
		})
	}
	s, said := testStore(t)
	if got, err := s.get("outcomes", key); got != nil || err != nil || said.Len() > 0 {
		t.Errorf("not there: got %q, %v, said %q, want nothing", got, err, said)
	}
}

// Velocities of ground truth may be unknown.
func TestPackKeepsNaN(t *testing.T) {
	want := &outcome{
		Samples: []eval.Sample{{Token: "1", GroundTruth: []eval.Box{{Class: "car", Velocity: [2]float64{math.NaN(), 1}}}}},
		Frames:  []frame{{Stamp: 1, Since: 2, Fused: true, Tracked: eval.Found{Objects: 3, Found: 2}}}, NetworkMs: []float64{1.5},
	}
	data, err := pack(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := unpack(data)
	if err != nil {
		t.Fatal(err)
	}
	v := got.Samples[0].GroundTruth[0].Velocity
	if !math.IsNaN(v[0]) || v[1] != 1 || got.Frames[0] != want.Frames[0] || got.NetworkMs[0] != 1.5 {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, err := unpack(data[:len(data)/2]); err == nil {
		t.Error("half of it gives no error")
	}
}
