package condition_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sensors/condition"
)

const periodNs = 100_000_000

// drive gives a monitor clear samples and then faulty ones, 10 Hz. clear and faulty take the number of the sample.
type drive struct {
	update func(i int, faulty bool) condition.Condition
}

// cameraDrive moves along the made street at 10 m/s.
func cameraDrive(t testing.TB, fault func(*street)) drive {
	m, err := condition.NewCamera(pictureW, pictureH, fill)
	if err != nil {
		t.Fatal(err)
	}
	rng := source(1)
	var s street
	var last []uint8
	return drive{func(i int, faulty bool) condition.Condition {
		if fault == nil && faulty { // stuck
			return updateCamera(t, m, last, i)
		}
		s.at(float64(i))
		if faulty {
			fault(&s)
		}
		last = s.expose(rng)
		return updateCamera(t, m, last, i)
	}}
}

func updateCamera(t testing.TB, m *condition.Camera, picture []uint8, i int) condition.Condition {
	c, err := m.Update(picture, sensors.StampNs(i+1)*periodNs)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// lidarDrive moves along the made street at 10 m/s.
func lidarDrive(fault func(*block)) drive {
	m := condition.NewLidar(blockMount)
	rng := source(2)
	var last []sensors.Point
	return drive{func(i int, faulty bool) condition.Condition {
		if !faulty || fault != nil {
			b := block{rng: rng, along: float64(i), keepPoints: 0.97}
			if faulty {
				fault(&b)
			}
			last = b.sweep()
		}
		return m.Update(last, sensors.StampNs(i+1)*periodNs)
	}}
}

func radarDrive(fault func(*scans)) drive {
	m := condition.NewRadar()
	rng := source(3)
	var last []sensors.RadarDetection
	return drive{func(i int, faulty bool) condition.Condition {
		if !faulty || fault != nil {
			s := scans{rng: rng, share: 0.8}
			if faulty {
				fault(&s)
			}
			last = s.scan()
		}
		return m.Update(last, sensors.StampNs(i+1)*periodNs)
	}}
}

func rings(from, to int) map[int]bool {
	lost := map[int]bool{}
	for i := from; i < to; i++ {
		lost[i] = true
	}
	return lost
}

func everyThird() map[int]bool {
	lost := map[int]bool{}
	for i := 0; i < blockBeams; i += 3 {
		lost[i] = true
	}
	return lost
}

// TestFaultsAreNamed gives each monitor clear samples, in which nothing may be named, and then a fault, which must be named within
// the stated number of samples (10 Hz), by its own name and no other, for as long as it lasts. Afterwards clear samples must clear it
// within two and a half seconds.
func TestFaultsAreNamed(t *testing.T) {
	tests := []struct {
		name   string
		drive  func() drive
		want   condition.Reason
		within int
	}{
		{"camera fog 50 m", func() drive { return cameraDrive(t, func(s *street) { s.fog(50) }) }, condition.Fog, 3},
		{"camera fog 20 m", func() drive { return cameraDrive(t, func(s *street) { s.fog(20) }) }, condition.Fog, 3},
		{"camera dark", func() drive { return cameraDrive(t, func(s *street) { s.darken(0.03) }) }, condition.Dark, 3},
		{"camera blur", func() drive { return cameraDrive(t, func(s *street) { s.blur(2.5) }) }, condition.Blur, 3},
		{"camera low sun", func() drive { return cameraDrive(t, func(s *street) { s.sun(0.9) }) }, condition.Glare, 3},
		{"camera weak sun", func() drive { return cameraDrive(t, func(s *street) { s.sun(0.25) }) }, condition.Glare, 3},
		{"camera dirty", func() drive { return cameraDrive(t, func(s *street) { s.cover(0.4) }) }, condition.Blocked, 8},
		{"camera stuck", func() drive { return cameraDrive(t, nil) }, condition.Frozen, 2},
		{"lidar fog 50 m", func() drive { return lidarDrive(func(b *block) { b.fogPerM = 0.06 }) }, condition.Fog, 3},
		{"lidar fog that sends nothing back", func() drive { return lidarDrive(func(b *block) { b.fogPerM, b.quiet = 0.06, true }) }, condition.Fog, 3},
		{"lidar snow", func() drive { return lidarDrive(func(b *block) { b.scatter = 0.08 }) }, condition.BackScatter, 3},
		{"lidar beams", func() drive { return lidarDrive(func(b *block) { b.lostRings = everyThird() }) }, condition.BeamsLost, 3},
		{"lidar beams above the horizon", func() drive { return lidarDrive(func(b *block) { b.lostRings = rings(22, 29) }) }, condition.BeamsLost, 3},
		{"lidar covered", func() drive { return lidarDrive(func(b *block) { b.coveredRad = 1.6 }) }, condition.Blocked, 3},
		{"lidar weak", func() drive { return lidarDrive(func(b *block) { b.keepPoints = 0.4 }) }, condition.FewReturns, 3},
		{"lidar knocked", func() drive { return lidarDrive(func(b *block) { b.pitchRad = 3 * math.Pi / 180 }) }, condition.Miscalibrated, 30},
		{"lidar stuck", func() drive { return lidarDrive(nil) }, condition.Frozen, 2},
		{"radar jammed", func() drive { return radarDrive(func(s *scans) { s.noiseDB = 15 }) }, condition.Interference, 5},
		{"radar covered", func() drive { return radarDrive(func(s *scans) { s.lossDB = 16 }) }, condition.Blocked, 7},
		{"radar weak", func() drive { return radarDrive(func(s *scans) { s.share = 0.12 }) }, condition.FewReturns, 10},
		{"radar stuck", func() drive { return radarDrive(nil) }, condition.Frozen, 2},
	}
	const after = 26
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := tt.drive()
			good, faulty := 12, 15
			if tt.want == condition.Miscalibrated {
				faulty = 40
			}
			i := 0
			for ; i < good; i++ {
				if c := d.update(i, false); !c.Good() || c.Reliability < 0.8 {
					t.Fatalf("clear sample %d: got reliability %.2f, %q, want nothing named", i, c.Reliability, c)
				}
			}
			named := 0
			for ; i < good+faulty; i++ {
				c := d.update(i, true)
				switch {
				case c.Reason == tt.want && named == 0:
					named = i - good + 1
					if c.Reliability > 0.78 { // 1 - enter*partly
						t.Errorf("named with reliability %.2f, want at most 0.78", c.Reliability)
					}
				case c.Reason != tt.want && (named > 0 || !c.Good()):
					t.Fatalf("faulty sample %d: got %q, want %v", i-good+1, c, tt.want)
				}
			}
			if named == 0 || named > tt.within {
				t.Errorf("named in faulty sample %d, want 1 to %d", named, tt.within)
			}
			for ; i < good+faulty+after; i++ {
				d.update(i, false)
			}
			if c := d.update(i, false); !c.Good() && tt.want != condition.Miscalibrated {
				t.Errorf("%d clear samples later: got %q, want nothing", after, c)
			}
		})
	}
}

