package eval

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// car is a parked car at x, y that something measured.
func car(x, y float64) Box {
	return Box{
		Translation: [3]float64{x, y, 1}, Size: [3]float64{2, 4, 1.5}, Rotation: [4]float64{1, 0, 0, 0},
		Class: "car", Attribute: "vehicle.parked", NumPts: 5,
	}
}

// found turns a box into a prediction of it.
func found(b Box, score float64) Box {
	b.Score, b.NumPts = score, UnknownPoints
	return b
}

func classOf(t *testing.T, r DetectionResult, name string) ClassResult {
	t.Helper()
	i := slices.IndexFunc(r.Classes, func(c ClassResult) bool { return c.Class == name })
	if i < 0 {
		t.Fatalf("result has no class %s", name)
	}
	return r.Classes[i]
}

// AP of two predictions in processing order, from the 90 grid points 0.11 to 1.00 of max(0, precision - 0.1)/0.9.
const (
	perfect = 1.0
	// One car: the hit has precision 1 up to recall 0.99, the miss that follows 0.5 at recall 1.
	hitMiss = (89*0.9 + 0.4) / 81
	// One car, the miss first: precision rises with recall r as r/2, so the sum is of 0.005 k, k = 1..80.
	missHit = 0.005 * 80 * 81 / 2 / 81
	// Two cars: the same, with recall 0.5 in place of 1, and precision r.
	hitMissOf2 = (39*0.9 + 0.4) / 81
	missHitOf2 = 0.01 * 40 * 41 / 2 / 81
)

func TestMatchingRules(t *testing.T) {
	tests := []struct {
		name        string
		truth, pred []Box
		wantAP      [4]float64 // at 0.5, 1, 2, 4 m
		wantATE     float64
	}{
		{"nothing at all", nil, nil, [4]float64{}, 1},
		{"nothing found", []Box{car(10, 0)}, nil, [4]float64{}, 1},
		{"nothing there", nil, []Box{found(car(10, 0), 0.5)}, [4]float64{}, 1},
		{"exact", []Box{car(10, 0)}, []Box{found(car(10, 0), 0.5)}, [4]float64{perfect, perfect, perfect, perfect}, 0},
		{"distance is strict", []Box{car(10, 0)}, []Box{found(car(12, 0), 0.5)}, [4]float64{0, 0, 0, perfect}, 1},
		{"later of equal scores goes first", []Box{car(10, 0)}, []Box{found(car(10, 0), 0.5), found(car(10.7, 0), 0.5)}, [4]float64{missHit, hitMiss, hitMiss, hitMiss}, 0.7},
		// The first prediction takes the car at 9 m, so the second, exactly on it, has only the other at 2.5 m.
		{"first of equally near", []Box{car(9, 0), car(11.5, 0)}, []Box{found(car(10.25, 0), 0.9), found(car(9, 0), 0.8)}, [4]float64{missHitOf2, missHitOf2, hitMissOf2, perfect}, 1.25},
		// The first takes the car at 10 m from the second at 2 m and 4 m. At 0.5 m and 1 m it misses, and the second hits.
		{"no second choice", []Box{car(10, 0), car(13, 0)}, []Box{found(car(11, 0), 0.9), found(car(10.2, 0), 0.8)}, [4]float64{missHitOf2, missHitOf2, hitMissOf2, perfect}, 1},
		{"score of zero matches but reaches no recall for errors", []Box{car(10, 0)}, []Box{found(car(10.3, 0), 0)}, [4]float64{perfect, perfect, perfect, perfect}, 1},
		{"negative scores rank too", []Box{car(10, 0)}, []Box{found(car(30, 0), -2), found(car(10.3, 0), -1)}, [4]float64{hitMiss, hitMiss, hitMiss, hitMiss}, 0.3},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := classOf(t, evaluate(t, []Sample{{Token: "s", GroundTruth: tc.truth, Predictions: tc.pred}}), "car")
			for i, want := range tc.wantAP {
				if !near(got.APs[i], want) {
					t.Errorf("AP[%d] = %v, want %v", i, got.APs[i], want)
				}
			}
			if !near(got.Errors[TransErr], tc.wantATE) {
				t.Errorf("ATE = %v, want %v", got.Errors[TransErr], tc.wantATE)
			}
		})
	}
}

