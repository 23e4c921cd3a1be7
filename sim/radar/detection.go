package radar

import (
	"math"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sim/effect"
)

// Kind is what a detection comes from, for truth and tests: no sensor says so.
type Kind uint8

// The kinds.
const (
	// True is the object itself, seen directly or below a vehicle.
	True Kind = iota
	// Standing is a fixed point of the world: furniture, rail posts, fronts of walls.
	Standing
	// Bounce is the second bounce of a target between itself and the ego, Image its mirror image, and HalfImage what takes the direct way
	// once and the mirror's once. Object is the target's.
	Bounce
	Image
	HalfImage
	// False is clutter without a persistent cause: ground, noise, rain, interference.
	False
)

// String returns the kind's name.
func (k Kind) String() string {
	return [...]string{"true", "standing", "bounce", "image", "half image", "false"}[k]
}

// Detection is one peak of a cycle. Its Fate is Kept, New (of the weather or a fault) or Lost (the clear scan has it, the sensor does not
// send it); its Source means nothing.
type Detection struct {
	effect.Detection
	// Object is the target's ID, or geom.Static.
	Object int32
	Kind   Kind
	// Wave is the index into Spec.Waves.
	Wave uint8
	// Invalid is set when the unit itself takes it for an artefact.
	Invalid bool
	// One standard deviation each, as the unit states it. ElevationSDRad is 0 when elevation is not measured (and then 0).
	RangeSDM, AzimuthSDRad, ElevationSDRad, RangeRateSDMps float64
}

// Proto returns the detection as a message.
func (d *Detection) Proto() *fusionv1.RadarDetection {
	snr := float32(d.SNRdB)
	out := &fusionv1.RadarDetection{
		RangeM: float32(d.RangeM), AzimuthRad: float32(d.AzimuthRad), RangeRateMps: float32(d.RangeRateMps), RcsDbsm: float32(d.RCSdBsm),
		SnrDb: &snr, Ambiguous: d.Ambiguous, Invalid: d.Invalid,
		RangeSdM: float32(d.RangeSDM), AzimuthSdRad: float32(d.AzimuthSDRad), RangeRateSdMps: float32(d.RangeRateSDMps),
	}
	if d.ElevationSDRad > 0 {
		elevation := float32(d.ElevationRad)
		out.ElevationRad = &elevation
	}
	return out
}

// Message returns the scan that the sensor sends: all detections but those that are lost. The header is the caller's.
func (r *Radar) Message(detections []Detection) *fusionv1.RadarScan {
	out := &fusionv1.RadarScan{
		Detections:      make([]*fusionv1.RadarDetection, 0, len(detections)),
		MaxRangeRateMps: float32(math.Min(-r.spec.MinRateMps, r.spec.MaxRateMps)),
	}
	for i := range detections {
		if detections[i].Fate != effect.Lost {
			out.Detections = append(out.Detections, detections[i].Proto())
		}
	}
	return out
}
