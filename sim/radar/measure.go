package radar

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/geom"
)

func decibel(x float64) float64 { return 10 * math.Log10(x) }

// detect draws which peaks of a waveform pass the threshold.
func (r *Radar) detect(wave int) {
	w := &r.spec.Waves[wave]
	key := r.cycle.key.At(tagDetect).At(uint64(wave))
	for i := range r.cells.peaks {
		p := &r.cells.peaks[i]
		snr := decibel(p.snr)
		if !key.At(p.first.id).Chance(r.waves[wave].Detects(snr)) {
			continue
		}
		d := effect.Detection{
			RangeM: p.rangeM / p.snr, AzimuthRad: p.azimuth / p.snr, RangeRateMps: p.rate / p.snr,
			RCSdBsm: decibel(p.rcs), SNRdB: snr, Source: len(r.effects),
		}
		if w.ElevationCellRad > 0 {
			d.ElevationRad = p.elevation / p.snr
		}
		r.effects = append(r.effects, d)
		r.found = append(r.found, finding{object: p.first.object, kind: p.first.kind, wave: uint8(wave), id: p.first.id})
	}
}

const (
	// groundShare of the false detections come from the ground and stand; the others have any range rate within noiseMps.
	groundShare = 0.75
	noiseMps    = 15
	// falseRCS is from where up to 0 dBsm they are drawn; where the threshold asks for more, they are as much larger.
	falseRCS = -10
)

// falseAlarms appends a Poisson number of detections without a persistent cause, even over range and azimuth.
func (r *Radar) falseAlarms(wave int) {
	w := &r.spec.Waves[wave]
	src := r.cycle.key.At(tagFalse).At(uint64(wave)).Source()
	threshold := -math.Log(r.spec.FalseAlarm)
	for n := range src.Poisson(w.ClutterPerCycle) {
		p := point{
			azimuth: src.Between(-w.HalfFieldRad, w.HalfFieldRad), rangeM: src.Between(w.MinRangeM, w.MaxRangeM), rcs: src.Between(falseRCS, 0),
		}
		ground, rate, power := src.Chance(groundShare), src.Between(-noiseMps, noiseMps), threshold-1+src.Exp()
		if !w.sees(p.rangeM, p.azimuth) {
			p.rangeM = src.Between(w.MinRangeM, w.EdgeRangeM)
		}
		snr := r.snr(wave, &p)
		if least := decibel(power); snr < least {
			p.rcs += least - snr
			snr = least
		}
		if ground {
			sin, cos := math.Sincos(p.azimuth)
			rate = -r3.Dot(r.cycle.velocity, r.cycle.worldFromSensor.Rotate(r3.Vec{X: cos, Y: sin}))
		}
		r.effects = append(r.effects, effect.Detection{
			RangeM: p.rangeM, AzimuthRad: p.azimuth, RangeRateMps: rate, RCSdBsm: p.rcs, SNRdB: snr, Source: len(r.effects),
		})
		r.found = append(r.found, finding{object: geom.Static, kind: False, wave: uint8(wave), id: pointID(False, geom.Static, n), drawn: true})
	}
}

// maxSNRdB is the receiver's dynamic range.
const maxSNRdB = 60

// measure turns what is left and new into what the unit reports.
func (r *Radar) measure() []Detection {
	r.out = r.out[:0]
	for i := range r.effects {
		e := &r.effects[i]
		f := finding{object: geom.Static, kind: False, wave: r.widest(), id: pointID(False, -2, i), drawn: true}
		if e.Source >= 0 {
			f = r.found[e.Source]
		}
		d := Detection{Detection: *e, Object: f.object, Kind: f.kind, Wave: f.wave}
		r.report(&d, &f)
		r.out = append(r.out, d)
	}
	slices.SortStableFunc(r.out, func(a, b Detection) int {
		if lost := (a.Fate == effect.Lost); lost != (b.Fate == effect.Lost) {
			if lost {
				return 1
			}
			return -1
		}
		return cmp.Compare(b.SNRdB, a.SNRdB)
	})
	for i := r.spec.MaxDetections; i < len(r.out); i++ {
		r.out[i].Fate = effect.Lost
	}
	return r.out
}

// report draws the measured power and the errors.
func (r *Radar) report(d *Detection, f *finding) {
	w := &r.spec.Waves[f.wave]
	key := r.cycle.key.At(tagReport).At(uint64(f.wave)).At(f.id)
	if !f.drawn {
		mean := math.Pow(10, d.SNRdB/10)
		power := -math.Log(r.spec.FalseAlarm) + (1+mean)*key.At(tagPower).Exp() - 1
		d.RCSdBsm += decibel(power) - d.SNRdB
		d.SNRdB = decibel(power)
	}
	d.SNRdB = math.Min(d.SNRdB, maxSNRdB)
	share := math.Max(0.1, 1/math.Sqrt(2*math.Pow(10, d.SNRdB/10)))
	d.RangeSDM, d.AzimuthSDRad, d.RangeRateSDMps = share*w.RangeCellM, share*w.azimuthCell(d.AzimuthRad), share*w.RateCellMps
	d.ElevationSDRad = share * w.ElevationCellRad
	if !f.drawn {
		noise := key.At(tagNoise)
		d.RangeM = math.Max(w.MinRangeM/2, d.RangeM+d.RangeSDM*noise.At(0).Norm())
		d.AzimuthRad += d.AzimuthSDRad * noise.At(1).Norm()
		d.RangeRateMps += d.RangeRateSDMps * noise.At(2).Norm()
		d.ElevationRad += d.ElevationSDRad * noise.At(3).Norm() // 0 where it is not measured
	}
	ghost := f.kind == Bounce || f.kind == Image || f.kind == HalfImage
	d.Invalid = ghost && key.At(tagFlag).Chance(r.spec.FlagShare)
}

// widest is the waveform that what is new belongs to.
func (r *Radar) widest() uint8 {
	for i, w := range r.waves {
		if w == r.air {
			return uint8(i)
		}
	}
	return 0
}
