package fusion

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/sensors"
)

// Classes of these tests: two of one group, one of another.
const (
	testTruck = iota
	testDigger
	testCar
)

var testGroups = ClassGroups([]string{"truck", "construction_vehicle", "car"})

// trusted counts the same for every class, near (below 20 m) and far.
func trusted(near, far float64) Trust {
	w := []float64{near, far}
	return Trust{RangeM: []float64{20, 50}, Weight: [][]float64{w, w, w}, Condition: 1}
}

func said(m sensors.Modality, trust Trust, dets ...Detection) Opinion {
	return Opinion{Modality: m, Trust: trust, Detections: dets}
}

func car(x, y, score float64) Detection {
	return Detection{Class: testCar, Score: score, X: x, Y: y, Length: 4, Width: 2, Height: 1.5}
}

func with(d Detection, change func(d *Detection)) Detection {
	change(&d)
	return d
}

func fuseOpinions(opinions ...Opinion) []Detection {
	cfg := DefaultDecodeConfig()
	return NewDecoder(cfg, grid, 3).Detections(&Output{Opinions: opinions}, testGroups)
}

func TestMerge(t *testing.T) {
	full, half := trusted(1, 1), trusted(0.5, 0.5)
	tests := []struct {
		name     string
		opinions []Opinion
		want     []Detection // without Scores
	}{
		{"nobody", nil, nil},
		{"nothing", []Opinion{said(sensors.Lidar, full)}, nil},
		{"alone: as it is, however little it is trusted", []Opinion{said(sensors.Camera, trusted(0.01, 0.01), car(10, 5, 0.6))}, []Detection{
			with(car(10, 5, 0.6), func(d *Detection) { d.By = [3]float64{0, 0, 1} }),
		}},
		// u is 0.8 and 0.5 * 0.4 = 0.2; the score 1 - (1 - 0.8)(1 - 0.2).
		{"two agree", []Opinion{said(sensors.Lidar, full, car(10, 5, 0.8)), said(sensors.Radar, half, with(car(11, 4, 0.4), func(d *Detection) { d.Length, d.Z = 5, 1 }))}, []Detection{
			with(car(10.2, 4.8, 0.84), func(d *Detection) { d.Length, d.Z, d.By = 4.2, 0.2, [3]float64{0.8, 0.2, 0} }),
		}},
		{"the order of members does not matter", []Opinion{said(sensors.Radar, half, with(car(11, 4, 0.4), func(d *Detection) { d.Length, d.Z = 5, 1 })), said(sensors.Lidar, full, car(10, 5, 0.8))}, []Detection{
			with(car(10.2, 4.8, 0.84), func(d *Detection) { d.Length, d.Z, d.By = 4.2, 0.2, [3]float64{0.8, 0.2, 0} }),
		}},
		{"two far apart: the less trusted one counts less", []Opinion{said(sensors.Lidar, full, car(10, 5, 0.8)), said(sensors.Radar, half, car(10, -5, 0.8))}, []Detection{
			with(car(10, 5, 0.8), func(d *Detection) { d.By[0] = 1 }), with(car(10, -5, 0.4), func(d *Detection) { d.By[1] = 1 }),
		}},
		// Beyond 20 m the radar counts twice what the lidar does.
		{"by range", []Opinion{said(sensors.Lidar, trusted(1, 0.5), car(30, 0, 0.5)), said(sensors.Radar, full, car(31, 0, 0.5))}, []Detection{
			with(car(30+2./3, 0, 0.625), func(d *Detection) { d.By = [3]float64{1. / 3, 2. / 3, 0} }),
		}},
		{"below the least score", []Opinion{said(sensors.Lidar, full), said(sensors.Camera, trusted(0.1, 0.1), car(10, 5, 0.9))}, nil},
		{"nobody is trusted with it", []Opinion{said(sensors.Lidar, trusted(0, 0), car(10, 5, 0.9))}, nil},
		{"one member's neighbours stay two", []Opinion{said(sensors.Lidar, full, car(10, 5, 0.9), car(10, 7.1, 0.8))}, []Detection{
			with(car(10, 5, 0.9), func(d *Detection) { d.By[0] = 1 }), with(car(10, 7.1, 0.8), func(d *Detection) { d.By[0] = 1 }),
		}},
		{"the nearer neighbour is meant", []Opinion{said(sensors.Lidar, full, car(10, 5, 0.9), car(10, 7.2, 0.8)), said(sensors.Radar, full, car(10, 6.4, 0.5))}, []Detection{
			with(car(10, 5, 0.9), func(d *Detection) { d.By[0] = 1 }),
			with(car(10, 7.2-0.8*0.5/1.3, 0.9), func(d *Detection) { d.By = [3]float64{0.8 / 1.3, 0.5 / 1.3, 0} }),
		}},
		{"another group", []Opinion{said(sensors.Lidar, full, car(10, 5, 0.9)), said(sensors.Radar, full, with(car(10, 5, 0.5), func(d *Detection) { d.Class = testTruck }))}, []Detection{
			with(car(10, 5, 0.9), func(d *Detection) { d.By[0] = 1 }),
			with(car(10, 5, 0.5), func(d *Detection) { d.Class, d.By[1] = testTruck, 1 }),
		}},
		{"headings apart by half a turn: the mean axis, pointed as the stronger one", []Opinion{
			said(sensors.Lidar, full, with(car(10, 5, 0.5), func(d *Detection) { d.Yaw = 0.1 })),
			said(sensors.Radar, full, with(car(10, 5, 0.5), func(d *Detection) { d.Yaw = 0.3 - math.Pi })),
			said(sensors.Camera, full, with(car(10, 5, 0.4), func(d *Detection) { d.Yaw = 0.2 - math.Pi })),
		}, []Detection{with(car(10, 5, 0.85), func(d *Detection) {
			d.Yaw, d.By = 0.2-math.Pi, [3]float64{5. / 14, 5. / 14, 4. / 14}
		})}},
		{"headings across the seam", []Opinion{
			said(sensors.Lidar, full, with(car(10, 5, 0.5), func(d *Detection) { d.Yaw = math.Pi - 0.1 })),
			said(sensors.Radar, full, with(car(10, 5, 0.5), func(d *Detection) { d.Yaw = -math.Pi + 0.3 })),
		}, []Detection{with(car(10, 5, 0.75), func(d *Detection) { d.Yaw, d.By = -math.Pi+0.1, [3]float64{0.5, 0.5, 0} })}},
		// (0.8 * 1 + 4 * 0.2 * 6) / (0.8 + 4 * 0.2)
		{"velocity leans to the radar", []Opinion{
			said(sensors.Lidar, full, with(car(10, 5, 0.8), func(d *Detection) { d.Vx = 1 })),
			said(sensors.Radar, full, with(car(10, 5, 0.2), func(d *Detection) { d.Vx, d.Vy = 6, 2 })),
		}, []Detection{with(car(10, 5, 0.84), func(d *Detection) { d.Vx, d.Vy, d.By = 3.5, 1, [3]float64{0.8, 0.2, 0} })}},
	}
	for _, tt := range tests {
		got := fuseOpinions(tt.opinions...)
		if len(got) != len(tt.want) {
			t.Errorf("%s: got %+v\nwant %+v", tt.name, got, tt.want)
			continue
		}
		for i := range got {
			if !alike(&got[i], &tt.want[i], 1e-6) { // scores are float32
				t.Errorf("%s: got %+v\nwant %+v", tt.name, got[i], tt.want[i])
			}
		}
	}
}

