package pipeline

import (
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// stageNames in the order of a set's way through them; "total" is from the reference's arrival to the published objects.
var stageNames = []string{"wait", "decode", "encode", "fuse", "track", "publish", "total"}

// stopwatch splits one set's time by stage. Times of decode and encode are summed over the set's members, which run beside each other.
type stopwatch struct {
	clock func() int64
	last  int64
	spent map[string]time.Duration
}

func newStopwatch(clock func() int64) *stopwatch {
	return &stopwatch{clock: clock, last: clock(), spent: make(map[string]time.Duration, len(stageNames))}
}

func (t *stopwatch) add(stage string, d time.Duration) { t.spent[stage] += d }

// mark starts the next lap now.
func (t *stopwatch) mark() { t.last = t.clock() }

// lap adds the time since the last lap to a stage.
func (t *stopwatch) lap(stage string) {
	now := t.clock()
	t.spent[stage] += duration(now - t.last)
	t.last = now
}

// finish writes the stages into the list. startNs is the clock at the set's closing.
func (t *stopwatch) finish(list *fusionv1.ObjectList, startNs int64) {
	t.spent["total"] = t.spent["wait"] + duration(t.clock()-startNs)
	for _, name := range stageNames {
		if name != "publish" { // it has not happened yet; health tells it
			list.Latency = append(list.Latency, &fusionv1.StageLatency{Stage: name, DurationNs: int64(t.spent[name])})
		}
	}
}

// latencyWindow is the number of sets that quantiles look at.
const latencyWindow = 600

// stageStats keeps the latest times of every stage. One goroutine uses it.
type stageStats struct {
	stages []stageStat
}

type stageStat struct {
	name   string
	runs   uint64
	errors uint64
	last   string
	ms     []float64 // ring of latencyWindow
	sorted []float64
}

func newStageStats() *stageStats {
	s := &stageStats{}
	for _, name := range stageNames {
		s.stages = append(s.stages, stageStat{name: name})
	}
	return s
}

func (s *stageStats) add(t *stopwatch) {
	for i := range s.stages {
		st := &s.stages[i]
		ms := t.spent[st.name].Seconds() * 1000
		if len(st.ms) < latencyWindow {
			st.ms = append(st.ms, ms)
		} else {
			st.ms[st.runs%latencyWindow] = ms
		}
		st.runs++
	}
}

func (s *stageStats) failed(stage string, err error) {
	for i := range s.stages {
		if s.stages[i].name == stage {
			s.stages[i].errors++
			s.stages[i].last = err.Error()
		}
	}
}

// health writes runs, errors and quantiles of each stage.
func (s *stageStats) health() (out []*fusionv1.StageHealth) {
	for i := range s.stages {
		st := &s.stages[i]
		h := &fusionv1.StageHealth{Stage: st.name, Runs: st.runs, Errors: st.errors, LastError: st.last}
		if len(st.ms) > 0 {
			st.sorted = append(st.sorted[:0], st.ms...)
			slices.Sort(st.sorted)
			h.P50Ms, h.P99Ms = stat.Quantile(0.5, stat.Empirical, st.sorted, nil), stat.Quantile(0.99, stat.Empirical, st.sorted, nil)
		}
		out = append(out, h)
	}
	return out
}
