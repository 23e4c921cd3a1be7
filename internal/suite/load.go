package suite

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/fusiond/fusiond/eval"
)

// maxReportBytes bounds a suite.json that is read.
const maxReportBytes = 64 << 20

// LoadReport reads a suite.json.
func LoadReport(path string) (*Report, error) {
	fail := func(err error) error {
		return fmt.Errorf("read report %s: %w: give a suite.json that fusiond eval --suite wrote", path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fail(err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxReportBytes {
		return nil, fail(fmt.Errorf("%d bytes, %s", info.Size(), info.Mode().Type()))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fail(err)
	}
	return parseReport(data, fail)
}

func parseReport(data []byte, fail func(error) error) (*Report, error) {
	r := &Report{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fail(err)
	}
	if r.Schema != Schema {
		return nil, fail(fmt.Errorf("schema %q, want %q", r.Schema, Schema))
	}
	if len(r.Parts) == 0 {
		return nil, fail(errors.New("no parts"))
	}
	for i := range r.Parts {
		if p := &r.Parts[i]; len(p.Subsets) == 0 || len(p.Calibration) == 0 {
			return nil, fail(fmt.Errorf("part %d has no clean drives", i))
		}
	}
	return r, nil
}

// CompareWith fills in mRRA and mCE against a baseline, which must have been measured on the same drives under the same conditions.
func (r *Report) CompareWith(baseline *Report) error {
	if r.Fingerprint != baseline.Fingerprint || r.Quick != baseline.Quick {
		return errors.New("it was measured on other recordings: run the suite for both networks with the same program and options")
	}
	for i := range r.Parts {
		p := &r.Parts[i]
		for j := range baseline.Parts {
			b := &baseline.Parts[j]
			if b.Kind != p.Kind {
				continue
			}
			if !slices.Equal(p.Drives, b.Drives) {
				return fmt.Errorf("it was measured on %q, not on %q: run the suite for both networks with the same options", b.Drives, p.Drives)
			}
			_, mRRA := eval.RelativeResilience(p.corruptions(nds), b.corruptions(nds))
			_, mCE := eval.CorruptionError(p.corruptions(nds), b.corruptions(nds))
			p.Summary.MRRA, p.Summary.MCE = Number(mRRA), Number(mCE)
			r.Baseline = baseline.Model.Label()
		}
	}
	return nil
}
