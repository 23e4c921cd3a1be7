package sensors

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/spatial/r3"
	"pgregory.net/rapid"
)

// circle is a drive at constant twist.
type circle struct{ v, w r3.Vec }

func (c circle) at(stamp StampNs) Pose {
	return FromYaw(0.3, r3.Vec{X: 100, Y: -50}).Advance(c.v, c.w, stamp.Sub(testStamp).Seconds())
}

func (c circle) motion(stamp StampNs) *EgoMotion {
	return &EgoMotion{Meta: Meta{Sensor: EgoStream, Modality: Ego, Stamp: stamp}, LocalFromEgo: c.at(stamp), Velocity: c.v, AngularVelocity: c.w}
}

func (c circle) history(n int, period time.Duration) *EgoHistory {
	h := &EgoHistory{}
	for i := range n {
		h.Add(c.motion(StampNs(testStamp).Add(time.Duration(i) * period)))
	}
	return h
}

// Inside, the error is that of the chord, v w h² / 8; beyond the ends the twist is exact.
func TestEgoHistoryOnACircle(t *testing.T) {
	c := circle{v: r3.Vec{X: 20}, w: r3.Vec{Z: 0.5}}
	for _, tt := range []struct {
		name   string
		period time.Duration
		bound  float64 // m
	}{
		{"100 Hz", 10 * time.Millisecond, 20 * 0.5 * 0.01 * 0.01 / 8},     // 0.125 mm
		{"50 Hz", 20 * time.Millisecond, 20 * 0.5 * 0.02 * 0.02 / 8},      // 0.5 mm
		{"10 Hz", 100 * time.Millisecond, 20 * 0.5 * 0.1 * 0.1 / 8},       // 12.5 mm
		{"0.5 s apart", 500 * time.Millisecond, 20 * 0.5 * 0.5 * 0.5 / 8}, // 0.31 m
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := c.history(20, tt.period)
			oldest, newest := h.Span()
			worst := 0.0
			for s := oldest; s <= newest; s = s.Add(tt.period / 16) {
				got, q, ok := h.At(s)
				if !ok || q != EgoInterpolated {
					t.Fatalf("At(%s) = %v, %v", s.Sub(oldest), q, ok)
				}
				worst = max(worst, r3.Norm(r3.Sub(got.LocalFromEgo.Translation, c.at(s).Translation)))
				// The heading is exact: the turn rate is constant.
				if d := math.Abs(math.Remainder(got.LocalFromEgo.Yaw()-c.at(s).Yaw(), 2*math.Pi)); d > 1e-12 {
					t.Fatalf("yaw at %s is %g off", s.Sub(oldest), d)
				}
				if r3.Norm(r3.Sub(got.Velocity, c.v)) > 1e-12 || r3.Norm(r3.Sub(got.AngularVelocity, c.w)) > 1e-12 {
					t.Fatalf("twist at %s = %v, %v", s.Sub(oldest), got.Velocity, got.AngularVelocity)
				}
			}
			// The bound is the chord's: a little under it at the middle, never above.
			if worst > tt.bound*1.0001 || worst < tt.bound*0.99 {
				t.Errorf("worst error %g m, want %g", worst, tt.bound)
			}
			for _, s := range []StampNs{oldest.Add(-MaxEgoExtrapolation), oldest.Add(-1), newest.Add(1), newest.Add(MaxEgoExtrapolation)} {
				got, q, ok := h.At(s)
				if !ok || q != EgoExtrapolated || apart(got.LocalFromEgo, c.at(s)) > 1e-10 {
					t.Errorf("At(%s) = %v, %v, %g m off", s.Sub(oldest), q, ok, apart(got.LocalFromEgo, c.at(s)))
				}
			}
			for _, s := range []StampNs{oldest.Add(-MaxEgoExtrapolation - 1), newest.Add(MaxEgoExtrapolation + 1), 0, math.MinInt64, math.MaxInt64} {
				got, q, ok := h.At(s)
				limit := newest.Add(MaxEgoExtrapolation)
				if s < oldest {
					limit = oldest.Add(-MaxEgoExtrapolation)
				}
				if ok || q != EgoStale || apart(got.LocalFromEgo, c.at(limit)) > 1e-10 {
					t.Errorf("At(%d) = %v, %v, want stale and the pose at the limit", s, q, ok)
				}
			}
		})
	}
}

