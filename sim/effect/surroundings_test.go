package effect

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/timeline"
)

func TestFresnel(t *testing.T) {
	for _, c := range []struct {
		name         string
		degrees      float64
		want, absTol float64
	}{
		{"straight down: ((n-1)/(n+1))^2", 0, 0.02006, 1e-5},
		{"Brewster's angle: half of the s part", 53.061, 0.03856, 1e-5}, // rs = (n^2-1)/(n^2+1) = 0.27769, squared and halved
		{"grazing", 90, 1, 1e-12},
		{"80 degrees", 80, 0.34691, 1e-4},
	} {
		within(t, c.name, Fresnel(math.Cos(c.degrees*math.Pi/180)), c.want, c.absTol)
	}
}

func TestWetGround(t *testing.T) {
	for _, c := range []struct {
		name                   string
		film, cosine, rho, out float64
	}{
		{"dry", 0, 0.05, 0.2, 1},
		{"film of no depth", -1, 0.05, 0.2, 1},
		{"covered, from above, black", 1.2, 1, 0, 0.97994 * 0.97994},
		{"covered, from above, white", 5, 1, 1, 0.97994},
		{"half covered", 0.6, 1, 0, (1 + 0.97994*0.97994) / 2},
		{"grazing", 1.2, 0, 0.2, 0},
	} {
		within(t, c.name, WetGround(c.film, c.cosine, c.rho), c.out, 1e-4)
	}
	before := 1.0
	for r := 3.0; r < 60; r++ { // a ring at r m from a sensor 1.8 m up
		now := WetGround(1, 1.8/math.Hypot(r, 1.8), 0.1)
		if !(now < before) {
			t.Fatalf("at %g m: %g, not below %g", r, now, before)
		}
		before = now
	}
	if before > 0.2 {
		t.Errorf("at 60 m a wet road still returns %.2f of the dry one, want under 0.2", before)
	}
}

// TestWetRingsVanish: rings beyond 15 to 30 m disappear, near ones stay.
func TestWetRingsVanish(t *testing.T) {
	var in []Return
	for r := 4.0; r < 60; r++ {
		d := math.Hypot(r, 1.8)
		in = append(in, Return{Dir: [3]float32{float32(r / d), 0, float32(-1.8 / d)}, Range: float32(d), Intensity: 10. / 255, Ground: true})
	}
	out, counts := applied(timeline.Conditions{Weather: timeline.Weather{WetMm: 1.2}}, LidarScene{}, LidarSpec{}, in)
	if out[0].Fate != Kept || out[5].Fate != Kept {
		t.Error("rings within 10 m vanished")
	}
	if last := out[len(out)-1]; last.Fate != Lost {
		t.Errorf("the ring at 59 m stays with %.4f", last.Intensity)
	}
	if counts.Lost < 20 || counts.Kept < 8 {
		t.Errorf("%+v, want at least 20 lost and 8 kept of 56", counts)
	}
}

func TestPlume(t *testing.T) {
	if _, ok := NewPlume([3]float32{}, [2]float32{1, 0}, 10, 2, 1.5, 1); ok {
		t.Error("a vehicle at 10 m/s has spray")
	}
	if _, ok := NewPlume([3]float32{}, [2]float32{1, 0}, 30, 2, 1.5, 0); ok {
		t.Error("a dry road sprays")
	}
	// A car 10 m ahead that drives away at 20 m/s: its plume reaches back over the sensor. Density 0.05 + 0.5*0.25 at the bumper.
	p, ok := NewPlume([3]float32{10, 0, -1}, [2]float32{1, 0}, 20, 2, 2, 1)
	if !ok {
		t.Fatal("no plume")
	}
	within(t, "length", float64(p.LengthM), 10, 1e-6)
	within(t, "width", float64(p.WidthM), 2.4, 1e-6)
	within(t, "extinction", float64(p.PerM), 0.175, 1e-6)
	depth := func(dir [3]float32, limit float32) float64 {
		d, _ := along([]Plume{p}, &dir, limit, 0)
		return float64(d)
	}
	within(t, "whole way to the bumper: 0.175 * 10 (1 - 1/e)", depth([3]float32{1, 0, 0}, 50), 1.75*(1-1/math.E), 0.005)
	within(t, "half way: 1.75 (exp(-1/2) - exp(-1))", depth([3]float32{1, 0, 0}, 5), 1.75*(math.Exp(-0.5)-math.Exp(-1)), 0.003)
	within(t, "straight up: 0.6 m of exp(-1) density", depth([3]float32{0, 0, 1}, 50), 0.175*math.Exp(-1)*0.6, 1e-4)
	within(t, "to the side: 1.2 m", depth([3]float32{0, 1, 0}, 50), 0.175*math.Exp(-1)*1.2, 1e-4)
	within(t, "backwards: to 20 m behind the bumper", depth([3]float32{-1, 0, 0}, 50), 1.75*(math.Exp(-1)-math.Exp(-2)), 0.005)

	hits, n := 0, 4000
	for i := range n {
		dir := [3]float32{1, 0, 0}
		_, at := along([]Plume{p}, &dir, 50, (float64(i)+0.5)/float64(n))
		if at > 0 {
			hits++
			if at > 10 {
				t.Fatalf("spray at %g m, behind the bumper", at)
			}
		}
	}
	near(t, "share that returns: 1 - exp(-depth)", float64(hits)/float64(n), 1-math.Exp(-1.75*(1-1/math.E)), 0.005)
}

