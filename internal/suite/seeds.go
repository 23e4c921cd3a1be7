package suite

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed seeds.txt
var seedsText string

// Range of seeds, both ends included.
type Range struct {
	First, Last uint64
}

// Has tells whether a seed lies in the range.
func (r Range) Has(seed uint64) bool { return seed >= r.First && seed <= r.Last }

// Seeds says which worlds are for what. Training and validation may use any seed of their ranges, the suite the listed ones.
type Seeds struct {
	Training, Validation, Test Range
	Worlds                     []uint64
}

// TestSeeds returns the committed list.
func TestSeeds() (*Seeds, error) { return parseSeeds(seedsText) }

// parseSeeds reads lines of either "training FIRST LAST", "validation ...", "test ...", or one seed; # begins a comment.
func parseSeeds(text string) (*Seeds, error) {
	s := &Seeds{}
	ranges := map[string]*Range{"training": &s.Training, "validation": &s.Validation, "test": &s.Test}
	for n, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if r := ranges[words[0]]; r != nil && len(words) == 3 {
			var errs [2]error
			r.First, errs[0] = strconv.ParseUint(words[1], 10, 64)
			r.Last, errs[1] = strconv.ParseUint(words[2], 10, 64)
			if errs[0] != nil || errs[1] != nil || r.First > r.Last {
				return nil, fmt.Errorf("seeds, line %d: %q is no range: write for example test 155000 159999", n+1, line)
			}
			continue
		}
		seed, err := strconv.ParseUint(words[0], 10, 64)
		if err != nil || len(words) != 1 {
			return nil, fmt.Errorf("seeds, line %d: %q is neither a seed nor a range: write one seed a line", n+1, line)
		}
		s.Worlds = append(s.Worlds, seed)
	}
	return s, nil
}
