package compare

import (
	"fmt"

	"github.com/fusiond/fusiond/sensors"
)

// Statistics is what was measured on a drive, or a part of one.
type Statistics struct {
	Sweeps, Pictures, Cars int
	// Points of all sweeps.
	Points        int
	Distributions []Distribution
	Curves        []Curve

	cameras []sensors.SensorID
}

// Numbers of the distributions of lidars; four of each camera follow.
const (
	rangeAll = iota
	heightAll
	intensityAll
	intensityRoad
	intensityCars
	roadNoise
	roadHeight
	carPart
	carDepth
	carLength
	carWidth
	carHeight
	carBottom
	carSpacing
	carDistance
	lidarDistributions
)

// Numbers of a camera's distributions.
const (
	luma = iota
	saturation
	edges
	contrast
	cameraDistributions
)

// Numbers of the curves.
const (
	pointsByRange = iota
	pointsByRing
	emptyByRing
	roadIntensity
	carPoints
	carSeen
	carsBySweep
	intensityByRange
)

const maxRingBins = 256

// newStatistics makes empty ones for a lidar of so many rings and the named cameras.
func newStatistics(rings int, cameras []sensors.SensorID) *Statistics {
	s := &Statistics{cameras: cameras}
	rings = max(1, min(rings, maxRingBins))
	dist := func(id, title, x, unit string, low, high float64, bins int) {
		s.Distributions = append(s.Distributions, Distribution{Info{id, title, x, unit}, newHistogram(low, high, bins)})
	}
	dist("lidar.range", "range of the points", "m from the lidar", "m", 0, 120, 60)
	dist("lidar.height", "height of the points over the vehicle's ground plane", "m", "m", -2, 18, 80)
	dist("lidar.intensity", "intensity of all points", "of 255", "of 255", 0, 256, 64)
	dist("lidar.intensity.road", "intensity of points on the road nearer than 30 m", "of 255", "of 255", 0, 256, 128)
	dist("lidar.intensity.cars", "intensity of points on cars", "of 255", "of 255", 0, 256, 64)
	dist("lidar.noise", "second difference of range along a ring on the road, 5 to 25 m", "mm", "mm", -100, 100, 25)
	dist("lidar.road_height", "height of the road nearer than 30 m over the vehicle's ground plane", "m", "m", -0.5, 0.5, 40)
	dist("cars.part", "where on a car points lie", "share of its height", "of the height", 0, 1, 20)
	dist("cars.depth", "how deep under its box's nearest side points lie", "m", "m", 0, 1.2, 24)
	dist("cars.length", "length of cars", "m", "m", 3, 6.5, 35)
	dist("cars.width", "width of cars", "m", "m", 1.4, 2.4, 20)
	dist("cars.height", "height of cars", "m", "m", 1.2, 2.4, 24)
	dist("cars.bottom", "height of cars' lower side over the vehicle's ground plane, nearer than 50 m", "m", "m", -1, 1, 40)
	dist("cars.spacing", "distance of a car's centre to the next car's", "m", "m", 0, 20, 40)
	dist("cars.distance", "distance of cars with at least one point", "m", "m", 0, 80, 40)
	for _, c := range cameras {
		dist("camera.luma."+string(c), string(c)+": brightness of pixels", "of 255", "of 255", 0, 256, 32)
		dist("camera.saturation."+string(c), string(c)+": saturation of pixels", "", "", 0, 1, 25)
		dist("camera.edges."+string(c), string(c)+": brightness gradient", "of 255 a pixel", "of 255 a pixel", 0, 128, 32)
		dist("camera.contrast."+string(c), string(c)+": RMS contrast in windows of 32x32 pixels", "of 255", "of 255", 0, 96, 24)
	}
	curve := func(id, title, x, unit string, low, high float64, bins int, median bool) {
		s.Curves = append(s.Curves, newCurve(Info{id, title, x, unit}, low, high, bins, median))
	}
	curve("lidar.points_by_range", "points a sweep by range", "m", "points", 0, 120, 12, false)
	curve("lidar.points_by_ring", "points a sweep by ring", "ring, 0 the lowest", "points", -0.5, float64(rings)-0.5, rings, false)
	curve("lidar.empty_by_ring", "share of beams without return by ring", "ring, 0 the lowest", "of 1", -0.5, float64(rings)-0.5, rings, false)
	curve("lidar.road_intensity", "median intensity of road by range", "m", "of 255", 0, 50, 10, true)
	curve("cars.points", "median points on a car that has any, by distance", "m", "points", 0, 80, 8, true)
	curve("cars.seen", "share of boxes of cars with at least one point, by distance", "m", "of 1", 0, 80, 8, false)
	curve("cars.count", "boxes of cars a sweep by distance", "m", "cars", 0, 80, 8, false)
	curve("lidar.intensity_by_range", "mean intensity by range", "m", "of 255", 0, 100, 10, false)
	return s
}

// camera returns the number of a camera's first distribution, -1 for one that is not compared.
func (s *Statistics) camera(name sensors.SensorID) int {
	for i, c := range s.cameras {
		if c == name {
			return lidarDistributions + i*cameraDistributions
		}
	}
	return -1
}

// merge adds what another has measured with the same measures.
func (s *Statistics) merge(o *Statistics) {
	if len(s.Distributions) != len(o.Distributions) || len(s.Curves) != len(o.Curves) {
		panic(fmt.Sprintf("compare: merge of %d and %d distributions", len(s.Distributions), len(o.Distributions)))
	}
	s.Sweeps, s.Pictures, s.Cars, s.Points = s.Sweeps+o.Sweeps, s.Pictures+o.Pictures, s.Cars+o.Cars, s.Points+o.Points
	for i := range s.Distributions {
		for j, n := range o.Distributions[i].Counts {
			s.Distributions[i].Counts[j] += n
		}
	}
	for i := range s.Curves {
		for j, v := range o.Curves[i].values {
			s.Curves[i].values[j] = append(s.Curves[i].values[j], v...)
		}
	}
}