// TestReliabilityFollowsSeverity makes each fault worse in steps and holds the reliability after some seconds: it never rises, and
// from the first step to the last it falls by at least a half.
func TestReliabilityFollowsSeverity(t *testing.T) {
	tests := []struct {
		name  string
		steps []float64 // ever worse
		drive func(v float64) drive
	}{
		{"camera fog, visibility m", []float64{2000, 150, 70, 40, 20}, func(v float64) drive { return cameraDrive(t, func(s *street) { s.fog(v) }) }},
		{"camera light", []float64{0.5, 0.05, 0.02, 0.01}, func(v float64) drive { return cameraDrive(t, func(s *street) { s.darken(v) }) }},
		{"camera blur, px", []float64{0.3, 1, 1.5, 2.5}, func(v float64) drive { return cameraDrive(t, func(s *street) { s.blur(v) }) }},
		{"camera sun", []float64{0.05, 0.4, 0.7, 1}, func(v float64) drive { return cameraDrive(t, func(s *street) { s.sun(v) }) }},
		{"camera dirt", []float64{0.02, 0.2, 0.35, 0.5}, func(v float64) drive { return cameraDrive(t, func(s *street) { s.cover(v) }) }},
		{"lidar fog, 1/m", []float64{0.001, 0.03, 0.06, 0.15}, func(v float64) drive { return lidarDrive(func(b *block) { b.fogPerM = v }) }},
		{"lidar flakes", []float64{0, 0.02, 0.04, 0.1}, func(v float64) drive { return lidarDrive(func(b *block) { b.scatter = v }) }},
		{"lidar cover, rad", []float64{0, 0.5, 1, 2}, func(v float64) drive { return lidarDrive(func(b *block) { b.coveredRad = v }) }},
		{"lidar returns", []float64{0.97, 0.6, 0.4, 0.2}, func(v float64) drive { return lidarDrive(func(b *block) { b.keepPoints = v }) }},
		{"lidar pitch, rad", []float64{0, 0.035, 0.045, 0.06}, func(v float64) drive { return lidarDrive(func(b *block) { b.pitchRad = v }) }},
		{"radar noise, dB", []float64{0, 5, 10, 15}, func(v float64) drive { return radarDrive(func(s *scans) { s.noiseDB = v }) }},
		{"radar loss, dB", []float64{0, 8, 14, 18}, func(v float64) drive { return radarDrive(func(s *scans) { s.lossDB = v }) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			first, last := 0.0, 2.0
			for n, v := range tt.steps {
				d := tt.drive(v)
				got, samples := 0.0, 26
				if strings.Contains(tt.name, "pitch") {
					samples = 60
				}
				for i := range samples {
					c := d.update(i, i >= 8)
					if i >= samples-8 {
						got += c.Reliability / 8
					}
				}
				if n == 0 {
					first = got
				}
				if got > last+0.02 {
					t.Errorf("%g: got reliability %.3f after %.3f of the step before, want no rise", v, got, last)
				}
				last = got
			}
			if first < 0.9 || last > 0.5 {
				t.Errorf("got %.2f at first and %.2f at last, want 0.9 or more and 0.5 or less", first, last)
			}
		})
	}
}

