package effect

import (
	"math"

	"github.com/fusiond/fusiond/sim/timeline"
)

// ln20 is -ln(0.05): the contrast that ends the meteorological optical range is 5 %.
var ln20 = math.Log(20)

// VisibilityM is the meteorological optical range of an extinction, m (Koschmieder 1924, 5 % contrast); +Inf in clear air.
func VisibilityM(extinctionPerM float64) float64 { return ln20 / extinctionPerM }

// ExtinctionPerM is the extinction that leaves a visibility, 1/m.
func ExtinctionPerM(visibilityM float64) float64 { return ln20 / visibilityM }

// Transmission is the share of light that is left after a distance: exp(-extinction distance). 1 for no extinction, at any distance.
func Transmission(extinctionPerM, distanceM float64) float64 {
	if extinctionPerM <= 0 {
		return 1
	}
	return math.Exp(-extinctionPerM * distanceM)
}

// minDropMm is the smallest drop that counts (LISA, Kilic et al. 2021): smaller ones are fog.
const minDropMm = 0.05

// Drops is a population of rain drops or of snow flakes by diameter D in mm: PerM3Mm exp(-RatePerMm D) of them per m3 and mm. Snow
// is counted by the diameter of the molten flake.
type Drops struct{ PerM3Mm, RatePerMm float64 }

// RainDrops is the distribution of Marshall and Palmer (1948) at a rate in mm/h.
func RainDrops(rateMmH float64) Drops {
	if rateMmH <= 0 {
		return Drops{}
	}
	return Drops{8000, 4.1 * math.Pow(rateMmH, -0.21)}
}

// SnowFlakes is the distribution of Gunn and Marshall (1958) at a rate in mm/h of water.
func SnowFlakes(rateMmH float64) Drops {
	if rateMmH <= 0 {
		return Drops{}
	}
	return Drops{7600 * math.Pow(rateMmH, -0.87), 2.55 * math.Pow(rateMmH, -0.48)}
}

// PerM3 is the number of drops larger than d mm in a cubic metre.
func (p Drops) PerM3(d float64) float64 {
	if p.PerM3Mm <= 0 {
		return 0
	}
	return p.PerM3Mm / p.RatePerMm * math.Exp(-p.RatePerMm*d)
}

// ExtinctionPerM is 1e-6 (pi/4) integral D^2 Q N(D) dD from 0.05 mm up, 1/m, with the efficiency Q = 2 of drops much larger than the
// wavelength, in closed form. 25 mm/h of rain give 0.0028 1/m, a visibility of 1.1 km; the formula 0.01 R^0.6 of Goodin et al. (2019)
// gives 25 times as much and is not used.
func (p Drops) ExtinctionPerM() float64 {
	if p.PerM3Mm <= 0 {
		return 0
	}
	const q, d = 2, minDropMm
	l := p.RatePerMm
	integral := p.PerM3Mm * math.Exp(-l*d) * (d*d/l + 2*d/(l*l) + 2/(l*l*l))
	return 1e-6 * math.Pi / 4 * q * integral
}

// AirExtinctionPerM is what the weather's fog, rain and snow take from visible light and from a lidar together, 1/m.
func AirExtinctionPerM(w *timeline.Weather) float64 {
	return w.FogPerM + RainDrops(w.RainMmH).ExtinctionPerM() + SnowFlakes(w.SnowMmH).ExtinctionPerM()
}
