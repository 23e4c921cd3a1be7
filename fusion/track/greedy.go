package track

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/fusion"
	"github.com/fusiond/fusiond/sensors"
)

// GreedyConfig of the Greedy tracker.
type GreedyConfig struct {
	// GateM is the largest distance from the predicted to the detected centre, by class index; speed is already predicted away.
	GateM []float64
	// BirthScore is the lowest score that starts a track.
	BirthScore float64
	// CoastNs is how long a track lives without a detection.
	CoastNs int64
	// PositionSdM and VelocitySdMps are the detections' noise; AccelSdMps2 the white acceleration of the motion model. A network that sees one
	// moment guesses speed from what such things mostly do, and guesses alike in every set: were its velocities believed for as little noise as
	// they have, they would outvote where the object really goes. So they only start the filter.
	PositionSdM, VelocitySdMps, AccelSdMps2 float64
}

// gates follow CenterPoint's tracker (Yin 2021), which states them for half a second, scaled to sensor rates of 10 Hz and more.
var gates = map[string]float64{
	"car": 2.5, "truck": 3, "bus": 3.5, "trailer": 2.5, "construction_vehicle": 2.5,
	"pedestrian": 1, "motorcycle": 3, "bicycle": 1.5, "traffic_cone": 0.8, "barrier": 1,
}

// DefaultGreedyConfig for a class list.
func DefaultGreedyConfig(classes []string) GreedyConfig {
	cfg := GreedyConfig{
		BirthScore: 0.25, CoastNs: 500e6, PositionSdM: 0.5, VelocitySdMps: 10, AccelSdMps2: 1.5,
	}
	for _, c := range classes {
		g, ok := gates[c]
		if !ok {
			g = 2
		}
		cfg.GateM = append(cfg.GateM, g)
	}
	return cfg
}

// Greedy is a simple tracker: detections, best first, take the nearest free track of their class within the gate; positions are filtered by a
// constant-velocity Kalman filter, one an axis, in the local frame. Sizes and heights are smoothed, headings taken from the detection.
// Method: CenterPoint's greedy matching (Yin 2021) with a filtered velocity.
type Greedy struct {
	cfg    GreedyConfig
	last   sensors.StampNs
	next   uint64
	tracks []greedyTrack
	out    []Object
}

var _ Tracker = (*Greedy)(nil)

// NewGreedy makes a tracker without tracks.
func NewGreedy(cfg GreedyConfig) *Greedy { return &Greedy{cfg: cfg} }

// axis is a filter of position and velocity along one axis.
type axis struct{ pos, vel, pp, pv, vv float64 }

func (a *axis) predict(dt, accelSd float64) {
	q := accelSd * accelSd
	a.pos += a.vel * dt
	a.pp += dt*(2*a.pv+dt*a.vv) + q*dt*dt*dt/3
	a.pv += dt*a.vv + q*dt*dt/2
	a.vv += q * dt
}

func (a *axis) updatePosition(z, sd float64) {
	s := a.pp + sd*sd
	kp, kv, y := a.pp/s, a.pv/s, z-a.pos
	a.pos += kp * y
	a.vel += kv * y
	a.vv -= kv * a.pv
	a.pv -= kp * a.pv
	a.pp -= kp * a.pp
}

func (a *axis) updateVelocity(z, sd float64) {
	s := a.vv + sd*sd
	kp, kv, y := a.pv/s, a.vv/s, z-a.vel
	a.pos += kp * y
	a.vel += kv * y
	a.pp -= kp * a.pv
	a.pv -= kv * a.pv
	a.vv -= kv * a.vv
}

type greedyTrack struct {
	id         uint64
	class      int
	x, y       axis
	z          float64
	l, w, h    float64
	yaw        float64 // local frame
	existence  float64
	born, seen sensors.StampNs
	at         sensors.StampNs
	source     int
	row, col   int
	by         [sensors.NumFused]float64
	scores     []float32 // of the latest detection, the track's own memory
}

// Reset implements Tracker.
func (g *Greedy) Reset() { g.tracks, g.last = g.tracks[:0], 0 }

// Update implements Tracker.
func (g *Greedy) Update(stamp sensors.StampNs, localFromEgo sensors.Pose, dets []fusion.Detection) []Object {
	if stamp < g.last {
		g.Reset() // a recording started over: nothing carries across
	}
	g.last = stamp
	for i := range g.tracks {
		t := &g.tracks[i]
		dt := math.Max(stamp.Seconds()-t.at.Seconds(), 0)
		t.x.predict(dt, g.cfg.AccelSdMps2)
		t.y.predict(dt, g.cfg.AccelSdMps2)
		t.at, t.source = stamp, -1
	}
	for i := range dets {
		g.assign(stamp, localFromEgo, i, &dets[i])
	}
	g.tracks = slices.DeleteFunc(g.tracks, func(t greedyTrack) bool {
		return t.source < 0 && int64(stamp-t.seen) > g.cfg.CoastNs
	})
	return g.objects(localFromEgo)
}

