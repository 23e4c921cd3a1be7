package fusion

import (
	"cmp"
	"math"
	"slices"

	"github.com/fusiond/fusiond/encoders"
)

// DecodeConfig bounds what decoding gives.
type DecodeConfig struct {
	// MinScore is the lowest peak that becomes a detection.
	MinScore float64
	// MaxPeaks is the largest number of peaks kept, best first, before suppression.
	MaxPeaks int
	// OverlapIoU is the bird's-eye overlap of two boxes of one class group above which the lower score is suppressed.
	OverlapIoU float64
}

// DefaultDecodeConfig follows CenterPoint's published settings where they apply (threshold, rotated overlap of 0.2).
func DefaultDecodeConfig() DecodeConfig {
	return DecodeConfig{MinScore: 0.1, MaxPeaks: 300, OverlapIoU: 0.2}
}

// Largest plausible log size: sizes outside exp(-3)..exp(3.5) m are clamped, so that no network output gives an infinite box.
const (
	minLogSize = -3
	maxLogSize = 3.5
)

// Decoder reads centre heat maps. It reuses its buffers and is not safe for concurrent use.
type Decoder struct {
	cfg     DecodeConfig
	grid    encoders.Grid
	classes int
	peaks   []peak
	out     []Detection
	scores  []float32 // backs the detections' Scores

	merger  merger
	members []*Decoder // of opinions that are maps
	decided [][]Detection
}

type peak struct {
	class, at int
	score     float32
}

// NewDecoder makes a decoder for a grid and a number of classes.
func NewDecoder(cfg DecodeConfig, g encoders.Grid, classes int) *Decoder {
	return &Decoder{cfg: cfg, grid: g, classes: classes}
}

// Detections returns what an output says of its set, best first, with what overlaps within one group of classes suppressed: decoded from
// its maps, or, where members have decided, each member's opinion decoded and suppressed by itself and then fused; see merger.
// groups maps a class to its group. The result and its Scores are valid until the next call.
func (d *Decoder) Detections(out *Output, groups []int) []Detection {
	if out.Reg != nil {
		return Suppress(d.Decode(out.Heat, out.Reg), groups, d.cfg.OverlapIoU)
	}
	opinions := out.Opinions[:min(len(out.Opinions), maxOpinions)]
	d.decided = d.decided[:0]
	for i := range opinions {
		dets := opinions[i].Detections
		if opinions[i].Heat != nil {
			dets = d.member(i).Decode(opinions[i].Heat, opinions[i].Reg)
		}
		d.decided = append(d.decided, Suppress(dets, groups, d.cfg.OverlapIoU))
	}
	d.out, d.scores = d.merger.merge(d.out, d.scores, opinions, d.decided, groups, &d.cfg)
	return Suppress(d.out, groups, d.cfg.OverlapIoU)
}

// member returns the decoder of one opinion: what it decodes must stay until the opinions are fused.
func (d *Decoder) member(i int) *Decoder {
	for len(d.members) <= i {
		d.members = append(d.members, NewDecoder(d.cfg, d.grid, d.classes))
	}
	return d.members[i]
}

// Decode returns the detections, best first (ties: lower class, then lower cell), of
//
//	heat [classes, Heads, Heads]  probability that a cell holds an object's centre
//	reg  [10, Heads, Heads]       dx, dy (cells from the cell's lower corner), z, log length, width, height, sin, cos, vx, vy
//
// A peak is a cell that no neighbour of its 3x3 surroundings in the same class exceeds. Boxes with a value that is not finite are left
// out. The result and its Scores are valid until the next call. Method: CenterNet's peaks instead of suppression on scores (Zhou 2019).
func (d *Decoder) Decode(heat, reg []float32) []Detection {
	d.findPeaks(heat)
	slices.SortFunc(d.peaks, func(a, b peak) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.class, b.class), cmp.Compare(a.at, b.at))
	})
	if len(d.peaks) > d.cfg.MaxPeaks {
		d.peaks = d.peaks[:d.cfg.MaxPeaks]
	}
	d.out, d.scores = d.out[:0], slices.Grow(d.scores[:0], len(d.peaks)*d.classes)
	for _, p := range d.peaks {
		if det, ok := d.box(p, reg); ok {
			det.Scores = d.scoresAt(p.at, heat)
			d.out = append(d.out, det)
		}
	}
	return d.out
}

// scoresAt copies every class's heat in a cell.
func (d *Decoder) scoresAt(at int, heat []float32) []float32 {
	first, plane := len(d.scores), d.grid.Heads*d.grid.Heads
	for class := range d.classes {
		d.scores = append(d.scores, heat[class*plane+at])
	}
	return d.scores[first:len(d.scores):len(d.scores)]
}

func (d *Decoder) findPeaks(heat []float32) {
	d.peaks = d.peaks[:0]
	n := d.grid.Heads
	floor := float32(d.cfg.MinScore)
	for class := range d.classes {
		plane := heat[class*n*n : (class+1)*n*n]
		for at, score := range plane {
			if score >= floor && isPeak(plane, n, at, score) {
				d.peaks = append(d.peaks, peak{class, at, score})
			}
		}
	}
}

func isPeak(plane []float32, n, at int, score float32) bool {
	row, col := at/n, at%n
	for r := max(row-1, 0); r <= min(row+1, n-1); r++ {
		for c := max(col-1, 0); c <= min(col+1, n-1); c++ {
			if plane[r*n+c] > score {
				return false
			}
		}
	}
	return true
}

func (d *Decoder) box(p peak, reg []float32) (Detection, bool) {
	n := d.grid.Heads
	var v [encoders.BoxChannels]float64
	sum := 0.0
	for k := range v {
		v[k] = float64(reg[k*n*n+p.at])
		sum += v[k]
	}
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		return Detection{}, false
	}
	size := func(l float64) float64 { return math.Exp(math.Min(math.Max(l, minLogSize), maxLogSize)) }
	row, col := p.at/n, p.at%n
	return Detection{
		Class: p.class, Score: float64(p.score), Row: row, Col: col,
		X: (float64(row)+v[0])*d.grid.HeadM() - d.grid.RangeM,
		Y: (float64(col)+v[1])*d.grid.HeadM() - d.grid.RangeM,
		Z: v[2], Length: size(v[3]), Width: size(v[4]), Height: size(v[5]),
		Yaw: math.Atan2(v[6], v[7]), Vx: v[8], Vy: v[9],
	}, true
}
