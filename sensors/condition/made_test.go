package condition_test

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

// street is a made street that a camera drives along: a road with marks, walls with windows to both sides, cars, a sky. What it gives
// is linear light 0..1 with the distance of every pixel, so that weather can be laid over it by its equations.
type street struct {
	light    [3][]float64
	distance []float64
}

// at renders the street from a place along it, m. Rows are placed as in the network's picture: the horizon at 42 %.
func (s *street) at(along float64) {
	const w, h = pictureW, pictureH
	n := w * h
	if s.distance == nil {
		s.distance = make([]float64, n)
		for c := range s.light {
			s.light[c] = make([]float64, n)
		}
	}
	const focal, height, side, roof = 205, 1.5, 9, 8
	for row := range h {
		for col := range w {
			u, v := (float64(col)-w/2+0.5)/focal, (float64(row)-horizon*h+0.5)/focal
			// Straight ahead is z; the ray is (u, v, 1).
			wall := side / math.Max(math.Abs(u), 1e-6)
			z, colour := math.Inf(1), [3]float64{0.55, 0.62, 0.75}
			if v > 0 && height/v < wall {
				z = height / v
				x := u * z
				shade := 0.12 + 0.05*noise(math.Floor((z+along)*4), math.Floor(x*4))
				if math.Abs(x) < 0.15 && math.Mod(z+along, 12) < 6 {
					shade = 0.6
				}
				colour = [3]float64{shade, shade, shade}
			} else if y := v * wall; y > -roof && y < height && wall < 200 {
				z = wall
				house, floor := math.Floor((z+along)/2.5), math.Floor(y/2.2)
				shade := 0.08 + 0.5*noise(math.Floor((z+along)/15), math.Copysign(1, u))
				if noise(house, floor+100*math.Copysign(1, u)) > 0.5 {
					shade *= 0.2
				}
				colour = [3]float64{shade, shade * 0.9, shade * 0.75}
			}
			i := row*w + col
			s.distance[i] = z * math.Sqrt(1+u*u+v*v)
			for c := range colour {
				s.light[c][i] = colour[c]
			}
		}
	}
}

// noise is an even number of 0..1 for two whole numbers.
func noise(a, b float64) float64 {
	h := (uint64(int64(a))*0x9E3779B97F4A7C15 ^ uint64(int64(b))) * 0xD6E8FEB86659FD93
	return float64(h>>32&0xFFFFFF) / (1 << 24)
}

// fog is Koschmieder's law with the airlight of an overcast noon.
func (s *street) fog(visibilityM float64) {
	beta := -math.Log(0.05) / visibilityM
	for i, d := range s.distance {
		t := math.Exp(-beta * d)
		for c := range s.light {
			s.light[c][i] = s.light[c][i]*t + 0.5*(1-t)
		}
	}
}

func (s *street) darken(left float64) {
	for c := range s.light {
		for i := range s.light[c] {
			s.light[c][i] *= left
		}
	}
}

// blur is a Gaussian of sigma pixels.
func (s *street) blur(sigma float64) {
	const w, h = pictureW, pictureH
	reach := int(3*sigma) + 1
	kernel, sum := make([]float64, 2*reach+1), 0.0
	for i := range kernel {
		d := float64(i-reach) / sigma
		kernel[i] = math.Exp(-d * d / 2)
		sum += kernel[i]
	}
	out := make([]float64, w*h)
	for c := range s.light {
		for pass := range 2 {
			for row := range h {
				for col := range w {
					v := 0.0
					for i, k := range kernel {
						r, q := row, min(max(col+i-reach, 0), w-1)
						if pass == 1 {
							r, q = min(max(row+i-reach, 0), h-1), col
						}
						v += k * s.light[c][r*w+q]
					}
					out[row*w+col] = v / sum
				}
			}
			copy(s.light[c], out)
		}
	}
}

// sun is a saturated disc with the CIE's veil of 10 E/theta², theta in degrees, and the exposure that its light forces.
func (s *street) sun(strength float64) {
	const atCol, atRow, pixelDeg = 70, 12, 0.25
	for i := range s.distance {
		dx, dy := float64(i%pictureW-atCol), float64(i/pictureW-atRow)
		theta := math.Max(pixelDeg*math.Hypot(dx, dy), 1)
		veil := 50 * strength / (theta * theta)
		if theta <= 2 {
			veil += 10 * strength
		}
		for c := range s.light {
			s.light[c][i] = 0.8*s.light[c][i] + veil
		}
	}
}

// cover puts dirt over a share of the picture, columns from the left: opaque, and too close to the lens to have any detail.
func (s *street) cover(share float64) {
	for i := range s.distance {
		if float64(i%pictureW) < share*pictureW {
			for c := range s.light {
				s.light[c][i] = 0.03
			}
		}
	}
}

