package fusion

import "math"

// Suppress keeps, of detections that overlap within one group of classes, the best one. dets must be sorted best first; the
// result is a prefix of the same slice, still sorted. groups maps a class to its group. minIoU is the overlap in the x-y plane
// above which the lower score goes.
func Suppress(dets []Detection, groups []int, minIoU float64) []Detection {
	kept := dets[:0]
	for i := range dets {
		d := dets[i]
		free := true
		for j := range kept {
			if groups[kept[j].Class] == groups[d.Class] && OverlapIoU(&kept[j], &d) > minIoU {
				free = false
				break
			}
		}
		if free {
			kept = append(kept, d)
		}
	}
	return kept
}

// classGroups are CenterPoint's tasks: classes of one group compete for the same place.
var classGroups = map[string]int{
	"car": 1, "truck": 2, "construction_vehicle": 2, "bus": 3, "trailer": 3, "barrier": 4,
	"motorcycle": 5, "bicycle": 5, "pedestrian": 6, "traffic_cone": 6,
}

// ClassGroups returns a group for each class; a class that is not one of nuScenes' ten has a group of its own.
func ClassGroups(classes []string) []int {
	out := make([]int, len(classes))
	for i, c := range classes {
		if g, ok := classGroups[c]; ok {
			out[i] = g
		} else {
			out[i] = 100 + i
		}
	}
	return out
}

// OverlapIoU is the intersection over union of two boxes in the x-y plane, 0..1.
func OverlapIoU(a, b *Detection) float64 {
	reach := (math.Hypot(a.Length, a.Width) + math.Hypot(b.Length, b.Width)) / 2
	if math.Hypot(a.X-b.X, a.Y-b.Y) >= reach {
		return 0
	}
	inter := intersectionArea(a.Corners(), b.Corners())
	union := a.Length*a.Width + b.Length*b.Width - inter
	if union <= 0 {
		return 0
	}
	return inter / union
}

// intersectionArea clips polygon a by each edge of b (Sutherland and Hodgman 1974). Both are convex and counter-clockwise.
func intersectionArea(a, b [4][2]float64) float64 {
	var buf [2][8][2]float64 // a quadrilateral clipped by four half planes has at most eight corners
	poly := append(buf[0][:0], a[:]...)
	for k := range b {
		p, q := b[k], b[(k+1)%4]
		side := func(v [2]float64) float64 { return (q[0]-p[0])*(v[1]-p[1]) - (q[1]-p[1])*(v[0]-p[0]) }
		next := buf[(k+1)%2][:0]
		for i, v := range poly {
			w := poly[(i+1)%len(poly)]
			sv, sw := side(v), side(w)
			if sv >= 0 {
				next = append(next, v)
			}
			if (sv >= 0) != (sw >= 0) {
				t := sv / (sv - sw)
				next = append(next, [2]float64{v[0] + t*(w[0]-v[0]), v[1] + t*(w[1]-v[1])})
			}
		}
		poly = next
		if len(poly) == 0 {
			return 0
		}
	}
	area := 0.0
	for i, v := range poly {
		w := poly[(i+1)%len(poly)]
		area += v[0]*w[1] - w[0]*v[1]
	}
	return math.Max(area/2, 0)
}
