package encoders

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// What is read of one file of a package, and of its manifest, at most. The shipped manifest has 6 kB; the YAML parser's time grows
// with the square of nested brackets, to seconds at this limit.
const (
	maxModelFile = 1 << 30
	maxManifest  = 1 << 16
)

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
// contradicts itself, a file that is missing or whose hash differs, a network whose opset, inputs or outputs are not the
// manifest's or whose weights are not numbers, a network trained on inputs that this program's encoders do not make. It needs no ONNX Runtime; whether a network runs is found by OpenNetwork, and whether it gives the right numbers by
// Verify.
func LoadPackage(dir string) (*Package, error) {
	path := filepath.Join(dir, ManifestName)
	data, err := readBounded(path, maxManifest)
	if err != nil {
		return nil, fmt.Errorf("load model package %s: %w: name a folder that holds manifest.yaml", dir, err)
	}
	m, errs := parseManifest(data, path)
	if m == nil {
		return nil, errors.Join(errs...)
	}
	p := &Package{Manifest: *m, Dir: dir, Hash: hexSum(data), files: map[string][]byte{}}
	refuse := func(err error) {
		errs = append(errs, fmt.Errorf("model package %s: %w: fetch the package again", dir, err))
	}
	for _, name := range sortedKeys(m.Files) {
		if !isPlain(name) {
			continue // said by the manifest's check
		}
		content, err := readBounded(filepath.Join(dir, name), maxModelFile)
		if err != nil {
			refuse(err)
			continue
		}
		if got := hexSum(content); got != m.Files[name] {
			refuse(fmt.Errorf("file %s has SHA-256 %s, manifest says %s", name, got, m.Files[name]))
		}
		p.files[name] = content
	}
	for _, n := range m.networks() {
		content, ok := p.files[n.file]
		if !ok {
			continue // said above or by the manifest's check
		}
		for _, err := range compareONNX(content, m.Opset, n.inputs, n.outputs) {
			refuse(fmt.Errorf("%s: %w", n.file, err))
		}
	}
	if len(m.checkMembers()) == 0 { // else their specifications are nothing to compare with
		for i := range m.Members {
			if content, ok := p.files[m.Members[i].File]; ok {
				for _, err := range compareMember(content, &m.Members[i]) {
					refuse(fmt.Errorf("members[%d](%s): %s: %w", i, m.Members[i].Name, m.Members[i].File, err))
				}
			}
		}
	}
	if own := Fingerprint(p); m.InputsSHA256 != "" && m.InputsSHA256 != own {
		errs = append(errs, fmt.Errorf("model package %s: inputs_sha256 is %s, this program's encoders make %s: trained on tensors from another "+
			"encoder version: use the fusiond that belongs to the package, or write the tensors again with this one and train on them", dir, m.InputsSHA256, own))
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

// readBounded reads a plain file of at most limit bytes.
func readBounded(path string, limit int64) (data []byte, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for a writer
		return nil, fmt.Errorf("%s is a %s, want a plain file", path, info.Mode().Type())
	}
	f, err := os.Open(path) //nolint:gosec // the operator names the folder; names in it are plain
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if info.Size() <= limit {
		data, err = io.ReadAll(io.LimitReader(f, limit+1)) // it may have grown since
	}
	if err == nil && (info.Size() > limit || int64(len(data)) > limit) {
		err = fmt.Errorf("%s has %d bytes, over the limit of %d", path, info.Size(), limit)
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
