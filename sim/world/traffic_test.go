package world

import (
	"math"
	"testing"
	"time"

	"gonum.org/v1/gonum/spatial/r3"
	"pgregory.net/rapid"
)

// Vehicles keep to the asphalt with all four corners, people off it unless they cross, everyone out of houses.
func TestEverybodyKeepsToTheirGround(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, seed, spec := drawWorld(t)
		l := w.layout
		at := time.Duration(rapid.Int64Range(int64(-time.Second), int64(w.Duration()+time.Second)).Draw(t, "at"))
		check := func(name string, p r3.Vec, yaw, length, width float64) {
			b := newBox2(p.X, p.Y, yaw, length, width)
			for _, c := range [][2]float64{{1, 1}, {1, -1}, {-1, 1}, {-1, -1}} {
				x, y := b.x+c[0]*b.hl*b.cos-c[1]*b.hw*b.sin, b.y+c[0]*b.hl*b.sin+c[1]*b.hw*b.cos
				if kerb := w.GroundHeight(x, y) - l.land.at(x, y); kerb > 0.1 && !onAsphalt(l, x, y) {
					t.Fatalf("seed %d %s %s: %s at %v has a corner on the kerb at %.1f, %.1f", seed, spec.Map.Kind, spec.Ego.Manoeuvre, name, at, x, y)
				}
			}
		}
		for i := range w.Actors() {
			a := &w.Actors()[i]
			s := a.At(at)
			if !s.Present || !a.Moves() {
				continue
			}
			p := s.WorldFromObject.Translation
			if a.Category != Pedestrian {
				check(a.Instance, p, s.WorldFromObject.Yaw(), float64(a.Body.Size[0]), float64(a.Body.Size[1]))
			}
			// The box stands on the ground: its foot within 12 cm of it, as crowns and kerbs allow.
			if foot := p.Z - float64(a.Body.Size[2])/2 - w.GroundHeight(p.X, p.Y); math.Abs(foot) > 0.13 {
				t.Fatalf("seed %d: %s at %v stands %.2f m over the ground", seed, a.Instance, at, foot)
			}
		}
		e := w.Ego(at).WorldFromEgo
		check("ego", e.Apply(r3.Vec{X: EgoLengthM/2 - egoRearM}), e.Yaw(), EgoLengthM, EgoWidthM)
		if z := e.Translation.Z - w.GroundHeight(e.Translation.X, e.Translation.Y); math.Abs(z) > 0.05 {
			t.Fatalf("seed %d: ego at %v is %.3f m over the ground", seed, at, z)
		}
	})
}

// onAsphalt tells whether a place is on a road.
func onAsphalt(l *layout, x, y float64) bool {
	for _, r := range l.roads() {
		if s, d := r.ahead.project(x, y, r.begin-viewM, r.end+viewM); math.Abs(d) <= r.kerb && s > r.begin-viewM && s < r.end+viewM {
			return true
		}
	}
	return false
}

// Nobody passes a red light.
func TestRedLightsStop(t *testing.T) {
	for seed := range uint64(6) {
		for _, m := range []Manoeuvre{Stop, Follow, TurnLeft} {
			spec := Defaults(Junction)
			spec.Ego.Manoeuvre = m
			w := bare(t, seed, spec, 10*time.Second)
			l := w.layout
			for i := range w.Actors() {
				a := &w.Actors()[i]
				if !a.Moves() || a.Category == Pedestrian {
					continue
				}
				for at := -time.Second; at < 10*time.Second; at += 100 * time.Millisecond {
					s0, s1 := a.At(at), a.At(at+100*time.Millisecond)
					for _, g := range l.signals {
						front := func(s *State) (float64, float64) {
							p := s.WorldFromObject.Apply(r3.Vec{X: float64(a.Body.Size[0]) / 2})
							return g.route.project(p.X, p.Y, g.line-10, g.line+10)
						}
						f0, d := front(&s0)
						f1, _ := front(&s1)
						heading := math.Cos(s0.WorldFromObject.Yaw() - g.route.at(g.line).heading)
						if f0 < g.line && f1 >= g.line && heading > 0.9 && d < 0 && -d < g.road.kerb && g.phase(at.Seconds()) == Red {
							t.Errorf("seed %d %s: %s passes a red light at %v", seed, m, a.Instance, at)
						}
					}
				}
			}
		}
	}
}

