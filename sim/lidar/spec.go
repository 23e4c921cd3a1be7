// Package lidar is the simulator's spinning lidar: it casts the beams of a unit through a geom.Scene while unit and world move, gives
// each the strength of its return, and makes the point cloud that a vehicle's lidar sends.
//
// A beam's received power, relative to a white diffuser at 1 m in clear air, is
//
//	P = rho cos(theta) / R^2        rho: reflectance at 905 nm of the surface, theta: angle to its normal
//
// (the lidar equation for an extended Lambertian target, for example Wandinger 2005), plus the glint of a glossy surface that faces the
// unit. It is detected with a probability that falls smoothly about the receiver's floor, FloorReflectance / MaxRangeM^2. Retro-reflectors
// return a multiple, and so strongly that beams beside them see them too (blooming). A beam has a width: where it straddles an edge, the
// range lies between both surfaces now and then (mixed pixels). What weather and faults do is sim/effect's business.
//
// Pure: chance comes from keys, and a sweep may be cast in parts by several goroutines.
package lidar

import (
	"fmt"
	"math"
	"time"

	"github.com/fusiond/fusiond/sim/effect"
)

// Spec is one kind of unit.
type Spec struct {
	Name string
	// Elevations of the beams in radians, ring 0 the lowest.
	Elevations []float64
	// Columns is the number of firings in a turn; Turn the time that it takes.
	Columns int
	Turn    time.Duration
	// CutRad is the azimuth in the vehicle's axes where a sweep begins and ends; the head turns clockwise seen from above.
	CutRad float64
	// MinRangeM is the nearest return. At MaxRangeM a target of FloorReflectance is detected half of the time.
	MinRangeM, MaxRangeM, FloorReflectance float64
	// RangeNoiseM is one sigma of a strong return; DropShare the share of returns lost without a reason.
	RangeNoiseM, DropShare float64
	// StepM is what the coordinates of points are multiples of: below the range noise. Recordings shrink with it.
	StepM float64
	// IntensityNoise is one sigma of the natural logarithm of an intensity: speckle, and texture too fine for the materials.
	IntensityNoise float64
	// DivergenceRad is the full width of a beam.
	DivergenceRad float64
	// WhiteIntensity is the intensity, as a share of full scale, of a white diffuser: what is above is for retro-reflectors.
	WhiteIntensity float64
}

const degree = math.Pi / 180

// even is n elevations from low to high degrees.
func even(n int, low, high float64) []float64 {
	e := make([]float64, n)
	for i := range e {
		e[i] = (low + (high-low)*float64(i)/float64(n-1)) * degree
	}
	return e
}

// dense64 is the elevation table of a unit with 64 beams that are dense about the horizon, in degrees: measured as the medians of the rings
// of a PandaSet drive's Pandar64 (CC BY 4.0).
var dense64 = []float64{
	-24.91, -18.9, -13.89, -12.92, -11.95, -10.98, -9.83, -9.01, -8.02, -7.03, -6.03, -5.87, -5.69, -5.53, -5.36, -5.2,
	-5.03, -4.86, -4.69, -4.53, -4.35, -4.19, -4.02, -3.85, -3.68, -3.52, -3.35, -3.18, -3.01, -2.85, -2.68, -2.51,
	-2.34, -2.18, -2.01, -1.84, -1.67, -1.51, -1.34, -1.17, -1, -0.83, -0.67, -0.5, -0.33, -0.17, 0, 0.18,
	0.34, 0.51, 0.68, 0.85, 1.02, 1.19, 1.36, 1.53, 1.69, 1.86, 2.03, 3.06, 5.08, 8.08, 11.09, 14.96,
}

// dense32 is the elevation table of a unit with 32 beams that crowd about the horizon, in degrees, as its maker's data sheet gives it.
var dense32 = []float64{
	-25, -15.639, -11.31, -8.843, -7.254, -6.148, -5.333, -4.667, -4, -3.667, -3.333, -3, -2.667, -2.333, -2, -1.667,
	-1.333, -1, -0.667, -0.333, 0, 0.333, 0.667, 1, 1.333, 1.667, 2.333, 3.333, 4.667, 7, 10.333, 15,
}

