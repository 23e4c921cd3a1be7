package degrade

import (
	"math"
	"testing"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/effect"
)

// madeGlance is the made sweep as the made camera sees it when the vehicle has driven on for some metres.
func madeGlance(t testing.TB, drivenM float64) (*view, []glance) {
	t.Helper()
	rig := madeRig()
	data := marshal(t, madeCloud(madeStart, false))
	sample, err := sensors.ParsePointCloud(data, sensors.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	later := sensors.Identity
	later.Translation.X = -drivenM
	c := &cloud{sensor: &rig.Sensors[0], sample: sample}
	v := newView(&rig.Sensors[1], madeWidth, madeHeight)
	return v, []glance{{c, matrixOf(rig.Sensors[1].EgoFromSensor.Inverse().Mul(later))}}
}

// TestDepth completes the picture of the made drive: the wall where the lidar saw it less what was driven since, between its rings too; the
// street in front of it where the plane says; and the sky without an end.
func TestDepth(t *testing.T) {
	for _, driven := range []float64{0, 10} {
		v, sweeps := madeGlance(t, driven)
		var d depth
		m := &effect.Image{W: madeWidth, H: madeHeight}
		d.complete(m, v, codesOf(madeImage()), sweeps, nil, true)
		wall := wallM - 1.5 - driven
		for _, c := range []struct {
			name      string
			x, y      int
			want, tol float64 // tol relative
			road      bool
		}{
			{"wall ahead", 48, 21, wall, 0.1, false},
			{"wall to the side", 70, 21, wall * math.Hypot(1, 22./60), 0.1, false},
			{"street near", 48, 50, 1.5 * math.Hypot(1, 23.5/60) / (23.5 / 60), 0.25, true},
		} {
			i := c.y*madeWidth + c.x
			if got := float64(m.Distance[i]); math.Abs(got-c.want) > c.tol*c.want {
				t.Errorf("after %g m, %s: %.1f m, want %.1f", driven, c.name, got, c.want)
			}
			if road := m.Road[i] > 0.5; road != c.road {
				t.Errorf("after %g m, %s: road %v, want %v", driven, c.name, road, c.road)
			}
		}
		if got := m.Distance[2*madeWidth+48]; !math.IsInf(float64(got), 1) {
			t.Errorf("after %g m, sky: %g m, want no end", driven, got)
		}
	}
}

// TestDepthWithoutSweeps has the plane under the vehicle and the sky.
func TestDepthWithoutSweeps(t *testing.T) {
	v, _ := madeGlance(t, 0)
	var d depth
	m := &effect.Image{W: madeWidth, H: madeHeight}
	d.complete(m, v, codesOf(madeImage()), nil, nil, false)
	if got, want := float64(m.Distance[40*madeWidth+48]), 1.5*math.Hypot(1, 13.5/60)/(13.5/60); math.Abs(got-want) > 0.35*want {
		t.Errorf("street: %.1f m, want about %.1f", got, want)
	}
	if got := m.Distance[48]; !math.IsInf(float64(got), 1) {
		t.Errorf("sky: %g m, want no end", got)
	}
}

// TestStrayPoint: a single return in front of everything does not make its surroundings near.
func TestStrayPoint(t *testing.T) {
	v, sweeps := madeGlance(t, 0)
	sweeps[0].cloud.scan()
	sweeps[0].cloud.points = append(sweeps[0].cloud.points, [3]float32{3.5, 0, 1.68}) // 2 m in front of the lens, in row 21
	var d depth
	m := &effect.Image{W: madeWidth, H: madeHeight}
	d.complete(m, v, codesOf(madeImage()), sweeps, nil, false)
	if got := m.Distance[21*madeWidth+49]; got < 40 {
		t.Errorf("%.1f m, want the wall at 48.5", got)
	}
}

// TestGridIsEnlarged: large pictures have a coarse grid, and its distances in their own size.
func TestGridIsEnlarged(t *testing.T) {
	_, sweeps := madeGlance(t, 0)
	rig := madeRig()
	const scale = 10
	v := newView(&rig.Sensors[1], scale*madeWidth, scale*madeHeight)
	if v.step != 3 || v.gw != 320 || v.gh != 180 {
		t.Fatalf("grid %dx%d of %d pixels, want 320x180 of 3", v.gw, v.gh, v.step)
	}
	small := codesOf(madeImage())
	codes := make([]uint8, len(small)*scale*scale)
	for y := range scale * madeHeight {
		for x := range scale * madeWidth {
			copy(codes[3*(y*scale*madeWidth+x):][:3], small[3*(y/scale*madeWidth+x/scale):])
		}
	}
	var d depth
	m := &effect.Image{W: scale * madeWidth, H: scale * madeHeight}
	d.complete(m, v, codes, sweeps, effect.NewFogField(1), false)
	if got := m.Distance[205*m.W+480]; math.Abs(float64(got)-48.5) > 5 {
		t.Errorf("%.1f m, want the wall at 48.5", got)
	}
	if len(m.Patch) != m.W*m.H {
		t.Errorf("%d patches, want one a pixel", len(m.Patch))
	}
}

// TestEmptyBeams: rings above the horizon that returned nothing in a direction say so; those below, and lidars without rings, do not.
func TestEmptyBeams(t *testing.T) {
	var points []sensors.Point
	for i := range 2 * azimuthBins {
		a := 2 * math.Pi * float64(i) / (2 * azimuthBins)
		for ring, z := range []float32{-1, 2} {
			if ring == 1 && a < math.Pi/2 {
				continue
			}
			points = append(points, sensors.Point{X: float32(10 * math.Cos(a)), Y: float32(10 * math.Sin(a)), Z: z, Ring: uint16(ring)})
		}
	}
	got := emptyBeams(points, sensors.Identity)
	if n := len(got); n < azimuthBins/4-4 || n > azimuthBins/4 {
		t.Fatalf("%d empty beams, want a quarter of %d", n, azimuthBins)
	}
	for _, p := range got {
		if !(p[0] > 0 && p[1] > 0 && p[2] > 50) {
			t.Fatalf("an empty beam ends at %v, want the first quarter, rising", p)
		}
	}
	for i := range points {
		points[i].Ring = 0
	}
	if n := len(emptyBeams(points, sensors.Identity)); n != 0 {
		t.Errorf("%d empty beams of a lidar without rings, want 0", n)
	}
}

// TestAirlight is bright where the sky is, and brighter than a picture full of walls.
func TestAirlight(t *testing.T) {
	m := &effect.Image{W: 10, H: 10, RGB: make([]float32, 300), Distance: make([]float32, 100)}
	for i := range m.Distance {
		m.Distance[i] = 10
		m.RGB[3*i], m.RGB[3*i+1], m.RGB[3*i+2] = 0.2, 0.2, 0.2
	}
	if got := airlight(m, 1); math.Abs(float64(got[1])-0.32) > 1e-4 {
		t.Errorf("between walls of 0.2: %v, want 1.6 times as much", got)
	}
	for i := range 20 {
		m.Distance[i] = float32(math.Inf(1))
		m.RGB[3*i], m.RGB[3*i+1], m.RGB[3*i+2] = 0.3, 0.4, 0.6
		if i < 5 {
			m.RGB[3*i], m.RGB[3*i+1], m.RGB[3*i+2] = 0.8, 0.8, 0.8
		}
	}
	if got := airlight(m, 1); math.Abs(float64(got[0])-0.8) > 1e-4 || math.Abs(float64(got[2])-0.8) > 1e-4 {
		t.Errorf("with a quarter of the sky in clouds: %v, want their 0.8", got)
	}
}

func BenchmarkDepth(b *testing.B) {
	v, sweeps := madeGlance(b, 0)
	var d depth
	m := &effect.Image{W: madeWidth, H: madeHeight}
	codes := codesOf(madeImage())
	d.complete(m, v, codes, sweeps, nil, false)
	b.ReportAllocs()
	for b.Loop() {
		d.complete(m, v, codes, sweeps, nil, false)
	}
}

// TestEmptyBeamsAreSky: where beams returned nothing there is sky, whatever colour it has.
func TestEmptyBeamsAreSky(t *testing.T) {
	v, sweeps := madeGlance(t, 0)
	sweeps[0].cloud.scan()
	dark := make([]uint8, 3*madeWidth*madeHeight)
	m := &effect.Image{W: madeWidth, H: madeHeight}
	for _, empty := range []bool{false, true} {
		if empty {
			for y := float32(-40); y <= 40; y++ {
				for z := float32(25); z <= 45; z++ { // rows 11 and up, above the wall's last points
					sweeps[0].cloud.empty = append(sweeps[0].cloud.empty, [3]float32{100, y, z})
				}
			}
		}
		var d depth
		d.complete(m, v, dark, sweeps, nil, false)
		if got := float64(m.Distance[5*madeWidth+48]); (got > skyM) != empty {
			t.Errorf("empty beams %v: %g m above the wall, want sky %v", empty, got, empty)
		}
	}
}
