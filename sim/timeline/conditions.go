// Package timeline holds what a scenario orders over time: weather for all sensors and faults of single ones. The simulator and
// `fusiond degrade` read the same time lines and hand the same conditions to the same effects.
package timeline

import "time"

// Weather is the state of the air, the light and the road, the same for every sensor.
type Weather struct {
	// FogPerM is the extinction coefficient of fog at visible light and 905 nm, 1/m: visibility (5 % contrast) is 2.9957/FogPerM.
	FogPerM float64
	// RainMmH and SnowMmH are rates, mm/h of water.
	RainMmH, SnowMmH float64
	// WetMm is the depth of the water film on the road, mm.
	WetMm float64
	// Spray is 0..1: how strongly vehicles throw up water from a wet road.
	Spray float64
	// Light is the daylight, 1 = clear noon, 0 = night without moon. SunElevation and SunAzimuth in radians (azimuth counter-clockwise
	// from the x axis of the local frame); below the horizon there is no sun.
	Light                          float64
	SunElevationRad, SunAzimuthRad float64
}

// Fault is what is wrong with one sensor at one time. The zero value is a healthy one.
type Fault struct {
	// Dead sends nothing. Stuck sends its last content again and again with new stamps.
	Dead, Stuck bool

	// Transport. Delay and Jitter (one sigma) move the arrival; the shares are probabilities a message, 0..1.
	Delay, Jitter                           time.Duration
	DropShare, DuplicateShare, ReorderShare float64
	BitFlipShare                            float64
	// Clock. Offset and Drift move the stamp; Frozen repeats the last stamp.
	ClockOffset   time.Duration
	ClockDriftPpm float64
	ClockFrozen   bool

	// Lidar: the share of beams that are lost (which ones comes from the seed), of points that are lost, and the field of view that is
	// left, radians to each side of straight ahead (0 = all of it).
	LostBeams, LostPoints, FieldRad float64
	// BlockedShare of the aperture is covered (mud, snow, tape): opaque for a lidar's sector, blurred and dark for a camera, a loss for a radar.
	BlockedShare float64
	// Camera: water drops on the lens (0..1), defocus (sigma in pixels of the recorded image), low sun in the picture (0..1), darkening factor
	// of a failing exposure (0 = none, 0.7 = 70 % darker).
	LensDrops, BlurPx, Glare, Darken float64
	// Radar: interference raises the noise floor, dB.
	InterferenceDB float64
	// Calibration error: rotation about the sensor's own x, y, z axes (radians) and shift in the ego frame (metres).
	RotateRad, ShiftM [3]float64
}

// Conditions is what one sensor meets at one time.
type Conditions struct {
	Weather
	Fault
}