// TestSlightFaultsAreNotNamed gives each monitor a fault that costs little, and a change of scene that is none.
func TestSlightFaultsAreNotNamed(t *testing.T) {
	tests := []struct {
		name  string
		drive drive
	}{
		{"camera haze of 800 m", cameraDrive(t, func(s *street) { s.fog(800) })},
		{"camera half the light", cameraDrive(t, func(s *street) { s.darken(0.5) })},
		{"camera half a pixel of blur", cameraDrive(t, func(s *street) { s.blur(0.5) })},
		{"camera speck of dirt", cameraDrive(t, func(s *street) { s.cover(0.08) })},
		{"lidar mist", lidarDrive(func(b *block) { b.fogPerM = 0.003 })},
		{"lidar few flakes", lidarDrive(func(b *block) { b.scatter = 0.005 })},
		{"lidar some returns missing", lidarDrive(func(b *block) { b.keepPoints = 0.75 })},
		{"lidar one beam", lidarDrive(func(b *block) { b.lostRings = rings(3, 4) })},
		{"lidar post on the roof", lidarDrive(func(b *block) { b.coveredRad = 0.15 })},
		{"lidar loaded vehicle", lidarDrive(func(b *block) { b.pitchRad = 0.015 })},
		{"lidar open country", lidarDrive(func(b *block) { b.open = true })},
		{"radar rain", radarDrive(func(s *scans) { s.lossDB = 4 })},
		{"radar some noise", radarDrive(func(s *scans) { s.noiseDB = 3 })},
		{"radar emptier road", radarDrive(func(s *scans) { s.share = 0.5 })},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for i := range 55 {
				if c := tt.drive.update(i, i >= 12); !c.Good() {
					t.Fatalf("sample %d: got %q, reliability %.2f, want nothing named", i, c, c.Reliability)
				}
			}
		})
	}
}

