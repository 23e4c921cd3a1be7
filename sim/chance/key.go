// Package chance is where all randomness of the simulator comes from. A draw depends only on the seed and on the names of what it is
// for ("lidar", "LIDAR_TOP", sweep 12, beam 7), never on what was drawn before it elsewhere: so the same seed gives the same bytes in
// any order of work and on any number of cores. There is no global state.
//
// Use New for things that draw many numbers in a row, and Key for one number each of many points or pixels: it allocates nothing.
package chance

import (
	"math"
	"math/bits"
	"reflect"
)

// Key names one source of chance. Keys made from different names are independent of each other; the same names give the same key.
type Key uint64

// golden is 2^64 divided by the golden ratio, the increment of SplitMix64 (Steele, Lea, Flood 2014).
const golden = 0x9e3779b97f4a7c15

// Tags keep the string "1" apart from the number 1.
const (
	tagText   = 0x6a09e667f3bcc909
	tagNumber = 0xbb67ae8584caa73b
)

// Of hashes a seed and names to a key. A name is a string or an integer of any width (equal numbers of different widths are the same
// name); anything else is a bug and panics. The order of the names matters.
func Of(seed uint64, names ...any) Key {
	return Key(mix(seed + golden)).With(names...)
}

// With is the key of something inside what k names: Of(s, a, b) equals Of(s, a).With(b).
func (k Key) With(names ...any) Key {
	for _, name := range names {
		switch n := name.(type) {
		case string:
			k = k.text(n)
		case int:
			k = k.At(uint64(n)) //nolint:gosec // a negative number keeps its bits, which is all a name needs
		case uint64:
			k = k.At(n)
		case int64:
			k = k.At(uint64(n)) //nolint:gosec // as above
		case int32:
			k = k.At(uint64(n)) //nolint:gosec // as above
		case uint32:
			k = k.At(uint64(n))
		case uint16:
			k = k.At(uint64(n))
		case uint8:
			k = k.At(uint64(n))
		default:
			panic("chance: a name must be a string or an integer, not " + reflect.TypeOf(name).String())
		}
	}
	return k
}

// At is With for one number, the fast way for points, pixels and indices.
func (k Key) At(i uint64) Key {
	hi, lo := bits.Mul64(uint64(k)^tagNumber, golden)
	return Key(mix((hi ^ lo) + mix(i+golden)))
}

func (k Key) text(s string) Key {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return Key(mix(uint64(k) ^ mix(h^tagText) + uint64(len(s))*golden))
}

// mix is the finaliser of SplitMix64: every bit of x moves about half of the bits of the result.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Uint64 is the key's own random number, the same at every call.
func (k Key) Uint64() uint64 { return mix(uint64(k) ^ tagText) }

// Float64 is the key's own number in [0, 1), the same at every call.
func (k Key) Float64() float64 { return float64(k.Uint64()>>11) / (1 << 53) }

// Float32 is the key's own number in [0, 1), the same at every call.
func (k Key) Float32() float32 { return float32(k.Uint64()>>40) / (1 << 24) }

// Chance is true with probability p, the same at every call: never for p <= 0, always for p >= 1.
func (k Key) Chance(p float64) bool { return k.Float64() < p }

// Norm is the key's own standard normal number (Box and Muller 1958), the same at every call.
func (k Key) Norm() float64 {
	radius := math.Sqrt(2 * k.Exp())
	return radius * math.Cos(2*math.Pi*float64(k.At(1).Uint64()>>11)/(1<<53))
}

// Exp is the key's own exponential number of mean 1, the same at every call.
func (k Key) Exp() float64 { return -math.Log(1 - k.Float64()) }
