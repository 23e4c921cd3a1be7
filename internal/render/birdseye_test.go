package render

import (
	"fmt"
	"image"
	"math"
	"testing"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// place returns where the ego point (x, y) lies: x forward up, y left to the left, the vehicle in the middle.
func place(r image.Rectangle, rangeM, x, y float64) pt {
	k := float64(r.Dy()) / 2 / rangeM
	return pt{float64(r.Min.X) + float64(r.Dx())/2 - y*k, float64(r.Min.Y) + float64(r.Dy())/2 - x*k}
}

func TestBirdsEyeObject(t *testing.T) {
	for _, rangeM := range []float64{30, DefaultRangeM, 120} {
		t.Run(fmt.Sprint(rangeM, " m"), func(t *testing.T) {
			s := Scene{RangeM: rangeM, Objects: list(car(18, 7, math.Pi/2))}
			img := mustDraw(t, s)
			r := newLayout(nil).birdsEye
			// Heading to the left: 4.5 m long in y, 1.9 m wide in x.
			for _, c := range [][2]float64{{18.95, 9.25}, {17.05, 9.25}, {17.05, 4.75}, {18.95, 4.75}} {
				if at := place(r, rangeM, c[0], c[1]); !near(img, at, classColour("car")) {
					t.Errorf("corner (%v, %v): no stroke at %.1f", c[0], c[1], at)
				}
			}
			if at := place(r, rangeM, 18, -7); near(img, at, classColour("car")) {
				t.Errorf("got a stroke on the other side, at %.1f", at)
			}
			// Front: a stroke from the centre to the front edge; none to the rear.
			if at := place(r, rangeM, 18, 8); !near(img, at, classColour("car")) {
				t.Errorf("heading: no stroke at %.1f", at)
			}
			if at := place(r, rangeM, 18, 5.9); rangeM < 100 && near(img, at, classColour("car")) {
				t.Errorf("heading: got a stroke to the rear, at %.1f", at)
			}
		})
	}
}

func TestBirdsEyeVelocity(t *testing.T) {
	r := newLayout(nil).birdsEye
	for _, tt := range []struct {
		name string
		vx   float64
		want bool
	}{{"moving", 8, true}, {"standing", 0.1, false}, {"not a number", math.NaN(), false}} {
		t.Run(tt.name, func(t *testing.T) {
			o := car(10, 5, 0)
			o.Velocity = &fusionv1.Vector3{X: tt.vx}
			img := mustDraw(t, Scene{Objects: list(o)})
			// A second ahead of the centre at 8 m/s, short of the tip.
			if got := near(img, place(r, DefaultRangeM, 17, 5), colText); got != tt.want {
				t.Errorf("got an arrow %v, want %v", got, tt.want)
			}
		})
	}
}

func TestBirdsEyePoints(t *testing.T) {
	r := newLayout(nil).birdsEye
	for _, q := range []sensors.Point{{X: 33.3, Y: -12.7, Z: 0}, {X: -20.1, Y: 31, Z: 1.8}, {X: 2, Y: -44, Z: 9}} {
		t.Run(fmt.Sprintf("%g m high", q.Z), func(t *testing.T) {
			// A few on one place saturate, so that the colour can be compared.
			img := mustDraw(t, Scene{Points: []sensors.Point{q, q, q, q, q, q, q, q}})
			at := place(r, DefaultRangeM, float64(q.X), float64(q.Y))
			if !near(img, at, heightColour(float64(q.Z))) {
				t.Errorf("point %v: no pixel of %v near %.1f", q, heightColour(float64(q.Z)), at)
			}
			got := changed(img, mustDraw(t, Scene{}))
			if got.Dx() > 2 || got.Dy() > 2 || got.Empty() {
				t.Errorf("point %v: got changes in %v, want one to four pixels", q, got)
			}
		})
	}
	t.Run("outside", func(t *testing.T) {
		img := mustDraw(t, Scene{Points: []sensors.Point{{X: 51.3}, {Y: 80}, {X: -51.3}}})
		if got := changed(img, mustDraw(t, Scene{})); !got.Empty() {
			t.Errorf("got changes in %v, want none", got)
		}
	})
}

// TestHighPointsCoverLowOnes: whatever the order in the cloud.
func TestHighPointsCoverLowOnes(t *testing.T) {
	low, high := sensors.Point{X: 20, Y: 20}, sensors.Point{X: 20, Y: 20, Z: 3}
	a := mustDraw(t, Scene{Points: []sensors.Point{low, high}})
	b := mustDraw(t, Scene{Points: []sensors.Point{high, low}})
	if got := changed(a, b); !got.Empty() {
		t.Errorf("order of points: got changes in %v, want none", got)
	}
}

// TestTruthIsDashed walks along an annotated edge and counts how often white begins.
func TestTruthIsDashed(t *testing.T) {
	s := Scene{Truth: &fusionv1.TruthFrame{Objects: []*fusionv1.TruthObject{{
		Center: &fusionv1.Vector3{X: 25, Y: 20, Z: 1}, Size: &fusionv1.Vector3{X: 12, Y: 3, Z: 3},
	}}}}
	img := mustDraw(t, s)
	r := newLayout(nil).birdsEye
	from, to := place(r, DefaultRangeM, 19.3, 21.5), place(r, DefaultRangeM, 30.7, 21.5)
	var runs int
	lit := false
	for y := int(to.Y); y <= int(from.Y); y++ {
		now := false
		for dx := -1; dx <= 1; dx++ {
			c := img.RGBAAt(int(from.X)+dx, y)
			now = now || c.R > 110
		}
		if now && !lit {
			runs++
		}
		lit = now
	}
	want := (from.Y - to.Y) / (truthOnPx + truthOffPx)
	if math.Abs(float64(runs)-want) > 2 {
		t.Errorf("got %d dashes, want about %.1f", runs, want)
	}
}

func TestRingStep(t *testing.T) {
	for _, tt := range []struct{ rangeM, want float64 }{{20, 10}, {51.2, 10}, {60, 10}, {61, 20}, {121, 50}, {301, 100}, {500, 100}} {
		if got := ringStepM(tt.rangeM); got != tt.want {
			t.Errorf("range %v m: got rings every %v m, want %v", tt.rangeM, got, tt.want)
		}
	}
}
