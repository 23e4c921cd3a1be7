package mode

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var letters = map[byte]Mode{'F': FailSilent, 'M': Minimal, 'D': Degraded, 'N': Nominal}

// TestJudge holds the whole table. Each square is a lidar's state; its lines are the radars' states and its columns the cameras', of
// two sensors each: not fitted (.), absent (0), one of two (1), both (2).
func TestJudge(t *testing.T) {
	const states = ".012"
	squares := map[byte][4]string{
		// cameras: .012
		'.': {"FFMN", "FFMM", "MMDD", "NMDN"},
		'0': {"FFMM", "FFMM", "MMDD", "MMDD"},
		'1': {"DDDD", "DDDD", "DDDD", "DDDD"},
		'2': {"NDDN", "DDDD", "DDDD", "NDDN"},
	}
	for _, lidar := range []byte(states) {
		for r, line := range squares[lidar] {
			for c := range line {
				var e Evidence
				for m, state := range []byte{lidar, states[r], states[c]} {
					if state != '.' {
						e.Fitted[m], e.Present[m] = 2, int(state-'0')
					}
				}
				got, reason := New(DefaultConfig()).Update(e) // the first set's mode is what it allows
				if want := letters[line[c]]; got != want {
					t.Errorf("lidar %c, radar %c, camera %c: got %s, want %s", lidar, states[r], states[c], got, want)
				}
				if (got == Nominal) != (reason == "") {
					t.Errorf("lidar %c, radar %c, camera %c: %s with reason %q", lidar, states[r], states[c], got, reason)
				}
			}
		}
	}
}

// allows is evidence of a rig of one lidar, one radar and two cameras that allows a mode and no better one.
func allows(m Mode) Evidence {
	e := Evidence{Fitted: [3]int{1, 1, 2}, Present: [3]int{1, 1, 2}}
	switch m {
	case FailSilent:
		e.Present, e.Absent = [3]int{}, []string{"TOP idle", "BUMPER idle", "LEFT late", "RIGHT clock"}
	case Minimal:
		e.Present, e.Absent = [3]int{0, 0, 2}, []string{"TOP idle", "BUMPER idle"}
	case Degraded:
		e.Present[2], e.Absent = 1, []string{"RIGHT late"}
	case Nominal, Init:
	}
	return e
}

// TestUpdateTimelines draws what each set allows, and the mode, with UpAfter 3.
func TestUpdateTimelines(t *testing.T) {
	tests := []struct{ name, sets, mode string }{
		{"the first set counts", "N", "N"},
		{"the first set counts, degraded", "DNNN", "DDDN"},
		{"down at once, step by step", "NDMF", "NDMF"},
		{"down at once, all the way", "NFN", "NFF"},
		{"up after three", "NDNNNN", "NDDDNN"},
		{"up two steps at once", "NMNNNN", "NMMMNN"},
		{"interrupted by the same", "NDNNDNNN", "NDDDDDDN"},
		{"interrupted by worse", "NDNNMNNN", "NDDDMMMN"},
		{"flapping never goes up", "NDNNDNNDNNDNND", "NDDDDDDDDDDDDD"},
		{"flapping fast", "NFNFNFNF", "NFFFFFFF"},
		{"up to what all three allowed", "FMMNNN", "FFFMMN"},
		{"a better one that lasted one set is not taken", "FDDMMM", "FFFMMM"},
		{"worse while recovering, but better than the mode", "FNDNNN", "FFFDDN"},
	}
	for _, tt := range tests {
		m := New(Config{UpAfter: 3})
		var got []byte
		for _, c := range []byte(tt.sets) {
			mode, _ := m.Update(allows(letters[c]))
			got = append(got, "FMDN"[mode])
		}
		if string(got) != tt.mode {
			t.Errorf("%s:\nsets %s\ngot  %s\nwant %s", tt.name, tt.sets, got, tt.mode)
		}
	}
}

func TestReasons(t *testing.T) {
	m := New(Config{UpAfter: 3})
	steps := []struct {
		allowed Mode
		want    string
	}{
		{Nominal, ""},
		{FailSilent, "no sensor present: TOP idle, BUMPER idle, LEFT late, RIGHT clock"},
		{Minimal, "missing: TOP idle, BUMPER idle; recovering from fail-silent: 1 of 3 sets"},
		{Nominal, "recovering from fail-silent: 2 of 3 sets"},
		{Nominal, "recovering from minimal: 2 of 3 sets"},
		{Degraded, "missing: RIGHT late"},
		{Nominal, "recovering from degraded: 1 of 3 sets"},
		{Nominal, "recovering from degraded: 2 of 3 sets"},
		{Nominal, ""},
	}
	for i, s := range steps {
		if mode, got := m.Update(allows(s.allowed)); got != s.want {
			t.Errorf("set %d, mode %s: reason %q, want %q", i, mode, got, s.want)
		}
	}
	e := allows(Degraded)
	e.Absent = nil
	if _, got := m.Update(e); got != "missing" {
		t.Errorf("without names: reason %q, want \"missing\"", got)
	}
}

