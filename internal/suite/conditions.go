package suite

import "github.com/fusiond/fusiond/sensors"

// Group of conditions.
type Group string

// The groups. Weather and faults have severities and count for mRA; visibility is the sweep of fog; recovery is a sensor that dies for
// half a second.
const (
	Clean      Group = "clean"
	Weather    Group = "weather"
	Fault      Group = "fault"
	Visibility Group = "visibility"
	Recovery   Group = "recovery"
)

// corruption is one kind of weather or fault with its three severities.
type corruption struct {
	group  Group
	name   string
	levels [3]level
}

// level is one severity: keys of a time line (fusiond sim --keys) and the sensors that the faults are of.
type level struct {
	// setting says it in words.
	setting string
	// weather from the drive's beginning.
	weather string
	// faults from faultBegin on, of the sensors that of selects.
	of     selection
	faults string
	// blurShare is a defocus, sigma as a share of the picture's width: drives have pictures of different sizes.
	blurShare float64
	// laterMs moves the faults' beginning.
	laterMs int
}

// selection of sensors: of these modalities the first share, in the rig's order, at least one.
type selection struct {
	share      float64
	modalities []sensors.Modality
}

func of(share float64, m ...sensors.Modality) selection { return selection{share, m} }

var (
	cameras      = of(1, sensors.Camera)
	someCameras  = of(0.5, sensors.Camera)
	oneCamera    = of(0, sensors.Camera)
	lidars       = of(1, sensors.Lidar)
	radars       = of(1, sensors.Radar)
	someRadars   = of(0.5, sensors.Radar)
	oneRadar     = of(0, sensors.Radar)
	allButLidars = of(1, sensors.Camera, sensors.Radar)
)

// faultBegin is when faults begin: the streams have been seen alive, and what is scored begins later.
const faultBeginMs = 200

// visibilities of the sweep, m; fog takes its severities from among them, so that they are driven once.
var visibilities = []float64{300, 150, 100, 80, 50, 30, 20}

// fogLight is the daylight in fog of any thickness, so that the sweep changes one thing.
const fogLight = "light: 0.7"

