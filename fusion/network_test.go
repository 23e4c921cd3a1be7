package fusion

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/internal/onnx"
	"github.com/fusiond/fusiond/internal/onnx/onnxtest"
	"github.com/fusiond/fusiond/sensors"
)

// openShipped opens the shipped package; without ONNX Runtime the test is skipped.
func openShipped(t *testing.T) (*onnx.Runtime, *encoders.Package) {
	t.Helper()
	rt := onnxtest.Open(t)
	p, err := encoders.LoadPackage("../models/tribev")
	if err != nil {
		t.Fatal(err)
	}
	return rt, p
}

func closed(t *testing.T, c interface{ Close() error }) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

var cpu = encoders.Options{Provider: onnx.Provider{Kind: onnx.CPU}}

// noisy hands out tokens of random numbers from an encoder's pool.
func noisy(t *testing.T, pool *encoders.Pool, rng *rand.Rand) *encoders.Tokens {
	t.Helper()
	x, err := pool.Get()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pool.Put(x); err != nil {
			t.Error(err)
		}
	})
	data, err := x.Host(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		data[i] = float32(rng.NormFloat64())
	}
	return x
}

// madeInput has tokens of every modality: a lidar, a radar and the cameras of slots 1 and 4 of six.
func madeInput(t *testing.T, rt *onnx.Runtime, p *encoders.Package) *Input {
	t.Helper()
	lidar, err := encoders.NewLidarEncoder(rt, p, cpu)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, lidar) })
	radar, err := encoders.NewRadarEncoder(rt, p, cpu)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, radar) })
	cam, err := encoders.NewCameraEncoder(rt, p, cpu)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, cam) })
	rng := rand.New(rand.NewPCG(7, 7)) //nolint:gosec // repeatable on purpose
	in := &Input{
		Lidar: noisy(t, lidar.Pool(), rng), Radar: noisy(t, radar.Pool(), rng), Tables: make([]*encoders.Tokens, 6),
		Lift:        encoders.NewLiftTable(p.BEV(), p.Encoders.Camera),
		Reliability: [3]float32{1, 0.8, 0.9}, AgeS: [3]float32{0, 0.02, 0.04},
	}
	in.Tables[1], in.Tables[4] = noisy(t, cam.Pool(), rng), noisy(t, cam.Pool(), rng)
	return in
}

// subset returns the input with the modalities of the bits of k alone (1 lidar, 2 radar, 4 camera).
func subset(in *Input, k int) *Input {
	out := *in
	cameras := make([]encoders.LiftCamera, 6)
	if k&1 == 0 {
		out.Lidar = nil
	}
	if k&2 == 0 {
		out.Radar = nil
	}
	if k&4 == 0 {
		out.Tables = make([]*encoders.Tokens, 6)
	} else {
		for slot, yaw := range map[int]float64{1: 0, 4: math.Pi} {
			forward := sensors.FromYaw(yaw, r3.Vec{})
			egoFromCamera := sensors.Pose{Rotation: quat.Number{Real: 0.5, Imag: -0.5, Jmag: 0.5, Kmag: -0.5}}
			c := encoders.LiftCamera{Present: true, CameraFromEgo: forward.Mul(egoFromCamera).Inverse()}
			v := &c.View
			v.Width, v.Height, v.Fx, v.Fy, v.Cx, v.Cy = 256, 96, 128, 128, 127.5, 39.5
			cameras[slot] = c
		}
	}
	out.Lift.Build(cameras)
	return &out
}

// bits are an output's values as bits, so that nothing is equal that differs.
func bits(o *Output) (out []uint32) {
	for _, part := range [][]float32{o.Heat, o.Reg, o.Mass, o.Attention} {
		for _, v := range part {
			out = append(out, math.Float32bits(v))
		}
	}
	return out
}

// TestSubsets: every subset of the modalities, with both fusers, has a finite answer that rests on what is present alone. Whatever
// stands in the buffers of absent modalities and of absent cameras, and in their reliability and age, no bit changes.
func TestSubsets(t *testing.T) {
	rt, p := openShipped(t)
	whole := madeInput(t, rt, p)
	for _, name := range []string{"attention", "early"} {
		s, err := NewStrategy(rt, p, name, cpu)
		if err != nil {
			t.Fatal(err)
		}
		n := s.(*network) //nolint:forcetypeassert // made by this package
		answers := map[int][]uint32{}
		for k := 1; k < 8; k++ {
			in := subset(whole, k)
			fuse := func() []uint32 {
				t.Helper()
				out, err := s.Fuse(t.Context(), in)
				if err != nil {
					t.Fatal(err)
				}
				return bits(out)
			}
			want := fuse()
			answers[k] = want
			// Each cell's attention adds up to 1 where anything present sees it: a lidar and a radar see all, the cameras some.
			covered := 1.0
			if k == 4 {
				unseen := 0
				for _, slot := range in.Lift.Slot {
					if slot < 0 {
						unseen++
					}
				}
				covered -= float64(unseen) / float64(len(in.Lift.Slot))
			}
			checkOutput(t, name, k, &n.out, covered)
			for _, junk := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 1e30, -3} {
				for m, buffer := range [][]float32{n.lidar.Data(), n.radar.Data()} {
					if k>>m&1 == 0 {
						fill(buffer, junk)
					}
				}
				table := n.table.Data()
				rows := len(table) / 6
				for slot := range 6 {
					if in.Tables[slot] == nil {
						fill(table[slot*rows:(slot+1)*rows], junk)
					}
				}
				for m := range 3 {
					if k>>m&1 == 0 {
						in.Reliability[m], in.AgeS[m] = junk, junk
					}
				}
				if !slices.Equal(fuse(), want) {
					t.Errorf("%s, subset %d: %g in what is absent changes the output", name, k, junk)
				}
			}
		}
		for k := 1; k < 8; k++ {
			for j := 1; j < k; j++ {
				if slices.Equal(answers[k], answers[j]) {
					t.Errorf("%s: subsets %d and %d have the same answer", name, k, j)
				}
			}
		}
		if s.Name() != name {
			t.Errorf("strategy %q calls itself %q", name, s.Name())
		}
		closed(t, s)
	}
}

