package world

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"testing"
	"time"

	"gonum.org/v1/gonum/spatial/r3"
	"pgregory.net/rapid"
)

// stockOfTests is shared: making bodies takes longer than worlds.
var stockOfTests = NewBodies()

// hashOf covers everything that a world shows.
func hashOf(w *World) [32]byte {
	h := sha256.New()
	put := func(v ...float64) {
		for _, x := range v {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], math.Float64bits(x))
			h.Write(b[:])
		}
	}
	vec := func(v r3.Vec) { put(v.X, v.Y, v.Z) }
	put(float64(w.Static().Triangles()))
	box := w.Static().Bounds()
	put(float64(box.Lo[0]), float64(box.Hi[0]), float64(box.Hi[2]))
	for t := -time.Second; t <= w.Duration()+time.Second; t += 170 * time.Millisecond {
		e := w.Ego(t)
		vec(e.WorldFromEgo.Translation)
		vec(e.Velocity)
		vec(e.Spin)
		for i := range w.Actors() {
			a := &w.Actors()[i]
			s := a.At(t)
			h.Write([]byte(a.Instance + a.Body.Shape + s.Attribute))
			vec(s.WorldFromObject.Translation)
			put(s.WorldFromObject.Rotation.Real, s.WorldFromObject.Rotation.Kmag)
			vec(s.Velocity)
		}
	}
	for _, r := range w.Reflectors() {
		vec(r.At)
		put(r.LossDB)
	}
	for _, c := range w.Clutter() {
		vec(c.At)
		put(c.RCSdBsm)
	}
	for _, l := range w.Lamps() {
		vec(l.At)
	}
	return [32]byte(h.Sum(nil))
}

// bare is a world without its static solid.
func bare(t testing.TB, seed uint64, spec Spec, duration time.Duration) *World {
	t.Helper()
	w, _, err := assemble(stockOfTests, seed, spec, duration)
	if err != nil {
		t.Fatalf("seed %d, %+v, %v: %v", seed, spec, duration, err)
	}
	return w
}

func mustNew(t testing.TB, seed uint64, spec Spec, duration time.Duration) *World {
	t.Helper()
	w, err := NewFrom(stockOfTests, seed, spec, duration)
	if err != nil {
		t.Fatalf("New(%d, %+v, %v): %v", seed, spec, duration, err)
	}
	return w
}

func TestSameSeedSameMesh(t *testing.T) {
	hash := func(kind Kind, seed uint64) [32]byte {
		_, m, err := assemble(stockOfTests, seed, Defaults(kind), time.Second)
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		if err := binary.Write(h, binary.LittleEndian, m.Corners); err != nil {
			t.Fatal(err)
		}
		if err := binary.Write(h, binary.LittleEndian, m.Materials); err != nil {
			t.Fatal(err)
		}
		return [32]byte(h.Sum(nil))
	}
	for _, kind := range Kinds {
		if a, b := hash(kind, 7), hash(kind, 7); a != b {
			t.Errorf("%s: seed 7 gave %x, then %x", kind, a[:4], b[:4])
		}
		if hash(kind, 7) == hash(kind, 8) {
			t.Errorf("%s: seeds 7 and 8 gave the same mesh", kind)
		}
	}
}

func TestSameSeedSameWorld(t *testing.T) {
	for _, kind := range Kinds {
		a := hashOf(mustNew(t, 7, Defaults(kind), 4*time.Second))
		again, err := New(7, Defaults(kind), 4*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if b := hashOf(again); a != b {
			t.Errorf("%s: seed 7 gave %x with a shared stock and %x with one of its own", kind, a[:4], b[:4])
		}
		if b := hashOf(mustNew(t, 8, Defaults(kind), 4*time.Second)); a == b {
			t.Errorf("%s: seeds 7 and 8 gave the same world", kind)
		}
	}
}

// drawWorld draws any world that a scenario may order.
func drawWorld(t *rapid.T) (*World, uint64, Spec) {
	seed := rapid.Uint64Range(0, 1<<32).Draw(t, "seed")
	duration := time.Duration(rapid.IntRange(1, 8).Draw(t, "seconds")) * time.Second
	spec := Draw(seed, duration)
	w, _, err := assemble(stockOfTests, seed, spec, duration)
	if err != nil {
		t.Fatalf("New(%d, %+v): %v", seed, spec, err)
	}
	return w, seed, spec
}

func footprint(s *State, size [3]float32, room float64) box2 {
	p := s.WorldFromObject
	b := newBox2(p.Translation.X, p.Translation.Y, p.Yaw(), float64(size[0]), float64(size[1]))
	b.hl += room
	b.hw += room
	return b
}

// Nobody touches anybody, at any time; the ego is one of them.
func TestNobodyOverlaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, seed, spec := drawWorld(t)
		phase := time.Duration(rapid.IntRange(0, 79).Draw(t, "phase")) * time.Millisecond
		for at := phase - time.Second; at <= w.Duration()+time.Second; at += 80 * time.Millisecond {
			e := w.Ego(at).WorldFromEgo
			middle := e.Apply(r3.Vec{X: EgoLengthM/2 - egoRearM})
			boxes := []box2{newBox2(middle.X, middle.Y, e.Yaw(), EgoLengthM, EgoWidthM)}
			names := []string{"ego"}
			moves := []bool{true}
			for i := range w.Actors() {
				a := &w.Actors()[i]
				if s := a.At(at); s.Present {
					boxes, names, moves = append(boxes, footprint(&s, a.Body.Size, 0)), append(names, a.Instance), append(moves, a.Moves())
				}
			}
			for i := range boxes {
				for j := range i {
					if (moves[i] || moves[j] || at == phase-time.Second) && boxes[i].overlaps(&boxes[j]) {
						t.Fatalf("seed %d %s %s: %s overlaps %s at %v", seed, spec.Map.Kind, spec.Ego.Manoeuvre, names[i], names[j], at)
					}
				}
			}
		}
	})
}

