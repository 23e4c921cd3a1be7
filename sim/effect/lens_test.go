package effect

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func TestBlur(t *testing.T) {
	for _, sigma := range []float64{0.3, 0.6, 1, 2.5, 4, 7} {
		const w, h = 101, 81
		data := make([]float32, 3*w*h)
		data[3*(40*w+50)+1] = 1
		blur(data, make([]float32, 3*w*h), w, h, sigma)
		var sum, xx, yy float64
		for i := range w * h {
			v := data[3*i+1]
			if data[3*i] != 0 || data[3*i+2] != 0 {
				t.Fatalf("sigma %g: colours mix at %d", sigma, i)
			}
			x, y := float64(i%w-50), float64(i/w-40)
			sum, xx, yy = sum+float64(v), xx+x*x*float64(v), yy+y*y*float64(v)
		}
		near(t, fmt.Sprintf("sigma %g: light", sigma), sum, 1, 1e-4)
		within(t, fmt.Sprintf("sigma %g: across", sigma), math.Sqrt(xx), sigma, 0.01)
		within(t, fmt.Sprintf("sigma %g: down", sigma), math.Sqrt(yy), sigma, 0.01)
	}
	flat := []float32{1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3}
	want := slices.Clone(flat)
	blur(flat, make([]float32, 12), 2, 2, 9)
	for i := range flat {
		within(t, "an even picture", float64(flat[i]), float64(want[i]), 1e-5)
	}
}

func TestGlare(t *testing.T) {
	m := even(400, 300, 0.1, 50)
	Glare(m, 1, 100, 80, 360)
	at := func(x, y int) float64 { return float64(m.RGB[3*(y*400+x)]) - 0.1 }
	if got := at(100, 80); got < 8 {
		t.Errorf("the sun's centre: %g, want far above white", got)
	}
	// 10 E/theta^2 with theta from the pinhole: 100 px are 15.9 degrees.
	theta := 100 * 180 / math.Pi / 360
	near(t, "veil 100 px to the right", at(200, 80), 10*glareE/(theta*theta), 0.01)
	near(t, "veil 100 px down", at(100, 180), 10*glareE/(theta*theta), 0.01)
	if at(300, 80) >= at(200, 80) {
		t.Error("the veil does not fall with the angle")
	}
	centre := at(200-int(0.6*(100-200)), 150-int(0.6*(80-150)))
	rough := at(200-int(0.6*(100-200)), 150+int(0.6*(80-150)))
	if centre == rough {
		t.Error("no ghost")
	}
}

func TestDirtCoversItsShare(t *testing.T) {
	for _, share := range []float64{0.05, 0.3, 0.7, 1} {
		m := even(160, 90, 0.5, 10)
		before := m.clone()
		c := NewCamera(specOf(160, 90))
		c.Dirt(m, share, cameraKey)
		dark := 0
		for i := range m.Distance {
			if m.RGB[3*i] < 0.5*before.RGB[3*i] {
				dark++
			}
		}
		within(t, fmt.Sprintf("share %g", share), float64(dark)/float64(len(m.Distance)), share, 0.06)
	}
	// The patches stay where they are, and more includes less.
	var less, more dirt
	less.set(64, 48, 0.2, cameraKey)
	more.set(64, 48, 0.4, cameraKey)
	for i := range less.cover {
		if less.cover[i] > more.cover[i] {
			t.Fatalf("pixel %d is covered by %g at 0.2 and by %g at 0.4", i, less.cover[i], more.cover[i])
		}
	}
}

func TestLensDrops(t *testing.T) {
	at := func(strength float64) []float32 {
		m := pictureOf(160, 90)
		NewCamera(specOf(160, 90)).Drops(m, strength, cameraKey)
		return m.RGB
	}
	changed := func(a, b []float32) (n int) {
		for i := range a {
			if a[i] != b[i] {
				n++
			}
		}
		return n
	}
	none, few, many := at(0), at(0.2), at(1)
	a, b := changed(none, few), changed(none, many)
	if !(a > 100 && b > 2*a && b < len(none)/2) {
		t.Errorf("%d values changed by few drops, %d by many, of %d", a, b, len(none))
	}
	if changed(few, at(0.2)) != 0 {
		t.Error("drops moved between frames")
	}
	// A drop turns the scene over: its upper part shows what is below.
	m := even(200, 200, 0, 10)
	for i := 100 * 200 * 3; i < len(m.RGB); i++ {
		m.RGB[i] = 1
	}
	c := NewCamera(specOf(200, 200))
	c.blurred(m, 1)
	c.drop(m, &lensDrop{x: 100, y: 100, radius: 20, tall: 1})
	if up, down := m.RGB[3*(92*200+100)], m.RGB[3*(108*200+100)]; !(up > 0.7 && down < 0.3) {
		t.Errorf("upper half %g, lower half %g: want bright over dark", up, down)
	}
}

func TestMirror(t *testing.T) {
	for _, c := range []struct {
		x    float32
		want int
	}{{0, 0}, {9.9, 9}, {10, 8}, {-1, 1}, {-9, 9}, {-10, 8}, {17, 1}, {18, 0}, {19, 1}, {1e6, 8}} {
		if got := mirror(c.x, 10); got != c.want {
			t.Errorf("%g in 10: %d, want %d", c.x, got, c.want)
		}
	}
	if got := mirror(5, 1); got != 0 {
		t.Errorf("one pixel: %d, want 0", got)
	}
}

func TestGhosts(t *testing.T) {
	m := even(400, 300, 0, 50)
	orange := [3]float32{1, 0.5, 0}
	m.ghost(200, 150, 20, 0.1, &orange)
	within(t, "centre", float64(m.RGB[3*(150*400+200)]), 0.06, 1e-4)
	within(t, "its colour", float64(m.RGB[3*(150*400+200)+1]), 0.03, 1e-4)
	within(t, "outside", float64(m.RGB[3*(150*400+221)]), 0, 0)
}