// The ego does what it is told.
func TestManoeuvres(t *testing.T) {
	type drive struct {
		least, last, turned float64 // m/s, m/s, radians
		side                float64 // of the road's centre line at the end, m
		past                bool
	}
	run := func(t *testing.T, kind Kind, m Manoeuvre, seed uint64) drive {
		spec := Defaults(kind)
		spec.Ego.Manoeuvre = m
		w := bare(t, seed, spec, 16*time.Second)
		var d drive
		d.least = math.Inf(1)
		for at := time.Duration(0); at <= w.Duration(); at += 50 * time.Millisecond {
			e := w.Ego(at)
			d.last = r3.Norm(e.Velocity)
			d.least = math.Min(d.least, d.last)
		}
		e := w.Ego(w.Duration()).WorldFromEgo
		d.turned = e.Yaw()
		_, d.side = w.layout.main.ahead.project(e.Translation.X, e.Translation.Y, w.layout.main.begin, w.layout.main.end)
		for i := range w.Actors() {
			a := &w.Actors()[i]
			s0, s1 := a.At(-time.Second), a.At(w.Duration())
			line := w.layout.main.ahead
			p0, p1 := s0.WorldFromObject.Translation, s1.WorldFromObject.Translation
			before, lane := line.project(p0.X, p0.Y, -100, 200)
			after, _ := line.project(p1.X, p1.Y, 0, 600)
			far, _ := line.project(e.Translation.X, e.Translation.Y, 0, 600)
			d.past = d.past || a.Moves() && math.Abs(lane-w.layout.egoD) < 0.5 && before > 20 && after < far-8
		}
		return d
	}
	for seed := range uint64(5) {
		if d := run(t, Street, Stop, seed); d.least > 0.05 || d.last < 0.5 {
			t.Errorf("seed %d stop: slowest %.2f m/s and %.1f at the end, want a stop and a start", seed, d.least, d.last)
		}
		if d := run(t, Junction, TurnLeft, seed); math.Abs(d.turned-math.Pi/2) > 0.02 || d.least < 2 {
			t.Errorf("seed %d left: turned by %.2f at no less than %.1f m/s, want a quarter turn without a stop", seed, d.turned, d.least)
		}
		if d := run(t, Junction, TurnRight, seed); math.Abs(d.turned+math.Pi/2) > 0.02 {
			t.Errorf("seed %d right: turned by %.2f, want minus a quarter turn", seed, d.turned)
		}
		if d := run(t, Highway, LaneChange, seed); math.Abs(d.side+1.6+1.5*3.6) > 0.3 {
			t.Errorf("seed %d lane change: ends at %.1f m, want the middle lane", seed, d.side)
		}
		if d := run(t, Highway, Overtake, seed); !d.past || d.least < 18 {
			t.Errorf("seed %d overtake: passed %v, slowest %.1f m/s", seed, d.past, d.least)
		}
		if d := run(t, Street, Follow, seed); d.least < 4 {
			t.Errorf("seed %d follow: slowest %.1f m/s", seed, d.least)
		}
	}
}

// Vehicles drive at the speeds ordered, and within what physics and comfort allow.
func TestSpeedsAndAccelerations(t *testing.T) {
	for _, kind := range Kinds {
		spec := Defaults(kind)
		w := bare(t, 11, spec, 6*time.Second)
		var sum, n, hard float64
		for i := range w.Actors() {
			a := &w.Actors()[i]
			for at := time.Duration(0); at < w.Duration() && a.Moves(); at += 100 * time.Millisecond {
				s, next := a.At(at), a.At(at+100*time.Millisecond)
				v, u := r3.Norm(s.Velocity), r3.Norm(next.Velocity)
				if !s.Present || !next.Present {
					continue
				}
				if acc := (u - v) / 0.1; math.Abs(acc) > 8.5 {
					t.Errorf("%s: %s accelerates by %.1f m/s² at %v", kind, a.Instance, acc, at)
				} else if acc < -4 {
					hard++
				}
				if a.Category == Car {
					sum, n = sum+v, n+1
				}
				if a.Category == Pedestrian && v > 2.5 || v > 1.5*spec.Traffic.SpeedMps {
					t.Errorf("%s: %s moves at %.1f m/s", kind, a.Instance, v)
				}
			}
		}
		if mean := sum / n; mean > 1.1*spec.Traffic.SpeedMps || mean < 0.4*spec.Traffic.SpeedMps {
			t.Errorf("%s: cars drive at %.1f m/s, ordered were %.1f", kind, mean, spec.Traffic.SpeedMps)
		}
		if hard > 0.02*n {
			t.Errorf("%s: %.0f of %.0f moments brake hard", kind, hard, n)
		}
	}
}

// Over many seeds all ten classes and all attributes occur, cars most, in about the order of nuScenes.
func TestClassesOverManySeeds(t *testing.T) {
	count, attributes := map[string]int{}, map[string]int{}
	for seed := range uint64(200) {
		w := bare(t, seed, Draw(seed, time.Second), time.Second)
		for i := range w.Actors() {
			a := &w.Actors()[i]
			if s := a.At(0); s.Present {
				count[a.Category]++
				attributes[s.Attribute]++
			}
		}
	}
	all := 0
	for _, n := range count {
		all += n
	}
	t.Logf("%d actors: %v %v", all, count, attributes)
	for class, limits := range map[string][2]float64{
		Car: {0.35, 0.65}, Pedestrian: {0.1, 0.4}, Truck: {0.02, 0.1}, Bus: {0.002, 0.03}, Trailer: {0.002, 0.04}, Machine: {0.0005, 0.02},
		Motorcycle: {0.005, 0.04}, Bicycle: {0.01, 0.14}, TrafficCone: {0.01, 0.1}, Barrier: {0.01, 0.1},
	} {
		if share := float64(count[class]) / float64(all); share < limits[0] || share > limits[1] {
			t.Errorf("%s are %.4f of all, want %v", class, share, limits)
		}
	}
	for _, a := range []string{VehicleMoves, VehicleStops, VehicleParks, WithRider, WithoutRider, PersonMoves, PersonStands} {
		if attributes[a] == 0 {
			t.Errorf("nobody is %s", a)
		}
	}
}
