package radar

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/body"
	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/timeline"
)

// TestMerging: two returns that are closer than a cell in all dimensions are one, with the power of both; farther in any, two.
func TestMerging(t *testing.T) {
	polar := func(rangeM, azimuthDeg float64) r3.Vec {
		sin, cos := math.Sincos(azimuthDeg * degree)
		return r3.Vec{X: rangeM * cos, Y: rangeM * sin}
	}
	for _, c := range []struct {
		name   string
		wave   int
		at     r3.Vec
		rate   float64
		merged bool
	}{
		{"far, range within", far, polar(40+1.7, 0), 0, true},
		{"far, range beyond", far, polar(40+1.9, 0), 0, false},
		{"far, azimuth within", far, polar(40, 1.5), 0, true},
		{"far, azimuth beyond", far, polar(40, 1.7), 0, false},
		{"far, rate within", far, polar(40, 0), 0.09, true},
		{"far, rate beyond", far, polar(40, 0), 0.12, false},
		{"near, range within", near, polar(40+0.37, 0), 0, true},
		{"near, range beyond", near, polar(40+0.41, 0), 0, false},
		{"near, azimuth within", near, polar(40, 3.1), 0, true},
		{"near, azimuth beyond", near, polar(40, 3.3), 0, false},
		{"near, all within", near, polar(40-0.3, -3), -0.1, true},
	} {
		m := empty(spot(1, polar(40, 0), r3.Vec{}, 33), spot(2, c.at, r3.Scale(c.rate, r3.Unit(c.at)), 27))
		want := 2
		if c.merged {
			want = 1
		}
		const n = 300
		var rangeM, azimuth, rate, cross statistic
		cycles(make1(t, quiet()), m, n, c.wave, func(ds []Detection) {
			if len(ds) != want {
				t.Fatalf("%s: %d detections, want %d: %+v", c.name, len(ds), want, ds)
			}
			rangeM.add(ds[0].RangeM)
			azimuth.add(ds[0].AzimuthRad)
			rate.add(ds[0].RangeRateMps)
			cross.add(math.Pow(10, ds[0].RCSdBsm/10))
			if want == 1 && ds[0].Object != 1 {
				t.Fatalf("%s: named after object %d, want the stronger", c.name, ds[0].Object)
			}
		})
		if !c.merged {
			continue
		}
		// Weights by power 10^3.3 and 10^2.7: 0.8 and 0.2 (the range and the pattern change that by less than 0.01).
		const share = 0.2
		for _, q := range []struct {
			what           string
			got            *statistic
			want, accuracy float64
		}{
			{"range", &rangeM, 40 + share*(r3.Norm(c.at)-40), 0.02},
			{"azimuth", &azimuth, share * math.Atan2(c.at.Y, c.at.X), 0.02 * degree},
			{"rate", &rate, share * c.rate, 0.002},
		} {
			if limit := 4*q.got.sd()/math.Sqrt(n) + q.accuracy; math.Abs(q.got.mean()-q.want) > limit {
				t.Errorf("%s: %s %.4f, want %.4f +-%.4f", c.name, q.what, q.got.mean(), q.want, limit)
			}
		}
		if want := math.Pow(10, 3.3) + math.Pow(10, 2.7); math.Abs(cross.mean()/want-1) > 4/math.Sqrt(n) {
			t.Errorf("%s: cross section %.0f m2, want the sum %.0f", c.name, cross.mean(), want)
		}
	}
}

// TestMergingPrefers: what is within a cell of two peaks goes to the stronger.
func TestMergingPrefers(t *testing.T) {
	for _, strong := range []float64{40, 43} { // either side, so that the order of the bins does not matter
		m := empty(spot(1, r3.Vec{X: strong}, r3.Vec{}, 33), spot(2, r3.Vec{X: 83 - strong}, r3.Vec{}, 30), spot(3, r3.Vec{X: 41.5}, r3.Vec{}, 27))
		var cross [3]statistic
		cycles(make1(t, quiet()), m, 1000, far, func(ds []Detection) {
			if len(ds) != 2 {
				t.Fatalf("%d detections, want 2", len(ds))
			}
			for _, d := range ds {
				cross[d.Object].add(math.Pow(10, d.RCSdBsm/10))
			}
		})
		for object, want := range []float64{1: 1995 + 501, 2: 1000} {
			if object > 0 && math.Abs(cross[object].mean()/want-1) > 0.13 {
				t.Errorf("strong one at %g m: object %d has %.0f m2, want %.0f", strong, object, cross[object].mean(), want)
			}
		}
	}
}

