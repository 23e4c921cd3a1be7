package fusion

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func flat(x, y, l, w, yaw float64) Detection {
	return Detection{X: x, Y: y, Length: l, Width: w, Yaw: yaw}
}

func TestOverlapIoU(t *testing.T) {
	octagon := 8 * (math.Sqrt2 - 1) // of a square of side 2 with itself turned by 45 degrees
	tests := []struct {
		name string
		a, b Detection
		want float64
	}{
		{"same", flat(1, 2, 4, 2, 0.3), flat(1, 2, 4, 2, 0.3), 1},
		{"turned by half", flat(1, 2, 4, 2, 0.3), flat(1, 2, 4, 2, 0.3+math.Pi), 1},
		{"half along", flat(0, 0, 4, 2, 0), flat(2, 0, 4, 2, 0), 1.0 / 3},
		{"half along, both turned", flat(0, 0, 4, 2, math.Pi/4), flat(math.Sqrt2, math.Sqrt2, 4, 2, math.Pi/4), 1.0 / 3},
		{"crossed", flat(0, 0, 4, 2, 0), flat(0, 0, 4, 2, math.Pi/2), 4.0 / 12},
		{"apart", flat(0, 0, 4, 2, 0), flat(4.1, 0, 4, 2, 0), 0},
		{"far apart", flat(0, 0, 4, 2, 0), flat(40, 0, 4, 2, 0), 0},
		{"touching along a side", flat(0, 0, 4, 2, 0), flat(4, 0, 4, 2, 0), 0},
		{"touching at a corner", flat(0, 0, 4, 2, 0), flat(4, 2, 4, 2, 0), 0},
		{"inside", flat(0, 0, 4, 4, 0), flat(0, 0, 2, 2, 0), 0.25},
		{"inside, turned", flat(0, 0, 4, 4, 0), flat(0.2, -0.3, 1, 1, 0.7), 1.0 / 16},
		{"octagon", flat(0, 0, 2, 2, 0), flat(0, 0, 2, 2, math.Pi/4), octagon / (8 - octagon)},
		// A square of side 2 and a diamond whose half diagonal is sqrt 2, centred on the square's corner: a quarter of the diamond, 1.
		{"diamond on a corner", flat(0, 0, 2, 2, 0), flat(1, 1, 2, 2, math.Pi/4), 1.0 / 7},
		{"a line has no area", flat(0, 0, 4, 0, 0), flat(0, 0, 4, 2, 0), 0},
		{"two points", flat(0, 0, 0, 0, 0), flat(0, 0, 0, 0, 0), 0},
	}
	for _, tt := range tests {
		for _, pair := range [][2]Detection{{tt.a, tt.b}, {tt.b, tt.a}} {
			if got := OverlapIoU(&pair[0], &pair[1]); math.Abs(got-tt.want) > 1e-12 {
				t.Errorf("%s: got %g, want %g", tt.name, got, tt.want)
			}
		}
	}
}

// TestOverlapProperties: in 0..1, symmetric, and unchanged when both boxes are moved and turned together.
func TestOverlapProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side, place, angle := rapid.Float64Range(0.1, 20), rapid.Float64Range(-10, 10), rapid.Float64Range(-math.Pi, math.Pi)
		box := func(name string) Detection {
			return flat(place.Draw(t, name+" x"), place.Draw(t, name+" y"), side.Draw(t, name+" length"), side.Draw(t, name+" width"), angle.Draw(t, name+" yaw"))
		}
		a, b := box("a"), box("b")
		iou := OverlapIoU(&a, &b)
		if !(iou >= 0 && iou <= 1+1e-12) {
			t.Fatalf("overlap %g", iou)
		}
		if other := OverlapIoU(&b, &a); math.Abs(other-iou) > 1e-9 {
			t.Fatalf("overlap %g one way and %g the other", iou, other)
		}
		turn, dx, dy := angle.Draw(t, "turn"), place.Draw(t, "dx"), place.Draw(t, "dy")
		s, c := math.Sincos(turn)
		move := func(d Detection) Detection {
			return flat(d.X*c-d.Y*s+dx, d.X*s+d.Y*c+dy, d.Length, d.Width, d.Yaw+turn)
		}
		ma, mb := move(a), move(b)
		if moved := OverlapIoU(&ma, &mb); math.Abs(moved-iou) > 1e-9 {
			t.Fatalf("overlap %g, after moving both %g", iou, moved)
		}
	})
}

