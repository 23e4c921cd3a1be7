package chance

import (
	"math"
	"math/bits"
	"testing"
)

// TestSameEverywhere pins values, so that a change of the hash or of the generator (which would change every recording) is noticed.
func TestSameEverywhere(t *testing.T) {
	if got, want := Of(1, "lidar", "LIDAR_TOP", 12, 7).Uint64(), New(1, "lidar", "LIDAR_TOP", 12, 7); got == want.Uint64() {
		t.Fatalf("the key's number and its source's first number are both %d, want different ones", got)
	}
	for _, c := range []struct {
		name string
		got  uint64
		want uint64
	}{
		{"key", Of(1, "lidar", "LIDAR_TOP", 12, 7).Uint64(), pinnedKey},
		{"source", New(1, "lidar", "LIDAR_TOP", 12, 7).Uint64(), pinnedSource},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %#x, want %#x", c.name, c.got, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b Key
		same bool
	}{
		{"the same", Of(3, "a", 4), Of(3, "a", 4), true},
		{"in two steps", Of(3, "a").With(4), Of(3, "a", 4), true},
		{"At is With", Of(3).At(4), Of(3, 4), true},
		{"widths are equal", Of(3, int32(4), uint8(7), int64(1), uint16(2), uint32(5)), Of(3, uint64(4), 7, 1, 2, 5), true},
		{"negative", Of(3, -4), Of(3, 4), false},
		{"seed", Of(4, "a"), Of(3, "a"), false},
		{"order", Of(3, "a", "b"), Of(3, "b", "a"), false},
		{"text and number", Of(3, "4"), Of(3, 4), false},
		{"joined text", Of(3, "ab", "c"), Of(3, "a", "bc"), false},
		{"empty text", Of(3, ""), Of(3), false},
		{"seed and name swapped", Of(3, 4), Of(4, 3), false},
	} {
		if got := c.a == c.b; got != c.same {
			t.Errorf("%s: equal is %t, want %t", c.name, got, c.same)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a float as a name did not panic")
		}
	}()
	Of(1, 2.5)
}

// TestAvalanche: neighbouring numbers as names must give unrelated keys.
func TestAvalanche(t *testing.T) {
	const n = 4096
	var flips float64
	for i := range uint64(n) {
		flips += float64(bits.OnesCount64(Of(1, "x").At(i).Uint64() ^ Of(1, "x").At(i+1).Uint64()))
	}
	if mean := flips / n; math.Abs(mean-32) > 0.5 { // sd of the mean is 4/64
		t.Errorf("neighbours differ in %.2f bits of 64, want 32 +-0.5", mean)
	}
}

// TestIndependence: the correlation of sequences and of keys with neighbouring names stays within four standard errors of zero.
func TestIndependence(t *testing.T) {
	const n = 20000
	correlate := func(f func(i int) (float64, float64)) float64 {
		var xy float64
		for i := range n {
			x, y := f(i)
			xy += (x - 0.5) * (y - 0.5) * 12
		}
		return xy / n
	}
	a, b := New(9, "sweep", 1), New(9, "sweep", 2)
	for _, c := range []struct {
		name string
		got  float64
	}{
		{"two sources", correlate(func(int) (float64, float64) { return a.Float64(), b.Float64() })},
		{"neighbouring keys", correlate(func(i int) (float64, float64) { return Of(9, i).Float64(), Of(9, i+1).Float64() })},
		{"neighbouring seeds", correlate(func(i int) (float64, float64) { return Of(uint64(i), "a").Float64(), Of(uint64(i+1), "a").Float64() })},
		{"nested keys", correlate(func(i int) (float64, float64) { return Of(9, i, 0).Float64(), Of(9, i, 1).Float64() })},
		{"key and child", correlate(func(i int) (float64, float64) { return Of(9, i).Float64(), Of(9, i).At(0).Float64() })},
	} {
		if limit := 4 / math.Sqrt(n); math.Abs(c.got) > limit {
			t.Errorf("%s: correlation %.4f, want within %.4f of 0", c.name, c.got, limit)
		}
	}
}