// Units are the kinds of lidar by name.
//
//	spinning16   16 beams over 30 degrees, 0.4 degrees of azimuth: an entry-level unit
//	spinning32   32 beams over 40 degrees, 0.33 degrees: what many test cars carry
//	dense32      32 beams over 40 degrees, most of them about the horizon, 0.2 degrees
//	spinning64   64 beams over 27 degrees, nearly all of them below the horizon, 0.17 degrees
//	dense64      64 beams, dense about the horizon, 0.2 degrees; noise, drop-outs and floor as read off a PandaSet drive, see sim/compare
var Units = []Spec{
	{
		Name: "spinning16", Elevations: even(16, -15, 15), Columns: 900, MinRangeM: 0.5, MaxRangeM: 80, FloorReflectance: 0.1,
		RangeNoiseM: 0.03, StepM: 1.0 / 64, DropShare: 0.01, DivergenceRad: 0.003, WhiteIntensity: 0.39, IntensityNoise: 0.2,
	},
	{
		Name: "spinning32", Elevations: even(32, -30.67, 10.67), Columns: 1080, MinRangeM: 0.5, MaxRangeM: 80, FloorReflectance: 0.1,
		RangeNoiseM: 0.02, StepM: 1.0 / 64, DropShare: 0.01, DivergenceRad: 0.003, WhiteIntensity: 0.39, IntensityNoise: 0.2,
	},
	{
		Name: "dense32", Elevations: scaled(dense32), Columns: 1800, MinRangeM: 0.5, MaxRangeM: 120, FloorReflectance: 0.08,
		RangeNoiseM: 0.02, StepM: 1.0 / 256, DropShare: 0.01, DivergenceRad: 0.003, WhiteIntensity: 0.39, IntensityNoise: 0.2,
	},
	{
		Name: "spinning64", Elevations: even(64, -24.8, 2), Columns: 2083, MinRangeM: 0.9, MaxRangeM: 120, FloorReflectance: 0.08,
		RangeNoiseM: 0.02, StepM: 1.0 / 500, DropShare: 0.01, DivergenceRad: 0.002, WhiteIntensity: 0.39, IntensityNoise: 0.2,
	},
	{
		Name: "dense64", Elevations: scaled(dense64), Columns: 1800, MinRangeM: 0.5, MaxRangeM: 200, FloorReflectance: 0.05,
		RangeNoiseM: 0.0055, StepM: 1.0 / 256, DropShare: 0.008, DivergenceRad: 0.0015, WhiteIntensity: 0.39, IntensityNoise: 0.2,
	},
}

func scaled(degrees []float64) []float64 {
	e := make([]float64, len(degrees))
	for i, d := range degrees {
		e[i] = d * degree
	}
	return e
}

// Unit returns the unit of a name, turning once in the given time, its sweeps cut behind the vehicle.
func Unit(name string, turn time.Duration) (Spec, error) {
	names := make([]string, len(Units))
	for i, u := range Units {
		if u.Name == name {
			u.Turn, u.CutRad = turn, math.Pi
			return u, u.check()
		}
		names[i] = u.Name
	}
	return Spec{}, fmt.Errorf("lidar unit %q is not known: take one of %q", name, names)
}

func (s *Spec) check() error {
	switch {
	case len(s.Elevations) == 0 || len(s.Elevations) > 256:
		return fmt.Errorf("lidar unit %s: %d beams: give 1 to 256", s.Name, len(s.Elevations))
	case s.Columns < 16 || s.Columns > 8192:
		return fmt.Errorf("lidar unit %s: %d columns: give 16 to 8192", s.Name, s.Columns)
	case s.Turn < time.Millisecond || s.Turn > 10*time.Second:
		return fmt.Errorf("lidar unit %s: a turn of %v: give 1ms to 10s", s.Name, s.Turn)
	}
	return nil
}

// Effects is what sim/effect must know of the unit.
func (s *Spec) Effects() effect.LidarSpec {
	return effect.LidarSpec{Beams: len(s.Elevations), MaxRangeM: s.MaxRangeM, FloorReflectance: s.FloorReflectance * s.WhiteIntensity}
}