// TestAccuracy: the sd is a tenth of the cell for a strong target and cell/sqrt(2 SNR) for a weak one, and azimuth grows off boresight.
func TestAccuracy(t *testing.T) {
	for _, c := range []struct {
		name    string
		azimuth float64
		wave    int
		sd      float64 // degrees
	}{
		{"far", 0, far, 0.16},
		{"near, boresight", 0, near, 0.32},
		{"near, 45 degrees", 45, near, 0.45},
		{"near, 52.5 degrees", 52.5, near, 0.84}, // half way from 4.5 to 12.3
		{"near, 60 degrees", 59.9, near, 1.22},
	} {
		sin, cos := math.Sincos(c.azimuth * degree)
		var azimuth, stated statistic
		cycles(make1(t, quiet()), empty(spot(1, r3.Vec{X: 15 * cos, Y: 15 * sin}, r3.Vec{}, 30)), 1000, c.wave, func(ds []Detection) {
			for _, d := range ds {
				azimuth.add(d.AzimuthRad / degree)
				stated.add(d.AzimuthSDRad / degree)
			}
		})
		if math.Abs(stated.mean()/c.sd-1) > 0.05 {
			t.Errorf("%s: states %.3f degrees, want %.3f", c.name, stated.mean(), c.sd)
		}
		if math.Abs(azimuth.sd()/c.sd-1) > 0.12 {
			t.Errorf("%s: scatters by %.3f degrees, want %.3f", c.name, azimuth.sd(), c.sd)
		}
	}
	cycles(make1(t, quiet()), empty(spot(1, r3.Vec{X: 170}, r3.Vec{}, 10)), 200, far, func(ds []Detection) {
		for _, d := range ds {
			if want := math.Max(0.1, 1/math.Sqrt(2*math.Pow(10, d.SNRdB/10))) * 1.79; math.Abs(d.RangeSDM-want) > 1e-9 || d.SNRdB < 11 {
				t.Errorf("weak: SNR %.1f dB, range sd %.3f m, want %.3f and above the threshold", d.SNRdB, d.RangeSDM, want)
			}
		}
	})
}

// TestElevation: only the imaging radar states it.
func TestElevation(t *testing.T) {
	s := Imaging()
	s.Waves[0].ClutterPerCycle, s.GlintShare, s.AmbiguousShare = 0, 0, 0
	m := empty(spot(1, r3.Vec{X: 30, Z: 0}, r3.Vec{}, 20), spot(2, r3.Vec{X: 30, Z: 3}, r3.Vec{}, 20))
	var up statistic
	cycles(make1(t, s), m, 100, 0, func(ds []Detection) {
		if len(ds) != 2 {
			t.Fatalf("imaging: %d detections of two at 5.7 degrees of elevation from each other, want 2", len(ds))
		}
		for _, d := range ds {
			if d.Object == 2 {
				up.add(d.ElevationRad / degree)
			}
		}
	})
	if math.Abs(up.mean()-math.Atan(0.1)/degree) > 0.1 {
		t.Errorf("imaging: elevation %.2f degrees, want 5.71", up.mean())
	}
	cycles(make1(t, quiet()), m, 20, far, func(ds []Detection) {
		if len(ds) != 1 || ds[0].ElevationRad != 0 || ds[0].ElevationSDRad != 0 || ds[0].Proto().ElevationRad != nil {
			t.Fatalf("ARS 408: %+v, want one detection without elevation", ds)
		}
	})
}

