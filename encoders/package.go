package encoders

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// maxModelFile bounds what is read of one file of a package.
const maxModelFile = 1 << 30

// Package is a loaded and checked model package. The bytes of its files are in memory: later changes on disk do not matter.
type Package struct {
	Manifest
	// Dir is where it was read from.
	Dir string
	// Hash is the SHA-256 of the manifest, which holds the hash of every other file: it names the package's content.
	Hash  string
	files map[string][]byte
}

// LoadPackage reads the folder dir. It refuses the package as a whole, naming every reason at once: a manifest that
// contradicts itself, a file that is missing or whose hash differs.
func LoadPackage(dir string) (*Package, error) {
	path := filepath.Join(dir, "manifest.yaml")
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the folder
	if err != nil {
		return nil, fmt.Errorf("load model package %s: %w: name a folder that holds manifest.yaml", dir, err)
	}
	m, err := ParseManifest(data, path)
	if err != nil {
		return nil, err
	}
	p := &Package{Manifest: *m, Dir: dir, Hash: hexSum(data), files: map[string][]byte{}}
	var errs []error
	for _, name := range sortedKeys(m.Files) {
		content, err := readBounded(filepath.Join(dir, name))
		if err != nil {
			errs = append(errs, fmt.Errorf("model package %s: %w", dir, err))
			continue
		}
		if got := hexSum(content); got != m.Files[name] {
			errs = append(errs, fmt.Errorf("model package %s: file %s has SHA-256 %s, manifest says %s: fetch the package again",
				dir, name, got, m.Files[name]))
		}
		p.files[name] = content
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return p, nil
}

// File returns the content of one file of the package; the caller must not change it.
func (p *Package) File(name string) []byte { return p.files[name] }

// Label is "name version hash", the hash cut to 12 digits, for outputs and health.
func (p *Package) Label() string { return p.Name + " " + p.Version + " " + p.Hash[:12] }

func readBounded(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxModelFile {
		return nil, fmt.Errorf("%s is %d bytes, over the limit of %d", path, info.Size(), maxModelFile)
	}
	return os.ReadFile(path) //nolint:gosec // a plain name inside the package's folder
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
