package encoders

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sensors/camera"
)

// view has a focal length of half its width: 90 degrees. Its middle, counted from the edge, is at column 128 and row 40.
var view = camera.View{Width: 256, Height: 96, Fx: 128, Fy: 128, Cx: 127.5, Cy: 39.5}

// looking is a camera 0.8 m above the ego origin, the height at which TriBEV lifts, that looks along yaw.
func looking(yaw float64) LiftCamera {
	// x right, y down, z forward: maps ego x to z, ego y to -x, ego z to -y.
	forward := sensors.Pose{Rotation: quat.Number{Real: 0.5, Imag: 0.5, Jmag: -0.5, Kmag: 0.5}}
	return LiftCamera{Present: true, View: view, CameraFromEgo: forward.Mul(sensors.FromYaw(yaw, r3.Vec{Z: 0.8}).Inverse())}
}

// reading is what a cell reads of tables whose rows hold their own slot, column and bin: where the taps stand, weighted.
func (t *LiftTable) reading(row, col int) (weight, slot, column, bin float64) {
	bins := t.camera.Depth.Bins
	for k := range LiftTaps {
		at := (row*t.grid.Tokens+col)*LiftTaps + k
		w, i := float64(t.Weight[at]), int(t.Index[at])
		weight += w
		slot += w * float64(i/t.rows)
		column += w * float64(i%t.rows/bins)
		bin += w * float64(i%bins)
	}
	return weight, slot, column, bin
}

func tribevLift() *LiftTable {
	p := TriBEV()
	return NewLiftTable(p.BEV(), p.Encoders.Camera)
}

// TestLiftPlaces projects cells by hand. Cell (row, col) has its middle at x = 1.6 row - 50.4, y = 1.6 col - 50.4. Ahead of a camera
// that looks forward, the column is (128 - 128 y/x)/8 - 1/2 of 32 and the bin 32 ln(x/2)/ln(45) - 1/2.
func TestLiftPlaces(t *testing.T) {
	tests := []struct {
		name        string
		row, col    int
		column, bin float64
	}{
		{"ahead, a little right: x 10.4, y -0.8", 38, 31, 16.7308, 13.3591},
		{"left at 45 degrees and a little less: x 10.4, y 8.8", 38, 37, 1.9615, 13.3591},
		{"right: x 24.8, y -13.6", 47, 23, 24.2742, 20.6646},
		{"far: x 50.4, y 0.8", 63, 32, 15.2460, 26.6259},
		{"near: x 2.4, y 0.8", 33, 32, 10.1667, 1.0327},
	}
	lift := tribevLift()
	lift.Build([]LiftCamera{looking(0)})
	for _, tt := range tests {
		weight, slot, column, bin := lift.reading(tt.row, tt.col)
		// Weights are float32 and stand on columns and bins up to 32: 1e-5; the table above has four digits.
		if math.Abs(weight-1) > 1e-5 || slot != 0 || math.Abs(column-tt.column) > 1e-4 || math.Abs(bin-tt.bin) > 1e-4 {
			t.Errorf("%s: weight %g, slot %g, column %.4f, bin %.4f, want 1, 0, %.4f, %.4f", tt.name, weight, slot, column, bin, tt.column, tt.bin)
		}
		if got := lift.Slot[tt.row*64+tt.col]; got != 0 {
			t.Errorf("%s: camera %d, want 0", tt.name, got)
		}
	}
	unseen := []struct {
		name     string
		row, col int
	}{
		{"behind: x -10.4", 25, 31},
		{"left of the picture: x 10.4, y 12", 38, 39},
		{"nearer than 2 m: x 0.8", 32, 31},
	}
	for _, tt := range unseen {
		if weight, _, _, _ := lift.reading(tt.row, tt.col); weight != 0 || lift.Slot[tt.row*64+tt.col] != -1 {
			t.Errorf("%s: weight %g of camera %d, want none", tt.name, weight, lift.Slot[tt.row*64+tt.col])
		}
	}
}

