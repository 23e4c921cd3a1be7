package effect

import (
	"math"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/timeline"
)

// Detection is one radar detection. Angles in the sensor's frame.
type Detection struct {
	RangeM, AzimuthRad, ElevationRad float64
	// RangeRateMps is raw, positive when receding.
	RangeRateMps float64
	RCSdBsm      float64
	SNRdB        float64 // NaN = not known: then estimated from range and RCS
	Ambiguous    bool
	// Fate is written by the effects: Kept, Lost or New.
	Fate Fate
	// Source is the number of the detection it came from, -1 for what is new.
	Source int
}

// AppendDetections turns the detections of a scan into those the effects work on.
func AppendDetections(dst []Detection, scan []sensors.RadarDetection) []Detection {
	for i := range scan {
		d := &scan[i]
		r := r3.Norm(d.Position)
		e := Detection{
			RangeM: r, AzimuthRad: math.Atan2(d.Position.Y, d.Position.X), RangeRateMps: d.RangeRateMps,
			RCSdBsm: d.RCSdBsm, SNRdB: d.SNRdB, Ambiguous: d.Ambiguous, Source: i,
		}
		if r > 0 {
			e.ElevationRad = math.Asin(min(max(d.Position.Z/r, -1), 1))
		}
		dst = append(dst, e)
	}
	return dst
}

// Position is the detection's place in the sensor's frame, m.
func (d *Detection) Position() r3.Vec {
	c := math.Cos(d.ElevationRad)
	return r3.Vec{
		X: d.RangeM * c * math.Cos(d.AzimuthRad), Y: d.RangeM * c * math.Sin(d.AzimuthRad), Z: d.RangeM * math.Sin(d.ElevationRad),
	}
}

// RadarSpec is what the effects must know about a radar. Its zero value is filled with the defaults in brackets.
type RadarSpec struct {
	FrequencyGHz float64 // [77]
	Polarisation Polarisation
	// HalfFieldRad is the field of view to each side [60 degrees], where clutter appears.
	HalfFieldRad float64
	// MaxRangeRateMps folds what is wrongly resolved; 0 = no ambiguity.
	MaxRangeRateMps float64
	// RefSNRdB is the signal-to-noise ratio of a target of 10 dBsm at 160 m [13]; FalseAlarm the probability of a false alarm a cell [1e-6].
	RefSNRdB, FalseAlarm float64
}

// Radar applies weather and faults to the scans of one sensor.
type Radar struct{ spec RadarSpec }

// NewRadar makes the effects of one radar.
func NewRadar(spec RadarSpec) *Radar {
	set := func(v *float64, to float64) {
		if *v == 0 {
			*v = to
		}
	}
	set(&spec.FrequencyGHz, 77)
	set(&spec.HalfFieldRad, math.Pi/3)
	set(&spec.RefSNRdB, 13)
	set(&spec.FalseAlarm, 1e-6)
	return &Radar{spec: spec}
}

const (
	refRangeM     = 160
	refRCSdBsm    = 10
	celsius       = 10  // of fog and rain
	blockageDB    = 20  // two-way loss of a radome that is covered wholly: mud and water films reach 3 to 20 dB
	blockageBias  = 0.5 // degrees of azimuth error at the same
	clutterPerMmH = 0.02
	clutterM      = 10 // rain is seen up to here
	clutterMps    = 3
	interfered    = 1.0 / 6 // false detections a scan and dB of interference
)

// SNRdB is the radar equation relative to the reference: RCS in, fourth power of the range out.
func (r *Radar) SNRdB(rangeM, rcsDBsm float64) float64 {
	return r.spec.RefSNRdB + rcsDBsm - refRCSdBsm - 40*math.Log10(max(rangeM, 0.1)/refRangeM)
}

// Detects is the probability that a fluctuating target (Swerling I) of a signal-to-noise ratio is detected: P_fa^(1/(1 + SNR)).
func (r *Radar) Detects(snrDB float64) float64 {
	return math.Pow(r.spec.FalseAlarm, 1/(1+math.Pow(10, snrDB/10)))
}