// TestFromTheStart holds what the first samples of a stream may say: clear ones nothing, and fog or the dark at once, for they need no history.
func TestFromTheStart(t *testing.T) {
	tests := []struct {
		name  string
		drive drive
		fault bool
		want  condition.Reason
	}{
		{"camera clear", cameraDrive(t, func(*street) {}), true, condition.None},
		{"camera fog", cameraDrive(t, func(s *street) { s.fog(60) }), true, condition.Fog},
		{"camera dark", cameraDrive(t, func(s *street) { s.darken(0.02) }), true, condition.Dark},
		{"lidar clear", lidarDrive(func(*block) {}), true, condition.None},
		{"lidar fog", lidarDrive(func(b *block) { b.fogPerM = 0.1 }), true, condition.Fog},
		{"lidar half as many beams as others", lidarDrive(func(b *block) { b.lostRings = everyThird() }), true, condition.None},
		{"radar weak", radarDrive(func(s *scans) { s.share = 0.2 }), true, condition.None},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for i := range 15 {
				c := tt.drive.update(i, tt.fault)
				if i == 0 && !c.Good() || i > 0 && c.Reason != tt.want {
					t.Fatalf("sample %d: got %q, want %v (nothing in the first)", i, c, tt.want)
				}
			}
		})
	}
}

// TestPureFunction runs the same samples twice.
func TestPureFunction(t *testing.T) {
	run := func() (out []condition.Condition) {
		c, l, r := cameraDrive(t, func(s *street) { s.fog(60) }), lidarDrive(func(b *block) { b.fogPerM = 0.05 }), radarDrive(func(s *scans) { s.noiseDB = 9 })
		for i := range 20 {
			out = append(out, c.update(i, i > 9), l.update(i, i > 9), r.update(i, i > 9))
		}
		return out
	}
	a, b := run(), run()
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("condition %d: got %+v and %+v, want the same", i, a[i], b[i])
		}
	}
}

// TestOddInput gives the monitors what no sensor should send.
func TestOddInput(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	pictures := map[string]func([]uint8){
		"black": func([]uint8) {},
		"white": func(p []uint8) { set(p, 255) },
		"grey":  func(p []uint8) { set(p, 128) },
		"fill":  func(p []uint8) { set(p, fill) },
		"noise": func(p []uint8) {
			rng := source(9)
			for i := range p {
				p[i] = uint8(rng.IntN(256))
			}
		},
	}
	want := map[string][]condition.Reason{
		"black": {condition.Blocked}, "white": {condition.Blocked}, "grey": {condition.Blocked}, "fill": {condition.Blocked},
		"noise": {condition.None, condition.Frozen},
	}
	for name, paint := range pictures {
		m, err := condition.NewCamera(pictureW, pictureH, fill)
		if err != nil {
			t.Fatal(err)
		}
		p := make([]uint8, 3*pictureW*pictureH)
		paint(p)
		for i := range 6 {
			c := updateCamera(t, m, p, i)
			sound(t, name, c)
			if found := false; i >= 1 {
				for _, r := range want[name] {
					found = found || c.Reason == r
				}
				if !found {
					t.Errorf("%s picture, sample %d: got %q, want one of %v", name, i, c, want[name])
				}
			}
		}
	}
	clouds := map[string][]sensors.Point{
		"empty": nil, "one point": {{X: 5}}, "origin": {{}, {}}, "not finite": {{X: nan, Y: inf, Z: -inf, Intensity: nan, T: nan}, {X: inf}, {Y: -inf, Ring: math.MaxUint16}},
		"largest": {{X: math.MaxFloat32, Y: math.MaxFloat32, Z: math.MaxFloat32, Intensity: inf}},
	}
	for name, points := range clouds {
		m := condition.NewLidar(blockMount)
		for i := range 10 {
			c := m.Update(points, sensors.StampNs(i)*periodNs)
			sound(t, name, c)
			if i >= 1 && c.Good() {
				t.Errorf("%s cloud, sample %d: got nothing, want it named", name, i)
			}
		}
	}
	var odd sensors.RadarDetection
	odd.Position.X, odd.SNRdB, odd.RCSdBsm = math.NaN(), math.Inf(-1), math.NaN()
	for name, scan := range map[string][]sensors.RadarDetection{"empty": nil, "one": {{}}, "not finite": {odd, odd, odd, odd}} {
		m := condition.NewRadar()
		for i := range 10 {
			sound(t, name, m.Update(scan, sensors.StampNs(i)*periodNs))
		}
	}
}

