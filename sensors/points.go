package sensors

import (
	"encoding/binary"
	"math"
	"slices"
	"time"
)

const (
	// maxRangePointM: no lidar sees farther; what says so is a fault.
	maxRangePointM = 1000
	// defaultIntensityMax stands for IntensityMax 0.
	defaultIntensityMax = 255
)

// AppendPoints decodes the cloud into points in the sensor's frame and appends them to dst. Any layout that
// ParsePointCloud accepts is read, little-endian; where a field has several values the first counts. Intensity is
// divided by IntensityMax (255 when 0) and kept within 0..1; ring is rounded down and kept within 0..65535; T becomes
// seconds relative to Stamp.
//
// dropped counts the points that were left out: not finite, at exactly the sensor's origin (drivers that keep a fixed
// number of points write "no return" so), farther than 1 km, or timed more than 10 s from the stamp.
//
// Nothing is allocated when dst has room for Count more points.
func (c *PointCloud) AppendPoints(dst []Point) (pts []Point, dropped int) {
	n := min(c.Count, len(c.Data)/max(1, c.Step))
	if n <= 0 {
		return dst, 0
	}
	dst = slices.Grow(dst, n)
	r := c.reader()
	for at := 0; at < n; at += pointBlock {
		m := min(pointBlock, n-at)
		rows := c.Data[at*c.Step : (at+m)*c.Step]
		out := dst[len(dst) : len(dst)+m]
		clear(out)
		r.coordinates(out, rows)
		r.intensities(out, rows)
		r.rings(out, rows)
		r.times(out, rows)
		kept := compact(out)
		dst, dropped = dst[:len(dst)+kept], dropped+m-kept
	}
	return dst, dropped
}

// pointBlock points are decoded at a time, one column after the other: each loop does one thing, and input and output of
// a block stay in the first-level cache.
const pointBlock = 512

// pointReader is a cloud's layout and scales, ready for the loops. A field of type 0 is not there.
type pointReader struct {
	step                        int
	x, y, z, intensity, ring, t Field
	intensityScale              float32
	// startS is the sweep's start relative to the stamp, s.
	startS float64
}

func (c *PointCloud) reader() pointReader {
	r := pointReader{step: c.Step}
	r.x, _ = c.field("x")
	r.y, _ = c.field("y")
	r.z, _ = c.field("z")
	r.intensity, _ = c.field("intensity")
	r.ring, _ = c.field("ring")
	if !c.Deskewed {
		r.t, _ = c.field("t")
		r.startS = c.SweepStart.Sub(c.Stamp).Seconds()
	}
	r.intensityScale = 1. / defaultIntensityMax
	if c.IntensityMax > 0 {
		r.intensityScale = 1 / c.IntensityMax
	}
	return r
}

func (r *pointReader) coordinates(out []Point, rows []byte) {
	x, step := r.x.Offset, r.step
	if r.x.Type == Float32 && r.y == (Field{"y", x + 4, Float32}) && r.z == (Field{"z", x + 8, Float32}) {
		for i := range out {
			p, q := rows[i*step+x:][:12], &out[i]
			q.X = math.Float32frombits(binary.LittleEndian.Uint32(p))
			q.Y = math.Float32frombits(binary.LittleEndian.Uint32(p[4:]))
			q.Z = math.Float32frombits(binary.LittleEndian.Uint32(p[8:]))
		}
		return
	}
	for i := range out {
		p, q := rows[i*step:][:step], &out[i]
		q.X, q.Y, q.Z = float32(number(p, r.x)), float32(number(p, r.y)), float32(number(p, r.z))
	}
}

func (r *pointReader) intensities(out []Point, rows []byte) {
	at, step, scale := r.intensity.Offset, r.step, r.intensityScale
	switch r.intensity.Type {
	case 0:
	case Float32:
		for i := range out {
			out[i].Intensity = unit(math.Float32frombits(binary.LittleEndian.Uint32(rows[i*step+at:])) * scale)
		}
	case Uint8:
		for i := range out {
			out[i].Intensity = unit(float32(rows[i*step+at]) * scale)
		}
	default:
		for i := range out {
			out[i].Intensity = unit(float32(number(rows[i*step:], r.intensity)) * scale)
		}
	}
}

func (r *pointReader) rings(out []Point, rows []byte) {
	at, step := r.ring.Offset, r.step
	switch r.ring.Type {
	case 0:
	case Uint8:
		for i := range out {
			out[i].Ring = uint16(rows[i*step+at])
		}
	case Uint16:
		for i := range out {
			out[i].Ring = binary.LittleEndian.Uint16(rows[i*step+at:])
		}
	default:
		for i := range out {
			// Comparisons are false for NaN, which becomes 0.
			if v := number(rows[i*step:], r.ring); v >= math.MaxUint16 {
				out[i].Ring = math.MaxUint16
			} else if v > 0 {
				out[i].Ring = uint16(v)
			}
		}
	}
}

func (r *pointReader) times(out []Point, rows []byte) {
	at, step, start := r.t.Offset, r.step, r.startS
	switch r.t.Type {
	case 0:
	case Float32:
		for i := range out {
			out[i].T = float32(float64(math.Float32frombits(binary.LittleEndian.Uint32(rows[i*step+at:]))) + start)
		}
	default:
		for i := range out {
			out[i].T = float32(number(rows[i*step:], r.t) + start)
		}
	}
}

// compact moves the points that can be to the front and returns how many they are.
func compact(out []Point) int {
	const far, late = float32(maxRangePointM * maxRangePointM), float32(maxSweep / time.Second)
	kept := 0
	for i := range out {
		q := &out[i]
		// False for zero and NaN, and for what is too far or infinite.
		s := q.X*q.X + q.Y*q.Y + q.Z*q.Z
		if !(s > 0 && s <= far && q.T >= -late && q.T <= late) {
			continue
		}
		if kept != i {
			out[kept] = *q
		}
		kept++
	}
	return kept
}

// unit keeps v within 0..1; NaN becomes 0.
func unit(v float32) float32 {
	if v >= 1 {
		return 1
	}
	if v > 0 {
		return v
	}
	return 0
}

// number reads one value of any type; 0 for a field that is not there.
func number(p []byte, f Field) float64 {
	p = p[f.Offset:]
	switch f.Type {
	case Int8:
		return float64(int8(p[0])) //nolint:gosec // reinterpretation
	case Uint8:
		return float64(p[0])
	case Int16:
		return float64(int16(binary.LittleEndian.Uint16(p))) //nolint:gosec // reinterpretation
	case Uint16:
		return float64(binary.LittleEndian.Uint16(p))
	case Int32:
		return float64(int32(binary.LittleEndian.Uint32(p))) //nolint:gosec // reinterpretation
	case Uint32:
		return float64(binary.LittleEndian.Uint32(p))
	case Float32:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(p)))
	case Float64:
		return math.Float64frombits(binary.LittleEndian.Uint64(p))
	}
	return 0
}