// A recall of 57 in 100 does not reach the grid point 57*0.01, which lies above it.
func TestRecallOnGrid(t *testing.T) {
	var s Sample
	for i := range 100 {
		b := car(0, 4.5*float64(i%10)+1)
		b.Translation[0] = 4.5*float64(i/10) - 30
		b.Translation[1] -= 25
		s.GroundTruth = append(s.GroundTruth, b)
		if i < 57 {
			s.Predictions = append(s.Predictions, found(b, 0.5))
		}
	}
	got := classOf(t, evaluate(t, []Sample{s}), "car")
	if got.NumGroundTruth != 100 {
		t.Fatalf("cars in range = %d, want 100", got.NumGroundTruth)
	}
	if p := got.Curves[0].Precision; p[56] != 1 || p[57] != 0 {
		t.Errorf("precision at 0.56, 0.57 = %v, %v, want 1, 0", p[56], p[57])
	}
}

func TestLowRecall(t *testing.T) {
	var s Sample
	for i := range 20 {
		s.GroundTruth = append(s.GroundTruth, car(float64(2*i), 0))
	}
	s.Predictions = []Box{found(car(0.2, 0), 0.9)}
	got := classOf(t, evaluate(t, []Sample{s}), "car")
	if got.MeanAP != 0 || got.Errors != (TPErrors{1, 1, 1, 1, 1}) {
		t.Errorf("AP, errors at recall 0.05 = %v, %v, want 0 and ones", got.MeanAP, got.Errors)
	}
}

// Front and back of a barrier cannot be told apart, those of a car can. Cones have no heading at all.
func TestYawPeriodOfClasses(t *testing.T) {
	for class, want := range map[string]float64{"car": math.Pi, "pedestrian": math.Pi, "barrier": 0, "traffic_cone": math.NaN()} {
		b := car(10, 0)
		b.Class = class
		p := found(b, 0.5)
		p.Rotation = [4]float64{0, 0, 0, 1}
		got := classOf(t, evaluate(t, []Sample{{Token: "s", GroundTruth: []Box{b}, Predictions: []Box{p}}}), class).Errors[OrientErr]
		if !near(got, want) {
			t.Errorf("%s turned by 180 degrees: orientation error = %v, want %v", class, got, want)
		}
	}
}

func TestFilters(t *testing.T) {
	turn := math.Pi / 6
	rack := BikeRack{
		Translation: [3]float64{10, 0, 0.5}, Size: [3]float64{2, 6, 1},
		Rotation: [4]float64{math.Cos(turn / 2), 0, 0, math.Sin(turn / 2)},
	}
	along := func(class string, m, z float64) Box { // a box m metres from the rack's centre along its length
		b := car(10+m*math.Cos(turn), m*math.Sin(turn))
		b.Class, b.Attribute, b.Translation[2] = class, "", z
		return b
	}
	in := func(class string, x, y float64, points int) Box {
		b := car(x, y)
		b.Class, b.NumPts = class, points
		return b
	}
	tests := []struct {
		name string
		box  Box
		want LeftOut
	}{
		{"car below 50 m", in("car", 30, math.Nextafter(40, 0), 1), LeftOut{}},
		{"car at 50 m", in("car", 30, 40, 1), LeftOut{Range: 1}},
		{"pedestrian at 40 m", in("pedestrian", 24, 32, 1), LeftOut{Range: 1}},
		{"barrier at 30 m", in("barrier", 18, 24, 1), LeftOut{Range: 1}},
		{"no point", in("car", 10, 0, 0), LeftOut{ZeroPoints: 1}},
		{"not counted", in("car", 10, 0, UnknownPoints), LeftOut{}},
		{"range goes before points", in("car", 60, 0, 0), LeftOut{Range: 1}},
		{"bicycle in the rack", along("bicycle", 2.9, 0.5), LeftOut{BikeRack: 1}},
		{"bicycle before the rack", along("bicycle", 3.1, 0.5), LeftOut{}},
		{"motorcycle on the top face", along("motorcycle", 1, 1), LeftOut{BikeRack: 1}},
		{"motorcycle on the bottom face", along("motorcycle", 1, 0), LeftOut{BikeRack: 1}},
		{"motorcycle above the rack", along("motorcycle", 1, 1.01), LeftOut{}},
		{"pedestrian in the rack", along("pedestrian", 0, 0.5), LeftOut{}},
		{"points go before racks", func() Box { b := along("bicycle", 0, 0.5); b.NumPts = 0; return b }(), LeftOut{ZeroPoints: 1}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r := evaluate(t, []Sample{{Token: "s", BikeRacks: []BikeRack{rack}, GroundTruth: []Box{tc.box}, Predictions: []Box{tc.box}}})
			got := classOf(t, r, tc.box.Class)
			if got.GroundTruthLeftOut != tc.want || got.PredictionsLeftOut != tc.want {
				t.Errorf("left out = %+v, %+v, want %+v on both sides", got.GroundTruthLeftOut, got.PredictionsLeftOut, tc.want)
			}
			if want := 1 - tc.want.Total(); got.NumGroundTruth != want || got.NumPredictions != want {
				t.Errorf("kept = %d, %d, want %d", got.NumGroundTruth, got.NumPredictions, want)
			}
		})
	}
}

