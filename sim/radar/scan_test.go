package radar

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/spatial/r3"
	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/body"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/material"
	"github.com/fusiond/fusiond/sim/timeline"
)

// street is a made street with actors, furniture and house fronts.
func street(actors, posts int) *Moment {
	src := chance.New(5, "street")
	static := &geom.Mesh{}
	static.Block(geom.Vec{-50, -30, -1}, geom.Vec{200, 30, -0.5}, material.AsphaltWorn)
	m := empty()
	for i := range 20 {
		for _, side := range []float64{-1, 1} {
			x := -40 + 12*float64(i)
			y0, y1 := math.Min(side*14, side*20), math.Max(side*14, side*20)
			static.Block(geom.Vec{float32(x), float32(y0), -1}, geom.Vec{float32(x + 10), float32(y1), 8}, material.Brick)
			m.Mirrors = append(m.Mirrors, Mirror{
				Actor: -1, At: r3.Vec{X: x + 5, Y: side * 14, Z: 3.5}, Normal: r3.Vec{Y: -side}, Along: r3.Vec{X: 1}, HalfLength: 5, HalfHeight: 4, LossDB: 7,
			})
		}
	}
	classes := []string{"car", "car", "truck", "pedestrian", "bicycle", "car", "bus", "traffic_cone"}
	var in []geom.Instance
	for i := range actors {
		b := body.New(src, classes[i%len(classes)])
		yaw := math.Pi * float64(i%2)
		pose := sensors.FromYaw(yaw, r3.Vec{X: 5 + src.Between(0, 120), Y: 3.5 * (float64(i%7) - 3), Z: float64(b.Size[2])/2 - 0.5})
		in = append(in, geom.Instance{Solid: b.Solid, Start: pose, End: pose, Object: int32(i)})
		m.Targets = append(m.Targets, Target{
			ID: int32(i), WorldFromObject: pose, Velocity: pose.Rotate(r3.Vec{X: 10}), Size: b.Size, Scatterers: b.Scatterers,
		})
	}
	for range posts {
		m.Clutter = append(m.Clutter, Clutter{At: r3.Vec{X: src.Between(0, 150), Y: src.Between(-12, 12)}, RCSdBsm: -4})
	}
	m.Scene = geom.NewScene(geom.NewSolid(static), in)
	m.Velocity = r3.Vec{X: 12}
	return m
}

// TestSame: a scan is a function of moment and conditions, whatever was scanned before and whatever the order of the targets.
func TestSame(t *testing.T) {
	c := &timeline.Conditions{Weather: timeline.Weather{RainMmH: 10}, Fault: timeline.Fault{InterferenceDB: 6, BlockedShare: 0.1}}
	m := street(30, 100)
	fresh := func(index uint64) []Detection {
		m.Index = index
		return slices.Clone(make1(t, ARS408()).Scan(m, c))
	}
	r := make1(t, ARS408())
	var used []Detection
	for i := range uint64(6) {
		m.Index = i
		used = slices.Clone(r.Scan(m, c))
	}
	want := fresh(5)
	if d := cmp.Diff(want, used); d != "" {
		t.Errorf("scan 5 differs after scans 0 to 4 (-fresh +used):\n%s", d)
	}
	if len(want) < 40 {
		t.Errorf("%d detections in a street, want at least 40", len(want))
	}
	if d := cmp.Diff(want, fresh(6)); d == "" {
		t.Error("scans 5 and 6 are the same")
	}
	dry := func() []Detection { return slices.Clone(make1(t, ARS408()).Scan(m, &timeline.Conditions{})) }
	m.Index = 5
	before := dry()
	slices.Reverse(m.Targets)
	after := dry()
	// Ambiguity is drawn by place in the list, which the order of equal powers alone can change: none here.
	if d := cmp.Diff(before, after, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Source" }, cmp.Ignore())); d != "" {
		t.Errorf("scan differs when the targets are reversed (-want +got):\n%s", d)
	}
}

