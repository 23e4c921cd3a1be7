package camera

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/timeline"
)

// Sensor is the noise and the reach of the image sensor, in electrons of one of its pixels: 10 000 at the brightest light that it tells
// apart, 4 of read noise. MaxShutter is how much longer than in full sun the shutter may stay open (20 ms against 20 us), MaxGain the most
// that it amplifies after that, 24 dB.
var Sensor = effect.Exposure{FullWell: 10000, ReadNoise: 4, MaxShutter: 1000, MaxGain: 16}

// DefaultQuality of the JPEG.
const DefaultQuality = 90

// toneSteps divides the sensor's range in the table of the tone curve, evenly in the square root of light.
const toneSteps = 4096

// tone is the curve from the sensor's light 0..1 to codes: sRGB with a shoulder instead of a hard edge at white, and a little steeper in
// the middle, as cameras are set.
var tone = func() (t [toneSteps + 1]uint8) {
	for i := range t {
		v := float64(i) / toneSteps
		x := effect.ToSRGB(shoulderOf(v * v * headroom))
		x += contrast * x * (1 - x) * (2*x - 1)
		t[i] = uint8(math.Round(255 * x))
	}
	return t
}()

func shoulderOf(x float64) float64 {
	if x <= shoulder {
		return x
	}
	return shoulder + (1-shoulder)*(1-math.Exp(-(x-shoulder)/(1-shoulder)))
}

// Developer turns pictures in linear light into what the camera sends. It owns scratch memory: one a camera, one picture at a time.
type Developer struct {
	effects *effect.Camera
	sensor  effect.Exposure
	// egoFromSensor turns rays into vehicle axes, in which fog has its patches.
	egoFromSensor sensors.Pose
	patch         []float32
	bright        []rgb // for halo
	codes         *image.RGBA
	file          bytes.Buffer
	options       jpeg.Options
}

// NewDeveloper makes the developer of a camera of the rig. quality of the JPEG is 1 to 100 (0 = DefaultQuality). Faults in pixels are
// those of the sensor's own size; the noise is that of its own pixels, of which a smaller picture averages several.
func NewDeveloper(c *Camera, s *sensors.Sensor, quality int) (*Developer, error) {
	if quality == 0 {
		quality = DefaultQuality
	}
	if quality < 1 || quality > 100 {
		return nil, fmt.Errorf("make developer of camera %s: JPEG quality %d: must be 1 to 100", s.Name, quality)
	}
	k := &c.intrinsics
	scale := float64(k.Width) / float64(s.Intrinsics.Width)
	return &Developer{
		options: jpeg.Options{Quality: quality}, codes: image.NewRGBA(image.Rect(0, 0, k.Width, k.Height)), egoFromSensor: s.EgoFromSensor,
		sensor:  Sensor.Binned(math.Min(scale, 1)),
		effects: effect.NewCamera(effect.CameraSpec{FocalPx: (k.Fx + k.Fy) / 2, CentreX: k.Cx, CentreY: k.Cy, HorizonPx: k.Cy, Scale: scale}),
	}, nil
}

// Capture is what a picture meets on its way through air, lens and sensor.
type Capture struct {
	Conditions *timeline.Conditions
	// Velocity of the camera in its own axes, m/s: rain and snow come from ahead.
	Velocity r3.Vec
	// Fog is the field of patches around the vehicle, placed at this moment; nil = even fog.
	Fog *effect.FogField
	// Sensor is the key of what stays on this camera (dirt, drops on the lens); Index the number of the picture.
	Sensor chance.Key
	Index  uint64
}

// Picture is what comes out. Its memory belongs to the Developer until the next picture.
type Picture struct {
	RGBA *image.RGBA
	JPEG []byte
	// Gain is the exposure against that of full sun (shutter times amplification) that the meter chose.
	Gain float64
}

