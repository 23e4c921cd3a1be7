package fusion

import (
	"cmp"
	"math"
	"slices"

	"github.com/fusiond/fusiond/sensors"
)

// merger fuses what members of a late strategy have decided, each by itself. It reuses its buffers.
//
//	voice     one detection of one member; r = trust(class, range) / the highest trust that any member present has there, 0..1
//	cluster   voices of different members that mean one object: same group of classes, boxes near or overlapping
//	box       mean of the voices' boxes with weights u = trust * score
//	yaw       mean of the axes as angles modulo pi, pointed where more of u points
//	velocity  like the box, a radar's u counted velocityTrust times: it measures range rates, the others infer motion from one look
//	scores    by class c: 1 - product over voices of (1 - r(c) * score(c)); the class is that of the highest
//	shares    u by modality, divided by their sum
//
// The box is Weighted Boxes Fusion (Solovyev 2021). The score is the noisy-or of independent pieces of evidence (Pearl 1988) instead of that
// paper's mean: a mean falls when a weak member agrees with a strong one. Because r is relative, a member that is alone keeps its
// scores as they are, bit for bit.
type merger struct {
	voices   []voice
	clusters []cluster
}

type voice struct {
	member   int
	det      *Detection
	trust    float64 // u / score
	strength float64 // r * score
}

// cluster is the running mean of its voices.
type cluster struct {
	Detection
	members          uint64 // bits
	u, vu            float64
	axisSin, axisCos float64 // sums of u * (sin, cos) of the yaws, each turned to less than 90 degrees from the first one
	heading          float64 // u that points along the axis, less what points against it
	camera           bool    // some voice is a camera's
}

// maxOpinions bounds the members of a late strategy: cluster.members has a bit for each.
const maxOpinions = 64

// velocityTrust is how many times a radar's word counts for velocity: its range rate is good to 0.1 m/s, a velocity that one sweep or one
// picture suggests to 1 m/s and worse.
const velocityTrust = 4

// Two detections of one group mean the same object when their centres are within half the longer box, between these, or their boxes
// overlap as suppression has it.
const (
	minMergeM = 0.8 // a pedestrian's step and a lidar's cell
	maxMergeM = 3
	// A camera's distance is uncertain by about a twelfth of itself: the gate is longer along the ray by that share.
	cameraRangeShare = 0.08
)

// merge returns the fused detections, best first, in memory of dst and scores; both may be reused when the result is no longer needed.
func (m *merger) merge(dst []Detection, scores []float32, opinions []Opinion, decided [][]Detection, groups []int, cfg *DecodeConfig) ([]Detection, []float32) {
	m.listen(opinions, decided)
	m.clusters = m.clusters[:0]
	scores = slices.Grow(scores[:0], len(m.voices)*len(groups))
	for i := range m.voices {
		v := &m.voices[i]
		c := m.find(v, opinions, groups, cfg.OverlapIoU)
		if c == nil {
			at := len(scores)
			scores = scores[:at+len(groups)]
			clear(scores[at:])
			m.clusters = append(m.clusters, cluster{Detection: *v.det})
			c = &m.clusters[len(m.clusters)-1]
			c.Scores = scores[at:len(scores):len(scores)]
			c.By = [sensors.NumFused]float64{}
		}
		c.add(v, opinions[v.member].Modality)
		m.vote(c, v, opinions)
	}
	dst = dst[:0]
	for i := range m.clusters {
		c := &m.clusters[i]
		c.finish()
		if c.Score >= cfg.MinScore {
			dst = append(dst, c.Detection)
		}
	}
	slices.SortStableFunc(dst, func(a, b Detection) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Row, b.Row), cmp.Compare(a.Col, b.Col))
	})
	return dst[:min(len(dst), cfg.MaxPeaks)], scores
}

// listen collects the voices that count, strongest first (ties: member, then the member's own order).
func (m *merger) listen(opinions []Opinion, decided [][]Detection) {
	m.voices = m.voices[:0]
	for member, dets := range decided {
		for i := range dets {
			d := &dets[i]
			reach := math.Hypot(d.X, d.Y)
			trust := opinions[member].Trust.At(d.Class, reach)
			if r := trust / highest(opinions, d.Class, reach); r > 0 { // false for 0/0: nobody is trusted there
				m.voices = append(m.voices, voice{member, d, trust, r * d.Score})
			}
		}
	}
	slices.SortStableFunc(m.voices, func(a, b voice) int { return cmp.Compare(b.strength, a.strength) })
}

