package suite

import (
	"fmt"
	"maps"
	"slices"

	"github.com/fusiond/fusiond/eval"
	"github.com/fusiond/fusiond/sensors"
)

// Calibration of the scores: reference bins, and the lowest score that counts.
const (
	calibrationBins = 15
	calibrationFrom = 0.05
)

// report assembles the figures of all outcomes.
func (r *runner) report(parts []*part) (*Report, error) {
	pack := r.Engine(parts[0].sources[0].rig)
	report := &Report{
		Schema: Schema, Program: r.Program, Quick: r.Quick, Fingerprint: r.print,
		Model: Model{Name: pack.Package.Name, Version: pack.Package.Version, Hash: pack.Package.Hash, Strategy: pack.Strategy},
	}
	encoders := &pack.Package.Encoders
	for m, trained := range []bool{encoders.Lidar.Trained, encoders.Radar.Trained, encoders.Camera.Trained} {
		if !trained {
			report.Model.Untrained = append(report.Model.Untrained, sensors.Modality(m).String()) //nolint:gosec // three
		}
	}
	for _, p := range parts {
		one, err := r.part(p)
		if err != nil {
			return nil, err
		}
		report.Parts = append(report.Parts, *one)
	}
	if r.Clock != nil {
		report.NetworkMs = timing(r.outcomes[r.timedKey(parts[0].jobs[0])].NetworkMs)
	}
	return report, nil
}

// timing of the sets; the first few warm up.
func timing(ms []float64) *Timing {
	const warm = 3
	ms = slices.Clone(ms[min(warm, len(ms)):])
	if len(ms) == 0 {
		return nil
	}
	slices.Sort(ms)
	return &Timing{Sets: len(ms), P50: Number(ms[len(ms)/2]), P99: Number(ms[len(ms)*99/100])}
}

func (r *runner) part(p *part) (*Part, error) {
	out := &Part{Kind: "simulated", Objects: map[string]int{}}
	if p.sources[0].real() {
		out.Kind = "real"
	}
	for _, s := range p.sources {
		out.Drives = append(out.Drives, s.name)
	}
	for _, m := range p.fitted {
		out.Modalities = append(out.Modalities, m.String())
	}
	c := &scorer{runner: r, have: map[string]Figures{}}
	if err := c.all(p); err != nil {
		return nil, err
	}
	for _, step := range []func(*part, *Part) error{c.subsets, c.conditions, c.visibility, c.calibration, c.recovery} {
		if err := step(p, out); err != nil {
			return nil, err
		}
	}
	out.summarise()
	return out, nil
}

// made says how the data of a test came about.
func (p *part) made(t *test) string {
	switch {
	case p.sources[0].real() && t.Group == Clean:
		return "real"
	case p.sources[0].real():
		return "laid over real"
	case t.jobs[0].take.native:
		return "simulated"
	default:
		return "laid over simulated"
	}
}

func (c *scorer) subsets(p *part, out *Part) error {
	clean := p.tests[0]
	samples, _, err := c.runner.samples(clean, clean.full)
	if err != nil {
		return err
	}
	out.Moments = len(samples)
	result, err := eval.EvaluateDetection(samples, eval.DetectionCVPR2019())
	if err != nil {
		return err
	}
	for i := range result.Classes {
		out.Objects[result.Classes[i].Class] = result.Classes[i].NumGroundTruth
	}
	for _, s := range subsets(p.fitted) {
		one := SubsetResult{Sensors: s.String()}
		if one.Figures, err = c.figures(clean, s); err != nil {
			return err
		}
		if samples, _, err = c.runner.samples(clean, s); err != nil {
			return err
		}
		k, err := eval.Calibration(samples, eval.DetectionCVPR2019(), foundM, calibrationBins, calibrationFrom)
		if err != nil {
			return fmt.Errorf("calibration with %s: %w", s, err)
		}
		one.ECE = Number(k.ECE)
		out.Subsets = append(out.Subsets, one)
	}
	return nil
}

func (c *scorer) conditions(p *part, out *Part) (err error) {
	clean := out.Subsets[0].Figures
	for _, t := range p.tests {
		if t.Group != Weather && t.Group != Fault {
			continue
		}
		one := ConditionResult{Group: t.Group, Name: t.Name, Severity: t.Severity, Setting: t.Setting, Made: p.made(t)}
		if one.Figures, err = c.figures(t, t.full); err != nil {
			return err
		}
		if one.Members, err = c.members(p, t); err != nil {
			return err
		}
		one.RANDS = Number(eval.Kept(float64(one.NDS), float64(clean.NDS)))
		one.RAMAP = Number(eval.Kept(float64(one.MAP), float64(clean.MAP)))
		out.Conditions = append(out.Conditions, one)
	}
	return nil
}

func (c *scorer) visibility(p *part, out *Part) (err error) {
	for _, t := range p.tests {
		if t.Group != Clean && t.Group != Visibility {
			continue
		}
		one := VisibilityResult{VisibilityM: Undefined, Made: p.made(t), Mass: map[string]Number{}, Reliability: map[string]Number{}}
		if t.Group == Visibility {
			one.VisibilityM = Number(t.VisibilityM)
		}
		if one.Figures, err = c.figures(t, t.full); err != nil {
			return err
		}
		if one.Members, err = c.members(p, t); err != nil {
			return err
		}
		_, frames, err := c.runner.samples(t, t.full)
		if err != nil {
			return err
		}
		for _, m := range p.fitted {
			mass, reliability, n := 0.0, 0.0, 0.0
			for _, f := range slices.Concat(frames...) {
				if f.Fused {
					mass, reliability, n = mass+f.Mass[m], reliability+f.Reliability[m], n+1
				}
			}
			one.Mass[m.String()], one.Reliability[m.String()] = Number(mass/n), Number(reliability/n)
		}
		out.Visibility = append(out.Visibility, one)
	}
	return nil
}

func (c *scorer) calibration(p *part, out *Part) error {
	var clean, corrupt []eval.Sample
	for _, t := range p.tests {
		samples, _, err := c.runner.samples(t, t.full)
		if err != nil {
			return err
		}
		switch t.Group {
		case Clean:
			clean = samples
		case Weather, Fault:
			corrupt = append(corrupt, samples...)
		case Visibility, Recovery:
		}
	}
	for _, one := range []struct {
		over    string
		samples []eval.Sample
	}{{"clean drives", clean}, {"all weather and faults", corrupt}} {
		k, err := eval.Calibration(one.samples, eval.DetectionCVPR2019(), foundM, calibrationBins, calibrationFrom)
		if err != nil {
			return fmt.Errorf("calibration over %s: %w", one.over, err)
		}
		out.Calibration = append(out.Calibration, CalibrationResult{Over: one.over, ECE: Number(k.ECE), Count: k.Count, Bins: k.Bins})
	}
	return nil
}

// classesWithout lists the classes of which the drives hold no object.
func (p *Part) classesWithout() (names []string) {
	for _, c := range slices.Sorted(maps.Keys(p.Objects)) {
		if p.Objects[c] == 0 {
			names = append(names, c)
		}
	}
	return names
}