// TestMoments checks mean and variance within five standard errors of what the distributions have on paper.
func TestMoments(t *testing.T) {
	const n = 40000
	s, k := New(5, "moments"), Of(5, "moments")
	poisson := func(mean float64) func(int) float64 { return func(int) float64 { return float64(s.Poisson(mean)) } }
	for _, c := range []struct {
		name                 string
		draw                 func(i int) float64
		mean, variance, kurt float64 // kurt: fourth central moment over variance squared
	}{
		{"source uniform", func(int) float64 { return s.Float64() }, 0.5, 1. / 12, 1.8},
		{"source between", func(int) float64 { return s.Between(-2, 4) }, 1, 3, 1.8},
		{"source normal", func(int) float64 { return s.Norm() }, 0, 1, 3},
		{"source exponential", func(int) float64 { return s.Exp() }, 1, 1, 9},
		{"source int", func(int) float64 { return float64(s.IntN(10)) }, 4.5, 8.25, 1.78},
		{"poisson 0.1", poisson(0.1), 0.1, 0.1, 13},
		{"poisson 9.9", poisson(9.9), 9.9, 9.9, 3.1},
		{"poisson 10.1", poisson(10.1), 10.1, 10.1, 3.1},
		{"poisson 300", poisson(300), 300, 300, 3},
		{"poisson 1e6", poisson(1e6), 1e6, 1e6, 3},
		{"poisson of nothing", poisson(-1), 0, 0, 3},
		{"poisson of NaN", poisson(math.NaN()), 0, 0, 3},
		{"key uniform", func(i int) float64 { return k.At(uint64(i)).Float64() }, 0.5, 1. / 12, 1.8},
		{"key uniform 32", func(i int) float64 { return float64(k.At(uint64(i)).Float32()) }, 0.5, 1. / 12, 1.8},
		{"key normal", func(i int) float64 { return k.At(uint64(i)).Norm() }, 0, 1, 3},
		{"key exponential", func(i int) float64 { return k.At(uint64(i)).Exp() }, 1, 1, 9},
	} {
		var sum, square float64
		for i := range n {
			x := c.draw(i)
			sum += x
			square += (x - c.mean) * (x - c.mean)
		}
		mean, variance := sum/n, square/n
		if limit := 5*math.Sqrt(c.variance/n) + 1e-12; !(math.Abs(mean-c.mean) <= limit) {
			t.Errorf("%s: mean %.5f, want %.5f +-%.5f", c.name, mean, c.mean, limit)
		}
		if limit := 5*c.variance*math.Sqrt((c.kurt-1)/n) + 1e-12; !(math.Abs(variance-c.variance) <= limit) {
			t.Errorf("%s: variance %.5f, want %.5f +-%.5f", c.name, variance, c.variance, limit)
		}
	}
}

func TestChance(t *testing.T) {
	s := New(1)
	for i := range uint64(1000) {
		k := Of(1).At(i)
		if k.Chance(0) || s.Chance(0) || k.Chance(-1) {
			t.Fatal("something impossible happened")
		}
		if !k.Chance(1) || !s.Chance(1) {
			t.Fatal("something certain did not happen")
		}
	}
	hits := 0
	for i := range uint64(10000) {
		if Of(2).At(i).Chance(0.3) {
			hits++
		}
	}
	if hits < 2800 || hits > 3200 {
		t.Errorf("0.3 happened %d times in 10000, want 3000 +-200", hits)
	}
}

func TestNoAllocation(t *testing.T) {
	sum, i := 0.0, 1000
	name := "LIDAR_TOP"
	got := testing.AllocsPerRun(100, func() {
		i++
		k := Of(uint64(i), "lidar", name, i)
		sum += k.At(uint64(i)).Norm()
	})
	if got != 0 {
		t.Errorf("keys: %.0f allocations, want 0", got)
	}
}

func BenchmarkKeyFloat64(b *testing.B) {
	b.ReportAllocs()
	k, sum := Of(1, "bench"), 0.0
	for i := range b.N {
		sum += k.At(uint64(i)).Float64()
	}
	_ = sum
}

func BenchmarkKeyNorm(b *testing.B) {
	b.ReportAllocs()
	k, sum := Of(1, "bench"), 0.0
	for i := range b.N {
		sum += k.At(uint64(i)).Norm()
	}
	_ = sum
}

const (
	pinnedKey    = 0xa0756fa2437e5144
	pinnedSource = 0x84d6da2f17b0f7b1
)
