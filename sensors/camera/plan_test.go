package camera

import (
	"testing"

	"github.com/fusiond/fusiond/sensors"
)

func TestCropPlan(t *testing.T) {
	hd := pinhole(1920, 1080, 1000)
	fisheye := *hd
	fisheye.Model = sensors.FisheyeKB4
	for _, c := range []struct {
		name   string
		k      *sensors.Intrinsics
		change func(*View)
		src    source
		w, h   int
		want   plan // without src; the zero value means: warp
	}{
		// The view is rows 31 to 127 of 144.
		{"7.5 rows to one: cut at even rows", hd, nil, source{1920, 1080, 1}, 1920, 1080, plan{from: 225, to: 960, fitH: 98, top: -1}},
		{"1.875 rows to one: cut at every eighth row", hd, nil, source{1920, 1080, 4}, 480, 270, plan{from: 45, to: 240, fitH: 104, top: -7}},
		{"a row to one", hd, nil, source{256, 144, 1}, 256, 144, plan{from: 31, to: 127, fitH: 96}},
		{"not tall enough", pinhole(1920, 600, 1000), nil, source{1920, 600, 4}, 480, 150, plan{to: 150, fitH: 80, top: 1}},
		{"padded decode", hd, nil, source{1922, 1081, 4}, 481, 271, plan{}},
		{"scaled height not whole", pinhole(1900, 1080, 1000), nil, source{1900, 1080, 4}, 475, 270, plan{}},
		{"a lens", &fisheye, nil, source{1920, 1080, 4}, 480, 270, plan{}},
		{"another focal length", hd, func(v *View) { v.Fx *= 1.01 }, source{1920, 1080, 4}, 480, 270, plan{}},
		{"another centre", hd, func(v *View) { v.Cx++ }, source{1920, 1080, 4}, 480, 270, plan{}},
		{"half a row down", hd, func(v *View) { v.Cy += 0.5 }, source{1920, 1080, 4}, 480, 270, plan{}},
		{"out of sight", hd, func(v *View) { v.Cy += 500 }, source{1920, 1080, 4}, 480, 270, plan{}},
	} {
		v, err := NewView(c.k, forward, 256, 96, DefaultHorizon)
		if err != nil {
			t.Fatal(err)
		}
		if c.change != nil {
			c.change(&v)
		}
		got, ok := cropPlan(c.k, v, c.src, c.w, c.h)
		want := c.want
		if want != (plan{}) {
			want.src = c.src
		}
		if got != want || ok != (want != plan{}) {
			t.Errorf("%s: got %+v, %t, want %+v", c.name, got, ok, want)
		}
	}
}
