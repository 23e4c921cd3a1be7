package fusion

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/sensors"
)

// frustum lifts boxes of one picture at a time. It reuses its buffers.
//
//	with lidar   distance: the near points inside the box; heading: the long axis of the points
//	             where they show a side, else along the road
//	without      distance: where the ray through the middle of the box's lower edge meets the ground (z = 0); heading: along the road
//
// In both, the size is the class's mean, the road is taken to run along the ego's x axis, velocity is 0, and which way a heading points is
// a guess. Scores fall with the error of the distance that the way of lifting has.
// Method: frustums after Frustum PointNets (Qi 2018), with robust statistics in place of the network.
type frustum struct {
	camera       *encoders.LiftCamera
	egoFromCam   sensors.Pose
	points       []framed
	inside, ring []framed
	ranges       []float32
}

// framed is a point in the picture and in the ego frame at the set's time.
type framed struct {
	u, v    float32
	x, y, z float32
	rangeM  float32 // horizontal, from the camera
}

// What is taken for an object's points, and what for none.
const (
	aboveGroundM = 0.25 // lower points are the road
	aboveAllM    = 4.5
	minFrustum   = 4 // points for a distance, minAxis for a heading
	minAxis      = 10
	// A side is seen where the points' variance along is so many times that across, over such a share of the length.
	minElongation = 8
	minSide       = 0.6
	sideMargin    = 0.1 // of the box's width, on each side: what shows there is mostly behind the object
	nearQuantile  = 0.2 // of all points in the box: at least so many are the object's, or it cannot be told from what stands behind
	faceQuantile  = 0.1 // of the object's points: its near face
	maxGroundM    = 60
)

// look projects the sweep's points into the picture.
func (f *frustum) look(c *encoders.LiftCamera, points []sensors.Point, setFromSweep sensors.Pose) {
	f.camera, f.egoFromCam = c, c.CameraFromEgo.Inverse()
	f.points = f.points[:0]
	m, o := c.CameraFromEgo.Matrix(), c.CameraFromEgo.Translation
	s, so := setFromSweep.Matrix(), setFromSweep.Translation
	at, v := f.egoFromCam.Translation, &c.View
	width, height := float64(v.Width), float64(v.Height)
	for i := range points {
		px, py, pz := float64(points[i].X), float64(points[i].Y), float64(points[i].Z)
		z := s[6]*px + s[7]*py + s[8]*pz + so.Z
		if !(z > aboveGroundM && z < aboveAllM) {
			continue
		}
		x, y := s[0]*px+s[1]*py+s[2]*pz+so.X, s[3]*px+s[4]*py+s[5]*pz+so.Y
		depth := m[6]*x + m[7]*y + m[8]*z + o.Z
		if !(depth > 0.5) {
			continue
		}
		u, w := v.Fx*(m[0]*x+m[1]*y+m[2]*z+o.X)/depth+v.Cx, v.Fy*(m[3]*x+m[4]*y+m[5]*z+o.Y)/depth+v.Cy
		if u < 0 || u > width || w < 0 || w > height {
			continue
		}
		f.points = append(f.points, framed{
			float32(u), float32(w), float32(x), float32(y), float32(z), float32(math.Hypot(x-at.X, y-at.Y)),
		})
	}
}

// lift returns the box's object; ok is false when its distance cannot be told.
func (f *frustum) lift(b *encoders.Box2D, size boxSize) (d Detection, ok bool) {
	d = Detection{Class: b.Class, Length: size.l, Width: size.w, Height: size.h}
	u := (b.Left + b.Right) / 2
	middle := f.ray(u, (b.Top+b.Bottom)/2)
	across := math.Hypot(middle.X, middle.Y)
	if !(across > 1e-6) {
		return d, false
	}
	at := f.egoFromCam.Translation
	var faceM, errorM float64
	if face, found := f.face(b, size); found {
		faceM, errorM = face, lidarErrorM
		d.Yaw = f.heading(size)
		d.Z = at.Z + middle.Z/across*face
	} else {
		foot := f.ray(u, b.Bottom)
		if !(foot.Z < 0) || !(at.Z > 0) {
			return d, false // it stands above the horizon, or the camera lies in the road
		}
		faceM = at.Z / -foot.Z * math.Hypot(foot.X, foot.Y)
		if faceM > maxGroundM {
			return d, false
		}
		errorM = faceM * faceM / at.Z * pitchSdRad
		d.Z = size.h / 2
	}
	// From the near face to the middle: as far as the ray is inside half the box.
	bearing := math.Atan2(middle.Y, middle.X)
	sin, cos := math.Sincos(bearing - d.Yaw)
	half := math.Min(size.l/2/math.Max(math.Abs(cos), 1e-9), size.w/2/math.Max(math.Abs(sin), 1e-9))
	d.X, d.Y = at.X+(faceM+half)*math.Cos(bearing), at.Y+(faceM+half)*math.Sin(bearing)
	d.Score = b.Score * usefulM / (usefulM + errorM)
	return d, true
}

