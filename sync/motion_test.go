package timesync

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

// turn is a vehicle that turns and accelerates evenly: exact poses at any time.
type turn struct {
	origin       sensors.StampNs
	yawRate      float64 // rad/s
	speed, accel float64 // m/s, m/s²
	known        time.Duration
}

func (m turn) At(stamp sensors.StampNs) (sensors.Pose, bool) {
	t := stamp.Sub(m.origin).Seconds()
	s := m.speed*t + m.accel*t*t/2
	p := sensors.FromYaw(0.3+m.yawRate*t, r3.Vec{X: 1000 + s, Y: -200 + 0.5*m.accel*t*t, Z: 3})
	return p, max(stamp.Sub(m.origin), m.origin.Sub(stamp)) <= m.known
}

var egoFromLidar = sensors.FromYaw(-math.Pi/2, r3.Vec{X: 1, Y: 0.1, Z: 1.8})

func sweep(n int, seed uint64) []sensors.Point {
	rng := rand.New(rand.NewPCG(seed, 7))
	points := make([]sensors.Point, n)
	for i := range points {
		a, r := 2*math.Pi*float64(i)/float64(n), 2+98*rng.Float64()
		points[i] = sensors.Point{
			X: float32(r * math.Cos(a)), Y: float32(r * math.Sin(a)), Z: float32(4*rng.Float64() - 2),
			Intensity: 0.5, T: float32(-0.1 + 0.1*float64(i)/float64(n)), Ring: uint16(i % 64), //nolint:gosec // 64 rings
		}
	}
	return points
}

func TestDeskewAgainstExactPoses(t *testing.T) {
	const stamp = timeZero
	for _, c := range []struct {
		name   string
		motion turn
	}{
		{"standing", turn{}},
		{"straight on", turn{speed: 30}},
		{"turning on the spot", turn{yawRate: 1}},
		{"turning, driving and braking", turn{yawRate: 0.8, speed: 15, accel: -8}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.motion.origin, c.motion.known = stamp, time.Second
			points := sweep(5000, 1)
			dst := make([]sensors.Point, len(points))
			if outliers, err := Deskew(dst, points, egoFromLidar, stamp, c.motion); err != nil || outliers != 0 {
				t.Fatalf("got %d outliers, %v", outliers, err)
			}
			localFromEgo, _ := c.motion.At(stamp)
			const h = 0.005 // s
			moved := 0.0
			for i, p := range points {
				then, _ := c.motion.At(stamp.Add(time.Duration(float64(p.T) * 1e9)))
				raw := r3.Vec{X: float64(p.X), Y: float64(p.Y), Z: float64(p.Z)}
				want := localFromEgo.Inverse().Mul(then).Mul(egoFromLidar).Apply(raw)
				got := r3.Vec{X: float64(dst[i].X), Y: float64(dst[i].Y), Z: float64(dst[i].Z)}
				w := c.motion.yawRate
				bound := (w*w*(r3.Norm(raw)+2)+math.Hypot(c.motion.accel, c.motion.accel))*h*h/8 + 3e-5
				if e := r3.Norm(r3.Sub(got, want)); e > bound {
					t.Fatalf("point %d %+v: got %v, want %v: off by %.3g m, bound %.3g m", i, p, got, want, e, bound)
				}
				moved = max(moved, r3.Norm(r3.Sub(want, egoFromLidar.Apply(raw))))
				if dst[i].Intensity != p.Intensity || dst[i].Ring != p.Ring || dst[i].T != p.T {
					t.Fatalf("point %d: got %+v, want intensity, ring and time of %+v", i, dst[i], p)
				}
			}
			if c.name != "standing" && moved < 1 {
				t.Errorf("the motion moves points by %v m only: the test shows nothing", moved)
			}
			same := append([]sensors.Point(nil), points...)
			if _, err := Deskew(same, same, egoFromLidar, stamp, c.motion); err != nil {
				t.Fatal(err)
			}
			for i := range same {
				if same[i] != dst[i] {
					t.Fatalf("in place: point %d: got %+v, want %+v", i, same[i], dst[i])
				}
			}
		})
	}
}