// DBPerKm is what the weather takes from the wave on one way, dB/km (ITU-R P.838-3 and P.840).
func (r *Radar) DBPerKm(w *timeline.Weather) float64 {
	fog := 0.0
	if w.FogPerM > 0 {
		fog = FogLawAt(r.spec.FrequencyGHz, celsius) * FogWaterGM3(VisibilityM(w.FogPerM))
	}
	return fog + RainDBPerKm(r.spec.FrequencyGHz, w.RainMmH, r.spec.Polarisation) +
		snowDB*RainDBPerKm(r.spec.FrequencyGHz, w.SnowMmH, r.spec.Polarisation)
}

// Apply marks what is lost in detections, weakens the rest, and appends what is new; the result is detections, grown. A detection of the
// clear scan stays with the probability Detects(weakened)/Detects(clear): both scans come from one radar equation. egoMps is the sensor's
// speed along its axis: rain falls past a moving radar. sensor is its key, scan the scan's number.
func (r *Radar) Apply(detections []Detection, w *timeline.Conditions, egoMps float64, sensor chance.Key, scan uint64) []Detection {
	key := sensor.With("scan").At(scan)
	perKm := r.DBPerKm(&w.Weather)
	block := min(max(w.BlockedShare, 0), 1)
	flat := blockageDB * block // what the sensor takes for a smaller target
	noise := max(w.InterferenceDB, 0)
	bias := 0.0
	if block > 0 {
		bias = blockageBias * math.Pi / 180 * block * math.Copysign(1, sensor.With("bias").Float64()-0.5)
	}
	if perKm > 0 || flat > 0 || noise > 0 {
		for i := range detections {
			d := &detections[i]
			loss := flat + 2*perKm*d.RangeM/1000
			was := d.SNRdB
			if math.IsNaN(was) {
				was = r.SNRdB(d.RangeM, d.RCSdBsm)
			}
			left := was - loss - noise
			if before := r.Detects(was); before > 0 && !key.At(uint64(i)).Chance(r.Detects(left)/before) { //nolint:gosec // an index
				d.Fate = Lost
				continue
			}
			d.RCSdBsm -= loss
			d.SNRdB -= loss + noise // NaN stays NaN
			d.AzimuthRad += bias
		}
	}
	if w.RainMmH > 0 {
		detections = r.clutter(detections, key.With("clutter"), clutterPerMmH*w.RainMmH, clutterM, -egoMps, clutterMps)
	}
	if noise > 0 {
		detections = r.clutter(detections, key.With("interference"), interfered*noise, refRangeM, 0, 30)
	}
	return detections
}

// clutter appends a Poisson number of false detections up to a range, evenly spread over the field.
func (r *Radar) clutter(dst []Detection, key chance.Key, mean, farthest, rate, spread float64) []Detection {
	for n := range poisson(key.Float64(), min(mean, 30)) {
		k := key.At(uint64(n)) //nolint:gosec // not negative
		d := Detection{
			RangeM: 0.5 + (farthest-0.5)*k.At(0).Float64(), AzimuthRad: r.spec.HalfFieldRad * (2*k.At(1).Float64() - 1),
			RCSdBsm: -10 + 10*k.At(3).Float64(), Fate: New, Source: -1,
		}
		d.RangeRateMps = rate*math.Cos(d.AzimuthRad) + spread*(2*k.At(2).Float64()-1)
		d.SNRdB = max(r.SNRdB(d.RangeM, d.RCSdBsm), 10) // it was detected
		dst = append(dst, d)
	}
	return dst
}

// Ambiguity folds range rates by the unambiguous interval with a probability a detection (default 0.02 in the simulator) and marks
// them; it needs MaxRangeRateMps.
func (r *Radar) Ambiguity(detections []Detection, share float64, key chance.Key) {
	if r.spec.MaxRangeRateMps <= 0 {
		return
	}
	for i := range detections {
		k := key.At(uint64(i)) //nolint:gosec // an index
		if d := &detections[i]; d.Fate != Lost && k.Chance(share) {
			d.RangeRateMps += math.Copysign(2*r.spec.MaxRangeRateMps, k.At(1).Float64()-0.5)
			d.Ambiguous = true
		}
	}
}
