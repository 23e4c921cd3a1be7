package material

import "math"

// Color returns the diffuse reflectance of a surface in linear RGB at a point (metres, in the frame that the surface belongs to),
// where its normal, in the same frame, says how the pattern lies. width is how much of the surface one look takes in, in metres (a
// pixel's share; 0 for a point): details finer than that fade into their mean, so that far surfaces do not glitter. A pure function,
// deterministic, without allocation.
func Color(id ID, point, normal [3]float32, width float32) [3]float32 {
	m := &table[id]
	if m.Pattern == Plain {
		return m.Albedo
	}
	s := m.Pattern.share(point, normal, width)
	return [3]float32{
		m.Albedo[0] + s*(m.Second[0]-m.Albedo[0]),
		m.Albedo[1] + s*(m.Second[1]-m.Albedo[1]),
		m.Albedo[2] + s*(m.Second[2]-m.Albedo[2]),
	}
}

// share is how much of the second colour there is, 0..1.
func (p Pattern) share(q, n [3]float32, width float32) float32 {
	switch p {
	case Speckle:
		return clamp(0.5 + 0.35*octave(q, 0.03, width) + 0.3*octave(q, 0.25, width) + 0.25*octave(q, 2.3, width))
	case Blotches:
		return clamp(0.5 + 0.2*octave(q, 0.06, width) + 0.35*octave(q, 0.45, width) + 0.45*octave(q, 2.9, width))
	case Foliage:
		return clamp(0.5 + 0.6*octave(q, 0.07, width) + 0.5*octave(q, 0.19, width) + 0.3*octave(q, 0.8, width))
	case Flow:
		return clamp(0.5 + 0.5*octave(q, 1.3, width) + 0.2*octave(q, 0.2, width))
	default: // those that lie along the surface
	}
	u, v := along(q, n)
	grain := 0.15 * octave(q, 0.4, width)
	switch p {
	case Bricks: // 21 x 6.5 cm with joints of 1 cm
		row := floor(v / 0.075)
		shift := 0.11 * (row - 2*floor(row/2))
		joint := max(band(u+shift, 0.22, 0.01, width), band(v, 0.075, 0.01, width))
		return clamp(joint + 0.25*hash2(row, floor((u+shift)/0.22)) - 0.1 + grain)
	case Slabs: // 40 cm, each of its own shade
		joint := max(band(u, 0.4, 0.012, width), band(v, 0.4, 0.012, width))
		return clamp(0.9*joint + 0.35*fade(hash2(floor(u/0.4), floor(v/0.4)), 0.5, 0.8, width) + grain)
	case Windows: // 1.3 x 1.6 m in a grid of 2.6 x 3.2 m, not on roofs
		if abs(n[2]) > 0.7 {
			return clamp(0.1 + grain)
		}
		pane := min(band(u, 2.6, 1.3, width), band(v-0.9, 3.2, 1.6, width))
		return clamp(pane*(0.75+0.25*hash2(floor(u/2.6), floor((v-0.9)/3.2))) + (1-pane)*(0.04+0.4*grain))
	case Stripes:
		return band(u+v, 0.3, 0.15, width)
	default:
		return 0
	}
}

// along returns coordinates in the surface: u level and v up for walls, u and v level for floors.
func along(q, n [3]float32) (u, v float32) {
	h := float32(math.Hypot(float64(n[0]), float64(n[1])))
	if h < 0.7 {
		return q[0], q[1]
	}
	return (q[1]*n[0] - q[0]*n[1]) / h, q[2]
}

// band is 1 in the first mark of each period and 0 in the rest, blurred by width.
func band(x, period, mark, width float32) float32 {
	if width >= period {
		return mark / period
	}
	x -= period * floor(x/period)
	if width < 1e-3 {
		width = 1e-3
	}
	covered := func(from, to float32) float32 { return max(0, min(x+width/2, to)-max(x-width/2, from)) }
	return clamp((covered(0, mark) + covered(period, period+mark) + covered(-period, mark-period)) / width)
}

// octave is smooth noise of mean 0 in about ±0.5 whose features are size metres wide; it fades when width comes near.
func octave(q [3]float32, size, width float32) float32 {
	if width >= size {
		return 0
	}
	s := 1 / size
	return (1 - width/size) * (noise(q[0]*s, q[1]*s, q[2]*s) - 0.5)
}

// fade draws x to mean as width comes near size.
func fade(x, mean, size, width float32) float32 {
	return mean + (x-mean)*max(0, 1-width/size)
}

// noise is value noise, 0..1: random numbers on the integer lattice, between them a smooth blend.
// Method: K. Perlin, An Image Synthesizer, SIGGRAPH 1985, in its simplest form.
func noise(x, y, z float32) float32 {
	fx, fy, fz := floor(x), floor(y), floor(z)
	ix, iy, iz := int32(fx), int32(fy), int32(fz)
	u, v, w := smooth(x-fx), smooth(y-fy), smooth(z-fz)
	a := mix(mix(lattice(ix, iy, iz), lattice(ix+1, iy, iz), u), mix(lattice(ix, iy+1, iz), lattice(ix+1, iy+1, iz), u), v)
	b := mix(mix(lattice(ix, iy, iz+1), lattice(ix+1, iy, iz+1), u), mix(lattice(ix, iy+1, iz+1), lattice(ix+1, iy+1, iz+1), u), v)
	return mix(a, b, w)
}

// lattice hashes a corner to 0..1, by the finaliser of MurmurHash3 (A. Appleby) over a product of primes.
func lattice(x, y, z int32) float32 {
	h := uint32(x)*73856093 ^ uint32(y)*19349663 ^ uint32(z)*83492791
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	return float32((h^h>>16)>>8) / (1 << 24)
}

func hash2(a, b float32) float32 { return lattice(int32(a), int32(b), 7) }

func smooth(t float32) float32 { return t * t * (3 - 2*t) }

func mix(a, b, s float32) float32 { return a + s*(b-a) }

func clamp(x float32) float32 { return max(0, min(1, x)) }

func floor(x float32) float32 { return float32(math.Floor(float64(x))) }

func abs(x float32) float32 { return float32(math.Abs(float64(x))) }
