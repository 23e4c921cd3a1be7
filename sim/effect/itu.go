package effect

import "math"

// Coefficients of ITU-R P.838-3 (2005): log10 k = sum a exp(-((log10 f - b)/c)^2) + m log10 f + c0, f in GHz, and alpha the same
// without the logarithm.
type ituCurve struct {
	a, b, c [5]float64
	m, c0   float64
}

func (q *ituCurve) at(logF float64) float64 {
	sum := q.m*logF + q.c0
	for i, a := range q.a {
		if a != 0 {
			x := (logF - q.b[i]) / q.c[i]
			sum += a * math.Exp(-x*x)
		}
	}
	return sum
}

// Polarisation of a radar's wave.
type Polarisation uint8

// The polarisations; automotive radars of 77 GHz are mostly vertical.
const (
	Vertical Polarisation = iota
	Horizontal
)

var ituK = [2]ituCurve{
	Vertical: {
		[5]float64{-3.80595, -3.44965, -0.39902, 0.50167},
		[5]float64{0.56934, -0.22911, 0.73042, 1.07319},
		[5]float64{0.81061, 0.51059, 0.11899, 0.27195},
		-0.16398, 0.63297,
	},
	Horizontal: {
		[5]float64{-5.33980, -0.35351, -0.23789, -0.94158},
		[5]float64{-0.10008, 1.26970, 0.86036, 0.64552},
		[5]float64{1.13098, 0.45400, 0.15354, 0.16817},
		-0.18961, 0.71147,
	},
}

var ituAlpha = [2]ituCurve{
	Vertical: {
		[5]float64{-0.07771, 0.56727, -0.20238, -48.2991, 48.5833},
		[5]float64{2.33840, 0.95545, 1.14520, 0.791669, 0.791459},
		[5]float64{-0.76284, 0.54039, 0.26809, 0.116226, 0.116479},
		-0.053739, 0.83433,
	},
	Horizontal: {
		[5]float64{-0.14318, 0.29591, 0.32177, -5.37610, 16.1721},
		[5]float64{1.82442, 0.77564, 0.63773, -0.96230, -3.29980},
		[5]float64{-0.55187, 0.19822, 0.13164, 1.47828, 3.43990},
		0.67849, -1.95537,
	},
}

// RainLawAt is k and alpha of the attenuation k R^alpha by rain at a frequency of 1 to 1000 GHz (ITU-R P.838-3).
func RainLawAt(frequencyGHz float64, p Polarisation) (k, alpha float64) {
	logF := math.Log10(frequencyGHz)
	return math.Pow(10, ituK[p].at(logF)), ituAlpha[p].at(logF)
}

// RainDBPerKm is what rain of a rate in mm/h takes from a wave on one way, dB/km.
func RainDBPerKm(frequencyGHz, rateMmH float64, p Polarisation) float64 {
	if rateMmH <= 0 {
		return 0
	}
	k, alpha := RainLawAt(frequencyGHz, p)
	return k * math.Pow(rateMmH, alpha)
}

// FogLawAt is K_l of ITU-R P.840: what a gram of liquid water per cubic metre takes from a wave on one way, (dB/km)/(g/m3), from the
// double-Debye permittivity of water. Temperature in degrees Celsius.
func FogLawAt(frequencyGHz, celsius float64) float64 {
	theta := 300 / (celsius + 273.15)
	e0, e1, e2 := 77.66+103.3*(theta-1), 0.0671*(77.66+103.3*(theta-1)), 3.52
	fp := 20.20 - 146*(theta-1) + 316*(theta-1)*(theta-1)
	fs := 39.8 * fp
	f := frequencyGHz
	loss := f*(e0-e1)/(fp*(1+(f/fp)*(f/fp))) + f*(e1-e2)/(fs*(1+(f/fs)*(f/fs)))
	permittivity := (e0-e1)/(1+(f/fp)*(f/fp)) + (e1-e2)/(1+(f/fs)*(f/fs)) + e2
	eta := (2 + permittivity) / loss
	return 0.819 * f / (loss * (1 + eta*eta))
}

// FogWaterGM3 is the liquid water of fog of a visibility, g/m3: visibility in km = 0.024 M^-0.65 (Eldridge 1966).
func FogWaterGM3(visibilityM float64) float64 {
	if !(visibilityM > 0) || math.IsInf(visibilityM, 1) {
		return 0
	}
	return math.Pow(visibilityM/1000/0.024, -1/0.65)
}

// snowDB is dry snow's attenuation over that of rain of the same rate of water at 77 GHz: ice hardly absorbs (order of magnitude from
// measurements; a project default).
const snowDB = 0.25
