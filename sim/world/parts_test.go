package world

import (
	"math"
	"testing"
	"time"

	"gonum.org/v1/gonum/spatial/r3"
	"pgregory.net/rapid"

	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
)

// A circle of radius 50 m in closed form, and a place found again on a bending road.
func TestRoute(t *testing.T) {
	r := newRoute(-20, 100, 0, 0, 0, 0, func(float64) float64 { return 1. / 50 })
	for _, s := range []float64{-20, -3.3, 0, 0.25, 17.77, 100} {
		p := r.at(s)
		x, y := 50*math.Sin(s/50), 50*(1-math.Cos(s/50))
		// Simpson over half a metre: 1e-9; Hermite in between: (0.5/50)^4 * 50 / 384.
		if d := math.Hypot(p.x-x, p.y-y); d > 2e-8 || math.Abs(p.heading-s/50) > 1e-12 {
			t.Errorf("at %g: %.9f off, heading %g, want %g", s, d, p.heading, s/50)
		}
		q := r.reversed().at(-s)
		if math.Hypot(q.x-p.x, q.y-p.y) > 1e-9 || math.Abs(math.Cos(q.heading-p.heading)+1) > 1e-9 || q.curvature != -p.curvature {
			t.Errorf("reversed at %g: %+v, want the opposite of %+v", -s, q, p)
		}
	}
	if p := r.at(110); math.Abs(p.heading-2) > 1e-12 || p.curvature != 0 {
		t.Errorf("beyond the end %+v, want straight on", p)
	}
	rapid.Check(t, func(t *rapid.T) {
		s, d := rapid.Float64Range(-19, 99).Draw(t, "s"), rapid.Float64Range(-40, 20).Draw(t, "d")
		p := r.at(s)
		x, y := p.offset(d)
		if gs, gd := r.project(x, y, s-30, s+30); math.Abs(gs-s) > 1e-3 || math.Abs(gd-d) > 1e-3 {
			t.Fatalf("project(offset(%g, %g)) = %g, %g", s, d, gs, gd)
		}
	})
}

// A turn leaves on the middle of the target lane, at right angles.
func TestTurnEndsInItsLane(t *testing.T) {
	for seed := range uint64(5) {
		for _, m := range []Manoeuvre{TurnLeft, TurnRight} {
			spec := Defaults(Junction)
			spec.Ego.Manoeuvre = m
			l := newLayout(seed, &spec, 10*time.Second)
			p := l.turn.route.at(l.turn.leave + 80)
			s, d := l.cross.ahead.project(p.x, p.y, -500, 500)
			want := l.cross.laneCentre(0)
			if m == TurnRight { // the lane of who drives back
				want = -want
				s = -s
			}
			if math.Abs(d-want) > 1e-6 || s < 50 {
				t.Errorf("seed %d %s: ends at s %.2f d %.6f, want d %.6f", seed, m, s, d, want)
			}
		}
	}
}

// The places of a cubic polynomial's ticks give it back, with its derivative, but for the spline's own error.
func TestTrack(t *testing.T) {
	at := func(t float64) float64 { return 3 + 2*t - 5*t*t + 4*t*t*t }
	rate := func(t float64) float64 { return 2 - 10*t + 12*t*t }
	k := track{begin: -1}
	for i := range 200 {
		s := -1 + tickS*float64(i)
		k.places = append(k.places, place{x: at(s), yaw: -at(s)})
	}
	for _, s := range []float64{-0.5, 0, 0.013, 1.001, 1.999} {
		p, r := k.at(s)
		// The slopes at ticks are off by x''' tick²/6 = 0.0016.
		if math.Abs(p.x-at(s)) > 1e-5 || math.Abs(r.x-rate(s)) > 3e-3 || p.yaw != -p.x || r.yaw != -r.x {
			t.Errorf("at %g: %g moving %g, want %g moving %g", s, p.x, r.x, at(s), rate(s))
		}
	}
	rest := still(place{x: 5})
	if p, r := rest.at(3); p.x != 5 || r != (rates{}) {
		t.Errorf("still = %+v, %+v", p, r)
	}
}