func TestSuppress(t *testing.T) {
	const truck, digger, car = 0, 1, 2
	groups := ClassGroups([]string{"truck", "construction_vehicle", "car"})
	big := func(class int, score, x float64) Detection {
		return Detection{Class: class, Score: score, X: x, Length: 8, Width: 2}
	}
	tests := []struct {
		name string
		dets []Detection
		keep []float64 // scores
	}{
		{"nothing", nil, nil},
		{"the same place twice", []Detection{big(truck, 0.9, 0), big(truck, 0.8, 0)}, []float64{0.9}},
		{"another class of the group", []Detection{big(truck, 0.9, 0), big(digger, 0.8, 0.5)}, []float64{0.9}},
		{"another group", []Detection{big(truck, 0.9, 0), big(car, 0.8, 0)}, []float64{0.9, 0.8}},
		{"touching", []Detection{big(car, 0.9, 0), big(car, 0.8, 8)}, []float64{0.9, 0.8}},
		// Shifted by d, boxes of 8 m overlap by (8-d)/(8+d): 0.2 at 5.33.
		{"just above the limit", []Detection{big(car, 0.9, 0), big(car, 0.8, 5.3)}, []float64{0.9}},
		{"just below the limit", []Detection{big(car, 0.9, 0), big(car, 0.8, 5.4)}, []float64{0.9, 0.8}},
		{"what is suppressed suppresses nothing", []Detection{big(car, 0.9, 0), big(car, 0.8, 4), big(car, 0.7, 8)}, []float64{0.9, 0.7}},
		{"equal scores: the first stays", []Detection{big(truck, 0.9, 0), big(digger, 0.9, 0)}, []float64{0.9}},
	}
	for _, tt := range tests {
		var got []float64
		for _, d := range Suppress(slices.Clone(tt.dets), groups, 0.2) {
			got = append(got, d.Score)
		}
		if !slices.Equal(got, tt.keep) {
			t.Errorf("%s: kept scores %v, want %v", tt.name, got, tt.keep)
		}
	}
	if got := Suppress([]Detection{big(truck, 0.9, 0), big(digger, 0.9, 0)}, groups, 0.2); got[0].Class != truck {
		t.Errorf("of equal scores class %d stayed, want the first, %d", got[0].Class, truck)
	}
}

// TestClassGroups: CenterPoint's tasks; classes that are none of nuScenes' ten compete with nothing but themselves.
func TestClassGroups(t *testing.T) {
	together := [][]string{{"truck", "construction_vehicle"}, {"bus", "trailer"}, {"motorcycle", "bicycle"}, {"pedestrian", "traffic_cone"}, {"car"}, {"barrier"}, {"deer"}, {"tram"}}
	var classes []string
	var want []int
	for i, group := range together {
		for _, c := range group {
			classes, want = append(classes, c), append(want, i)
		}
	}
	got := ClassGroups(classes)
	for i := range classes {
		for j := range classes {
			if (got[i] == got[j]) != (want[i] == want[j]) {
				t.Errorf("%s and %s: groups %d and %d, want the same: %t", classes[i], classes[j], got[i], got[j], want[i] == want[j])
			}
		}
	}
}

// BenchmarkSuppress of the most peaks that the decoder gives, a third of which go.
func BenchmarkSuppress(b *testing.B) {
	dets := make([]Detection, DefaultDecodeConfig().MaxPeaks)
	for i := range dets {
		dets[i] = Detection{Score: 1 - float64(i)/1000, X: float64(i%20) * 3, Y: float64(i/20) * 2.5, Length: 4.5, Width: 1.9, Yaw: float64(i)}
	}
	groups, work := []int{1}, make([]Detection, len(dets))
	b.ReportAllocs()
	for b.Loop() {
		copy(work, dets)
		Suppress(work, groups, 0.2)
	}
}
