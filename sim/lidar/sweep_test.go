package lidar

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"
	"google.golang.org/protobuf/proto"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// TestRollingSweep drives at 20 m/s and holds the wall flat once each point is laid where the vehicle was at its own time, as it reads from
// the message: what motion compensation does.
func TestRollingSweep(t *testing.T) {
	along := &geom.Mesh{}
	along.Quad(geom.Vec{-200, 8, -50}, geom.Vec{200, 8, -50}, geom.Vec{200, 8, 50}, geom.Vec{-200, 8, 50}, material.RenderCream)
	for _, tt := range []struct {
		name  string
		scene *geom.Scene
		off   func(r3.Vec) float64
		yaw   float64 // rad/s
		bent  float64 // how far from flat the uncorrected wall must be, m
	}{
		{"towards a wall", wide(30, material.RenderCream), func(p r3.Vec) float64 { return p.X - 30 }, 0, 0.9},
		{"along a wall", geom.NewScene(geom.NewSolid(along), nil), func(p r3.Vec) float64 { return p.Y - 8 }, 0, -1},
		{"along a wall in a turn", geom.NewScene(geom.NewSolid(along), nil), func(p r3.Vec) float64 { return p.Y - 8 }, 0.5, 0.5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Unit("dense64", 1e8)
			if err != nil {
				t.Fatal(err)
			}
			s.DivergenceRad = 0
			way := func(share float64) sensors.Pose {
				return standing(0).Advance(r3.Vec{X: 20}, r3.Vec{Z: tt.yaw}, 0.1*share)
			}
			sw := shot(&s, tt.scene, way, 11)
			cloud := parsed(t, sw)
			points, _ := cloud.AppendPoints(nil)
			if len(points) < 20000 {
				t.Fatalf("%d points, want at least 20000", len(points))
			}
			worst, bent, square := 0.0, 0.0, 0.0
			for _, p := range points {
				v := mount.Apply(r3.Vec{X: float64(p.X), Y: float64(p.Y), Z: float64(p.Z)})
				off := tt.off(way(1 + float64(p.T)/0.1).Apply(v))
				worst, square = math.Max(worst, math.Abs(off)), square+off*off
				bent = math.Max(bent, math.Abs(tt.off(way(1).Apply(v))))
			}
			if sd := math.Sqrt(square / float64(len(points))); sd > 0.01 || worst > 0.12 {
				t.Errorf("deskewed wall is off by %.4f m on average and %.3f m at most, want 0.01 and 0.12 (noise)", sd, worst)
			}
			if bent < tt.bent {
				t.Errorf("without deskewing the wall is off by %.3f m at most, want more than %.1f: does the vehicle move at all?", bent, tt.bent)
			}
		})
	}
}