// coded is sRGB's curve, 0..255.
var coded = func() (out [4096]float64) {
	for i := range out {
		v := float64(i) / float64(len(out)-1)
		if v <= 0.0031308 {
			v *= 12.92
		} else {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
		out[i] = 255 * v
	}
	return out
}()

// expose turns light into a picture: sRGB's curve and the noise of a sensor.
func (s *street) expose(rng *rand.Rand) []uint8 {
	n := pictureW * pictureH
	out := make([]uint8, 3*n)
	for c := range s.light {
		for i, v := range s.light[c] {
			v = coded[int(min(max(v, 0), 1)*float64(len(coded)-1))]
			out[c*n+i] = uint8(min(max(v+0.7*rng.NormFloat64(), 0), 255))
		}
	}
	return out
}

// block is a made lidar of 32 beams that drives along a street: ground, a car ahead, walls with gaps on both sides.
type block struct {
	rng *rand.Rand
	// along is the place, m. fogPerM is extinction; scatter the share of beams that meet a flake nearby.
	along, fogPerM, scatter float64
	// keepPoints is the share of returns that is left; lostRings, coveredRad and pitchRad are faults.
	keepPoints, coveredRad, pitchRad float64
	lostRings                        map[int]bool
	// open is a street without walls; quiet is air that dims but sends nothing back.
	open, quiet bool
}

const (
	blockBeams  = 32
	blockHeight = 1.8
)

var blockMount = sensors.Pose{Rotation: sensors.Identity.Rotation, Translation: r3.Vec{X: 1, Z: blockHeight}}

func (b *block) sweep() []sensors.Point {
	points := make([]sensors.Point, 0, blockBeams*900)
	for step := range 450 {
		az := (float64(step)/450*2 - 1) * math.Pi
		for beam := range blockBeams {
			if b.lostRings[beam] || math.Abs(az-1) < b.coveredRad/2 || b.rng.Float64() >= b.keepPoints {
				continue
			}
			el := (-25 + 35*float64(beam)/(blockBeams-1)) * math.Pi / 180
			r, reflectance := b.cast(az, el)
			if math.IsInf(r, 1) {
				continue
			}
			power := reflectance * math.Exp(-2*b.fogPerM*r)
			// What the air sends back outshines what has come far through it: the soft target, at 1.6 m.
			if soft := 3e-3 * b.fogPerM / 0.06; b.fogPerM > 0 && !b.quiet && power*100/(r*r) < soft || b.rng.Float64() < b.scatter {
				r, power = 1.3+b.rng.Float64(), 0.03
			}
			if power < 1e-3 {
				continue
			}
			r += 0.02 * b.rng.NormFloat64()
			el -= b.pitchRad * math.Cos(az)
			points = append(points, sensors.Point{
				X: float32(r * math.Cos(el) * math.Cos(az)), Y: float32(r * math.Cos(el) * math.Sin(az)), Z: float32(r * math.Sin(el)),
				Intensity: float32(power), Ring: uint16(beam),
			})
		}
	}
	return points
}

// cast is range and reflectance of the first thing on a ray.
func (b *block) cast(az, el float64) (rangeM, reflectance float64) {
	const wallM, wallHeight = 9, 7
	rangeM, reflectance = math.Inf(1), 0.1
	if el < 0 {
		rangeM = blockHeight / math.Sin(-el)
		reflectance = 0.08 + 0.06*noise(math.Floor(rangeM), math.Floor(b.along))
	}
	// The car ahead, in the own lane.
	if flat := 9 / math.Cos(az); math.Abs(az) < 0.11 && flat/math.Cos(el) < rangeM && blockHeight+flat*math.Tan(el) < 1.5 {
		rangeM, reflectance = flat/math.Cos(el), 0.3
	}
	if side := math.Abs(math.Sin(az)); side > 1e-3 && !b.open {
		flat := wallM / side
		x := b.along + flat*math.Cos(az)
		r := flat / math.Cos(el)
		if gap := math.Mod(x+1e4, 40) < 8; !gap && r < rangeM && blockHeight+flat*math.Tan(el) < wallHeight {
			rangeM, reflectance = r, 0.15+0.3*noise(math.Floor(x/3), math.Copysign(1, az))
		}
	}
	if rangeM > 100 {
		rangeM = math.Inf(1)
	}
	return rangeM, reflectance
}

// scans is a made radar: targets with the power law of its equation, a noise floor, and a loss.
type scans struct {
	rng             *rand.Rand
	noiseDB, lossDB float64
	// share of the targets that are there.
	share float64
}

func (s *scans) scan() []sensors.RadarDetection {
	var out []sensors.RadarDetection
	for range 150 {
		far, az, rcs := 3+97*s.rng.Float64(), 1.6*(s.rng.Float64()-0.5), -3+9*s.rng.NormFloat64()
		rate, there := 20*s.rng.Float64()-10, s.rng.Float64() < s.share
		rcs -= s.lossDB
		snr := 88 + rcs - 40*math.Log10(far) - s.noiseDB + s.rng.NormFloat64()
		if !there || snr < 10 {
			continue
		}
		out = append(out, sensors.RadarDetection{
			Position: r3.Vec{X: far * math.Cos(az), Y: far * math.Sin(az)}, RangeRateMps: rate, RCSdBsm: rcs, SNRdB: snr,
		})
	}
	return out
}