func TestPairErrors(t *testing.T) {
	nan := math.NaN()
	turned := func(rad float64) [4]float64 { return [4]float64{math.Cos(rad / 2), 0, 0, math.Sin(rad / 2)} }
	change := func(f func(b *Box)) Box { b := car(0, 0); f(&b); return b }
	tests := []struct {
		name        string
		truth, pred Box
		period      float64
		want        TPErrors
	}{
		{"equal", car(0, 0), car(0, 0), 2 * math.Pi, TPErrors{}},
		{"height is no distance", car(0, 0), change(func(b *Box) { b.Translation = [3]float64{3, 4, 9} }), 2 * math.Pi, TPErrors{TransErr: 5}},
		{"half as wide, twice as long", car(0, 0), change(func(b *Box) { b.Size = [3]float64{1, 8, 1.5} }), 2 * math.Pi, TPErrors{ScaleErr: 2.0 / 3}},
		{"across the wrap", change(func(b *Box) { b.Rotation = turned(3.1) }), change(func(b *Box) { b.Rotation = turned(-3.1) }), 2 * math.Pi, TPErrors{OrientErr: 2*math.Pi - 6.2}},
		{"back to front", car(0, 0), change(func(b *Box) { b.Rotation = turned(math.Pi) }), 2 * math.Pi, TPErrors{OrientErr: math.Pi}},
		{"back to front, no front", car(0, 0), change(func(b *Box) { b.Rotation = turned(math.Pi) }), math.Pi, TPErrors{}},
		{"negated quaternion of any length", change(func(b *Box) { b.Rotation = turned(1) }), change(func(b *Box) {
			for i, v := range turned(1) {
				b.Rotation[i] = -3 * v
			}
		}), 2 * math.Pi, TPErrors{}},
		{"velocity", change(func(b *Box) { b.Velocity = [2]float64{1, 1} }), change(func(b *Box) { b.Velocity = [2]float64{4, 5} }), 2 * math.Pi, TPErrors{VelErr: 5}},
		{"half a velocity", car(0, 0), change(func(b *Box) { b.Velocity = [2]float64{0, nan} }), 2 * math.Pi, TPErrors{VelErr: nan}},
		{"other attribute", car(0, 0), change(func(b *Box) { b.Attribute = "vehicle.moving" }), 2 * math.Pi, TPErrors{AttrErr: 1}},
		{"attribute not predicted", car(0, 0), change(func(b *Box) { b.Attribute = "" }), 2 * math.Pi, TPErrors{AttrErr: 1}},
		{"attribute unknown", change(func(b *Box) { b.Attribute = "" }), change(func(b *Box) { b.Attribute = "" }), 2 * math.Pi, TPErrors{AttrErr: nan}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := pairErrors(&tc.truth, &tc.pred, tc.period)
			if d := cmp.Diff(got, tc.want, nearOption); d != "" {
				t.Errorf("errors differ (-got +want):\n%s", d)
			}
		})
	}
}