// TestLiftDepthLimit: with a depth limit of 20 m nothing beyond is seen.
func TestLiftDepthLimit(t *testing.T) {
	p := TriBEV()
	p.Encoders.Camera.Depth.MaxM = 20
	lift := NewLiftTable(p.BEV(), p.Encoders.Camera)
	lift.Build([]LiftCamera{looking(0)})
	if in, out := lift.Slot[43*64+31], lift.Slot[44*64+31]; in != 0 || out != -1 { // x 18.4 and 20.0
		t.Errorf("cameras %d at 18.4 m and %d at 20 m, want 0 and -1", in, out)
	}
}

// TestLiftFocal: through a lens twice as long, a thing at twice the distance is read where the first lens shows the thing itself.
func TestLiftFocal(t *testing.T) {
	short, long := tribevLift(), tribevLift()
	c := looking(0)
	short.Build([]LiftCamera{c})
	c.View.Fx, c.View.Fy = 2*c.View.Fx, 2*c.View.Fy
	long.Build([]LiftCamera{c})
	for _, x := range []int{2, 5, 10} { // cells whose middles are 0.8 (2 x + 1) m ahead
		_, _, _, bin := short.reading(32+x, 31)
		d := TriBEV().Encoders.Camera.Depth
		near := 0.8 * float64(2*x+1)
		if place, inside := d.Place(2*near, 2*view.Fx); !inside || math.Abs(place-0.5-bin) > 1e-4 {
			t.Errorf("%g m through the long lens: bin %g, want %g", 2*near, place-0.5, bin)
		}
		_, _, _, got := long.reading(32+x, 31)
		if want, inside := d.Place(near/2, view.Fx); inside && math.Abs(got-(want-0.5)) > 1e-4 {
			t.Errorf("%g m through the long lens: bin %g, want %g", near, got, want-0.5)
		}
	}
}

// TestLiftEdges: at the rim of the picture taps that fall off it weigh nothing; the rest keep their weights.
func TestLiftEdges(t *testing.T) {
	lift := tribevLift()
	lift.Build([]LiftCamera{looking(0)})
	for cell := range 64 * 64 {
		weight, _, _, _ := lift.reading(cell/64, cell%64)
		switch seen := lift.Slot[cell] == 0; {
		case seen && !(weight > 0.2 && weight < 1+1e-5): // two rims at once: a quarter
			t.Fatalf("cell %d, %d: weights add up to %g", cell/64, cell%64, weight)
		case !seen && weight != 0:
			t.Fatalf("cell %d, %d that no camera sees: weights add up to %g", cell/64, cell%64, weight)
		}
		for k := range LiftTaps {
			if i := lift.Index[cell*LiftTaps+k]; i < 0 || i >= int64(lift.rows) {
				t.Fatalf("cell %d, %d reads row %d of %d", cell/64, cell%64, i, lift.rows)
			}
		}
	}
}

// TestLiftCameras: of two cameras that see a cell the one whose middle is nearer is read; an absent one is not, and its slot stays.
func TestLiftCameras(t *testing.T) {
	left, right := looking(math.Pi/6), looking(-math.Pi/6)
	away := left
	away.Present = false
	ahead := 38*64 + 31 // x 10.4, y -0.8: nearer to the right camera's middle
	side := 38*64 + 44  // x 10.4, y 20: only the left camera sees it
	tests := []struct {
		name        string
		cameras     []LiftCamera
		ahead, side int8
	}{
		{"both", []LiftCamera{left, right}, 1, 0},
		{"other order", []LiftCamera{right, left}, 0, 1},
		{"left absent", []LiftCamera{away, right}, 1, -1},
		{"right absent", []LiftCamera{left, {}}, 0, 0},
		{"all absent", []LiftCamera{away, {}}, -1, -1},
		{"none", nil, -1, -1},
	}
	lift := tribevLift() // one table for all: nothing of the case before may stay
	for _, tt := range tests {
		lift.Build(tt.cameras)
		if got := [2]int8{lift.Slot[ahead], lift.Slot[side]}; got != [2]int8{tt.ahead, tt.side} {
			t.Errorf("%s: cameras %v, want %d and %d", tt.name, got, tt.ahead, tt.side)
		}
		for cell, slot := range lift.Slot {
			weight, read, _, _ := lift.reading(cell/64, cell%64)
			if (slot < 0) != (weight == 0) || (slot >= 0 && math.Abs(read/weight-float64(slot)) > 1e-5) {
				t.Fatalf("%s: cell %d of camera %d reads weight %g of slot %g", tt.name, cell, slot, weight, read/weight)
			}
		}
		fresh := tribevLift()
		fresh.Build(tt.cameras)
		if !slices.Equal(lift.Index, fresh.Index) || !slices.Equal(lift.Weight, fresh.Weight) || !slices.Equal(lift.Slot, fresh.Slot) {
			t.Errorf("%s: a table that was used before differs from a new one", tt.name)
		}
	}
}

