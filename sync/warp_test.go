package timesync

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

const warpCells, warpCellM = 64, 1.6

func noise(n int) []float32 {
	rng := rand.New(rand.NewPCG(5, 5))
	v := make([]float32, n)
	for i := range v {
		v[i] = rng.Float32() - 0.5
	}
	return v
}

func TestWarpIdentityIsExact(t *testing.T) {
	src := noise(3 * warpCells * warpCells)
	dst := make([]float32, len(src))
	Warp(dst, src, 3, warpCells, warpCellM, sensors.Identity)
	for i := range src {
		if dst[i] != src[i] {
			t.Fatalf("cell %d: got %v, want %v", i, dst[i], src[i])
		}
	}
}

// The vehicle drove forward by whole cells: everything moves back by as many rows, and nothing comes in at the front.
func TestWarpForward(t *testing.T) {
	src := noise(2 * warpCells * warpCells)
	dst := make([]float32, len(src))
	newFromOld := sensors.FromYaw(0, r3.Vec{X: -3 * warpCellM})
	Warp(dst, src, 2, warpCells, warpCellM, newFromOld)
	for c := range 2 {
		for i := range warpCells {
			for j := range warpCells {
				got, want := dst[(c*warpCells+i)*warpCells+j], float32(0)
				if i+3 < warpCells {
					want = src[(c*warpCells+i+3)*warpCells+j]
				}
				if math.Abs(float64(got-want)) > 1e-6 {
					t.Fatalf("channel %d cell (%d, %d): got %v, want %v", c, i, j, got, want)
				}
			}
		}
	}
}

// A quarter turn to the left: what was ahead is now on the right (-y).
func TestWarpQuarterTurn(t *testing.T) {
	src := make([]float32, warpCells*warpCells)
	dst := make([]float32, len(src))
	src[50*warpCells+32] = 1 // x = +29.6 m, y = +0.8 m
	newFromOld := sensors.FromYaw(-math.Pi/2, r3.Vec{})
	Warp(dst, src, 1, warpCells, warpCellM, newFromOld)
	mask := make([]bool, len(src))
	valid := make([]bool, len(src))
	valid[50*warpCells+32] = true
	WarpMask(mask, valid, warpCells, warpCellM, newFromOld)
	for i := range warpCells {
		for j := range warpCells {
			at := i*warpCells + j // want x = +0.8 m, y = -29.6 m
			want := i == 32 && j == 13
			if math.Abs(float64(dst[at])-map[bool]float64{true: 1}[want]) > 1e-5 || mask[at] != want {
				t.Errorf("cell (%d, %d): got %v and mask %v, want %v", i, j, dst[at], mask[at], want)
			}
		}
	}
}

// A plane stays a plane under any motion (bilinear interpolation is exact for it), up to the border, where it fades to zero.
func TestWarpPlane(t *testing.T) {
	src := make([]float32, warpCells*warpCells)
	mask, moved := make([]bool, len(src)), make([]bool, len(src))
	centre := func(i int) float64 { return (float64(i) + 0.5 - warpCells/2) * warpCellM }
	for i := range warpCells {
		for j := range warpCells {
			src[i*warpCells+j] = float32(2 + 0.1*centre(i) - 0.05*centre(j))
			mask[i*warpCells+j] = true
		}
	}
	newFromOld := sensors.FromYaw(0.4, r3.Vec{X: -2.3, Y: 0.7})
	dst := make([]float32, len(src))
	Warp(dst, src, 1, warpCells, warpCellM, newFromOld)
	WarpMask(moved, mask, warpCells, warpCellM, newFromOld)
	inside, half := 0, warpCells/2*warpCellM
	for i := range warpCells {
		for j := range warpCells {
			p := newFromOld.Inverse().Apply(r3.Vec{X: centre(i), Y: centre(j)})
			edge := max(math.Abs(p.X), math.Abs(p.Y)) // distance from the centre of the old grid
			got := dst[i*warpCells+j]
			want := float32(2 + 0.1*p.X - 0.05*p.Y)
			switch {
			case edge < half-warpCellM:
				inside++
				if math.Abs(float64(got-want)) > 1e-4 {
					t.Fatalf("cell (%d, %d): got %v, want %v", i, j, got, want)
				}
			case edge > half+warpCellM/2 && got != 0:
				t.Fatalf("cell (%d, %d) is outside: got %v, want 0", i, j, got)
			}
			if want := edge < half; math.Abs(edge-half) > 1e-6 && moved[i*warpCells+j] != want {
				t.Fatalf("mask (%d, %d): got %v, want %v", i, j, moved[i*warpCells+j], want)
			}
		}
	}
	if inside < 2000 {
		t.Fatalf("only %d cells compared", inside)
	}
}

func TestWarpFarAway(t *testing.T) {
	src := noise(warpCells * warpCells)
	dst := noise(warpCells * warpCells)
	for _, p := range []sensors.Pose{
		sensors.FromYaw(0, r3.Vec{X: 1e6}), sensors.FromYaw(0, r3.Vec{X: math.NaN()}), sensors.FromYaw(0, r3.Vec{Y: math.Inf(1)}),
	} {
		Warp(dst, src, 1, warpCells, warpCellM, p)
		for i := range dst {
			if dst[i] != 0 {
				t.Fatalf("%+v: cell %d: got %v, want 0", p, i, dst[i])
			}
		}
	}
}

func TestWarpAllocatesNothing(t *testing.T) {
	src := noise(4 * warpCells * warpCells)
	dst := make([]float32, len(src))
	mask, moved := make([]uint8, warpCells*warpCells), make([]uint8, warpCells*warpCells)
	newFromOld := sensors.FromYaw(0.05, r3.Vec{X: -1})
	if got := testing.AllocsPerRun(20, func() {
		Warp(dst, src, 4, warpCells, warpCellM, newFromOld)
		WarpMask(moved, mask, warpCells, warpCellM, newFromOld)
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func BenchmarkWarp(b *testing.B) {
	src := noise(48 * 64 * 64)
	dst := make([]float32, len(src))
	newFromOld := sensors.FromYaw(0.02, r3.Vec{X: -0.55, Y: 0.1})
	b.ReportAllocs()
	b.SetBytes(int64(4 * len(src)))
	for b.Loop() {
		Warp(dst, src, 48, 64, warpCellM, newFromOld)
	}
}