// TestWeak: a weak modality is present, but not enough for nominal; what is told of it stands beside what is missing.
func TestWeak(t *testing.T) {
	tests := []struct {
		name       string
		from       Mode // the evidence that it is added to
		weak       [3]bool
		unreliable []string
		want       Mode
		reason     string
	}{
		{"none", Nominal, [3]bool{}, nil, Nominal, ""},
		{"one of several cameras", Nominal, [3]bool{}, []string{"LEFT fog"}, Nominal, ""},
		{"lidar", Nominal, [3]bool{true}, []string{"TOP fog"}, Degraded, "unreliable: TOP fog"},
		{"radar", Nominal, [3]bool{1: true}, []string{"BUMPER interference"}, Degraded, "unreliable: BUMPER interference"},
		{"cameras", Nominal, [3]bool{2: true}, []string{"LEFT fog", "RIGHT glare"}, Degraded, "unreliable: LEFT fog, RIGHT glare"},
		{"all", Nominal, [3]bool{true, true, true}, []string{"TOP fog"}, Degraded, "unreliable: TOP fog"},
		{"without names", Nominal, [3]bool{true}, nil, Degraded, "missing"},
		{"beside what is missing", Degraded, [3]bool{true}, []string{"TOP fog"}, Degraded, "missing: RIGHT late; unreliable: TOP fog"},
		{"left out", Minimal, [3]bool{}, []string{"TOP frozen"}, Minimal, "missing: TOP idle, BUMPER idle; unreliable: TOP frozen"},
		{
			"everything left out", FailSilent,
			[3]bool{},
			[]string{"TOP frozen"},
			FailSilent,
			"no sensor present: TOP idle, BUMPER idle, LEFT late, RIGHT clock; unreliable: TOP frozen",
		},
	}
	for _, tt := range tests {
		e := allows(tt.from)
		e.Weak, e.Unreliable = tt.weak, tt.unreliable
		if got, reason := New(DefaultConfig()).Update(e); got != tt.want || reason != tt.reason {
			t.Errorf("%s: got %s, %q, want %s, %q", tt.name, got, reason, tt.want, tt.reason)
		}
	}
}

// TestUpAfterOne and below: no hysteresis.
func TestUpAfterOne(t *testing.T) {
	for _, n := range []int{1, 0, -5} {
		m := New(Config{UpAfter: n})
		for _, want := range []Mode{Nominal, FailSilent, Nominal, Degraded, Minimal, Degraded} {
			if got, _ := m.Update(allows(want)); got != want {
				t.Errorf("UpAfter %d: got %s, want %s", n, got, want)
			}
		}
	}
}

// TestProperties over random drives: the mode is never better than what the newest set allows, never worse than the worst of the last
// UpAfter sets, and after UpAfter equal sets is what they allow; the reason names every sensor that is absent.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		upAfter := rapid.IntRange(1, 12).Draw(t, "up after")
		modes := rapid.SampledFrom([]Mode{FailSilent, Minimal, Degraded, Nominal, Nominal, Nominal})
		sets := rapid.SliceOfN(modes, 1, 60).Draw(t, "sets")
		last := sets[len(sets)-1]
		for range upAfter - 1 { // constant evidence at the end
			sets = append(sets, last)
		}
		m := New(Config{UpAfter: upAfter})
		var got Mode
		for i, allowed := range sets {
			e := allows(allowed)
			var reason string
			got, reason = m.Update(e)
			if got > allowed {
				t.Fatalf("set %d allows %s, mode is %s", i, allowed, got)
			}
			if worst := slices.Min(sets[max(0, i-upAfter+1) : i+1]); got < worst {
				t.Fatalf("set %d: mode is %s, the last %d sets allowed %s", i, got, upAfter, worst)
			}
			for _, name := range e.Absent {
				if !strings.Contains(reason, name) {
					t.Fatalf("set %d: reason %q does not name %s", i, reason, name)
				}
			}
		}
		if got != last {
			t.Fatalf("after %d sets that allow %s the mode is %s", upAfter, last, got)
		}
	})
}

func TestUpdateAllocates(t *testing.T) {
	m, e := New(DefaultConfig()), allows(Nominal)
	if got := testing.AllocsPerRun(100, func() { m.Update(e) }); got != 0 {
		t.Errorf("%g allocations for a nominal set, want 0", got)
	}
}
