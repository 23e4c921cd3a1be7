package radar

import (
	"fmt"
	"math"
)

const degree = math.Pi / 180

// Spec describes a radar. Start from ARS408 or Imaging.
type Spec struct {
	// Waves are the waveforms of one cycle, each with a field of its own; 1 to 4.
	Waves []Wave
	// FalseAlarm is the probability of a false alarm a cell, which sets the threshold.
	FalseAlarm float64
	// MinRateMps and MaxRateMps bound the range rates that the unit reports (positive = receding).
	MinRateMps, MaxRateMps float64
	// UnderShare is the probability, a target and cycle, that one hidden by a vehicle is seen below it all the same, UnderLossDB weaker.
	UnderShare, UnderLossDB float64
	// GhostShare is the probability of a mirror image, a target and mirror with a visible path; BounceShare that of a second bounce
	// between target and ego, BounceLossDB weaker in received power. Both last for ghostCycles.
	GhostShare, BounceShare, BounceLossDB float64
	// GlintShare is how far the phase centres of a target's scatterers wander from cycle to cycle along its length and width: one standard
	// deviation, as a share of that size.
	GlintShare float64
	// FlagShare of the ghosts are marked as invalid by the unit itself.
	FlagShare float64
	// AmbiguousShare of the detections have their range rate resolved to the wrong interval, and say so.
	AmbiguousShare float64
	// MaxDetections bounds what is sent, the strongest first; 1 to 4096.
	MaxDetections int
}

// Wave is one waveform: a field of view with its resolution.
type Wave struct {
	Name string
	// MinRangeM and MaxRangeM bound what is reported, HalfFieldRad the azimuth to each side. Beyond EdgeFromRad the reach falls evenly,
	// to EdgeRangeM at the edge of the field; EdgeFromRad = HalfFieldRad keeps it.
	MinRangeM, MaxRangeM, HalfFieldRad float64
	EdgeFromRad, EdgeRangeM            float64
	// RangeCellM and RateCellMps are the resolution; AzimuthCells that by azimuth off boresight, ascending from 0, linear between.
	RangeCellM, RateCellMps float64
	AzimuthCells            []AzimuthCell
	// ElevationCellRad is the resolution in elevation; 0 = elevation is not measured.
	ElevationCellRad float64
	// RefSNRdB is the signal-to-noise ratio of 10 dBsm at 160 m on the boresight. The two-way pattern falls by 12 (angle/Beam)² dB,
	// at most 30 dB: 3 dB at half a beam.
	RefSNRdB                 float64
	AzimuthBeamRad           float64
	ElevationBeamRad         float64
	FoldMps, ClutterPerCycle float64 // range rates that are resolved wrongly are off by 2 FoldMps; mean number of clutter detections
}

// AzimuthCell is the resolution at an angle off boresight.
type AzimuthCell struct{ AtRad, CellRad float64 }

// ARS408 is a unit like the Continental ARS 408-21: a near and a far waveform in each cycle of 72 ms, no elevation. Fields, ranges,
// separation in range, azimuth and speed, and the interval of speeds are the data sheet's. Assumed are: patterns so wide that the
// reach at the edges comes out, 256 chirps a waveform (which with the speed resolution gives FoldMps), 3 dB less gain of the wide
// near antenna, and all shares.
func ARS408() Spec {
	return Spec{
		Waves: []Wave{
			{
				Name: "far", MinRangeM: 0.2, MaxRangeM: 250, HalfFieldRad: 9 * degree, EdgeFromRad: 9 * degree, EdgeRangeM: 250,
				RangeCellM: 1.79, RateCellMps: 0.37 / 3.6, AzimuthCells: []AzimuthCell{{0, 1.6 * degree}},
				RefSNRdB: 13, AzimuthBeamRad: 14 * degree, ElevationBeamRad: 14 * degree, FoldMps: 0.37 / 3.6 * 128, ClutterPerCycle: 8,
			},
			{
				Name: "near", MinRangeM: 0.2, MaxRangeM: 100, HalfFieldRad: 60 * degree, EdgeFromRad: 45 * degree, EdgeRangeM: 20,
				RangeCellM: 0.39, RateCellMps: 0.43 / 3.6,
				AzimuthCells: []AzimuthCell{{0, 3.2 * degree}, {45 * degree, 4.5 * degree}, {60 * degree, 12.3 * degree}},
				RefSNRdB:     10, AzimuthBeamRad: 56 * degree, ElevationBeamRad: 20 * degree, FoldMps: 0.43 / 3.6 * 128, ClutterPerCycle: 15,
			},
		},
		FalseAlarm: 1e-6, MinRateMps: -200 / 3.6, MaxRateMps: 400 / 3.6,
		UnderShare: 0.3, UnderLossDB: 10, GhostShare: 0.15, BounceShare: 0.15, BounceLossDB: 15, GlintShare: 0.05, FlagShare: 0.3,
		AmbiguousShare: 0.02, MaxDetections: 250,
	}
}

// Imaging is a 4D unit with one waveform that resolves elevation: finer in angle, as sensitive as the ARS 408's far one. Round numbers
// of that kind of unit, of no product.
func Imaging() Spec {
	s := ARS408()
	s.Waves = []Wave{{
		Name: "imaging", MinRangeM: 0.5, MaxRangeM: 250, HalfFieldRad: 60 * degree, EdgeFromRad: 45 * degree, EdgeRangeM: 60,
		RangeCellM: 0.4, RateCellMps: 0.1, AzimuthCells: []AzimuthCell{{0, 1.2 * degree}, {45 * degree, 1.7 * degree}, {60 * degree, 2.4 * degree}},
		ElevationCellRad: 2.5 * degree, RefSNRdB: 13, AzimuthBeamRad: 80 * degree, ElevationBeamRad: 30 * degree, FoldMps: 25,
		ClutterPerCycle: 20,
	}}
	s.MaxDetections = 1000
	return s
}

