package world

import "math"

// section is the cross-section of a road, symmetric about its centre line; all in metres from there. Traffic keeps to the right.
//
//	centre | median | lanes ... | strip | parking | kerb | furniture, tracks of pedestrians | walk's end | verge
type section struct {
	median float64 // half its width
	lanes  int
	lane   float64 // width of one
	strip  float64 // for bicycles; the shoulder of a highway
	park   float64 // width of the parking places, 0 = none
	walk   float64 // width of the pavement, 0 = none
	kerb   float64 // distance from the centre to the kerb, or to the edge of the asphalt
	height float64 // of the kerb
}

const (
	crown       = 0.02 // cross fall of roads: 2 %
	walkFall    = 0.01 // of pavements
	kerbHeightM = 0.12
)

func newSection(median float64, lanes int, lane, strip, park, walk float64) section {
	s := section{median: median, lanes: lanes, lane: lane, strip: strip, park: park, walk: walk}
	s.kerb = s.edge() + strip + park
	if walk > 0 {
		s.height = kerbHeightM
	}
	return s
}

// edge is where the lanes end.
func (s *section) edge() float64 { return s.median + float64(s.lanes)*s.lane }

// laneCentre is the d of lane i, 0 the innermost, for traffic that drives along the line.
func (s *section) laneCentre(i int) float64 { return -(s.median + (float64(i)+0.5)*s.lane) }

// stripCentre is the d of the bicycle strip on the right.
func (s *section) stripCentre() float64 { return -(s.edge() + s.strip/2) }

// outer is where the pavement ends.
func (s *section) outer() float64 { return s.kerb + s.walk }

// profile is the height of the surface at d over the land; crownShare flattens the road at junctions.
func (s *section) profile(d, crownShare float64) float64 {
	d = math.Abs(d)
	switch {
	case d <= s.kerb:
		return crownShare * crown * (s.kerb - d)
	case s.walk == 0:
		return -0.04 * math.Min(d-s.kerb, 25)
	}
	return s.height + walkFall*math.Min(d-s.kerb, s.walk)
}

// sectionOf is the main road of a map; cycle adds a strip for bicycles.
func sectionOf(m *Map, cycle bool) section {
	strip := 0.0
	if cycle {
		strip = 1.7
	}
	park := 0.0
	if m.Parked > 0 {
		park = 2.3
	}
	if park > 0 && (m.Kind == Avenue || m.Kind == Construction) {
		park = 2.9 // for trucks too
	}
	switch m.Kind {
	case Highway:
		return newSection(1.6, m.Lanes, m.LaneWidthM, 2.6, 0, 0)
	case Suburb:
		return newSection(0, m.Lanes, m.LaneWidthM, strip, park, 2.6)
	case Avenue, Construction:
		return newSection(0.6, m.Lanes, m.LaneWidthM, strip, park, 5)
	case Street, Junction, Curve:
	}
	return newSection(0, m.Lanes, m.LaneWidthM, strip, park, 3.8)
}