func TestEvaluateRefuses(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	change := func(f func(b *Box)) Sample {
		b := found(car(10, 0), 0.5)
		f(&b)
		return Sample{Token: "s", Predictions: []Box{found(car(10, 0), 0.5), b}}
	}
	many := Sample{Token: "s", Predictions: slices.Repeat([]Box{found(car(10, 0), 0.5)}, 501)}
	tests := []struct {
		name   string
		sample Sample
		want   string
	}{
		{"class", change(func(b *Box) { b.Class = "tram" }), `evaluate predictions: sample "s" box 1 field detection_name: unknown class "tram"`},
		{"position", change(func(b *Box) { b.Translation[2] = nan }), `sample "s" box 1 field translation: NaN m`},
		{"size", change(func(b *Box) { b.Size[0] = 0 }), `box 1 field size: 0 m`},
		{"size not finite", change(func(b *Box) { b.Size[1] = inf }), `box 1 field size: +Inf m`},
		{"rotation", change(func(b *Box) { b.Rotation = [4]float64{} }), `box 1 field rotation: the quaternion is zero`},
		{"rotation not finite", change(func(b *Box) { b.Rotation[3] = nan }), `box 1 field rotation: NaN`},
		{"velocity", change(func(b *Box) { b.Velocity[0] = -inf }), `box 1 field velocity: -Inf m/s`},
		{"score", change(func(b *Box) { b.Score = nan }), `box 1 field detection_score: NaN`},
		{"too many", many, `sample "s": more than 500 boxes`},
		{"ego", Sample{Token: "s", EgoTranslation: [3]float64{nan}}, `evaluate ground truth: sample "s" field ego_translation: NaN m`},
		{"rack", Sample{Token: "s", BikeRacks: []BikeRack{{Rotation: [4]float64{1}}}}, `sample "s" field bike_racks[0].size: 0 m`},
		{"ground truth", Sample{Token: "s", GroundTruth: []Box{{}}}, `evaluate ground truth: sample "s" box 0 field detection_name`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := EvaluateDetection([]Sample{tc.sample}, DetectionCVPR2019())
			var e *InputError
			if !errors.As(err, &e) || !strings.Contains(err.Error(), tc.want) || e.Cure == "" {
				t.Errorf("error = %v, want an InputError with %q and a cure", err, tc.want)
			}
		})
	}
	// What is unknown must pass: velocity on both sides, the score of ground truth.
	truth := car(10, 0)
	truth.Velocity, truth.Score = [2]float64{nan, nan}, nan
	evaluate(t, []Sample{{Token: "s", GroundTruth: []Box{truth}, Predictions: []Box{found(car(10, 0), 0.5)}}})
}

func TestConfigValidate(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(c *DetectionConfig)
		want  string
	}{
		{"classes", func(c *DetectionConfig) { c.Classes = nil }, "no classes"},
		{"doubled class", func(c *DetectionConfig) { c.Classes[1].Name = "car" }, `"car" is empty or given twice`},
		{"range", func(c *DetectionConfig) { c.Classes[0].RangeM = math.NaN() }, "class car: range NaN m"},
		{"period", func(c *DetectionConfig) { c.Classes[0].YawPeriodRad = 0 }, "class car: yaw period 0 rad"},
		{"undefined error", func(c *DetectionConfig) { c.Classes = c.Classes[8:9] }, "orient_err is defined for no class"},
		{"distance", func(c *DetectionConfig) { c.DistancesM[0] = 0 }, "distance 0 m"},
		{"error distance", func(c *DetectionConfig) { c.ErrorDistanceM = 3 }, "error distance 3 m"},
		{"recall", func(c *DetectionConfig) { c.MinRecall = 1 }, "minimum recall 1"},
		{"precision", func(c *DetectionConfig) { c.MinPrecision = 1 }, "minimum precision 1"},
		{"boxes", func(c *DetectionConfig) { c.MaxBoxesPerSample = 0 }, "at most 0 boxes"},
		{"weight", func(c *DetectionConfig) { c.MeanAPWeight = math.Inf(1) }, "mAP weight +Inf"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			c := DetectionCVPR2019()
			tc.spoil(&c)
			if _, err := EvaluateDetection(nil, c); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %v, want %q", err, tc.want)
			}
		})
	}
	c := DetectionCVPR2019()
	if err := c.Validate(); err != nil {
		t.Errorf("the benchmark's configuration: %v", err)
	}
}