// TestAmbiguity: what is resolved wrongly is off by twice the interval and says so.
func TestAmbiguity(t *testing.T) {
	for _, share := range []float64{1, 0.02} {
		s := quiet()
		s.AmbiguousShare = share
		hits := 0
		const n = 3000
		cycles(make1(t, s), empty(spot(1, r3.Vec{X: 40}, r3.Vec{X: 3}, 30)), n, near, func(ds []Detection) {
			d := ds[0]
			off := 2 * 128 * 0.43 / 3.6
			if d.Ambiguous {
				hits++
				if math.Abs(math.Abs(d.RangeRateMps-3)-off) > 0.1 {
					t.Fatalf("ambiguous range rate %.2f, want 3 +-%.2f", d.RangeRateMps, off)
				}
			} else if math.Abs(d.RangeRateMps-3) > 0.1 {
				t.Fatalf("range rate %.2f, want 3", d.RangeRateMps)
			}
		})
		if got := float64(hits) / n; math.Abs(got-share) > 4*math.Sqrt(share*(1-share)/n) {
			t.Errorf("%.3f are ambiguous, want %.3f", got, share)
		}
	}
	m := empty(spot(1, r3.Vec{X: 40}, r3.Vec{X: -57}, 30))
	if ds := make1(t, quiet()).Scan(m, &timeline.Conditions{}); len(ds) != 0 {
		t.Errorf("closing at 57 m/s, above the unit's 200 km/h: got %+v, want nothing", ds)
	}
}

// TestClutterRates: Poisson with 8 and 15 a cycle, inside the field, as strong as the threshold asks, three quarters of it standing.
func TestClutterRates(t *testing.T) {
	r := make1(t, ARS408())
	m := empty()
	m.Velocity = r3.Vec{X: 20}
	for wave, want := range []float64{far: 8, near: 15} {
		w := &r.spec.Waves[wave]
		const n = 600
		var count, standing statistic
		cycles(r, m, n, wave, func(ds []Detection) {
			count.add(float64(len(ds)))
			for _, d := range ds {
				if d.Kind != False || d.Object != geom.Static || d.SNRdB < 11 || !w.sees(d.RangeM, d.AzimuthRad) {
					t.Fatalf("clutter %+v, want false, static, in the field and at least 11 dB", d)
				}
				if !d.Ambiguous {
					stands := 0.0
					if math.Abs(d.RangeRateMps+20*math.Cos(d.AzimuthRad)) < 0.01 {
						stands = 1
					}
					standing.add(stands)
				}
			}
		})
		if math.Abs(count.mean()-want) > 4*math.Sqrt(want/n) || math.Abs(count.sd()/math.Sqrt(want)-1) > 0.15 {
			t.Errorf("%s: %.2f +-%.2f a cycle, want %g +-%.2f", w.Name, count.mean(), count.sd(), want, math.Sqrt(want))
		}
		if math.Abs(standing.mean()-0.75) > 0.03 {
			t.Errorf("%s: %.3f stand, want %.3f", w.Name, standing.mean(), 0.75)
		}
	}
}

// TestWeather: rain takes detections by the same radar equation, and they are told apart from what is sent.
func TestWeather(t *testing.T) {
	const n = 3000
	rate := func(c timeline.Conditions, want float64) {
		t.Helper()
		r := make1(t, quiet())
		m := empty(spot(1, r3.Vec{X: 160}, r3.Vec{}, 10))
		kept, clean := 0, 0
		for i := range n {
			m.Index = uint64(i)
			ds := r.Scan(m, &c)
			for _, d := range ds {
				if d.Kind == True {
					clean++
					if d.Fate != effect.Lost {
						kept++
					}
				}
			}
			sent := 0
			for _, d := range ds {
				if d.Fate != effect.Lost {
					sent++
				}
			}
			if got := len(r.Message(ds).GetDetections()); got != sent {
				t.Fatalf("message has %d detections, want %d", got, sent)
			}
		}
		if got := float64(clean) / n; math.Abs(got-0.517) > 0.04 {
			t.Errorf("clear scan detects %.3f, want 0.517", got)
		}
		if got := float64(kept) / n; math.Abs(got-want) > 4*math.Sqrt(want*(1-want)/n)+0.002 {
			t.Errorf("%+v: detects %.3f, want %.3f", c, got, want)
		}
	}
	detects := func(snr float64) float64 { return math.Pow(1e-6, 1/(1+math.Pow(10, snr/10))) }
	rate(timeline.Conditions{}, detects(13))
	rate(timeline.Conditions{Weather: timeline.Weather{RainMmH: 25}}, detects(13-2*0.16*10.99))
	rate(timeline.Conditions{Weather: timeline.Weather{FogPerM: 0.06}}, detects(13-2*0.16*1.6)) // 50 m: it hardly notices
	rate(timeline.Conditions{Fault: timeline.Fault{InterferenceDB: 6}}, detects(7))

	// Rain clutter and interference are new, of nobody, and in the scan.
	r := make1(t, quiet())
	c := timeline.Conditions{Weather: timeline.Weather{RainMmH: 50}, Fault: timeline.Fault{InterferenceDB: 12}}
	count := 0.0
	conditions(r, empty(), 1000, &c, func(d *Detection) {
		count++
		if d.Fate != effect.New || d.Kind != False || d.Object != geom.Static || !(d.RangeSDM > 0) {
			t.Fatalf("got %+v, want new false detections with an accuracy", d)
		}
	})
	if got := count / 1000; math.Abs(got-3) > 4*math.Sqrt(3./1000) { // 0.02 50 + 12/6
		t.Errorf("%.2f new detections a scan, want 3", got)
	}
}