func (g *Greedy) assign(stamp sensors.StampNs, localFromEgo sensors.Pose, index int, d *fusion.Detection) {
	p := localFromEgo.Apply(r3.Vec{X: d.X, Y: d.Y, Z: d.Z})
	v := localFromEgo.Rotate(r3.Vec{X: d.Vx, Y: d.Vy})
	best, distance := -1, g.cfg.GateM[d.Class]
	for i := range g.tracks {
		t := &g.tracks[i]
		if t.class != d.Class || t.source >= 0 {
			continue
		}
		if m := math.Hypot(t.x.pos-p.X, t.y.pos-p.Y); m < distance {
			best, distance = i, m
		}
	}
	pv, vv := g.cfg.PositionSdM, g.cfg.VelocitySdMps
	if best < 0 {
		if d.Score < g.cfg.BirthScore {
			return
		}
		g.next++
		g.tracks = append(g.tracks, greedyTrack{
			id: g.next, class: d.Class, born: stamp, existence: FirstLook * d.Score,
			x: axis{pos: p.X, vel: v.X, pp: pv * pv, vv: vv * vv}, y: axis{pos: p.Y, vel: v.Y, pp: pv * pv, vv: vv * vv},
			z: p.Z, l: d.Length, w: d.Width, h: d.Height, at: stamp,
		})
		best = len(g.tracks) - 1
	} else {
		t := &g.tracks[best]
		t.x.updatePosition(p.X, pv)
		t.y.updatePosition(p.Y, pv)
		t.x.updateVelocity(v.X, vv)
		t.y.updateVelocity(v.Y, vv)
		const keep = 0.7 // of the running size: boxes jitter, bodies do not
		t.z += (1 - keep) * (p.Z - t.z)
		t.l += (1 - keep) * (d.Length - t.l)
		t.w += (1 - keep) * (d.Width - t.w)
		t.h += (1 - keep) * (d.Height - t.h)
		// A mean, not the odds that one look of many is right: a network errs in the same place again and again.
		t.existence += newScore * (d.Score - t.existence)
	}
	t := &g.tracks[best]
	t.yaw = localFromEgo.Mul(sensors.FromYaw(d.Yaw, r3.Vec{})).Yaw()
	t.seen, t.source, t.row, t.col = stamp, index, d.Row, d.Col
	t.by, t.scores = d.By, append(t.scores[:0], d.Scores...)
}

// newScore is the part of the latest detection's score in a track's existence.
const newScore = 0.3

// coastDecay is the share of existence kept in a set without a detection.
const coastDecay = 0.7

func (g *Greedy) objects(localFromEgo sensors.Pose) []Object {
	egoFromLocal := localFromEgo.Inverse()
	turn := egoFromLocal.Yaw()
	g.out = g.out[:0]
	for i := range g.tracks {
		t := &g.tracks[i]
		score := t.existence
		if t.source < 0 {
			t.existence *= coastDecay
			score = 0
		}
		p := egoFromLocal.Apply(r3.Vec{X: t.x.pos, Y: t.y.pos, Z: t.z})
		v := egoFromLocal.Rotate(r3.Vec{X: t.x.vel, Y: t.y.vel})
		o := Object{
			ID: t.id, Source: t.source, Existence: t.existence, Born: t.born, Seen: t.seen,
			Detection: fusion.Detection{
				Class: t.class, Score: score, X: p.X, Y: p.Y, Z: p.Z, Length: t.l, Width: t.w, Height: t.h,
				Yaw: wrap(t.yaw + turn), Vx: v.X, Vy: v.Y, Row: t.row, Col: t.col,
				Scores: t.scores, By: t.by,
			},
		}
		o.Covariance = covariance(&t.x, &t.y, turn)
		g.out = append(g.out, o)
	}
	slices.SortFunc(g.out, func(a, b Object) int { return cmp.Compare(a.ID, b.ID) })
	return g.out
}

// yawSd is the heading's noise, which the filter does not estimate, rad.
const yawSd = 0.1

// covariance turns the two axes' filters from the local frame by turn into ego axes.
func covariance(x, y *axis, turn float64) (c [25]float64) {
	s, k := math.Sincos(turn)
	block := func(a, b float64) (xx, xy, yy float64) { return k*k*a + s*s*b, k * s * (a - b), s*s*a + k*k*b }
	set := func(i, j int, v float64) { c[5*i+j], c[5*j+i] = v, v }
	xx, xy, yy := block(x.pp, y.pp)
	set(0, 0, xx)
	set(0, 1, xy)
	set(1, 1, yy)
	xx, xy, yy = block(x.pv, y.pv)
	set(0, 3, xx)
	set(0, 4, xy)
	set(1, 3, xy)
	set(1, 4, yy)
	xx, xy, yy = block(x.vv, y.vv)
	set(3, 3, xx)
	set(3, 4, xy)
	set(4, 4, yy)
	set(2, 2, yawSd*yawSd)
	return c
}

func wrap(a float64) float64 {
	a = math.Mod(a, 2*math.Pi)
	switch {
	case a > math.Pi:
		return a - 2*math.Pi
	case a <= -math.Pi:
		return a + 2*math.Pi
	}
	return a
}
