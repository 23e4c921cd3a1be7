package camera

import "math"

// cloudNoise is value noise in the plane, 0..1. Method: K. Perlin, An Image Synthesizer, SIGGRAPH 1985, in its simplest form.
func cloudNoise(x, y float32, seed uint32) float32 {
	fx, fy := float32(math.Floor(float64(x))), float32(math.Floor(float64(y)))
	ix, iy := int32(fx), int32(fy)
	u, v := x-fx, y-fy
	u, v = u*u*(3-2*u), v*v*(3-2*v)
	a, b := lattice(ix, iy, seed), lattice(ix+1, iy, seed)
	c, d := lattice(ix, iy+1, seed), lattice(ix+1, iy+1, seed)
	a += u * (b - a)
	c += u * (d - c)
	return a + v*(c-a)
}

// lattice hashes a corner to 0..1 by the finaliser of MurmurHash3 (A. Appleby).
func lattice(x, y int32, seed uint32) float32 {
	h := uint32(x)*73856093 ^ uint32(y)*19349663 ^ seed
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	return float32((h^h>>16)>>8) / (1 << 24)
}

func clamp01(x float64) float64 { return math.Max(0, math.Min(1, x)) }

func clamp01f(x float32) float32 { return max(0, min(1, x)) }

func smoothstep(from, to, x float64) float64 {
	t := clamp01((x - from) / (to - from))
	return t * t * (3 - 2*t)
}

func exp(x float32) float32 { return float32(math.Exp(float64(x))) }