func TestEgoHistoryEmptyAndGaps(t *testing.T) {
	h := &EgoHistory{}
	if got, q, ok := h.At(testStamp); ok || q != EgoNone || got.LocalFromEgo != Identity {
		t.Errorf("empty history: %v, %v, %v", got, q, ok)
	}
	if _, ok := h.Between(testStamp, testStamp); ok {
		t.Error("empty history: Between is ok")
	}
	c := circle{v: r3.Vec{X: 10}}
	h.Add(c.motion(testStamp))
	h.Add(c.motion(StampNs(testStamp).Add(MaxEgoGap)))
	h.Add(c.motion(StampNs(testStamp).Add(2*MaxEgoGap + 1)))
	for _, tt := range []struct {
		at   time.Duration
		want Quality
	}{
		{0, EgoInterpolated},
		{MaxEgoGap / 2, EgoInterpolated},
		{MaxEgoGap, EgoInterpolated},
		{MaxEgoGap + 1, EgoAcrossGap},
		{2 * MaxEgoGap, EgoAcrossGap},
		{2*MaxEgoGap + 1, EgoInterpolated},
		{2*MaxEgoGap + 2, EgoExtrapolated},
	} {
		s := StampNs(testStamp).Add(tt.at)
		got, q, ok := h.At(s)
		if !ok || q != tt.want || apart(got.LocalFromEgo, c.at(s)) > 1e-10 {
			t.Errorf("At(%s) = %v, %v, %v, want %v", tt.at, got, q, ok, tt.want)
		}
	}
}

func TestEgoHistoryBetween(t *testing.T) {
	c := circle{v: r3.Vec{X: 20, Y: 0.1}, w: r3.Vec{X: 0.02, Z: 0.5}}
	h := c.history(50, 10*time.Millisecond)
	from, to := StampNs(testStamp).Add(100*time.Millisecond), StampNs(testStamp).Add(437*time.Millisecond)
	got, ok := h.Between(from, to)
	want := c.at(to).Inverse().Mul(c.at(from))
	// Twice the chord's 0.125 mm.
	if d := apart(got, want); !ok || d > 2.5e-4 {
		t.Errorf("Between = %v, %v, %g m off", got, ok, d)
	}
	// A point 30 m ahead comes nearer by the way driven, about 20 m/s x 0.337 s.
	if p := got.Apply(r3.Vec{X: 30}); p.X > 24 || p.X < 22.5 {
		t.Errorf("a fixed point 30 m ahead is at %v afterwards", p)
	}
	if _, ok := h.Between(from, to.Add(time.Hour)); ok {
		t.Error("Between into the future is ok")
	}
}

// Samples in any order, some of them twice, give the same answers as in order and once.
func TestEgoHistoryOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 200).Draw(t, "samples")
		c := circle{v: r3.Vec{X: 15}, w: r3.Vec{Z: rapid.Float64Range(-0.5, 0.5).Draw(t, "w")}}
		want := c.history(n, 10*time.Millisecond)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		got := &EgoHistory{}
		var outOfOrder, duplicates uint64
		newest := StampNs(0)
		for _, i := range rng.Perm(n) {
			m := c.motion(StampNs(testStamp).Add(time.Duration(i) * 10 * time.Millisecond))
			if m.Stamp < newest {
				outOfOrder++
			}
			newest = max(newest, m.Stamp)
			got.Add(m)
			if rng.IntN(4) == 0 {
				duplicates++
				m.LocalFromEgo = Identity // must not win
				got.Add(m)
			}
		}
		if d := cmp.Diff(EgoStats{Kept: uint64(n), Duplicate: duplicates, OutOfOrder: outOfOrder}, got.Stats()); d != "" {
			t.Fatalf("stats (-want +got):\n%s", d)
		}
		for range 20 {
			s := StampNs(testStamp).Add(time.Duration(rng.Int64N(int64(n+20)*1e7)) - 1e8)
			a, qa, oka := want.At(s)
			b, qb, okb := got.At(s)
			if a != b || qa != qb || oka != okb {
				t.Fatalf("At(%d) = %v %v %v, in order %v %v %v", s, b, qb, okb, a, qa, oka)
			}
		}
	})
}

