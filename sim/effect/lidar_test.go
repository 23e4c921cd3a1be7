package effect

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/timeline"
)

var lidarKey = chance.Of(1, "lidar", "LIDAR_TOP")

// sweepOf makes a sweep like a 64-beam unit's: a street with ground, walls and weak and strong targets.
func sweepOf(n int) []Return {
	out := make([]Return, n)
	for i := range out {
		az := 2 * math.Pi * float64(i/64) / float64((n+63)/64)
		el := -0.4 + 0.5*float64(i%64)/64
		k := chance.Of(7).At(uint64(i))
		r := &out[i]
		r.Dir = [3]float32{float32(math.Cos(el) * math.Cos(az)), float32(math.Cos(el) * math.Sin(az)), float32(math.Sin(el))}
		r.Beam = uint16(i % 64)
		r.Range = float32(5 + 75*k.Float64())
		r.Intensity = float32(math.Floor(255*0.4*k.At(1).Float64()*k.At(2).Float64()) / 255)
		if el < 0 {
			if d := float32(-1.8 / math.Sin(el)); d < r.Range {
				r.Range, r.Ground, r.Intensity = d, true, 12./255
			}
		}
	}
	return out
}

func applied(c timeline.Conditions, scene LidarScene, spec LidarSpec, in []Return) ([]Return, Counts) {
	out := slices.Clone(in)
	counts := NewLidar(spec).Prepare(&c, scene, lidarKey, 3).Apply(out, 0)
	return out, counts
}

func fogOf(perM float64) timeline.Conditions {
	return timeline.Conditions{Weather: timeline.Weather{FogPerM: perM, Light: 1}}
}

// TestClearAirIsIdentity: no condition, no changed bit.
func TestClearAirIsIdentity(t *testing.T) {
	in := sweepOf(5000)
	in[7].Range = 0
	out, counts := applied(timeline.Conditions{Weather: timeline.Weather{Light: 1}}, LidarScene{}, LidarSpec{Beams: 64}, in)
	want := slices.Clone(in)
	want[7].Fate = None
	if !slices.Equal(out, want) {
		t.Error("clear air changed a return")
	}
	if want := (Counts{Kept: 4999, None: 1}); counts != want {
		t.Errorf("got %+v, want %+v", counts, want)
	}
}

// TestFogRule draws the public rule point by point, at the golden extinctions: a target at 50 m of full intensity.
func TestFogRule(t *testing.T) {
	spec := LidarSpec{MaxRangeM: 200, FogNoiseM: -1} // no floor in power: the public rule has none
	for _, c := range []struct {
		alpha     float64
		intensity float32
		fate      Fate
		at, shown float64 // 0 = not checked
	}{
		{0.005, 1, Kept, 50, 0.60653},
		{0.01, 1, Kept, 50, 0.36788},
		{0.02, 1, Kept, 50, 0.13534},
		{0.03, 1, Kept, 50, 0.049787},
		{0.06, 1, Moved, 1.6434, 0.027619},
		{0.10, 1, Moved, 1.6032, 0.040546},
		{0.15, 1, Moved, 1.5590, 0.052097},
		{0.20, 1, Moved, 1.5204, 0.059725},
		{0.30, 1, Moved, 1.4560, 0.066862},
		{0.06, 18. / 255, Lost, 50, 18. / 255}, // soft 0.497 of 255: the receiver sees neither
		{0.06, 19. / 255, Moved, 1.6434, 19. / 255 * 0.027619},
		{0.03, 5. / 255, Lost, 50, 5. / 255}, // hard 0.249 of 255
		{0.03, 15. / 255, Kept, 50, 15. / 255 * 0.049787},
	} {
		in := []Return{{Dir: [3]float32{1, 0, 0}, Range: 50, Intensity: c.intensity}}
		out, _ := applied(fogOf(c.alpha), LidarScene{}, spec, in)
		name := fmt.Sprintf("alpha %g, intensity %.3f", c.alpha, c.intensity)
		if out[0].Fate != c.fate {
			t.Errorf("%s: fate %d, want %d", name, out[0].Fate, c.fate)
		}
		within(t, name+": range", float64(out[0].Range), c.at, 0.003)
		near(t, name+": intensity", float64(out[0].Intensity), c.shown, 1e-3)
	}
}