// corruptions is the suite. A lidar's clock is left out: it gives the sets their times, so that the objects would be held against
// the ground truth of another moment.
var corruptions = []corruption{
	{Weather, "fog", [3]level{
		{setting: "visibility 150 m", weather: "visibility: 150, " + fogLight},
		{setting: "visibility 80 m", weather: "visibility: 80, " + fogLight},
		{setting: "visibility 30 m", weather: "visibility: 30, " + fogLight},
	}},
	{Weather, "rain", [3]level{
		{setting: "5 mm/h", weather: "rain: 5, wet: 0.3, spray: 0.3, light: 0.8", of: cameras, faults: "lens_drops: 0.1"},
		{setting: "15 mm/h", weather: "rain: 15, wet: 0.8, spray: 0.6, light: 0.6", of: cameras, faults: "lens_drops: 0.3"},
		{setting: "40 mm/h", weather: "rain: 40, wet: 1.5, spray: 1, light: 0.4", of: cameras, faults: "lens_drops: 0.6"},
	}},
	{Weather, "snow", [3]level{
		{setting: "1 mm/h", weather: "snow: 1, light: 0.7"},
		{setting: "3 mm/h", weather: "snow: 3, light: 0.6"},
		{setting: "6 mm/h", weather: "snow: 6, light: 0.5"},
	}},
	{Weather, "night", [3]level{
		{setting: "dusk", weather: "light: 0.1, sun_elevation: -3"},
		{setting: "late dusk", weather: "light: 0.02, sun_elevation: -8"},
		{setting: "night without moon", weather: "light: 0, sun_elevation: -20"},
	}},
	{Weather, "wet_night", [3]level{
		{setting: "2 mm/h at night", weather: "light: 0, sun_elevation: -20, rain: 2, wet: 0.5, spray: 0.3"},
		{setting: "6 mm/h at night", weather: "light: 0, sun_elevation: -20, rain: 6, wet: 1, spray: 0.6"},
		{setting: "15 mm/h at night", weather: "light: 0, sun_elevation: -20, rain: 15, wet: 1.5, spray: 1"},
	}},
	{Weather, "low_sun", [3]level{
		{setting: "sun at 10 degrees, glare 0.3", weather: "sun_elevation: 10, light: 0.8", of: someCameras, faults: "glare: 0.3"},
		{setting: "sun at 5 degrees, glare 0.6", weather: "sun_elevation: 5, light: 0.8", of: someCameras, faults: "glare: 0.6"},
		{setting: "sun at 2 degrees, glare 0.9", weather: "sun_elevation: 2, light: 0.8", of: someCameras, faults: "glare: 0.9"},
	}},

	{Fault, "camera_dark", [3]level{
		{setting: "50 % of the light lost", of: cameras, faults: "darken: 0.5"},
		{setting: "75 % of the light lost", of: cameras, faults: "darken: 0.75"},
		{setting: "95 % of the light lost", of: cameras, faults: "darken: 0.95"},
	}},
	{Fault, "camera_blurred", [3]level{
		{setting: "sigma 0.3 % of the width", of: cameras, blurShare: 0.003},
		{setting: "sigma 0.7 % of the width", of: cameras, blurShare: 0.007},
		{setting: "sigma 1.5 % of the width", of: cameras, blurShare: 0.015},
	}},
	{Fault, "camera_blocked", [3]level{
		{setting: "20 % covered", of: cameras, faults: "blocked: 0.2"},
		{setting: "40 % covered", of: cameras, faults: "blocked: 0.4"},
		{setting: "70 % covered", of: cameras, faults: "blocked: 0.7"},
	}},
	{Fault, "camera_dead", [3]level{
		{setting: "the first camera", of: oneCamera, faults: "dead: true"},
		{setting: "half of the cameras", of: someCameras, faults: "dead: true"},
		{setting: "all cameras", of: cameras, faults: "dead: true"},
	}},
	{Fault, "camera_frozen", [3]level{
		{setting: "the first camera", of: oneCamera, faults: "stuck: true"},
		{setting: "half of the cameras", of: someCameras, faults: "stuck: true"},
		{setting: "all cameras", of: cameras, faults: "stuck: true"},
	}},
	{Fault, "camera_late", [3]level{
		{setting: "by 50 ms", of: cameras, faults: "delay: 50ms"},
		{setting: "by 120 ms", of: cameras, faults: "delay: 120ms"},
		{setting: "by 250 ms", of: cameras, faults: "delay: 250ms"},
	}},
	{Fault, "camera_misaligned", [3]level{
		{setting: "0.3 degrees", of: cameras, faults: turned(0.3)},
		{setting: "0.6 degrees", of: cameras, faults: turned(0.6)},
		{setting: "1 degree", of: cameras, faults: turned(1)},
	}},

	{Fault, "lidar_lost_beams", [3]level{
		{setting: "half of the beams", of: lidars, faults: "lost_beams: 0.5"},
		{setting: "three quarters", of: lidars, faults: "lost_beams: 0.75"},
		{setting: "seven eighths", of: lidars, faults: "lost_beams: 0.875"},
	}},
	{Fault, "lidar_lost_points", [3]level{
		{setting: "a quarter of the points", of: lidars, faults: "lost_points: 0.25"},
		{setting: "half", of: lidars, faults: "lost_points: 0.5"},
		{setting: "three quarters", of: lidars, faults: "lost_points: 0.75"},
	}},
	{Fault, "lidar_narrowed", [3]level{
		{setting: "90 degrees to each side left", of: lidars, faults: "field: 90"},
		{setting: "60 degrees to each side left", of: lidars, faults: "field: 60"},
		{setting: "30 degrees to each side left", of: lidars, faults: "field: 30"},
	}},
	{Fault, "lidar_blocked", [3]level{
		{setting: "20 % covered", of: lidars, faults: "blocked: 0.2"},
		{setting: "40 % covered", of: lidars, faults: "blocked: 0.4"},
		{setting: "70 % covered", of: lidars, faults: "blocked: 0.7"},
	}},
	{Fault, "lidar_dead", [3]level{
		{setting: "a third of the sweeps lost", of: lidars, faults: "drop: 0.33"},
		{setting: "two thirds of the sweeps lost", of: lidars, faults: "drop: 0.67"},
		{setting: "all lost", of: lidars, faults: "dead: true"},
	}},
	{Fault, "lidar_frozen", [3]level{
		{setting: "for the last quarter of the drive", of: lidars, faults: "stuck: true", laterMs: 1300},
		{setting: "for half of the drive", of: lidars, faults: "stuck: true", laterMs: 800},
		{setting: "for all of it", of: lidars, faults: "stuck: true"},
	}},
	{Fault, "lidar_late", [3]level{
		{setting: "by 50 ms", of: lidars, faults: "delay: 50ms"},
		{setting: "by 100 ms", of: lidars, faults: "delay: 100ms"},
		{setting: "by 200 ms", of: lidars, faults: "delay: 200ms"},
	}},
	{Fault, "lidar_misaligned", [3]level{
		{setting: "0.3 degrees", of: lidars, faults: turned(0.3)},
		{setting: "0.6 degrees", of: lidars, faults: turned(0.6)},
		{setting: "1 degree", of: lidars, faults: turned(1)},
	}},

	{Fault, "radar_interference", [3]level{
		{setting: "noise raised by 6 dB", of: radars, faults: "interference: 6"},
		{setting: "noise raised by 12 dB", of: radars, faults: "interference: 12"},
		{setting: "noise raised by 25 dB", of: radars, faults: "interference: 25"},
	}},
	{Fault, "radar_dead", [3]level{
		{setting: "the first radar", of: oneRadar, faults: "dead: true"},
		{setting: "half of the radars", of: someRadars, faults: "dead: true"},
		{setting: "all radars", of: radars, faults: "dead: true"},
	}},
	{Fault, "clock_offset", [3]level{
		{setting: "cameras and radars by 20 ms", of: allButLidars, faults: "clock_offset: 20ms"},
		{setting: "cameras and radars by 50 ms", of: allButLidars, faults: "clock_offset: 50ms"},
		{setting: "cameras and radars by 100 ms", of: allButLidars, faults: "clock_offset: 100ms"},
	}},
}
