package compare

import (
	"image"
	"image/color"
	"math"
	"testing"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

func histogram(low, width float64, counts ...float64) *Histogram {
	return &Histogram{low, width, counts}
}

func near(a, b, tolerance float64) bool {
	return math.Abs(a-b) <= tolerance || math.IsNaN(a) && math.IsNaN(b)
}

func TestDistances(t *testing.T) {
	tests := []struct {
		name      string
		a, b      *Histogram
		js, moved float64
	}{
		{"the same, of other size", histogram(0, 1, 1, 2, 1), histogram(0, 1, 10, 20, 10), 0, 0},
		{"nothing in common", histogram(0, 1, 1, 0), histogram(0, 1, 0, 1), 1, 1},
		{"moved by three bins of 2 m", histogram(5, 2, 1, 0, 0, 0), histogram(5, 2, 0, 0, 0, 1), 1, 6},
		// H(3/4, 1/4) - H(1/2, 1/2)/2 = 0.8113 - 0.5.
		{"half moved", histogram(0, 1, 1, 0), histogram(0, 1, 1, 1), 0.311278, 0.5},
		{"one is empty", histogram(0, 1, 0, 0), histogram(0, 1, 1, 1), math.NaN(), math.NaN()},
	}
	for _, tt := range tests {
		for _, swapped := range []bool{false, true} {
			a, b := tt.a, tt.b
			if swapped {
				a, b = b, a
			}
			if got := JensenShannon(a, b); !near(got, tt.js, 1e-6) {
				t.Errorf("%s: divergence %v, want %v", tt.name, got, tt.js)
			}
			if got := Wasserstein(a, b); !near(got, tt.moved, 1e-9) {
				t.Errorf("%s: moved %v, want %v", tt.name, got, tt.moved)
			}
		}
	}
}

func TestHistogram(t *testing.T) {
	h := newHistogram(-1, 1, 4)
	for _, v := range []float64{-7, -0.9, -0.5, 0.2, 0.99, 1, 70} {
		h.add(v)
	}
	for i, want := range []float64{2, 1, 1, 3} {
		if h.Counts[i] != want {
			t.Errorf("bin %d holds %v, want %v", i, h.Counts[i], want)
		}
	}
	if got, want := h.Mean(), (2*-0.75-0.25+0.25+3*0.75)/7; !near(got, want, 1e-12) {
		t.Errorf("mean %v, want %v", got, want)
	}
}

func TestCurve(t *testing.T) {
	for _, tt := range []struct {
		name   string
		median bool
		want   float64
	}{{"mean", false, 4}, {"median", true, 2}} {
		c := newCurve(Info{}, 0, 20, 2, tt.median)
		for _, v := range []float64{1, 2, 9} {
			c.add(3, v)
		}
		c.add(12, 5) // fewer than three: not known
		c.add(20, 5)
		c.add(-0.1, 5)
		if got := c.Points(); got[0] != tt.want || !math.IsNaN(got[1]) {
			t.Errorf("%s: points %v, want %v and NaN", tt.name, got, tt.want)
		}
	}
	nan := math.NaN()
	share, difference := relative([]float64{1, 0, nan, 4}, []float64{3, 0, 5, 4})
	if !near(share, 0.5/3, 1e-12) || !near(difference, 2.0/3, 1e-12) {
		t.Errorf("relative %v, difference %v, want 1/6, 2/3", share, difference)
	}
	if share, _ := relative([]float64{nan}, []float64{1}); !math.IsNaN(share) {
		t.Errorf("nothing to compare gives %v, want NaN", share)
	}
}

// cloudOf makes a sweep of a vehicle that moves 2 m a sweep: its one car, 10 m ahead at the stamp, has points on its rear, low and high.
func cloudOf(t *testing.T) *sweep {
	t.Helper()
	still := sensors.Pose{Rotation: quat.Number{Real: 1}}
	way := &poses{
		stamps: []sensors.StampNs{1e9, 11e8, 12e8},
		poses:  []sensors.Pose{still, sensors.FromYaw(0, r3.Vec{X: 2}), sensors.FromYaw(0, r3.Vec{X: 4})},
	}
	cloud := &sensors.PointCloud{}
	cloud.Stamp = 11e8
	truth := &fusionv1.TruthFrame{Objects: []*fusionv1.TruthObject{
		{Class: "car", Center: &fusionv1.Vector3{X: 10, Z: 0.8}, Size: &fusionv1.Vector3{X: 4, Y: 2, Z: 1.6}},
		{Class: "car", Center: &fusionv1.Vector3{X: 10, Y: 8, Z: 0.8}, Size: &fusionv1.Vector3{X: 4, Y: 2, Z: 1.6}, Yaw: math.Pi / 2},
		{Class: "pedestrian", Center: &fusionv1.Vector3{X: -10, Z: 0.9}, Size: &fusionv1.Vector3{X: 0.6, Y: 0.6, Z: 1.8}},
	}}
	mount := sensors.Pose{Rotation: quat.Number{Real: 1}, Translation: r3.Vec{Z: 2}}
	points := []sensors.Point{
		{X: 8.1, Z: -1, T: 0, Intensity: 0.2, Ring: 1},      // 0.1 m inside the car's rear
		{X: 10.1, Z: -1, T: -0.1, Intensity: 0.4, Ring: 1},  // the same place, seen when the vehicle was 2 m farther back
		{X: 8.1, Z: -1.95, T: 0, Intensity: 0.2, Ring: 0},   // in the box, but on the road
		{X: -5, Z: -2, T: 0, Intensity: 0.1, Ring: 0},       // road
		{X: -60, Z: -2, T: 0, Intensity: 0.9, Ring: 0},      // as low, but far
		{X: 5, Y: 5, Z: 10, T: 0, Intensity: 0.5, Ring: 2},  // a house
		{X: -10, Z: -1, T: 0, Intensity: 0.5, Ring: 1},      // on the pedestrian
		{X: 11.5, Y: 8, Z: -1, T: 0, Intensity: 1, Ring: 1}, // beside the turned car
	}
	return newSweep(cloud, points, mount, way, truth, 100, 4)
}

func TestSweepStatistics(t *testing.T) {
	s := newStatistics(4, nil)
	for range leastValues { // a curve wants three values
		s.addSweep(cloudOf(t))
	}
	d := func(i int) *Distribution { return &s.Distributions[i] }
	for _, tt := range []struct {
		name      string
		got, want float64
	}{
		{"sweeps", float64(s.Sweeps), 3},
		{"points", float64(s.Points), 24},
		{"cars", float64(s.Cars), 6},
		{"points on cars", d(intensityCars).Total(), 6},
		{"mean depth in cars", d(carDepth).Mean(), 0.125}, // the middle of its bin
		{"where on the cars", d(carPart).Mean(), 0.625},
		{"points on road", d(intensityRoad).Total(), 6},
		{"cars with points", d(carDistance).Total(), 3},
		{"their distance", d(carDistance).Mean(), 11},
		{"nearest cars", d(carSpacing).Mean(), 8.25},
		{"lower sides", d(carBottom).Mean(), 0.025},
		{"points of ring 1", s.Curves[pointsByRing].Points()[1], 4},
		{"beams of ring 1 without return", s.Curves[emptyByRing].Points()[1], 0.96},
		{"beams of ring 3 without return", s.Curves[emptyByRing].Points()[3], 1},
		{"points on a car 10 to 20 m away", s.Curves[carPoints].Points()[1], 2},
		{"seen cars 10 to 20 m away", s.Curves[carSeen].Points()[1], 0.5},
		{"cars a sweep 10 to 20 m away", s.Curves[carsBySweep].Points()[1], 2},
	} {
		if !near(tt.got, tt.want, 1e-9) {
			t.Errorf("%s: got %v, want %v", tt.name, tt.got, tt.want)
		}
	}
	sum := newStatistics(4, nil)
	sum.merge(s)
	sum.merge(s)
	if sum.Points != 48 || sum.Distributions[rangeAll].Total() != 48 || sum.Curves[pointsByRing].Points()[1] != 4 {
		t.Errorf("merged: %d points, %v ranges, %v of ring 1, want 48, 48, 4", sum.Points, sum.Distributions[rangeAll].Total(), sum.Curves[pointsByRing].Points()[1])
	}
}

func TestNoiseOnRoad(t *testing.T) {
	w := &sweep{columns: 360, rings: 2}
	for i := range 30 {
		if i == 15 {
			continue // a gap: no differences across it
		}
		r := 10.0 + 0.005*float64(i%2) // second differences of 10 mm
		w.points = append(w.points, point{at: r3.Vec{X: r}, rangeM: r, azimuth: -float64(i) * math.Pi / 180, ring: 1, box: -1})
	}
	s := newStatistics(2, nil)
	s.addNoise(w)
	h := s.Distributions[roadNoise].Histogram
	if got := h.Total(); got != 25 {
		t.Errorf("%v differences, want 13 and 12", got)
	}
	for i, n := range h.Counts {
		if mm := h.Low + (float64(i)+0.5)*h.Width; n > 0 && math.Abs(math.Abs(mm)-10) > 2.01 {
			t.Errorf("%v differences of %v mm, want 10", n, mm)
		}
	}
}

func TestPicture(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 512, 288))
	for y := range 288 {
		for x := range 512 {
			c := color.RGBA{100, 100, 100, 255}
			if y >= 144 {
				c = color.RGBA{200, 100, 100, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	// The camera looks along the vehicle's x, level: the horizon is the middle of the picture.
	s := &sensors.Sensor{
		EgoFromSensor: sensors.Pose{Rotation: quat.Number{Real: 0.5, Imag: -0.5, Jmag: 0.5, Kmag: -0.5}},
		Intrinsics:    &sensors.Intrinsics{Width: 512, Height: 288, Fx: 400, Fy: 400, Cx: 255.5, Cy: 143.5},
	}
	v := view(img, s)
	if v.Rect.Dx() != viewWidth || v.Rect.Dy() != viewHeight {
		t.Fatalf("view of %v, want 256x96", v.Rect)
	}
	row := 0
	for row < viewHeight && v.RGBAAt(10, row).R < 150 {
		row++
	}
	if want := 41; row != want {
		t.Errorf("the horizon lies at row %d, want %d", row, want)
	}
	st := newStatistics(1, []sensors.SensorID{"CAM"})
	first := st.camera("CAM")
	st.addPicture(first, v)
	top, bottom := 100.0, 0.299*200+0.701*100
	for _, tt := range []struct {
		name            string
		got, want, near float64
	}{
		{"brightness", st.Distributions[first+luma].Mean(), (top*41 + bottom*55) / 96, 4},
		{"saturation", st.Distributions[first+saturation].Mean(), 0.5 * 55 / 96, 0.03},
		{"edges", st.Distributions[first+edges].Mean(), 2, 0.5},
		{"pictures", float64(st.Pictures), 1, 0},
	} {
		if !near(tt.got, tt.want, tt.near) {
			t.Errorf("%s: got %v, want %v", tt.name, tt.got, tt.want)
		}
	}
	c := st.Distributions[first+contrast].Histogram
	// Windows above the edge and below it are flat; those of the second row, rows 32 to 64 with the edge at 40, are not.
	if c.Counts[0] != 16 || c.Total() != 24 || !near(c.Mean(), 12.9/3+2*2.0/3, 2) {
		t.Errorf("contrast of %v windows, %v flat, mean %v: want 24, 16 and 29.9*sqrt(8*24)/32/3", c.Total(), c.Counts[0], c.Mean())
	}
	if st.camera("other") != -1 {
		t.Error("a camera that is not compared has a number")
	}
}