// TestFogNoise: the public noise keeps the median at R* and its bounds, and never passes the target.
func TestFogNoise(t *testing.T) {
	in := make([]Return, 4001)
	for i := range in {
		in[i] = Return{Dir: [3]float32{1, 0, 0}, Range: 40, Intensity: 1}
	}
	out, counts := applied(fogOf(0.1), LidarScene{}, LidarSpec{}, in)
	if counts.Moved != len(in) {
		t.Fatalf("%d of %d moved, want all", counts.Moved, len(in))
	}
	ranges := make([]float64, len(out))
	for i := range out {
		ranges[i] = float64(out[i].Range)
	}
	slices.Sort(ranges)
	within(t, "nearest", ranges[0], 1.6032*40/50, 0.02)
	within(t, "median", ranges[2000], 1.6032, 0.03)
	within(t, "farthest", ranges[4000], 1.6032*40/30, 0.02)
	for i := range in {
		in[i].Range = 12 // nearer than 20 m the noise is half of the range, else fog could lie anywhere up to the target
	}
	out, _ = applied(fogOf(0.1), LidarScene{}, LidarSpec{Power: SIPower}, in)
	for i := range out {
		if r := &out[i]; r.Fate != Moved || r.Range < 1.6032/1.5-0.01 || r.Range > 1.6032*2+0.01 {
			t.Fatalf("target at 12 m: fate %d at %g m, want fog within 1.07..3.21 m", r.Fate, r.Range)
		}
	}
}

// TestFogFadesIn: thinner fog loses fewer points, and the thinnest none.
func TestFogFadesIn(t *testing.T) {
	in := sweepOf(20000)
	before := len(in) + 1
	for _, alpha := range []float64{1e-7, 1e-3, 5e-3, 0.01, 0.02, 0.04, 0.08, 0.16, 0.3} {
		_, counts := applied(fogOf(alpha), LidarScene{}, LidarSpec{}, in)
		if counts.Kept > before {
			t.Errorf("extinction %g: %d points kept, more than the %d in thinner fog", alpha, counts.Kept, before)
		}
		if alpha < 1e-6 && counts.Kept < len(in)-2 {
			t.Errorf("extinction %g: %d of %d points kept, want all", alpha, counts.Kept, len(in))
		}
		before = counts.Kept
	}
	if before > len(in)/5 {
		t.Errorf("visibility 10 m: %d of %d points kept, want under a fifth", before, len(in))
	}
}

// TestEmptyBeams: fog and rain return something where nothing was, clear air does not.
func TestEmptyBeams(t *testing.T) {
	in := make([]Return, 3000)
	for i := range in {
		in[i].Dir = [3]float32{0, 0, 1}
	}
	_, fog := applied(fogOf(0.1), LidarScene{}, LidarSpec{}, in)
	rain := timeline.Conditions{Weather: timeline.Weather{RainMmH: 100}}
	out, wet := applied(rain, LidarScene{}, LidarSpec{}, in)
	if fog.New != len(in) {
		t.Errorf("fog: %+v, want all new: the far target makes the public rule return fog", fog)
	}
	if wet.New < len(in)/100 || wet.New > len(in)/2 || wet.New+wet.None != len(in) {
		t.Errorf("rain: %+v, want some new and the rest none", wet)
	}
	for i := range out {
		if r := &out[i]; (r.Fate == New) != (r.Range > 0) {
			t.Fatalf("beam %d: fate %d at range %g", i, r.Fate, r.Range)
		}
	}
}

func TestRainAddsNoise(t *testing.T) {
	in := make([]Return, 4000)
	for i := range in {
		in[i] = Return{Dir: [3]float32{1, 0, 0}, Range: 60, Intensity: 0.2}
	}
	rain := timeline.Conditions{Weather: timeline.Weather{RainMmH: 50}}
	out, counts := applied(rain, LidarScene{}, LidarSpec{}, in)
	var sum, square float64
	for i := range out {
		if out[i].Fate == Kept {
			d := float64(out[i].Range - 60)
			sum, square = sum+d, square+d*d
		}
	}
	n := float64(counts.Kept)
	left := math.Exp(-2 * RainDrops(50).ExtinctionPerM() * 60)
	snr := 0.2 / 3600 / (0.1 / 40000)
	want := math.Sqrt(0.09 * 0.09 / 2 / snr * (1/left - 1))
	near(t, "standard deviation of the range, m", math.Sqrt(square/n), want, 0.06)
	within(t, "mean", sum/n, 0, 4*want/math.Sqrt(n))
}