func alike(a, b *Detection, tolerance float64) bool {
	values := func(d *Detection) []float64 {
		return append([]float64{float64(d.Class), d.Score, d.X, d.Y, d.Z, d.Length, d.Width, d.Height, math.Sin(d.Yaw), math.Cos(d.Yaw), d.Vx, d.Vy}, d.By[:]...)
	}
	return slices.EqualFunc(values(a), values(b), func(x, y float64) bool { return math.Abs(x-y) <= tolerance })
}

// TestMergeGate: how far two members may disagree on the place of one car of 4 m, 24 m ahead: half its length, and for a camera 0.08 of
// the distance more along the ray.
func TestMergeGate(t *testing.T) {
	tests := []struct {
		name   string
		other  sensors.Modality
		dx, dy float64
		one    bool
	}{
		{"near", sensors.Radar, 1.9, 0, true},
		{"far along", sensors.Radar, 3.1, 0, false},
		{"far across", sensors.Radar, 0, 2.1, false},
		{"a camera along", sensors.Camera, 3.9, 0, true},
		{"a camera too far along", sensors.Camera, 4.0, 0, false},
		{"a camera across", sensors.Camera, 0, 2.1, false},
	}
	for _, tt := range tests {
		got := fuseOpinions(said(sensors.Lidar, trusted(1, 1), car(24, 0, 0.9)), said(tt.other, trusted(1, 1), car(24+tt.dx, tt.dy, 0.5)))
		if one := len(got) == 1; one != tt.one {
			t.Errorf("%s: one object %t, want %t", tt.name, one, tt.one)
		}
	}
	// Trailers of 14 m that overlap by two thirds are one, though their centres are 4 m apart.
	long := func(x float64) Detection {
		return Detection{Class: testTruck, Score: 0.5, X: x, Length: 14, Width: 2.5, Height: 3}
	}
	if got := fuseOpinions(said(sensors.Lidar, trusted(1, 1), long(20)), said(sensors.Radar, trusted(1, 1), long(24))); len(got) != 1 || math.Abs(got[0].X-22) > 1e-9 {
		t.Errorf("overlapping trailers: got %+v, want one at 22 m", got)
	}
}

