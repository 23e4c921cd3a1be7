package effect

import (
	"math"

	"github.com/fusiond/fusiond/sim/chance"
)

// Exposure is the light meter and the noise of an image sensor.
type Exposure struct {
	// FullWell is the number of electrons at white, at a gain of 1. ReadNoise is in electrons.
	FullWell, ReadNoise float64
	// MaxShutter is how much longer than by day the shutter may stay open, MaxGain the most that the sensor amplifies after that.
	MaxShutter, MaxGain float64
}

// DefaultExposure is an automotive sensor of 3 um pixels: 10 000 electrons, 4 of read noise, 4 times the exposure of day, 24 dB of gain.
var DefaultExposure = Exposure{FullWell: 10000, ReadNoise: 4, MaxShutter: 4, MaxGain: 16}

// Binned is the sensor as it looks in pictures scaled by a factor below 1, where each pixel is the mean of 1/scale^2 of the sensor's.
func (e Exposure) Binned(scale float64) Exposure {
	e.FullWell /= scale * scale
	e.ReadNoise /= scale
	return e
}

// Gain is what a meter sets so that a picture of a mean luminance reaches a target: between 1/4 and MaxShutter * MaxGain.
func (e *Exposure) Gain(target, mean float32) float32 {
	if !(mean > 0) || !(target > 0) {
		return 1
	}
	return min(max(target/mean, 0.25), float32(e.MaxShutter*e.MaxGain))
}

// Expose turns scene light into what the sensor reads: n electrons of mean light * FullWell by Poisson's law (its normal approximation
// above 30), read noise, gain, clipping to 0..1. A gain up to MaxShutter is a matter of exposure (more or fewer electrons); what is above
// amplifies light and noise.
func (e *Exposure) Expose(m *Image, gain float32, key chance.Key) {
	shutter := min(gain, float32(e.MaxShutter))
	if !(shutter > 0) {
		clear(m.RGB)
		return
	}
	well := float32(e.FullWell) * shutter
	perElectron := gain / well
	read := float32(e.ReadNoise * e.ReadNoise)
	for i := 0; i+2 < len(m.RGB); i += 3 {
		k := key.At(uint64(i)) //nolint:gosec // not negative
		bits := k.Uint64()
		p := m.RGB[i : i+3 : i+3]
		for c := range p {
			mean := min(max(p[c]*well, 0), 1e9)
			var n float32
			if mean > gaussianAbove {
				n = mean + root(mean+read)*normal(bits)
			} else {
				u := k.At(uint64(1 + c)).Float64() //nolint:gosec // not negative
				n = float32(poisson(u, float64(mean))) + float32(e.ReadNoise)*normal(bits)
			}
			bits >>= 12
			p[c] = min(max(n*perElectron, 0), 1)
		}
	}
}

const gaussianAbove = 30

// NoiseSD is the standard deviation of the sensor's reading for a scene light and a gain, in units of white.
func (e *Exposure) NoiseSD(light, gain float64) float64 {
	well := e.FullWell * min(gain, e.MaxShutter)
	return gain * math.Sqrt(light*well+e.ReadNoise*e.ReadNoise) / well
}

func root(x float32) float32 { return float32(math.Sqrt(float64(x))) }
