package effect

import (
	"math"
	"sync"

	"gonum.org/v1/gonum/integrate/quad"
)

// Pulse and receiver of the fog model: Hahner et al., "Fog Simulation on Real LiDAR Point Clouds" (ICCV 2021), after Rasshofer et al.
// (2011). The pulse is P(t) = P0 sin^2(pi t / (2 tau)), 0 <= t <= 2 tau; the receiver sees nothing nearer than R1 and all from R2 on.
const (
	lightMps    = 299792458.0
	pulseS      = 20e-9             // tau, the pulse's half-power width
	pulseM      = lightMps * pulseS // c tau: how long the pulse is in range
	seesNoneM   = 0.9               // R1
	seesAllM    = 1.0               // R2
	backscatter = 0.046             // fog's backscatter beta = 0.046 / visibility, 1/(m sr)

	// PulseShiftM, half the pulse's length, is what the ranges of received pulses are ahead of the ranges of what returned them: the
	// peak of a hard target at R0 is received at R0 + c tau/2. The model here subtracts it ("shifted" tables), so that fog and scene agree.
	PulseShiftM = pulseM / 2
)

// Power says in what units soft and hard returns are compared.
type Power uint8

const (
	// PublicPower compares as the public code does: the hard target's Gamma is 1e-6, which takes in the factor c/2 that is missing from
	// its ratio. It is the default: thresholds published for this model go with it.
	PublicPower Power = iota
	// SIPower is consistent in its dimensions: factor c/2 and a diffuse reflectivity of 0.2.
	SIPower
)

// softOverHard is the factor from I(R) R0^2 to the soft return over the clear hard return, per unit of extinction.
func (p Power) softOverHard() float64 {
	beta := backscatter / ln20
	if p == SIPower {
		return beta / (0.2 / math.Pi) * lightMps / 2
	}
	return beta / (1e-6 / math.Pi)
}

// softNodes of Gauss-Legendre on each smooth piece of the integral leave an error below 1e-9 of it.
const softNodes = 24

var softAt, softWeight = func() (at, weight [softNodes]float64) {
	quad.Legendre{}.FixedLocations(at[:], weight[:], 0, 1)
	return at, weight
}()

// SoftIntegral is I(R) of the soft return, s/m^2, for a pulse received at R (not shifted), extinction alpha in 1/m and a hard target at
// R0 that ends the fog:
//
//	I(R) = integral_0^{2 tau} sin^2(pi t/(2 tau)) exp(-2 alpha r) xi(r)/r^2 U(R0 - r) dt,  r = R - c t/2
//
// with xi = 0 up to 0.9 m, 1 from 1 m on, linear between. The soft power over the clear hard power is (beta/beta0) R0^2 I.
func SoftIntegral(alpha, receivedM, targetM float64) float64 {
	low, high := max(receivedM-pulseM, seesNoneM), min(receivedM, targetM)
	sum := softPiece(alpha, receivedM, low, min(high, seesAllM))
	return 2 / lightMps * (sum + softPiece(alpha, receivedM, max(low, seesAllM), high))
}

// softPiece integrates over range between two limits that no kink lies between.
func softPiece(alpha, receivedM, low, high float64) float64 {
	if high <= low {
		return 0
	}
	sum := 0.0
	for i, x := range softAt {
		r := low + x*(high-low)
		sin := math.Sin(math.Pi * (receivedM - r) / pulseM)
		xi := min((r-seesNoneM)/(seesAllM-seesNoneM), 1)
		sum += softWeight[i] * sin * sin * math.Exp(-2*alpha*r) * xi / (r * r)
	}
	return sum * (high - low)
}

// SoftPeak is where the soft return is strongest: the range R* at which the pulse is received (subtract PulseShiftM for the fog's own)
// and I(R*). Found by golden section: I has one maximum, between 0.9 m and one pulse further.
func SoftPeak(alpha, targetM float64) (receivedM, integral float64) {
	const ratio = 0.6180339887498949
	a, b := seesNoneM, seesNoneM+pulseM
	c, d := b-ratio*(b-a), a+ratio*(b-a)
	fc, fd := SoftIntegral(alpha, c, targetM), SoftIntegral(alpha, d, targetM)
	for b-a > 1e-5 {
		if fc >= fd {
			b, d, fd = d, c, fc
			c = b - ratio*(b-a)
			fc = SoftIntegral(alpha, c, targetM)
		} else {
			a, c, fc = c, d, fd
			d = a + ratio*(b-a)
			fd = SoftIntegral(alpha, d, targetM)
		}
	}
	receivedM = (a + b) / 2
	return receivedM, SoftIntegral(alpha, receivedM, targetM)
}

// The table of peaks: targets every 0.1 m up to 5 m (farther ones do not cut the pulse), extinctions from 0 to 0.5 1/m, closer together
// where fog is thin. Thicker fog counts as 0.5 1/m, a visibility of 6 m.
const (
	tableStepM   = 0.1
	tableTargets = 51
	tableAlphas  = 33
	maxFogPerM   = 0.5
)

// fogTable holds R* (shifted, m) and I of SoftPeak.
type fogTable struct {
	rangeM, integral [tableAlphas][tableTargets]float32
}

func tableAlpha(i int) float64 {
	x := float64(i) / (tableAlphas - 1)
	return maxFogPerM * x * x
}

// It is read only, the same for every lidar, and made once.
var fogTables = sync.OnceValue(newFogTable)

func newFogTable() *fogTable {
	t := new(fogTable)
	for a := range tableAlphas {
		for r := range tableTargets {
			at, integral := SoftPeak(tableAlpha(a), float64(r)*tableStepM)
			if integral > 0 {
				t.rangeM[a][r], t.integral[a][r] = float32(at-PulseShiftM), float32(integral)
			}
		}
	}
	return t
}

// fogRow is the table at one extinction: the soft return's range and its strength over the clear hard return at R0 = 1 m.
type fogRow struct {
	rangeM, relative [tableTargets]float32
}

// at fills the row for an extinction at the sensor.
func (t *fogTable) at(row *fogRow, alpha float64, power Power) {
	alpha = min(alpha, maxFogPerM)
	x := math.Sqrt(alpha/maxFogPerM) * (tableAlphas - 1)
	i := min(int(x), tableAlphas-2)
	low, high := tableAlpha(i), tableAlpha(i+1)
	s := float32((alpha - low) / (high - low))
	scale := float32(alpha * power.softOverHard())
	for r := range tableTargets {
		row.rangeM[r] = t.rangeM[i][r] + s*(t.rangeM[i+1][r]-t.rangeM[i][r])
		row.relative[r] = scale * (t.integral[i][r] + s*(t.integral[i+1][r]-t.integral[i][r]))
	}
}

// soft is the fog's return in front of a target: where, and how strong against the target's clear return.
func (row *fogRow) soft(targetM float32) (rangeM, relative float32) {
	i := tableTargets - 1
	if targetM < (tableTargets-1)*tableStepM {
		i = int(targetM/tableStepM + 0.5)
	}
	return row.rangeM[i], row.relative[i] * targetM * targetM
}