func TestDriverModel(t *testing.T) {
	straight := newRoute(0, 500, 0, 0, 0, 0, func(float64) float64 { return 0 })
	bend := newRoute(0, 500, 0, 0, 0, 0, func(s float64) float64 { return math.Max(0, math.Min(1, (s-40)/20)) / 25 })
	inf := math.Inf(1)
	cases := []struct {
		name      string
		route     *route
		v, wish   float64
		ahead     leader
		low, high float64
	}{
		{"free at rest", straight, 0, 15, leader{inf, 0}, 1.5, 1.5},
		{"free at the wish", straight, 15, 15, leader{inf, 0}, 0, 0},
		{"too fast", straight, 20, 15, leader{inf, 0}, -2, -0.3},
		{"at the wished gap", straight, 10, 15, leader{2 + 10*1.2, 10}, -1e-9, 1e-9},
		{"far behind", straight, 10, 15, leader{200, 10}, 1, 1.5},
		{"too near", straight, 10, 15, leader{7, 10}, -8, -3},
		{"closing on a wall", straight, 14, 15, leader{60, 0}, -2.5, -0.5},
		{"no hope", straight, 14, 15, leader{2, 0}, -8, -8},
		// R = 25 m at 2 m/s² is 7 m/s; from 15 m/s that takes 73 m at 1.2 m/s², and there are 60.
		{"before a bend", bend, 15, 15, leader{inf, 0}, -2, -0.1},
		{"slow before a bend", bend, 5, 15, leader{inf, 0}, 0.5, 1.5},
	}
	for _, c := range cases {
		m := &mover{route: c.route, v: c.v, wish: c.wish, manner: manner{headway: 1.2, accel: 1.5, brake: 2, gap: 2, side: 2}}
		if got := m.drive(c.ahead); got < c.low || got > c.high {
			t.Errorf("%s: %.3f m/s², want %g to %g", c.name, got, c.low, c.high)
		}
	}
}

func TestOverlaps(t *testing.T) {
	a := newBox2(0, 0, 0, 4, 2)
	cases := []struct {
		name string
		b    box2
		want bool
	}{
		{"same", a, true},
		{"inside", newBox2(0.5, 0.2, 1, 1, 1), true},
		{"beside", newBox2(0, 2.01, 0, 4, 2), false},
		{"touching less", newBox2(0, 1.99, 0, 4, 2), true},
		{"before", newBox2(4.01, 0, 0, 4, 2), false},
		{"corner passes by", newBox2(3, 2, math.Pi/4, 2, 2), false},
		{"corner meets", newBox2(2.6, 1.5, math.Pi/4, 2, 2), true},
		{"only the second's axes part them", newBox2(2.9, 1.9, math.Pi/4, 6, 0.4), true},
		{"across", newBox2(0, 0, math.Pi/2, 10, 0.1), true},
		{"long, turned, apart", newBox2(-3.5, 2.5, math.Pi/4, 6, 0.4), false},
	}
	for _, c := range cases {
		if got := a.overlaps(&c.b); got != c.want || c.b.overlaps(&a) != got {
			t.Errorf("%s: %v, want %v both ways", c.name, got, c.want)
		}
	}
}

// The body dives when it brakes and leans out of curves.
func TestEgoBody(t *testing.T) {
	spec := Defaults(Street)
	spec.Ego.Manoeuvre, spec.Map.SlopePercent = Stop, 0
	w := bare(t, 2, spec, 12*time.Second)
	mean := func(from, to time.Duration, f func(EgoState) float64) float64 {
		sum, n := 0.0, 0.0
		for at := from; at < to; at += 10 * time.Millisecond {
			sum, n = sum+f(w.Ego(at)), n+1
		}
		return sum / n
	}
	pitch := func(e EgoState) float64 { // of the body, less that of the ground
		p := e.WorldFromEgo
		x, y := p.Apply(r3.Vec{X: 2}), p.Translation
		road := math.Atan((w.GroundHeight(x.X, x.Y) - w.GroundHeight(y.X, y.Y)) / 2)
		return math.Asin(-p.Rotate(r3.Vec{X: 1}).Z) + road
	}
	accel := mean(2*time.Second, 6*time.Second, func(e EgoState) float64 { return e.Acceleration.X })
	if dive := mean(2*time.Second, 6*time.Second, pitch); accel > -0.8 || math.Abs(dive+pitchPerMps2*accel) > 0.0015 {
		t.Errorf("braking by %.2f m/s² the body dives by %.4f rad, want %.4f", accel, dive, -pitchPerMps2*accel)
	}
	spec = Defaults(Curve)
	spec.Traffic.CrossingPerMin = 0
	w = bare(t, 3, spec, 12*time.Second)
	side := mean(8*time.Second, 11*time.Second, func(e EgoState) float64 { return e.Velocity.X * e.Spin.Z })
	lean := mean(8*time.Second, 11*time.Second, func(e EgoState) float64 {
		return math.Asin(e.WorldFromEgo.Rotate(r3.Vec{Y: 1}).Z)
	})
	// The crown of the road, 2 %, tilts the lane to the right.
	if want := rollPerMps2*side + crown; math.Abs(side) < 0.5 || math.Abs(lean-want) > 0.004 {
		t.Errorf("at %.2f m/s² to the left the left side rises by %.4f rad, want %.4f", side, lean, want)
	}
}

