package compare

import (
	"cmp"
	"encoding/json"
	"io"
	"math"
	"slices"
)

// Report is the result: what both sides measure, and how far apart they are.
type Report struct {
	// Recording is the file's name; Lidar the sensor that is compared, and Unit what stands for it.
	Recording string   `json:"recording"`
	Lidar     string   `json:"lidar"`
	Unit      string   `json:"unit"`
	LeftOut   []string `json:"left_out"`
	Streets   []Street `json:"streets"`
	Real      Side     `json:"real"`
	Simulated Side     `json:"simulated"`
	// Measures by their size, the largest first.
	Measures []Measure `json:"measures"`

	realShown, simShown *shown
	cameras             []string
}

// Side says how much was measured.
type Side struct {
	Sweeps         int     `json:"sweeps"`
	PointsPerSweep float64 `json:"points_per_sweep"`
	Pictures       int     `json:"pictures"`
	CarsPerSweep   float64 `json:"cars_per_sweep"`
}

// Measure is one distribution or curve of both sides. Numbers that cannot be had, because one side has no values, are null.
type Measure struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	X     string `json:"x"`
	Unit  string `json:"unit"`
	// Kind is "distribution" or "curve".
	Kind string `json:"kind"`
	// Size is the Jensen-Shannon divergence of distributions in bits, and the mean relative difference of curves: 0..1.
	Size *float64 `json:"size"`
	// Self is the same between the two halves of the real drive: what chance and change of place make of it.
	Self *float64 `json:"self"`
	// Distance is Wasserstein's for distributions and the mean difference for curves, in Unit.
	Distance *float64 `json:"distance"`
	// RealMean and SimMean are the means of distributions.
	RealMean *float64 `json:"real_mean,omitempty"`
	SimMean  *float64 `json:"sim_mean,omitempty"`
	// Low and Width of the bins; Real and Simulated hold shares of distributions and the points of curves, null where there is none.
	Low       float64    `json:"low"`
	Width     float64    `json:"width"`
	Real      []*float64 `json:"real"`
	Simulated []*float64 `json:"simulated"`
}

// newReport holds both sides against each other. first is what the first simulated drive shows.
func newReport(recorded *collector, made *Statistics, first *shown) *Report {
	whole := newStatistics(recorded.rings, recorded.cameras)
	whole.merge(recorded.halves[0])
	whole.merge(recorded.halves[1])
	r := &Report{Real: side(whole), Simulated: side(made), realShown: &recorded.shown, simShown: first}
	for _, c := range recorded.cameras {
		r.cameras = append(r.cameras, string(c))
	}
	for i := range whole.Distributions {
		a, b := &whole.Distributions[i], &made.Distributions[i]
		m := Measure{ID: a.ID, Title: a.Title, X: a.X, Unit: a.Unit, Kind: "distribution", Low: a.Low, Width: a.Width}
		m.Size, m.Distance = number(JensenShannon(&a.Histogram, &b.Histogram)), number(Wasserstein(&a.Histogram, &b.Histogram))
		m.Self = number(JensenShannon(&recorded.halves[0].Distributions[i].Histogram, &recorded.halves[1].Distributions[i].Histogram))
		m.RealMean, m.SimMean = number(a.Mean()), number(b.Mean())
		m.Real, m.Simulated = numbers(a.Shares()), numbers(b.Shares())
		r.Measures = append(r.Measures, m)
	}
	for i := range whole.Curves {
		a, b := &whole.Curves[i], &made.Curves[i]
		m := Measure{ID: a.ID, Title: a.Title, X: a.X, Unit: a.Unit, Kind: "curve", Low: a.Low, Width: a.Width}
		p, q := a.Points(), b.Points()
		size, distance := relative(p, q)
		self, _ := relative(recorded.halves[0].Curves[i].Points(), recorded.halves[1].Curves[i].Points())
		m.Size, m.Distance, m.Self = number(size), number(distance), number(self)
		m.Real, m.Simulated = numbers(p), numbers(q)
		r.Measures = append(r.Measures, m)
	}
	slices.SortStableFunc(r.Measures, func(a, b Measure) int { return cmp.Compare(value(b.Size), value(a.Size)) })
	return r
}

func side(s *Statistics) Side {
	n := math.Max(1, float64(s.Sweeps))
	return Side{s.Sweeps, float64(s.Points) / n, s.Pictures, float64(s.Cars) / n}
}

// number is nil for NaN, which JSON cannot say.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	v = math.Round(v*1e6) / 1e6
	return &v
}

func numbers(v []float64) []*float64 {
	out := make([]*float64, len(v))
	for i := range v {
		out[i] = number(v[i])
	}
	return out
}

// value is the number, or less than any where there is none.
func value(p *float64) float64 {
	if p == nil {
		return math.Inf(-1)
	}
	return *p
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}
