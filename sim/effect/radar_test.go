package effect

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"
	"pgregory.net/rapid"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/timeline"
)

var radarKey = chance.Of(1, "radar", "RADAR_FRONT")

// TestRainTable holds P.838-3 against the values at 77 GHz of the reference (and of the public implementation of the recommendation).
func TestRainTable(t *testing.T) {
	k, alpha := RainLawAt(77, Horizontal)
	within(t, "k_H", k, 1.1320, 5e-5)
	within(t, "alpha_H", alpha, 0.7177, 5e-5)
	k, alpha = RainLawAt(77, Vertical)
	within(t, "k_V", k, 1.1276, 5e-5)
	within(t, "alpha_V", alpha, 0.7073, 5e-5)
	radar := NewRadar(RadarSpec{})
	for _, c := range []struct{ rate, h, v, loss float64 }{
		{0, 0, 0, 0},
		{1, 1.13, 1.13, 0.23},
		{5, 3.59, 3.52, 0.70},
		{12.5, 6.94, 6.73, 1.35},
		{25, 11.41, 10.99, 2.20},
		{50, 18.76, 17.94, 3.59},
		{100, 30.85, 29.29, 5.86},
	} {
		within(t, fmt.Sprintf("%g mm/h, H", c.rate), RainDBPerKm(77, c.rate, Horizontal), c.h, 0.005)
		within(t, fmt.Sprintf("%g mm/h, V", c.rate), RainDBPerKm(77, c.rate, Vertical), c.v, 0.005)
		loss := 2 * radar.DBPerKm(&timeline.Weather{RainMmH: c.rate}) * 0.1
		within(t, fmt.Sprintf("%g mm/h, two-way at 100 m", c.rate), loss, c.loss, 0.005)
	}
}

func TestFogAttenuation(t *testing.T) {
	for _, c := range []struct{ celsius, want float64 }{{0, 3.54}, {10, 3.15}, {20, 2.71}} {
		within(t, fmt.Sprintf("K_l at %g degrees", c.celsius), FogLawAt(77, c.celsius), c.want, 0.02)
	}
	near(t, "water at a visibility of 50 m", FogWaterGM3(50), 0.32, 0.02) // (0.05/0.024)^(-1/0.65)
	for _, v := range []float64{0, -1, math.Inf(1)} {
		if got := FogWaterGM3(v); got != 0 {
			t.Errorf("visibility %g: %g g/m3, want 0", v, got)
		}
	}
	// Fog that blinds a camera costs a radar next to nothing.
	fog := NewRadar(RadarSpec{}).DBPerKm(&timeline.Weather{FogPerM: ExtinctionPerM(50)})
	within(t, "two-way loss at 100 m in fog of 50 m", 0.2*fog, 0.2*3.15*0.32, 0.01)
}

func TestDetects(t *testing.T) {
	r := NewRadar(RadarSpec{})
	within(t, "13 dB", r.Detects(13), 0.52, 0.005)
	within(t, "20 dB", r.Detects(20), 0.87, 0.005)
	within(t, "a car at 160 m", r.SNRdB(160, 10), 13, 1e-9)
	within(t, "a pedestrian at 57 m", r.SNRdB(57, -8), 13, 0.1)
	within(t, "twice as far: -12 dB", r.SNRdB(50, 3)-r.SNRdB(100, 3), 12.04, 0.01)
}

func scanOf(n int) []Detection {
	out := make([]Detection, n)
	for i := range out {
		k := chance.Of(11).At(uint64(i))
		out[i] = Detection{
			RangeM: 5 + 150*k.Float64(), AzimuthRad: k.At(1).Float64() - 0.5, RangeRateMps: 20 * (k.At(2).Float64() - 0.5),
			RCSdBsm: 20 * k.At(3).Float64(), SNRdB: math.NaN(), Source: i,
		}
	}
	return out
}

func sameDetections(a, b []Detection) bool {
	return slices.EqualFunc(a, b, func(x, y Detection) bool {
		bothNaN := math.IsNaN(x.SNRdB) && math.IsNaN(y.SNRdB)
		if bothNaN {
			x.SNRdB, y.SNRdB = 0, 0
		}
		return x == y
	})
}

func TestRadarIdentity(t *testing.T) {
	in := scanOf(200)
	out := NewRadar(RadarSpec{}).Apply(slices.Clone(in), &timeline.Conditions{Weather: timeline.Weather{Light: 1}}, 10, radarKey, 4)
	if !sameDetections(in, out) {
		t.Error("clear weather changed a scan")
	}
}