func set(p []uint8, v uint8) {
	for i := range p {
		p[i] = v
	}
}

// sound holds what is true of every condition.
func sound(t testing.TB, what string, c condition.Condition) {
	t.Helper()
	if !(c.Reliability >= 0 && c.Reliability <= 1) || math.IsNaN(c.Value) || math.IsInf(c.Value, 0) {
		t.Fatalf("%s: got %+v, want a reliability of 0..1 and a finite value", what, c)
	}
	if c.Good() != (c.String() == "") || !c.Good() && c.Reliability > 0.9 { // 1 - leave*partly, and a little
		t.Fatalf("%s: got %+v, %q: named and reliability do not agree", what, c, c)
	}
}

// TestAnything throws random samples at the monitors: sizes, values, stamps.
func TestAnything(t *testing.T) {
	rng := source(11)
	m, err := condition.NewCamera(40, 20, fill)
	if err != nil {
		t.Fatal(err)
	}
	l, r := condition.NewLidar(blockMount), condition.NewRadar()
	picture := make([]uint8, 3*40*20)
	float := func() float32 { return math.Float32frombits(rng.Uint32()) }
	double := func() float64 { return math.Float64frombits(rng.Uint64()) }
	for range 400 {
		at := sensors.StampNs(rng.Uint64() >> rng.IntN(64))
		lo, hi := rng.IntN(256), rng.IntN(256)
		for i := range picture {
			picture[i] = uint8(min(lo, hi) + rng.IntN(max(lo, hi)-min(lo, hi)+1))
		}
		c, err := m.Update(picture, at)
		if err != nil {
			t.Fatal(err)
		}
		sound(t, "picture", c)
		sound(t, "cloud", l.Update(anyPoints(rng, float), at))
		scan := make([]sensors.RadarDetection, rng.IntN(30))
		for i := range scan {
			d := &scan[i]
			d.Position.X, d.Position.Y, d.Position.Z = double(), double(), double()
			d.RangeRateMps, d.RCSdBsm, d.SNRdB, d.Invalid = double(), double(), double(), rng.IntN(5) == 0
		}
		sound(t, "scan", r.Update(scan, at))
	}
}

func anyPoints(rng *rand.Rand, float func() float32) []sensors.Point {
	points := make([]sensors.Point, rng.IntN(2000))
	for i := range points {
		p := &points[i]
		if rng.IntN(2) == 0 {
			*p = sensors.Point{X: float(), Y: float(), Z: float(), Intensity: float(), Ring: uint16(rng.Uint32())}
			continue
		}
		*p = sensors.Point{
			X: rng.Float32()*40 - 20, Y: rng.Float32()*20 - 10, Z: rng.Float32()*4 - 3,
			Intensity: rng.Float32(), Ring: uint16(rng.IntN(64)),
		}
	}
	return points
}

func TestCameraRefuses(t *testing.T) {
	if _, err := condition.NewCamera(31, 12, fill); err == nil {
		t.Error("31 columns: got no error")
	}
	if _, err := condition.NewCamera(32, 11, fill); err == nil {
		t.Error("11 rows: got no error")
	}
	m, err := condition.NewCamera(32, 12, fill)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Update(make([]uint8, 3*32*12-1), 1); err == nil {
		t.Error("a byte missing: got no error")
	}
}

// TestUnseenPixels holds that what the camera does not see changes nothing: the lower fifth of the picture is filled in.
func TestUnseenPixels(t *testing.T) {
	m, err := condition.NewCamera(pictureW, pictureH, fill)
	if err != nil {
		t.Fatal(err)
	}
	rng := source(5)
	var s street
	for i := range 20 {
		s.at(float64(i))
		p := s.expose(rng)
		for c := range 3 {
			set(p[(c*pictureH+77)*pictureW:(c+1)*pictureH*pictureW], fill)
		}
		if c := updateCamera(t, m, p, i); c.Reliability < 0.9 {
			t.Fatalf("sample %d: got %.2f, %q, want a good one", i, c.Reliability, c)
		}
	}
}
