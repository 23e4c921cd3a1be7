package pipeline

import (
	"slices"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/sensors"
)

// A radar sees a target in some of its scans only, so that a set gets more than the newest one: at most scansFused of a radar, none older
// than scanSpanNs before the set's member. Published detectors take five or six sweeps (CRN 2023, BEVFusion 2023).
const (
	scansFused = 4
	scanSpanNs = 350e6
)

// scanHistory holds a radar's newest scans in order of their stamps.
type scanHistory []*sensors.RadarScan

// add takes a scan as it arrives. One that is older than the newest is left out of the history, and where time has gone back by more than
// the history spans (a clock that was set back, a drive that begins again) it starts anew.
func (h *scanHistory) add(scan *sensors.RadarScan) {
	if n := len(*h); n > 0 {
		newest := (*h)[n-1].Stamp
		if scan.Stamp <= newest {
			if newest-scan.Stamp <= scanSpanNs {
				return
			}
			*h = (*h)[:0]
		}
	}
	if len(*h) == scansFused {
		*h = slices.Delete(*h, 0, 1)
	}
	*h = append(*h, scan)
}

// takeRadar adds a radar's member, and its scans shortly before, to the plan. stamp is the member's, which alignment may have corrected.
func (e *Engine) takeRadar(p *plan, s *stream, scan *sensors.RadarScan, stamp sensors.StampNs, age float64) {
	p.radars = append(p.radars, s.Name)
	e.addScan(p, s, scan, stamp, age)
	for i := len(s.scans) - 1; i >= 0; i-- {
		before := scan.Stamp - s.scans[i].Stamp
		if before > 0 && before <= scanSpanNs {
			e.addScan(p, s, s.scans[i], stamp-before, age+float64(before)*1e-9)
		}
	}
}

func (e *Engine) addScan(p *plan, s *stream, scan *sensors.RadarScan, stamp sensors.StampNs, age float64) {
	m := encoders.RadarMotion{EgoFromSensor: s.EgoFromSensor, SetFromScan: sensors.Identity, AgeS: age}
	if state, _, ok := e.ego.history.At(stamp); ok {
		m.Velocity, m.AngularVelocity = state.Velocity, state.AngularVelocity
	}
	if motion, ok := e.ego.history.Between(stamp, p.stamp); ok {
		m.SetFromScan = motion
	}
	p.returns = encoders.AppendReturns(p.returns, scan, m)
}
