package encoders

import "math"

// RadarChannels is the depth of the radar network's input.
const RadarChannels = 6

// RadarReturn is one usable detection in the ego frame at the set's time.
type RadarReturn struct {
	// X, Y in metres; moved by its own radial velocity and the ego motion to the set's time.
	X, Y    float64
	RCSdBsm float64
	// Vx, Vy is the ego-compensated RADIAL velocity as a vector, m/s.
	Vx, Vy float64
	// AgeS is the set's time minus the scan's stamp, s.
	AgeS float64
}

// RadarRaster makes the radar network's input. Channels of the [6, Cells, Cells] map, all zero in an empty cell:
//
//	0  ln(1 + detections)
//	1  largest (RCS + 10) / 30, not below 0
//	2  mean vx / 10
//	3  mean vy / 10
//	4  mean |v| / 10
//	5  smallest age, s
//
// It reuses its buffers and is not safe for concurrent use.
type RadarRaster struct {
	grid    Grid
	cells   int
	columns []radarColumn
	touched []int32
}

type radarColumn struct {
	count               int32
	rcs, vx, vy, v, age float64
}

// NewRadarRaster makes a raster.
func NewRadarRaster(g Grid, spec RadarSpec) *RadarRaster {
	return &RadarRaster{
		grid: g, cells: spec.Raster.Cells, columns: make([]radarColumn, spec.Raster.Cells*spec.Raster.Cells),
	}
}

// Size is the length of the map: 6 * cells * cells.
func (r *RadarRaster) Size() int { return RadarChannels * r.cells * r.cells }

// Fill overwrites dst (Size long) with the map of the detections.
func (r *RadarRaster) Fill(dst []float32, returns []RadarReturn) {
	for i := range returns {
		d := &returns[i]
		row, col, ok := r.grid.Cell(d.X, d.Y, r.cells)
		if !ok {
			continue
		}
		at := row*r.cells + col
		c := &r.columns[at]
		if c.count == 0 {
			r.touched = append(r.touched, int32(at)) //nolint:gosec // at most cells²
			c.age = d.AgeS
		}
		c.count++
		c.rcs = math.Max(c.rcs, (d.RCSdBsm+10)/30)
		c.vx += d.Vx
		c.vy += d.Vy
		c.v += math.Hypot(d.Vx, d.Vy)
		c.age = math.Min(c.age, d.AgeS)
	}
	clear(dst)
	plane := r.cells * r.cells
	for _, at := range r.touched {
		c := &r.columns[at]
		n := 10 * float64(c.count)
		for k, v := range [RadarChannels]float64{
			math.Log1p(float64(c.count)), c.rcs, c.vx / n, c.vy / n, c.v / n, c.age,
		} {
			dst[k*plane+int(at)] = float32(v)
		}
		*c = radarColumn{}
	}
	r.touched = r.touched[:0]
}