// A long drive keeps the newest EgoHistorySize samples; what is older is refused and counted.
func TestEgoHistoryIsBounded(t *testing.T) {
	c := circle{v: r3.Vec{X: 15}, w: r3.Vec{Z: 0.1}}
	const n = 3*EgoHistorySize + 17
	h := c.history(n, 10*time.Millisecond)
	oldest, newest := h.Span()
	if h.Len() != EgoHistorySize || newest != StampNs(testStamp).Add((n-1)*10*time.Millisecond) ||
		newest.Sub(oldest) != (EgoHistorySize-1)*10*time.Millisecond {
		t.Errorf("history of %d from %d to %d", h.Len(), oldest, newest)
	}
	h.Add(c.motion(oldest.Add(-time.Millisecond)))
	if got := h.Stats(); got.TooOld != 1 || got.Kept != n {
		t.Errorf("stats = %+v, want one too old of %d kept", got, n)
	}
	// One between the two oldest makes room by pushing the oldest out, across the ring's seam.
	h.Add(c.motion(oldest.Add(time.Millisecond)))
	if first, _ := h.Span(); first != oldest.Add(time.Millisecond) || h.Len() != EgoHistorySize {
		t.Errorf("after a late one: %d samples from %d", h.Len(), first)
	}
	for s := oldest.Add(time.Millisecond); s < newest; s = s.Add(7 * time.Millisecond) {
		if got, q, ok := h.At(s); !ok || q != EgoInterpolated || apart(got.LocalFromEgo, c.at(s)) > 1e-4 {
			t.Fatalf("At(%s) = %v, %v, %v", s.Sub(oldest), got, q, ok)
		}
	}
}

// Without velocities in the messages they come from the poses.
func TestEgoHistoryWithoutTwist(t *testing.T) {
	c := circle{v: r3.Vec{X: 12}, w: r3.Vec{Z: 0.4}}
	h := &EgoHistory{}
	add := func(s StampNs) {
		m := c.motion(s)
		m.Velocity, m.AngularVelocity, m.TwistUnknown = r3.Vec{}, r3.Vec{}, true
		h.Add(m)
	}
	add(testStamp)
	if _, q, ok := h.At(testStamp); !ok || q != EgoInterpolated {
		t.Errorf("on the only sample: %v, %v", q, ok)
	}
	if _, q, ok := h.At(testStamp + 1); ok || q != EgoNone {
		t.Errorf("beside the only sample: %v, %v, want none", q, ok)
	}
	add(testStamp + 20e6)
	for _, ms := range []int64{-50, -1, 0, 10, 20, 21, 70} {
		s := StampNs(testStamp + ms*1e6)
		got, _, ok := h.At(s)
		// 12 * 0.4 * 0.02² / 8 = 0.24 mm inside.
		if !ok || apart(got.LocalFromEgo, c.at(s)) > 2.5e-4 || r3.Norm(r3.Sub(got.Velocity, c.v)) > 1e-9 ||
			r3.Norm(r3.Sub(got.AngularVelocity, c.w)) > 1e-9 {
			t.Errorf("At(%d ms) = %+v, %v", ms, got, ok)
		}
	}
}

func TestEgoHistoryAllocatesNothing(t *testing.T) {
	c := circle{v: r3.Vec{X: 12}, w: r3.Vec{Z: 0.4}}
	h := c.history(EgoHistorySize, 10*time.Millisecond)
	_, newest := h.Span()
	m := c.motion(newest)
	if got := testing.AllocsPerRun(100, func() {
		m.Stamp = m.Stamp.Add(10 * time.Millisecond)
		h.Add(m)
		h.At(m.Stamp - 3)
		h.Between(m.Stamp-12e6, m.Stamp+1e6)
	}); got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
}

func BenchmarkEgoHistoryAt(b *testing.B) {
	c := circle{v: r3.Vec{X: 12}, w: r3.Vec{Z: 0.4}}
	h := c.history(EgoHistorySize, 10*time.Millisecond)
	oldest, newest := h.Span()
	b.ReportAllocs()
	s := oldest
	for b.Loop() {
		if s = s.Add(3_333_333); s > newest {
			s = oldest
		}
		if _, _, ok := h.At(s); !ok {
			b.Fatal("not ok")
		}
	}
}

func BenchmarkEgoHistoryAdd(b *testing.B) {
	c := circle{v: r3.Vec{X: 12}, w: r3.Vec{Z: 0.4}}
	h, m := &EgoHistory{}, c.motion(testStamp)
	b.ReportAllocs()
	for b.Loop() {
		m.Stamp += 10_000_000
		h.Add(m)
	}
}
