package lidar

import (
	"math"
	"testing"
	"time"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// plain is a unit without noise, drop-outs or width: what it returns can be computed on paper.
func plain(columns int, degrees ...float64) *Spec {
	return &Spec{
		Name: "plain", Elevations: scaled(degrees), Columns: columns, Turn: 100 * time.Millisecond, CutRad: math.Pi,
		MinRangeM: 0.5, MaxRangeM: 200, FloorReflectance: 0.1, WhiteIntensity: 0.4,
	}
}

// mount is 1.9 m above the vehicle's origin, its x to the vehicle's right, as on many vehicles.
var mount = sensors.FromYaw(-math.Pi/2, r3.Vec{X: 0.9, Z: 1.9})

func standing(float64) sensors.Pose { return sensors.Pose{Rotation: quat.Number{Real: 1}} }

// shot casts a whole sweep.
func shot(s *Spec, scene *geom.Scene, way func(float64) sensors.Pose, seed uint64) *Sweep {
	sw := NewSweep(s)
	sw.Cast(&Moment{Scene: scene, WorldFromEgo: way, EgoFromSensor: mount, Key: chance.Of(seed, "sweep")}, 0, s.Columns)
	sw.Finish()
	return sw
}

// pane is an upright rectangle across the x axis at x, from y0 to y1, from z0 to z1, which faces the origin.
func pane(m *geom.Mesh, x, y0, y1, z0, z1 float32, id material.ID) {
	m.Quad(geom.Vec{x, y0, z0}, geom.Vec{x, y0, z1}, geom.Vec{x, y1, z1}, geom.Vec{x, y1, z0}, id)
}

// wide is one pane that fills what is ahead.
func wide(x float32, id material.ID) *geom.Scene {
	m := &geom.Mesh{}
	pane(m, x, -1000, 1000, -500, 500, id)
	return geom.NewScene(geom.NewSolid(m), nil)
}

// point is where a return lies in the vehicle's axes at the time of its firing.
func (s *Sweep) point(i int) r3.Vec {
	r := &s.Returns[i]
	d := r3.Vec{X: float64(r.Dir[0]), Y: float64(r.Dir[1]), Z: float64(r.Dir[2])}
	return r3.Add(mount.Translation, r3.Scale(float64(r.Range), d))
}

func TestWall(t *testing.T) {
	const x = 20.9
	s := plain(720, -10, 0, 10)
	sw := shot(s, wide(x, material.None), standing, 1)
	rho := float64(material.Get(material.None).Lidar)
	seen := 0
	for i := range sw.Returns {
		r := &sw.Returns[i]
		cos := float64(r.Dir[0])
		if r.Range == 0 {
			if cos > 0.3 {
				t.Fatalf("beam %d looks at the wall with cosine %.2f and returns nothing", i, cos)
			}
			continue
		}
		seen++
		if got := sw.point(i).X; math.Abs(got-x) > 1e-3 {
			t.Fatalf("beam %d: wall at %.4f m, want %.4f within 1 mm", i, got, x)
		}
		want := rho * (cos + 0.083*(1-cos*cos)) * s.WhiteIntensity
		if got := float64(r.Intensity); math.Abs(got-want) > 1e-5 {
			t.Fatalf("beam %d: intensity %.6f at cosine %.3f, want %.6f", i, got, cos, want)
		}
		if r.Ground {
			t.Fatalf("beam %d: an upright wall is called ground", i)
		}
		if sw.Objects[i] != geom.Static {
			t.Fatalf("beam %d: object %d, want static", i, sw.Objects[i])
		}
	}
	if want := 3 * 720 / 3; seen < want {
		t.Errorf("%d returns, want at least %d", seen, want)
	}
}

func TestGround(t *testing.T) {
	m := &geom.Mesh{}
	m.Quad(geom.Vec{-100, -100, 0}, geom.Vec{100, -100, 0}, geom.Vec{100, 100, 0}, geom.Vec{-100, 100, 0}, material.AsphaltWorn)
	sw := shot(plain(360, -30, -10, 5), geom.NewScene(geom.NewSolid(m), nil), standing, 1)
	for i := range sw.Returns {
		r := &sw.Returns[i]
		if up := r.Dir[2] > 0; up != (r.Range == 0) {
			t.Fatalf("beam %d with direction %v: range %v", i, r.Dir, r.Range)
		}
		if r.Range > 0 && (!r.Ground || math.Abs(sw.point(i).Z) > 1e-4) {
			t.Fatalf("beam %d: ground %v at height %.5f, want true at 0", i, r.Ground, sw.point(i).Z)
		}
	}
}

func TestStrength(t *testing.T) {
	at := func(id material.ID, degrees float64) float64 {
		return float64(strength(material.Get(id), float32(math.Cos(degrees*degree))))
	}
	tests := []struct {
		name      string
		got       float64
		low, high float64
	}{
		{"a rough surface returns its reflectance when it faces the unit", at(material.AsphaltWorn, 0) / float64(material.Get(material.AsphaltWorn).Lidar), 1, 1.3},
		{"a rough surface at 60 degrees, against 0", at(material.None, 60) / at(material.None, 0), 0.56, 0.57},
		{"a rough surface at 89 degrees keeps some", at(material.None, 89) / at(material.None, 0), 0.09, 0.11},
		{"clear coat at 0 degrees glints", at(material.CarGrey, 0) / float64(material.Get(material.CarGrey).Lidar), 1.9, 2.1},
		{"clear coat at 50 degrees returns less than a third of a rough surface", at(material.CarGrey, 50) / float64(material.Get(material.CarGrey).Lidar), 0.15, 0.3},
		{"a plate at 50 degrees returns what it does at 0", at(material.PlateWhite, 50) / at(material.PlateWhite, 0), 0.95, 1.01},
		{"a plate at 80 degrees does not", at(material.PlateWhite, 80) / at(material.PlateWhite, 0), 0.2, 0.5},
		{"from behind nothing", at(material.CarGrey, 120), 0, 1e-9},
	}
	for _, tt := range tests {
		if !(tt.got >= tt.low && tt.got <= tt.high) {
			t.Errorf("%s: got %.4f, want %.3f to %.3f", tt.name, tt.got, tt.low, tt.high)
		}
	}
}

// TestMaxRange holds the share of detected beams against a normal distribution over dB about the floor.
func TestMaxRange(t *testing.T) {
	rho := float64(material.Get(material.None).Lidar)
	for _, tt := range []struct{ db, want float64 }{{-4.5, 0.0013}, {-1.5, 0.159}, {0, 0.5}, {1.5, 0.841}, {4.5, 0.9987}} {
		s := plain(7200, -0.2, 0, 0.2)
		s.MaxRangeM, s.FloorReflectance = 100, rho
		far := 100 * math.Pow(10, -tt.db/20) // the power falls with the square of the range
		sw := shot(s, wide(float32(far+0.9), material.None), standing, 3)
		n, found := 0.0, 0.0
		for i := range sw.Returns {
			if sw.Returns[i].Dir[0] > 0.9985 { // within 3 degrees: 0.02 dB
				n++
				if sw.Returns[i].Range > 0 {
					found++
				}
			}
		}
		if sd := math.Sqrt(tt.want*(1-tt.want)/n) + 0.005; math.Abs(found/n-tt.want) > 3*sd {
			t.Errorf("%+.1f dB over the floor at %.0f m: %.3f of %.0f beams return, want %.3f", tt.db, far, found/n, n, tt.want)
		}
	}
}

func TestNoise(t *testing.T) {
	for _, tt := range []struct {
		name string
		x    float64
		sd   float64 // 0.02 m times 1 + the root of the floor over the power
	}{{"strong", 6.9, 0.02 * 1.0173}, {"three times the floor", 200.9, 0.02 * 1.577}} {
		s := plain(8000, -0.4, -0.2, 0, 0.2, 0.4)
		s.RangeNoiseM = 0.02
		sw := shot(s, wide(float32(tt.x), material.None), standing, 5)
		n, sum, square, tail := 0.0, 0.0, 0.0, 0.0
		for i := range sw.Returns {
			if r := &sw.Returns[i]; r.Range > 0 && r.Dir[0] > 0.99 {
				e := float64(r.Range) - (tt.x-0.9)/float64(r.Dir[0])
				n, sum, square = n+1, sum+e, square+e*e
				if math.Abs(e) > 3*tt.sd {
					tail++
				}
			}
		}
		// The relative error of a deviation estimated from n double exponential errors is the root of 5/(4 n).
		if sd := math.Sqrt(square / n); math.Abs(sd/tt.sd-1) > 3*math.Sqrt(1.25/n) {
			t.Errorf("%s: standard deviation %.4f m of %.0f beams, want %.4f", tt.name, sd, n, tt.sd)
		}
		if mean := sum / n; math.Abs(mean) > 3*tt.sd/math.Sqrt(n) {
			t.Errorf("%s: mean error %.4f m, want 0", tt.name, mean)
		}
		if got, want := tail/n, math.Exp(-3*math.Sqrt2); math.Abs(got-want) > 3*math.Sqrt(want/n) {
			t.Errorf("%s: %.4f beyond three deviations, want %.4f", tt.name, got, want)
		}
	}
}

func TestSpeckle(t *testing.T) {
	s := plain(8000, -0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6, 0.8)
	s.IntensityNoise = 0.3
	sw := shot(s, wide(10.9, material.None), standing, 5)
	n, sum, square := 0.0, 0.0, 0.0
	for i := range sw.Returns {
		if r := &sw.Returns[i]; r.Range > 0 && r.Dir[0] > 0.995 {
			l := math.Log(float64(r.Intensity) / (0.3 * s.WhiteIntensity))
			n, sum, square = n+1, sum+l, square+l*l
		}
	}
	if mean, sd := sum/n, math.Sqrt(square/n); math.Abs(mean) > 0.03 || math.Abs(sd-0.3) > 0.015 {
		t.Errorf("logarithm of the intensity over the wall's: mean %.3f, deviation %.3f of %.0f, want 0, 0.3", mean, sd, n)
	}
}

func TestMinRange(t *testing.T) {
	s := plain(360, 0)
	s.MinRangeM = 3
	m := &geom.Mesh{}
	pane(m, 3.4, -50, 50, 0, 5, material.None) // 2.5 m from the unit straight ahead, farther to the sides
	sw := shot(s, geom.NewScene(geom.NewSolid(m), nil), standing, 1)
	n := 0
	for i := range sw.Returns {
		if r := &sw.Returns[i]; r.Range > 0 {
			n++
			if r.Range < 3 {
				t.Fatalf("range %v, want none below 3", r.Range)
			}
		} else if cos := float64(r.Dir[0]); cos > 0.1 && 2.5/cos > 3.01 {
			t.Fatalf("beam at cosine %.3f returns nothing from %.2f m", cos, 2.5/cos)
		}
	}
	if n == 0 {
		t.Error("no returns at all")
	}
}

func TestDropouts(t *testing.T) {
	s := plain(3600, -1, 0, 1)
	s.DropShare = 0.1
	sw := shot(s, wide(10, material.RenderWhite), standing, 1)
	n, lost := 0.0, 0.0
	for i := range sw.Returns {
		if sw.Returns[i].Dir[0] > 0.5 {
			n++
			if sw.Returns[i].Range == 0 {
				lost++
				if sw.Objects[i] != Nothing {
					t.Fatalf("a lost beam has object %d", sw.Objects[i])
				}
			}
		}
	}
	if got := lost / n; math.Abs(got-0.1) > 0.02 {
		t.Errorf("%.3f of %.0f beams lost, want 0.1", got, n)
	}
}

func TestPartsAreTheWhole(t *testing.T) {
	s, err := Unit("spinning16", 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	scene := wide(12, material.PlateWhite)
	whole := shot(&s, scene, standing, 7)
	parts := NewSweep(&s)
	m := &Moment{Scene: scene, WorldFromEgo: standing, EgoFromSensor: mount, Key: chance.Of(7, "sweep")}
	for i := range parts.Returns { // memory that was used before
		parts.Returns[i], parts.Objects[i], parts.retro[i] = effect.Return{Range: 3, Intensity: 1, Fate: effect.Lost}, 9, 9
	}
	for from := s.Columns - 100; from >= 0; from -= 100 {
		parts.Cast(m, from, from+100)
	}
	parts.Finish()
	other := shot(&s, scene, standing, 8)
	same := 0
	for i := range whole.Returns {
		if parts.Returns[i] != whole.Returns[i] || parts.Objects[i] != whole.Objects[i] {
			t.Fatalf("beam %d: %+v of %d in parts, %+v of %d as a whole", i, parts.Returns[i], parts.Objects[i], whole.Returns[i], whole.Objects[i])
		}
		if whole.Returns[i].Range == other.Returns[i].Range && whole.Returns[i].Range > 0 {
			same++
		}
	}
	if same > len(whole.Returns)/100 {
		t.Errorf("%d of %d ranges are the same with another key", same, len(whole.Returns))
	}
}

func TestUnits(t *testing.T) {
	for _, u := range Units {
		got, err := Unit(u.Name, 50*time.Millisecond)
		if err != nil || got.Turn != 50*time.Millisecond {
			t.Errorf("%s: turn %v, error %v", u.Name, got.Turn, err)
		}
		for i := 1; i < len(u.Elevations); i++ {
			if u.Elevations[i] <= u.Elevations[i-1] {
				t.Errorf("%s: ring %d is not above the one below", u.Name, i)
			}
		}
	}
	for _, tt := range []struct {
		name, unit string
		turn       time.Duration
	}{{"unknown", "velodyne", 100 * time.Millisecond}, {"too fast", "spinning16", 0}, {"too slow", "spinning16", time.Minute}} {
		if _, err := Unit(tt.unit, tt.turn); err == nil {
			t.Errorf("%s: no error", tt.name)
		}
	}
	for _, bad := range []Spec{{Name: "no beams", Columns: 100, Turn: time.Second}, {Name: "few columns", Elevations: []float64{0}, Columns: 3, Turn: time.Second}} {
		if bad.check() == nil {
			t.Errorf("%s: no error", bad.Name)
		}
	}
}
