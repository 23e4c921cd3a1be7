package effect

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/timeline"
)

// TestLidarProperties: whatever the conditions, nothing becomes NaN, counts add up, returns stay in front of their targets.
func TestLidarProperties(t *testing.T) {
	lidar := NewLidar(LidarSpec{Beams: 64})
	rapid.Check(t, func(t *rapid.T) {
		c := drawConditions(t)
		n := rapid.IntRange(0, 200).Draw(t, "n")
		in := sweepOf(n)
		for i := range in {
			switch rapid.IntRange(0, 9).Draw(t, "kind") {
			case 0:
				in[i].Range = 0
			case 1:
				in[i].Range = float32(rapid.Float64Range(0.01, 1000).Draw(t, "range"))
			case 2:
				in[i].Intensity = float32(rapid.Float64Range(0, 1).Draw(t, "intensity"))
			}
		}
		scene := LidarScene{}
		if rapid.Bool().Draw(t, "plume") {
			p, _ := NewPlume([3]float32{5, 1, -1.5}, [2]float32{1, 0}, 25, 2, 1.6, 1)
			scene.Plumes = []Plume{p}
		}
		if rapid.Bool().Draw(t, "patchy") {
			scene.Field = NewFogField(chance.Of(5))
			scene.Field.At(10, 20, 0.5)
		}
		out := slices.Clone(in)
		counts := lidar.Prepare(&c, scene, lidarKey, rapid.Uint64().Draw(t, "sweep")).Apply(out, 0)
		empty := 0
		for i := range out {
			r := &out[i]
			if !finite32(r.Range, r.Intensity) || r.Range < 0 || r.Intensity < 0 || r.Intensity > 1 {
				t.Fatalf("return %d became %+v from %+v", i, *r, in[i])
			}
			if in[i].Range == 0 {
				empty++
			} else if r.Range > in[i].Range+0.5 {
				t.Fatalf("return %d moved from %g to %g m, behind its target", i, in[i].Range, r.Range)
			}
			if r.Fate == Lost && (r.Range != in[i].Range || r.Intensity != in[i].Intensity) {
				t.Fatalf("lost return %d changed", i)
			}
		}
		if counts.Kept+counts.Moved+counts.Lost != n-empty || counts.New+counts.None != empty {
			t.Fatalf("%+v of %d returns and %d empty beams", counts, n-empty, empty)
		}
	})
}

func finite32(v ...float32) bool {
	for _, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return false
		}
	}
	return true
}

// drawConditions draws weather and faults, each absent half of the time.
func drawConditions(t *rapid.T) timeline.Conditions {
	some := func(name string, most float64) float64 {
		if rapid.Bool().Draw(t, "has "+name) {
			return rapid.Float64Range(0, most).Draw(t, name)
		}
		return 0
	}
	return timeline.Conditions{
		Weather: timeline.Weather{
			FogPerM: some("fog", 2), RainMmH: some("rain", 200), SnowMmH: some("snow", 50), WetMm: some("wet", 5),
			Light: some("light", 1),
		},
		Fault: timeline.Fault{
			LostBeams: some("beams", 1), LostPoints: some("points", 1), FieldRad: some("field", 3.2), BlockedShare: some("blocked", 1),
			LensDrops: some("drops", 1), BlurPx: some("blur", 50), Glare: some("glare", 1), Darken: some("darken", 1),
			InterferenceDB: some("interference", 40),
		},
	}
}