func conditions(r *Radar, m *Moment, n int, c *timeline.Conditions, f func(*Detection)) {
	for i := range n {
		m.Index = uint64(i)
		ds := r.Scan(m, c)
		for k := range ds {
			f(&ds[k])
		}
	}
}

// TestBound: the strongest are sent, in order.
func TestBound(t *testing.T) {
	s := ARS408()
	s.MaxDetections = 5
	var targets []Target
	for i := range 20 {
		targets = append(targets, spot(int32(i), r3.Vec{X: 20 + 3*float64(i), Y: float64(i % 3)}, r3.Vec{}, 20))
	}
	r := make1(t, s)
	ds := r.Scan(empty(targets...), &timeline.Conditions{})
	if len(ds) < 30 {
		t.Fatalf("%d detections, want those of 20 targets in two waveforms", len(ds))
	}
	for i := range ds {
		if lost := i >= 5; (ds[i].Fate == effect.Lost) != lost {
			t.Errorf("detection %d: fate %v, want lost %t", i, ds[i].Fate, lost)
		}
		if i > 0 && ds[i].SNRdB > ds[i-1].SNRdB {
			t.Errorf("detection %d has %.1f dB after one of %.1f, want descending", i, ds[i].SNRdB, ds[i-1].SNRdB)
		}
	}
	if got := len(r.Message(ds).GetDetections()); got != 5 {
		t.Errorf("message has %d detections, want 5", got)
	}
}

// TestGlint: phase centres wander by the share of the size, and the range rate does not.
func TestGlint(t *testing.T) {
	s := quiet()
	s.GlintShare = 0.1
	car := Target{ID: 1, WorldFromObject: sensors.FromYaw(0, r3.Vec{X: 40}), Velocity: r3.Vec{X: 4}, Size: geom.Vec{4, 2, 1.5}, Scatterers: []body.Scatterer{{RCSdBsm: 30}}}
	var rangeM, across, rate statistic
	cycles(make1(t, s), empty(car), 1000, near, func(ds []Detection) {
		rangeM.add(ds[0].RangeM)
		across.add(ds[0].RangeM * ds[0].AzimuthRad)
		rate.add(ds[0].RangeRateMps)
	})
	// 0.4 m with the 0.039 m of the measurement; 0.2 m with 40 m times 0.32 degrees.
	if want := math.Hypot(0.4, 0.039); math.Abs(rangeM.sd()/want-1) > 0.12 {
		t.Errorf("range scatters by %.3f m, want %.3f", rangeM.sd(), want)
	}
	if want := math.Hypot(0.2, 40*0.32*degree); math.Abs(across.sd()/want-1) > 0.12 {
		t.Errorf("across it scatters by %.3f m, want %.3f", across.sd(), want)
	}
	if rate.sd() > 0.02 {
		t.Errorf("range rate scatters by %.4f m/s, want the measurement's 0.012", rate.sd())
	}
}

// TestPattern: 3 dB at half a beam, four times that at the whole, 30 dB at most.
func TestPattern(t *testing.T) {
	w := &Wave{AzimuthBeamRad: 0.2, ElevationBeamRad: 0.4}
	for _, c := range []struct{ azimuth, elevation, want float64 }{
		{0, 0, 0}, {0.1, 0, -3}, {-0.2, 0, -12}, {0, 0.2, -3}, {0.1, -0.2, -6}, {1, 0, -30}, {0, 1.5, -30},
	} {
		if got := w.patternDB(c.azimuth, c.elevation); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("at %g, %g rad: %.2f dB, want %.2f", c.azimuth, c.elevation, got, c.want)
		}
	}
}
