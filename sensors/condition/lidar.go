package condition

import "github.com/fusiond/fusiond/sensors"

// Lidar judges the sweeps of one lidar. It gives Frozen, Blocked, BeamsLost, Fog, BackScatter, FewReturns and Miscalibrated:
//
//	Frozen         the same points with another stamp
//	Blocked        directions that give no return any more, though the lidar's others do
//	BeamsLost      rings that give no return any more: those that point at the ground nearby, and those below a ring that still sees
//	Fog            faint returns within 3 m in most directions (the soft target), and what was far is gone
//	BackScatter    the same returns, but the lidar still sees far: snow, spray, rain
//	FewReturns     returns are missing that no lost ring and no covered direction explains
//	Miscalibrated  the ground near the vehicle is tilted or too high against the rig, for seconds
//
// Fog and Miscalibrated are absolute; the rest is judged against what the lidar usually gives. Not safe for concurrent use.
type Lidar struct {
	sweep  sweep
	levels levels
	ground ground
	hash   uint64
	have   bool
	same   int

	count, below, reach, light, open baseline
	ring                             [maxRings]baseline
	down                             [maxRings]bool
	sector                           [numSectors]baseline
}

// The thresholds of lidars; figures of clear sweeps are from the real drive (a spinning lidar of 64 beams, a forward one of 150 degrees)
// and from simulated clear drives with 16 beams.
const (
	// Directions with back-scatter, beyond the usual: clear sweeps have up to 0.2 (a car alongside), fog of 50 m visibility 0.8 and more.
	scatterOnset, scatterFull = 0.25, 0.60
	// Light lost at 8 to 25 m against the usual: clear sweeps vary by a third; fog of 50 m takes exp(-2*0.06*15) = 5/6 of it.
	dimOnset, dimFull = 0.25, 0.65
	// With the reach gone, fewer directions are proof: in a street of near walls, light from them outshines the fog.
	fogScatterOnset, fogScatterFull = 0.12, 0.50
	// Reach against the usual: clear sweeps keep 0.8 to 1.2, fog of 50 m 0.3 to 0.45. Absolute: the reach of fog of 50 m is 27 to 35 m.
	reachOnset, reachFull = 0.20, 0.70
	reachOnsetM           = 60
	reachFullM            = 20
	// Below this severity of lost reach, it is not called fog. Back-scatter costs scatterCost alone, and more with the reach.
	reachFog    = 0.4
	scatterCost = 0.7

	// A ring or direction without a fiftieth or twentieth of its usual returns is lost; ones with few returns are not judged.
	ringLeft, sectorLeft   = 0.02, 0.05
	ringUsual, sectorUsual = 20, 10
	// One ring of 64 is not worth a word, two of 16 are.
	beamsOnset, beamsFull = 0.02, 0.35
	// Two of 64 directions are a post on the roof; a quarter of the view is half of what a front sensor is for.
	sectorsOnset, sectorsFull = 0.03, 0.40
	// Clear sweeps vary by up to 15 % within a drive. Of those below steep, judged alone when they are belowShare of all, by less.
	belowShare        = 0.1
	fewOnset, fewFull = 0.25, 0.75
	// Without any history: no lidar in use gives so few.
	fewPoints, noPoints = 200, 20

	// Smoothed, the ground of clear drives is pitched by up to 1 degree (a hill), rolled by up to 1 (the crown of the road) and off in
	// height by up to 0.1 m; a load adds half a degree of pitch. Two degrees of pitch put what stands at 30 m one metre too high.
	pitchOnsetDeg, pitchFullDeg = 1.4, 2.4
	rollOnsetDeg, rollFullDeg   = 1.5, 3.5
	heightOnsetM, heightFullM   = 0.20, 0.50

	frozenPoints               = 20
	judgedRings, judgedSectors = 4, 4
	ringSees                   = 0.3
	downShare                  = 0.8
)

// NewLidar makes the monitor of a lidar at its place on the vehicle.
func NewLidar(egoFromLidar sensors.Pose) *Lidar { return &Lidar{ground: newGround(egoFromLidar)} }

// Update judges the sweep of stamp: the points in the sensor's frame, as PointCloud.AppendPoints gives them, before their motion is
// taken out. Points may be none. The monitor keeps no reference to them.
func (l *Lidar) Update(points []sensors.Point, stamp sensors.StampNs) Condition {
	dt := l.levels.clock.step(stamp)
	l.sweep.take(points)
	p := paceOf(dt, l.levels.alarmed())
	var s severities
	l.scatter(&s)
	rings, below := l.rings(&s, &p)
	l.returns(&s, rings, below, l.sectors(&s, &p))
	l.tilt(&s, points, dt)
	l.frozen(&s)
	l.count.learn(float64(l.sweep.n), &p)
	l.below.learn(float64(l.sweep.below), &p)
	l.reach.learn(l.sweep.reachM, &p)
	if s.of[Fog] == 0 || l.open.ready() { // a drive that begins in fog must not take it for the normal
		l.light.learn(l.sweep.middle, &p)
		l.open.learn(1-l.sweep.scatter, &p)
	}
	return l.levels.update(&s, sensors.Lidar, dt)
}

