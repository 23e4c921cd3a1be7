package encoders

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const shipped = "../models/tribev"

func closed(t testing.TB, c interface{ Close() error }) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// folder is a copy of the shipped package that a test breaks. Files are links until put replaces them.
type folder struct {
	t   testing.TB
	dir string
}

func copyShipped(t testing.TB) folder {
	t.Helper()
	f := folder{t, t.TempDir()}
	from, err := filepath.Abs(shipped)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := os.Symlink(filepath.Join(from, e.Name()), filepath.Join(f.dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func (f folder) read(name string) []byte {
	f.t.Helper()
	data, err := os.ReadFile(filepath.Join(f.dir, name)) //nolint:gosec // a test's own file
	if err != nil {
		f.t.Fatal(err)
	}
	return data
}

func (f folder) remove(name string) {
	f.t.Helper()
	if err := os.Remove(filepath.Join(f.dir, name)); err != nil {
		f.t.Fatal(err)
	}
}

// put replaces a file and leaves the manifest's hash as it is.
func (f folder) put(name string, data []byte) {
	f.t.Helper()
	f.remove(name)
	if err := os.WriteFile(filepath.Join(f.dir, name), data, 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// putHashed replaces a file and its hash in the manifest.
func (f folder) putHashed(name string, data []byte) {
	f.t.Helper()
	before := sha256.Sum256(f.read(name))
	after := sha256.Sum256(data)
	f.put(name, data)
	f.edit(hex.EncodeToString(before[:]), hex.EncodeToString(after[:]))
}

// edit replaces the first occurrence of a text in the manifest, which must be there.
func (f folder) edit(from, to string) {
	f.t.Helper()
	m := string(f.read("manifest.yaml"))
	if !strings.Contains(m, from) {
		f.t.Fatalf("the manifest holds no %q", from)
	}
	f.put("manifest.yaml", []byte(strings.Replace(m, from, to, 1)))
}

// editAll replaces every occurrence.
func (f folder) editAll(from, to string) {
	f.t.Helper()
	f.put("manifest.yaml", []byte(strings.ReplaceAll(string(f.read("manifest.yaml")), from, to)))
}
