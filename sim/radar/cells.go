package radar

import (
	"cmp"
	"math"
	"slices"
)

// echo is a point as one waveform receives it; snr is linear.
type echo struct {
	point
	snr float64
}

// cell is a resolved peak. first is its strongest echo, which names it and says where it is while others are compared; sums are weighted
// by power.
type cell struct {
	first                                      echo
	rangeM, azimuth, elevation, rate, snr, rcs float64 // sums; rcs linear
	next                                       int32   // in the same bin of range, -1 = none
}

// cells is the memory of resolve.
type cells struct {
	echoes []echo
	peaks  []cell
	bins   []int32 // first peak by range cell of its strongest echo, -1 = none
}

// resolve turns the points in a waveform's field into peaks: from the strongest echo down, each joins the first peak whose strongest
// echo is closer than a cell in all of range, azimuth, range rate and (where measured) elevation, or is a peak of its own.
func (r *Radar) resolve(wave int) {
	w, c := &r.spec.Waves[wave], &r.cells
	c.echoes, c.peaks = c.echoes[:0], c.peaks[:0]
	for i := range r.points {
		p := &r.points[i]
		if !w.sees(p.rangeM, p.azimuth) {
			continue
		}
		if snr := r.snr(wave, p); snr > faintDB {
			c.echoes = append(c.echoes, echo{*p, math.Pow(10, snr/10)})
		}
	}
	slices.SortStableFunc(c.echoes, func(a, b echo) int { return cmp.Compare(b.snr, a.snr) })
	c.bins = slices.Grow(c.bins[:0], int(w.MaxRangeM/w.RangeCellM)+3)[:int(w.MaxRangeM/w.RangeCellM)+3]
	for i := range c.bins {
		c.bins[i] = -1
	}
	for i := range c.echoes {
		e := &c.echoes[i]
		bin := int(e.rangeM/w.RangeCellM) + 1
		k := c.near(w, e, bin)
		if k < 0 {
			k = int32(len(c.peaks))
			c.peaks = append(c.peaks, cell{first: *e, next: c.bins[bin]})
			c.bins[bin] = k
		}
		c.peaks[k].add(e)
	}
}

// near returns the first, strongest, peak that e is not resolved from; -1 = none.
func (c *cells) near(w *Wave, e *echo, bin int) int32 {
	found := int32(-1)
	for b := bin - 1; b <= bin+1; b++ {
		for k := c.bins[b]; k >= 0; k = c.peaks[k].next {
			f := &c.peaks[k].first
			if math.Abs(f.rangeM-e.rangeM) < w.RangeCellM && math.Abs(f.rate-e.rate) < w.RateCellMps &&
				math.Abs(f.azimuth-e.azimuth) < w.azimuthCell(f.azimuth) &&
				(w.ElevationCellRad == 0 || math.Abs(f.elevation-e.elevation) < w.ElevationCellRad) && (found < 0 || k < found) {
				found = k
			}
		}
	}
	return found
}

func (p *cell) add(e *echo) {
	p.rangeM += e.snr * e.rangeM
	p.azimuth += e.snr * e.azimuth
	p.elevation += e.snr * e.elevation
	p.rate += e.snr * e.rate
	p.rcs += math.Pow(10, e.rcs/10)
	p.snr += e.snr
}
