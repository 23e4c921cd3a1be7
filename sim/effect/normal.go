package effect

import "math"

// normals are the standard normal quantiles of 4096 equal shares: noise for millions of points and pixels at one look-up each. The
// largest is 3.7.
var normals = func() (t [4096]float32) {
	scale := 0.0
	for i := range t {
		x := math.Sqrt2 * math.Erfinv(2*(float64(i)+0.5)/float64(len(t))-1)
		t[i] = float32(x)
		scale += x * x
	}
	scale = math.Sqrt(float64(len(t)) / scale) // the shares' middles have a little less than unit variance
	for i := range t {
		t[i] *= float32(scale)
	}
	return t
}()

// normal turns 12 random bits into a standard normal number.
func normal(bits uint64) float32 { return normals[bits&4095] }

// poisson inverts the distribution's sum at u in [0, 1): within 2e-7 for means up to 30, bounded at 200.
func poisson(u, mean float64) int {
	if u <= 1-mean { // exp(-x) >= 1 - x
		return 0
	}
	term := float64(decay(float32(mean)))
	n := 0
	for sum := term; u > sum && n < 200; sum += term {
		n++
		term *= mean / float64(n)
	}
	return n
}
