package world

import (
	"math"

	"github.com/fusiond/fusiond/sim/chance"
)

// site is road works on the right of the main road: between begin and end everything from inner (the side of the traffic, a positive
// distance from the centre line) to outer is closed. A row of cones leads to it over taper metres.
type site struct {
	begin, end, taper float64
	inner, outer      float64
	lane              int // the closed lane, or -1
}

func (l *layout) addSite(src *chance.Source) {
	sec := &l.main.section
	w := &site{lane: -1, taper: src.Between(8, 14)}
	length := src.Between(10, 25)
	switch k := l.spec.Map.Kind; {
	case k == Construction && sec.lanes > 1:
		w.lane = sec.lanes - 1
		w.inner, w.outer = sec.edge()-sec.lane+0.25, sec.kerb-0.2
		length, w.taper = src.Between(45, 80), src.Between(18, 28)
	case k == Construction:
		w.inner, w.outer = sec.edge()+sec.strip+0.3, sec.kerb+1.5
		length = src.Between(35, 60)
	case k == Highway && src.Chance(0.25):
		w.inner, w.outer = sec.edge()+0.5, sec.kerb
		length = src.Between(20, 50)
	case k != Highway && sec.park > 0 && src.Chance(0.45):
		w.inner, w.outer = sec.edge()+sec.strip+0.3, sec.kerb-0.1
	default:
		return
	}
	for range 20 {
		w.begin = src.Between(18, 70+0.7*l.egoFar)
		w.end = w.begin + length
		if l.free(w.begin-w.taper-4, w.end+4) {
			l.site = w
			return
		}
	}
}

// free tells whether the main road from s0 to s1 is without junction and crossing.
func (l *layout) free(s0, s1 float64) bool {
	if l.main.gap > 0 && s1 > l.main.gapAt-l.main.gap-8 && s0 < l.main.gapAt+l.main.gap+8 {
		return false
	}
	for _, z := range l.zebras {
		if z.road == l.main && s1 > z.s-zebraM && s0 < z.s+zebraM {
			return false
		}
	}
	return true
}

// closes tells whether the site takes up a part of s0..s1 on the right of the main road.
func (w *site) closes(s0, s1 float64) bool {
	return w != nil && s1 > w.begin-w.taper-3 && s0 < w.end+3
}

// innerAt is the edge of the site at s, +Inf outside of it.
func (w *site) innerAt(s float64) float64 {
	switch {
	case s < w.begin-w.taper || s > w.end:
		return math.Inf(1)
	case s < w.begin:
		return w.inner + (w.outer-w.inner)*(w.begin-s)/w.taper
	}
	return w.inner
}
