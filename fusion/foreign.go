package fusion

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/sensors"
)

// foreign is an off-the-shelf 2D detector that takes part in late fusion: its boxes are lifted to the ego frame.
type foreign struct {
	name    string
	weights [][]float64
	grid    encoders.Grid
	sizes   []boxSize // by class; zero for classes that the detector does not know
	frustum frustum
	out     []Detection
}

func newForeign(s *encoders.MemberSpec, p *encoders.Package) (foreign, error) {
	f := foreign{name: s.Name, grid: p.BEV(), sizes: make([]boxSize, len(p.Classes))}
	for _, class := range s.Classes {
		size, ok := classSizes[class]
		if !ok {
			return f, fmt.Errorf("fusion strategy %s: member %s: no size is known for class %q, so its boxes cannot be lifted: leave the class out of the member's classes",
				LateStrategy, s.Name, class)
		}
		f.sizes[slices.Index(p.Classes, class)] = size
	}
	return f, nil
}

// lift returns what the member says of a set, best first; ok is false when it has seen no picture. The result is valid until the next call.
func (f *foreign) lift(in *Input) (dets []Detection, ok bool) {
	f.out = f.out[:0]
	points, setFromSweep := in.Points, sensors.Identity
	if in.Lidar == nil || !(in.Reliability[sensors.Lidar] > 0) {
		points = nil
	}
	if in.SetFromSweep != nil {
		setFromSweep = *in.SetFromSweep
	}
	for i := range in.Sightings {
		s := &in.Sightings[i]
		if s.Member != f.name || !s.Camera.Present {
			continue
		}
		ok = true
		if len(s.Boxes) == 0 {
			continue
		}
		f.frustum.look(&s.Camera, points, setFromSweep)
		for k := range s.Boxes {
			if d, found := f.detection(&s.Boxes[k]); found {
				f.out = append(f.out, d)
			}
		}
	}
	slices.SortStableFunc(f.out, func(a, b Detection) int { return cmp.Compare(b.Score, a.Score) })
	return f.out, ok
}

func (f *foreign) detection(b *encoders.Box2D) (Detection, bool) {
	if b.Class < 0 || b.Class >= len(f.sizes) || f.sizes[b.Class] == (boxSize{}) {
		return Detection{}, false
	}
	d, ok := f.frustum.lift(b, f.sizes[b.Class])
	if !ok {
		return d, false
	}
	d.Row, d.Col, ok = f.grid.Cell(d.X, d.Y, f.grid.Heads)
	return d, ok
}

// boxSize is a typical length, width and height, m.
type boxSize struct{ l, w, h float64 }

// classSizes are the means over nuScenes' annotations that CenterPoint and others start their boxes from.
var classSizes = map[string]boxSize{
	"car": {4.63, 1.97, 1.74}, "truck": {6.93, 2.51, 2.84}, "bus": {10.5, 2.94, 3.47}, "trailer": {12.29, 2.90, 3.87},
	"construction_vehicle": {6.37, 2.85, 3.19}, "pedestrian": {0.73, 0.67, 1.77}, "motorcycle": {2.11, 0.77, 1.47},
	"bicycle": {1.70, 0.60, 1.28}, "traffic_cone": {0.41, 0.41, 1.07}, "barrier": {0.50, 2.53, 0.98},
}
