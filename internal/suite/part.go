package suite

import (
	"slices"

	"github.com/fusiond/fusiond/sensors"
)

// part is one kind of drives, simulated or real, with its tests.
type part struct {
	sources []*source
	fitted  []sensors.Modality
	tests   []*test
	jobs    []*job
}

// test is one condition on all drives of a part: a job each, in the order of the sources.
type test struct {
	Condition
	jobs []*job
	// full and members are what is compared: all sensors, and each modality alone. A member that the condition does not touch is
	// not run again: it does what it does on the clean drive.
	full    subset
	members []subset
}

// newPart lists what is to be done. Conditions that order the same on a drive share its job.
func (r *runner) newPart(sources []*source, list func([]sensors.Modality) []Condition) *part {
	p := &part{sources: sources}
	for m := sensors.Modality(0); m < sensors.NumFused; m++ {
		if !slices.ContainsFunc(sources, func(s *source) bool { return len(s.rig.Of(m)) == 0 }) {
			p.fitted = append(p.fitted, m)
		}
	}
	type place struct{ source, orders string }
	shared := map[place]*job{}
	clean := map[*source]*take{}
	for _, c := range list(p.fitted) {
		t := &test{Condition: c, full: subsetOf(p.fitted...)}
		for _, m := range c.touches(p.fitted) {
			t.members = append(t.members, subsetOf(m))
		}
		wanted := append([]subset{t.full}, t.members...)
		switch c.Group {
		case Clean:
			wanted = subsets(p.fitted)
			for _, m := range p.fitted {
				t.members = append(t.members, subsetOf(m))
			}
		case Recovery:
			wanted, t.members = wanted[:1], nil
		case Weather, Fault, Visibility:
		}
		for _, s := range sources {
			at := place{s.name, c.Orders(s.rig)}
			j := shared[at]
			if j == nil {
				j = &job{take: newTake(s, &c, r.print)}
				if c.Group == Clean {
					clean[s] = j.take
				}
				j.clean = clean[s]
				shared[at] = j
				p.jobs = append(p.jobs, j)
			}
			for _, w := range wanted {
				if !slices.Contains(j.subsets, w) {
					j.subsets = append(j.subsets, w)
				}
			}
			t.jobs = append(t.jobs, j)
		}
		p.tests = append(p.tests, t)
	}
	return p
}