// scatter tells fog and back-scatter.
func (l *Lidar) scatter(s *severities) {
	w := &l.sweep
	more := w.scatter
	if l.open.ready() {
		more = max(0, l.open.value-(1-w.scatter))
	}
	lost := max(ramp(w.reachM, reachOnsetM, reachFullM), ramp(l.reach.missing(w.reachM), reachOnset, reachFull))
	evidence := ramp(more, scatterOnset, scatterFull)
	if l.open.ready() { // a lidar may see its own vehicle so, all around
		s.set(BackScatter, more, scatterOnset, scatterFull)
		s.of[BackScatter] = scatterCost * evidence
	}
	s.set(Fog, w.reachM, reachOnsetM, reachFullM)
	s.of[Fog] = 0
	if lost < reachFog {
		return
	}
	evidence = max(ramp(more, fogScatterOnset, fogScatterFull), ramp(l.light.missing(w.middle), dimOnset, dimFull))
	s.of[BackScatter] = 0
	some := 1 - ramp(float64(w.n), fewPoints, noPoints) // without any returns it is not fog that takes them
	s.of[Fog] = some * evidence * (scatterCost + (1-scatterCost)*lost)
}

// rings tells lost beams and returns the share of the usual returns that they gave: of all, and of those below steep.
func (l *Lidar) rings(s *severities, p *pace) (of, ofBelow float64) {
	w := &l.sweep
	lost, judged := 0, 0
	var gone, all, goneBelow, allBelow float64
	above := false // a ring above gives returns
	for i := maxRings - 1; i >= 0; i-- {
		b, n := &l.ring[i], float64(w.ring[i])
		if b.ready() && b.value >= ringUsual {
			judged++
			all += b.value
			dead := n < ringLeft*b.value && (above || l.down[i])
			if dead {
				lost++
				gone += b.value
			}
			if l.down[i] {
				allBelow += b.value
				if dead {
					goneBelow += b.value
				}
			}
			above = above || n >= ringSees*b.value
		}
		if !b.ready() && n > 0 {
			l.down[i] = float64(w.down[i]) >= downShare*n
		}
		b.learn(n, p)
	}
	if judged < judgedRings {
		return 0, 0
	}
	s.set(BeamsLost, float64(lost)/float64(judged), beamsOnset, beamsFull)
	return gone / all, goneBelow / max(allBelow, 1)
}

// sectors tells covered directions and returns the share of the usual returns that they gave.
func (l *Lidar) sectors(s *severities, p *pace) (of float64) {
	lost, judged, gone, all := 0, 0, 0.0, 0.0
	for i := range l.sector {
		b, n := &l.sector[i], float64(l.sweep.sector[i])
		if b.ready() && b.value >= sectorUsual {
			judged++
			all += b.value
			if n < sectorLeft*b.value {
				lost++
				gone += b.value
			}
		}
		b.learn(n, p)
	}
	if judged < judgedSectors || lost == judged {
		return 0
	}
	s.set(Blocked, float64(lost)/float64(judged), sectorsOnset, sectorsFull)
	return gone / all
}

// returns tells what is missing beyond the rings and directions that are lost. It looks at the returns below steep, where there are
// enough: they come from the ground or from what stands on it, whereas those above end with the houses.
func (l *Lidar) returns(s *severities, rings, below, sectors float64) {
	n := float64(l.sweep.n)
	usual, have, explained := &l.count, n, rings
	if l.below.value >= belowShare*l.count.value {
		usual, have, explained = &l.below, float64(l.sweep.below), below
	}
	if left := (1 - explained) * (1 - sectors); left > 0 {
		s.set(FewReturns, usual.missing(have/left), fewOnset, fewFull)
	}
	few := ramp(n, fewPoints, noPoints)
	if few > s.of[FewReturns] {
		s.of[FewReturns], s.value[FewReturns] = few, 1
	}
	s.of[nothing] = few
}

func (l *Lidar) tilt(s *severities, points []sensors.Point, dt float64) {
	if !l.ground.take(points, dt) || l.ground.seen < 2*groundS {
		return
	}
	pitch, roll := l.ground.tiltDeg()
	s.set(Miscalibrated, pitch, pitchOnsetDeg, pitchFullDeg)
	if of := ramp(roll, rollOnsetDeg, rollFullDeg); of > s.of[Miscalibrated] {
		s.set(Miscalibrated, roll, rollOnsetDeg, rollFullDeg)
	}
	s.of[Miscalibrated] = max(s.of[Miscalibrated], ramp(l.ground.heightM(), heightOnsetM, heightFullM))
}

func (l *Lidar) frozen(s *severities) {
	if l.have && l.hash == l.sweep.hash && l.sweep.n >= frozenPoints {
		l.same = min(l.same+1, 1<<20)
	} else {
		l.same = 0
	}
	l.hash, l.have = l.sweep.hash, true
	s.set(Frozen, float64(l.same+1), frozenRepeats, frozenRepeats+1)
}