// How far lifted boxes are off, and what that costs: a box that is usefulM off, the middle of nuScenes' four matching distances, keeps
// half its score.
const (
	usefulM     = 2
	lidarErrorM = 0.5  // the spread of half a car's extent along the ray
	pitchSdRad  = 0.01 // a car's pitch while it brakes and the slope of a street
)

// ray is the direction through a pixel in ego axes.
func (f *frustum) ray(u, v float64) r3.Vec {
	w := &f.camera.View
	return f.egoFromCam.Rotate(r3.Vec{X: (u - w.Cx) / w.Fx, Y: (v - w.Cy) / w.Fy, Z: 1})
}

// face returns the distance of the near face of the box's object and leaves the object's points in ring.
func (f *frustum) face(b *encoders.Box2D, size boxSize) (rangeM float64, ok bool) {
	margin := sideMargin * b.Width()
	left, right, top, bottom := float32(b.Left+margin), float32(b.Right-margin), float32(b.Top), float32(b.Bottom)
	f.inside = f.inside[:0]
	for _, p := range f.points {
		if p.u >= left && p.u <= right && p.v >= top && p.v <= bottom {
			f.inside = append(f.inside, p)
		}
	}
	if len(f.inside) < minFrustum {
		return 0, false
	}
	near := f.quantile(f.inside, nearQuantile)
	reach := float32(math.Hypot(size.l, size.w))
	f.ring = f.ring[:0]
	for _, p := range f.inside {
		if p.rangeM > near-reach && p.rangeM < near+reach {
			f.ring = append(f.ring, p)
		}
	}
	return float64(f.quantile(f.ring, faceQuantile)), true
}

// quantile of the points' ranges; there is at least one.
func (f *frustum) quantile(points []framed, q float64) float32 {
	f.ranges = f.ranges[:0]
	for i := range points {
		f.ranges = append(f.ranges, points[i].rangeM)
	}
	slices.Sort(f.ranges)
	return f.ranges[int(q*float64(len(f.ranges)))]
}

// heading is the direction of the object's length from the points in ring: their long axis where it is plainly a side of the object;
// along the road when the points do not tell.
func (f *frustum) heading(size boxSize) float64 {
	n := float64(len(f.ring))
	if n < minAxis || size.l < 1.5*size.w { // what is as wide as long has no side
		return 0
	}
	var mx, my float64
	for _, p := range f.ring {
		mx, my = mx+float64(p.x)/n, my+float64(p.y)/n
	}
	var xx, xy, yy float64
	for _, p := range f.ring {
		dx, dy := float64(p.x)-mx, float64(p.y)-my
		xx, xy, yy = xx+dx*dx/n, xy+dx*dy/n, yy+dy*dy/n
	}
	axis := math.Atan2(2*xy, xx-yy) / 2
	spread := math.Hypot((xx-yy)/2, xy)
	long, short := (xx+yy)/2+spread, (xx+yy)/2-spread
	// Points spread evenly over a length a have a variance of a²/12.
	if extent := math.Sqrt(12 * long); long < minElongation*short || extent < minSide*size.l {
		return 0
	}
	if math.Cos(axis) < 0 { // ahead rather than back
		axis += math.Pi
	}
	return math.Atan2(math.Sin(axis), math.Cos(axis))
}
