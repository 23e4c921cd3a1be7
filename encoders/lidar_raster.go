package encoders

import (
	"math"

	"github.com/fusiond/fusiond/sensors"
)

// lidarExtra is the number of lidar channels beside the height slices: highest point, mean intensity, count.
const lidarExtra = 3

// LidarRaster makes the lidar network's input. Channels of the [Slices+3, Cells, Cells] map, all zero in an empty cell:
//
//	0..Slices-1  1 where a point lies in that height slice (equal slices of (ZMinM, ZMaxM), ego frame, ground near 0)
//	Slices       height of the highest point, m, divided by 4
//	Slices+1     mean intensity, 0..1
//	Slices+2     ln(1 + points) / 4
//
// A LidarRaster reuses its buffers; it is not safe for concurrent use.
type LidarRaster struct {
	grid       Grid
	cells      int
	slices     int
	zMin, zMax float32
	columns    []lidarColumn
	touched    []int32
	logs       [256]float32
}

type lidarColumn struct {
	count     int32
	slices    uint32
	top       float32
	intensity float32
}

// NewLidarRaster makes a raster; slices is at most 32.
func NewLidarRaster(g Grid, spec LidarSpec) *LidarRaster {
	r := &LidarRaster{
		grid: g, cells: spec.Raster.Cells, slices: spec.Raster.Slices,
		zMin: float32(spec.Raster.ZMinM), zMax: float32(spec.Raster.ZMaxM),
		columns: make([]lidarColumn, spec.Raster.Cells*spec.Raster.Cells),
	}
	for n := range r.logs {
		r.logs[n] = float32(math.Log1p(float64(n)) / 4)
	}
	return r
}

// Size is the length of the map: (slices + 3) * cells * cells.
func (r *LidarRaster) Size() int { return (r.slices + lidarExtra) * r.cells * r.cells }

// Fill overwrites dst (Size long) with the map of the points, which are in the ego frame at the sweep's stamp. The result
// does not depend on the order of the points, except for the rounding of the mean intensity.
func (r *LidarRaster) Fill(dst []float32, points []sensors.Point) {
	rangeM := float32(r.grid.RangeM)
	perM := float32(r.cells) / (2 * rangeM)
	perSlice := float32(r.slices) / (r.zMax - r.zMin)
	for i := range points {
		p := &points[i]
		x, y := p.X+rangeM, p.Y+rangeM
		if !(x >= 0 && y >= 0 && p.Z > r.zMin && p.Z < r.zMax) {
			continue
		}
		row, col := int(x*perM), int(y*perM)
		if row >= r.cells || col >= r.cells {
			continue
		}
		at := row*r.cells + col
		c := &r.columns[at]
		if c.count == 0 {
			r.touched = append(r.touched, int32(at)) //nolint:gosec // at most cells², far below 2^31
			c.top = p.Z
		}
		c.count++
		slice := min(int((p.Z-r.zMin)*perSlice), r.slices-1)
		c.slices |= 1 << slice
		c.top = max(c.top, p.Z)
		c.intensity += p.Intensity
	}
	r.write(dst)
}

// write moves the columns into dst and clears them.
func (r *LidarRaster) write(dst []float32) {
	clear(dst)
	plane := r.cells * r.cells
	for _, at := range r.touched {
		c := &r.columns[at]
		for s, bits := 0, c.slices; bits != 0; s, bits = s+1, bits>>1 {
			if bits&1 != 0 {
				dst[s*plane+int(at)] = 1
			}
		}
		o := r.slices*plane + int(at)
		dst[o] = c.top / 4
		dst[o+plane] = c.intensity / float32(c.count)
		if int(c.count) < len(r.logs) {
			dst[o+2*plane] = r.logs[c.count]
		} else {
			dst[o+2*plane] = float32(math.Log1p(float64(c.count)) / 4)
		}
		*c = lidarColumn{}
	}
	r.touched = r.touched[:0]
}
