package camera

import (
	"math"

	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/effect"
)

const (
	// headroom is how far above white the sensor still tells light apart, for the shoulder of the tone curve.
	headroom = 3
	// dayTarget is the mean code of a picture that the meter aims at by day; nightTarget by night, which is meant to look dark.
	dayTarget, nightTarget = 102, 60
	// Gains between which the target falls from the one to the other.
	duskGain, nightGain = 20, 4000
	// A picture without anything bright, in fog, is exposed until its brightest twentieth is at highlights times dayTarget, or
	// the mean at hazeMost.
	highlights, hazeMost = 1.62, 150
	// leastGain is the shortest exposure.
	leastGain = 0.3
	// shoulder is the linear light from which the tone curve bends.
	shoulder = 0.55
	// contrast makes the middle of the curve steeper by half of it.
	contrast = 0.2
	// purity is what the colour filters of a sensor leave of the differences between colours.
	purity = 0.9
)

// The meter counts luminances in bins of an eighth of an octave or so: the exponent and the first three bits of the mantissa of a float32.
const (
	meterShift = 20
	meterBins  = 1 << 11
)

// meter returns by how much to multiply a picture so that its mean code is what the meter aims at. before is how much was multiplied
// already: the limits hold for the product. It looks at this picture alone, so that a picture does not depend on those before.
func meter(m *effect.Image, before float32) float32 {
	var bins [meterBins]uint32
	first, last, dark := meterBins, 0, uint32(0)
	for i := 0; i+2 < len(m.RGB); i += 3 {
		l := effect.Luminance(m.RGB[i], m.RGB[i+1], m.RGB[i+2])
		if !(l > 1e-12) {
			dark++
			continue
		}
		k := int(math.Float32bits(min(l, 1e9)) >> meterShift)
		bins[k]++
		first, last = min(first, k), max(last, k)
	}
	total := float64(m.W * m.H)
	low, high := math.Log(leastGain/float64(before)), math.Log(maxGain/float64(before))
	for range 24 {
		middle := (low + high) / 2
		gain := float32(math.Exp(middle))
		sum, bright, count := 0.0, 0.0, uint32(0)
		for k := first; k <= last; k++ {
			if bins[k] > 0 {
				l := math.Float32frombits(uint32(k)<<meterShift | 1<<(meterShift-1))
				code := float64(tone[toneIndex(l*gain*(1.0/headroom))])
				sum += float64(bins[k]) * code
				if float64(dark+count) < 0.95*total {
					bright = code // of the twentieth part that is brightest
				}
				count += bins[k]
			}
		}
		want, night := target(float64(gain * before))
		if sum/total < want || sum/total < hazeMost*(1-night) && bright < dayTarget*highlights {
			low = middle
		} else {
			high = middle
		}
	}
	return float32(math.Exp((low + high) / 2))
}

// maxGain is the longest exposure with the strongest amplification.
var maxGain = headroom * Sensor.MaxShutter * Sensor.MaxGain

// target is the mean code to aim at with a gain, and how much of a night, 0..1, a gain means.
func target(gain float64) (code, night float64) {
	night = smoothstep(math.Log(duskGain), math.Log(nightGain), math.Log(gain))
	return dayTarget + night*(nightTarget-dayTarget), night
}

// expose turns a picture, scaled by a gain so that 1 is white, into what the sensor reads, 0..1 with headroom, with its noise.
func expose(m *effect.Image, sensor *effect.Exposure, gain float32, key chance.Key) {
	e := *sensor
	// What the shutter can not give is amplified: fewer electrons stand for the same code.
	if g := float64(gain) / headroom; g > e.MaxShutter {
		e.FullWell *= e.MaxShutter / g
	}
	e.Expose(m, 1.0/headroom, key)
}
