package eval

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// ClassConfig says how the boxes of one class are scored. Tracking looks at the name and the two filters alone.
type ClassConfig struct {
	Name          string
	RangeM        float64 // boxes at this distance from ego or farther are left out
	YawPeriodRad  float64 // 2 pi, or pi where front and back cannot be told apart
	InRackIgnored bool    // boxes inside a bicycle rack are left out
	HasYaw        bool    // the orientation error is defined
	HasVelocity   bool    // the velocity error is defined
	HasAttribute  bool    // the attribute error is defined
}

// DetectionConfig holds the numbers of a detection benchmark.
type DetectionConfig struct {
	Name              string
	Classes           []ClassConfig // also the order of classes in reports
	DistancesM        []float64     // a prediction nearer to ground truth than this matches; one AP each
	ErrorDistanceM    float64       // the one of DistancesM whose matches give the true-positive errors
	MinRecall         float64       // recall up to here counts neither for AP nor for the errors
	MinPrecision      float64       // precision up to here counts as none
	MaxBoxesPerSample int           // more predictions in a sample refuse the whole input
	MeanAPWeight      float64       // weight of mAP against one true-positive score in NDS
}

// DetectionCVPR2019 returns the configuration of the nuScenes detection benchmark, detection_cvpr_2019.
func DetectionCVPR2019() DetectionConfig {
	vehicle := func(name string) ClassConfig {
		return ClassConfig{Name: name, RangeM: 50, YawPeriodRad: 2 * math.Pi, HasYaw: true, HasVelocity: true, HasAttribute: true}
	}
	small := func(name string, twoWheeled bool) ClassConfig {
		c := vehicle(name)
		c.RangeM, c.InRackIgnored = 40, twoWheeled
		return c
	}
	return DetectionConfig{
		Name: "detection_cvpr_2019",
		Classes: []ClassConfig{
			vehicle("car"), vehicle("truck"), vehicle("bus"), vehicle("trailer"), vehicle("construction_vehicle"),
			small("pedestrian", false), small("motorcycle", true), small("bicycle", true),
			{Name: "traffic_cone", RangeM: 30, YawPeriodRad: 2 * math.Pi},
			{Name: "barrier", RangeM: 30, YawPeriodRad: math.Pi, HasYaw: true},
		},
		DistancesM:        []float64{0.5, 1, 2, 4},
		ErrorDistanceM:    2,
		MinRecall:         0.1,
		MinPrecision:      0.1,
		MaxBoxesPerSample: 500,
		MeanAPWeight:      5,
	}
}

// checkClasses tells bad of what is wrong with the classes' names and ranges.
func checkClasses(classes []ClassConfig, bad func(format string, args ...any)) {
	if len(classes) == 0 {
		bad("no classes")
	}
	seen := map[string]bool{}
	for _, k := range classes {
		if k.Name == "" || seen[k.Name] {
			bad("class name %q is empty or given twice", k.Name)
		}
		seen[k.Name] = true
		if !(k.RangeM > 0) {
			bad("class %s: range %v m: must be above 0", k.Name, k.RangeM)
		}
	}
}

// Validate returns every fault of the configuration at once, or nil.
func (c *DetectionConfig) Validate() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("detection configuration %q: "+format, append([]any{c.Name}, args...)...))
	}
	checkClasses(c.Classes, bad)
	for _, k := range c.Classes {
		if !(k.YawPeriodRad > 0 && k.YawPeriodRad <= 2*math.Pi) {
			bad("class %s: yaw period %v rad: must be above 0 and at most 2 pi", k.Name, k.YawPeriodRad)
		}
	}
	for m := range numErrors {
		if len(c.Classes) > 0 && !slices.ContainsFunc(c.Classes, func(k ClassConfig) bool { return k.defines(m) }) {
			bad("%s is defined for no class: NDS needs all five errors", m)
		}
	}
	for _, d := range c.DistancesM {
		if !(d > 0) {
			bad("distance %v m: must be above 0", d)
		}
	}
	if !slices.Contains(c.DistancesM, c.ErrorDistanceM) {
		bad("error distance %v m: must be one of the distances %v", c.ErrorDistanceM, c.DistancesM)
	}
	if !(c.MinRecall >= 0 && c.MinRecall < 0.99) {
		bad("minimum recall %v: must be in [0, 0.99)", c.MinRecall)
	}
	if !(c.MinPrecision >= 0 && c.MinPrecision < 1) {
		bad("minimum precision %v: must be in [0, 1)", c.MinPrecision)
	}
	if c.MaxBoxesPerSample <= 0 {
		bad("at most %d boxes per sample: must be above 0", c.MaxBoxesPerSample)
	}
	if !(c.MeanAPWeight >= 0) || math.IsInf(c.MeanAPWeight, 0) {
		bad("mAP weight %v: must be finite and not negative", c.MeanAPWeight)
	}
	return errors.Join(errs...)
}

// defines reports whether the error is defined for the class.
func (k *ClassConfig) defines(m ErrorMetric) bool {
	switch m {
	case OrientErr:
		return k.HasYaw
	case VelErr:
		return k.HasVelocity
	case AttrErr:
		return k.HasAttribute
	default:
		return true
	}
}
