package camera

import (
	"math"

	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/timeline"
)

// rgb is a linear colour.
type rgb = [3]float32

// fullSunLux is the illuminance of the unit irradiance: clear noon, sun alone.
const fullSunLux = 100e3

// Daylight: project defaults in the range of published measurements (CIE 2003 standard skies for the shapes; clear skies have 3 to 8 kcd/m2
// at the zenith against 32 kcd/m2 of a sunlit white).
var (
	// sunDepth is the optical depth of clear air a unit of air mass: red is weakened least.
	sunDepth = rgb{0.10, 0.15, 0.25}
	// Radiance of the clear sky at a high sun.
	clearZenith  = rgb{0.11, 0.175, 0.30}
	clearHorizon = rgb{0.44, 0.50, 0.57}
	// Radiance of a closed cloud cover at the zenith; the horizon has a third (Moon and Spencer 1942).
	overcastZenith = rgb{0.30, 0.315, 0.34}
	// Sunlit clouds.
	cloudColor = rgb{0.70, 0.71, 0.73}
	// The glow of a town on the sky at night, and the mean colour of what stands around.
	nightSky = rgb{1.3e-6, 1.15e-6, 1.1e-6}
	earth    = rgb{0.17, 0.16, 0.145}
)

// cloudsOf names the clouds among what comes from the world's key.
const cloudsOf = 0xc10d5

// daylight is what sun and sky give at one moment.
type daylight struct {
	sun    geom.Vec // unit vector towards it
	direct rgb      // irradiance of a surface that faces the sun; zero without sun
	bright bool     // there is direct light
	// Radiance of the sky.
	zenith, horizon, cloud rgb
	cover                  float32 // share of the sky under clouds
	closed                 float32 // 0 clear .. 1 overcast
	clouds                 uint32  // their seed
	// Irradiance from the whole sky on a surface that looks up, and from the ground on one that looks down.
	above, below rgb
}

// newDaylight makes the light of a weather. Light says how bright it is against a clear sky at noon; against what the sun's height would
// give under a clear sky it says how closed the clouds are: below half there are no shadows any more.
func newDaylight(w *timeline.Weather, world chance.Key) daylight {
	var d daylight
	sinE := math.Sin(w.SunElevationRad)
	d.sun = geom.Vec{
		float32(math.Cos(w.SunElevationRad) * math.Cos(w.SunAzimuthRad)), float32(math.Cos(w.SunElevationRad) * math.Sin(w.SunAzimuthRad)), float32(sinE),
	}
	level := clamp01(w.Light / clamp01(1.15*math.Max(sinE, 0.02))) // of what a clear sky would give
	veiled := math.Max(clamp01(w.FogPerM/0.02), clamp01((w.RainMmH+w.SnowMmH)/2))
	open := smoothstep(0.25, 0.75, level) * (1 - veiled)
	if sinE <= 0 {
		open = 0
	}
	d.closed = float32(1 - open)
	mass := 1 / (math.Max(sinE, 0) + 0.50572*math.Pow(math.Max(w.SunElevationRad*180/math.Pi, 0)+6.07995, -1.6364)) // Kasten and Young 1989
	high := 0.3 + 0.7*math.Sqrt(clamp01(sinE))
	for i := range 3 {
		through := math.Exp(-float64(sunDepth[i]) * (mass - 1))
		d.direct[i] = float32(0.92 * open * level * through)
		// Towards a low sun the horizon takes on its colour.
		warm := 1 + 0.5*(through/math.Exp(-float64(sunDepth[1])*(mass-1))-1)
		dull := 0.5 + 0.5*clamp01(sinE*1.6)
		d.zenith[i] = float32(level*high)*(clearZenith[i]*float32(open)) + float32(level*dull*(1-open))*overcastZenith[i]
		d.horizon[i] = float32(level*high*warm)*(clearHorizon[i]*float32(open)) + float32(level*dull*(1-open))*overcastZenith[i]*0.75
		d.cloud[i] = float32(level*high*math.Min(warm, 1.3))*cloudColor[i]*float32(open) + float32(level*dull*(1-open))*overcastZenith[i]*0.8
		d.zenith[i] += nightSky[i]
		d.horizon[i] += 2.5 * nightSky[i]
		d.cloud[i] += 2 * nightSky[i]
	}
	d.bright = d.direct[1] > 1e-6
	key := world.At(cloudsOf)
	d.clouds = uint32(key.Uint64())
	d.cover = 0.15 + 0.35*key.At(1).Float32()
	d.cover += (0.75 - d.cover) * d.closed
	ground := rgb{}
	for i := range 3 {
		// The mean over the hemisphere, weighted with the cosine, of zenith + (horizon - zenith) exp(-4 sin): the horizon counts 0.22.
		d.above[i] = d.zenith[i] + 0.22*(d.horizon[i]-d.zenith[i])
		d.above[i] += 0.3 * d.cover * (1 - d.closed) * (d.cloud[i] - d.above[i])
		ground[i] = d.above[i] + d.direct[i]*max(d.sun[2], 0)
		d.below[i] = 0.8 * earth[i] * ground[i]
	}
	return d
}