// TestMergeClasses: members of one group vote with everything that they say of the classes.
func TestMergeClasses(t *testing.T) {
	vehicle := func(class int, scores ...float32) Detection {
		return Detection{Class: class, Score: float64(scores[class]), X: 10, Length: 8, Width: 2.5, Height: 3, Scores: scores}
	}
	got := fuseOpinions(
		said(sensors.Lidar, trusted(1, 1), vehicle(testTruck, 0.5, 0.4, 0.1)),
		said(sensors.Radar, trusted(1, 1), vehicle(testDigger, 0.1, 0.3, 0)),
	)
	// truck 1 - 0.5 * 0.9 = 0.55, digger 1 - 0.6 * 0.7 = 0.58
	want := []float32{0.55, 0.58, 0.1}
	near := func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-6 }
	if len(got) != 1 || got[0].Class != testDigger || !slices.EqualFunc(got[0].Scores, want, near) || !near(float32(got[0].Score), 0.58) {
		t.Errorf("got %+v, want one digger with scores %v", got, want)
	}
}

// TestMergeAlone: a member that is alone gives what decoding its maps gives, bit for bit.
func TestMergeAlone(t *testing.T) {
	heat, reg := randomMaps(3, 1)
	cfg := DefaultDecodeConfig()
	want := NewDecoder(cfg, grid, 3).Detections(&Output{Heat: heat, Reg: reg}, testGroups)
	o := Opinion{Modality: sensors.Camera, Heat: heat, Reg: reg, Trust: trusted(0.3, 0.2)}
	o.Trust.Condition = 0.7
	got := NewDecoder(cfg, grid, 3).Detections(&Output{Opinions: []Opinion{o}}, testGroups)
	if len(got) != len(want) || len(got) < 20 {
		t.Fatalf("%d detections, decoding alone gives %d", len(got), len(want))
	}
	for i := range got {
		w := want[i]
		w.By[sensors.Camera] = 1
		if !alike(&got[i], &w, 0) || !slices.Equal(got[i].Scores, w.Scores) || got[i].Row != w.Row || got[i].Col != w.Col {
			t.Fatalf("detection %d: got %+v, want %+v", i, got[i], w)
		}
	}
}

// randomMaps hold some objects and much noise.
func randomMaps(classes int, seed uint64) (heat, reg []float32) {
	rng := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // repeatable on purpose
	n := grid.Heads * grid.Heads
	heat, reg = make([]float32, classes*n), make([]float32, encoders.BoxChannels*n)
	for i := range heat {
		heat[i] = 0.05 * rng.Float32()
		if rng.IntN(1000) == 0 {
			heat[i] = rng.Float32()
		}
	}
	for i := range reg {
		reg[i] = rng.Float32()
	}
	return heat, reg
}