// The mesh of the road is where GroundHeight says, houses stand beside it, and lamps, lights, mirrors and clutter are in their places.
func TestMapAndFixtures(t *testing.T) {
	spec := Defaults(Junction)
	spec.Ego.Manoeuvre = Stop
	w := mustNew(t, 5, spec, 8*time.Second)
	scene := geom.NewScene(w.Static(), nil)
	down := func(x, y float64) (float64, material.ID) {
		var h geom.Hit
		if !scene.Cast(&geom.Ray{Origin: geom.Vec{float32(x), float32(y), 2}, Dir: geom.Vec{0, 0, -1}, Max: 10}, &h) {
			t.Fatalf("nothing under %g, %g", x, y)
		}
		return float64(2 - h.Distance), h.Material
	}
	main := w.layout.main
	for s := main.begin + 1; s < main.end-1; s += 1.7 {
		for _, d := range []float64{-main.kerb + 0.3, -1, 0.02, 1.5, main.kerb - 0.3} {
			p := main.ahead.at(s)
			x, y := p.offset(d)
			// Markings and patches lie up to 5 mm over the asphalt, and its mesh is flat over 2 m.
			if z, id := down(x, y); z-w.GroundHeight(x, y) > 0.008 || z-w.GroundHeight(x, y) < -0.004 {
				t.Fatalf("surface at s %.1f d %.1f (%s) is %.4f m over the ground", s, d, material.Get(id).Name, z-w.GroundHeight(x, y))
			}
		}
	}
	if n := w.Static().Triangles(); n < 40000 || n > 200000 {
		t.Errorf("%d triangles, want 40,000 to 200,000", n)
	}
	if b := w.Static().Bounds(); math.Abs(float64(b.Lo[0])) > 1000 || b.Hi[0] > 1000 || b.Hi[2] < 8 || b.Hi[2] > 100 {
		t.Errorf("the map spans %v", b)
	}
	if len(w.Lamps()) < 10 || len(w.Lights()) < 4 || len(w.Reflectors()) < 20 || len(w.Clutter()) < 100 {
		t.Fatalf("%d lamps, %d lights, %d mirrors, %d points", len(w.Lamps()), len(w.Lights()), len(w.Reflectors()), len(w.Clutter()))
	}
	for _, l := range w.Lamps() {
		if h := l.At.Z - w.GroundHeight(l.At.X, l.At.Y); h < 4 || h > 12 || l.Candela < 500 || l.Candela > 10000 {
			t.Errorf("lamp %.1f m up with %.0f cd", h, l.Candela)
		}
	}
	for _, r := range w.Reflectors() {
		if math.Abs(r3.Norm(r.Normal)-1) > 1e-9 || math.Abs(r3.Norm(r.Along)-1) > 1e-9 || math.Abs(r3.Dot(r.Normal, r.Along)) > 1e-9 || r.HalfLength <= 0 {
			t.Errorf("mirror %+v", r)
		}
	}
	// The ego's light is red and turns green; what shines is the lens of that colour.
	g := &w.Lights()[0]
	for _, c := range []struct {
		at   float64
		want Phase
		lens material.ID
	}{{0, Red, material.SignalRed}, {100, Green, material.SignalGreen}} {
		if got := g.Phase(c.at); got != c.want {
			t.Errorf("the light at %g s is %v, want %v", c.at, got, c.want)
		}
		lit := geom.NewScene(w.Static(), []geom.Instance{g.Instance(c.at)})
		p := g.WorldFromHead.Apply(r3.Vec{X: 2, Y: 0.01, Z: lensStepM * float64(2-c.want)})
		look := g.WorldFromHead.Rotate(r3.Vec{X: -1})
		var h geom.Hit
		ray := geom.Ray{
			Origin: geom.Vec{float32(p.X), float32(p.Y), float32(p.Z)}, Dir: geom.Vec{float32(look.X), float32(look.Y), float32(look.Z)}.Unit(), Max: 3,
		}
		if !lit.Cast(&ray, &h) || h.Material != c.lens {
			t.Errorf("at %g s the lens is %s, want %s", c.at, material.Get(h.Material).Name, material.Get(c.lens).Name)
		}
	}
}

func TestSignalPhases(t *testing.T) {
	g := signal{greenFrom: 2, greenUntil: 5}
	for _, c := range []struct {
		at   float64
		want Phase
		red  float64
	}{{1, Red, 1}, {2, Green, 0}, {4.9, Green, 0}, {5, Amber, 0}, {7.9, Amber, 0}, {8, Red, math.Inf(1)}} {
		if p, red := g.phase(c.at), g.redFor(c.at); p != c.want || red != c.red {
			t.Errorf("at %g: %v, red for %g, want %v, %g", c.at, p, red, c.want, c.red)
		}
	}
}
