package fusion

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/sensors"
)

// stacked stands for the network of a late fuser: the maps of three heads.
type stacked struct{ out Output }

func (s *stacked) Name() string                                  { return LateStrategy }
func (s *stacked) Fuse(context.Context, *Input) (*Output, error) { return &s.out, nil }
func (s *stacked) Close() error                                  { return nil }

// lateCells is one map's size; the tests' package has three classes.
var lateCells = grid.Heads * grid.Heads

// latePackage is a package with a late fuser and a foreign member.
func latePackage() *encoders.Package {
	p := &encoders.Package{}
	p.Grid = encoders.GridSpec{RangeM: grid.RangeM, TokenCells: grid.Tokens, HeadCells: grid.Heads, Channels: grid.Channels}
	p.Classes = []string{"truck", "pedestrian", "car"}
	flat := func(w float64) map[string][]float64 {
		return map[string][]float64{"truck": {w, w}, "pedestrian": {w, w}, "car": {w, w}}
	}
	p.Fusers = map[string]encoders.FuserSpec{LateStrategy: {
		RangeM: []float64{20, 50}, Weights: map[string]map[string][]float64{"lidar": flat(1), "radar": flat(0.5), "camera": flat(0.4), "yolo": flat(0.2)},
	}}
	p.Members = []encoders.MemberSpec{{Name: "yolo", Classes: map[int]string{0: "pedestrian", 2: "car"}}}
	return p
}

// newStacked gives each head a car of its own score at the same place, and one that only it sees.
func newStacked() *stacked {
	s := &stacked{}
	s.out.Heat, s.out.Reg = make([]float32, 3*3*lateCells), make([]float32, 3*encoders.BoxChannels*lateCells)
	s.out.Mass, s.out.Attention = []float32{0.5, 0.2, 0.3}, make([]float32, 3*grid.Tokens*grid.Tokens)
	for m := range 3 {
		heat := s.out.Heat[m*3*lateCells:]
		at := 2*lateCells + 75*grid.Heads // row 75: x = 8.8 m
		heat[at+64], heat[at+80+10*m] = float32(0.8-0.2*float64(m)), 0.5
		reg := s.out.Reg[m*encoders.BoxChannels*lateCells:]
		for k := range lateCells {
			reg[3*lateCells+k] = float32(math.Log(4))
			reg[7*lateCells+k] = 1
		}
	}
	return s
}

func lateInput(k int) *Input {
	in := &Input{Tables: make([]*encoders.Tokens, 6), Reliability: [3]float32{1, 1, 1}}
	if k&1 != 0 {
		in.Lidar = &encoders.Tokens{}
	}
	if k&2 != 0 {
		in.Radar = &encoders.Tokens{}
	}
	if k&4 != 0 {
		in.Tables[3] = &encoders.Tokens{}
		in.Sightings = []Sighting{{Member: "yolo", Camera: ahead(), Boxes: []encoders.Box2D{{Class: 1, Score: 0.9, Left: 190, Top: 200, Right: 210, Bottom: 250}}}}
	}
	return in
}

// ahead is a camera 1.5 m above the road that looks along ego x: 400 x 400 pixels, the horizon in the middle.
func ahead() encoders.LiftCamera {
	egoFromCamera := sensors.Pose{Rotation: quat.Number{Real: 0.5, Imag: -0.5, Jmag: 0.5, Kmag: -0.5}, Translation: r3.Vec{Z: 1.5}}
	c := encoders.LiftCamera{Present: true, CameraFromEgo: egoFromCamera.Inverse()}
	c.View.Width, c.View.Height, c.View.Fx, c.View.Fy, c.View.Cx, c.View.Cy = 400, 400, 300, 300, 200, 200
	return c
}

