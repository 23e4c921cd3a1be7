package condition

import (
	"math"
	"testing"

	"github.com/fusiond/fusiond/sensors"
)

// feed runs severities of Fog at 10 Hz and returns the conditions.
func feed(l *levels, severity ...float64) []Condition {
	out := make([]Condition, 0, len(severity))
	for _, v := range severity {
		var s severities
		s.of[Fog] = v
		out = append(out, l.update(&s, sensors.Camera, 0.1))
	}
	return out
}

func times(n int, v float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func TestLevels(t *testing.T) {
	tests := []struct {
		name  string
		in    []float64
		named string // one letter a sample: - or f
	}{
		{"good", times(4, 0), "----"},
		{"one odd sample", []float64{0, 1, 0, 0}, "----"},
		{"two in a row", []float64{0, 1, 1}, "--f"},
		{"below the threshold", times(4, enter-0.01), "----"},
		{"at the threshold", times(4, enter), "-fff"},
		{"slight ones stay shortly", []float64{0.3, 0.3, 0, 0, 0, 0, 0, 0, 0, 0}, "-fffffff--"},
		{"a hole in a fault", []float64{1, 1, 0, 1, 1}, "-ffff"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var l levels
			got := ""
			for _, c := range feed(&l, tt.in...) {
				got += map[Reason]string{None: "-", Fog: "f"}[c.Reason]
			}
			if got != tt.named {
				t.Errorf("got %s, want %s", got, tt.named)
			}
		})
	}
}

// TestRelease holds the time that a reason stays after a fault of severity 1: ln(1/leave) time constants.
func TestRelease(t *testing.T) {
	var l levels
	feed(&l, 1, 1)
	n := 0
	for feed(&l, 0)[0].Reason == Fog {
		n++
	}
	if want := int(releaseS * math.Log(1/leave) / 0.1); n != want {
		t.Errorf("got %d samples of 0.1 s, want %d", n, want)
	}
}

// TestNoFlapping lets severities swing about each threshold: once named, the reason stays.
func TestNoFlapping(t *testing.T) {
	for _, around := range []float64{leave, enter, 0.5} {
		var l levels
		changes, was := 0, None
		for i := range 400 {
			v := around + 0.1*math.Sin(float64(i)) + 0.05*math.Sin(7.3*float64(i))
			if c := feed(&l, v)[0]; c.Reason != was {
				changes, was = changes+1, c.Reason
			}
		}
		if changes > 1 {
			t.Errorf("about %g: got %d changes, want at most 1", around, changes)
		}
	}
}

// TestNamedReasonIsKept lets two reasons be equally bad in turn.
func TestNamedReasonIsKept(t *testing.T) {
	var l levels
	for i := range 50 {
		var s severities
		s.of[Fog], s.of[Blur] = 0.6+0.04*float64(i%2), 0.64-0.04*float64(i%2)
		c := l.update(&s, sensors.Camera, 0.1)
		if i > 0 && c.Reason != Fog {
			t.Fatalf("sample %d: got %v, want the first one named, fog", i, c.Reason)
		}
	}
	var s severities
	s.of[Fog], s.of[Blur] = 0.6, 0.9
	l.update(&s, sensors.Camera, 0.1)
	if c := l.update(&s, sensors.Camera, 0.1); c.Reason != Blur {
		t.Errorf("blur much worse: got %v, want blur", c.Reason)
	}
}

// TestReliabilityFalls holds reliability against severity, alone and on top of another fault.
func TestReliabilityFalls(t *testing.T) {
	last := 2.0
	for v := 0.0; v <= 1; v += 0.05 {
		var l levels
		var s severities
		s.of[Fog], s.of[Dark] = v, 0.4
		l.update(&s, sensors.Camera, 0.1)
		c := l.update(&s, sensors.Camera, 0.1)
		if !(c.Reliability < last) || c.Reliability < 0 {
			t.Errorf("severity %.2f: got %g after %g, want it to fall", v, c.Reliability, last)
		}
		last = c.Reliability
	}
}

func TestTicker(t *testing.T) {
	var k ticker
	for i, step := range []struct {
		stamp sensors.StampNs
		want  float64
	}{
		{-5e8, 0},
		{0, 0.5},
		{1e8, 0.1},
		{1e8, 0},
		{5e7, 0},                 // back: no time passes
		{15e7, 0.1},              // and on from there
		{9e18, maxGapS},          // a long pause
		{math.MinInt64, 0},       // back without overflow
		{math.MaxInt64, maxGapS}, // and forth
	} {
		if got := k.step(step.stamp); math.Abs(got-step.want) > 1e-9 {
			t.Errorf("step %d to %d: got %g, want %g", i, step.stamp, got, step.want)
		}
	}
}

func TestRamp(t *testing.T) {
	for _, tt := range []struct{ v, from, to, want float64 }{
		{1, 1, 3, 0},
		{2, 1, 3, 0.5},
		{9, 1, 3, 1},
		{0, 1, 3, 0},
		{2, 3, 1, 0.5},
		{0, 3, 1, 1},
		{9, 3, 1, 0},
		{math.NaN(), 1, 3, 0},
		{math.Inf(1), 1, 3, 1},
	} {
		if got := ramp(tt.v, tt.from, tt.to); got != tt.want {
			t.Errorf("ramp(%g, %g, %g): got %g, want %g", tt.v, tt.from, tt.to, got, tt.want)
		}
	}
}

func TestBaseline(t *testing.T) {
	var b baseline
	good, bad := paceOf(0.1, false), paceOf(0.1, true)
	for range warmSamples - 1 {
		b.learn(100, &good)
		if got := b.missing(0); got != 0 {
			t.Fatalf("before %d samples: got %g missing, want 0", warmSamples, got)
		}
	}
	b.learn(100, &good)
	if got := b.missing(60); math.Abs(got-0.4) > 1e-9 {
		t.Errorf("got %g missing, want 0.4", got)
	}
	// Ten seconds of nothing in an alarm cost under 2 %, and half an hour makes nothing the normal.
	for range 100 {
		b.learn(0, &bad)
	}
	if b.value < 98 {
		t.Errorf("10 s of an alarm: got %g, want 98 or more", b.value)
	}
	for range 30 * 600 {
		b.learn(0, &bad)
	}
	if b.value > 6 {
		t.Errorf("half an hour of an alarm: got %g, want under 6", b.value)
	}
	for range 60 {
		b.learn(100, &good)
	}
	if b.value < 90 {
		t.Errorf("6 s of good samples: got %g, want 90 or more", b.value)
	}
}
