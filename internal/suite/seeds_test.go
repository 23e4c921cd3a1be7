package suite

import (
	"slices"
	"strings"
	"testing"
)

// TestSeedsAreDisjoint holds what the whole proof rests on: no test world is a training world.
func TestSeedsAreDisjoint(t *testing.T) {
	s, err := TestSeeds()
	if err != nil {
		t.Fatal(err)
	}
	ranges := []Range{s.Training, s.Validation, s.Test}
	for i, a := range ranges {
		if a.First == 0 || a.First > a.Last {
			t.Errorf("range %d is %+v", i, a)
		}
		for _, b := range ranges[i+1:] {
			if a.First <= b.Last && b.First <= a.Last {
				t.Errorf("ranges %+v and %+v overlap", a, b)
			}
		}
	}
	for i, seed := range s.Worlds {
		if !s.Test.Has(seed) || s.Training.Has(seed) || s.Validation.Has(seed) {
			t.Errorf("world %d is not in the test range %+v alone", seed, s.Test)
		}
		if slices.Contains(s.Worlds[:i], seed) {
			t.Errorf("world %d is listed twice", seed)
		}
	}
	if len(s.Worlds) < 20 {
		t.Errorf("got %d test worlds, want at least 20", len(s.Worlds))
	}
}

func TestRangeEnds(t *testing.T) {
	r := Range{5, 7}
	for seed, want := range map[uint64]bool{4: false, 5: true, 7: true, 8: false} {
		if got := r.Has(seed); got != want {
			t.Errorf("%d in 5 to 7: got %v, want %v", seed, got, want)
		}
	}
}

func TestParseSeedsRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a word", "five", "line 1"},
		{"two numbers", "1\n2 3", "line 2"},
		{"a range backwards", "test 9 3", "no range"},
		{"an unknown range", "holdout 1 2", "neither a seed nor a range"},
		{"a negative seed", "-4", "line 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := parseSeeds(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}