// highest is the trust of the member that is trusted most.
func highest(opinions []Opinion, class int, rangeM float64) (best float64) {
	for i := range opinions {
		best = math.Max(best, opinions[i].Trust.At(class, rangeM))
	}
	return best
}

// find returns the nearest cluster that the voice may join, nil for none.
func (m *merger) find(v *voice, opinions []Opinion, groups []int, overlap float64) *cluster {
	var best *cluster
	nearest := math.Inf(1)
	camera := opinions[v.member].Modality == sensors.Camera
	for i := range m.clusters {
		c := &m.clusters[i]
		if groups[c.Class] != groups[v.det.Class] || c.members>>v.member&1 == 1 {
			continue
		}
		if d := apart(&c.Detection, v.det, c.camera || camera, overlap); d <= 1 && d < nearest {
			best, nearest = c, d
		}
	}
	return best
}

// apart is the distance of two boxes' centres in units of the gate; boxes that overlap enough are within it.
func apart(a, b *Detection, camera bool, overlap float64) float64 {
	gate := math.Min(math.Max(math.Max(a.Length, b.Length)/2, minMergeM), maxMergeM)
	dx, dy := b.X-a.X, b.Y-a.Y
	d := math.Hypot(dx, dy) / gate
	if reach := math.Hypot(a.X, a.Y); camera && reach > 0 {
		ux, uy := a.X/reach, a.Y/reach
		d = math.Hypot((dx*ux+dy*uy)/(gate+cameraRangeShare*reach), (dy*ux-dx*uy)/gate)
	}
	if d > 1 {
		if iou := OverlapIoU(a, b); iou > overlap {
			return 1 - iou
		}
	}
	return d
}

// add moves the means. The first voice is taken as it is: what follows moves it by its share of the weight.
func (c *cluster) add(v *voice, m sensors.Modality) {
	d := v.det
	u := v.trust * d.Score
	c.members |= 1 << v.member
	c.camera = c.camera || m == sensors.Camera
	c.By[m] += u
	sin, cos := math.Sincos(d.Yaw)
	turned := 1.0
	if c.u > 0 && sin*c.axisSin+cos*c.axisCos < 0 {
		turned = -1
	}
	c.axisSin, c.axisCos, c.heading = c.axisSin+turned*u*sin, c.axisCos+turned*u*cos, c.heading+turned*u
	c.u += u
	share := u / c.u
	for _, p := range [...]struct {
		mean *float64
		v    float64
	}{{&c.X, d.X}, {&c.Y, d.Y}, {&c.Z, d.Z}, {&c.Length, d.Length}, {&c.Width, d.Width}, {&c.Height, d.Height}} {
		*p.mean += share * (p.v - *p.mean)
	}
	vu := u
	if m == sensors.Radar {
		vu *= velocityTrust
	}
	c.vu += vu
	c.Vx += vu / c.vu * (d.Vx - c.Vx)
	c.Vy += vu / c.vu * (d.Vy - c.Vy)
	if c.u > u { // one yaw alone needs no mean
		c.Yaw = math.Atan2(c.axisSin, c.axisCos)
	}
}

// vote adds the voice's scores to the cluster's, and takes the class of the highest among those that voices gave.
func (m *merger) vote(c *cluster, v *voice, opinions []Opinion) {
	d := v.det
	reach := math.Hypot(d.X, d.Y)
	for class := range c.Scores {
		score := 0.0
		switch {
		case class == d.Class:
			score = d.Score
		case class < len(d.Scores):
			score = float64(d.Scores[class])
		}
		if score == 0 {
			continue
		}
		r := opinions[v.member].Trust.At(class, reach) / highest(opinions, class, reach)
		if !(r > 0) {
			continue
		}
		p, q := float64(c.Scores[class]), r*score
		c.Scores[class] = float32(p + q - p*q) // 1 - (1-p)(1-q), exact where p is 0
	}
	if c.Scores[d.Class] > c.Scores[c.Class] || c.Scores[d.Class] == c.Scores[c.Class] && d.Class < c.Class {
		c.Class = d.Class
	}
}

func (c *cluster) finish() {
	c.Score = float64(c.Scores[c.Class])
	if c.heading < 0 {
		c.Yaw = math.Atan2(-c.axisSin, -c.axisCos)
	}
	for m := range c.By {
		c.By[m] /= c.u
	}
}
