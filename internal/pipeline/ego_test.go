package pipeline

import (
	"testing"

	"github.com/fusiond/fusiond/sensors"
)

// TestTimeBase: a drive that starts over an hour earlier drops the tracks, and its own ego motion counts, although the history was
// full of later stamps.
func TestTimeBase(t *testing.T) {
	const hour = int64(3600e9)
	d := newMadeDrive(t)
	for i := range int64(sensors.EgoHistorySize) {
		d.ego(start-(sensors.EgoHistorySize-i)*10e6, start-(sensors.EgoHistorySize-i)*10e6, 0)
	}
	d.drive(start, start, 0, 4)
	d.drive(start+20e9, start-hour, 5000, 6)
	tracker := &fakeTracker{}
	run := runFaulty(t, d.messages, nil, func(e *Engine) func() {
		e.fuse.tracker = tracker
		return nil
	})
	resets, after := 0, 0
	for i, what := range tracker.log {
		if what == "reset" {
			resets++
			after = i - (resets - 1) // updates before it
		}
	}
	first := len(run.lists) // of the second lap
	for i, l := range run.lists {
		if l.Header.Stamp < start-hour/2 {
			first = min(first, i)
		}
	}
	if resets != 2 || after != first || first == len(run.lists) {
		t.Errorf("tracker calls %v, want a reset before the first update and one before update %d", tracker.log, first+1)
	}
	last := run.lists[len(run.lists)-1]
	if x := last.LocalFromEgo.Position.X; last.EgoStale || x < 5000 || x > 5006 {
		t.Errorf("the last set's ego is at x = %g, stale %v, want that of the second lap", x, last.EgoStale)
	}
}

// TestEgoStale: when the ego motion ends, sets stay where it ended, so that tracks do not jump, and say that it is stale; without
// any they stand at the origin.
func TestEgoStale(t *testing.T) {
	tests := []struct {
		name     string
		messages func(*madeDrive)
		// wantX of the last set, within a metre.
		wantX float64
	}{
		{"ended", func(d *madeDrive) { d.drive(start, start, 300, 3) }, 303},
		{"never", func(*madeDrive) {}, 0},
	}
	for _, tt := range tests {
		d := newMadeDrive(t)
		tt.messages(d)
		for i := range int64(6) {
			at := start + 350e6 + i*100e6
			d.sweep(at, at, 16, randomPoints(d.rng, 2000))
		}
		run := runFaulty(t, d.messages, nil, func(*Engine) func() { return nil })
		last := run.lists[len(run.lists)-1]
		if x := last.LocalFromEgo.Position.X; !last.EgoStale || x < tt.wantX-1 || x > tt.wantX+1 {
			t.Errorf("%s: ego at x = %g, stale %v, want %g and stale", tt.name, x, last.EgoStale, tt.wantX)
		}
	}
}
