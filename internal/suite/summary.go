package suite

import (
	"slices"

	"github.com/fusiond/fusiond/eval"
)

// summarise computes what follows from the other figures of a part.
func (p *Part) summarise() {
	s := &p.Summary
	full := &p.Subsets[0]
	s.MAP, s.NDS, s.CarAP2M, s.ECE = full.MAP, full.NDS, full.CarAP2M, full.ECE
	s.SubsetsMAP, s.SubsetsNDS = 0, 0
	for i := range p.Subsets {
		s.SubsetsMAP += p.Subsets[i].MAP / Number(len(p.Subsets))
		s.SubsetsNDS += p.Subsets[i].NDS / Number(len(p.Subsets))
	}
	s.NoCameraNDS, s.NoCameraKept = p.without("camera")
	s.NoLidarNDS, s.NoLidarKept = p.without("lidar")
	for _, metric := range []struct {
		of        func(*Figures) Number
		mra, mean *Number
	}{{nds, &s.MRANDS, &s.CorruptNDS}, {meanAP, &s.MRAMAP, &s.CorruptMAP}} {
		_, mra := eval.RelativeAccuracy(float64(metric.of(&full.Figures)), p.corruptions(metric.of))
		*metric.mra, *metric.mean = Number(mra), 0
		for i := range p.Conditions {
			*metric.mean += metric.of(&p.Conditions[i].Figures) / Number(len(p.Conditions))
		}
		if len(p.Conditions) == 0 {
			*metric.mean = Undefined
		}
	}
	s.MRRA, s.MCE = Undefined, Undefined
	p.fog50()
	s.ECECorrupt = Undefined
	for _, c := range p.Calibration[1:] {
		s.ECECorrupt = c.ECE
	}
	p.violations()
	s.Tests, s.Violations = 1+len(p.Conditions)+max(0, len(p.Visibility)-1), len(p.Violations)
}

func nds(f *Figures) Number    { return f.NDS }
func meanAP(f *Figures) Number { return f.MAP }

// without is the NDS of the largest subset that lacks a modality, and its share of the full set's.
func (p *Part) without(modality string) (score, kept Number) {
	for i := range p.Subsets {
		if s := &p.Subsets[i]; !slices.Contains(words(s.Sensors), modality) {
			return s.NDS, Number(eval.Kept(float64(s.NDS), float64(p.Subsets[0].NDS)))
		}
	}
	return Undefined, Undefined
}

// corruptions of the part by one metric.
func (p *Part) corruptions(of func(*Figures) Number) (all []eval.Corruption) {
	for i := range p.Conditions {
		c := &p.Conditions[i]
		if n := len(all); n == 0 || all[n-1].Name != c.Name {
			all = append(all, eval.Corruption{Name: c.Name})
		}
		last := &all[len(all)-1]
		last.Scores = append(last.Scores, float64(of(&c.Figures)))
	}
	return all
}

// fog50 is what fog of 50 m visibility leaves.
func (p *Part) fog50() {
	s := &p.Summary
	s.Fog50MAP, s.Fog50Kept, s.Fog50LidarMAP, s.Fog50Ratio = Undefined, Undefined, Undefined, Undefined
	for i := range p.Visibility {
		v := &p.Visibility[i]
		if v.VisibilityM != 50 {
			continue
		}
		s.Fog50MAP, s.Fog50Kept = v.MAP50, Number(eval.Kept(float64(v.MAP50), float64(p.Subsets[0].MAP50)))
		for _, m := range v.Members {
			if m.Sensors == "lidar" {
				s.Fog50LidarMAP, s.Fog50Ratio = m.MAP50, Number(eval.Kept(float64(v.MAP50), float64(m.MAP50)))
			}
		}
	}
}

// violations lists the tests in which a modality alone has more than the full set, in NDS or mAP.
func (p *Part) violations() {
	p.Violations = []Violation{}
	look := func(v Violation, full *Figures, members []Member) {
		for _, metric := range []struct {
			name string
			of   func(*Figures) Number
		}{{"nds", nds}, {"map", meanAP}} {
			best := -1
			for i := range members {
				if best < 0 || metric.of(&members[i].Figures) > metric.of(&members[best].Figures) {
					best = i
				}
			}
			if best < 0 || metric.of(&members[best].Figures) <= metric.of(full) {
				continue
			}
			v.Metric, v.Full, v.Member, v.MemberHas = metric.name, metric.of(full), members[best].Sensors, metric.of(&members[best].Figures)
			v.Difference = v.Full - v.MemberHas
			p.Violations = append(p.Violations, v)
		}
	}
	for i := range p.Visibility {
		v := &p.Visibility[i]
		one := Violation{Group: Visibility, Name: "visibility", Setting: "visibility " + v.VisibilityM.text(0) + " m"}
		if !v.VisibilityM.Known() {
			one = Violation{Group: Clean, Name: "clean", Setting: "a clear day, nothing fails"}
		}
		look(one, &v.Figures, v.Members)
	}
	for i := range p.Conditions {
		c := &p.Conditions[i]
		look(Violation{Group: c.Group, Name: c.Name, Severity: c.Severity, Setting: c.Setting}, &c.Figures, c.Members)
	}
}