// Validate returns nil or what is wrong with the first field that is.
func (s *Spec) Validate() error {
	switch {
	case len(s.Waves) < 1 || len(s.Waves) > 4:
		return fmt.Errorf("radar spec: %d waves: want 1 to 4", len(s.Waves))
	case !(s.FalseAlarm > 0 && s.FalseAlarm < 0.1):
		return fmt.Errorf("radar spec: false_alarm %g: want above 0 and below 0.1", s.FalseAlarm)
	case !(s.MinRateMps < 0 && s.MaxRateMps > 0):
		return fmt.Errorf("radar spec: range rates from %g to %g m/s: want an interval around 0", s.MinRateMps, s.MaxRateMps)
	case s.MaxDetections < 1 || s.MaxDetections > 4096:
		return fmt.Errorf("radar spec: max_detections %d: want 1 to 4096", s.MaxDetections)
	}
	for _, p := range []struct {
		name  string
		value float64
	}{
		{"under_share", s.UnderShare},
		{"ghost_share", s.GhostShare},
		{"bounce_share", s.BounceShare},
		{"flag_share", s.FlagShare},
		{"ambiguous_share", s.AmbiguousShare},
	} {
		if !(p.value >= 0 && p.value <= 1) {
			return fmt.Errorf("radar spec: %s %g: want a probability, 0 to 1", p.name, p.value)
		}
	}
	for i := range s.Waves {
		if err := s.Waves[i].validate(); err != nil {
			return fmt.Errorf("radar spec: wave %d %q: %w", i, s.Waves[i].Name, err)
		}
	}
	return nil
}

func (w *Wave) validate() error {
	switch {
	case !(w.MinRangeM > 0 && w.MinRangeM < w.MaxRangeM && w.MaxRangeM <= 1000):
		return fmt.Errorf("range %g to %g m: want above 0, ascending, at most 1000", w.MinRangeM, w.MaxRangeM)
	case !(w.HalfFieldRad > 0 && w.HalfFieldRad <= math.Pi/2):
		return fmt.Errorf("half field %g rad: want above 0 and at most a right angle", w.HalfFieldRad)
	case !(w.EdgeFromRad >= 0 && w.EdgeFromRad <= w.HalfFieldRad && w.EdgeRangeM > 0 && w.EdgeRangeM <= w.MaxRangeM):
		return fmt.Errorf("edge of %g m from %g rad: want it within the field and the range", w.EdgeRangeM, w.EdgeFromRad)
	case !(w.RangeCellM >= 0.01 && w.RateCellMps > 0 && w.ElevationCellRad >= 0):
		return fmt.Errorf("cells of %g m, %g m/s, %g rad of elevation: want at least 1 cm, above 0, at least 0", w.RangeCellM, w.RateCellMps, w.ElevationCellRad)
	case len(w.AzimuthCells) == 0:
		return fmt.Errorf("no azimuth cell: want at least one")
	case !(w.AzimuthBeamRad > 0 && w.ElevationBeamRad > 0):
		return fmt.Errorf("beams of %g and %g rad: want above 0", w.AzimuthBeamRad, w.ElevationBeamRad)
	case !(w.FoldMps > 0 && w.ClutterPerCycle >= 0 && w.ClutterPerCycle <= 1000):
		return fmt.Errorf("fold %g m/s, clutter %g: want above 0, 0 to 1000", w.FoldMps, w.ClutterPerCycle)
	case math.IsNaN(w.RefSNRdB) || math.Abs(w.RefSNRdB) > 60:
		return fmt.Errorf("reference SNR %g dB: want within 60", w.RefSNRdB)
	}
	last := -1.0
	for _, c := range w.AzimuthCells {
		if !(c.AtRad > last && c.CellRad > 0) {
			return fmt.Errorf("azimuth cell of %g at %g rad: want cells above 0 at ascending angles", c.CellRad, c.AtRad)
		}
		last = c.AtRad
	}
	return nil
}

// azimuthCell is the resolution at an azimuth.
func (w *Wave) azimuthCell(azimuth float64) float64 {
	a, cells := math.Abs(azimuth), w.AzimuthCells
	for i := 1; i < len(cells); i++ {
		if a < cells[i].AtRad {
			share := max(0, (a-cells[i-1].AtRad)/(cells[i].AtRad-cells[i-1].AtRad))
			return cells[i-1].CellRad + share*(cells[i].CellRad-cells[i-1].CellRad)
		}
	}
	return cells[len(cells)-1].CellRad
}

// sees tells whether a place is in the field.
func (w *Wave) sees(rangeM, azimuth float64) bool {
	a := math.Abs(azimuth)
	if a > w.HalfFieldRad || rangeM < w.MinRangeM || rangeM > w.MaxRangeM {
		return false
	}
	if a <= w.EdgeFromRad {
		return true
	}
	return rangeM <= w.MaxRangeM+(a-w.EdgeFromRad)/(w.HalfFieldRad-w.EdgeFromRad)*(w.EdgeRangeM-w.MaxRangeM)
}

// patternFloorDB is the sidelobes' level.
const patternFloorDB = -30

// patternDB is the two-way antenna pattern.
func (w *Wave) patternDB(azimuth, elevation float64) float64 {
	a, e := azimuth/w.AzimuthBeamRad, elevation/w.ElevationBeamRad
	return max(patternFloorDB, -12*(a*a+e*e))
}
