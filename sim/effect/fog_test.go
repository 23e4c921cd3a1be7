package effect

import (
	"fmt"
	"math"
	"testing"
)

// TestFogGolden holds the model against independent quadrature; tolerances are those of the golden file's README.
func TestFogGolden(t *testing.T) {
	g := loadGolden(t)
	r0 := g.Lidar.Params.R0
	within(t, "shift", PulseShiftM, g.Lidar.Params.Shift, 1e-9)
	for _, row := range g.Lidar.Rows {
		name := fmt.Sprintf("alpha %g: ", row.Alpha)
		at, integral := SoftPeak(row.Alpha, r0)
		near(t, name+"visibility", VisibilityM(row.Alpha), row.MOR, 1e-12)
		near(t, name+"beta", backscatter/VisibilityM(row.Alpha), row.Beta, 1e-12)
		within(t, name+"R*", at, row.RStar, 1e-3)
		within(t, name+"R* shifted", at-PulseShiftM, row.RStarShifted, 1e-3)
		near(t, name+"integral", integral, row.Integral, 1e-6)
		soft := row.Alpha * PublicPower.softOverHard() * integral * r0 * r0
		softSI := row.Alpha * SIPower.softOverHard() * integral * r0 * r0
		hard := Transmission(2*row.Alpha, r0)
		near(t, name+"soft over clear hard", soft, row.SoftRel, 1e-6)
		near(t, name+"hard", hard, row.HardRel, 1e-6)
		near(t, name+"soft over hard", soft/hard, row.SoftOverHard, 1e-6)
		near(t, name+"soft over clear hard, SI", softSI, row.SoftRelSI, 1e-6)
		if got := soft > hard; got != row.Replaces {
			t.Errorf("%sreplaces: got %t, want %t", name, got, row.Replaces)
		}
		if got := softSI > hard; got != row.ReplacesSI {
			t.Errorf("%sreplaces (SI): got %t, want %t", name, got, row.ReplacesSI)
		}
		near(t, name+"crossover", crossover(row.Alpha, integral), row.Crossover, 1e-6)
	}
}

// crossover is the target's range from which on fog returns more than the target.
func crossover(alpha, integral float64) float64 {
	low, high := 1.0, 1000.0
	for range 100 {
		mid := (low + high) / 2
		if alpha*PublicPower.softOverHard()*integral*mid*mid > math.Exp(-2*alpha*mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return low
}

func TestSoftIntegralProfile(t *testing.T) {
	for _, p := range loadGolden(t).Lidar.Profile {
		for i, r := range p.R {
			near(t, fmt.Sprintf("alpha %g, R %g", p.Alpha, r), SoftIntegral(p.Alpha, r, p.R0), p.Integral[i], 1e-6)
		}
	}
}

func TestNearTargetCutsTheFog(t *testing.T) {
	for _, n := range loadGolden(t).Lidar.NearTarget {
		at, integral := SoftPeak(n.Alpha, n.R0)
		within(t, fmt.Sprintf("R0 %g: R*", n.R0), at, n.RStar, 1e-3)
		near(t, fmt.Sprintf("R0 %g: integral", n.R0), integral, n.Integral, 1e-6)
	}
	if _, integral := SoftPeak(0.06, 0.9); integral != 0 {
		t.Errorf("target at 0.9 m: fog returns %g, want 0: the receiver sees nothing so near", integral)
	}
}

// TestFogTable: what points look up agrees with the quadrature to what a return's 8-bit intensity can show.
func TestFogTable(t *testing.T) {
	table := newFogTable()
	for _, power := range []Power{PublicPower, SIPower} {
		for _, alpha := range []float64{0.0005, 0.003, 0.005, 0.0123, 0.03, 0.0601, 0.1, 0.17, 0.2, 0.3, 0.45} {
			var row fogRow
			table.at(&row, alpha, power)
			for _, target := range []float64{1.5, 2, 3, 4.9, 5, 35.55, 150} {
				at, relative := row.soft(float32(target))
				wantAt, integral := SoftPeak(alpha, target)
				want := alpha * power.softOverHard() * integral * target * target
				name := fmt.Sprintf("power %d, alpha %g, target %g: ", power, alpha, target)
				within(t, name+"range", float64(at), wantAt-PulseShiftM, 0.003)
				near(t, name+"strength", float64(relative), want, 1e-3)
			}
		}
	}
}

func BenchmarkNewFogTable(b *testing.B) {
	for range b.N {
		newFogTable()
	}
}