func fill(data []float32, v float32) {
	for i := range data {
		data[i] = v
	}
}

// checkOutput wants finite values, heat within 0..1, and mass on the modalities present alone that adds up to covered.
func checkOutput(t *testing.T, name string, k int, o *Output, covered float64) {
	t.Helper()
	for _, part := range [][]float32{o.Heat, o.Reg, o.Mass, o.Attention} {
		for _, v := range part {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				t.Fatalf("%s, subset %d: a value of the output is %g", name, k, v)
			}
		}
	}
	if low, high := slices.Min(o.Heat), slices.Max(o.Heat); low < 0 || high > 1 {
		t.Errorf("%s, subset %d: heat from %g to %g", name, k, low, high)
	}
	sum := float32(0)
	for m, mass := range o.Mass {
		sum += mass
		if present := k>>m&1 == 1; !present && mass != 0 || mass < 0 {
			t.Errorf("%s, subset %d: mass %v", name, k, o.Mass)
		}
	}
	if math.Abs(float64(sum)-covered) > 1e-4 { // means over 4096 cells in float32
		t.Errorf("%s, subset %d: mass %v adds up to %g, want %g", name, k, o.Mass, sum, covered)
	}
}

// TestCameraLeaves: a camera in slot 0, which is also what cells that nobody sees read with weight 0, dies after it sent nonsense.
// Nothing of it may stay.
func TestCameraLeaves(t *testing.T) {
	rt, p := openShipped(t)
	in := subset(madeInput(t, rt, p), 4)
	s, err := NewStrategy(rt, p, "attention", cpu)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)
	fuse := func() []uint32 {
		t.Helper()
		out, err := s.Fuse(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return bits(out)
	}
	want := fuse()
	in.Tables[0] = in.Tables[1]
	fuse()
	in.Tables[0] = nil
	n := s.(*network) //nolint:forcetypeassert // made by this package
	table := n.table.Data()
	fill(table[:len(table)/6], float32(math.NaN()))
	if got := fuse(); !slices.Equal(got, want) {
		t.Error("a camera that left changes the output")
	}
}

// TestFuseWarp: tokens of a sweep as old as the set and a warp by nothing give the same; a warp by one cell moves the answer.
func TestFuseWarp(t *testing.T) {
	rt, p := openShipped(t)
	in := subset(madeInput(t, rt, p), 1)
	s, err := NewStrategy(rt, p, "attention", cpu)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)
	heat := func(setFromSweep *sensors.Pose) []float32 {
		t.Helper()
		in.SetFromSweep = setFromSweep
		out, err := s.Fuse(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(out.Heat)
	}
	worst := func(got, want []float32) (d float64) {
		for i := range got {
			d = math.Max(d, math.Abs(float64(got[i]-want[i])))
		}
		return d
	}
	moved := sensors.Identity
	moved.Translation.X = p.BEV().TokenM()
	want := heat(nil)
	if d := worst(heat(&sensors.Identity), want); d > 1e-6 {
		t.Errorf("a warp by nothing changes heat by %g", d)
	}
	if d := worst(heat(&moved), want); d < 1e-3 {
		t.Errorf("a warp by one cell changes heat by %g only", d)
	}
	if d := worst(heat(nil), want); d != 0 {
		t.Errorf("after other sets the same input gives heat that differs by %g", d)
	}
}

func TestStrategyErrors(t *testing.T) {
	rt, p := openShipped(t)
	_, err := NewStrategy(rt, p, "none", cpu)
	if want := `fusion strategy "none": the model package ../models/tribev has attention, early, hybrid, late: choose one of them`; err == nil || err.Error() != want {
		t.Errorf("got error %v, want %q", err, want)
	}
	in := subset(madeInput(t, rt, p), 7)
	s, err := NewStrategy(rt, p, "early", cpu)
	if err != nil {
		t.Fatal(err)
	}
	in.Tables = append(in.Tables, in.Tables[1])
	if _, err := s.Fuse(t.Context(), in); err == nil || !strings.Contains(err.Error(), "fuse with early: 7 camera tables, want at most the model's 6 slots") {
		t.Errorf("a camera too many: got error %v", err)
	}
	closed(t, s)
	in.Tables = in.Tables[:6]
	if _, err := s.Fuse(t.Context(), in); err == nil {
		t.Error("a closed strategy fused")
	}
}
