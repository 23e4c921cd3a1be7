package radar

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/body"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// wallAt5 is a wall 5 m to the left of the x axis from x = 0 to 40.
func wallAt5() Mirror {
	return Mirror{Actor: -1, At: r3.Vec{X: 20, Y: 5}, Normal: r3.Vec{Y: -1}, Along: r3.Vec{X: 1}, HalfLength: 20, HalfHeight: 0.4, LossDB: 3}
}

func block(lo, hi geom.Vec, id material.ID) *geom.Solid {
	m := &geom.Mesh{}
	m.Block(lo, hi, id)
	return geom.NewSolid(m)
}

// TestImages: a target at (20, 0) that moves with (-3, 1), and a wall along y = 5. The image is at (20, 10): range sqrt(500), azimuth
// atan(1/2), velocity (-3, -1), range rate (-3 20 - 1 10)/sqrt(500).
func TestImages(t *testing.T) {
	s := quiet()
	s.GhostShare = 1
	root := math.Sqrt(500)
	target := spot(1, r3.Vec{X: 20}, r3.Vec{X: -3, Y: 1}, 30)
	truck := Target{ID: 2, WorldFromObject: sensors.FromYaw(math.Pi/2, r3.Vec{X: 20, Y: 5}), Velocity: r3.Vec{Y: 2}}
	side := Mirror{Actor: 2, Normal: r3.Vec{X: 1}, Along: r3.Vec{Y: 1}, HalfLength: 20, HalfHeight: 2, LossDB: 3}
	for _, c := range []struct {
		name                string
		mirror              Mirror
		targets             []Target
		scene               *geom.Solid
		image               bool
		rate, loss, halfway float64
	}{
		{"wall", wallAt5(), []Target{target}, nil, true, -70 / root, 6, 3},
		{"concrete wall", func() Mirror { w := wallAt5(); w.LossDB = 6; return w }(), []Target{target}, nil, true, -70 / root, 12, 6},
		// The image moves with (-3, 1 - 2 (1 - 2)) = (-3, 3).
		{"side of a truck that goes away", side, []Target{target, truck}, nil, true, (-3*20 + 3*10) / root, 6, 3},
		{"wall ends before the spot at x = 10", func() Mirror { w := wallAt5(); w.At.X = 32; return w }(), []Target{target}, nil, false, 0, 0, 0},
		{"wall too low", func() Mirror { w := wallAt5(); w.At.Z = -1; return w }(), []Target{target}, nil, false, 0, 0, 0},
		{"target beyond the wall", func() Mirror { w := wallAt5(); w.At.Y = -5; w.Normal.Y = 1; return w }(), []Target{spot(1, r3.Vec{X: 20, Y: -6}, r3.Vec{}, 30)}, nil, false, 0, 0, 0},
		{"hidden on the way out", wallAt5(), []Target{target}, block(geom.Vec{4, 2, -1}, geom.Vec{5, 3, 1}, material.Concrete), false, 0, 0, 0},
		{"hidden on the way back", wallAt5(), []Target{target}, block(geom.Vec{15, 2, -1}, geom.Vec{16, 3, 1}, material.Concrete), false, 0, 0, 0},
	} {
		m := empty(c.targets...)
		m.Mirrors, m.Scene = []Mirror{c.mirror}, geom.NewScene(c.scene, nil)
		var rangeM, azimuth, rate, cross, halfRange, halfRate, halfCross statistic
		bearings := map[bool]int{}
		const n = 800
		cycles(make1(t, s), m, n, near, func(ds []Detection) {
			for _, d := range ds {
				switch d.Kind {
				case Image:
					rangeM.add(d.RangeM)
					azimuth.add(d.AzimuthRad)
					rate.add(d.RangeRateMps)
					cross.add(math.Pow(10, d.RCSdBsm/10))
				case HalfImage:
					halfRange.add(d.RangeM)
					halfRate.add(d.RangeRateMps)
					halfCross.add(math.Pow(10, d.RCSdBsm/10))
					bearings[d.AzimuthRad > 0.2]++
				default:
					continue
				}
				if d.Object != 1 {
					t.Fatalf("%s: ghost of object %d, want 1", c.name, d.Object)
				}
			}
		})
		if !c.image {
			if rangeM.n+halfRange.n > 0 {
				t.Errorf("%s: %d images and %d halves, want none", c.name, rangeM.n, halfRange.n)
			}
			continue
		}
		if rangeM.n != n || halfRange.n != n {
			t.Errorf("%s: %d images and %d halves in %d cycles, want both in all", c.name, rangeM.n, halfRange.n, n)
			continue
		}
		for _, q := range []struct {
			what           string
			got            *statistic
			want, accuracy float64
		}{
			{"range", &rangeM, root, 0.01},
			{"azimuth", &azimuth, math.Atan(0.5), 0.002},
			{"rate", &rate, c.rate, 0.003},
			{"cross section, m2", &cross, math.Pow(10, (30-c.loss)/10), 0},
			{"half image's range", &halfRange, (20 + root) / 2, 0.01},
			{"half image's rate", &halfRate, (-3 + c.rate) / 2, 0.003},
			{"half image's cross section, m2", &halfCross, math.Pow(10, (30-c.halfway)/10), 5},
		} {
			if limit := 4*q.got.sd()/math.Sqrt(n) + q.accuracy; math.Abs(q.got.mean()-q.want) > limit {
				t.Errorf("%s: %s %.4f, want %.4f +-%.4f", c.name, q.what, q.got.mean(), q.want, limit)
			}
		}
		if bearings[true] < n/4 || bearings[false] < n/4 {
			t.Errorf("%s: bearings of half images %v, want that of target and mirror about equally often", c.name, bearings)
		}
	}
}