// sky is the radiance from a direction above the horizon; below, that of the far ground.
func (d *daylight) sky(dir geom.Vec, clouds bool) rgb {
	up := max(dir[2], 0)
	low := exp(-4 * up)
	var c rgb
	for i := range 3 {
		c[i] = d.zenith[i] + low*(d.horizon[i]-d.zenith[i])
	}
	if clouds && up > 0.01 && d.cover > 0 {
		d.addClouds(&c, dir, up)
	}
	if d.bright {
		a := max(dir.Dot(d.sun), 0)
		a2 := a * a
		a8 := a2 * a2 * a2 * a2
		a64 := a8 * a8
		a64 *= a64 * a64 * a64
		glow := 0.06*a8 + 0.25*a64
		for i := range 3 {
			c[i] += glow * d.direct[i]
		}
	}
	return c
}

// addClouds lays a layer of smooth noise over the sky that thins towards the horizon.
func (d *daylight) addClouds(c *rgb, dir geom.Vec, up float32) {
	s := 1.3 / (up + 0.12)
	x, y := dir[0]*s, dir[1]*s
	n := 0.55*cloudNoise(x, y, d.clouds) + 0.28*cloudNoise(2.1*x+7, 2.1*y, d.clouds) + 0.17*cloudNoise(4.4*x, 4.4*y+3, d.clouds)
	thick := clamp01f((n-(0.72-0.5*d.cover))*4) * min(up*9, 1)
	shade := 1 - 0.25*clamp01f((n-0.55)*3)
	for i := range 3 {
		c[i] += 0.8 * thick * (d.cloud[i]*shade - c[i])
	}
}

// disc is the radiance that the sun adds to a pixel of pixelRad at an angle; its light is spread over at least a pixel.
func (d *daylight) disc(dir geom.Vec, pixelRad float32) float32 {
	const sunRad = 0.00465
	r := max(sunRad, 0.8*pixelRad)
	cos := dir.Dot(d.sun)
	if cos < 1-r*r/2 {
		return 0
	}
	return min(1/(r*r), 4000) // irradiance over solid angle, pi taken in
}

// around is the radiance that a mirror-like surface sees without asking the scene: sky above, houses and trees up to some height, ground
// below. rough surfaces see it blurred, which this ignores.
func (d *daylight) around(dir geom.Vec) rgb {
	if dir[2] < -0.02 {
		return d.below
	}
	c := d.sky(dir, false)
	houses := clamp01f(1 - dir[2]*3.5)
	for i := range 3 {
		c[i] += houses * 0.75 * (1.2*d.below[i] - c[i])
	}
	return c
}

// ambient is the irradiance on a surface from sky and ground when nothing stands near.
func (d *daylight) ambient(n geom.Vec) rgb {
	up := 0.5 + 0.5*n[2]
	return rgb{d.below[0] + up*(d.above[0]-d.below[0]), d.below[1] + up*(d.above[1]-d.below[1]), d.below[2] + up*(d.above[2]-d.below[2])}
}
