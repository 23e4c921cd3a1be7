package lidar

import "math"

// bloomDB is how strong, above the receiver's floor, a retro-reflector must be for the beam beside it to see it, for each step away from it.
// A receiver's optics scatter a share of about a thousandth into the neighbours (30 dB), ten times less with each further step.
var bloomDB = []float64{30, 40}

// Finish completes a sweep whose columns are all cast: retro-reflectors that are strong enough show in the beams beside theirs, which then
// return from the same range when they see nothing nearer.
func (s *Sweep) Finish() {
	beams, columns := len(s.spec.Elevations), s.spec.Columns
	floor := s.spec.FloorReflectance / (s.spec.MaxRangeM * s.spec.MaxRangeM)
	for i, power := range s.retro {
		if power == 0 {
			continue
		}
		source := s.Returns[i]
		if source.Range == 0 {
			continue
		}
		above := 10 * math.Log10(float64(power)/float64(source.Range*source.Range)/floor)
		column, ring := i/beams, i%beams
		for step, need := range bloomDB {
			if above < need {
				break
			}
			by := step + 1
			weak := min(source.Intensity, float32(s.spec.WhiteIntensity/float64(2*by)))
			for _, at := range [4][2]int{{column - by, ring}, {column + by, ring}, {column, ring - by}, {column, ring + by}} {
				if at[1] < 0 || at[1] >= beams {
					continue
				}
				j := (at[0]+columns)%columns*beams + at[1]
				if n := &s.Returns[j]; s.retro[j] == 0 && (n.Range == 0 || n.Range > source.Range+0.3) {
					n.Range, n.Intensity, n.Ground = source.Range, weak, false
					s.Objects[j] = s.Objects[i]
				}
			}
		}
	}
}