// parsed sends a sweep through its message.
func parsed(t *testing.T, sw *Sweep) *sensors.PointCloud {
	t.Helper()
	data, err := proto.Marshal(sw.Cloud("LIDAR_TOP", 5e9))
	if err != nil {
		t.Fatal(err)
	}
	sample, err := sensors.Parse(sensors.Lidar, data, sensors.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	cloud := sample.(*sensors.PointCloud)
	if cloud.Stamp != 5e9 || cloud.SweepEnd != 5e9 || cloud.SweepStart != 5e9-sensors.StampNs(sw.spec.Turn) || cloud.Sensor != "LIDAR_TOP" || cloud.Deskewed {
		t.Fatalf("stamp %d, sweep %d to %d, sensor %s, deskewed %v", cloud.Stamp, cloud.SweepStart, cloud.SweepEnd, cloud.Sensor, cloud.Deskewed)
	}
	return cloud
}

func TestCloud(t *testing.T) {
	s, err := Unit("spinning32", 1e8)
	if err != nil {
		t.Fatal(err)
	}
	sw := shot(&s, wide(15, material.PlateWhite), standing, 2)
	kept := []int{}
	for i := range sw.Returns {
		r := &sw.Returns[i]
		switch {
		case r.Range == 0:
			r.Fate = effect.None
		case i%7 == 0:
			r.Fate = effect.Lost
		case i%11 == 0: // what the air returns where there is no target
			r.Fate, r.Range = effect.New, 4
		}
		if r.Fate != effect.Lost && r.Range > 0 {
			kept = append(kept, i)
		}
	}
	points, dropped := parsed(t, sw).AppendPoints(nil)
	if len(points) != len(kept) || dropped != 0 {
		t.Fatalf("%d points and %d dropped, want %d and 0", len(points), dropped, len(kept))
	}
	for k, p := range points {
		i := kept[k]
		at := mount.Apply(r3.Vec{X: float64(p.X), Y: float64(p.Y), Z: float64(p.Z)})
		if off := r3.Norm(r3.Sub(at, sw.point(i))); off > math.Sqrt(3)/2*s.StepM+1e-4 {
			t.Fatalf("point %d is %.4f m from its return, want half a diagonal of a step at most", k, off)
		}
		column, ring := i/len(s.Elevations), i%len(s.Elevations)
		if int(p.Ring) != ring || math.Abs(float64(p.Intensity-sw.Returns[i].Intensity)) > 0.5/255+1e-6 {
			t.Fatalf("point %d: ring %d, intensity %v, want %d, %v", k, p.Ring, p.Intensity, ring, sw.Returns[i].Intensity)
		}
		if want := -0.1 + 0.1*(float64(column)+0.5)/float64(s.Columns); math.Abs(float64(p.T)-want) > stepS {
			t.Fatalf("point %d: time %v, want %v", k, p.T, want)
		}
	}
}

// TestMovingObject lets a pane come nearer during the sweep: what is fired later sees it nearer. Count knows it.
func TestMovingObject(t *testing.T) {
	m := &geom.Mesh{}
	pane(m, 0, -30, 30, -3, 3, material.None)
	at := func(x float64) sensors.Pose { return sensors.FromYaw(0, r3.Vec{X: x, Z: 2}) }
	scene := geom.NewScene(nil, []geom.Instance{{Solid: geom.NewSolid(m), Start: at(22), End: at(20), Object: 2}})
	s := plain(720, 0)
	sw := shot(s, scene, standing, 1)
	hits := uint32(0)
	for i := range sw.Returns {
		r := &sw.Returns[i]
		if r.Range == 0 {
			continue
		}
		hits++
		if got, want := sw.point(i).X, 22-2*(float64(i)+0.5)/720; math.Abs(got-want) > 2e-3 {
			t.Fatalf("beam %d sees the pane at %.3f m, want %.3f", i, got, want)
		}
		if sw.Objects[i] != 2 || r.Ground {
			t.Fatalf("beam %d: object %d, ground %v, want 2, false", i, sw.Objects[i], r.Ground)
		}
		if i%3 == 0 {
			r.Fate = effect.Lost
		}
	}
	clean, sensed := make([]uint32, 3), make([]uint32, 3)
	sw.Count(clean, sensed)
	if clean[2] != hits || hits < 100 || clean[0]+clean[1] != 0 {
		t.Errorf("clean counts %v, want %d (at least 100) for object 2 alone", clean, hits)
	}
	if sensed[2] == 0 || sensed[2] > hits*3/4 {
		t.Errorf("sensed %d of %d, want about two thirds", sensed[2], hits)
	}
}

// TestMixedPixels looks at the rim of a near pane in front of a far one.
func TestMixedPixels(t *testing.T) {
	for _, tt := range []struct {
		name       string
		gap        float32
		divergence float64
		low, high  int
	}{
		{"pulses that overlap give ranges between", 1, 0.003, 10, 60},
		{"pulses that do not overlap give one or the other", 5, 0.003, 0, 0},
		{"a beam without width has no rim", 1, 0, 0, 0},
	} {
		m := &geom.Mesh{}
		pane(m, 20.9, -5, 5, -2, 6, material.RenderWhite)
		pane(m, 20.9+tt.gap, -50, 50, -40, 40, material.RenderWhite)
		degrees := make([]float64, 101)
		for i := range degrees {
			degrees[i] = -4 + 0.08*float64(i)
		}
		s := plain(3600, degrees...)
		s.DivergenceRad = tt.divergence
		sw := shot(s, geom.NewScene(geom.NewSolid(m), nil), standing, 1)
		between, near, far := 0, 0, 0
		for i := range sw.Returns {
			if sw.Returns[i].Range == 0 || sw.Returns[i].Dir[0] < 0.8 { // the far pane's own rim
				continue
			}
			switch x := sw.point(i).X; {
			case math.Abs(x-20.9) < 0.02:
				near++
			case math.Abs(x-20.9-float64(tt.gap)) < 0.02:
				far++
			case x > 20.9 && x < 20.9+float64(tt.gap):
				between++
			default:
				t.Errorf("%s: a point at %.3f m is on neither pane nor between", tt.name, x)
			}
		}
		if between < tt.low || between > tt.high || near < 500 || far < 500 {
			t.Errorf("%s: %d between, %d near, %d far, want %d to %d between", tt.name, between, near, far, tt.low, tt.high)
		}
	}
}

func TestGlass(t *testing.T) {
	m := &geom.Mesh{}
	pane(m, 5.9, -20, 20, -20, 20, material.Glass)
	pane(m, 10.9, -40, 40, -40, 40, material.RenderWhite)
	s := plain(3600, -2, -1, 0, 1, 2)
	sw := shot(s, geom.NewScene(geom.NewSolid(m), nil), standing, 1)
	glass := float64(material.Get(material.Glass).Clear)
	n, through := 0.0, 0.0
	for i := range sw.Returns {
		r := &sw.Returns[i]
		if r.Dir[0] < 0.95 {
			continue
		}
		n++
		if x := sw.point(i).X; math.Abs(x-10.9) < 0.01 {
			through++
			cos := float64(r.Dir[0])
			want := float64(strength(material.Get(material.RenderWhite), float32(cos))) * glass * glass * s.WhiteIntensity
			if got := float64(r.Intensity); math.Abs(got-want) > 1e-3 {
				t.Fatalf("wall behind glass: intensity %.4f, want %.4f", got, want)
			}
		} else if r.Range > 0 && math.Abs(x-5.9) > 0.01 {
			t.Fatalf("a point at %.3f m is on neither glass nor wall", x)
		}
	}
	if got := through / n; math.Abs(got-glass) > 0.05 {
		t.Errorf("%.3f of %.0f beams go through, want %.2f", got, n, glass)
	}
}

// TestBlooming puts a plate of half a metre into the open.
func TestBlooming(t *testing.T) {
	for _, tt := range []struct {
		name   string
		id     material.ID
		x      float32
		blooms bool
	}{
		{"a sign near by", material.SignWhite, 10.9, true},
		{"a sign far away", material.SignWhite, 150, false},
		{"a white board near by", material.RenderWhite, 10.9, false},
	} {
		m := &geom.Mesh{}
		pane(m, tt.x, -0.25, 0.25, 1.65, 2.15, tt.id)
		s := plain(3600, -1, -0.8, -0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6, 0.8, 1)
		sw := shot(s, geom.NewScene(geom.NewSolid(m), nil), standing, 1)
		plate, halo := 0, 0
		for i := range sw.Returns {
			if sw.Returns[i].Range == 0 {
				continue
			}
			if p := sw.point(i); math.Abs(p.Y) < 0.251 && math.Abs(p.Z-1.9) < 0.251 {
				plate++
			} else {
				halo++
				if got := float64(sw.Returns[i].Intensity); got > s.WhiteIntensity/2+1e-6 {
					t.Errorf("%s: a bloomed return has intensity %.3f, want at most half a white diffuser's", tt.name, got)
				}
				if far := math.Hypot(p.Y, p.Z-1.9); far > 0.251*math.Sqrt2+0.1 {
					t.Errorf("%s: a bloomed return %.2f m from the plate's middle: more than two beams away", tt.name, far)
				}
			}
		}
		if plate == 0 || (halo > 0) != tt.blooms {
			t.Errorf("%s: %d returns of the plate, %d about it, want blooming %v", tt.name, plate, halo, tt.blooms)
		}
	}
}

// TestRoof puts the unit 0.4 m over a roof.
func TestRoof(t *testing.T) {
	s := plain(3600, -25, -5, 10)
	roof := RoofOf(sensors.Body{LengthM: 4.6, WidthM: 2, HeightM: 1.5, RearOverhangM: 0.9})
	m := &geom.Mesh{}
	m.Quad(geom.Vec{-100, -100, 0}, geom.Vec{100, -100, 0}, geom.Vec{100, 100, 0}, geom.Vec{-100, 100, 0}, material.AsphaltWorn)
	sw := NewSweep(s)
	sw.Cast(&Moment{Scene: geom.NewScene(geom.NewSolid(m), nil), WorldFromEgo: standing, EgoFromSensor: mount, Roof: roof, Key: chance.Of(1)}, 0, s.Columns)
	sw.Finish()
	met, own := 0.0, 0.0
	for i := range sw.Returns {
		r := &sw.Returns[i]
		d := 0.4 / -float64(r.Dir[2])
		x, y := 0.9+d*float64(r.Dir[0]), d*float64(r.Dir[1])
		if r.Dir[2] < 0 && x > -0.67 && x < 1.86 && math.Abs(y) < 0.7 {
			met++
			if r.Range > 0 {
				own++
				if got := sw.point(i); math.Abs(got.Z-1.5) > 1e-3 || r.Ground || r.Intensity > 0.02 {
					t.Fatalf("a return of the roof at height %.4f, ground %v, intensity %.3f, want 1.5, false, below 0.02", got.Z, r.Ground, r.Intensity)
				}
			}
		} else if r.Dir[2] < 0 && (r.Range == 0 || math.Abs(sw.point(i).Z) > 1e-3) {
			t.Fatalf("beam %d passes the roof and sees no road: range %v", i, r.Range)
		}
	}
	if met < 1000 || math.Abs(own/met-roofShare) > 0.05 {
		t.Errorf("%v of %v beams return from the roof, want %v of at least 1000", own, met, roofShare)
	}
}