// TestMessage: what is sent is a valid scan for fusion, with the same numbers.
func TestMessage(t *testing.T) {
	for _, s := range []Spec{ARS408(), Imaging()} {
		r := make1(t, s)
		ds := r.Scan(street(30, 50), &timeline.Conditions{})
		msg := r.Message(ds)
		msg.Header = &fusionv1.Header{Stamp: 1_000_000_000, Sensor: "RADAR_FRONT"}
		raw, err := proto.Marshal(msg)
		if err != nil {
			t.Fatal(err)
		}
		scan, err := sensors.ParseRadarScan(raw, sensors.Meta{})
		if err != nil {
			t.Fatal(err)
		}
		if got := scan.MaxRangeRateMps; math.Abs(got-55.56) > 0.01 {
			t.Errorf("max range rate %.2f, want 55.56", got)
		}
		if len(scan.Detections) != len(ds) {
			t.Fatalf("%d detections, want %d", len(scan.Detections), len(ds))
		}
		for i, got := range scan.Detections {
			want := &ds[i]
			if r3.Norm(r3.Sub(got.Position, want.Position())) > 1e-3 || math.Abs(got.RangeRateMps-want.RangeRateMps) > 1e-4 ||
				math.Abs(got.SNRdB-want.SNRdB) > 1e-4 || math.Abs(got.RCSdBsm-want.RCSdBsm) > 1e-4 || got.Ambiguous != want.Ambiguous ||
				got.Invalid != want.Invalid || math.Abs(got.RangeSDM-want.RangeSDM) > 1e-4 || got.AzimuthSDRad <= 0 || got.RangeRateSDMps <= 0 {
				t.Errorf("detection %d: got %+v, want %+v", i, got, want)
			}
			if want.Fate == effect.Lost {
				t.Errorf("detection %d is lost in the clear", i)
			}
		}
	}
}

func TestValidate(t *testing.T) {
	for _, s := range []Spec{ARS408(), Imaging()} {
		if err := s.Validate(); err != nil {
			t.Errorf("got %v, want the defaults to be valid", err)
		}
	}
	for _, c := range []struct {
		name   string
		change func(*Spec)
	}{
		{"no waves", func(s *Spec) { s.Waves = nil }},
		{"false alarms", func(s *Spec) { s.FalseAlarm = 0 }},
		{"rates", func(s *Spec) { s.MinRateMps = 1 }},
		{"no detections", func(s *Spec) { s.MaxDetections = 0 }},
		{"more detections than a scan may have", func(s *Spec) { s.MaxDetections = 5000 }},
		{"share", func(s *Spec) { s.GhostShare = 1.1 }},
		{"not a number", func(s *Spec) { s.UnderShare = math.NaN() }},
		{"range", func(s *Spec) { s.Waves[1].MaxRangeM = 0.1 }},
		{"field", func(s *Spec) { s.Waves[0].HalfFieldRad = 2 }},
		{"edge", func(s *Spec) { s.Waves[1].EdgeRangeM = 101 }},
		{"cell", func(s *Spec) { s.Waves[0].RangeCellM = 0 }},
		{"no azimuth cell", func(s *Spec) { s.Waves[0].AzimuthCells = nil }},
		{"cells descend", func(s *Spec) { s.Waves[1].AzimuthCells[2].AtRad = 0.1 }},
		{"beam", func(s *Spec) { s.Waves[0].AzimuthBeamRad = 0 }},
		{"fold", func(s *Spec) { s.Waves[0].FoldMps = 0 }},
		{"reference", func(s *Spec) { s.Waves[0].RefSNRdB = math.NaN() }},
	} {
		s := ARS408()
		c.change(&s)
		if _, err := New(s); err == nil {
			t.Errorf("%s: no error", c.name)
		}
	}
}

func TestAllocations(t *testing.T) {
	r, m, c := make1(t, ARS408()), street(60, 300), &timeline.Conditions{}
	for i := range 20 {
		m.Index = uint64(i)
		r.Scan(m, c)
	}
	// A source for the false alarms of each waveform is two; growth of the lists beyond the cycles before may add one.
	if got := testing.AllocsPerRun(50, func() { m.Index++; r.Scan(m, c) }); got > 8 {
		t.Errorf("%.0f allocations a scan, want at most 8", got)
	}
}

func BenchmarkScan(b *testing.B) {
	r, m, c := make1(b, ARS408()), street(60, 300), &timeline.Conditions{}
	b.ReportAllocs()
	for b.Loop() {
		m.Index++
		r.Scan(m, c)
	}
	b.ReportMetric(float64(len(r.points)), "points")
}
