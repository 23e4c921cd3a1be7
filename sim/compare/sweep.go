package compare

import (
	"math"

	"gonum.org/v1/gonum/spatial/r3"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// carClass is the detection class whose boxes are looked into.
const carClass = "car"

const (
	// roadM: what is this near in height to the vehicle's ground plane, in no box, and nearer than nearM, counts as road.
	roadM = 0.3
	nearM = 30
	// boxMarginM is by how much boxes are grown, as hand-made ones are not exact; what is less than soleM above a box's lower side is taken
	// for road.
	boxMarginM = 0.05
	soleM      = 0.15
	// carsM is how far cars are looked at; hands label farther than lidars see.
	carsM = 80
)

// sweep is one turn of a lidar, in vehicle axes at its stamp.
type sweep struct {
	// sensor is where the lidar is in the vehicle; columns how often each beam fires in a turn.
	sensor  r3.Vec
	columns int
	rings   int
	points  []point
	boxes   []box
}

type point struct {
	at        r3.Vec
	rangeM    float64
	intensity float64 // of 255
	azimuth   float64 // in the sensor's frame, as fired
	ring      int
	box       int // index of the box that it lies in, -1 for none
}

type box struct {
	centre   r3.Vec
	size     r3.Vec // length, width, height
	sin, cos float64
	car      bool
	points   int
}

// poses are the vehicle's ways: localFromEgo by stamp, in order.
type poses struct {
	stamps []sensors.StampNs
	poses  []sensors.Pose
}

// at interpolates; it goes on straight beyond the ends.
func (p *poses) at(t sensors.StampNs) sensors.Pose {
	n := len(p.stamps)
	if n == 1 {
		return p.poses[0]
	}
	i := 0
	for i < n-2 && p.stamps[i+1] <= t {
		i++
	}
	share := float64(t-p.stamps[i]) / float64(p.stamps[i+1]-p.stamps[i])
	return p.poses[i].Interpolate(p.poses[i+1], share)
}

// newSweep lays a cloud into the vehicle's axes at its stamp, each point seen from where the vehicle was then, and sorts the points into
// the boxes.
func newSweep(c *sensors.PointCloud, pts []sensors.Point, mount sensors.Pose, way *poses, truth *fusionv1.TruthFrame, columns, rings int) *sweep {
	s := &sweep{sensor: mount.Translation, columns: columns, rings: rings, points: make([]point, 0, len(pts))}
	for _, o := range truth.GetObjects() {
		sin, cos := math.Sincos(o.GetYaw())
		s.boxes = append(s.boxes, box{
			centre: vector(o.GetCenter()), size: vector(o.GetSize()), sin: sin, cos: cos, car: o.GetClass() == carClass,
		})
	}
	egoFromLocal := way.at(c.Stamp).Inverse()
	var now sensors.Pose
	last := float32(math.NaN())
	for i := range pts {
		p := &pts[i]
		if c.Deskewed {
			now = mount
		} else if p.T != last {
			last = p.T
			now = egoFromLocal.Mul(way.at(c.Stamp + sensors.StampNs(float64(p.T)*1e9))).Mul(mount)
		}
		v := r3.Vec{X: float64(p.X), Y: float64(p.Y), Z: float64(p.Z)}
		q := point{
			at: now.Apply(v), rangeM: r3.Norm(v), intensity: 255 * float64(p.Intensity), azimuth: math.Atan2(v.Y, v.X), ring: int(p.Ring), box: -1,
		}
		for j := range s.boxes {
			if s.boxes[j].holds(q.at, boxMarginM) {
				q.box = j
				s.boxes[j].points++
				break
			}
		}
		s.points = append(s.points, q)
	}
	return s
}

func vector(v *fusionv1.Vector3) r3.Vec { return r3.Vec{X: v.GetX(), Y: v.GetY(), Z: v.GetZ()} }

// inside returns a point in the box's axes.
func (b *box) inside(p r3.Vec) r3.Vec {
	d := r3.Sub(p, b.centre)
	return r3.Vec{X: d.X*b.cos + d.Y*b.sin, Y: d.Y*b.cos - d.X*b.sin, Z: d.Z}
}

func (b *box) holds(p r3.Vec, margin float64) bool {
	q := b.inside(p)
	return math.Abs(q.X) < b.size.X/2+margin && math.Abs(q.Y) < b.size.Y/2+margin && q.Z < b.size.Z/2+margin && q.Z > soleM-b.size.Z/2
}

func (w *sweep) distance(b *box) float64 {
	return math.Hypot(b.centre.X-w.sensor.X, b.centre.Y-w.sensor.Y)
}

// addSweep measures a sweep.
func (s *Statistics) addSweep(w *sweep) {
	s.Sweeps++
	s.Points += len(w.points)
	byRange := make([]float64, len(s.Curves[pointsByRange].values))
	byRing := make([]float64, len(s.Curves[pointsByRing].values))
	d := s.Distributions
	for i := range w.points {
		p := &w.points[i]
		d[rangeAll].add(p.rangeM)
		d[heightAll].add(p.at.Z)
		d[intensityAll].add(p.intensity)
		if j := int(p.rangeM / s.Curves[pointsByRange].Width); j < len(byRange) {
			byRange[j]++
		}
		s.Curves[intensityByRange].add(p.rangeM, p.intensity)
		if p.ring < len(byRing) {
			byRing[p.ring]++
		}
		switch {
		case p.box >= 0 && w.boxes[p.box].car:
			b := &w.boxes[p.box]
			q := b.inside(p.at)
			d[intensityCars].add(p.intensity)
			d[carPart].add(q.Z/b.size.Z + 0.5)
			d[carDepth].add(math.Min(b.size.X/2-math.Abs(q.X), b.size.Y/2-math.Abs(q.Y)))
		case w.road(p):
			d[intensityRoad].add(p.intensity)
			d[roadHeight].add(p.at.Z)
			s.Curves[roadIntensity].add(p.rangeM, p.intensity)
		}
	}
	for i, n := range byRange {
		s.Curves[pointsByRange].add((float64(i)+0.5)*s.Curves[pointsByRange].Width, n)
	}
	for i, n := range byRing {
		s.Curves[pointsByRing].add(float64(i), n)
		s.Curves[emptyByRing].add(float64(i), math.Max(0, 1-n/float64(w.columns)))
	}
	s.addNoise(w)
	s.addCars(w)
}

func (w *sweep) road(p *point) bool { return p.box < 0 && math.Abs(p.at.Z) < roadM && p.rangeM < nearM }

// addNoise looks at neighbours along a ring: three in a row on the road whose ranges would lie on a line if there were no noise.
func (s *Statistics) addNoise(w *sweep) {
	step := 1.5 * 2 * math.Pi / float64(w.columns)
	type trail struct{ a, b *point }
	trails := make([]trail, w.rings)
	for i := range w.points {
		p := &w.points[i]
		if p.ring >= len(trails) {
			continue
		}
		t := &trails[p.ring]
		if !w.road(p) || p.rangeM < 5 || p.rangeM > 25 || t.b != nil && math.Abs(p.azimuth-t.b.azimuth) > step {
			*t = trail{}
		}
		if w.road(p) && p.rangeM >= 5 && p.rangeM <= 25 {
			if t.a != nil {
				s.Distributions[roadNoise].add(1000 * (p.rangeM - 2*t.b.rangeM + t.a.rangeM))
			}
			t.a, t.b = t.b, p
		}
	}
}

func (s *Statistics) addCars(w *sweep) {
	d := s.Distributions
	count := make([]float64, len(s.Curves[carsBySweep].values))
	for i := range w.boxes {
		b := &w.boxes[i]
		far := w.distance(b)
		if !b.car || far > carsM {
			continue
		}
		s.Cars++
		s.Curves[carSeen].add(far, oneIf(b.points > 0))
		if j := int(far / s.Curves[carsBySweep].Width); j < len(count) {
			count[j]++
		}
		d[carLength].add(b.size.X)
		d[carWidth].add(b.size.Y)
		d[carHeight].add(b.size.Z)
		if far < 50 {
			d[carBottom].add(b.centre.Z - b.size.Z/2)
		}
		if b.points > 0 {
			s.Curves[carPoints].add(far, float64(b.points))
			d[carDistance].add(far)
		}
		next := math.Inf(1)
		for j := range w.boxes {
			if o := &w.boxes[j]; o.car && j != i {
				next = math.Min(next, math.Hypot(o.centre.X-b.centre.X, o.centre.Y-b.centre.Y))
			}
		}
		if !math.IsInf(next, 1) {
			d[carSpacing].add(next)
		}
	}
	for i, n := range count {
		s.Curves[carsBySweep].add((float64(i)+0.5)*s.Curves[carsBySweep].Width, n)
	}
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
