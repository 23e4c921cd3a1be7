package camera

import (
	"math"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/geom"
)

const (
	// Sky is the object of a pixel without surface; geom.Static that of the world that does not move.
	Sky = -2
	// farM ends rays.
	farM = 1500
)

// Frame is the memory of one picture of a camera. After Begin, RenderRows may run for bands of rows at once in several goroutines; the
// rest belongs to one. It is reused from picture to picture and then allocates nothing.
type Frame struct {
	// Image is linear light and distance (along the ray, m; +Inf for the sky), complete after Finish. Its memory belongs to the frame.
	Image effect.Image
	// Object is what each pixel shows: an instance's object, geom.Static or Sky. Where a pixel has several rays, Distance and Object are
	// those of the one in the middle of the exposure.
	Object []int32

	camera *Camera
	moment Moment
	day    daylight
	// Of each pixel: the light that comes from the sky all around when nothing is near, what share of it is free, and the way the
	// surface looks, for the filter of that share.
	ambient []rgb
	free    []float32
	normal  []geom.Vec
	// open is free after the filter; edge marks the pixels that get more rays. Both are made by Finish.
	open []float32
	edge []bool

	openAt, closeAt     geom.Vec
	openRows, closeRows [3]geom.Vec // scene from camera
	wet                 float32
	lamps               []litLamp
	cells               []lampCell
	middle              float32 // time of the scene in the middle of the exposure, at which lamps stand where they are said to
	dark                bool    // lamps light the scene
	faint               bool    // the sky hardly does
	glow                rgb     // irradiance that everything around scatters of them
}

// NewFrame makes the memory of one picture.
func (c *Camera) NewFrame() *Frame {
	n := len(c.rays)
	return &Frame{
		camera: c, Object: make([]int32, n), ambient: make([]rgb, n), free: make([]float32, n), normal: make([]geom.Vec, n),
		open: make([]float32, n), edge: make([]bool, n),
		Image: effect.Image{W: c.intrinsics.Width, H: c.intrinsics.Height, RGB: make([]float32, 3*n), Distance: make([]float32, n)},
	}
}

// Render makes the whole picture in this goroutine.
func (f *Frame) Render(m *Moment) {
	f.Begin(m)
	f.RenderRows(0, f.Image.H)
	f.Finish()
}

// Begin starts a picture of a moment.
func (f *Frame) Begin(m *Moment) {
	f.moment = *m
	f.day = newDaylight(&m.Weather, m.World)
	f.openAt, f.openRows = f.place(m.Open)
	f.closeAt, f.closeRows = f.place(m.Close)
	f.middle = (m.OpenTime + m.CloseTime) / 2
	f.wet = float32(clamp01(m.Weather.WetMm / closedFilmMm))
	f.faint = f.day.above[1]*fullSunLux < faintSkyLux
	f.prepareLamps()
}

// place returns position and rotation of a pose in the scene.
func (f *Frame) place(worldFromSensor sensors.Pose) (geom.Vec, [3]geom.Vec) {
	o, t, m := f.moment.Origin, worldFromSensor.Translation, worldFromSensor.Matrix()
	var rows [3]geom.Vec
	for i, v := range m {
		rows[i/3][i%3] = float32(v)
	}
	return geom.Vec{float32(t.X - o.X), float32(t.Y - o.Y), float32(t.Z - o.Z)}, rows
}

func turn(rows *[3]geom.Vec, v geom.Vec) geom.Vec {
	return geom.Vec{rows[0].Dot(v), rows[1].Dot(v), rows[2].Dot(v)}
}

// RenderRows casts the rays of rows from..to-1, of 0..height-1.
func (f *Frame) RenderRows(from, to int) {
	w := f.Image.W
	for pixel := from * w; pixel < to*w; pixel++ {
		f.pixel(pixel)
	}
}

// pixel renders one pixel: the mean of its samples.
func (f *Frame) pixel(pixel int) {
	f.Image.Distance[pixel], f.Object[pixel] = float32(math.Inf(1)), Sky
	f.ambient[pixel], f.free[pixel], f.normal[pixel] = rgb{}, 1, geom.Vec{}
	out := f.Image.RGB[3*pixel : 3*pixel+3 : 3*pixel+3]
	out[0], out[1], out[2] = 0, 0, 0
	if f.camera.rays[pixel] == (geom.Vec{}) {
		return // outside the lens
	}
	n := f.camera.samples
	share := 1 / float32(n)
	var sum, ambient rgb
	free, freeOf := float32(0), float32(0)
	start := float32(0.5)
	if n > 1 {
		start = f.moment.Frame.At(uint64(pixel)).Float32()
	}
	for s := range n {
		look := f.look(pixel, s, (float32(s)+start)*share)
		got := f.trace(&look, true)
		for i := range 3 {
			sum[i] += got.light[i]
			ambient[i] += got.ambient[i]
		}
		if got.object != Sky {
			free += got.free
			freeOf++
		}
		if s == n/2 {
			f.Image.Distance[pixel], f.Object[pixel], f.normal[pixel] = got.distance, got.object, got.normal
		}
	}
	for i := range 3 {
		out[i] = sum[i] * share
		f.ambient[pixel][i] = ambient[i] * share
	}
	if freeOf > 0 {
		f.free[pixel] = free / freeOf
	}
}

// look is ray s of a pixel at a share of the exposure.
func (f *Frame) look(pixel, s int, at float32) view {
	local := f.camera.ray(pixel, s)
	a, b := turn(&f.openRows, local), turn(&f.closeRows, local)
	return view{
		origin: f.openAt.Lerp(f.closeAt, at), dir: a.Lerp(b, at).Unit(), pixel: pixel, sample: s,
		time: f.moment.OpenTime + at*(f.moment.CloseTime-f.moment.OpenTime),
	}
}

// Finish completes the picture after all rows: light from around, edges, and the lamps themselves.
func (f *Frame) Finish() {
	f.addAmbient()
	if f.camera.edges > 0 {
		f.smoothEdges()
	}
	f.drawLamps()
	f.moment.Lamps, f.moment.Scene = nil, nil
}
