package effect

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/fusiond/fusiond/sim/chance"
)

// TestStreakLight: a drop's streak carries the light of its disc, however fast it is.
func TestStreakLight(t *testing.T) {
	v := View{FocalPx: 500, CentreX: 100, CentreY: 100}
	for _, c := range []struct {
		name   string
		dy, d  float64
		absTol float64 // relative
	}{
		{"slow and large", 0, 0.02, 0.02},
		{"slow and small", 0, 0.002, 0.05},
		{"fast and small", 0.05, 0.002, 0.05},
		{"fast and large", 0.05, 0.02, 0.08},
	} {
		m := even(200, 200, 0, 100)
		light := [3]float32{1, 1, 1}
		m.streak([3]float64{0, -c.dy, 1}, [3]float64{0, c.dy, 1}, c.d, &v, &light)
		sum := 0.0
		for i := 0; i < len(m.RGB); i += 3 {
			sum += float64(m.RGB[i])
		}
		width := 500 * c.d
		near(t, c.name, sum, math.Pi/4*width*width, c.absTol+0.08*math.Min(1, 1/width))
	}
	m := even(200, 200, 0, 0.5) // a wall at 0.5 m hides a drop at 1 m
	light := [3]float32{1, 1, 1}
	m.streak([3]float64{0, 0, 1}, [3]float64{0, 0, 1}, 0.02, &v, &light)
	if i := slices.IndexFunc(m.RGB, func(x float32) bool { return x != 0 }); i >= 0 {
		t.Errorf("a drop behind a wall shows at %d", i)
	}
}

func TestRainFall(t *testing.T) {
	for _, c := range []struct{ d, want float64 }{{1, 3.997}, {2, 6.548}, {5, 9.137}, {0.05, 0}} {
		within(t, fmt.Sprintf("%g mm", c.d), RainFall(c.d), c.want, 0.01)
	}
}

// TestRainShows: more rain changes more, nothing changes behind near walls, and streaks get longer with the exposure.
func TestRainShows(t *testing.T) {
	changed := func(rate, exposure float64, distance float32) int {
		m := even(256, 96, 0.1, distance)
		v := View{FocalPx: 230, CentreX: 128, CentreY: 48, ExposureS: exposure}
		Rain(m, rate, &v, [3]float32{0.8, 0.8, 0.8}, cameraKey)
		n := 0
		for i := 0; i < len(m.RGB); i += 3 {
			if m.RGB[i] != 0.1 {
				n++
			}
		}
		return n
	}
	none, light, heavy, long, wall := changed(0, 5e-3, 50), changed(1, 5e-3, 50), changed(5, 5e-3, 50), changed(5, 2e-2, 50), changed(50, 5e-3, 0.3)
	if none != 0 || wall != 0 || !(0 < light && light < heavy && heavy < long) {
		t.Errorf("pixels changed: %d without rain, %d light, %d heavy, %d heavy and long, %d behind a wall", none, light, heavy, long, wall)
	}
}

// TestStreakCover: the share of the view that drops and flakes cover is their number in a cubic metre, times the mean of their
// cross-sections, times the depth of the space that they are drawn in: for an exponential law cut at s, E[d^2] = s^2 + 2 s/L + 2/L^2.
func TestStreakCover(t *testing.T) {
	for _, c := range []struct {
		name                  string
		draw                  func(m *Image, v *View, key chance.Key)
		p                     Drops
		smallest, deep, swell float64
	}{
		{
			"rain", func(m *Image, v *View, key chance.Key) { Rain(m, 3, v, [3]float32{1 / 0.94, 1, 1}, key) },
			RainDrops(3), 0.8, 6 - 0.4, 1,
		},
		{
			"snow", func(m *Image, v *View, key chance.Key) { Snow(m, 0.05, v, [3]float32{1 / 0.9, 1, 1}, key) },
			SnowFlakes(0.05), 0.7, 15 - 0.4, 2.154,
		},
	} {
		const frames = 300
		sum := 0.0
		for i := range frames {
			m := even(64, 64, 0, 100)
			c.draw(m, &View{FocalPx: 300, CentreX: 32, CentreY: 32, ExposureS: 1e-3}, cameraKey.At(uint64(i)))
			for j := 0; j < len(m.RGB); j += 3 {
				sum += float64(m.RGB[j])
			}
		}
		s, l := c.smallest, c.p.RatePerMm
		square := c.swell * c.swell * (s*s + 2*s/l + 2/(l*l))
		want := c.p.PerM3(s) * math.Pi / 4 * 1e-6 * square * c.deep
		near(t, c.name, sum/(frames*64*64), want, 0.2) // near drops are few and count for much
	}
}

// TestStreakLightness: rain is as bright as 0.94 of its surroundings, snow as 0.9: before such a ground they do not show.
func TestStreakLightness(t *testing.T) {
	one := [3]float32{1, 1, 1}
	v := View{FocalPx: 150, CentreX: 64, CentreY: 64, ExposureS: 1e-3}
	for _, c := range []struct {
		name string
		draw func(m *Image)
		want float32
	}{
		{"rain", func(m *Image) { Rain(m, 5, &v, one, cameraKey) }, 0.94},
		{"snow", func(m *Image) { Snow(m, 1, &v, one, cameraKey) }, 0.9},
	} {
		m := even(128, 128, c.want, 100)
		c.draw(m)
		if low, high := slices.Min(m.RGB), slices.Max(m.RGB); low != c.want || high != c.want {
			t.Errorf("%s: %g to %g, want %g everywhere", c.name, low, high, c.want)
		}
	}
}
