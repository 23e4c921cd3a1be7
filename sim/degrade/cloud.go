package degrade

import (
	"math"
	"sync"
	"time"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

// cloud is a recorded sweep as the others of its moment need it: where things are.
type cloud struct {
	sensor *sensors.Sensor
	sample *sensors.PointCloud // a view into the message
	motion path
	placed bool // motion is what it will be

	once sync.Once
	// points are the returns, and empty points on beams that returned nothing and look above the horizon; both in the ego frame at
	// the sweep's stamp, m. Good after scan.
	points, empty [][3]float32
}

// path is how the vehicle moved during a sweep whose points are not deskewed: egoAtStamp from ego, by milliseconds before the stamp.
// It is empty when points are where they should be or the motion is not known.
type path []sensors.Pose

const pathStep = time.Millisecond

// pathOf takes the path of a sweep from the ego motion.
func pathOf(c *sensors.PointCloud, h *sensors.EgoHistory) path {
	if c.Deskewed || c.SweepStart == 0 {
		return nil
	}
	var p path
	for at := c.Stamp; at > c.SweepStart-sensors.StampNs(pathStep); at = at.Add(-pathStep) {
		pose, ok := h.Between(at, c.Stamp)
		if !ok {
			return nil
		}
		p = append(p, pose)
	}
	return p
}

// at is the pose for a point that was measured t seconds from the stamp (negative: before).
func (p path) at(t float32) *sensors.Pose {
	i := int(math.Round(float64(-t) / pathStep.Seconds()))
	return &p[min(max(i, 0), len(p)-1)]
}

// Azimuth is divided so finely to find beams without a return; emptyM is where they are said to end.
const (
	azimuthBins = 720
	emptyM      = 500
	maxRings    = 256
)

// scan fills points and empty. Any number of goroutines may call it; the first does the work.
func (c *cloud) scan() {
	c.once.Do(func() {
		raw, _ := c.sample.AppendPoints(nil)
		c.points = egoPoints(nil, raw, c.sensor.EgoFromSensor, c.motion)
		c.empty = emptyBeams(raw, c.sensor.EgoFromSensor)
	})
}

// egoPoints appends the points in the ego frame at the sweep's stamp.
func egoPoints(dst [][3]float32, raw []sensors.Point, egoFromSensor sensors.Pose, motion path) [][3]float32 {
	m := matrixOf(egoFromSensor)
	last := float32(math.NaN())
	for i := range raw {
		p := &raw[i]
		if len(motion) > 0 && p.T != last {
			last = p.T
			m = matrixOf(motion.at(p.T).Mul(egoFromSensor))
		}
		dst = append(dst, m.apply(p.X, p.Y, p.Z))
	}
	return dst
}

// emptyBeams lists the directions of a turning lidar in which beams above the horizon returned nothing: there is sky, or something too
// far or too dark. Lidars without rings give none.
func emptyBeams(raw []sensors.Point, egoFromSensor sensors.Pose) (out [][3]float32) {
	var seen [maxRings][azimuthBins]bool
	var sum [maxRings]float64
	var count [maxRings]int
	most := 0
	for i := range raw {
		p := &raw[i]
		r := int(p.Ring)
		if r < 0 || r >= maxRings {
			continue
		}
		most = max(most, r)
		seen[r][azimuthBin(p)] = true
		sum[r] += float64(elevation(p))
		count[r]++
	}
	if most == 0 {
		return nil
	}
	m := matrixOf(egoFromSensor)
	const rising = math.Pi / 180
	for r := range most + 1 {
		if count[r] == 0 || sum[r]/float64(count[r]) < rising {
			continue
		}
		sin, cos := math.Sincos(sum[r] / float64(count[r]))
		for a := range azimuthBins {
			if seen[r][a] || seen[r][(a+1)%azimuthBins] || seen[r][(a+azimuthBins-1)%azimuthBins] {
				continue
			}
			sa, ca := math.Sincos(2 * math.Pi * ((float64(a)+0.5)/azimuthBins - 0.5))
			out = append(out, m.apply(float32(emptyM*cos*ca), float32(emptyM*cos*sa), float32(emptyM*sin)))
		}
	}
	return out
}

func azimuthBin(p *sensors.Point) int {
	return min(int((math.Atan2(float64(p.Y), float64(p.X))/(2*math.Pi)+0.5)*azimuthBins), azimuthBins-1)
}

// matrix is a pose in float32: rotation row-major, then translation.
type matrix [12]float32

func matrixOf(p sensors.Pose) (m matrix) {
	for i, v := range p.Matrix() {
		m[i] = float32(v)
	}
	m[9], m[10], m[11] = float32(p.Translation.X), float32(p.Translation.Y), float32(p.Translation.Z)
	return m
}

func (m *matrix) apply(x, y, z float32) [3]float32 {
	return [3]float32{
		m[0]*x + m[1]*y + m[2]*z + m[9],
		m[3]*x + m[4]*y + m[5]*z + m[10],
		m[6]*x + m[7]*y + m[8]*z + m[11],
	}
}

func vec(x, y, z float64) r3.Vec { return r3.Vec{X: x, Y: y, Z: z} }