// TestSpot: where the wave meets the mirror, by similar triangles.
func TestSpot(t *testing.T) {
	w := wallAt5()
	for _, c := range []struct {
		name string
		a, b r3.Vec
		want r3.Vec
		ok   bool
	}{
		{"as far from it", r3.Vec{}, r3.Vec{X: 20}, r3.Vec{X: 10, Y: 5}, true},
		{"four times as far", r3.Vec{Y: 4}, r3.Vec{X: 20, Y: 1}, r3.Vec{X: 4, Y: 5}, true},
		{"both behind it", r3.Vec{Y: 10}, r3.Vec{X: 20, Y: 10}, r3.Vec{X: 10, Y: 5}, true},
		{"on either side", r3.Vec{}, r3.Vec{X: 20, Y: 7}, r3.Vec{}, false},
		{"in the plane", r3.Vec{}, r3.Vec{X: 20, Y: 5}, r3.Vec{}, false},
		{"beyond the end", r3.Vec{X: 30}, r3.Vec{X: 60}, r3.Vec{}, false},
		{"above", r3.Vec{Z: 0.5}, r3.Vec{X: 20, Z: 0.5}, r3.Vec{}, false},
	} {
		got, ok := w.spot(c.a, c.b)
		if ok != c.ok || ok && r3.Norm(r3.Sub(got, c.want)) > 1e-9 {
			t.Errorf("%s: got %v, %t, want %v, %t", c.name, got, ok, c.want, c.ok)
		}
	}
}

// TestGhostsExist: the share of targets with an image is GhostShare, and it lasts.
func TestGhostsExist(t *testing.T) {
	s := quiet()
	s.GhostShare, s.FlagShare = 0.15, 0.3
	m := empty(spot(1, r3.Vec{X: 20}, r3.Vec{}, 30))
	m.Mirrors = []Mirror{wallAt5()}
	images, flagged, changes, was := 0.0, 0.0, 0, false
	const n = 8000
	cycles(make1(t, s), m, n, near, func(ds []Detection) {
		is := false
		for _, d := range ds {
			if d.Kind == Image {
				is = true
				images++
				if d.Invalid {
					flagged++
				}
			} else if d.Kind != HalfImage && d.Invalid {
				t.Fatalf("%+v is invalid, want ghosts only", d)
			}
		}
		if is != was {
			changes++
		}
		was = is
	})
	if got := images / n; math.Abs(got-0.15) > 4*math.Sqrt(0.15*0.85/(n/8)) {
		t.Errorf("images in %.3f of the cycles, want 0.15", got)
	}
	if got := flagged / images; math.Abs(got-0.3) > 0.06 {
		t.Errorf("%.3f of them are flagged, want 0.3", got)
	}
	if most := n / 8 / 2; changes > most {
		t.Errorf("they come and go %d times, want less than %d", changes, most)
	}
}