func TestPlumeOf(t *testing.T) {
	yaw := math.Pi / 2 // drives left
	p, ok := PlumeOf(r3.Vec{X: 20, Y: 3, Z: 0.8}, r3.Vec{X: 2, Y: 4, Z: 1.6}, yaw, 20, 1, r3.Vec{X: 1, Z: 2})
	if !ok {
		t.Fatal("no plume")
	}
	want := [3]float64{19, 1, -2} // rear bumper on the ground, from the sensor
	for i := range want {
		within(t, "start", float64(p.Start[i]), want[i], 1e-6)
	}
	within(t, "back x", float64(p.Back[0]), 0, 1e-6)
	within(t, "back y", float64(p.Back[1]), -1, 1e-6)
}

func TestFogField(t *testing.T) {
	f := NewFogField(chance.Of(3, "patches"))
	// Moments over many places that know nothing of each other.
	var sum, logs, square float64
	const n = 4000
	for i := range n {
		v := f.factor(float64(i%64)*97, float64(i/64)*103)
		sum, logs = sum+v, logs+math.Log(v)
		square += math.Pow(math.Log(v)+patchSD*patchSD/2, 2)
	}
	within(t, "mean", sum/n, 1, 5*patchSD/math.Sqrt(n))
	near(t, "sd of the logarithm", math.Sqrt(square/n), patchSD, 0.06)
	// Smooth: a metre changes little, 20 m and more anything.
	for i := range 200 {
		x, y := float64(i)*13.7-900, float64(i)*7.1-500
		if d := math.Abs(f.factor(x+1, y) - f.factor(x, y)); d > 0.15 {
			t.Fatalf("at %g, %g: a metre changes the factor by %g", x, y, d)
		}
	}
	// The table is the mean along the way, wherever the vehicle looks.
	f.At(30, -12, 0.7)
	within(t, "here", f.Here(), f.factor(30, -12), 1e-12)
	for _, c := range []struct{ angle, d float64 }{{0, 50}, {1, 120}, {2.5, 7}, {-2, 200}, {-0.4, 33}} {
		want := 0.0
		for s := range 2000 {
			r := c.d * (float64(s) + 0.5) / 2000
			want += f.factor(30+r*math.Cos(c.angle+0.7), -12+r*math.Sin(c.angle+0.7)) / 2000
		}
		got := f.Mean(float32(math.Cos(c.angle)), float32(math.Sin(c.angle)), float32(c.d))
		near(t, "mean along the way", float64(got), want, 0.05)
	}
	within(t, "straight up", float64(f.Mean(0, 0, 0)), f.Here(), 1e-6)
}

func TestDiamondAngle(t *testing.T) {
	before := float32(-1)
	for a := 0.0; a < 2*math.Pi; a += 0.01 {
		d := diamondAngle(float32(math.Cos(a)), float32(math.Sin(a)))
		if d < before || d < 0 || d >= 4.0001 {
			t.Fatalf("at %g rad: %g after %g", a, d, before)
		}
		before = d
		x, y := diamondDirection(float64(d))
		got := math.Mod(math.Atan2(y, x)+2*math.Pi, 2*math.Pi)
		within(t, "there and back", math.Cos(got-a), 1, 1e-9)
	}
}

