package effect

import (
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/timeline"
)

// CameraSpec is what the effects must know about a camera, in pixels of the pictures they get.
type CameraSpec struct {
	FocalPx, CentreX, CentreY float64
	// HorizonPx is the row of the horizon.
	HorizonPx float64
	// Scale is the size of these pictures over that of the recorded ones: faults in pixels of the recorded picture are multiplied by it.
	// 0 = 1.
	Scale float64
	// ExposureS is the exposure by day, s; 0 = 5 ms.
	ExposureS float64
	// Sensor is the noise model; in pixels of the recorded picture; zero = DefaultExposure.
	Sensor Exposure
}

// CameraScene is what a picture does not say about its scene.
type CameraScene struct {
	// Velocity of the camera in its own axes (x right, y down, z forward), m/s, and the direction of gravity there (zero = down).
	Velocity, Down [3]float64
	// Airlight; zero = estimated from the picture by Airlight.
	Airlight [3]float32
	// Relight: the picture was taken by day and the weather's Light is to be applied to it. Simulated pictures have their own light.
	Relight bool
	// Sun is the sun's place in pixels when HasSun; else glare comes from a place of the sensor's key in the upper half.
	Sun    [2]float64
	HasSun bool
}

// Camera applies weather and faults to the pictures of one sensor.
type Camera struct {
	spec    CameraSpec
	soft    []float32 // a blurred copy
	scratch []float32
	dirt    dirt
}

// NewCamera makes the effects of one camera.
func NewCamera(spec CameraSpec) *Camera {
	if spec.Scale == 0 {
		spec.Scale = 1
	}
	if spec.ExposureS == 0 {
		spec.ExposureS = 5e-3
	}
	if spec.Sensor == (Exposure{}) {
		spec.Sensor = DefaultExposure
	}
	spec.Sensor = spec.Sensor.Binned(min(spec.Scale, 1))
	return &Camera{spec: spec}
}

// hazeTarget is the mean linear luminance that a meter allows a bright, even picture.
const hazeTarget = 0.35

// Apply changes a picture in the order in which light meets things: the scene, the air, the lens, the sensor. sensor is the key of what
// stays in place, frame the frame's number. The sensor's own noise is added only where light or gain changed: a recorded picture has its
// noise already, and so has a simulated one.
func (c *Camera) Apply(m *Image, w *timeline.Conditions, scene *CameraScene, sensor chance.Key, frame uint64) {
	metered := m.meanLuminance()
	key := sensor.With("frame").At(frame)
	dark := scene.Relight && w.Light < 1
	c.Scene(m, w, scene, key)
	c.Lens(m, &w.Fault, scene, sensor)
	if dark || w.Darken > 0 || c.changesLight(w) {
		target := metered
		if dark {
			target *= float32(0.35 + 0.65*min(max(w.Light, 0), 1)) // night pictures are meant to look dark
		}
		gain := c.spec.Sensor.Gain(target, m.meanLuminance())
		if !dark { // haze and glare brighten: a picture of middle grey is what meters aim at
			gain = min(c.spec.Sensor.Gain(max(metered, hazeTarget), m.meanLuminance()), 1)
		}
		c.spec.Sensor.Expose(m, gain*float32(1-min(max(w.Darken, 0), 1)), key.With("noise"))
	}
}

func (c *Camera) changesLight(w *timeline.Conditions) bool {
	return w.Glare > 0 || AirExtinctionPerM(&w.Weather) > 0
}

// Scene applies what lies between things and lens: light, water on the road, haze, drops and flakes in the air.
func (c *Camera) Scene(m *Image, w *timeline.Conditions, scene *CameraScene, key chance.Key) {
	if scene.Relight {
		Relight(m, w.Light, c.spec.HorizonPx)
	}
	WetRoad(m, w.WetMm)
	air := AirExtinctionPerM(&w.Weather)
	if air <= 0 {
		return
	}
	light := scene.Airlight
	if light == ([3]float32{}) {
		light = Airlight(m)
	}
	Koschmieder(m, w.FogPerM, air-w.FogPerM, light)
	v := View{
		FocalPx: c.spec.FocalPx, CentreX: c.spec.CentreX, CentreY: c.spec.CentreY,
		ExposureS: c.spec.ExposureS * (1 + 3*(1-min(max(w.Light, 0), 1))), Velocity: scene.Velocity, Down: scene.Down,
	}
	Rain(m, w.RainMmH, &v, light, key.With("rain"))
	Snow(m, w.SnowMmH, &v, light, key.With("snow"))
}

// Lens applies what is on or in the lens: sun, drops, defocus, dirt.
func (c *Camera) Lens(m *Image, f *timeline.Fault, scene *CameraScene, sensor chance.Key) {
	if f.Glare > 0 {
		sun := scene.Sun
		if !scene.HasSun {
			k := sensor.With("sun")
			sun = [2]float64{k.Float64() * float64(m.W), (0.1 + 0.3*k.At(1).Float64()) * float64(m.H)}
		}
		Glare(m, f.Glare, sun[0], sun[1], c.spec.FocalPx)
	}
	c.Drops(m, f.LensDrops, sensor.With("drops"))
	if f.BlurPx > 0 {
		c.Defocus(m, f.BlurPx*c.spec.Scale)
	}
	c.Dirt(m, f.BlockedShare, sensor.With("dirt"))
}

// Defocus blurs a picture with a Gaussian of sigma pixels of this picture.
func (c *Camera) Defocus(m *Image, sigma float64) {
	c.room(len(m.RGB))
	blur(m.RGB, c.scratch, m.W, m.H, sigma)
}

// blurred fills soft with a blurred copy.
func (c *Camera) blurred(m *Image, sigma float64) {
	c.room(len(m.RGB))
	copy(c.soft, m.RGB)
	blur(c.soft, c.scratch, m.W, m.H, sigma)
}

func (c *Camera) room(n int) {
	if cap(c.soft) < n {
		c.soft, c.scratch = make([]float32, n), make([]float32, n)
	}
	c.soft, c.scratch = c.soft[:n], c.scratch[:n]
}