// TestBounce: twice the range and rate in the same direction, 15 dB less power; only from a face that looks at the ego.
func TestBounce(t *testing.T) {
	s := quiet()
	s.BounceShare = 1
	rear := func(yaw float64) Target {
		return Target{
			ID: 1, WorldFromObject: sensors.FromYaw(yaw, r3.Vec{X: 20}), Velocity: r3.Vec{X: 4},
			Scatterers: []body.Scatterer{{RCSdBsm: 20, Facing: geom.Vec{-1, 0, 0}, WidthRad: 0.5}},
		}
	}
	var rangeM, rate, less, power statistic
	cycles(make1(t, s), empty(rear(0)), 500, near, func(ds []Detection) {
		for _, d := range ds {
			if d.Kind == Bounce {
				rangeM.add(d.RangeM)
				rate.add(d.RangeRateMps)
				less.add(d.RCSdBsm - d.SNRdB)
				power.add(math.Pow(10, d.SNRdB/10))
			}
		}
	})
	if rangeM.n < 490 || math.Abs(rangeM.mean()-40) > 0.01 || math.Abs(rate.mean()-8) > 0.003 {
		t.Errorf("bounce: %d at %.3f m with %.3f m/s, want 500 at 40 with 8", rangeM.n, rangeM.mean(), rate.mean())
	}
	direct := 10 + 20 - 10 - 40*math.Log10(20./160)
	if got := decibel(power.mean()); math.Abs(got-(direct-15)) > 0.8 {
		t.Errorf("bounce: %.1f dB, want 15 less than the %.1f of the direct one", got, direct)
	}
	cycles(make1(t, s), empty(rear(0.5)), 100, near, func(ds []Detection) {
		for _, d := range ds {
			if d.Kind == Bounce {
				t.Fatalf("bounce from a face turned away by 0.5 rad: %+v", d)
			}
		}
	})
}

// TestSight: what stands between the radar and a target at 30 m.
func TestSight(t *testing.T) {
	slab := func(size geom.Vec, id material.ID) *geom.Solid {
		return block(size.Scale(-0.5), size.Scale(0.5), id)
	}
	at := sensors.Pose{Rotation: quat.Number{Real: 1}, Translation: r3.Vec{X: 15}}
	for _, c := range []struct {
		name        string
		static      *geom.Solid
		instance    *geom.Solid
		size        geom.Vec // of the instance's target
		seen, below float64  // share of the cycles, dB
	}{
		{"nothing", nil, nil, geom.Vec{}, 1, 0},
		{"a house", block(geom.Vec{10, -5, -1}, geom.Vec{20, 5, 5}, material.Brick), nil, geom.Vec{}, 0, 0},
		{"a tree's leaves", block(geom.Vec{10, -5, -1}, geom.Vec{20, 5, 5}, material.Leaves), nil, geom.Vec{}, 1, 0},
		{"leaves before a house", func() *geom.Solid {
			m := &geom.Mesh{}
			m.Block(geom.Vec{10, -5, -1}, geom.Vec{12, 5, 5}, material.Leaves)
			m.Block(geom.Vec{14, -5, -1}, geom.Vec{20, 5, 5}, material.Brick)
			return geom.NewSolid(m)
		}(), nil, geom.Vec{}, 0, 0},
		{"a car", nil, slab(geom.Vec{4, 2, 2}, material.Steel), geom.Vec{4, 2, 2}, 0.3, 10},
		{"a pedestrian", nil, slab(geom.Vec{0.5, 0.5, 2}, material.ClothGrey), geom.Vec{0.5, 0.5, 2}, 1, 0},
		{"a car before a house", block(geom.Vec{20, -5, -1}, geom.Vec{25, 5, 5}, material.Brick), slab(geom.Vec{4, 2, 2}, material.Steel), geom.Vec{4, 2, 2}, 0, 0},
	} {
		m := empty(spot(1, r3.Vec{X: 30}, r3.Vec{}, 30))
		var in []geom.Instance
		if c.instance != nil {
			in = append(in, geom.Instance{Solid: c.instance, Start: at, End: at, Object: 2})
			m.Targets = append(m.Targets, Target{ID: 2, WorldFromObject: at, Size: c.size})
		}
		m.Scene = geom.NewScene(c.static, in)
		var cross statistic
		const n = 2000
		cycles(make1(t, quiet()), m, n, near, func(ds []Detection) {
			for _, d := range ds {
				cross.add(math.Pow(10, d.RCSdBsm/10))
			}
		})
		if got := float64(cross.n) / n; math.Abs(got-c.seen) > 4*math.Sqrt(c.seen*(1-c.seen)/n) {
			t.Errorf("behind %s: seen in %.3f of the cycles, want %.3f", c.name, got, c.seen)
		}
		if c.seen > 0 && math.Abs(decibel(cross.mean())-(30-c.below)) > 0.8 {
			t.Errorf("behind %s: %.1f dBsm, want %.1f", c.name, decibel(cross.mean()), 30-c.below)
		}
	}
}

