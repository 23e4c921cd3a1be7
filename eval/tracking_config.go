package eval

import (
	"errors"
	"fmt"
	"math"
)

// TrackingConfig holds the numbers of a tracking benchmark.
type TrackingConfig struct {
	Name              string
	Classes           []ClassConfig // also the order of classes in reports; yaw, velocity and attribute do not count
	DistanceM         float64       // a prediction nearer to ground truth than this can be paired with it
	MinRecall         float64       // lowest recall of the averages
	NumThresholds     int           // recalls of the averages, evenly from MinRecall to 1
	MaxBoxesPerSample int           // more predictions in a sample refuse the whole input
	SamplePeriodS     float64       // what one frame counts in TID and LGD, s
	// KeepAnyPairing lets an object go back to the last track it was paired with, however long ago that was, where both are
	// near enough again. Otherwise only pairings of the frame before are kept. It is the rule of py-motmetrics up to
	// 1.2.0 and of the figures that were published until about 2024.
	KeepAnyPairing bool
}

// TrackingNIPS2019 returns the configuration of the nuScenes tracking benchmark, tracking_nips_2019.
func TrackingNIPS2019() TrackingConfig {
	return TrackingConfig{
		Name: "tracking_nips_2019",
		Classes: []ClassConfig{
			{Name: "bicycle", RangeM: 40, InRackIgnored: true},
			{Name: "bus", RangeM: 50},
			{Name: "car", RangeM: 50},
			{Name: "motorcycle", RangeM: 40, InRackIgnored: true},
			{Name: "pedestrian", RangeM: 40},
			{Name: "trailer", RangeM: 50},
			{Name: "truck", RangeM: 50},
		},
		DistanceM:         2,
		MinRecall:         0.1,
		NumThresholds:     40,
		MaxBoxesPerSample: 500,
		SamplePeriodS:     0.5,
	}
}

// Validate returns every fault of the configuration at once, or nil.
func (c *TrackingConfig) Validate() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("tracking configuration %q: "+format, append([]any{c.Name}, args...)...))
	}
	checkClasses(c.Classes, bad)
	if !(c.DistanceM > 0) || math.IsInf(c.DistanceM, 0) {
		bad("distance %v m: must be finite and above 0", c.DistanceM)
	}
	if !(c.MinRecall >= 0 && c.MinRecall < 1) {
		bad("minimum recall %v: must be in [0, 1)", c.MinRecall)
	}
	if c.NumThresholds < 2 || c.NumThresholds > maxThresholds {
		bad("%d thresholds: must be 2 to %d", c.NumThresholds, maxThresholds)
	}
	if c.MaxBoxesPerSample <= 0 {
		bad("at most %d boxes per sample: must be above 0", c.MaxBoxesPerSample)
	}
	if !(c.SamplePeriodS > 0) || math.IsInf(c.SamplePeriodS, 0) {
		bad("sample period %v s: must be finite and above 0", c.SamplePeriodS)
	}
	return errors.Join(errs...)
}

// maxThresholds bounds the work: every threshold is an association of all scenes.
const maxThresholds = 1000

// recallGrid returns the recalls of the averages, ascending, rounded to twelve digits as the public code does: a recall
// that is reached exactly, such as 57 of 100, must not be missed by the last bit of the grid.
func (c *TrackingConfig) recallGrid() []float64 {
	grid := make([]float64, c.NumThresholds)
	step := (1 - c.MinRecall) / float64(c.NumThresholds-1)
	for i := range grid {
		grid[i] = math.RoundToEven((c.MinRecall+float64(float64(i)*step))*1e12) / 1e12
	}
	grid[len(grid)-1] = 1
	return grid
}
