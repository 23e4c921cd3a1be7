package effect

import "math"

// Image is a picture in linear light with the distance of what each pixel shows.
type Image struct {
	W, H int
	// RGB is H x W x 3, row-major, 1 = the sensor's white. Values above 1 are light that the sensor would clip.
	RGB []float32
	// Distance is H x W, m along the ray (not depth), +Inf for the sky. nil = not known: everything counts as near, and only effects that
	// need no distance are true.
	Distance []float32
	// Patch is how thick fog is on the way to each pixel, relative to its mean (FogField.Mean); nil = even.
	Patch []float32
	// Road is the share of each pixel that is road, 0..1; nil = none: a water film darkens nothing.
	Road []float32
}

// decoded is the sRGB transfer function (IEC 61966-2-1) at the 256 codes, and encoded its inverse at 4096 steps of linear light,
// rounded to codes. Between two codes of 8 bits lie at least 1/3300 of linear light, so that codes survive a round trip.
var (
	decoded = func() (t [256]float32) {
		for i := range t {
			t[i] = float32(FromSRGB(float64(i) / 255))
		}
		return t
	}()
	encoded = func() (t [encodedSteps + 1]uint8) {
		for i := range t {
			t[i] = uint8(math.Round(255 * ToSRGB(float64(i)/encodedSteps)))
		}
		return t
	}()
)

const encodedSteps = 16384

// FromSRGB turns a value of a picture, 0..1, into linear light.
func FromSRGB(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// ToSRGB turns linear light, 0..1, into the value that a picture holds.
func ToSRGB(v float64) float64 {
	if v <= 0.0031308 {
		return v * 12.92
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

// Decode fills linear light from 8-bit codes; dst must be as long as codes.
func Decode(dst []float32, codes []uint8) {
	dst = dst[:len(codes)]
	for i, c := range codes {
		dst[i] = decoded[c]
	}
}

// Encode fills 8-bit codes from linear light, clipped to 0..1; dst must be as long as light. Codes that Decode made come back unchanged.
func Encode(dst []uint8, light []float32) {
	dst = dst[:len(light)]
	for i, v := range light {
		switch {
		case v >= 1:
			dst[i] = 255
		case v > 0:
			dst[i] = encoded[int(v*encodedSteps+0.5)]
		default:
			dst[i] = 0
		}
	}
}

// Luminance of linear RGB (ITU-R BT.709).
func Luminance(r, g, b float32) float32 { return 0.2126*r + 0.7152*g + 0.0722*b }

// meanLuminance is what an exposure meter sees: clipped light counts as white.
func (m *Image) meanLuminance() float32 {
	sum := 0.0
	for i := 0; i+2 < len(m.RGB); i += 3 {
		sum += float64(Luminance(min(m.RGB[i], 1), min(m.RGB[i+1], 1), min(m.RGB[i+2], 1)))
	}
	return float32(sum / max(float64(m.W*m.H), 1))
}