// TestMergeProperties over random opinions: best first, scores 0..1 and no less than the strongest voice's, shares that add up to 1, boxes
// inside the hull of what was said.
func TestMergeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var opinions []Opinion
		low, high := math.Inf(1), math.Inf(-1)
		for m := range rapid.IntRange(1, 5).Draw(t, "members") {
			o := said(sensors.Modality(m%3), trusted(rapid.Float64Range(0, 2).Draw(t, "near"), rapid.Float64Range(0.01, 2).Draw(t, "far")))
			for range rapid.IntRange(0, 8).Draw(t, "detections") {
				d := car(rapid.Float64Range(-40, 40).Draw(t, "x"), rapid.Float64Range(-4, 4).Draw(t, "y"), rapid.Float64Range(0.1, 1).Draw(t, "score"))
				d.Class, d.Yaw = rapid.IntRange(0, 2).Draw(t, "class"), rapid.Float64Range(-3, 3).Draw(t, "yaw")
				o.Detections = append(o.Detections, d)
				low, high = math.Min(low, d.X), math.Max(high, d.X)
			}
			slices.SortFunc(o.Detections, func(a, b Detection) int { return int(math.Copysign(1, b.Score-a.Score)) })
			opinions = append(opinions, o)
		}
		last := 1.0
		for _, d := range fuseOpinions(opinions...) {
			if !(d.Score >= 0.1 && d.Score <= last) {
				t.Fatalf("score %g after %g", d.Score, last)
			}
			last = d.Score
			if sum := d.By[0] + d.By[1] + d.By[2]; math.Abs(sum-1) > 1e-9 {
				t.Fatalf("shares %v add up to %g", d.By, sum)
			}
			if d.X < low-1e-9 || d.X > high+1e-9 || math.IsNaN(d.Yaw+d.Vx) {
				t.Fatalf("%+v is outside of what was said, %g to %g", d, low, high)
			}
		}
	})
}

// TestMergeAllocates nothing in the steady state.
func TestMergeAllocates(t *testing.T) {
	d, out := NewDecoder(DefaultDecodeConfig(), grid, 3), threeOpinions()
	if allocs := testing.AllocsPerRun(5, func() { d.Detections(out, testGroups) }); allocs != 0 {
		t.Errorf("fusing decisions allocates %g times, want 0", allocs)
	}
}

func threeOpinions() *Output {
	out := &Output{}
	for m := range sensors.Modality(sensors.NumFused) {
		heat, reg := randomMaps(3, uint64(m))
		out.Opinions = append(out.Opinions, Opinion{Modality: m, Heat: heat, Reg: reg, Trust: trusted(1, 0.5)})
	}
	return out
}

// BenchmarkDecide of three members with some 50 detections each, decoding included.
func BenchmarkDecide(b *testing.B) {
	d, out := NewDecoder(DefaultDecodeConfig(), grid, 3), threeOpinions()
	b.ReportAllocs()
	for b.Loop() {
		d.Detections(out, testGroups)
	}
}

func TestTrust(t *testing.T) {
	tr := Trust{RangeM: []float64{15, 30}, Weight: [][]float64{{1, 0.5}}, Condition: 0.8}
	tests := []struct {
		class int
		at    float64
		want  float64
	}{{0, 0, 0.8}, {0, 14.9, 0.8}, {0, 15, 0.4}, {0, 29, 0.4}, {0, 80, 0.4}, {1, 10, 0}}
	for _, tt := range tests {
		if got := tr.At(tt.class, tt.at); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("class %d at %g m: got %g, want %g", tt.class, tt.at, got, tt.want)
		}
	}
	if got, want := condition(0.5, 0.1), 0.5*math.Exp(-0.2); math.Abs(got-want) > 1e-7 {
		t.Errorf("condition %g, want %g", got, want)
	}
	if got := condition(1, -3); got != 1 {
		t.Errorf("condition of what comes from the future: %g, want 1", got)
	}
}