// TestOwnBody: the far side of a vehicle is hidden by itself, and standing clutter behind it too.
func TestOwnBody(t *testing.T) {
	pose := sensors.FromYaw(0, r3.Vec{X: 20})
	m := empty(Target{ID: 1, WorldFromObject: pose, Size: geom.Vec{4, 2, 2}, Scatterers: []body.Scatterer{
		{At: geom.Vec{-2, 0, 0}, RCSdBsm: 20}, {At: geom.Vec{2, 0, 0}, RCSdBsm: 20},
	}})
	m.Targets = append(m.Targets, Target{ // nothing hides it, but it looks away
		ID: 2, WorldFromObject: sensors.FromYaw(0, r3.Vec{X: 20, Y: -8}), Scatterers: []body.Scatterer{{RCSdBsm: 50, Facing: geom.Vec{1, 0, 0}, WidthRad: 0.5}},
	})
	m.Clutter = []Clutter{{At: r3.Vec{X: 25}, RCSdBsm: 20}, {At: r3.Vec{X: 25, Y: 8}, RCSdBsm: 20}}
	m.Scene = geom.NewScene(nil, []geom.Instance{{Solid: block(geom.Vec{-2, -1, -1}, geom.Vec{2, 1, 1}, material.CarRed), Start: pose, End: pose, Object: 1}})
	cycles(make1(t, quiet()), m, 50, near, func(ds []Detection) {
		if len(ds) != 2 {
			t.Fatalf("%d detections, want the near end and the free post: %+v", len(ds), ds)
		}
		for _, d := range ds {
			post := d.Object == geom.Static && d.Kind == Standing && math.Abs(d.AzimuthRad-math.Atan2(8, 25)) < 0.05
			end := d.Object == 1 && d.Kind == True && math.Abs(d.RangeM-18) < 0.3
			if !post && !end {
				t.Errorf("got %+v, want the near end at 18 m or the free post", d)
			}
		}
	})
}

// TestWalls: a front returns points along itself that stay where they are, and a strong one where it is square to the radar.
func TestWalls(t *testing.T) {
	m := empty()
	w := wallAt5()
	w.HalfHeight = 2
	m.Mirrors = []Mirror{w}
	m.EgoFromSensor = sensors.FromYaw(math.Pi/2, r3.Vec{X: 12}) // looks at it
	r := make1(t, quiet())
	places := map[uint64]r3.Vec{}
	square := 0
	cycles(r, m, 200, near, func(ds []Detection) {
		for _, d := range ds {
			p := m.EgoFromSensor.Apply(d.Position())
			if d.Kind != Standing || d.Object != geom.Static || math.Abs(p.Y-5) > 1.5 || p.X < -1 || p.X > 41 {
				t.Fatalf("%+v at %.2f, want standing points of the wall", d, p)
			}
			if math.Abs(p.X-12) < 0.3 && d.RCSdBsm > 5 {
				square++
			}
		}
		for i := range r.points {
			p := &r.points[i]
			at := r3.Vec{X: p.rangeM, Y: p.azimuth, Z: p.elevation}
			if was, ok := places[p.id]; ok && was != at {
				t.Fatalf("point %x moved from %v to %v while the ego stands", p.id, was, at)
			}
			places[p.id] = at
		}
	})
	if len(places) < 8 || square < 150 {
		t.Errorf("%d points, square one seen in %d of 200 cycles; want at least 8 and 150", len(places), square)
	}
}