func TestDeskewed(t *testing.T) {
	points := sweep(100, 2)
	for i := range points {
		points[i].T = 0
	}
	dst := make([]sensors.Point, len(points))
	if _, err := Deskew(dst, points, egoFromLidar, timeZero, nil); err != nil {
		t.Fatal(err)
	}
	for i, p := range points {
		want := egoFromLidar.Apply(r3.Vec{X: float64(p.X), Y: float64(p.Y), Z: float64(p.Z)})
		got := r3.Vec{X: float64(dst[i].X), Y: float64(dst[i].Y), Z: float64(dst[i].Z)}
		if r3.Norm(r3.Sub(got, want)) > 3e-5 {
			t.Fatalf("point %d: got %v, want %v", i, got, want)
		}
	}
}

func TestDeskewBadInput(t *testing.T) {
	nan := float32(math.NaN())
	motion := turn{origin: timeZero, speed: 10, known: time.Second}
	for _, c := range []struct {
		name     string
		times    []float32
		known    time.Duration
		outliers int
		err      error
		x        []float32 // of points at the origin of the ego frame, moved by 10 m/s
	}{
		{"empty", nil, 0, 0, nil, nil},
		{"wild times are clamped", []float32{-100, 100, -0.5, 0.1}, time.Second, 2, nil, []float32{-5, 1, -5, 1}},
		{"NaN is 0", []float32{nan, -0.1}, time.Second, 1, nil, []float32{0, -1}},
		{"infinite", []float32{float32(math.Inf(1)), float32(math.Inf(-1))}, time.Second, 2, nil, []float32{1, -5}},
		{"one time for all", []float32{-0.2, -0.2}, time.Second, 0, nil, []float32{-2, -2}},
		{"not known at the begin of the sweep", []float32{-0.1, 0}, 50 * ms, 0, ErrNoEgo, nil},
		{"not known at all", []float32{-0.1, 0}, -1, 0, ErrNoEgo, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			points := make([]sensors.Point, len(c.times))
			for i := range points {
				points[i].T = c.times[i]
			}
			motion.known = c.known
			motion := motion
			straight := straightOn{motion}
			outliers, err := Deskew(points, points, sensors.Identity, timeZero, straight)
			if outliers != c.outliers || !errors.Is(err, c.err) {
				t.Fatalf("got %d outliers and error %v, want %d and %v", outliers, err, c.outliers, c.err)
			}
			for i := range c.x {
				if math.Abs(float64(points[i].X-c.x[i])) > 1e-4 {
					t.Errorf("point at %v s: got x = %v, want %v", c.times[i], points[i].X, c.x[i])
				}
			}
			if c.err != nil && points[0].X != 0 {
				t.Errorf("points were changed though it failed: %+v", points[0])
			}
		})
	}
}

// straightOn drives along x without the turn's heading.
type straightOn struct{ turn }

func (m straightOn) At(stamp sensors.StampNs) (sensors.Pose, bool) {
	_, ok := m.turn.At(stamp)
	return sensors.FromYaw(0, r3.Vec{X: m.speed * stamp.Sub(m.origin).Seconds()}), ok
}

func TestDeskewAllocatesNothing(t *testing.T) {
	points := sweep(1000, 3)
	var ego EgoLookup = turn{origin: timeZero, yawRate: 0.5, speed: 10, known: time.Second}
	if got := testing.AllocsPerRun(20, func() {
		if _, err := Deskew(points, points, egoFromLidar, timeZero, ego); err != nil {
			t.Fatal(err)
		}
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func BenchmarkDeskew(b *testing.B) {
	points := sweep(106_000, 4)
	dst := make([]sensors.Point, len(points))
	var ego EgoLookup = turn{origin: timeZero, yawRate: 0.5, speed: 10, known: time.Second}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Deskew(dst, points, egoFromLidar, timeZero, ego); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(points))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mpoints/s")
}
