package degrade

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"

	"github.com/fusiond/fusiond/replay"
)

// Metadata of a degraded recording, besides what its source had.
const (
	MetaSource   = "degraded_from_sha256"
	MetaScenario = "degraded_scenario_sha256"
	MetaSeed     = "degraded_seed"
)

// File degrades a recording into a file. out appears under its name only when it is whole; what an error, a full disk or an interruption
// leaves is removed. An existing out is refused unless overwrite is set. Attachments and metadata of the source come along.
func File(ctx context.Context, r *replay.Reader, s *Scenario, o Options, out string, overwrite bool) (*Report, error) {
	if err := admit(r.Path(), out, overwrite); err != nil {
		return nil, err
	}
	c, err := survey(r)
	if err == nil {
		err = s.check(c) // before anything is made
	}
	if err != nil {
		return nil, err
	}
	options, err := provenance(ctx, r, s, o)
	if err != nil {
		return nil, err
	}
	partial := out + ".partial"
	w, err := replay.Create(partial, options)
	if err != nil {
		return nil, err
	}
	report, err := run(ctx, r, s, o, w)
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(partial, out) //nolint:gosec // the user names the file
	}
	if err == nil {
		return report, nil
	}
	var full *replay.WriteError
	if errors.As(err, &full) {
		err = fmt.Errorf("degrade %s into %s: %s: %w: nothing was kept of the output: free some space and start again",
			r.Path(), out, full.Op, full.Err)
	}
	return nil, errors.Join(err, os.Remove(partial)) //nolint:gosec // as above
}

// admit refuses outputs that would destroy something.
func admit(in, out string, overwrite bool) error {
	to, err := os.Stat(out) //nolint:gosec // as above
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("degrade %s: %w", in, err)
	}
	if from, err := os.Stat(in); err == nil && os.SameFile(from, to) {
		return fmt.Errorf("degrade %s: input and output are the same file: name another output", in)
	}
	if !overwrite {
		return fmt.Errorf("degrade %s: %s exists: name another output, or give --overwrite", in, out)
	}
	return nil
}

func run(ctx context.Context, r *replay.Reader, s *Scenario, o Options, w *replay.Writer) (*Report, error) {
	return Run(ctx, r, s, o, func(m replay.Message) error {
		if schema, ok := r.Schema(m.Topic); ok {
			if err := w.AddStream(m.Topic, schema); err != nil {
				return err
			}
		}
		return w.Write(m)
	})
}

// provenance is what the new recording says of itself.
func provenance(ctx context.Context, r *replay.Reader, s *Scenario, o Options) (options replay.WriterOptions, err error) {
	if options.Metadata, err = r.Metadata(); err != nil {
		return options, err
	}
	for _, name := range r.Attachments() {
		a, err := r.Attachment(name)
		if err != nil {
			return options, err
		}
		options.Attachments = append(options.Attachments, a)
	}
	hash, err := hashOf(ctx, r.Path())
	if err != nil {
		return options, fmt.Errorf("degrade %s: %w", r.Path(), err)
	}
	options.Metadata[MetaSource] = hash
	options.Metadata[MetaScenario] = s.SHA256
	options.Metadata[MetaSeed] = strconv.FormatUint(o.Seed, 10)
	return options, nil
}

// hashOf is the SHA-256 of a file.
func hashOf(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // the user names the file
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read
	h := sha256.New()
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		_, err := io.CopyN(h, f, 16<<20)
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(h.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
}
