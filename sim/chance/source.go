package chance

import (
	"math"
	"math/rand/v2"
)

// Source draws a sequence of numbers for one named purpose. It is not safe for concurrent use: give each goroutine its own, by name.
type Source struct{ r *rand.Rand }

// New makes the source of a seed and names, see Of. The generator is PCG-DXSM of math/rand/v2.
func New(seed uint64, names ...any) *Source { return Of(seed, names...).Source() }

// Source makes the sequence that the key names.
func (k Key) Source() *Source {
	return &Source{r: rand.New(rand.NewPCG(k.Uint64(), k.At(2).Uint64()))} //nolint:gosec // repeatable chance is the purpose
}

// Uint64 is uniform over all 64-bit numbers.
func (s *Source) Uint64() uint64 { return s.r.Uint64() }

// Float64 is uniform in [0, 1).
func (s *Source) Float64() float64 { return s.r.Float64() }

// Between is uniform in [low, high).
func (s *Source) Between(low, high float64) float64 { return low + float64((high-low)*s.r.Float64()) }

// IntN is uniform in 0..n-1; n must be positive.
func (s *Source) IntN(n int) int { return s.r.IntN(n) }

// Chance is true with probability p: never for p <= 0, always for p >= 1.
func (s *Source) Chance(p float64) bool { return s.r.Float64() < p }

// Norm is normal with mean 0 and standard deviation 1.
func (s *Source) Norm() float64 { return s.r.NormFloat64() }

// Exp is exponential with mean 1.
func (s *Source) Exp() float64 { return s.r.ExpFloat64() }

// poissonInversion is the mean up to which multiplying uniforms is quicker than transformed rejection.
const poissonInversion = 10

// Poisson draws a count of the given mean, 0 for a mean that is not positive. Small means by multiplication of uniforms (Knuth),
// others by transformed rejection with squeeze (PTRS, Hoermann 1993): exact for any mean. Means above 1e15 are taken as 1e15.
func (s *Source) Poisson(mean float64) int {
	switch {
	case !(mean > 0):
		return 0
	case mean < poissonInversion:
		limit, product, n := math.Exp(-mean), s.r.Float64(), 0
		for product > limit {
			product *= s.r.Float64()
			n++
		}
		return n
	}
	mean = math.Min(mean, 1e15)
	logMean := math.Log(mean)
	b := 0.931 + 2.53*math.Sqrt(mean)
	a := -0.059 + 0.02483*b
	invAlpha := 1.1239 + 1.1328/(b-3.4)
	quick := 0.9277 - 3.6224/(b-2)
	for {
		u, v := s.r.Float64()-0.5, s.r.Float64()
		us := 0.5 - math.Abs(u)
		k := math.Floor((2*a/us+b)*u + mean + 0.43)
		if us >= 0.07 && v <= quick {
			return int(k)
		}
		if k < 0 || (us < 0.013 && v > us) {
			continue
		}
		lg, _ := math.Lgamma(k + 1)
		if math.Log(v*invAlpha/(a/(us*us)+b)) <= k*logMean-mean-lg {
			return int(k)
		}
	}
}
