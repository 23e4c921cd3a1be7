package pipeline

import (
	"strings"
	"testing"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// TestLostAndRegained takes sensors away while the Engine runs and gives them back, for every combination and the strategies that
// ship: nothing starts over, set ids have no gap, time does not run back, what is missing is named, and all is well at the end.
func TestLostAndRegained(t *testing.T) {
	const sets, from, to = 40, 8, 14
	streams := []string{sensors.Lidar: "TOP", sensors.Radar: "BUMPER", sensors.Camera: "FRONT"}
	for _, strategy := range []string{"attention", "early"} {
		for lost := 1; lost < 1<<sensors.NumFused; lost++ {
			gone := func(m sensors.Modality) bool { return lost>>m&1 == 1 }
			var names []string
			for m, name := range streams {
				if gone(sensors.Modality(m)) { //nolint:gosec // three
					names = append(names, name)
				}
			}
			t.Run(strategy+" without "+strings.Join(names, "+"), func(t *testing.T) {
				d := newMadeDrive(t)
				shots := d.soundShots(sets)
				for i := range shots {
					if i < from || i >= to {
						continue
					}
					if gone(sensors.Camera) {
						shots[i].picture = nil
					}
					if gone(sensors.Lidar) {
						shots[i].sweep = nil
					}
					if gone(sensors.Radar) {
						shots[i].scan = nil
					}
				}
				d.shoot(shots)
				opt := threeOptions(t)
				opt.Strategy = strategy
				run := runConditions(t, opt, d.messages)
				checkUnbroken(t, &run, sets)
				named := map[string]int{}
				for _, l := range run.lists {
					for _, name := range names {
						if strings.Contains(l.ModeReason, name+" idle") {
							named[name]++
						}
					}
				}
				for _, name := range names {
					if named[name] < (to-from)/2 {
						t.Errorf("%s is named as idle in %d sets, want at least %d", name, named[name], (to-from)/2)
					}
				}
			})
		}
	}
}

// checkUnbroken holds what must not happen when sensors come and go.
func checkUnbroken(t *testing.T, run *conditionRun, sets int) {
	t.Helper()
	if n := len(run.lists); n < sets-1 || n > sets+1 {
		t.Errorf("%d sets, want about %d", n, sets)
	}
	for i, l := range run.lists {
		if l.SetId != uint64(i+1) { //nolint:gosec // not negative
			t.Fatalf("set %d has the id %d", i+1, l.SetId)
		}
		if i > 0 && l.Header.Stamp <= run.lists[i-1].Header.Stamp {
			t.Fatalf("set %d is at %d, the one before at %d", l.SetId, l.Header.Stamp, run.lists[i-1].Header.Stamp)
		}
	}
	if run.base != 1 {
		t.Errorf("time base %d, want the first one to last", run.base)
	}
	h := run.healths[len(run.healths)-1]
	for _, s := range h.Stages {
		if s.Errors != 0 {
			t.Errorf("stage %s: %d errors, last %q", s.Stage, s.Errors, s.LastError)
		}
	}
	for _, s := range h.Streams {
		if s.Reliability < 0.9 || s.ReliabilityReason != "" {
			t.Errorf("%s ends with reliability %g, %q", s.Stream, s.Reliability, s.ReliabilityReason)
		}
	}
	if last := run.lists[len(run.lists)-1]; last.Mode != fusionv1.Mode_MODE_NOMINAL {
		t.Errorf("the last set is %v, %q, want nominal", last.Mode, last.ModeReason)
	}
}