func TestHardware(t *testing.T) {
	in := sweepOf(20000)
	for _, c := range []struct {
		name          string
		f             timeline.Fault
		share, within float64
		lost          func(r *Return) (must, may bool)
	}{
		{"a quarter of the beams", timeline.Fault{LostBeams: 0.25}, 0.25, 0.005, nil},
		{"all beams", timeline.Fault{LostBeams: 1}, 1, 0, nil},
		{"70 % of the points", timeline.Fault{LostPoints: 0.7}, 0.7, 0.015, nil},
		{"60 degrees to each side are left", timeline.Fault{FieldRad: math.Pi / 3}, 2. / 3, 0.01, func(r *Return) (bool, bool) {
			a := math.Abs(math.Atan2(float64(r.Dir[1]), float64(r.Dir[0])))
			return a > math.Pi/3+1e-3, a > math.Pi/3-1e-3
		}},
		{"a fifth is covered", timeline.Fault{BlockedShare: 0.2}, 0.2, 0.01, nil},
		{"all is covered", timeline.Fault{BlockedShare: 1}, 1, 0, nil},
	} {
		out, counts := applied(timeline.Conditions{Fault: c.f}, LidarScene{}, LidarSpec{Beams: 64}, in)
		within(t, c.name, float64(counts.Lost)/float64(len(in)), c.share, c.within)
		for i := range out {
			if c.lost == nil {
				break
			}
			must, may := c.lost(&out[i])
			if got := out[i].Fate == Lost; got && !may || !got && must {
				t.Fatalf("%s: beam towards %v lost is %t", c.name, out[i].Dir, got)
			}
		}
	}
}

// TestMoreIncludesLess: rings that are dead stay dead when more die, whatever the sweep.
func TestMoreIncludesLess(t *testing.T) {
	key := chance.Of(4, "beams")
	less, more := make([]bool, 32), make([]bool, 32)
	for share := 0.1; share < 1; share += 0.1 {
		LostBeams(less, share-0.1, key)
		LostBeams(more, share, key)
		n := 0
		for i := range less {
			if less[i] && !more[i] {
				t.Fatalf("ring %d is dead at %.1f and alive at %.1f", i, share-0.1, share)
			}
			if more[i] {
				n++
			}
		}
		if want := int(math.Round(32 * share)); n != want {
			t.Errorf("share %.1f: %d dead rings, want %d", share, n, want)
		}
	}
}

func TestPoints(t *testing.T) {
	// A sensor 1.8 m up, turned by 90 degrees: its x axis is the vehicle's y axis.
	pose := sensors.Pose{Rotation: quat.Number{Real: math.Sqrt2 / 2, Kmag: math.Sqrt2 / 2}, Translation: r3.Vec{X: 1, Z: 1.8}}
	points := []sensors.Point{
		{X: 10, Intensity: 0.5, Ring: 3},
		{X: 6, Y: 0, Z: -1.7, Intensity: 0.1},
		{X: 6, Y: 0, Z: -1.2, Intensity: 0.1},
		{},
		{X: 1.1, Y: 2.3, Z: -0.7, Intensity: 0.2},
	}
	rs := AppendReturns(nil, points, pose)
	if len(rs) != len(points) {
		t.Fatalf("%d returns of %d points", len(rs), len(points))
	}
	within(t, "range", float64(rs[0].Range), 10, 1e-6)
	within(t, "left of the vehicle", float64(rs[0].Dir[1]), 1, 1e-6)
	for i, want := range []bool{false, true, false, false, false} {
		if rs[i].Ground != want {
			t.Errorf("point %d: ground is %t, want %t", i, rs[i].Ground, want)
		}
	}
	if rs[3].Range != 0 || rs[0].Beam != 3 {
		t.Errorf("got range %g of a point at the origin and beam %d, want 0 and 3", rs[3].Range, rs[0].Beam)
	}
	for i := range rs { // unchanged returns give unchanged points, bit for bit
		p := points[i]
		rs[i].Place(&p)
		if p != points[i] {
			t.Errorf("point %d: placed at %+v, was %+v", i, p, points[i])
		}
	}
	r, p := rs[4], points[4]
	r.Range, r.Intensity = r.Range/2, 0.05
	r.Place(&p)
	within(t, "half way: x", float64(p.X), 0.55, 1e-6)
	within(t, "half way: z", float64(p.Z), -0.35, 1e-6)
	within(t, "intensity", float64(p.Intensity), 0.05, 1e-6)
}