func TestRadarLosses(t *testing.T) {
	r := NewRadar(RadarSpec{})
	lost := func(c timeline.Conditions) (n int, out []Detection) {
		out = r.Apply(scanOf(2000), &c, 0, radarKey, 4)
		for i := range out {
			if out[i].Fate == Lost {
				n++
			}
		}
		return n, out
	}
	rain, out := lost(timeline.Conditions{Weather: timeline.Weather{RainMmH: 25}})
	in := scanOf(2000)
	for i := range in {
		if out[i].Fate == Kept {
			within(t, "RCS in rain", out[i].RCSdBsm, in[i].RCSdBsm-2*10.99*in[i].RangeM/1000, 0.01)
		}
	}
	fog, _ := lost(fogOf(0.06))
	block, _ := lost(timeline.Conditions{Fault: timeline.Fault{BlockedShare: 0.5}})
	all, _ := lost(timeline.Conditions{Fault: timeline.Fault{BlockedShare: 1}})
	jam, _ := lost(timeline.Conditions{Fault: timeline.Fault{InterferenceDB: 12}})
	if !(fog < rain && rain < block && block < all && block < jam && jam < all) {
		t.Errorf("lost: fog %d, rain %d, half blocked %d, interference of 12 dB %d, blocked %d: want this order", fog, rain, block, jam, all)
	}
	// On paper: a target of 20 dB loses 10 dB: P_d from 0.872 to 0.285.
	c := timeline.Conditions{Fault: timeline.Fault{BlockedShare: 0.5}}
	kept, n := 0, 4000
	one := make([]Detection, n)
	for i := range one {
		one[i] = Detection{RangeM: 50, SNRdB: 20, RCSdBsm: 5}
	}
	for _, d := range r.Apply(one, &c, 0, radarKey, 1) {
		if d.Fate == Kept {
			kept++
			within(t, "SNR", d.SNRdB, 10, 1e-9)
			within(t, "azimuth bias", math.Abs(d.AzimuthRad), 0.25*math.Pi/180, 1e-9)
		}
	}
	within(t, "share that is kept", float64(kept)/float64(n), r.Detects(10)/r.Detects(20), 0.03)
}

func TestRadarClutter(t *testing.T) {
	r := NewRadar(RadarSpec{})
	total := 0
	const scans = 2000
	for i := range uint64(scans) {
		c := timeline.Conditions{Weather: timeline.Weather{RainMmH: 25}}
		for _, d := range r.Apply(nil, &c, 15, radarKey, i) {
			total++
			if d.Fate != New || d.Source != -1 || d.RangeM > 10 || math.Abs(d.AzimuthRad) > math.Pi/3 {
				t.Fatalf("clutter %+v", d)
			}
			if drift := d.RangeRateMps + 15*math.Cos(d.AzimuthRad); math.Abs(drift) > clutterMps {
				t.Fatalf("rain moves at %g m/s over ground", drift)
			}
		}
	}
	within(t, "mean a scan", float64(total)/scans, 0.5, 5*math.Sqrt(0.5/scans))
	jammed := 0
	for i := range uint64(scans) {
		c := timeline.Conditions{Fault: timeline.Fault{InterferenceDB: 12}}
		jammed += len(r.Apply(nil, &c, 15, radarKey, i))
	}
	within(t, "false detections under 12 dB of interference", float64(jammed)/scans, 2, 5*math.Sqrt(2./scans))
}

func TestSnowCostsLittle(t *testing.T) {
	r := NewRadar(RadarSpec{})
	near(t, "snow of 5 mm/h", r.DBPerKm(&timeline.Weather{SnowMmH: 5}), 0.25*3.52, 0.002)
}

func TestAmbiguity(t *testing.T) {
	r := NewRadar(RadarSpec{MaxRangeRateMps: 30})
	out := scanOf(5000)
	r.Ambiguity(out, 0.02, radarKey)
	folded := 0
	for i, d := range scanOf(5000) {
		switch moved := math.Abs(out[i].RangeRateMps - d.RangeRateMps); {
		case moved == 0 && !out[i].Ambiguous:
		case math.Abs(moved-60) < 1e-9 && out[i].Ambiguous:
			folded++
		default:
			t.Fatalf("detection %d: moved by %g m/s, ambiguous is %t", i, moved, out[i].Ambiguous)
		}
	}
	within(t, "share", float64(folded)/5000, 0.02, 0.01)
	same := scanOf(10)
	NewRadar(RadarSpec{}).Ambiguity(same, 1, radarKey)
	if !sameDetections(same, scanOf(10)) {
		t.Error("a radar without an interval folded something")
	}
}

func TestDetectionRoundTrip(t *testing.T) {
	in := []sensors.RadarDetection{
		{Position: r3.Vec{X: 30, Y: -12, Z: 1.5}, RangeRateMps: -3, RCSdBsm: 7, SNRdB: 15, Ambiguous: true},
		{Position: r3.Vec{}},
		{Position: r3.Vec{X: -5, Y: 0.1, Z: -8}},
	}
	for i, d := range AppendDetections(nil, in) {
		p := d.Position()
		if r3.Norm(r3.Sub(p, in[i].Position)) > 1e-9 {
			t.Errorf("detection %d: at %v, want %v", i, p, in[i].Position)
		}
		if d.Source != i || d.RangeRateMps != in[i].RangeRateMps || d.RCSdBsm != in[i].RCSdBsm || d.Ambiguous != in[i].Ambiguous {
			t.Errorf("detection %d became %+v", i, d)
		}
	}
}

func TestRadarProperties(t *testing.T) {
	r := NewRadar(RadarSpec{MaxRangeRateMps: 40})
	rapid.Check(t, func(t *rapid.T) {
		c := drawConditions(t)
		n := rapid.IntRange(0, 50).Draw(t, "n")
		out := r.Apply(scanOf(n), &c, rapid.Float64Range(-10, 40).Draw(t, "ego"), radarKey, rapid.Uint64().Draw(t, "scan"))
		for i := range out {
			d := &out[i]
			for _, v := range []float64{d.RangeM, d.AzimuthRad, d.RangeRateMps, d.RCSdBsm} {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("detection %+v", *d)
				}
			}
			if (d.Fate == New) != (i >= n) {
				t.Fatalf("detection %d of %d: fate %d", i, n, d.Fate)
			}
		}
	})
}
