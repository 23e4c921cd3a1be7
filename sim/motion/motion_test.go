package motion

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"
	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
)

// circle drives at v with turn rate w, counter-clockwise from the origin along x.
func circle(v, w float64) func(time.Duration) State {
	return func(t time.Duration) State {
		s := t.Seconds()
		return State{
			WorldFromEgo: sensors.Identity.Advance(r3.Vec{X: v}, r3.Vec{Z: w}, s),
			Velocity:     r3.Vec{X: v}, Spin: r3.Vec{Z: w}, Acceleration: r3.Vec{Y: v * w},
		}
	}
}

func estimate(t testing.TB, truth func(time.Duration) State, duration time.Duration, s Spec, seed uint64) []Sample {
	t.Helper()
	out, err := Estimate(truth, 0, duration, s, chance.Of(seed, "ego"))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// errors6 are those of the pose in local axes and of the twist in ego axes.
func errors6(s *Sample, now *State) (pose, twist [6]float64) {
	p := r3.Sub(s.LocalFromEgo.Translation, now.WorldFromEgo.Translation)
	q := quat.Mul(s.LocalFromEgo.Rotation, quat.Conj(now.WorldFromEgo.Rotation))
	if q.Real < 0 {
		q = quat.Scale(-1, q)
	}
	e := quat.Scale(2, quat.Log(q))
	v, w := r3.Sub(s.Velocity, now.Velocity), r3.Sub(s.Spin, now.Spin)
	return [6]float64{p.X, p.Y, p.Z, e.Imag, e.Jmag, e.Kmag}, [6]float64{v.X, v.Y, v.Z, w.X, w.Y, w.Z}
}

// nees is the normalised error squared, e' P^-1 e: of mean 6 and variance 12 if P is right and the error normal.
func nees(t *testing.T, e [6]float64, p [36]float64) float64 {
	t.Helper()
	var chol mat.Cholesky
	if !chol.Factorize(mat.NewSymDense(6, append([]float64(nil), p[:]...))) {
		t.Fatalf("covariance is not positive definite: %v", p)
	}
	x, v := mat.NewVecDense(6, nil), mat.NewVecDense(6, e[:])
	if err := chol.SolveVecTo(x, v); err != nil {
		t.Fatal(err)
	}
	return mat.Dot(v, x)
}

// TestConsistent: over 100 seeds the errors are what the covariances say, at several times of several drives.
func TestConsistent(t *testing.T) {
	const seeds = 100
	noGNSS := Default()
	noGNSS.PullM = 0
	for _, c := range []struct {
		name  string
		truth func(time.Duration) State
		spec  Spec
	}{
		{"straight at 15 m/s", circle(15, 0), Default()},
		{"circle at 8 m/s and 0.4 rad/s", circle(8, 0.4), Default()},
		{"circle without GNSS", circle(8, 0.4), noGNSS},
		{"crawling at 0.3 m/s", circle(0.3, 0.05), Default()},
	} {
		c.spec.Period = 40 * time.Millisecond
		at := []int{25, 250, 750}
		var pose, twist [3]float64
		var single [6]float64 // each component alone at the end
		for seed := range uint64(seeds) {
			out := estimate(t, c.truth, 30*time.Second, c.spec, seed)
			for k, i := range at {
				now := c.truth(out[i].Time)
				e, w := errors6(&out[i], &now)
				pose[k] += nees(t, e, out[i].PoseCovariance) / seeds
				twist[k] += nees(t, w, out[i].TwistCovariance) / seeds
				if i == 750 {
					for j := range e {
						single[j] += e[j] * e[j] / out[i].PoseCovariance[7*j] / seeds
					}
				}
			}
		}
		for k, i := range at {
			limit := 4 * math.Sqrt(12./seeds)
			if math.Abs(pose[k]-6) > limit || math.Abs(twist[k]-6) > limit {
				t.Errorf("%s, sample %d: mean normalised error squared %.2f (pose) and %.2f (twist), want 6 +-%.2f", c.name, i, pose[k], twist[k], limit)
			}
		}
		for j, got := range single {
			if limit := 4 * math.Sqrt(2./seeds); math.Abs(got-1) > limit {
				t.Errorf("%s, component %d: squared error over variance %.2f, want 1 +-%.2f", c.name, j, got, limit)
			}
		}
	}
}

// TestDrift: the covariances against paper. Straight on for T at v without GNSS and noise other than one: scale s gives s v T along, a
// bias b gives b T of yaw and v b T²/2 across.
func TestDrift(t *testing.T) {
	const v, T = 10.0, 20.0
	clean := Spec{Period: 10 * time.Millisecond, SlipS: 1, LevelS: 10, GNSSS: 30}
	for _, c := range []struct {
		name   string
		change func(*Spec)
		index  int // in the pose
		want   float64
	}{
		{"scale", func(s *Spec) { s.WheelScale = 0.005 }, 0, 0.005 * v * T},
		{"bias, yaw", func(s *Spec) { s.GyroBias = 1e-4 }, 5, 1e-4 * T},
		{"bias, across", func(s *Spec) { s.GyroBias = 1e-4 }, 1, v * 1e-4 * T * T / 2},
		{"bias, roll is held", func(s *Spec) { s.GyroBias = 1e-4 }, 3, 1e-4 * 10 * math.Hypot(1-math.Exp(-2), math.Exp(-2))}, // b T_l (1 - e^-2) and the start's
		{"gyro noise", func(s *Spec) { s.GyroNoise = 1e-4 }, 5, 1e-4 * math.Sqrt(T)},
		{"gyro noise, across", func(s *Spec) { s.GyroNoise = 1e-4 }, 1, v * 1e-4 * math.Sqrt(T*T*T/3)},
		{"wheel noise", func(s *Spec) { s.WheelNoiseMps = 0.01 }, 0, 0.01 * 0.01 * math.Sqrt(2000)},
		{"walk of the bias", func(s *Spec) { s.GyroWalk = 1e-5 }, 5, 1e-5 * math.Sqrt(T*T*T/3)},
		// Integral of a Gauss-Markov process: 2 sd² tau (T - tau (1 - exp(-T/tau))).
		{"slip", func(s *Spec) { s.SlipShare = 0.01 }, 0, 0.01 * v * math.Sqrt(2*(T-1))},
	} {
		s := clean
		c.change(&s)
		out := estimate(t, circle(v, 0), T*time.Second, s, 1)
		last := &out[len(out)-1]
		if got := math.Sqrt(last.PoseCovariance[7*c.index]); math.Abs(got/c.want-1) > 0.01 {
			t.Errorf("%s: sd %.6f, want %.6f", c.name, got, c.want)
		}
	}
}

// TestGNSSBounds: over 20 minutes heading and place stay bounded with GNSS and do not without.
func TestGNSSBounds(t *testing.T) {
	s := Default()
	s.Period = 100 * time.Millisecond
	end := func(s Spec) (place, yaw float64) {
		out := estimate(t, circle(15, 0), 20*time.Minute, s, 1)
		p := &out[len(out)-1].PoseCovariance
		return math.Sqrt(p[7]), math.Sqrt(p[35])
	}
	place, yaw := end(s)
	s.PullM = 0
	lost, turned := end(s)
	if place > 25 || yaw > 3*degree {
		t.Errorf("with GNSS: sd %.1f m and %.2f degrees, want below 25 and 3", place, yaw/degree)
	}
	if lost < 100 || turned < 10*degree {
		t.Errorf("without GNSS: sd %.0f m and %.1f degrees, want more than 100 and 10", lost, turned/degree)
	}
}

// TestContinuous: between samples the pose moves by its own twist, whatever the drive: no jumps for those who look at differences.
func TestContinuous(t *testing.T) {
	for _, truth := range []func(time.Duration) State{circle(20, 0.1), circle(8, 0.4), circle(0, 0)} {
		out := estimate(t, truth, 30*time.Second, Default(), 7)
		for i := 1; i < len(out); i++ {
			step := out[i-1].LocalFromEgo.Advance(out[i-1].Velocity, out[i-1].Spin, 0.01).Inverse().Mul(out[i].LocalFromEgo)
			if d := r3.Norm(step.Translation); d > 2e-3 {
				t.Fatalf("sample %d is %.4f m off where the twist before leads, want within 2 mm", i, d)
			}
			if a := 2 * math.Acos(math.Min(1, math.Abs(step.Rotation.Real))); a > 2e-4 {
				t.Fatalf("sample %d is turned by %.5f rad off where the twist before leads, want within 0.2 mrad", i, a)
			}
		}
	}
}

// TestDeadReckoning: without gravity and GNSS the poses are what wheels and gyroscopes sum up to.
func TestDeadReckoning(t *testing.T) {
	s := Default()
	s.PullM, s.LevelS, s.GyroBias, s.GyroNoise, s.WheelScale = 0, 1e6, 0, 0.1*degree, 0.01
	for seed := range uint64(5) {
		out := estimate(t, circle(8, 0.4), 30*time.Second, s, seed)
		p := out[0].LocalFromEgo
		for i := range out[:len(out)-1] {
			p = p.Advance(out[i].Velocity, out[i].Spin, 0.01)
		}
		last := &out[len(out)-1]
		now := circle(8, 0.4)(30 * time.Second)
		drift := r3.Norm(r3.Sub(last.LocalFromEgo.Translation, now.WorldFromEgo.Translation))
		step := p.Inverse().Mul(last.LocalFromEgo)
		turn := 2 * math.Acos(math.Min(1, math.Abs(step.Rotation.Real)))
		// Left out are squares of the errors: 1 degree squared is 0.0003, of 20 m (the circle's radius) 6 mm, in 240 m 7 cm at most.
		if got := r3.Norm(step.Translation); got > 0.07 || turn > 2e-3 || drift < 0.1 {
			t.Errorf("seed %d: %.3f m and %.4f rad off the sum (drifted %.2f m), want within 0.07 m and 0.002 rad", seed, got, turn, drift)
		}
	}
}

// TestStanding: at rest nothing moves but the heading, with the gyroscope's bias and noise.
func TestStanding(t *testing.T) {
	var yaw float64
	const seeds = 200
	s := Default()
	s.Period = 40 * time.Millisecond
	for seed := range uint64(seeds) {
		out := estimate(t, circle(0, 0), 30*time.Second, s, seed)
		last := &out[len(out)-1]
		if last.LocalFromEgo.Translation != (r3.Vec{}) || last.Velocity != (r3.Vec{}) {
			t.Fatalf("seed %d: moved to %v with %v, want to stay", seed, last.LocalFromEgo.Translation, last.Velocity)
		}
		yaw += last.LocalFromEgo.Yaw() * last.LocalFromEgo.Yaw() / seeds
	}
	// Bias 0.02 degrees/s for 30 s, noise 0.01 sqrt(30), walk 0.002 sqrt(30³/3).
	want := math.Sqrt(0.6*0.6+0.01*0.01*30+0.002*0.002*9000) * degree
	if got := math.Sqrt(yaw); math.Abs(got/want-1) > 0.2 {
		t.Errorf("yaw drifts by %.3f degrees in 30 s, want %.3f +-20 %%", got/degree, want/degree)
	}
}

// TestSame: the same arguments give the same samples, a longer drive begins alike, and seeds differ.
func TestSame(t *testing.T) {
	long := estimate(t, circle(10, 0.1), 4*time.Second, Default(), 3)
	short := estimate(t, circle(10, 0.1), 2*time.Second, Default(), 3)
	if len(long) != 401 || len(short) != 201 || long[400].Time != 4*time.Second {
		t.Fatalf("%d and %d samples to %s, want 401 and 201 to 4 s", len(long), len(short), long[len(long)-1].Time)
	}
	if d := cmp.Diff(short, long[:len(short)]); d != "" {
		t.Errorf("the longer drive begins differently (-short +long):\n%s", d)
	}
	if other := estimate(t, circle(10, 0.1), 2*time.Second, Default(), 4); other[100].Velocity == short[100].Velocity {
		t.Error("seeds 3 and 4 give the same velocity")
	}
}

// TestProto: fusion reads the message, and gets the sample.
func TestProto(t *testing.T) {
	s := estimate(t, circle(10, 0.1), time.Second, Default(), 3)[100]
	msg := s.Proto()
	msg.Header = &fusionv1.Header{Stamp: 5, Sensor: "ego"}
	raw, err := proto.Marshal(msg)
	if err != nil {
		t.Fatal(err)
	}
	got, err := sensors.ParseEgoMotion(raw, sensors.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	if r3.Norm(r3.Sub(got.LocalFromEgo.Translation, s.LocalFromEgo.Translation)) > 1e-12 || got.Velocity != s.Velocity ||
		got.AngularVelocity != s.Spin || got.Acceleration != s.Acceleration || got.TwistUnknown {
		t.Errorf("got %+v, want %+v", got, s)
	}
	if len(msg.GetPoseCovariance()) != 36 || msg.GetPoseCovariance()[7] != s.PoseCovariance[7] || msg.GetTwistCovariance()[35] != s.TwistCovariance[35] {
		t.Error("covariances differ from the sample's")
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to time.Duration
		change   func(*Spec)
	}{
		{"backwards", time.Second, 0, func(*Spec) {}},
		{"too long", 0, 24 * time.Hour, func(*Spec) {}},
		{"period", 0, time.Second, func(s *Spec) { s.Period = 0 }},
		{"negative", 0, time.Second, func(s *Spec) { s.WheelScale = -1 }},
		{"not a number", 0, time.Second, func(s *Spec) { s.GyroBias = math.NaN() }},
		{"time of zero", 0, time.Second, func(s *Spec) { s.LevelS = 0 }},
	} {
		s := Default()
		c.change(&s)
		if _, err := Estimate(circle(1, 0), c.from, c.to, s, chance.Of(1)); err == nil {
			t.Errorf("%s: no error", c.name)
		}
	}
}

func BenchmarkEstimate(b *testing.B) {
	for _, seconds := range []int{12} {
		b.Run(fmt.Sprintf("%ds", seconds), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Estimate(circle(10, 0.1), 0, time.Duration(seconds)*time.Second, Default(), chance.Of(1)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
