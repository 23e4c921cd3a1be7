package camera

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

// forward is a camera that looks along ego x, 1.5 m up.
var forward = sensors.Pose{
	Rotation:    quat.Number{Real: 0.5, Imag: -0.5, Jmag: 0.5, Kmag: -0.5},
	Translation: r3.Vec{X: 1, Z: 1.5},
}

// pitched is forward turned down by deg about the ego y axis, and then by yawDeg about the ego z axis.
func pitched(deg, yawDeg float64) sensors.Pose {
	sin, cos := math.Sincos(deg * math.Pi / 360)
	return sensors.FromYaw(yawDeg*math.Pi/180, r3.Vec{}).Mul(sensors.Pose{Rotation: quat.Number{Real: cos, Jmag: sin}}).Mul(forward)
}

func pinhole(w, h int, f float64) *sensors.Intrinsics {
	return &sensors.Intrinsics{Width: w, Height: h, Fx: f, Fy: f, Cx: float64(w-1) / 2, Cy: float64(h-1) / 2}
}

func TestNewView(t *testing.T) {
	for _, c := range []struct {
		name       string
		k          *sensors.Intrinsics
		pose       sensors.Pose
		horizonRow float64 // where a level direction must be seen, within half a row; NaN where the crop is moved
		top        float64 // the scaled picture's row that is the view's first
	}{
		{"level", pinhole(1920, 1080, 1000), forward, 0.42 * 96, 31},
		{"level, to the left", pinhole(1920, 1080, 1000), pitched(0, 90), 0.42 * 96, 31},
		{"down 5 degrees", pinhole(1920, 1080, 1000), pitched(5, 0), 0.42 * 96, 20},
		{"down 5 degrees, backwards", pinhole(1920, 1080, 1000), pitched(5, 180), 0.42 * 96, 20},
		{"up 3 degrees", pinhole(1920, 1080, 1000), pitched(-3, 0), 0.42 * 96, 38},
		{"down 40 degrees: at the top", pinhole(1920, 1080, 1000), pitched(40, 0), math.NaN(), 0},
		{"up 40 degrees: at the bottom", pinhole(1920, 1080, 1000), pitched(-40, 0), math.NaN(), 48},
		{"not tall enough: as low as it goes", pinhole(1920, 600, 1000), pitched(5, 0), math.NaN(), -12},
		{"not tall enough: as high as it goes", pinhole(1920, 600, 1000), pitched(-5, 0), math.NaN(), 0},
		{"other proportions", pinhole(1600, 1200, 800), forward, 0.42 * 96, 55},
	} {
		v, err := NewView(c.k, c.pose, 256, 96, DefaultHorizon)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		s := 256 / float64(c.k.Width)
		if v.Fx != c.k.Fx*s || v.Fy != c.k.Fy*s || math.Abs(v.Cx-127.5) > 1e-9 {
			t.Errorf("%s: got %+v, want focal length %g and centre column 127.5", c.name, v, c.k.Fx*s)
		}
		if got := (c.k.Cy+0.5)*s - 0.5 - v.Cy; math.Abs(got-c.top) > 1e-9 {
			t.Errorf("%s: got first row %g, want %g", c.name, got, c.top)
		}
		// A level direction in the plane of the optical axis, seen in the view.
		axis := c.pose.Rotate(r3.Vec{Z: 1})
		far := c.pose.Inverse().Rotate(r3.Vec{X: axis.X, Y: axis.Y})
		if row := v.Fy*far.Y/far.Z + v.Cy; !math.IsNaN(c.horizonRow) && math.Abs(row-c.horizonRow) > 0.5+1e-9 {
			t.Errorf("%s: got the horizon at row %g, want %g within half a row", c.name, row, c.horizonRow)
		}
	}
}

func TestNewViewRefuses(t *testing.T) {
	k := pinhole(1920, 1080, 1000)
	bad := func(change func(*sensors.Intrinsics)) *sensors.Intrinsics {
		c := *k
		change(&c)
		return &c
	}
	for _, c := range []struct {
		name    string
		k       *sensors.Intrinsics
		pose    sensors.Pose
		w, h    int
		horizon float64
		want    string
	}{
		{"no intrinsics", nil, forward, 256, 96, 0.4, "no intrinsics"},
		{"no image size", &sensors.Intrinsics{Fx: 1, Fy: 1}, forward, 256, 96, 0.4, "0x0 image"},
		{"no focal length", bad(func(k *sensors.Intrinsics) { k.Fy = 0 }), forward, 256, 96, 0.4, "focal lengths"},
		{"NaN centre", bad(func(k *sensors.Intrinsics) { k.Cx = math.NaN() }), forward, 256, 96, 0.4, "finite"},
		{"infinite distortion", bad(func(k *sensors.Intrinsics) { k.Distortion[2] = math.Inf(1) }), forward, 256, 96, 0.4, "coefficient 2"},
		{"empty view", k, forward, 0, 96, 0.4, "view of 0x96"},
		{"huge view", k, forward, 256, 1 << 20, 0.4, "sides must be"},
		{"horizon in rows", k, forward, 256, 96, 40, "share of the height"},
		{"horizon NaN", k, forward, 256, 96, math.NaN(), "share of the height"},
		{"straight down", k, pitched(90, 0), 256, 96, 0.4, "straight up or down"},
		{"zero rotation", k, sensors.Pose{}, 256, 96, 0.4, "no horizon"},
	} {
		if _, err := NewView(c.k, c.pose, c.w, c.h, c.horizon); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", c.name, err, c.want)
		}
	}
}
