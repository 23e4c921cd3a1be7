package suite

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// store keeps finished units as files. A file is
//
//	8 bytes  magic "fusdsuit"
//	32 bytes SHA-256 of everything that follows
//	the unit's key, in a line
//	the content
//
// and appears under its name only when it is whole.
type store struct {
	dir string
	log *slog.Logger
}

const magic = "fusdsuit"

// maxUnitBytes bounds what is read of one file.
const maxUnitBytes = 1 << 30

func newStore(dir string, log *slog.Logger) (*store, error) {
	for _, sub := range []string{"recordings", "outcomes"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("make the cache folder: %w: name another with --cache", err)
		}
	}
	return &store{dir, log}, nil
}

func (s *store) path(kind, key string) string { return filepath.Join(s.dir, kind, key[:32]) }

// get returns a unit's content, nil if it is not there. One that is damaged is not there, with a warning.
func (s *store) get(kind, key string) ([]byte, error) {
	path := s.path(kind, key)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the cache: %w", err)
	}
	if info.Size() > maxUnitBytes {
		return nil, fmt.Errorf("read the cache: %s has %d bytes, more than any unit: remove it", path, info.Size())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the cache: %w", err)
	}
	content, why := unwrap(data, key)
	if why != "" {
		s.log.Warn("cache file is made again", "file", path, "reason", why)
		return nil, nil
	}
	return content, nil
}

// put keeps a unit's content.
func (s *store) put(kind, key string, content []byte) (err error) {
	sum := sha256.New()
	sum.Write([]byte(key + "\n"))
	sum.Write(content)
	path := s.path(kind, key)
	f, err := os.CreateTemp(filepath.Dir(path), "part-*")
	if err != nil {
		return fmt.Errorf("write the cache: %w", err)
	}
	_, err = io.Copy(f, io.MultiReader(bytes.NewReader([]byte(magic)), bytes.NewReader(sum.Sum(nil)), bytes.NewReader([]byte(key+"\n")), bytes.NewReader(content)))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the cache: %w: free some space and start again, it goes on", err), os.Remove(f.Name()))
	}
	return nil
}

// unwrap returns the content of a file, or why it cannot be used.
func unwrap(data []byte, key string) (content []byte, why string) {
	const head = len(magic) + sha256.Size
	if len(data) < head || string(data[:len(magic)]) != magic {
		return nil, "it is no unit of the suite"
	}
	sum := sha256.Sum256(data[head:])
	if !bytes.Equal(sum[:], data[len(magic):head]) {
		return nil, "it is damaged: its SHA-256 is " + hex.EncodeToString(sum[:6])
	}
	content, ok := bytes.CutPrefix(data[head:], []byte(key+"\n"))
	if !ok {
		return nil, "it is of another unit"
	}
	return content, ""
}

// pack and unpack turn an outcome into bytes. gob knows NaN, which JSON does not.
func pack(o *outcome) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	err := errors.Join(gob.NewEncoder(z).Encode(o), z.Close())
	return b.Bytes(), err
}

func unpack(data []byte) (*outcome, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	o := &outcome{}
	return o, gob.NewDecoder(z).Decode(o)
}
