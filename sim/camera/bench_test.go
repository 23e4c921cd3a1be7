package camera

import (
	"math"
	"testing"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/timeline"
)

var clearDay = timeline.Weather{Light: 1, SunElevationRad: 0.8, SunAzimuthRad: 2}

// around turns the camera of a moment to the left.
func around(m *Moment, yaw float64) *Moment {
	turned := *m
	left := sensors.FromYaw(yaw, m.Open.Translation).Mul(forward(0))
	turned.Open, turned.Close = left, left
	turned.Close.Translation = m.Close.Translation
	return &turned
}

func BenchmarkRender(b *testing.B) {
	for _, c := range []struct {
		name          string
		width, height int
		views         int
		edges         int
		weather       timeline.Weather
	}{
		{"six 256x96 by day", 256, 96, 6, 0, clearDay},
		{"six 256x96 by day with edges", 256, 96, 6, 3, clearDay},
		{"six 256x96 wet night", 256, 96, 6, 0, wetNight},
		{"1600x900 by day", 1600, 900, 1, 0, clearDay},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := rigCamera(sensors.PinholeRadTan)
			if c.height == 96 { // the upper part of the picture only: a wide strip
				s.Intrinsics.Height, s.Intrinsics.Cy = 600, 250
			}
			cam, err := New(s, Options{Width: c.width, Height: c.height, EdgeSamples: c.edges})
			if err != nil {
				b.Fatal(err)
			}
			f := cam.NewFrame()
			m := townMoment(c.weather)
			f.Render(m)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				for k := range c.views {
					f.Render(around(m, 2*math.Pi*float64(k)/6+0.01*float64(i)))
				}
			}
			b.ReportMetric(float64(townSolid().Triangles()), "triangles")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*c.views*c.width*c.height), "ns/pixel")
		})
	}
}

func BenchmarkDevelop(b *testing.B) {
	s := rigCamera(sensors.PinholeRadTan)
	cam, err := New(s, Options{Width: 320, Height: 180})
	if err != nil {
		b.Fatal(err)
	}
	f := cam.NewFrame()
	d, err := NewDeveloper(cam, s, 0)
	if err != nil {
		b.Fatal(err)
	}
	f.Render(townMoment(clearDay))
	raw := append([]float32(nil), f.Image.RGB...)
	c := &Capture{Conditions: &timeline.Conditions{Weather: clearDay}, Sensor: chance.Of(1, "CAM_FRONT")}
	b.ReportAllocs()
	for b.Loop() {
		copy(f.Image.RGB, raw)
		if _, err := d.Develop(f, c); err != nil {
			b.Fatal(err)
		}
	}
}
