package suite

import (
	"fmt"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/fusiond/fusiond/eval"
)

// within50 is the range up to which Figures.MAP50 counts, m.
const within50 = 50

// scorer turns outcomes into figures, each once.
type scorer struct {
	runner *runner
	mu     sync.Mutex
	have   map[string]Figures
}

// samples of a test with some sensors, of all its drives.
func (r *runner) samples(t *test, s subset) (all []eval.Sample, frames [][]frame, err error) {
	for _, j := range t.jobs {
		o := r.outcomes[r.key(j, s)]
		if o == nil {
			return nil, nil, fmt.Errorf("suite: %s %d of %s with %s was not run", t.Name, t.Severity, j.take.source.name, s)
		}
		all = append(all, o.Samples...)
		frames = append(frames, o.Frames)
	}
	return all, frames, nil
}

// figures of a test with some sensors.
func (c *scorer) figures(t *test, s subset) (Figures, error) {
	name := ""
	for _, j := range t.jobs {
		name += j.take.key
	}
	name += s.String()
	c.mu.Lock()
	f, ok := c.have[name]
	c.mu.Unlock()
	if ok {
		return f, nil
	}
	samples, _, err := c.runner.samples(t, s)
	if err != nil {
		return f, err
	}
	if f, err = figuresOf(samples); err != nil {
		return f, fmt.Errorf("score %s %d with %s: %w", t.Name, t.Severity, s, err)
	}
	c.mu.Lock()
	c.have[name] = f
	c.mu.Unlock()
	return f, nil
}

func figuresOf(samples []eval.Sample) (Figures, error) {
	config := eval.DetectionCVPR2019()
	r, err := eval.EvaluateDetection(samples, config)
	if err != nil {
		return Figures{}, err
	}
	f := Figures{MAP: Number(r.MeanAP), NDS: Number(r.NDScore), ClassAP: map[string]Number{}}
	for i := range r.Classes {
		k := &r.Classes[i]
		f.ClassAP[k.Class] = Number(k.MeanAP)
		if k.Class == "car" {
			f.CarAP2M = Number(k.APs[slices.Index(r.DistancesM, 2)])
		}
	}
	for i := range config.Classes {
		config.Classes[i].RangeM = within50
	}
	if r, err = eval.EvaluateDetection(samples, config); err != nil {
		return Figures{}, err
	}
	f.MAP50, f.NDS50 = Number(r.MeanAP), Number(r.NDScore)
	return f, nil
}

// all computes every figure of a part that will be asked for, on all cores.
func (c *scorer) all(p *part) error {
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, t := range p.tests {
		wanted := append([]subset{t.full}, t.members...)
		if t.Group == Clean {
			wanted = subsets(p.fitted)
		}
		for _, s := range wanted {
			group.Go(func() error {
				_, err := c.figures(t, s)
				return err
			})
		}
	}
	return group.Wait()
}

// members of a test: each modality alone, from the clean drives where the condition does not touch it.
func (c *scorer) members(p *part, t *test) (out []Member, err error) {
	for _, m := range p.fitted {
		one := Member{Sensors: m.String()}
		from := t
		if !slices.Contains(t.members, subsetOf(m)) {
			one.Same, from = true, p.tests[0]
		}
		if one.Figures, err = c.figures(from, subsetOf(m)); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}
