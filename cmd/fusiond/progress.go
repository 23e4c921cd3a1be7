package main

import (
	"encoding/json"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

// newBar shows progress on standard error when that is a terminal; elsewhere it is silent. total is in any unit.
func newBar(total int64, what string) *progressbar.ProgressBar {
	visible := term.IsTerminal(int(os.Stderr.Fd())) //nolint:gosec // a file descriptor
	return progressbar.NewOptions64(total, progressbar.OptionSetDescription(what), progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetVisibility(visible), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(true), progressbar.OptionFullWidth())
}

// eventBar shows how much of a recording's time has passed.
func eventBar(r *replay.Reader, what string) (func(sensors.StampNs), func()) {
	first, last := r.Range()
	const unit = int64(time.Millisecond)
	bar := newBar(max(int64(last-first)/unit, 1), what)
	shown := int64(0)
	return func(t sensors.StampNs) {
			if at := int64(t-first) / unit; at >= shown+50 {
				shown = at
				_ = bar.Set64(at) // a bar that cannot be drawn is no reason to stop
			}
		}, func() {
			_ = bar.Finish()
		}
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