// TestLiftEgoMotion: the ego drove 4.8 m, three cells, since the exposure: what is read moves by three cells.
func TestLiftEgoMotion(t *testing.T) {
	still, moved := tribevLift(), tribevLift()
	still.Build([]LiftCamera{looking(0)})
	c := looking(0)
	c.CameraFromEgo = c.CameraFromEgo.Mul(sensors.FromYaw(0, r3.Vec{X: 4.8})) // exposureFromSet
	moved.Build([]LiftCamera{c})
	for _, row := range []int{38, 45, 60} {
		_, _, column, bin := moved.reading(row-3, 35)
		_, _, wantColumn, wantBin := still.reading(row, 35)
		if math.Abs(column-wantColumn) > 1e-4 || math.Abs(bin-wantBin) > 1e-4 {
			t.Errorf("row %d: column %g, bin %g, want %g, %g", row, column, bin, wantColumn, wantBin)
		}
	}
}

func TestLiftAllocates(t *testing.T) {
	lift, cameras := tribevLift(), []LiftCamera{looking(0), {}, looking(2)}
	if got := testing.AllocsPerRun(10, func() { lift.Build(cameras) }); got != 0 {
		t.Errorf("%g allocations, want 0", got)
	}
}

// TestDepthTarget projects points by hand into blocks of 8 by 8 pixels; of two in a block the nearer counts.
func TestDepthTarget(t *testing.T) {
	spec := TriBEV().Encoders.Camera
	dst := make([]int8, 12*32)
	DepthTarget(dst, spec, view, looking(0).CameraFromEgo, []sensors.Point{
		{X: 20, Y: -0.1, Z: 0.7},   // column 128.6/8 = 16.1, row 40.6/8 = 5.1, bin 32 ln(10)/ln(45) = 19.36
		{X: 10, Y: -0.1, Z: 0.75},  // the same block, bin 13.53
		{X: 30, Y: -0.1, Z: 0.75},  // the same block, farther: does not count
		{X: 10, Y: 5, Z: 1.8},      // column (128-64)/8 = 8, row (40-12.8)/8 = 3.4
		{X: 1.9, Y: 0, Z: 0.8},     // nearer than 2 m
		{X: 90.1, Y: 0, Z: 0.8},    // farther than 90 m
		{X: -10, Y: 0, Z: 0.8},     // behind
		{X: 10, Y: 10.1, Z: 0.8},   // left of the picture
		{X: 10, Y: 0, Z: 0.8 + 10}, // above it
	})
	want := map[int]int8{5*32 + 16: 13, 3*32 + 8: 13}
	for i, got := range dst {
		if w, ok := want[i]; got != w && (ok || got != -1) {
			t.Errorf("block %d, %d: bin %d, want %d", i/32, i%32, got, w)
		}
	}
}

func BenchmarkLift(b *testing.B) {
	lift := tribevLift()
	var cameras []LiftCamera
	for k := range 6 {
		cameras = append(cameras, looking(float64(k)*math.Pi/3))
	}
	b.ReportAllocs()
	for b.Loop() {
		lift.Build(cameras)
	}
}
