package fusion

import (
	"context"
	"errors"
	"fmt"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/sensors"
)

// LateStrategy is the name of the strategy whose members decide each by itself.
const LateStrategy = encoders.LateFuser

// late turns the stacked maps of a network with one head a modality into opinions, and adds those of foreign detectors. What fuses them
// stands behind every strategy: Decoder.Detections.
type late struct {
	Strategy // the network: Heat [3, classes, Heads, Heads], Reg [3, 10, Heads, Heads] in the order lidar, radar, camera
	rangeM   []float64
	weights  [sensors.NumFused][][]float64 // by class and range
	members  []foreign
	opinions []Opinion
	heat     []float32
	out      Output
}

var _ Strategy = (*late)(nil)

// newLate wraps the network of a package's late fuser; it owns it.
func newLate(maps Strategy, p *encoders.Package) (*late, error) {
	spec := p.Fusers[LateStrategy]
	cells := p.Grid.HeadCells * p.Grid.HeadCells
	l := &late{Strategy: maps, rangeM: spec.RangeM, heat: make([]float32, len(p.Classes)*cells), opinions: []Opinion{}}
	byClass := func(member string) (out [][]float64) {
		for _, class := range p.Classes {
			out = append(out, spec.Weights[member][class])
		}
		return out
	}
	for m := range l.weights {
		l.weights[m] = byClass(sensors.Modality(m).String()) //nolint:gosec // three
	}
	for i := range p.Members {
		f, err := newForeign(&p.Members[i], p)
		if err != nil {
			return nil, errors.Join(err, maps.Close())
		}
		f.weights = byClass(f.name)
		l.members = append(l.members, f)
	}
	return l, nil
}

// Fuse implements Strategy. Members that are absent, or present with reliability 0, have no opinion: whatever their buffers hold, nobody
// looks at it.
func (l *late) Fuse(ctx context.Context, in *Input) (*Output, error) {
	maps, err := l.Strategy.Fuse(ctx, in)
	if err != nil {
		return nil, err
	}
	heat, reg := len(maps.Heat)/sensors.NumFused, len(maps.Reg)/sensors.NumFused
	if heat != len(l.heat) {
		return nil, fmt.Errorf("fuse with %s: %d values of heat a member, want %d", l.Name(), heat, len(l.heat))
	}
	l.opinions = l.opinions[:0]
	clear(l.heat)
	present := in.Present()
	for m := sensors.Modality(0); m < sensors.NumFused; m++ {
		if !present[m] || !(in.Reliability[m] > 0) {
			continue
		}
		k := int(m)
		o := Opinion{Modality: m, Heat: maps.Heat[k*heat : (k+1)*heat], Reg: maps.Reg[k*reg : (k+1)*reg], Trust: l.trust(in, m, l.weights[m])}
		l.opinions = append(l.opinions, o)
		for i, v := range o.Heat {
			l.heat[i] = max(l.heat[i], v)
		}
	}
	if present[sensors.Camera] && in.Reliability[sensors.Camera] > 0 {
		for i := range l.members {
			f := &l.members[i]
			if dets, ok := f.lift(in); ok {
				l.opinions = append(l.opinions, Opinion{Modality: sensors.Camera, Detections: dets, Trust: l.trust(in, sensors.Camera, f.weights)})
			}
		}
	}
	l.out = Output{Heat: l.heat, Opinions: l.opinions, Mass: maps.Mass, Attention: maps.Attention}
	return &l.out, nil
}

// trust in a member that looks through a modality.
func (l *late) trust(in *Input, m sensors.Modality, weights [][]float64) Trust {
	return Trust{RangeM: l.rangeM, Weight: weights, Condition: condition(in.Reliability[m], in.AgeS[m])}
}
