package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"gonum.org/v1/gonum/stat"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// demoReport is what the demo prints as JSON.
type demoReport struct {
	Sets struct {
		Reference int `json:"reference"`
		Virtual   int `json:"virtual"`
		Total     int `json:"total"`
	} `json:"sets"`
	Objects       int                     `json:"objects"`
	MembersAbsent map[string]int          `json:"members_absent"`
	Streams       map[string]streamReport `json:"streams"`
	LatencyMs     map[string]quantiles    `json:"latency_ms"`
	RateHz        float64                 `json:"rate_hz"`
	Modes         map[string]int          `json:"modes"`
	ResidentMB    float64                 `json:"resident_mb"`
	Picture       string                  `json:"picture"`
	Seconds       []secondReport          `json:"seconds,omitempty"`
	order         []string                // of the streams
	stages        []string                // of the latencies
}

type streamReport struct {
	Received uint64            `json:"received"`
	Used     uint64            `json:"used"`
	Dropped  map[string]uint64 `json:"dropped"`
	Pending  uint64            `json:"pending"`
	// Reliability is the least that a set's sample of the stream had, Reasons the sets in which something was named; of judged streams only.
	Reliability *float64       `json:"reliability,omitempty"`
	Reasons     map[string]int `json:"reasons,omitempty"`
}

type quantiles struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

func (w *watcher) report() *demoReport {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := &demoReport{
		MembersAbsent: map[string]int{}, Streams: map[string]streamReport{}, LatencyMs: map[string]quantiles{}, Modes: map[string]int{},
	}
	times := map[string][]float64{}
	for _, l := range w.lists {
		r.Sets.Total++
		if l.Manifest.GetKind() == fusionv1.SetKind_SET_KIND_VIRTUAL {
			r.Sets.Virtual++
		} else {
			r.Sets.Reference++
		}
		r.Objects += len(l.Objects)
		r.Modes[lower(l.Mode.String(), "MODE_")]++
		for _, m := range l.Manifest.GetMembers() {
			if !m.Present {
				r.MembersAbsent[lower(m.Absence.String(), "ABSENCE_REASON_")]++
			}
		}
		for _, s := range l.Latency {
			if times[s.Stage] == nil {
				r.stages = append(r.stages, s.Stage)
			}
			times[s.Stage] = append(times[s.Stage], float64(s.DurationNs)*1e-6)
		}
	}
	for stage, ms := range times {
		slices.Sort(ms)
		r.LatencyMs[stage] = quantiles{
			stat.Quantile(0.5, stat.Empirical, ms, nil), stat.Quantile(0.99, stat.Empirical, ms, nil),
		}
	}
	if n := len(w.lists); n > 1 {
		r.RateHz = float64(n-1) / (float64(w.lists[n-1].Header.Stamp-w.lists[0].Header.Stamp) * 1e-9)
	}
	r.addHealth(w.health)
	r.addConditions(w.lists)
	return r
}

// addConditions tells what each stream's data was worth in the sets.
func (r *demoReport) addConditions(lists []*fusionv1.ObjectList) {
	for _, l := range lists {
		for _, m := range l.Manifest.GetMembers() {
			s, known := r.Streams[m.Stream]
			if !known || m.Reliability == 0 && m.ReliabilityReason == "" {
				continue // not judged
			}
			if v := float64(m.Reliability); s.Reliability == nil || v < *s.Reliability {
				s.Reliability = &v
			}
			if m.ReliabilityReason != "" {
				if s.Reasons == nil {
					s.Reasons = map[string]int{}
				}
				s.Reasons[m.ReliabilityReason]++
			}
			r.Streams[m.Stream] = s
		}
	}
}

func (r *demoReport) addHealth(h *fusionv1.Health) {
	r.ResidentMB = float64(h.GetResidentBytes()) / (1 << 20)
	for _, s := range h.GetStreams() {
		dropped := map[string]uint64{}
		for _, d := range s.Dropped {
			dropped[d.Reason] = d.Count
		}
		r.Streams[s.Stream] = streamReport{Received: s.Received, Used: s.Used, Dropped: dropped, Pending: s.Pending}
		r.order = append(r.order, s.Stream)
	}
	for _, s := range h.GetStages() {
		if s.Stage == "publish" { // the lists cannot tell what publishing them cost
			r.LatencyMs[s.Stage] = quantiles{s.P50Ms, s.P99Ms}
			r.stages = append(r.stages, s.Stage)
		}
	}
}

// balanced tells whether received = used + dropped + pending for every stream.
func (r *demoReport) balanced() bool {
	for _, s := range r.Streams {
		sum := s.Used + s.Pending
		for _, n := range s.Dropped {
			sum += n
		}
		if sum != s.Received {
			return false
		}
	}
	return true
}

func (r *demoReport) writeTable(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(format string, args ...any) {
		_, _ = fmt.Fprintf(w, format+"\n", args...) // a tabwriter fails only in Flush
	}
	row("sets\t%d\t(%d of the reference, %d of the virtual clock), %.1f a second", r.Sets.Total, r.Sets.Reference, r.Sets.Virtual, r.RateHz)
	row("objects\t%d\tpublished, %.1f a set", r.Objects, float64(r.Objects)/float64(max(r.Sets.Total, 1)))
	row("modes\t%s", counts(r.Modes))
	row("absent\t%s", counts(r.MembersAbsent))
	row("memory\t%.0f MB\tresident", r.ResidentMB)
	row("\nlatency\tp50\tp99\tms a set (decode and encode summed over the members)")
	for _, stage := range r.stages {
		q := r.LatencyMs[stage]
		row("%s\t%.1f\t%.1f", stage, q.P50, q.P99)
	}
	row("\nstream\treceived\tused\tdropped\tpending\tleast reliable\tsets with")
	for _, name := range r.order {
		s := r.Streams[name]
		dropped := map[string]int{}
		for reason, n := range s.Dropped {
			dropped[reason] = int(n) //nolint:gosec // a demo's counts
		}
		least, reasons := "-", "-"
		if s.Reliability != nil {
			least = fmt.Sprintf("%.2f", *s.Reliability)
		}
		if len(s.Reasons) > 0 {
			reasons = counts(s.Reasons)
		}
		row("%s\t%d\t%d\t%s\t%d\t%s\t%s", name, s.Received, s.Used, counts(dropped), s.Pending, least, reasons)
	}
	if len(r.Seconds) > 0 {
		row("\nsecond\tobjects a set\tlabelled within %d m\tfound\tfalse\tmode\tunreliable", foundRangeM)
		for _, s := range r.Seconds {
			row("%d\t%d\t%d\t%.0f %%\t%.1f\t%s\t%s", s.At, s.Mean, s.Truth/max(s.Sets, 1), 100*float64(s.Found)/float64(max(s.Truth, 1)),
				float64(s.False)/float64(max(s.Sets, 1)), s.Mode, s.unreliable())
		}
	}
	if r.Picture != "" {
		row("\npicture\t%s", r.Picture)
	}
	return w.Flush()
}

// counts writes "idle 3, late 1" in order, "0" for nothing.
func counts(m map[string]int) string {
	if len(m) == 0 {
		return "0"
	}
	var words []string
	for k, n := range m {
		words = append(words, fmt.Sprintf("%s %d", k, n))
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

func lower(enum, prefix string) string { return strings.ToLower(strings.TrimPrefix(enum, prefix)) }