// Develop exposes a finished frame and encodes it. It changes the frame's Image. In the order in which light meets things: air (fog, rain,
// snow), light meter, lens (sun, drops, defocus, dirt), meter again, sensor with its noise, tone curve, JPEG. The error is the encoder's.
func (d *Developer) Develop(f *Frame, c *Capture) (Picture, error) {
	m := &f.Image
	key := c.Sensor.At(frames).At(c.Index)
	scene := f.effectScene(c.Velocity)
	d.air(f, c, &scene, key)
	gain := d.lens(m, c, &scene)
	expose(m, &d.sensor, gain, key.At(noise))
	develop(d.codes, m)
	d.file.Reset()
	if err := jpeg.Encode(&d.file, d.codes, &d.options); err != nil {
		return Picture{}, fmt.Errorf("encode picture %d of %dx%d: %w", c.Index, m.W, m.H, err)
	}
	return Picture{RGBA: d.codes, JPEG: d.file.Bytes(), Gain: float64(gain)}, nil
}

// frames and noise name sources of chance below the sensor's key and a frame's.
const (
	frames = 1
	noise  = 2
)

// air lays what is in the air over a rendered picture.
func (d *Developer) air(f *Frame, c *Capture, scene *effect.CameraScene, key chance.Key) {
	f.Image.Patch = d.patches(f, c)
	d.effects.Scene(&f.Image, c.Conditions, scene, key)
	f.Image.Patch = nil
}

// lens scales a picture so that 1 is white, lays what is on the lens over it, and returns the gain.
func (d *Developer) lens(m *effect.Image, c *Capture, scene *effect.CameraScene) float32 {
	gain := meter(m, 1)
	scale(m, gain)
	fault := &c.Conditions.Fault
	d.effects.Lens(m, fault, scene, c.Sensor)
	if fault.Glare > 0 || fault.LensDrops > 0 || fault.BlockedShare > 0 {
		more := meter(m, gain)
		scale(m, more)
		gain *= more
	}
	d.halo(m)
	if fault.Darken > 0 {
		scale(m, float32(1-math.Min(fault.Darken, 1)))
	}
	return gain
}

// effectScene says what the effects must know of the rendered scene.
func (f *Frame) effectScene(velocity r3.Vec) effect.CameraScene {
	down := f.openRows[2] // the scene's z in the camera's axes
	s := effect.CameraScene{
		Velocity: [3]float64{velocity.X, velocity.Y, velocity.Z},
		Down:     [3]float64{-float64(down[0]), -float64(down[1]), -float64(down[2])},
	}
	for i := range 3 {
		s.Airlight[i] = f.day.horizon[i] + 0.25*f.glow[i]
	}
	if f.day.sun[2] > 0 {
		if x, y, ok := f.project(f.day.sun); ok {
			s.Sun, s.HasSun = [2]float64{float64(x), float64(y)}, true
		}
	}
	return s
}

// patches fills how thick the fog is on the way to each pixel.
func (d *Developer) patches(f *Frame, c *Capture) []float32 {
	if c.Fog == nil || !(c.Conditions.FogPerM > 0) {
		return nil
	}
	rays := f.camera.rays
	if d.patch == nil {
		d.patch = make([]float32, len(rays))
	}
	m := d.egoFromSensor.Matrix()
	for i, r := range rays {
		x := float32(m[0])*r[0] + float32(m[1])*r[1] + float32(m[2])*r[2]
		y := float32(m[3])*r[0] + float32(m[4])*r[1] + float32(m[5])*r[2]
		d.patch[i] = c.Fog.Mean(x, y, f.Image.Distance[i])
	}
	return d.patch
}

// develop lays the tone curve over what the sensor read.
func develop(dst *image.RGBA, m *effect.Image) {
	for i := range m.W * m.H {
		p, q := m.RGB[3*i:3*i+3:3*i+3], dst.Pix[4*i:4*i+4:4*i+4]
		grey := (1 - purity) * effect.Luminance(p[0], p[1], p[2])
		for c := range p {
			q[c] = tone[toneIndex(grey+purity*p[c])]
		}
		q[3] = 255
	}
}

func toneIndex(v float32) int { return int(float32(math.Sqrt(float64(clamp01f(v))))*toneSteps + 0.5) }

func scale(m *effect.Image, s float32) {
	for i := range m.RGB {
		m.RGB[i] *= s
	}
}