// TestPartsAreTheWhole: a sweep in parts, at the same time, gives the same bytes.
func TestPartsAreTheWhole(t *testing.T) {
	c := timeline.Conditions{
		Weather: timeline.Weather{FogPerM: 0.03, RainMmH: 20, SnowMmH: 1, WetMm: 0.5},
		Fault:   timeline.Fault{LostBeams: 0.2, LostPoints: 0.1, BlockedShare: 0.1, FieldRad: 2},
	}
	in := sweepOf(4000)
	whole, _ := applied(c, LidarScene{}, LidarSpec{Beams: 64}, in)
	parts := slices.Clone(in)
	s := NewLidar(LidarSpec{Beams: 64}).Prepare(&c, LidarScene{}, lidarKey, 3)
	var group sync.WaitGroup
	group.Go(func() { s.Apply(parts[2500:], 2500) })
	group.Go(func() { s.Apply(parts[:2500], 0) })
	group.Wait()
	if !slices.Equal(whole, parts) {
		t.Error("parts differ from the whole")
	}
	other := slices.Clone(in)
	NewLidar(LidarSpec{Beams: 64}).Prepare(&c, LidarScene{}, lidarKey, 4).Apply(other, 0)
	if slices.Equal(whole, other) {
		t.Error("two sweeps have the same chance")
	}
}

// TestSprayOnALidar: with the plume of a car ahead, a far target is mostly replaced by spray of its own intensity, or weakened.
func TestSprayOnALidar(t *testing.T) {
	p, _ := NewPlume([3]float32{12, 0, -1}, [2]float32{1, 0}, 30, 2, 2, 1)
	in := make([]Return, 4000)
	for i := range in {
		in[i] = Return{Dir: [3]float32{1, 0, 0}, Range: 20, Intensity: 0.9}
	}
	out, counts := applied(timeline.Conditions{}, LidarScene{Plumes: []Plume{p}}, LidarSpec{}, in)
	depth, _ := along([]Plume{p}, &in[0].Dir, 20, 0)
	near(t, "share of spray: 1 - exp(-depth)", float64(counts.Moved)/4000, 1-math.Exp(-float64(depth)), 0.02)
	for i := range out {
		switch r := &out[i]; r.Fate {
		case Moved:
			if r.Range > 12 || r.Intensity != sprayIntense {
				t.Fatalf("spray at %g m of intensity %g", r.Range, r.Intensity)
			}
		case Kept:
			near(t, "what comes through", float64(r.Intensity), 0.9*math.Exp(-2*float64(depth)), 1e-3)
		default:
			t.Fatalf("fate %d", r.Fate)
		}
	}
}

// TestWeakReturnsFade: a return below the floors in clear air survives a transmission t with the chance 1 - ln(1/t)/ln(10).
func TestWeakReturnsFade(t *testing.T) {
	in := make([]Return, 8000)
	for i := range in {
		in[i] = Return{Dir: [3]float32{1, 0, 0}, Range: 50}
	}
	for _, alpha := range []float64{0.001, 0.005, 0.01, 0.02} {
		_, counts := applied(fogOf(alpha), LidarScene{}, LidarSpec{}, in)
		within(t, fmt.Sprintf("extinction %g", alpha), float64(counts.Kept)/8000, 1-2*alpha*50/math.Ln10, 0.025)
	}
}

func TestLidarAllocatesNothing(t *testing.T) {
	l, rs := NewLidar(LidarSpec{Beams: 64}), sweepOf(1000)
	c := timeline.Conditions{
		Weather: timeline.Weather{FogPerM: 0.03, RainMmH: 20, SnowMmH: 1, WetMm: 0.5},
		Fault:   timeline.Fault{LostBeams: 0.2, LostPoints: 0.1, BlockedShare: 0.1},
	}
	sweep := uint64(0)
	got := testing.AllocsPerRun(20, func() {
		sweep++
		l.Prepare(&c, LidarScene{}, lidarKey, sweep).Apply(rs, 0)
	})
	if got != 0 {
		t.Errorf("%.0f allocations a sweep, want 0", got)
	}
}

func BenchmarkLidar(b *testing.B) {
	plume, _ := NewPlume([3]float32{5, 1, -1.5}, [2]float32{1, 0}, 25, 2, 1.6, 1)
	field := NewFogField(chance.Of(5))
	field.At(0, 0, 0)
	for _, c := range []struct {
		name  string
		c     timeline.Conditions
		scene LidarScene
	}{
		{"fog", fogOf(0.06), LidarScene{}},
		{"patchy", fogOf(0.06), LidarScene{Field: field}},
		{"rain", timeline.Conditions{Weather: timeline.Weather{RainMmH: 25}}, LidarScene{}},
		{"all", timeline.Conditions{
			Weather: timeline.Weather{FogPerM: 0.03, RainMmH: 25, WetMm: 1},
			Fault:   timeline.Fault{LostBeams: 0.1, LostPoints: 0.1, BlockedShare: 0.1},
		}, LidarScene{Plumes: []Plume{plume}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			in := sweepOf(106000)
			out, l := slices.Clone(in), NewLidar(LidarSpec{Beams: 64})
			for i := range b.N {
				copy(out, in)
				l.Prepare(&c.c, c.scene, lidarKey, uint64(i)).Apply(out, 0)
			}
		})
	}
}
