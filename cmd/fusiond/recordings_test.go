package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The recordings that ship are the ones that their README names, whole, together at most 30 MB, and hold a few seconds of a simulated drive.
func TestShippedRecordings(t *testing.T) {
	const folder = "../../recordings"
	readme, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.mcap"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 3 {
		t.Errorf("%d recordings, want 3", len(files))
	}
	total := 0
	for _, f := range files {
		data, err := os.ReadFile(f) //nolint:gosec // files of the repository
		if err != nil {
			t.Fatal(err)
		}
		total += len(data)
		sum := sha256.Sum256(data)
		if row := "`" + filepath.Base(f) + "`"; !strings.Contains(string(readme), row) || !strings.Contains(string(readme), hex.EncodeToString(sum[:])) {
			t.Errorf("%s: the README does not name it with its hash %x", f, sum)
		}
		var info struct {
			Metadata  map[string]string `json:"metadata"`
			DurationS float64           `json:"duration_s"`
			Streams   []any             `json:"streams"`
		}
		o := fusiond(t, "info", f, "--json")
		o.want(t, exitOK)
		o.decode(t, &info)
		if info.Metadata["simulated"] != "true" || info.DurationS < 7.5 || len(info.Streams) != 14 {
			t.Errorf("%s: got %+v", f, info)
		}
	}
	if total > 30e6 {
		t.Errorf("%d bytes of recordings, want at most 30 MB", total)
	}
}