// Vehicles do not slip: the middle of the rear axle, in front of which the box's middle is, moves along the heading. So does the ego's.
func TestRearAxlesDoNotSlip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, seed, _ := drawWorld(t)
		at := time.Duration(rapid.Int64Range(int64(-time.Second), int64(w.Duration()+time.Second)).Draw(t, "at"))
		for i := range w.Actors() {
			a := &w.Actors()[i]
			s := a.At(at)
			if !a.Moves() || a.Category == Pedestrian || a.Category == Trailer {
				continue
			}
			axle := r3.Add(s.Velocity, r3.Cross(r3.Vec{Z: s.YawRate}, s.WorldFromObject.Rotate(r3.Vec{X: -0.28 * float64(a.Body.Size[0])})))
			if slip := s.WorldFromObject.Inverse().Rotate(axle).Y; math.Abs(slip) > 0.03 {
				t.Fatalf("seed %d: %s at %v slips by %.3f m/s, yaw rate %.3f", seed, a.Instance, at, slip, s.YawRate)
			}
		}
		if e := w.Ego(at); math.Abs(e.Velocity.Y) > 0.05 {
			t.Fatalf("seed %d: the ego at %v slips by %.3f m/s", seed, at, e.Velocity.Y)
		}
	})
}

// Positions are smooth and velocities are their derivative; nobody jumps, spins or climbs.
func TestVelocityIsTheDerivative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, seed, _ := drawWorld(t)
		const dt = 500 * time.Microsecond
		at := time.Duration(rapid.Int64Range(int64(-time.Second), int64(w.Duration()+time.Second)).Draw(t, "at"))
		for i := range w.Actors() {
			a := &w.Actors()[i]
			s, before, after := a.At(at), a.At(at-dt), a.At(at+dt)
			if !s.Present {
				continue
			}
			got := r3.Scale(1/(2*dt.Seconds()), r3.Sub(after.WorldFromObject.Translation, before.WorldFromObject.Translation))
			if d := r3.Norm(r3.Sub(got, s.Velocity)); d > 1e-2 {
				t.Fatalf("seed %d: %s at %v moves by %v, its velocity is %v", seed, a.Instance, at, got, s.Velocity)
			}
			if math.Abs(s.Velocity.Z) > 1.2+0.2*r3.Norm(s.Velocity) || math.Abs(s.YawRate) > 1.5 {
				t.Fatalf("seed %d: %s at %v: velocity %v, yaw rate %v", seed, a.Instance, at, s.Velocity, s.YawRate)
			}
		}
		e, before, after := w.Ego(at), w.Ego(at-dt), w.Ego(at+dt)
		v, spin := before.WorldFromEgo.TwistTo(after.WorldFromEgo, 2*dt.Seconds())
		if d := r3.Norm(r3.Sub(v, e.Velocity)); d > 1e-2 {
			t.Fatalf("seed %d: ego at %v moves by %v, its velocity is %v", seed, at, v, e.Velocity)
		}
		if d := r3.Norm(r3.Sub(spin, e.Spin)); d > 2e-3 {
			t.Fatalf("seed %d: ego at %v turns by %v, its spin is %v", seed, at, spin, e.Spin)
		}
	})
}

// Two workers that share a stock make the same worlds as one.
func TestSharedStock(t *testing.T) {
	stock := NewBodies()
	hashes := make(chan [32]byte, 2)
	for range 2 {
		go func() {
			w, err := NewFrom(stock, 3, Defaults(Suburb), time.Second)
			if err != nil {
				t.Error(err)
				hashes <- [32]byte{}
				return
			}
			hashes <- hashOf(w)
		}()
	}
	if a, b := <-hashes, <-hashes; a != b || a == ([32]byte{}) {
		t.Errorf("two workers made %x and %x", a[:4], b[:4])
	}
}
