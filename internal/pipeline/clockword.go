package pipeline

import (
	"fmt"

	timesync "github.com/fusiond/fusiond/sync"
)

// clockDiagnosis tells kind and size of a clock fault in words; empty when the clock is good.
func clockDiagnosis(d timesync.Diagnosis) string {
	if d.Fault == timesync.ClockSound {
		return ""
	}
	if d.Fault == timesync.ClockDrift {
		return fmt.Sprintf("%s of %d ppm", d.Fault, d.DriftPpm)
	}
	return fmt.Sprintf("%s of %v", d.Fault, d.Size)
}
