package encoders

import (
	"cmp"
	"math"
	"slices"
)

// Box2D is one object in a camera's picture.
type Box2D struct {
	// Class indexes the package's classes; Score is its probability, 0..1.
	Class int
	Score float64
	// Left, Top, Right, Bottom are edges in pixels of the detector's picture, counted from the middle of the top left pixel, as a
	// camera.View counts them; they may lie a little outside of it.
	Left, Top, Right, Bottom float64
}

// Width and Height of the box, pixels.
func (b *Box2D) Width() float64 { return b.Right - b.Left }

// Height of the box, pixels.
func (b *Box2D) Height() float64 { return b.Bottom - b.Top }

// yoloxBox is the number of values in front of a row's class scores: dx, dy, log width, log height, objectness.
const yoloxBox = 5

// overlap2D is the intersection over union above which the lower of two boxes of one class goes: what YOLOX's own demonstration uses.
const overlap2D = 0.45

// maxBoxes2D bounds the boxes of one picture before suppression.
const maxBoxes2D = 300

// yolox decodes the output of an anchor-free detector of YOLOX's layout (Ge 2021): rows are the cells of grids of the strides, in order,
// each grid row by row; with the cell (gx, gy)
//
//	centre = (d + g) * stride, size = exp(s) * stride, score = objectness * class
//
// It reuses its buffers; boxes are valid until the next call.
type yolox struct {
	spec    *MemberSpec
	numbers []int // the detector's class numbers that are told, ascending
	classes []int // and the package's class of each
	boxes   []Box2D
}

func newYOLOX(s *MemberSpec, classes []string) *yolox {
	y := &yolox{spec: s, numbers: sortedKeys(s.Classes)}
	for _, n := range y.numbers {
		y.classes = append(y.classes, slices.Index(classes, s.Classes[n]))
	}
	return y
}

// decode returns the boxes of out, [rows, width], best first, without those that overlap a better one of their class. Rows with values
// that are not finite are left out.
func (y *yolox) decode(out []float32, width int) []Box2D {
	y.boxes = y.boxes[:0]
	for _, stride := range y.spec.Output.Strides {
		cols, rows := y.spec.Input.Width/stride, y.spec.Input.Height/stride
		for at := range cols * rows {
			if b, ok := y.box(out[:width], at%cols, at/cols, float64(stride)); ok {
				y.boxes = append(y.boxes, b)
			}
			out = out[width:]
		}
	}
	slices.SortStableFunc(y.boxes, func(a, b Box2D) int { return cmp.Compare(b.Score, a.Score) })
	y.boxes = y.boxes[:min(len(y.boxes), maxBoxes2D)]
	return suppress2D(y.boxes)
}

func (y *yolox) box(row []float32, gx, gy int, stride float64) (b Box2D, ok bool) {
	objectness, best := float64(row[4]), float32(0)
	if !(objectness >= y.spec.MinScore) { // no class can be above it; also false for NaN
		return b, false
	}
	for i, n := range y.numbers {
		if p := row[yoloxBox+n]; p > best {
			best, b.Class = p, y.classes[i]
		}
	}
	if b.Score = objectness * float64(best); !(b.Score >= y.spec.MinScore) || b.Score > 1 {
		return b, false
	}
	// The grid counts from the picture's edge, half a pixel before the first pixel's middle.
	cx, cy := (float64(row[0])+float64(gx))*stride-0.5, (float64(row[1])+float64(gy))*stride-0.5
	w, h := math.Exp(float64(row[2]))*stride, math.Exp(float64(row[3]))*stride
	b.Left, b.Top, b.Right, b.Bottom = cx-w/2, cy-h/2, cx+w/2, cy+h/2
	sum := b.Left + b.Top + b.Right + b.Bottom
	return b, !math.IsNaN(sum) && !math.IsInf(sum, 0)
}

// suppress2D keeps, of boxes of one class that overlap, the best; boxes are sorted, the result is a prefix of them.
func suppress2D(boxes []Box2D) []Box2D {
	kept := boxes[:0]
	for i := range boxes {
		b := boxes[i]
		if !slices.ContainsFunc(kept, func(k Box2D) bool { return k.Class == b.Class && iou2D(&k, &b) > overlap2D }) {
			kept = append(kept, b)
		}
	}
	return kept
}

func iou2D(a, b *Box2D) float64 {
	w := math.Min(a.Right, b.Right) - math.Max(a.Left, b.Left)
	h := math.Min(a.Bottom, b.Bottom) - math.Max(a.Top, b.Top)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h / (a.Width()*a.Height() + b.Width()*b.Height() - w*h)
}