// drawSamples makes n samples of the ten classes: noise, misses, false and doubled predictions, equal scores,
// unknown velocities, boxes out of range and without points. The same seed gives the same samples.
func drawSamples(n int, seed uint64) []Sample {
	rng := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // test data
	classes := DetectionCVPR2019().Classes
	samples := make([]Sample, n)
	for i := range samples {
		s := &samples[i]
		s.Token = fmt.Sprintf("s%d", i)
		s.EgoTranslation = [3]float64{600 + 5*float64(i), 900, 0}
		for range 40 {
			b := car(s.EgoTranslation[0]+80*rng.Float64()-40, s.EgoTranslation[1]+80*rng.Float64()-40)
			b.Class = classes[rng.IntN(len(classes))].Name
			b.Velocity = [2]float64{4 * rng.NormFloat64(), 4 * rng.NormFloat64()}
			b.NumPts = rng.IntN(20)
			s.GroundTruth = append(s.GroundTruth, b)
			for rng.Float64() < 0.6 {
				p := found(b, float64(rng.IntN(20))/20)
				p.Translation[0] += rng.NormFloat64()
				p.Translation[1] += rng.NormFloat64()
				p.Rotation = [4]float64{rng.NormFloat64(), 0, 0, rng.NormFloat64()}
				if rng.IntN(5) == 0 {
					p.Velocity[0] = math.NaN()
				}
				s.Predictions = append(s.Predictions, p)
			}
		}
	}
	return samples
}

// Relations that must hold whatever the boxes are.
func TestEvaluateRelations(t *testing.T) {
	samples := drawSamples(10, 7)
	base := evaluate(t, samples)
	if base.MeanAP <= 0 || base.MeanAP >= 1 || base.NDScore <= 0 || base.NDScore >= 1 {
		t.Fatalf("drawn samples have mAP %v, NDS %v: they test nothing", base.MeanAP, base.NDScore)
	}
	equal := func(name string, got, want DetectionResult) {
		t.Helper()
		if d := cmp.Diff(got, want, nearOption); d != "" {
			t.Errorf("%s changes the result (-got +want):\n%s", name, d)
		}
	}
	equal("a second run", evaluate(t, samples), base)

	ap := func(r DetectionResult) (out []float64) {
		for _, c := range r.Classes {
			out = append(out, c.APs...)
		}
		return out
	}
	rescored := clone(samples)
	for i := range rescored {
		for j := range rescored[i].Predictions {
			p := &rescored[i].Predictions[j]
			p.Score = math.Exp(p.Score)
		}
	}
	if d := cmp.Diff(ap(evaluate(t, rescored)), ap(base), nearOption); d != "" {
		t.Errorf("AP depends on more than the order of scores (-got +want):\n%s", d)
	}

	truthfully := clone(samples)
	for i := range truthfully {
		s := &truthfully[i]
		s.Predictions = nil
		for _, b := range s.GroundTruth {
			if b.NumPts > 0 {
				s.Predictions = append(s.Predictions, found(b, 0.5))
			}
		}
	}
	if r := evaluate(t, truthfully); !near(r.MeanAP, 1) || !near(r.NDScore, 1) {
		t.Errorf("ground truth as prediction has mAP %v, NDS %v, want 1, 1", r.MeanAP, r.NDScore)
	}
}

func clone(samples []Sample) []Sample {
	out := slices.Clone(samples)
	for i := range out {
		out[i].GroundTruth = slices.Clone(out[i].GroundTruth)
		out[i].Predictions = slices.Clone(out[i].Predictions)
	}
	return out
}

func BenchmarkEvaluateDetection(b *testing.B) {
	samples := drawSamples(40, 1)
	c := DetectionCVPR2019()
	boxes := 0
	for i := range samples {
		boxes += len(samples[i].GroundTruth) + len(samples[i].Predictions)
	}
	b.ReportAllocs()
	b.ReportMetric(float64(boxes), "boxes/op")
	for b.Loop() {
		if _, err := EvaluateDetection(samples, c); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteDetectionTable(b *testing.B) {
	r := evaluate(b, drawSamples(40, 1))
	b.ReportAllocs()
	for b.Loop() {
		if err := WriteDetectionTable(io.Discard, r); err != nil {
			b.Fatal(err)
		}
	}
}
