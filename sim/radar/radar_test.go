package radar

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/body"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/timeline"
)

const far, near = 0, 1

// quiet is an ARS 408 without clutter, ghosts, ambiguity and glint.
func quiet() Spec {
	s := ARS408()
	s.GhostShare, s.BounceShare, s.AmbiguousShare, s.FlagShare, s.GlintShare = 0, 0, 0, 0, 0
	for i := range s.Waves {
		s.Waves[i].ClutterPerCycle = 0
	}
	return s
}

func make1(t testing.TB, s Spec) *Radar {
	t.Helper()
	r, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// spot is a target of one point that is the same from all sides.
func spot(id int32, at, velocity r3.Vec, dBsm float32) Target {
	return Target{ID: id, WorldFromObject: sensors.FromYaw(0, at), Velocity: velocity, Scatterers: []body.Scatterer{{RCSdBsm: dBsm}}}
}

// empty is a moment in an empty world with the sensor at the world's origin.
func empty(targets ...Target) *Moment {
	return &Moment{
		Scene: geom.NewScene(nil, nil), WorldFromEgo: sensors.Identity, EgoFromSensor: sensors.Identity, Targets: targets,
		World: chance.Of(1, "world"), Sensor: chance.Of(1, "RADAR_FRONT"),
	}
}

// cycles scans n times and hands each scan's detections of one waveform to f.
func cycles(r *Radar, m *Moment, n, wave int, f func([]Detection)) {
	var some []Detection
	for i := range n {
		m.Index = uint64(i)
		some = some[:0]
		for _, d := range r.Scan(m, &timeline.Conditions{}) {
			if int(d.Wave) == wave && d.Fate != effect.Lost {
				some = append(some, d)
			}
		}
		f(some)
	}
}

// statistic is the mean and standard deviation of a value over the detections of a kind.
type statistic struct {
	n           int
	sum, square float64
}

func (s *statistic) add(x float64) { s.n++; s.sum += x; s.square += x * x }

func (s *statistic) mean() float64 { return s.sum / float64(s.n) }

func (s *statistic) sd() float64 {
	return math.Sqrt(math.Max(0, s.square/float64(s.n)-s.mean()*s.mean()))
}

// TestRangeRate: rdot = (v_target - v_sensor) . u, worked out by hand.
func TestRangeRate(t *testing.T) {
	ahead := func(v float64) Target { return spot(1, r3.Vec{X: 40}, r3.Vec{X: v}, 30) }
	for _, c := range []struct {
		name           string
		target         Target
		wave           int
		mount          sensors.Pose
		v, w           r3.Vec
		rangeM, az, va float64
	}{
		{"receding at 5", ahead(5), far, sensors.Identity, r3.Vec{}, r3.Vec{}, 40, 0, 5},
		{"receding at 50", ahead(50), far, sensors.Identity, r3.Vec{}, r3.Vec{}, 40, 0, 50},
		{"receding at 50, near", ahead(50), near, sensors.Identity, r3.Vec{}, r3.Vec{}, 40, 0, 50},
		{"standing, ego at 50", ahead(0), far, sensors.Identity, r3.Vec{X: 50}, r3.Vec{}, 40, 0, -50},
		{"same speed", ahead(30), far, sensors.Identity, r3.Vec{X: 30}, r3.Vec{}, 40, 0, 0},
		// u = (0.6, 0.8), v_t = (3, 4)
		{"aside", spot(1, r3.Vec{X: 30, Y: 40}, r3.Vec{X: 3, Y: 4}, 30), near, sensors.Identity, r3.Vec{}, r3.Vec{}, 50, math.Atan2(4, 3), 5},
		{"across", spot(1, r3.Vec{X: 30, Y: 40}, r3.Vec{X: -4, Y: 3}, 30), near, sensors.Identity, r3.Vec{}, r3.Vec{}, 50, math.Atan2(4, 3), 0},
		// Sensor at (3.5, 0.9): v_s = (10 - 0.3 0.9, 0.3 3.5) = (9.73, 1.05); u = (0.6, 0.8).
		{
			"standing, ego yaws", spot(1, r3.Vec{X: 33.5, Y: 40.9}, r3.Vec{}, 30), near, sensors.FromYaw(0, r3.Vec{X: 3.5, Y: 0.9}),
			r3.Vec{X: 10},
			r3.Vec{Z: 0.3},
			50, math.Atan2(4, 3), -(0.6*9.73 + 0.8*1.05),
		},
		// Looks to the left: u = (0, 1) in ego axes, v_s = (10 - 0.5, 2); azimuth 0.
		{
			"side radar, ego yaws", spot(1, r3.Vec{X: 4, Y: 21}, r3.Vec{}, 30), near, sensors.FromYaw(math.Pi/2, r3.Vec{X: 4, Y: 1}),
			r3.Vec{X: 10},
			r3.Vec{Z: 0.5},
			20, 0, -2,
		},
		// A point 2 m to the left of the middle of what turns with 1 rad/s: v = (-2, 0).
		{
			"the target turns", Target{
				ID: 1, WorldFromObject: sensors.FromYaw(0, r3.Vec{X: 40, Y: -2}), Spin: r3.Vec{Z: 1},
				Scatterers: []body.Scatterer{{At: geom.Vec{0, 2, 0}, RCSdBsm: 30}},
			}, far, sensors.Identity, r3.Vec{}, r3.Vec{}, 40, 0, -2,
		},
	} {
		r := make1(t, quiet())
		m := empty(c.target)
		m.EgoFromSensor, m.Velocity, m.Spin = c.mount, c.v, c.w
		var rates, ranges, azimuths statistic
		var last Detection
		cycles(r, m, 200, c.wave, func(ds []Detection) {
			if len(ds) != 1 || ds[0].Object != 1 || ds[0].Kind != True || ds[0].Ambiguous || ds[0].Invalid {
				t.Fatalf("%s: got %+v, want one true detection of object 1", c.name, ds)
			}
			last = ds[0]
			rates.add(last.RangeRateMps)
			ranges.add(last.RangeM)
			azimuths.add(last.AzimuthRad)
		})
		for _, q := range []struct {
			what     string
			got      *statistic
			want, sd float64
		}{
			{"range rate", &rates, c.va, last.RangeRateSDMps},
			{"range", &ranges, c.rangeM, last.RangeSDM},
			{"azimuth", &azimuths, c.az, last.AzimuthSDRad},
		} {
			if limit := 4 * q.sd / math.Sqrt(200); math.Abs(q.got.mean()-q.want) > limit {
				t.Errorf("%s: mean %s %.5f, want %.5f +-%.5f", c.name, q.what, q.got.mean(), q.want, limit)
			}
			if ratio := q.got.sd() / q.sd; ratio < 0.8 || ratio > 1.2 {
				t.Errorf("%s: %s scatters by %.3f of what is stated, want 1 +-0.2", c.name, q.what, ratio)
			}
		}
		// What fusion makes of it: range rate without ego motion is the target's own.
		_, dir := sensors.CompensatedRadial(sensors.RadarDetection{Position: last.Position()}, c.mount, c.v, c.w)
		own := r3.Dot(c.target.velocity(wide(c.target.Scatterers[0].At)), dir)
		vr, _ := sensors.CompensatedRadial(sensors.RadarDetection{Position: last.Position(), RangeRateMps: last.RangeRateMps}, c.mount, c.v, c.w)
		if tolerance := 5*last.RangeRateSDMps + 5*last.AzimuthSDRad*50; math.Abs(vr-own) > tolerance {
			t.Errorf("%s: compensated %.3f m/s, want %.3f +-%.3f", c.name, vr, own, tolerance)
		}
	}
}

// TestDetection: how often, against P_fa^(1/(1 + SNR)) on paper, and the mean of the power that is reported: T + SNR.
func TestDetection(t *testing.T) {
	const n = 20000
	for _, c := range []struct {
		name      string
		dBsm      float32
		x, y      float64
		wave      int
		snr, want float64 // dB, probability
	}{
		{"car at 160 m", 10, 160, 0, far, 13, 0.517},
		{"pedestrian at 57 m", -8, 57, 0, far, 12.93, 0.512},
		{"car at 250 m", 10, 249.9, 0, far, 5.26, 0.042},
		{"truck at 160 m", 18, 160, 0, far, 21, 0.899},
		{"car at 7 degrees, half a beam", 10, 160 * math.Cos(7*degree), 160 * math.Sin(7*degree), far, 10, 0.285},
		{"near waveform", -8, 40, 0, near, 10 - 18 + 24.08, 0.718},
		{"outside the far field", 30, 100 * math.Cos(10*degree), 100 * math.Sin(10*degree), far, 0, 0},
		{"beyond the near range", 30, 101, 0, near, 0, 0},
		{"beyond the range at the edge", 30, 12.5, 21.65, near, 0, 0}, // 25 m at 60 degrees, where it reaches 20
		{"behind", 30, -20, 0, near, 0, 0},
	} {
		r := make1(t, quiet())
		hits := 0
		var power, cross statistic
		cycles(r, empty(spot(1, r3.Vec{X: c.x, Y: c.y}, r3.Vec{}, c.dBsm)), n, c.wave, func(ds []Detection) {
			hits += len(ds)
			for _, d := range ds {
				power.add(math.Pow(10, d.SNRdB/10))
				cross.add(d.RCSdBsm - d.SNRdB)
			}
		})
		got := float64(hits) / n
		if limit := 4*math.Sqrt(c.want*(1-c.want)/n) + 0.002; math.Abs(got-c.want) > limit {
			t.Errorf("%s: detected in %.3f of the cycles, want %.3f +-%.3f", c.name, got, c.want, limit)
		}
		if c.want == 0 {
			continue
		}
		snr := math.Pow(10, c.snr/10)
		if want := 6*math.Ln10 + snr; math.Abs(power.mean()-want) > 4*(1+snr)/math.Sqrt(float64(hits))+0.002*want {
			t.Errorf("%s: mean power %.2f, want T + SNR = %.2f", c.name, power.mean(), want)
		}
		if want := float64(c.dBsm) - c.snr; math.Abs(cross.mean()-want) > 0.01 || cross.sd() > 1e-4 {
			t.Errorf("%s: cross section less SNR %.3f +-%.3f dB, want %.3f always", c.name, cross.mean(), cross.sd(), want)
		}
	}
}

// TestAspect: a car's total cross section is larger from the side and the rear than from a corner.
func TestAspect(t *testing.T) {
	car := body.New(chance.New(4, "car"), "car")
	total := func(yaw float64) float64 {
		m := empty(Target{ID: 1, WorldFromObject: sensors.FromYaw(yaw, r3.Vec{X: 40}), Size: car.Size, Scatterers: car.Scatterers})
		m.Scene = geom.NewScene(nil, []geom.Instance{{Solid: car.Solid, Start: m.Targets[0].WorldFromObject, End: m.Targets[0].WorldFromObject, Object: 1}})
		m.EgoFromSensor.Translation.Z = 0
		var s statistic
		cycles(make1(t, quiet()), m, 300, far, func(ds []Detection) {
			sum := 0.0
			for _, d := range ds {
				sum += math.Pow(10, d.RCSdBsm/10)
			}
			s.add(sum)
		})
		return decibel(s.mean())
	}
	side, rear, front, corner := total(math.Pi/2), total(0), total(math.Pi), total(math.Pi/4)
	for _, c := range []struct {
		name string
		got  float64
	}{{"side", side}, {"rear", rear}, {"front", front}} {
		if c.got < corner+3 || c.got > 22 || c.got < 8 {
			t.Errorf("%s: %.1f dBsm, want 8 to 22 and at least 3 dB above the corner's %.1f", c.name, c.got, corner)
		}
	}
	if corner < -4 || corner > 8 {
		t.Errorf("corner: %.1f dBsm, want about 0 to 5", corner)
	}
}