// TestLateSubsets: every subset answers by what is present alone; junk in the maps of absent members, in their reliability and age, and
// sightings and points without a camera or lidar, change no bit.
func TestLateSubsets(t *testing.T) {
	p := latePackage()
	decide := func(s *stacked, in *Input) []Detection {
		t.Helper()
		l, err := newLate(s, p)
		if err != nil {
			t.Fatal(err)
		}
		out, err := l.Fuse(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range out.Heat {
			if !(v >= 0 && v <= 1) {
				t.Fatalf("heat of %g", v)
			}
		}
		return slices.Clone(NewDecoder(DefaultDecodeConfig(), grid, 3).Detections(out, ClassGroups(p.Classes)))
	}
	same := func(a, b Detection) bool {
		return alike(&a, &b, 0) && slices.Equal(a.Scores, b.Scores) && a.Row == b.Row && a.Col == b.Col
	}
	// Scores of the car that all see, and how many objects there are: one more for each member, and the pedestrian of the foreign one.
	score := map[int]float64{1: 0.8, 2: 0.6, 4: 0.4, 3: 1 - 0.2*(1-0.3), 5: 1 - 0.2*(1-0.16), 6: 1 - 0.4*(1-0.8*0.4), 7: 1 - 0.2*(1-0.3)*(1-0.16)}
	count := map[int]int{1: 2, 2: 2, 4: 3, 3: 3, 5: 4, 6: 4, 7: 5}
	for k := 1; k < 8; k++ {
		want := decide(newStacked(), lateInput(k))
		at := slices.IndexFunc(want, func(d Detection) bool { return d.Class == 2 && d.Col == 64 })
		if len(want) != count[k] || at < 0 || math.Abs(want[at].Score-score[k]) > 1e-6 {
			t.Errorf("subset %d: %d objects %+v\nwant %d, the car that all see with %g", k, len(want), want, count[k], score[k])
		}
		for _, junk := range []float32{float32(math.NaN()), float32(math.Inf(1)), 0.99, -7} {
			s, in := newStacked(), lateInput(k)
			for m := range 3 {
				if k>>m&1 == 1 {
					continue
				}
				fill(s.out.Heat[m*3*lateCells:(m+1)*3*lateCells], junk)
				fill(s.out.Reg[m*encoders.BoxChannels*lateCells:(m+1)*encoders.BoxChannels*lateCells], junk)
				in.Reliability[m], in.AgeS[m] = junk, junk
			}
			if k&4 == 0 {
				in.Sightings = lateInput(4).Sightings
			}
			if k&1 == 0 {
				in.Points = wall(9, -2, 2, 0.5, 2)
			}
			if got := decide(s, in); !slices.EqualFunc(got, want, same) {
				t.Errorf("subset %d: %g in what is absent changes the objects: got %+v\nwant %+v", k, junk, got, want)
			}
		}
		// Reliability 0 is the same as absent.
		for m := range 3 {
			if k>>m&1 == 0 || k == 1<<m {
				continue
			}
			in := lateInput(k)
			in.Reliability[m] = 0
			if got, want := decide(newStacked(), in), decide(newStacked(), lateInput(k&^(1<<m))); !slices.EqualFunc(got, want, same) {
				t.Errorf("subset %d with reliability 0 of %s: got %+v\nwant %+v", k, sensors.Modality(m), got, want)
			}
		}
	}
}

// TestLateDoubt: a member that is less reliable or older counts less against the others.
func TestLateDoubt(t *testing.T) {
	score := func(change func(in *Input)) float64 {
		t.Helper()
		l, err := newLate(newStacked(), latePackage())
		if err != nil {
			t.Fatal(err)
		}
		in := lateInput(3)
		change(in)
		out, err := l.Fuse(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return NewDecoder(DefaultDecodeConfig(), grid, 3).Detections(out, ClassGroups(latePackage().Classes))[0].Score
	}
	// The radar's 0.6 counts 0.5 * 0.5, or 0.5 * exp(-2 * 0.2); the lidar's 0.8 in full. A lidar of 0.25 counts half of the radar.
	for _, tt := range []struct {
		name   string
		change func(in *Input)
		want   float64
	}{
		{"reliability", func(in *Input) { in.Reliability[1] = 0.5 }, 1 - 0.2*(1-0.6*0.25)},
		{"age", func(in *Input) { in.AgeS[1] = 0.2 }, 1 - 0.2*(1-0.6*0.5*math.Exp(-0.4))},
		{"the better one turns worse", func(in *Input) { in.Reliability[0] = 0.25 }, 1 - 0.4*(1-0.8*0.5)},
	} {
		if got := score(tt.change); math.Abs(got-tt.want) > 1e-6 {
			t.Errorf("%s: score %g, want %g", tt.name, got, tt.want)
		}
	}
}

// TestLateShares: the shares of an object are its members' weights, split over radars and cameras as the attention is.
func TestLateShares(t *testing.T) {
	e := attention(0, 0, 0)
	d := Detection{Row: 64, Col: 64, By: [3]float64{0.5, 0.3, 0.2}}
	got := AppendShares(nil, e, grid, &d)
	want := []Share{
		{"TOP", sensors.Lidar, 0.5},
		{"R1", sensors.Radar, 0.15},
		{"R2", sensors.Radar, 0.15},
		{"A", sensors.Camera, 0.2 * 1.5 / 5},
		{"B", sensors.Camera, 0.2 * 3.5 / 5},
	}
	near := func(a, b Share) bool {
		return a.Sensor == b.Sensor && a.Modality == b.Modality && math.Abs(a.Share-b.Share) < 1e-12
	}
	if !slices.EqualFunc(got, want, near) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestLateErrors(t *testing.T) {
	p := latePackage()
	p.Classes[1] = "tram"
	p.Members[0].Classes[0] = "tram"
	if _, err := newLate(newStacked(), p); err == nil || !strings.Contains(err.Error(), `member yolo: no size is known for class "tram"`) {
		t.Errorf("a class without size: got %v", err)
	}
	s := newStacked()
	s.out.Heat = s.out.Heat[:3*lateCells] // of a network with one head
	l, err := newLate(s, latePackage())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Fuse(t.Context(), lateInput(1)); err == nil || !strings.Contains(err.Error(), "fuse with late: 16384 values of heat a member, want 49152") {
		t.Errorf("a network of another shape: got %v", err)
	}
}
